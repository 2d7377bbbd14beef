import test from 'ava';
import { explored, keysOf, programText, sessionOf, written } from './programs.js';

const thread = (body: string): string => `(sab) => { const a = new Int32Array(sab); ${body} }`;

function outcomes(threads: readonly string[], memory: 'sc' | 'js' = 'sc', more = ''): string[] {
  const session = sessionOf(written(programText(16, threads.map(thread), more)), memory);
  const { tally, exhausted } = explored(session);
  return exhausted ? keysOf(tally.outcomes) : ['not exhausted'];
}

test('a wait ends by a notify, or does not begin when the value has changed', (t) => {
  for (const memory of ['sc', 'js'] as const) {
    const found = outcomes(
      ['Atomics.store(a, 0, 1); return Atomics.notify(a, 0);', 'return Atomics.wait(a, 0, 0);'],
      memory,
    );
    t.deepEqual(found, ['0, "not-equal"', '1, "ok"']);
  }
});

test('a check outside the lock loses a wake-up, and the verdict says so', (t) => {
  const found = outcomes([
    'if (Atomics.load(a, 0) === 0) Atomics.wait(a, 1, 0);',
    'Atomics.store(a, 0, 1); Atomics.notify(a, 1);',
  ]);
  t.deepEqual(found, ['-, -', 'deadlock']);
  const changed = outcomes([
    'if (Atomics.load(a, 0) === 0) Atomics.wait(a, 0, 0);',
    'Atomics.notify(a, 0); Atomics.store(a, 0, 1);',
  ]);
  t.true(changed.includes('lost wake-up'));
});

test('a deadlock names who sleeps where, with file and line', (t) => {
  const session = sessionOf(written(programText(16, [thread('Atomics.wait(a, 2, 0);')])), 'sc');
  const { tally } = explored(session);
  t.is(tally.outcomes[0]!.key, 'deadlock');
  t.regex(
    tally.outcomes[0]!.detail,
    /thread 0 sleeps in Atomics\.wait\(a, 2, 0\) at .*program\.js:4 .*shared\+8/,
  );
});

test('a short time-out may pass while others run', (t) => {
  const found = outcomes([
    'return Atomics.wait(a, 0, 0, 10);',
    'Atomics.store(a, 0, 1); return Atomics.notify(a, 0);',
  ]);
  t.deepEqual(found, ['"not-equal", 0', '"ok", 1', '"timed-out", 0']);
});

test('a notify wakes at most as many as it says, the first first', (t) => {
  const found = outcomes([
    'return Atomics.wait(a, 0, 0, 10);',
    'return Atomics.wait(a, 0, 0, 20);',
    'return Atomics.notify(a, 0, 1);',
  ]);
  t.true(found.includes('"ok", "timed-out", 1'));
  t.true(found.includes('"timed-out", "ok", 1'));
  t.true(found.includes('"timed-out", "timed-out", 0'));
  t.false(found.some((key) => key.startsWith('"ok", "ok"')));
});

test('time-outs pass in virtual time, in the order of their deadlines', (t) => {
  const found = outcomes([
    'Atomics.wait(a, 0, 0, 3_600_000); return Atomics.add(a, 1, 1);',
    'Atomics.wait(a, 0, 0, 2_000); return Atomics.add(a, 1, 1);',
  ]);
  t.deepEqual(found, ['1, 0']);
});

test('what a notifier did before it notified is seen by whom it woke', (t) => {
  const found = outcomes(
    ['a[1] = 5; Atomics.notify(a, 0);', "return Atomics.wait(a, 0, 0, 10) === 'ok' ? a[1] : 'no';"],
    'js',
  );
  t.deepEqual(found, ['-, "no"', '-, 5']);
});

test('a spinning thread that nobody releases is a livelock, not a hang', (t) => {
  const text = programText(16, [thread('while (Atomics.load(a, 0) === 0);')], 'steps: 500,');
  const { tally } = explored(sessionOf(written(text), 'sc'), { kind: 'random', seed: 1 }, 3);
  t.deepEqual(keysOf(tally.outcomes), ['livelock']);
});

for (const [what, loop] of [
  ['compares and exchanges', 'while (Atomics.compareExchange(a, 0, 0, 1) !== 0);'],
  ['exchanges', 'while (Atomics.exchange(a, 0, 1) !== 0) Atomics.pause();'],
] as const) {
  test(`a thread that ${what} for a lock which nobody releases is a livelock`, (t) => {
    const held = programText(16, [thread(loop), thread(loop)], 'steps: 500,');
    const { tally } = explored(sessionOf(written(held), 'sc'), { kind: 'random', seed: 1 }, 5);
    t.deepEqual(keysOf(tally.outcomes), ['livelock']);
    const released = `${loop} Atomics.store(a, 0, 0);`;
    const free = sessionOf(written(programText(16, [thread(released), thread(released)])), 'sc');
    const random = explored(free, { kind: 'random', seed: 1 }, 100);
    t.deepEqual(keysOf(random.tally.outcomes), ['-, -']);
  });
}

test('a deadlock says from where each thread was called that sleeps', (t) => {
  const file = written(`import { program } from 'klp-smp/javascript';
    class Lock {
      constructor(a, at) { this.a = a; this.at = at; }
      take() {
        while (Atomics.compareExchange(this.a, this.at, 0, 1) !== 0) Atomics.wait(this.a, this.at, 1);
      }
    }
    function both(one, other) {
      one.take();
      [other].forEach((lock) => lock.take());
    }
    const body = (first) => (sab) => {
      const [a, b] = [new Lock(new Int32Array(sab), first), new Lock(new Int32Array(sab), 1 - first)];
      both(a, b);
    };
    export const it = program({ shared: () => new SharedArrayBuffer(8), threads: [body(0), body(1)] });`);
  const { tally } = explored(sessionOf(file, 'sc'), { kind: 'random', seed: 1 }, 50);
  const found = tally.outcomes.find(({ key }) => key === 'deadlock');
  const one = (id: number, at: number): string =>
    `thread ${id} sleeps in Atomics.wait(this.a, this.at, 1) at P:5 (in take), called at P:10, called at P:14 on shared+${at}`;
  t.is(found?.detail.replaceAll(/\S*program\.js/g, 'P'), `${one(0, 4)}; ${one(1, 0)}`);
});

test('waiting takes Int32Array and BigInt64Array over shared memory, as the standard says', (t) => {
  const found = outcomes([
    `const attempt = (f) => { try { return f(); } catch (e) { return e.name; } };
     return [
       attempt(() => Atomics.wait(new Uint8Array(sab), 0, 0)),
       attempt(() => Atomics.wait(new Int32Array(4), 0, 0)),
       attempt(() => Atomics.wait(a, 9, 0)),
       attempt(() => Atomics.wait(new BigInt64Array(sab), 0, 1n)),
       attempt(() => Atomics.wait(a, 0, 0, 0)),
       attempt(() => Atomics.load(new Float64Array(sab), 0)),
       attempt(() => Atomics.notify(new Int32Array(4), 0)),
     ].join();`,
  ]);
  t.deepEqual(found, ['"TypeError,TypeError,RangeError,not-equal,timed-out,TypeError,0"']);
});
