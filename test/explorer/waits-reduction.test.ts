import test from 'ava';
import fc from 'fast-check';
import { loadResumable } from '../../src/explorer/build/modules.js';
import type { MemoryKind } from '../../src/explorer/engine/explorer-memory.js';
import { Session } from '../../src/explorer/engine/session.js';
import { DfsStrategy, type DfsBounds } from '../../src/explorer/strategies/dfs.js';
import type { Operation, programRace } from './fixtures/programs.js';
import { fixture, wordsOf } from './sessions.js';

const { exports } = await loadResumable(fixture('programs'));
const raceOf = exports.programRace as typeof programRace;

/** Every ending of a race: how it ended, what each CPU saw, and the memory. */
function endings(
  programs: readonly (readonly Operation[])[],
  memory: MemoryKind,
  bounds: DfsBounds,
): Set<string> {
  const loaded = { scenario: raceOf(programs), fingerprint: '00000000' };
  const session = new Session(loaded, { memory, ablated: [] });
  const { execution } = session;
  const strategy = new DfsStrategy(programs.length, bounds);
  const found = new Set<string>();
  while (strategy.begin()) {
    const verdict = session.execute(strategy);
    if (verdict === undefined) continue;
    // A finding ends the execution at once: how far the other CPUs have come by then is no ending of the program.
    if (verdict.key === 'atomic sleep') {
      found.add(verdict.key);
      continue;
    }
    const seen = execution.cpus.map(({ id }) =>
      execution.events.filter((e) => e.cpu === id).map(({ a }) => a),
    );
    found.add(
      JSON.stringify([verdict.key, seen, wordsOf(execution.memory, execution.image.length)]),
    );
  }
  return found;
}

const onData = fc.record({
  op: fc.constantFrom<Operation['op']>(
    'load',
    'store',
    'add',
    'halt',
    'wait',
    'doze',
    'wake',
    'wakeAll',
    'relax',
    'mwait',
  ),
  word: fc.integer({ min: 0, max: 1 }),
  value: fc.integer({ min: 0, max: 1 }),
});
const section = onData.map((inner): Operation[] => [
  { op: 'lock', word: 2, value: 0 },
  inner,
  { op: 'unlock', word: 2, value: 0 },
]);
const program = fc
  .array(fc.oneof({ arbitrary: onData.map((it) => [it]), weight: 5 }, section), {
    minLength: 1,
    maxLength: 2,
  })
  .map((parts) => parts.flat());
const programs = fc.array(program, { minLength: 2, maxLength: 3 });

for (const memory of ['sc', 'lkmm'] as const) {
  test(`the reduction loses no ending of sleeps, wake-ups, spins and locks: ${memory} (seed 11)`, (t) => {
    fc.assert(
      fc.property(programs, (drawn) => {
        const all = endings(drawn, memory, { preemptions: 1000 });
        const reduced = endings(drawn, memory, {});
        t.deepEqual([...reduced].sort(), [...all].sort(), JSON.stringify(drawn));
      }),
      { seed: 11, numRuns: Number(process.env.KLP_SMP_RUNS ?? 25) },
    );
    t.pass();
  });
}
