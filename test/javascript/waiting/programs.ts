/** Programs that wait, with what real engines print: Node 20.19, 24.21 and 26.10 gave these answers (`on-node.ts` asks any other). */

/** A main module and what it comes to. */
export interface WaitingProgram {
  readonly title: string;
  /** Of a CommonJS module, after `HEAD`; or, with `isModule`, of an ES module. */
  readonly code: string;
  readonly isModule?: boolean;
  /** What it may print, one text for each way in which it can go, the usual one first; lines are separated by ` | `. */
  readonly prints: readonly string[];
  /** The same for Node 20, where that is different. */
  readonly printsIn20?: readonly string[];
  /** Status of the process; 0 unless said. */
  readonly status?: number;
}

/** What the programs begin with. `worker(code)` starts one that knows `a` and `b`. */
export const HEAD = `const { Worker, MessageChannel, receiveMessageOnPort } = require('node:worker_threads');
const sab = new SharedArrayBuffer(64);
const a = new Int32Array(sab), b = new BigInt64Array(sab);
const log = (...values) => console.log(values.map(String).join(' '));
/** Longer than any start of a worker: it sleeps by now. */
const rest = (ms = 1500) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
const worker = (code, more = {}) => new Worker(
  'const { workerData, parentPort } = require("node:worker_threads"); const { sab, extra } = workerData;' +
  'const a = new Int32Array(sab), b = new BigInt64Array(sab);' + code,
  { eval: true, workerData: { sab, ...more } });
`;

const ONE_LIST: readonly WaitingProgram[] = [
  {
    title: 'promises wait in the order in which they came',
    code: `for (const n of [1, 2, 3]) Atomics.waitAsync(a, 0, 0).value.then((how) => log(n, how));
      log(Atomics.notify(a, 0, 1), Atomics.notify(a, 0, 2), Atomics.notify(a, 0));`,
    prints: ['1 2 0 | 1 ok | 2 ok | 3 ok'],
  },
  {
    title: 'sleeping threads and promises share one list',
    code: `Atomics.waitAsync(a, 0, 0).value.then((how) => log('first', how));
      const w = worker('parentPort.postMessage(Atomics.wait(a, 0, 0) + " " + Atomics.load(a, 1));');
      w.on('message', (how) => log('second', how));
      rest();
      Atomics.waitAsync(a, 0, 0).value.then((how) => log('third', how));
      log(Atomics.notify(a, 0, 1), Atomics.load(a, 1));
      Atomics.store(a, 1, 1);
      log(Atomics.notify(a, 0, 1));
      w.on('exit', () => { log(Atomics.notify(a, 0, 5)); });`,
    prints: ['1 0 | 1 | first ok | second ok 1 | 1 | third ok'],
  },
  {
    title: 'a thread that came first is woken first',
    code: `const w = worker('parentPort.postMessage(Atomics.wait(a, 0, 0));');
      w.on('message', (how) => log('thread', how));
      rest();
      let told = 'nothing';
      Atomics.waitAsync(a, 0, 0).value.then((how) => { told = how; });
      log(Atomics.notify(a, 0, 1));
      w.on('exit', () => log('promise', told, Atomics.notify(a, 0)));`,
    prints: ['1 | thread ok | promise nothing 1'],
  },
  {
    title: 'of two threads the first is woken first, and goes to the end when it waits again',
    code: `const name = 'const go = () => Atomics.wait(a, 0, 0); go(); Atomics.store(a, 4 + Atomics.add(a, 3, 1), extra); go(); Atomics.store(a, 4 + Atomics.add(a, 3, 1), extra);';
      worker(name, { extra: 1 });
      rest();
      worker(name, { extra: 2 });
      rest();
      for (let i = 0; i < 4; i++) { log(Atomics.notify(a, 0, 1)); rest(); }
      log([4, 5, 6, 7].map((i) => Atomics.load(a, i)));`,
    prints: ['1 | 1 | 1 | 1 | 1,2,1,2'],
  },
  {
    title: 'counts: none, some, all',
    code: `const wait = () => Atomics.waitAsync(a, 0, 0).value.then(() => log('woken'));
      for (let i = 0; i < 7; i++) wait();
      log([0, -3, NaN, 0.9, -Infinity, 'x', null].map((count) => Atomics.notify(a, 0, count)));
      log([1, 1.9, '2'].map((count) => Atomics.notify(a, 0, count)));
      log([Infinity, undefined].map((count) => Atomics.notify(a, 0, count)));`,
    prints: [['0,0,0,0,0,0,0', '1,1,2', '3,0', ...Array<string>(7).fill('woken')].join(' | ')],
  },
  {
    title: 'every location has a list of its own',
    code: `Atomics.waitAsync(a, 0, 0).value.then(() => log('woken'));
      log(Atomics.notify(a, 1), Atomics.notify(new Int32Array(new SharedArrayBuffer(4)), 0), Atomics.notify(new Int32Array(4), 0));
      log(Atomics.notify(a, 0));`,
    prints: ['0 0 0 | 1 | woken'],
  },
  {
    title: 'views of any type and offset share the list of a location',
    code: `Atomics.waitAsync(b, 1, 0n).value.then((how) => log('long', how));
      Atomics.waitAsync(a, 2, 0).value.then((how) => log('int', how));
      Atomics.waitAsync(new Int32Array(sab, 8), 0, 0).value.then((how) => log('offset', how));
      log(Atomics.notify(a, 3), Atomics.notify(b, 1, 1), Atomics.notify(a, 2, 1), Atomics.notify(new BigInt64Array(sab, 8), 0));`,
    prints: ['0 1 1 1 | long ok | int ok | offset ok'],
  },
  {
    title: 'a buffer that was sent twice is the same memory',
    code: `const w = worker('log = (x) => parentPort.postMessage(x); const [one, two] = extra; log(one === two); Atomics.store(a, 5, 7); log(new Int32Array(one)[5] + new Int32Array(two)[5]); log(Atomics.notify(new Int32Array(two), 0)); var log;', { extra: [sab, sab] });
      Atomics.waitAsync(a, 0, 0).value.then((how) => log('woken', how));
      const seen = [];
      w.on('message', (x) => seen.push(x));
      w.on('exit', () => log(seen));`,
    prints: ['woken ok | true,14,1', 'true,14,1 | woken ok'],
  },
  {
    title: 'a wake-up is not kept for who comes later',
    code: `log(Atomics.notify(a, 0), Atomics.wait(a, 0, 0, 5));`,
    prints: ['0 timed-out'],
  },
  {
    title: 'a wait ends by a wake-up whether the value has changed or not',
    code: `worker('while (Atomics.notify(a, 0) === 0);');
      log(Atomics.wait(a, 0, 0), a[0]);`,
    prints: ['ok 0'],
  },
  {
    title: 'a value that differs: nobody sleeps',
    code: `a[0] = 1; b[2] = -1n;
      log(Atomics.wait(a, 0, 0), Atomics.wait(b, 2, 1n), Atomics.wait(b, 2, 2n ** 64n - 1n, 0), Atomics.wait(a, 0, 2 ** 32 + 1, 0));`,
    prints: ['not-equal not-equal timed-out timed-out'],
  },
];

const PROMISES: readonly WaitingProgram[] = [
  {
    title: 'what waitAsync returns',
    code: `const show = (o) => log(Object.keys(o), Object.getPrototypeOf(o) === Object.prototype, o.async, o.value instanceof Promise || o.value);
      show(Atomics.waitAsync(a, 0, 1)); show(Atomics.waitAsync(a, 0, 0, 0)); show(Atomics.waitAsync(a, 0, 0, -5));
      show(Atomics.waitAsync(a, 0, 0, 1)); show(Atomics.waitAsync(a, 0, 0)); show(Atomics.waitAsync(b, 3, 1n)); show(Atomics.waitAsync(b, 3, 0n));`,
    prints: [
      [
        'async,value true false not-equal',
        'async,value true false timed-out',
        'async,value true false timed-out',
        'async,value true true true',
        'async,value true true true',
        'async,value true false not-equal',
        'async,value true true true',
      ].join(' | '),
    ],
  },
  {
    title: 'promises are settled by the event loop, before immediates',
    code: `Atomics.waitAsync(a, 0, 0).value.then((how) => log('woken', how));
      setImmediate(() => log('immediate'));
      process.nextTick(() => log('tick'));
      Promise.resolve().then(() => log('microtask'));
      log('notify', Atomics.notify(a, 0));`,
    prints: ['notify 1 | tick | microtask | woken ok | immediate'],
  },
  {
    title: 'promises that are woken together are settled before any goes on',
    code: `const go = async (n) => { await Atomics.waitAsync(a, 0, 0).value; log(n); await null; log(n, 'again'); };
      go(1); go(2); go(3);
      Atomics.notify(a, 0);`,
    prints: ['1 | 2 | 3 | 1 again | 2 again | 3 again'],
  },
  {
    title: 'promises that are woken one by one in one go are settled together, too',
    code: `const go = async (i) => { await Atomics.waitAsync(a, i, 0).value; log(i); await null; log(i, 'again'); };
      go(0); go(1);
      Atomics.notify(a, 1); Atomics.notify(a, 0);`,
    prints: ['1 | 0 | 1 again | 0 again'],
  },
  {
    title: 'what a wake-up wakes may wake the next',
    code: `const go = async (i) => { await Atomics.waitAsync(a, i, 0).value; log(i, Atomics.notify(a, i + 1)); };
      go(0); go(1); go(2);
      Atomics.notify(a, 0);`,
    prints: ['0 1 | 1 1 | 2 0'],
  },
  {
    title: 'time-outs of promises, in the order of their times',
    code: `for (const ms of [400, 100, 250]) Atomics.waitAsync(a, 0, 0, ms).value.then((how) => log(ms, how));
      setTimeout(() => log('end', Atomics.notify(a, 0)), 600);`,
    prints: ['100 timed-out | 250 timed-out | 400 timed-out | end 0'],
  },
  {
    title: 'who has timed out takes no wake-up any more; who has not, does',
    code: `Atomics.waitAsync(a, 0, 0, 50).value.then((how) => log(1, how, Atomics.notify(a, 0)));
      Atomics.waitAsync(a, 0, 0, 60_000).value.then((how) => log(2, how));
      setTimeout(() => log('end'), 400);`,
    prints: ['1 timed-out 1 | 2 ok | end'],
  },
  {
    title: 'a waiter whose time has passed takes a wake-up until its event loop runs',
    code: `Atomics.waitAsync(a, 0, 0, 5).value.then((how) => log('promise', how));
      log(rest(100), Atomics.notify(a, 0), Atomics.notify(a, 0));`,
    prints: ['timed-out 1 0 | promise ok'],
  },
  {
    title: 'a waiter whose time has passed takes the wake-up of another thread, too',
    code: `Atomics.waitAsync(a, 0, 0, 5).value.then((how) => log('promise', how));
      const w = worker('rest = () => Atomics.wait(a, 9, 0, 300); rest(); a[1] = Atomics.notify(a, 0); Atomics.store(a, 2, 1); Atomics.notify(a, 2); var rest;');
      Atomics.wait(a, 2, 0);
      log(a[1]);`,
    prints: ['1 | promise ok'],
  },
  {
    title: 'a waiter whose time has passed takes the wake-up that another was to have',
    code: `Atomics.waitAsync(a, 0, 0, 5).value.then((how) => log('promise', how));
      const w = worker('parentPort.postMessage(Atomics.wait(a, 0, 0));');
      w.on('message', (how) => log('thread', how));
      rest();
      log(Atomics.notify(a, 0, 1));
      rest();
      log(Atomics.notify(a, 0, 1));`,
    prints: ['1 | 1 | promise ok | thread ok'],
  },
  {
    title: 'a time-out that passes while the thread is busy is dealt with by its event loop',
    code: `Atomics.waitAsync(a, 0, 0, 5).value.then((how) => log('promise', how));
      rest(50);
      log('rested');
      setTimeout(() => log(Atomics.notify(a, 0)), 300);`,
    prints: ['rested | promise timed-out | 0'],
  },
];

const ENDS: readonly WaitingProgram[] = [
  {
    title: 'a pending promise keeps no process alive',
    code: `process.on('exit', (code) => log('exit', code));
      Atomics.waitAsync(a, 0, 0).value.then(() => log('never'));
      Atomics.waitAsync(a, 0, 0, 50).value.then(() => log('never'));`,
    prints: ['exit 0'],
  },
  {
    title: 'a main module that awaits it ends with status 13',
    isModule: true,
    code: `const a = new Int32Array(new SharedArrayBuffer(4));
      process.on('exit', (code) => console.log('exit', code));
      console.log(Atomics.waitAsync(a, 0, 0).async);
      await Atomics.waitAsync(a, 0, 0).value;
      console.log('never');`,
    prints: ['true | exit 13'],
    printsIn20: ['true | exit 0'],
    status: 13,
  },
  {
    title: 'with a time-out as well',
    isModule: true,
    code: `const a = new Int32Array(new SharedArrayBuffer(4));
      await Atomics.waitAsync(a, 0, 0, 20).value;
      console.log('never');`,
    prints: [''],
    status: 13,
  },
  {
    title: 'a promise that a wake-up has settled is dealt with before the end',
    code: `process.on('exit', (code) => log('exit', code));
      Atomics.waitAsync(a, 0, 0).value.then((how) => log(how));
      Atomics.notify(a, 0);`,
    prints: ['ok | exit 0'],
  },
  {
    title: 'a main module that is woken goes on',
    isModule: true,
    code: `const a = new Int32Array(new SharedArrayBuffer(4));
      const { value } = Atomics.waitAsync(a, 0, 0);
      Atomics.notify(a, 0);
      console.log(await value);`,
    prints: ['ok'],
  },
  {
    title: 'beforeExit comes while a promise is pending; waking it then is too late',
    code: `process.once('beforeExit', () => log('before', Atomics.notify(a, 0)));
      process.on('exit', (code) => log('exit', code));
      Atomics.waitAsync(a, 0, 0).value.then((how) => log(how));`,
    prints: ['before 1 | exit 0'],
  },
  {
    title: 'a thread that lives keeps its parent, and may wake it',
    code: `Atomics.waitAsync(a, 0, 0).value.then((how) => log(how));
      worker('while (Atomics.notify(a, 0) === 0);').on('exit', (code) => log('exit', code));`,
    prints: ['ok | exit 0', 'exit 0 | ok'],
  },
  {
    title: 'a worker with nothing but a pending promise ends',
    code: `worker('Atomics.waitAsync(a, 0, 0).value.then(() => { a[1] = 1; });')
        .on('exit', (code) => log(code, a[1], Atomics.notify(a, 0)));`,
    prints: ['0 0 0'],
  },
  {
    title: 'a worker that awaits it at its top level ends with status 13',
    code: `new Worker(new URL('data:text/javascript,' + encodeURIComponent(
        "import { workerData } from 'node:worker_threads'; await Atomics.waitAsync(new Int32Array(workerData), 0, 0).value; console.log('never');")), { workerData: sab })
        .on('exit', (code) => log(code, Atomics.notify(a, 0)));`,
    prints: ['13 0'],
  },
  {
    title: 'a terminated worker has left the list',
    code: `const w = worker('Atomics.waitAsync(a, 0, 0); Atomics.store(a, 1, 1); Atomics.notify(a, 1); Atomics.wait(a, 0, 0);');
      Atomics.wait(a, 1, 0);
      rest();
      Atomics.waitAsync(a, 0, 0).value.then((how) => log(how));
      w.terminate().then((code) => log(code, Atomics.notify(a, 0, 1), Atomics.notify(a, 0)));`,
    prints: ['1 1 0 | ok'],
  },
  {
    title: 'a worker that calls process.exit() has left the list',
    code: `worker('Atomics.waitAsync(a, 0, 0); process.exit(7);')
        .on('exit', (code) => log(code, Atomics.notify(a, 0)));`,
    prints: ['7 0'],
  },
  {
    title: 'a worker that throws has left the list',
    code: `worker('Atomics.waitAsync(a, 0, 0); throw new Error("no");')
        .on('error', ({ message }) => log(message))
        .on('exit', (code) => log(code, Atomics.notify(a, 0)));`,
    prints: ['no | 1 0'],
  },
  {
    title: 'the end of the main thread ends who sleeps',
    code: `const w = worker('Atomics.wait(a, 0, 0);');
      w.unref();
      log('end');`,
    prints: ['end'],
  },
  {
    title: 'process.exit() ends who sleeps',
    code: `worker('Atomics.store(a, 1, 1); Atomics.notify(a, 1); Atomics.wait(a, 0, 0);');
      Atomics.wait(a, 1, 0);
      process.exit(3);`,
    prints: [''],
    status: 3,
  },
];

const THREADS: readonly WaitingProgram[] = [
  {
    title: 'the main thread may sleep; its timers and messages come later',
    code: `setTimeout(() => log('timer'), 1);
      worker('parentPort.postMessage("message"); Atomics.store(a, 0, 1); Atomics.notify(a, 0);').on('message', log);
      Promise.resolve().then(() => log('microtask'));
      log(Atomics.wait(a, 0, 0) !== 'timed-out');
      log(rest(20));`,
    prints: ['true | timed-out | microtask | timer | message'],
  },
  {
    title: 'a worker runs while the thread that has started it sleeps',
    code: `worker('Atomics.store(a, 0, 1); Atomics.notify(a, 0);');
      log(Atomics.wait(a, 0, 0, 60_000) === 'timed-out', Atomics.load(a, 0));`,
    prints: ['false 1'],
  },
  {
    title: 'a sleeper may be woken in a callback, a microtask, a timer',
    code: `worker('for (let n = 0; n < 3;) n += Atomics.notify(a, 0);');
      [0].forEach(() => log(Atomics.wait(a, 0, 0)));
      Promise.resolve().then(() => log(Atomics.wait(a, 0, 0)));
      setTimeout(() => log(Atomics.wait(a, 0, 0)), 1);`,
    prints: ['ok | ok | ok'],
  },
  {
    title: 'a message that was sent before the wake-up is there',
    code: `const { port1, port2 } = new MessageChannel();
      const w = new Worker('const { workerData: { sab, port } } = require("node:worker_threads"); const a = new Int32Array(sab); port.postMessage({ x: 5 }); Atomics.store(a, 0, 1); Atomics.notify(a, 0);', { eval: true, workerData: { sab, port: port2 }, transferList: [port2] });
      Atomics.wait(a, 0, 0);
      log(receiveMessageOnPort(port1).message.x, receiveMessageOnPort(port1));`,
    prints: ['5 undefined'],
  },
  {
    title: 'two threads hand a turn to and fro',
    code: `const w = worker('for (let i = 1; i < 6; i += 2) { while (Atomics.load(a, 0) !== i) Atomics.wait(a, 0, i - 1); a[1] = a[1] * 10 + i; Atomics.store(a, 0, i + 1); Atomics.notify(a, 0); }');
      for (let i = 0; i < 6; i += 2) { while (Atomics.load(a, 0) !== i) Atomics.wait(a, 0, i - 1); a[1] = a[1] * 10 + i; Atomics.store(a, 0, i + 1); Atomics.notify(a, 0); }
      while (Atomics.load(a, 0) !== 6) Atomics.wait(a, 0, 5);
      log(a[1]);`,
    prints: ['12345'],
  },
  {
    title: 'an asynchronous lock of two threads',
    code: `const lock = \`const lock = async (f) => {
        while (Atomics.compareExchange(a, 0, 0, 1) !== 0) { const w = Atomics.waitAsync(a, 0, 1); if (w.async) await w.value; }
        f(); Atomics.store(a, 0, 0); Atomics.notify(a, 0, 1); };
      const work = async (n) => { for (let i = 0; i < n; i++) await lock(() => { a[1]++; }); };\`;
      const w = worker(lock + 'parentPort.on("message", () => work(2).then(() => parentPort.close()));');
      w.postMessage(0);
      w.on('exit', (code) => log(code));
      new Function('a', lock + 'return work;')(a)(2);
      process.on('exit', () => log(a[1]));`,
    prints: ['0 | 4'],
  },
  {
    title: 'a woken thread has a terminator that came before it went on',
    code: `const w = worker('Atomics.store(a, 1, 1); Atomics.notify(a, 1); Atomics.wait(a, 0, 0); parentPort.postMessage("awake");');
      w.on('message', log);
      Atomics.wait(a, 1, 0);
      w.terminate().then((code) => log(code, Atomics.notify(a, 0)));`,
    prints: ['1 0'],
  },
];

const GROWN: readonly WaitingProgram[] = [
  {
    title: 'old and new views of a grown memory share one list',
    code: `const memory = new WebAssembly.Memory({ initial: 1, maximum: 4, shared: true });
      const old = new Int32Array(memory.buffer);
      Atomics.waitAsync(old, 0, 0).value.then((how) => log('old', how));
      log(memory.grow(1), old.length, memory.buffer.byteLength);
      const young = new Int32Array(memory.buffer);
      Atomics.waitAsync(young, 0, 0).value.then((how) => log('young', how));
      log(Atomics.notify(young, 0, 1), Atomics.notify(old, 0, 1), Atomics.notify(old, 0));
      Atomics.waitAsync(young, 20_000, 0).value.then((how) => log('beyond', how));
      log(Atomics.notify(new Int32Array(memory.buffer), 20_000));`,
    prints: ['1 16384 131072 | 1 1 0 | 1 | old ok | young ok | beyond ok'],
  },
  {
    title: 'a thread that sleeps on a memory is woken through a view of what it has become',
    code: `const memory = new WebAssembly.Memory({ initial: 1, maximum: 4, shared: true });
      const w = worker('const old = new Int32Array(extra.buffer); parentPort.postMessage(Atomics.wait(old, 3, 0) + " " + old.length);', { extra: memory });
      w.on('message', (how) => log(how));
      memory.grow(2);
      const young = new Int32Array(memory.buffer);
      while (Atomics.notify(young, 3) === 0);`,
    prints: ['ok 49152'],
  },
  {
    title: 'views that track the length of growable memory share one list',
    code: `const growable = new SharedArrayBuffer(8, { maxByteLength: 32 });
      const fixed = new Int32Array(growable, 0, 2), tracking = new Int32Array(growable);
      Atomics.waitAsync(fixed, 1, 0).value.then((how) => log('fixed', how));
      growable.grow(16);
      Atomics.waitAsync(tracking, 1, 0).value.then((how) => log('tracking', how));
      log(fixed.length, tracking.length, Atomics.notify(tracking, 1, 1), Atomics.notify(fixed, 1));
      try { Atomics.wait(fixed, 2, 0, 0); } catch (error) { log(error.name); }
      log(Atomics.wait(tracking, 3, 0, 0), Atomics.notify(new Int32Array(growable), 3));`,
    prints: ['2 4 1 1 | RangeError | timed-out 0 | fixed ok | tracking ok'],
  },
];

const LOOP: readonly WaitingProgram[] = [
  {
    title: 'the two ends of a channel answer each other in rounds of the loop',
    code: `const { port1, port2 } = new MessageChannel();
      port1.on('message', (n) => { log('p1', n); if (n > 3) port1.close(); else port1.postMessage(n + 1); });
      port2.on('message', (n) => { log('p2', n); port2.postMessage(n + 1); });
      const tick = (i) => setImmediate(() => { log('i', i); if (i < 4) tick(i + 1); });
      tick(0); port1.postMessage(0);`,
    prints: ['p2 0 | i 0 | p1 1 | p2 2 | i 1 | p1 3 | p2 4 | i 2 | p1 5 | i 3 | i 4'],
  },
  {
    title: 'ports are asked in the order in which they were made',
    code: `const A = new MessageChannel(), B = new MessageChannel();
      for (const [name, { port2 }] of [['B', B], ['A', A]]) port2.on('message', (n) => { log(name, n); process.nextTick(() => log('tick', n)); if (n === 2) port2.close(); });
      setImmediate(() => log('immediate'));
      B.port1.postMessage(0); B.port1.postMessage(1); A.port1.postMessage(0); A.port1.postMessage(2); B.port1.postMessage(2);`,
    prints: [
      'A 0 | tick 0 | A 2 | tick 2 | B 0 | tick 0 | B 1 | tick 1 | B 2 | tick 2 | immediate',
    ],
  },
  {
    title: 'timers, then messages, then immediates; a wake-up waits for the next round',
    code: `const { port1, port2 } = new MessageChannel();
      Atomics.waitAsync(a, 0, 0).value.then((how) => log('woken', how));
      port2.on('message', (n) => { log('m', n, n === 0 ? Atomics.notify(a, 0) : '-'); if (n === 1) port2.close(); });
      setImmediate(() => log('immediate')); setTimeout(() => log('timer'), 1);
      port1.postMessage(0); port1.postMessage(1);
      rest(30);`,
    prints: ['timer | m 0 1 | m 1 - | immediate | woken ok'],
  },
  {
    title: 'closing: the last first, and the other ends a round later',
    code: `const A = new MessageChannel(), B = new MessageChannel();
      A.port2.on('message', (n) => { log('A2', n); B.port1.postMessage(n); A.port1.close(); B.port1.close(); });
      B.port2.on('message', (n) => log('B2', n));
      for (const [name, port] of [['A1', A.port1], ['A2', A.port2], ['B1', B.port1], ['B2', B.port2]]) port.on('close', () => log(name, 'closed'));
      setImmediate(() => { log('i 1'); setImmediate(() => log('i 2')); });
      A.port1.postMessage(7);`,
    prints: ['A2 7 | B2 7 | i 1 | B1 closed | A1 closed | i 2 | B2 closed | A2 closed'],
  },
  {
    title: 'wake-ups of wake-ups come a round later each',
    code: `const go = (n) => Atomics.waitAsync(a, 0, 0).value.then(() => { log('woken', n); if (n < 3) { go(n + 1); Atomics.notify(a, 0); } });
      go(0); Atomics.notify(a, 0);
      setImmediate(() => { log('i 1'); setImmediate(() => log('i 2')); });`,
    prints: ['woken 0 | i 1 | woken 1 | i 2 | woken 2 | woken 3'],
  },
  {
    title: 'the time-out of a promise begins when the loop first comes to it',
    code: `Atomics.waitAsync(a, 0, 0, 5).value.then((how) => log('promise', how));
      rest(50);
      setTimeout(() => log('notify', Atomics.notify(a, 0)), 1);`,
    prints: ['notify 1 | promise ok'],
  },
  {
    title: 'timers that are due come before the time-outs of promises',
    code: `Atomics.waitAsync(a, 0, 0, 20).value.then((how) => log('promise', how));
      setTimeout(() => log('t 10'), 10); setTimeout(() => log('t 40'), 40);
      setImmediate(() => { rest(200); log('rested'); });
      setTimeout(() => log('end', Atomics.notify(a, 0)), 600);`,
    prints: ['rested | t 10 | t 40 | promise timed-out | end 0'],
  },
  {
    title: 'what an ended worker has sent comes before its end, all in one go',
    code: `const w = worker('parentPort.postMessage(1); parentPort.postMessage(2); throw new Error("no")');
      for (const e of ['online', 'message', 'error', 'exit']) w.on(e, (x) => log(e, x instanceof Error ? x.message : x));
      rest();
      setImmediate(() => log('immediate'));`,
    prints: ['message 1 | message 2 | online undefined | error no | exit 1 | immediate'],
  },
  {
    title: 'a worker prints through its parent, one piece at a time',
    code: `worker('console.log("a"); Atomics.store(a, 0, 1); Atomics.notify(a, 0); console.log("b"); Atomics.wait(a, 1, 0); console.log("c");')
        .on('exit', () => log('exit'));
      Atomics.wait(a, 0, 0);
      rest();
      log('main');
      Atomics.store(a, 1, 1); Atomics.notify(a, 1);`,
    prints: ['main | a | b | c | exit'],
  },
  {
    title: 'what a terminated worker had not handed over is not printed',
    code: `const w = worker('console.log("a"); console.log("b"); Atomics.store(a, 0, 1); Atomics.notify(a, 0); Atomics.wait(a, 1, 0);');
      Atomics.wait(a, 0, 0);
      rest();
      log('main');
      w.terminate().then((code) => log('terminated', code));`,
    prints: ['main | a | terminated 1'],
  },
  {
    title: 'nor what the main thread does not live to print',
    code: `worker('console.log("a"); Atomics.store(a, 0, 1); Atomics.notify(a, 0);');
      Atomics.wait(a, 0, 0);
      rest();
      log('main');
      process.exit();`,
    prints: ['main'],
  },
  {
    title: 'a worker prints all that it has when it ends',
    code: `worker('process.on("exit", (c) => console.log("exit", c)); process.stdout.write("x", () => console.log("written")); console.log("y"); process.exit(4);')
        .on('exit', (code) => log('ended', code));`,
    prints: ['xy | written | exit 4 | ended 4'],
  },
  {
    title: 'the exit handlers of a worker that throws',
    code: `worker('process.on("exit", (c) => console.log("exit", c)); throw new Error("no");')
        .on('error', (e) => log(e.message)).on('exit', (code) => log('ended', code));`,
    prints: ['exit 1 | no | ended 1'],
  },
];

/** All of them. */
export const WAITING_PROGRAMS: readonly WaitingProgram[] = [
  ...ONE_LIST,
  ...PROMISES,
  ...ENDS,
  ...THREADS,
  ...GROWN,
  ...LOOP,
];

/** What a program comes to in a version of Node: status and text, one for each way in which it can go. */
export function answersOf(program: WaitingProgram, version: string): string[] {
  const { prints, printsIn20 = prints, status = 0 } = program;
  const texts = version.startsWith('v20.') ? printsIn20 : prints;
  return texts.map((text) => `${status}: ${text}`);
}
