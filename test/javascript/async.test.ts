import test from 'ava';
import { DEFAULT_SCHEDULE } from '../../src/explorer/engine/schedule.js';
import type { OutcomeCount } from '../../src/campaign/work/tally.js';
import { decodeToken } from '../../src/explorer/findings/token.js';
import { explored, fileOf, keysOf, programText, sessionOf, written } from './programs.js';

const FILE = fileOf('test/javascript/fixtures/async.js');

test('asynchronous code comes to what the language comes to, in the same order', async (t) => {
  const { everything } = (await import(FILE)) as { everything: () => Promise<string> };
  // What the native run waits for does not all keep a process alive.
  const hold = setInterval(() => undefined, 50);
  const native = JSON.parse(await everything()) as [string, unknown][];
  clearInterval(hold);
  const session = sessionOf(FILE, 'sc');
  const explored = JSON.parse(session.replay(DEFAULT_SCHEDULE).key) as [string, unknown][];
  for (const [i, [name, value]] of native.entries()) t.deepEqual(explored[i], [name, value]);
  t.true(native.length >= 15);
});

const thread = (body: string): string =>
  `async (sab) => { const a = new Int32Array(sab); ${body} }`;

function outcomes(threads: readonly string[], more = ''): string[] {
  const session = sessionOf(written(programText(16, threads.map(thread), more)), 'sc');
  const { tally, exhausted } = explored(session);
  return exhausted ? keysOf(tally.outcomes) : ['not exhausted'];
}

test('microtasks of an agent run in their order, while agents interleave', (t) => {
  const found = outcomes([
    'const log = []; Promise.resolve().then(() => log.push(Atomics.add(a, 0, 1))); await null; log.push("after"); return log.join();',
    'Atomics.add(a, 0, 10);',
  ]);
  t.deepEqual(found, ['"0,after", -', '"10,after", -']);
});

test('waitAsync settles by a notify, and does not wait when the value has changed', (t) => {
  const found = outcomes([
    'const { async, value } = Atomics.waitAsync(a, 0, 0); return async ? await value : value;',
    'Atomics.store(a, 0, 1); return Atomics.notify(a, 0);',
  ]);
  t.deepEqual(
    found,
    ['"not-equal", 0', '"not-equal", 1', '"ok", 1'].filter((x) => found.includes(x)),
  );
  t.true(found.includes('"ok", 1') && found.includes('"not-equal", 0'));
});

test('a waitAsync whose time-out has passed takes a wake-up until its event loop runs', (t) => {
  const found = outcomes([
    `const { value } = Atomics.waitAsync(a, 0, 0, 10);
     Atomics.wait(a, 1, 0, 1000);
     Atomics.store(a, 2, 1); Atomics.notify(a, 2);
     return await value;`,
    `while (Atomics.load(a, 2) === 0) Atomics.wait(a, 2, 0);
     return Atomics.notify(a, 0);`,
  ]);
  // The time-out is long past when the second thread notifies: the waiter is counted, or has been removed by its event loop.
  t.deepEqual(found, ['"ok", 1', '"timed-out", 0']);
});

test('one list for waits and promises: the first that came is woken first', (t) => {
  const found = outcomes([
    `const first = Atomics.waitAsync(a, 0, 0); const second = Atomics.waitAsync(a, 0, 0);
     Atomics.notify(a, 0, 1);
     return await Promise.race([first.value.then(() => 'first'), second.value.then(() => 'second')]);`,
  ]);
  t.deepEqual(found, ['"first"']);
});

test('a promise that nobody settles is a finding of its own, with the place that waits', (t) => {
  for (const body of [
    'await Atomics.waitAsync(a, 0, 0).value;',
    'await new Promise(() => a[0]);',
  ]) {
    const session = sessionOf(written(programText(16, [thread(body)])), 'sc');
    const { tally } = explored(session);
    const [{ key, grade, detail }] = tally.outcomes as [OutcomeCount];
    t.deepEqual([key, grade], ['unsettled', 'forbidden']);
    t.regex(detail, /thread 0 waits in await .* at .*program\.js:4/);
  }
  t.deepEqual(
    outcomes(['await new Promise(() => a[0]);'], "acceptable: { unsettled: 'for this test' },"),
    ['unsettled'],
  );
});

test('an error in an async body is thrown by its thread', (t) => {
  const found = outcomes([
    'await null; if (Atomics.load(a, 0) === 1) throw new RangeError("late");',
    'Atomics.store(a, 0, 1);',
  ]);
  t.deepEqual(found, ['-, -', 'throws RangeError: late']);
});

test('timers of different threads may fire in any order when they are short', (t) => {
  const body = (ms: number): string =>
    `await new Promise((resolve) => setTimeout(resolve, ${ms})); return Atomics.add(a, 0, 1);`;
  t.deepEqual(outcomes([body(5), body(10)]), ['0, 1', '1, 0']);
  t.deepEqual(outcomes([body(5000), body(10_000)]), ['0, 1']);
});

test('a short timer and an immediate come in either order; ports that keep nothing alive are left alone', (t) => {
  const shown = (code: string): string[] =>
    keysOf(
      explored(
        sessionOf(
          written(
            `import { program } from 'klp-smp/javascript';
export const it = program({ main: './main.cjs', outcome: ([{ stdout }]) => stdout.split('\\n').join(' ') });`,
            'program.mjs',
            { 'main.cjs': code },
          ),
          'sc',
        ),
        { kind: 'random', seed: 1 },
        100,
      ).tally.outcomes,
    );
  const either = "setTimeout(() => console.log('t'), 1); setImmediate(() => console.log('i'));";
  t.deepEqual(shown(either), ['i t ', 't i ']);
  const idle = `const { port1, port2 } = new (require('worker_threads').MessageChannel)();
    port1.on('message', () => console.log('never')); port1.unref(); port2.postMessage(1);`;
  t.deepEqual(shown(`${idle} console.log('end');`), ['end ']);
});

test('pause is a point at which others go on; its argument is an integer', (t) => {
  const found = outcomes([
    'let n = 0; while (Atomics.load(a, 0) === 0 && n++ < 2) Atomics.pause(); return n < 3;',
    'Atomics.store(a, 0, 1);',
    'a[1]; try { Atomics.pause(1.5); } catch (error) { return error.name; }',
  ]);
  t.deepEqual(found, ['false, -, "TypeError"', 'true, -, "TypeError"']);
});

test('what is asynchronous replays: equal seeds give equal traces, and tokens their outcome', (t) => {
  const text = programText(16, [
    thread(
      'setTimeout(() => Atomics.notify(a, 0), 3); return await Atomics.waitAsync(a, 0, 0).value;',
    ),
    thread('await null; return Atomics.notify(a, 0);'),
  ]);
  const file = written(text);
  const [first, second] = [0, 1].map(() =>
    explored(sessionOf(file), { kind: 'random', seed: 3 }, 300),
  );
  t.is(first!.tally.digest, second!.tally.digest);
  const session = sessionOf(file);
  for (const { key, token } of first!.tally.outcomes) {
    t.is(session.replay(decodeToken(token).schedule).key, key);
  }
});

test('dfs wakes a promise before and after whatever else its event loop does', (t) => {
  const file = written(
    programText(8, [
      `async (sab) => {
        const a = new Int32Array(sab);
        const order = [];
        const { async, value } = Atomics.waitAsync(a, 0, 0);
        if (async) value.then(() => order.push('woken'));
        await new Promise((resolve) => setImmediate(() => { order.push('immediate'); resolve(); }));
        if (async) await value;
        return order.join(' ');
      }`,
      `(sab) => { const a = new Int32Array(sab); Atomics.store(a, 0, 1); Atomics.notify(a, 0); }`,
    ]),
  );
  const { tally, exhausted } = explored(sessionOf(file, 'sc'), { kind: 'dfs' }, 5000);
  t.true(exhausted);
  t.deepEqual(
    keysOf(tally.outcomes).map((key) => key.split(',')[0]),
    ['"immediate woken"', '"immediate"', '"woken immediate"'],
  );
});
