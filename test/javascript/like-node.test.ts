import test from 'ava';
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { DEFAULT_SCHEDULE } from '../../src/explorer/engine/schedule.js';
import { explored, sessionOf, written } from './programs.js';

const SHARED = 'const a = new Int32Array(new SharedArrayBuffer(32)); a.set([10, 11, 12, 13]);\n';

/** A program whose main module is the first of these files. */
function programOf(files: Record<string, string>): string {
  const [main = ''] = Object.keys(files);
  const text = `import { program } from 'klp-smp/javascript';
export const it = program({ main: './${main}', outcome: ([x]) => JSON.stringify([x.code, x.stdout]) });`;
  return written(text, 'program.mjs', files);
}

/** Each main module, and those that it imports: what it prints in the explorer is what it prints in Node. */
const MODULES: readonly (readonly [title: string, files: Record<string, string>])[] = [
  [
    'async generators delegate',
    {
      'main.mjs': `${SHARED}
async function* inner() { try { const x = yield 1; console.log('x', x); yield Promise.resolve(a[0]); } catch (e) { yield 'c' + e; } finally { console.log('fin'); } return 'ret'; }
async function* outer() { const r = yield* inner(); yield 'r' + r; }
let i = outer(); console.log(await i.next(), await i.next('sent'), await i.next(), await i.next());
i = outer(); await i.next(); console.log(await i.throw('E'), await i.next());
i = outer(); await i.next(); console.log(await i.return('R'), await i.next());
function* plain() { try { yield a[1]; yield Promise.resolve(7); } finally { console.log('closed'); } return Promise.resolve('z'); }
async function* over() { return yield* plain(); }
i = over(); console.log(await i.next(), await i.next(), await i.next());
i = over(); await i.next(); console.log(await i.return(3));
async function* list() { yield* [1]; } i = list(); await i.next(); await i.throw('T').catch((e) => console.log(String(e)));
const failing = { *[Symbol.iterator]() { try { yield Promise.reject(new Error('rej')); } finally { console.log('end'); } } };
try { for await (const x of failing) console.log(x); } catch (e) { console.log(e.message); }`,
    },
  ],
  [
    'events can be iterated over',
    {
      'main.mjs': `import { EventEmitter, on, once } from 'node:events'; import { MessageChannel } from 'node:worker_threads'; ${SHARED}
const e = new EventEmitter(); setTimeout(() => { e.emit('x', 1, 2); e.emit('x', a[0]); e.emit('end'); });
for await (const args of on(e, 'x', { close: ['end'] })) console.log(args);
const failing = on(e, 'x'); setTimeout(() => e.emit('error', new Error('bad'))); await failing.next().catch((x) => console.log(x.message));
console.log(await failing.next(), e.listenerCount('x'), e.listenerCount('error'));
const stop = new AbortController(); const stopped = on(e, 'x', { signal: stop.signal }); stop.abort();
await stopped.next().catch((x) => console.log(x.name, x.code)); await once(e, 'x', { signal: stop.signal }).catch((x) => console.log(x.code));
const left = on(e, 'x'); const p = left.next(); await left.return(); console.log(await p);
try { on({}, 'x'); } catch (x) { console.log(x.code); }
const { port1, port2 } = new MessageChannel(); port1.postMessage('m'); for await (const [m] of on(port2, 'message')) { console.log(m); break; } port1.close();`,
    },
  ],
  [
    'modules that wait, import each other or fail',
    {
      'main.mjs': `import './log.mjs'; import './x.mjs'; import './y.mjs'; import * as ns from './names.mjs'; import Dflt from './names.mjs'; import data, * as json from './d.json' with { type: 'json' };
${SHARED} log('main', a[0]); for (const k of [1, 2]) await import('./bad.mjs').catch((e) => log(e.message)); await import('./late.mjs').catch((e) => log(e.message)); await import('./p.mjs');
log(Object.keys(ns), ns[Symbol.toStringTag], Dflt.name, Object.keys(json), data.k); for (const f of [() => delete ns.b, () => (ns.c = 1)]) try { f(); } catch (e) { log(e.name); }`,
      'log.mjs': 'globalThis.log = console.log;',
      'x.mjs': `log('x1'); await new Promise((r) => setTimeout(r, 2)); log('x2');`,
      'y.mjs': `log('y1'); await null; log('y2');`,
      'bad.mjs': `log('once'); throw new Error('bad');`,
      'late.mjs': `import './fails.mjs'; import './slow.mjs'; log('never');`,
      'fails.mjs': `await null; throw new Error('late');`,
      'slow.mjs': `await new Promise((r) => setTimeout(r, 1));`,
      'p.mjs': `import { q } from './q.mjs'; export function hoisted(x) { return x + 1; } export const later = 5; log('p', q);`,
      'q.mjs': `import { hoisted, later } from './p.mjs'; export const q = hoisted(2); try { log(later); } catch (e) { log(e.name, e.message); }`,
      'names.mjs': `export const b = 1; export * from './more.mjs'; export default class { static n = 1; }`,
      'more.mjs': 'export const a1 = 2; export let z = 0; export default 9;',
      'd.json': '{ "k": [1, 2] }',
    },
  ],
  [
    'CommonJS modules',
    {
      'main.cjs': `${SHARED} console.log(arguments.length, typeof arguments, (() => arguments[1] === require)(), require.main === module, require.cache[__filename] === module, a[0]);
for (const k of [1, 2]) try { require('./bad.cjs'); } catch (e) { console.log(e.message); }
const c = require('./c.cjs'); delete require.cache[require.resolve('./c.cjs')]; console.log(c === require('./c.cjs'), c.isMain);
process.on('uncaughtException', (e, origin) => console.log(origin, e.message)); process.on('exit', (code) => console.log('exit', code)); throw new Error('at the top');`,
      'bad.cjs': `globalThis.n = (globalThis.n ?? 0) + 1; throw new Error('bad ' + n);`,
      'c.cjs': 'exports.isMain = require.main === module;',
    },
  ],
  [
    'functions that are made of text',
    {
      'main.mjs': `${SHARED} const kinds = [() => {}, async () => {}, function* () {}, async function* () {}].map((f) => f.constructor); const h = { a };
console.log(kinds[0]('h', 'i', 'h.a[i] = 5; return h.a[i] + h.a[1];')(h, 0), a[0], kinds[0] === Function, new Function('return 7')(), await kinds[1]('h', 'return h.a[0]')(h));
console.log([...kinds[2]('h', 'yield h.a[0]')(h)], (await kinds[3]('h', 'yield h.a[1]')(h).next()).value, String(new kinds[0]('x', 'return x')), (() => {}) instanceof Function);`,
    },
  ],
  [
    'ports that are closed or handed over',
    {
      'main.mjs': `import { MessageChannel, receiveMessageOnPort, Worker } from 'node:worker_threads'; ${SHARED}
{ const { port1, port2 } = new MessageChannel(); port2.on('message', (m) => { console.log(m); if (m === 1) port2.close(); }); for (const m of [1, 2, 3]) port1.postMessage(m); port1.on('close', () => console.log('closed')); }
{ const { port1, port2 } = new MessageChannel(); port1.postMessage(a[0]); port2.close(); console.log(receiveMessageOnPort(port2)); }
const { port1, port2 } = new MessageChannel(); const other = new MessageChannel().port1; const buffer = new ArrayBuffer(8);
const tries = [[1, [port1]], [1, [buffer, buffer]], [1, [other, other]], [1, [{}]], [1, [5]], [other], [1, 5], [1, { transfer: 5 }], [new Proxy({}, {})], [Promise.resolve()], [(function* () {})()], [new WeakRef({})], []];
for (const args of tries) try { port1.postMessage(...args); console.log('sent'); } catch (e) { console.log(e.name, e.code, e.message); }
port1.postMessage(other, [other]); port1.postMessage(buffer, [buffer]); for (const item of [other, buffer]) try { port1.postMessage(1, [item]); console.log('sent'); } catch (e) { console.log(e.message); }
port1.close(); const w = new Worker("require('worker_threads').parentPort.postMessage(require('worker_threads').workerData === undefined)", { eval: true }); w.on('message', (m) => console.log(m));`,
    },
  ],
];

for (const [title, files] of MODULES) {
  test(`${title}, as in Node`, (t) => {
    const program = programOf(files);
    const main = join(dirname(program), Object.keys(files)[0] ?? '');
    const { status, stdout } = spawnSync(process.execPath, [main], { encoding: 'utf8' });
    const { key } = sessionOf(program, 'sc').replay(DEFAULT_SCHEDULE);
    t.deepEqual(JSON.parse(key), [status, stdout]);
    t.true(stdout.length > 60);
  });
}

test('what a worker sends when it fails may come before or after its error', (t) => {
  const code = `process.on('exit', () => require('worker_threads').parentPort.postMessage('last word')); throw new Error('failed');`;
  const file = programOf({
    'main.mjs': `import { Worker } from 'node:worker_threads';
const w = new Worker(${JSON.stringify(code)}, { eval: true }); w.on('error', (e) => console.log(e.message)); w.on('message', (m) => console.log(m));`,
  });
  const { tally } = explored(sessionOf(file, 'sc'), { kind: 'random', seed: 1 }, 200);
  const printed = tally.outcomes.map(({ key }) => (JSON.parse(key) as [number, string])[1]);
  t.deepEqual(printed.sort(), ['failed\nlast word\n', 'last word\nfailed\n']);
});

test('`arguments` at the top of an ES module is refused', (t) => {
  const file = programOf({ 'main.mjs': `${SHARED}console.log(typeof arguments, a[0]);` });
  t.throws(() => sessionOf(file), {
    code: 'ERR_USAGE',
    message: /main\.mjs:2: `arguments` outside of a function/,
  });
});
