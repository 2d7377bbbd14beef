import test from 'ava';
import { DfsStrategy, type DfsBounds } from '../../src/explorer/strategies/dfs.js';
import { recordSteps } from '../../src/explorer/findings/record.js';
import type { MemoryKind } from '../../src/explorer/engine/explorer-memory.js';
import { catalogSession, fixture, runAll, sessionOf, wordsOf } from './sessions.js';

interface Exhaustion {
  readonly executions: number;
  readonly redundant: number;
  readonly bounded: boolean;
  readonly keys: string[];
  /** What each CPU traced, and the memory, at every end. */
  readonly endings: Set<string>;
}

async function exhaust(
  tasks: number,
  memory: MemoryKind,
  ablated: readonly number[] = [],
  bounds: DfsBounds = {},
): Promise<Exhaustion> {
  const name = `disable-protocol-${tasks}`;
  const session = await catalogSession('disable-protocol', name, memory, ablated);
  const { execution } = session;
  const strategy = new DfsStrategy(execution.cpus.length, bounds);
  const keys = new Set<string>();
  const endings = new Set<string>();
  let executions = 0;
  while (strategy.begin()) {
    const verdict = session.execute(strategy);
    if (!verdict) continue;
    executions++;
    keys.add(verdict.key);
    const traces = execution.cpus.map((cpu) =>
      execution.events.filter((e) => e.cpu === cpu.id).map(({ event, a, b }) => [event, a, b]),
    );
    endings.add(JSON.stringify([traces, wordsOf(execution.memory, execution.image.length)]));
  }
  const { redundant, bounded } = strategy;
  return { executions, redundant, bounded, keys: [...keys].sort(), endings };
}

test('the disable protocol is exhausted in 5 executions with one task, in 25 with two', async (t) => {
  const one = await exhaust(1, 'sc');
  t.is(one.executions, 5);
  t.is(one.redundant, 0);
  const two = await exhaust(2, 'sc');
  t.is(two.executions, 25);
  t.deepEqual(two.keys, ['pending-new', 'switched-old']);
});

test('with weak memory the protocol is exhausted in 5 and 127 executions, and still sound', async (t) => {
  const one = await exhaust(1, 'lkmm');
  t.is(one.executions, 5);
  const two = await exhaust(2, 'lkmm');
  t.is(two.executions, 127);
  t.deepEqual(two.keys, ['pending-new', 'switched-old']);
});

test('the 127 executions are 25 that differ in a value that some CPU reads, as with sequentially consistent memory', async (t) => {
  for (const memory of ['sc', 'lkmm'] as const) {
    const [session, again] = await Promise.all(
      [1, 2].map(() => catalogSession('disable-protocol', 'disable-protocol-2', memory, [])),
    );
    const strategy = new DfsStrategy(3);
    const seen = new Set<string>();
    while (strategy.begin()) {
      if (!session!.execute(strategy)) continue;
      const { steps } = recordSteps(again!, session!.execution.log.schedule());
      const values = [0, 1, 2].map((id) =>
        steps.filter(({ cpu }) => cpu === id).map(({ addr, value }) => `${addr}: ${value}`),
      );
      seen.add(JSON.stringify(values));
    }
    t.is(seen.size, 25, memory);
  }
});

for (const [site, finding] of [
  [1, 'warn'],
  [4, 'switched-new'],
  [10, 'warn'],
] as const) {
  test(`without O-${site} the exhaustive search finds '${finding}', with one task and with two`, async (t) => {
    t.true((await exhaust(1, 'lkmm', [site])).keys.includes(finding));
    t.true((await exhaust(2, 'lkmm', [site])).keys.includes(finding));
  });
  test(`without O-${site} sequentially consistent memory shows nothing`, async (t) => {
    t.deepEqual((await exhaust(2, 'sc', [site])).keys, ['pending-new', 'switched-old']);
  });
}

for (const memory of ['sc', 'lkmm'] as const) {
  for (const ablated of [[], [1], [4], [7], [10]]) {
    test(`the reduction loses no ending: ${memory}, ablated ${ablated.join() || 'nothing'}`, async (t) => {
      const reduced = await exhaust(1, memory, ablated);
      // Bounded search is not reduced; no execution has that many preemptions.
      const all = await exhaust(1, memory, ablated, { preemptions: 1000 });
      t.false(all.bounded);
      t.true(all.executions > 10 * reduced.executions);
      t.deepEqual([...reduced.endings].sort(), [...all.endings].sort());
    });
  }
}

test('a bound on preemptions or choices that cuts something off is admitted', async (t) => {
  const few = await exhaust(1, 'sc', [], { preemptions: 0 });
  t.true(few.bounded);
  t.is(few.executions, 2);
  const sc = await exhaust(1, 'lkmm', [1], { choices: 0 });
  t.true(sc.bounded);
  t.false(sc.keys.includes('warn'));
});

for (const memory of ['sc', 'lkmm'] as const) {
  test(`a lock that somebody waits for may be found held by who tries: ${memory}`, async (t) => {
    const session = await sessionOf(fixture('waiting'), 'tried', memory);
    t.deepEqual([...runAll(session, new DfsStrategy(2)).keys.keys()].sort(), ['0', '1']);
  });
}
