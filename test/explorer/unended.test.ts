import test from 'ava';
import { explore } from '../../src/campaign/explore.js';
import { partialResult } from '../../src/errors.js';
import type { ExploreResult } from '../../src/campaign/explored.js';
import { replay } from '../../src/campaign/replay.js';
import { DfsStrategy } from '../../src/explorer/strategies/dfs.js';
import { RandomStrategy } from '../../src/explorer/strategies/random.js';
import { checkRace } from '../../src/testing/check-race.js';
import { fixture, runAll, sessionOf } from './sessions.js';

const FILE = fixture('long');
const NO_END = 'no end within 600 operations';

for (const name of [
  ...['counting', 'counting-down', 'nesting', 'calling', 'recursion', 'iterating', 'object'],
  ...['tries', 'summing'],
]) {
  test(`${name}: no state repeats, so nothing is said but that the bound was reached`, async (t) => {
    for (const memory of ['sc', 'lkmm'] as const) {
      const { keys } = runAll(await sessionOf(FILE, name, memory), new RandomStrategy(1), 20);
      t.deepEqual([...keys], [[NO_END, 20]]);
    }
  });
}

for (const name of ['spin', 'flip', 'spin-in-call', 'call-in-spin']) {
  test(`${name}: a state repeats, which is a livelock`, async (t) => {
    for (const memory of ['sc', 'lkmm'] as const) {
      const { keys } = runAll(await sessionOf(FILE, name, memory), new RandomStrategy(1), 20);
      t.deepEqual([...keys], [['livelock', 20]]);
    }
  });
}

test('who waits for a CPU that sleeps for a time is no livelock', async (t) => {
  const { keys } = runAll(await sessionOf(FILE, 'timed'), new RandomStrategy(1), 20);
  t.deepEqual([...keys], [['ended', 20]]);
});

test('a long run ends with a larger bound, and is exhausted; with a smaller one it is not', async (t) => {
  const scenario = `${FILE}#counting`;
  const options = { scenario, memory: 'sc', strategy: 'dfs' } as const;
  const whole = await explore({ ...options, steps: 1000 });
  t.true(whole.exhausted);
  t.deepEqual(
    whole.outcomes.map(({ key }) => key),
    ['ended'],
  );
  const fair = await explore({ ...options, steps: 400 });
  t.false(fair.exhausted);
  t.is(fair.overlong, 1);
  const error = await t.throwsAsync(explore(options), { code: 'ERR_USAGE' });
  t.regex(error.message, /^counting: no end within 600 operations in 1 of 1 executions/);
  const partial = partialResult(error) as ExploreResult;
  t.false(partial.exhausted);
  t.is(partial.outcomes[0]?.isUnended, true);
});

test('one schedule is one execution however often the strategy is asked, beyond the bound too', async (t) => {
  const session = await sessionOf(FILE, 'flip', 'sc');
  const strategy = new DfsStrategy(2);
  strategy.begin();
  const verdict = session.execute(strategy);
  t.truthy(verdict);
  if (verdict) t.notThrows(() => session.checkRepeats(verdict));
});

test('a finding replays with the bound that it was found with', async (t) => {
  const found = await explore({ scenario: `${FILE}#spin`, steps: 100, executions: 4 });
  const [finding] = found.findings;
  t.regex(finding?.replay ?? '', / --steps 100$/);
  const { changed, verdict } = await replay({
    token: finding?.token ?? '',
    file: FILE,
    steps: 100,
  });
  t.is(changed, null);
  t.is(verdict.key, 'livelock');
});

test('a race test fails for executions that did not end', async (t) => {
  const { failure } = await checkRace(undefined, FILE, { scenario: 'counting', executions: 5 });
  t.regex(failure ?? '', /no end within 600 operations in 5 of 5 executions/);
});
