import test from 'ava';
import { spawnSync } from 'node:child_process';
import { DEFAULT_SCHEDULE } from '../../src/explorer/engine/schedule.js';
import { decodeToken } from '../../src/explorer/findings/token.js';
import { checkRace } from '../../src/testing/check-race.js';
import { explored, fileOf, keysOf, sessionOf, written } from './programs.js';

const FOLDER = 'test/javascript/fixtures/workers';

const MAINS = {
  echo: 'echo.js',
  errors: 'errors.cjs',
  ports: 'ports.mjs',
  unsettled: 'unsettled.mjs',
  order: 'order.cjs',
  growing: 'growing.cjs',
} as const;

for (const [name, main] of Object.entries(MAINS)) {
  test(`${main} prints and ends in the explorer as it does on real threads`, (t) => {
    const { status, stdout } = spawnSync(process.execPath, [fileOf(`${FOLDER}/${main}`)], {
      encoding: 'utf8',
    });
    const session = sessionOf(fileOf(`${FOLDER}/workers.program.js`), 'js', { name });
    const [code, printed] = JSON.parse(session.replay(DEFAULT_SCHEDULE).key) as [number, string];
    t.is(printed, stdout);
    t.is(code, status ?? -1);
  });
}

const HEAD = `import { program } from 'klp-smp/javascript';
import { Worker, isMainThread, threadId } from 'node:worker_threads';
`;

/** A program of one thread that starts workers whose code is given as text. */
function starting(body: string, more = ''): string {
  return written(`${HEAD}export const it = program({
  shared: () => new Int32Array(new SharedArrayBuffer(32)),
  threads: [async (a) => { ${body} }],
  ${more}
});`);
}

const found = (file: string, runs = 400): string[] =>
  keysOf(explored(sessionOf(file, 'sc'), { kind: 'random', seed: 1 }, runs).tally.outcomes);

const WORKER = "const { workerData: a, parentPort } = require('node:worker_threads');";

test('a worker is terminated at any of its steps, and has left the lists of waiters then', (t) => {
  const file = starting(`
    const worker = new Worker(\`${WORKER}
      Atomics.store(a, 0, 1);
      Atomics.store(a, 0, 2);
      Atomics.wait(a, 1, 0);\`, { eval: true, workerData: a });
    await new Promise((resolve) => worker.once('online', resolve));
    const code = await worker.terminate();
    return [code, Atomics.load(a, 0), Atomics.notify(a, 1)].join();`);
  t.deepEqual(found(file), ['"1,0,0"', '"1,1,0"', '"1,2,0"']);
});

test('a lock that a terminated worker held stays locked: a deadlock', (t) => {
  const file = starting(`
    const worker = new Worker(\`${WORKER}
      Atomics.store(a, 0, 1);
      Atomics.add(a, 1, 1);
      Atomics.store(a, 0, 0);
      Atomics.notify(a, 0);\`, { eval: true, workerData: a });
    await new Promise((resolve) => worker.once('online', resolve));
    await worker.terminate();
    while (Atomics.compareExchange(a, 0, 0, 1) !== 0) Atomics.wait(a, 0, 1);
    return 'locked';`);
  t.deepEqual(found(file), ['"locked"', 'deadlock']);
});

test('messages of a worker and its accesses interleave; what it did before it sent is seen by who gets it', (t) => {
  const file = starting(`
    const worker = new Worker(\`${WORKER}
      a[0] = 1;
      parentPort.postMessage(0);
      Atomics.store(a, 1, 1);\`, { eval: true, workerData: a });
    await new Promise((resolve) => worker.once('message', resolve));
    return [a[0], Atomics.load(a, 1)].join();`);
  const js = explored(sessionOf(file, 'js'), { kind: 'random', seed: 1 }, 400);
  t.deepEqual(keysOf(js.tally.outcomes), ['"1,0"', '"1,1"']);
});

test('a worker that nobody needs any more ends with the program; one that is waited for does not', (t) => {
  const idle = `new Worker("require('worker_threads').parentPort.on('message', () => {})", { eval: true })`;
  t.deepEqual(found(starting(`${idle}; return Atomics.load(a, 0);`), 50), ['0']);
  t.deepEqual(
    found(
      starting(
        `Atomics.load(a, 0); await new Promise((resolve) => ${idle}.once('exit', resolve));`,
      ),
      50,
    ),
    ['unsettled'],
  );
});

test('an error of a worker goes to its listener, or ends the thread that started it', (t) => {
  const failing = `new Worker("throw new TypeError('in the worker')", { eval: true })`;
  t.deepEqual(
    found(
      starting(
        `return await new Promise((resolve) => ${failing}.on('error', (e) => resolve(e.message)));`,
      ),
      50,
    ),
    ['"in the worker"'],
  );
  const error = t.throws(() => found(starting(`${failing}; await new Promise(() => {});`), 50));
  t.regex(error.message, /throws by itself: TypeError: in the worker/);
});

test('threads know what they are', (t) => {
  const file = starting('Atomics.load(a, 0); return [isMainThread, threadId].join();');
  t.deepEqual(found(file, 20), ['"false,1"']);
});

test('too many workers, and a missing file are refused in one line', async (t) => {
  const many = starting(
    `for (let i = 0; i < 3; i++) new Worker('1', { eval: true });`,
    'workers: 2,',
  );
  t.throws(() => sessionOf(many), { code: 'ERR_USAGE', message: /more than 2 workers/ });
  const missing = starting(`try { new Worker(new URL('./gone.js', import.meta.url)); } catch {}`);
  t.throws(() => sessionOf(missing), { code: 'ERR_USAGE', message: /cannot read .*gone\.js/ });
  const scenario = starting('await Atomics.load(a, 0);');
  await t.notThrowsAsync(checkRace('it', scenario, { executions: 20 }));
});

test('random search over workers repeats, and its tokens replay', (t) => {
  const file = fileOf(`${FOLDER}/workers.program.js`);
  const [first, second] = [0, 1].map(() =>
    explored(sessionOf(file, 'js', { name: 'echo' }), { kind: 'random', seed: 5 }, 100),
  );
  t.is(first!.tally.digest, second!.tally.digest);
  const session = sessionOf(file, 'js', { name: 'echo' });
  for (const { key, token } of first!.tally.outcomes) {
    t.is(session.replay(decodeToken(token).schedule).key, key);
  }
});

test('dfs tries every order of a program that starts workers, and finds all that random finds', (t) => {
  const file = starting(
    `const worker = new Worker(\`${WORKER}
      const x = Atomics.load(a, 0);
      Atomics.store(a, 0, x + 1);\`, { eval: true, workerData: a });
    const x = Atomics.load(a, 0);
    Atomics.store(a, 0, x + 1);
    await new Promise((resolve) => worker.once('exit', resolve));
    return Atomics.load(a, 0);`,
    'workers: 1',
  );
  const { tally, exhausted } = explored(sessionOf(file, 'sc'), { kind: 'dfs' }, 5000);
  t.true(exhausted);
  t.deepEqual(keysOf(tally.outcomes), ['1', '2']);
  t.deepEqual(found(file), ['1', '2']);
  const bounded = explored(sessionOf(file, 'sc'), { kind: 'dfs', preemptions: 0 }, 5000);
  t.true(bounded.tally.executions < tally.executions);
  t.deepEqual(keysOf(bounded.tally.outcomes), ['2']);
});

test('dfs explores programs whose memory grows', (t) => {
  const file = written(`import { program } from 'klp-smp/javascript';
export const it = program({
  shared: () => new SharedArrayBuffer(4, { maxByteLength: 8 }),
  threads: [
    (s) => { s.grow(8); Atomics.store(new Int32Array(s), 1, 7); },
    (s) => { const view = new Int32Array(s); return [view[1], view[1]].join(); },
  ],
  outcome: ([, seen]) => seen,
});`);
  const { tally, exhausted } = explored(sessionOf(file, 'sc'), { kind: 'dfs' }, 5000);
  t.true(exhausted);
  t.deepEqual(keysOf(tally.outcomes), [',', ',0', ',7', '0,0', '0,7', '7,7']);
});

test('a buffer that is handed to a worker is gone, and handlers hear where an error comes from', (t) => {
  const file = starting(`
    const buffer = new ArrayBuffer(8);
    const heard = [];
    process.on('uncaughtException', (error, origin) => heard.push(origin));
    const worker = new Worker(\`${WORKER} Atomics.store(a.words, 0, a.buffer.byteLength);\`, {
      eval: true, workerData: { words: a, buffer }, transferList: [buffer] });
    Promise.reject(new Error('nobody handles this'));
    await new Promise((resolve) => worker.once('exit', resolve));
    return [buffer.byteLength, Atomics.load(a, 0), ...heard].join();`);
  t.deepEqual(found(file, 20), ['"0,8,unhandledRejection"']);
});

test('a function may be sent to a worker as its text', (t) => {
  const file = written(`import { program } from 'klp-smp/javascript';
import { createRequire } from 'node:module';
const require = createRequire(import.meta.url);
const job = (a, ...more) => Atomics.add(a, 0, [...more].length);
export const it = program({
  shared: () => new Int32Array(new SharedArrayBuffer(8)),
  threads: [async (a) => {
    const name = require.resolve('worker_threads');
    const { Worker } = require(name);
    const code = \`(\${job})(require('\${name}').workerData, 1, 2)\`;
    const worker = new Worker(code, { eval: true, workerData: a });
    await new Promise((resolve) => worker.once('exit', resolve));
    return [code, Atomics.load(a, 0)];
  }],
  outcome: ([[code, count]]) => code + count,
});`);
  const text = "((a, ...more) => Atomics.add(a, 0, [...more].length))(require('worker_threads')";
  t.deepEqual(found(file, 20), [`${text}.workerData, 1, 2)2`]);
});

test('the text of a worker may be that of an ES module', (t) => {
  const file = starting(`
    const worker = new Worker(\`import { workerData } from 'node:worker_threads';
      Atomics.store(workerData, 0, 5);\`, { eval: true, workerData: a });
    await new Promise((resolve) => worker.once('exit', resolve));
    return Atomics.load(a, 0);`);
  t.deepEqual(found(file, 20), ['5']);
});
