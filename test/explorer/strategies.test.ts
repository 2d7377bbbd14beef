import test from 'ava';
import { createStrategy, exploreRange } from '../../src/campaign/work/range.js';
import { findScenario } from '../../src/campaign/scenarios/find-scenario.js';
import { portfolioOf, type StrategyConfig } from '../../src/explorer/engine/config.js';
import { loadScenario, Session } from '../../src/explorer/engine/session.js';
import { RandomStrategy } from '../../src/explorer/strategies/random.js';
import { decodeToken } from '../../src/explorer/findings/token.js';
import { explore } from '../../src/campaign/explore.js';
import { O_01, O_02, O_04, O_19 } from '../../src/memory/sites.js';

const seed = 1;
const CONFIGS: readonly Exclude<StrategyConfig, { readonly kind: 'dfs' }>[] = [
  { kind: 'random', seed },
  { kind: 'pct', seed, depth: 3 },
  { kind: 'pos', seed },
  { kind: 'surw', seed },
  { kind: 'pctwm', seed, depth: 2, history: 3 },
  { kind: 'feedback', seed },
  { kind: 'portfolio', seed },
];

async function sessionOf(name: string, ablated: readonly number[] = []): Promise<Session> {
  const loaded = await loadScenario({ file: findScenario(name).file, name });
  return new Session(loaded, { memory: 'lkmm', ablated });
}

const whole = { deadline: Infinity, stopAt: 'nothing' } as const;

for (const config of CONFIGS) {
  test(`${config.kind} makes the same executions of the same seed, and others of another`, async (t) => {
    const session = await sessionOf('disable-protocol-2', [O_01]);
    const digest = (given: StrategyConfig): number =>
      exploreRange(session, createStrategy(given, session), { from: 0, to: 300, ...whole }).tally
        .digest;
    t.is(digest(config), digest(config));
    t.not(digest(config), digest({ ...config, seed: 2 }));
  });

  test(`what ${config.kind} finds is executed again by its token, trace for trace`, async (t) => {
    const session = await sessionOf('disable-switch-leave', [O_02, O_04]);
    const range = { from: 0, to: 20_000, deadline: Infinity, stopAt: { key: 'stalled' } } as const;
    const { tally } = exploreRange(session, createStrategy(config, session), range);
    const found = tally.outcomes.find(({ key }) => key === 'stalled');
    t.truthy(found);
    const { schedule, hash } = decodeToken(found?.token ?? '');
    for (let i = 0; i < 2; i++) {
      t.is(session.replay(schedule).key, 'stalled');
      t.is(session.execution.hash >>> 0, hash);
    }
  });

  test(`${config.kind} finds nothing in the code as it is`, async (t) => {
    const session = await sessionOf('disable-protocol-2');
    const strategy = createStrategy(config, session);
    const { tally } = exploreRange(session, strategy, { from: 0, to: 2000, ...whole });
    t.is(tally.executions, 2000);
    t.deepEqual(
      tally.outcomes.filter(({ grade }) => grade === 'forbidden'),
      [],
    );
  });

  const isShared = config.kind !== 'feedback';
  test(`${config.kind} ${isShared ? 'makes any slice of its executions alone' : 'goes on where a slice ended'}`, async (t) => {
    const session = await sessionOf('disable-protocol-2', [O_01]);
    const slice = (strategy: ReturnType<typeof createStrategy>, from: number, to: number) =>
      exploreRange(session, strategy, { from, to, ...whole }).tally.digest;
    const strategy = createStrategy(config, session);
    const all = slice(createStrategy(config, session), 0, 200);
    const first = slice(strategy, 0, 70);
    const second = slice(isShared ? createStrategy(config, session) : strategy, 70, 200);
    t.is((first + second) >>> 0, all);
  });
}

test('the rarest removal of the catalogue is found within 4,000 executions by each of three seeds', async (t) => {
  const session = await sessionOf('unwatched-call', [O_19]);
  const range = { from: 0, to: 4000, deadline: Infinity, stopAt: 'forbidden' } as const;
  for (const each of [1, 2, 3]) {
    const strategy = createStrategy({ kind: 'random', seed: each }, session);
    const { outcomes } = exploreRange(session, strategy, range).tally;
    t.true(outcomes.some(({ grade }) => grade === 'forbidden'));
  }
});

test('whole machines are explored without looking first at what their CPUs share', async (t) => {
  const session = await sessionOf('system-enable-disable');
  const range = { from: 0, to: 2, ...whole };
  const { digest } = exploreRange(
    session,
    createStrategy({ kind: 'random', seed }, session),
    range,
  ).tally;
  t.is(exploreRange(session, new RandomStrategy(seed), range).tally.digest, digest);
});

test('a portfolio says which of its strategies showed an outcome first, however many threads share it', async (t) => {
  const options = {
    scenario: 'disable-call',
    strategy: 'portfolio',
    ablate: ['O-01'],
    executions: 400,
    budgetMs: 120_000,
  } as const;
  const [one, two] = [
    await explore({ ...options, threads: 1 }),
    await explore({ ...options, threads: 2 }),
  ];
  t.is(two.digest, one.digest);
  const found = one.outcomes.find(({ key }) => key === 'WARN 34');
  const members = portfolioOf('lkmm');
  t.is(found?.by, members[(found?.firstRun ?? 0) % members.length]);
  t.is(members.length, 5);
  const program = {
    scenario: 'examples/javascript/ring-broken.js',
    executions: 200,
    budgetMs: 60_000,
  } as const;
  const { outcomes } = await explore({ ...program, strategy: 'portfolio' });
  t.true(outcomes.every(({ by, firstRun }) => by === (['random', 'pct'] as const)[firstRun % 2]));
  const plain = await explore({ ...program, strategy: 'random' });
  t.true(plain.outcomes.every((outcome) => !('by' in outcome)));
});

test('strategies that know kernel code, and options that say nothing to them, are refused', async (t) => {
  const program = 'examples/javascript/ring-broken.js';
  const pos = { scenario: program, strategy: 'pos', executions: 1 } as const;
  await t.throwsAsync(explore(pos), { message: /pos explores kernel code; give a program random/ });
  const scenario = 'disable-switch';
  await t.throwsAsync(explore({ scenario, strategy: 'pctwm', memory: 'sc' }), {
    message: /needs memory lkmm/,
  });
  await t.throwsAsync(explore({ scenario, strategy: 'surw', depth: 2 }), {
    message: /depth has no effect with strategy 'surw'/,
  });
  await t.throwsAsync(explore({ scenario, strategy: 'feedback', threads: 2 }), {
    message: /threads has no effect with strategy 'feedback'/,
  });
  await t.throwsAsync(explore({ scenario, strategy: 'random', history: 2 }), {
    message: /history has no effect with strategy 'random'/,
  });
});
