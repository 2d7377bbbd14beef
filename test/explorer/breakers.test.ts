import test, { type ExecutionContext } from 'ava';
import { minimise } from '../../src/explorer/findings/minimise.js';
import { storyLines, tell } from '../../src/explorer/findings/story.js';
import { decodeToken } from '../../src/explorer/findings/token.js';
import { DfsStrategy } from '../../src/explorer/strategies/dfs.js';
import { RandomStrategy } from '../../src/explorer/strategies/random.js';
import { raceTest as ava } from '../../src/testing/ava.js';
import { raceTest as nodeTest } from '../../src/testing/node-test.js';
import { raceTest as vitest } from '../../src/testing/vitest.js';
import { BREAKERS } from './fixtures/breakers.js';
import { fixture, runAll, sessionOf } from './sessions.js';

const file = fixture('breakers');

for (const memory of ['sc', 'lkmm'] as const) {
  for (const [name, finds] of BREAKERS) {
    test(`${memory}: ${name} is found, shrunk, and replays twice as printed`, async (t) => {
      const session = await sessionOf(file, name, memory);
      const strategy = new RandomStrategy(1);
      let found = false;
      for (let run = 0; run < 2000 && !found && strategy.begin(run); run++) {
        found = session.execute(strategy)?.key === finds;
      }
      t.true(found);
      const { schedule, isMinimal } = minimise(session, session.execution.log.schedule(), finds);
      t.true(isMinimal);
      const { schedule: printed, hash } = decodeToken(session.token());
      t.deepEqual(printed, schedule);
      for (let i = 0; i < 2; i++) {
        t.is(session.replay(printed).key, finds);
        t.is(session.execution.hash >>> 0, hash);
      }
      const { map } = session.prepared.machine;
      const story = storyLines(tell(session, printed), map, { decisive: true }).join('\n');
      t.regex(story, /breakers\.ts:\d+/);
    });

    test(`${memory}: repaired, ${name} is exhausted and clean`, async (t) => {
      const session = await sessionOf(file, `${name}-repaired`, memory);
      const strategy = new DfsStrategy(session.execution.cpus.length);
      const keys = [...runAll(session, strategy, 20_000).keys.keys()];
      t.false(strategy.begin());
      t.deepEqual(keys, [{ 'loses-an-update': '2', 'ends-as-nobody-said': '1' }[name] ?? 'done']);
    });
  }
}

/** How a test of a race ends under each runner: what it fails with, if it does. */
const RUNNERS: Readonly<Record<string, (scenario: string) => Promise<string | undefined>>> = {
  ava: async (scenario) => {
    let failure: string | undefined;
    const t = {
      title: scenario,
      pass: () => undefined,
      log: () => undefined,
      fail: (message?: string) => (failure = message),
    };
    await ava(file, { scenario, executions: 2000 })(t as unknown as ExecutionContext);
    return failure;
  },
  'node:test': (scenario) =>
    failing(nodeTest(file, { scenario })({ name: scenario, diagnostic: () => undefined } as never)),
  vitest: (scenario) => failing(vitest(file, { scenario })({ task: { name: scenario } })),
};

const failing = (ended: Promise<void>): Promise<string | undefined> =>
  ended.then(
    () => undefined,
    (error: unknown) => (error as Error).message,
  );

for (const [runner, run] of Object.entries(RUNNERS)) {
  test(`${runner}: each breaker fails with its decisive steps, file and line; its twin passes`, async (t) => {
    for (const [name, finds] of BREAKERS) {
      const failure = (await run(name)) ?? '';
      t.true(failure.startsWith(`${finds}: `), `${name}: ${failure}`);
      t.regex(failure, /\nreplay: npx klp-smp replay klp2\.\S+ --file \S+breakers\.js\n/);
      t.regex(failure, /the decisive steps of the shrunk schedule:\n[^]*breakers\.ts:\d+/);
      t.is(await run(`${name}-repaired`), undefined);
    }
  });
}
