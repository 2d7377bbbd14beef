import test from 'ava';
import { UsageError } from '../../src/errors.js';
import { createStrategy } from '../../src/campaign/work/range.js';
import { RandomStrategy } from '../../src/explorer/strategies/random.js';
import type { Session } from '../../src/explorer/engine/session.js';
import { decodeToken } from '../../src/explorer/findings/token.js';
import { catalogSession, fixture, runAll, sessionOf } from './sessions.js';

const NAME = 'system-enable-disable';
/** Fixed here; each finding below needs some ten executions. */
const SEED = 6;
const MOST = 400;
/** Executions that show that equal runs are equal, and that schedules differ: nine in ten end alike. */
const RUNS = 24;

/** Number of the first execution with an outcome; the session has executed it last. */
function runUntil(session: Session, wanted: RegExp): number {
  const strategy = new RandomStrategy(SEED);
  for (let run = 0; run < MOST; run++) {
    strategy.begin(run);
    if (wanted.test(session.execute(strategy)?.key ?? '')) return run;
  }
  return -1;
}

test.serial(
  'a whole machine is patched and unpatched without a finding, the same twice',
  async (t) => {
    for (const memory of ['sc', 'lkmm'] as const) {
      const session = await catalogSession(NAME, NAME, memory);
      const first = runAll(session, new RandomStrategy(SEED), RUNS);
      for (const key of first.keys.keys()) {
        t.is(session.scenario.outcomes[key]?.grade, 'acceptable', key);
      }
      t.true(first.keys.size > 1, 'schedules differ in how the transitions go');
      const second = runAll(session, new RandomStrategy(SEED), RUNS);
      t.deepEqual(second.hashes, first.hashes);
      const again = await catalogSession(NAME, NAME, memory);
      t.deepEqual(runAll(again, new RandomStrategy(SEED), RUNS).hashes, first.hashes);
    }
  },
);

test.serial(
  'without the ordering sites that it predicts, the machine shows it, and the token replays',
  async (t) => {
    const { scenario } = await catalogSession(NAME, NAME);
    for (const { sites, finds } of scenario.ablations ?? []) {
      const session = await catalogSession(NAME, NAME, 'lkmm', sites);
      t.true(runUntil(session, new RegExp(`^${finds}$`)) >= 0, finds);
      const { hash } = session.execution;
      const { schedule } = decodeToken(session.token());
      for (let i = 0; i < 2; i++) {
        t.is(session.replay(schedule).key, finds);
        t.is(session.execution.hash, hash);
      }
    }
  },
);

test.serial('a child that does not inherit the patch state of its parent is found', async (t) => {
  const session = await sessionOf(fixture('systems'), 'no-copy-process', 'sc');
  t.true(runUntil(session, /^I-/) >= 0);
  const { hash } = session.execution;
  const { schedule } = decodeToken(session.token());
  t.regex(session.replay(schedule).key, /^I-/);
  t.is(session.execution.hash, hash);
});

test('a whole machine is not explored exhaustively', async (t) => {
  const session = await catalogSession(NAME, NAME, 'sc');
  t.throws(() => createStrategy({ kind: 'dfs' }, session), {
    instanceOf: UsageError,
    message: /^--strategy dfs explores races/,
  });
});
