import test from 'ava';
import { minimise } from '../../src/explorer/findings/minimise.js';
import { decodeToken } from '../../src/explorer/findings/token.js';
import { tellProgram } from '../../src/javascript/engine/story.js';
import { explored, fileOf, keysOf, programText, sessionOf, written } from './programs.js';

const SB = programText(8, [
  '(sab) => { const a = new Int32Array(sab); a[0] = 1; return a[1]; }',
  '(sab) => { const a = new Int32Array(sab); a[1] = 1; return a[0]; }',
]);

test('store buffering is exhausted over both memories', (t) => {
  const file = written(SB);
  const sc = explored(sessionOf(file, 'sc'));
  t.true(sc.exhausted);
  t.is(sc.tally.executions, 3);
  t.deepEqual(keysOf(sc.tally.outcomes), ['0, 1', '1, 0', '1, 1']);
  const js = explored(sessionOf(file, 'js'));
  t.true(js.exhausted);
  t.deepEqual(keysOf(js.tally.outcomes), ['0, 0', '0, 1', '1, 0', '1, 1']);
});

test('a broken ring buffer is found, shrunk, replayed and told in its own lines', (t) => {
  const session = sessionOf(fileOf('examples/javascript/ring-broken.js'));
  const { tally } = explored(session, { kind: 'random', seed: 1 }, 2000);
  const found = tally.outcomes.find(({ grade }) => grade === 'forbidden');
  t.truthy(found);
  const { schedule } = decodeToken(found!.token);
  const verdict = session.replay(schedule);
  t.is(verdict.key, found!.key);
  const small = minimise(session, session.execution.log.schedule(), verdict.key);
  t.true(small.isMinimal);
  t.true(small.schedule.switches.length + small.schedule.choices.length <= 4);
  const again = decodeToken(session.token());
  const stories = [0, 1].map(() => tellProgram(session, again.schedule));
  t.deepEqual(stories[0], stories[1]);
  t.is(stories[0]!.verdict.key, verdict.key);
  t.is(stories[0]!.hash, again.hash);
  t.regex(stories[0]!.lines.join('\n'), /ring-buffer-broken\.js:15/);
});

test('a repaired ring buffer is exhausted over both memories without a finding', (t) => {
  for (const memory of ['sc', 'js'] as const) {
    const { tally, exhausted } = explored(sessionOf(fileOf('examples/javascript/ring.js'), memory));
    t.true(exhausted);
    t.deepEqual(keysOf(tally.outcomes), ['-,-', '-,1', '1,-', '1,2']);
    t.true(tally.outcomes.every(({ grade }) => grade === 'acceptable'));
  }
});

test('equal seeds give equal traces', (t) => {
  const file = fileOf('examples/javascript/ring-broken.js');
  const [first, second] = [0, 1].map(() =>
    explored(sessionOf(file), { kind: 'random', seed: 7 }, 500),
  );
  t.is(first!.tally.digest, second!.tally.digest);
});

test('an outcome may change what the threads have left, and reads what it wrote', (t) => {
  for (const memory of ['sc', 'js'] as const) {
    const file = written(`import { program } from 'klp-smp/javascript';
export const it = program({
  shared: () => new Uint8Array(new SharedArrayBuffer(8)),
  threads: [(u) => { u[1] = 5; Atomics.store(u, 2, 6); }, (u) => Atomics.add(u, 2, 1)],
  outcome: (_, u) => {
    const before = u.join();
    u[1] = 9;
    u[0]++;
    Atomics.add(u, 1, 1);
    u.fill(3, 4);
    return [before[2], u.join()].join(' ');
  },
});`);
    const { tally } = explored(sessionOf(file, memory));
    t.deepEqual(keysOf(tally.outcomes), ['5 1,10,6,0,3,3,3,3', '5 1,10,7,0,3,3,3,3']);
  }
});
