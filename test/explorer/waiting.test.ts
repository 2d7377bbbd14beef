import test from 'ava';
import { fileURLToPath } from 'node:url';
import { DfsStrategy } from '../../src/explorer/strategies/dfs.js';
import { RandomStrategy } from '../../src/explorer/strategies/random.js';
import { minimise } from '../../src/explorer/findings/minimise.js';
import { decodeToken } from '../../src/explorer/findings/token.js';
import { Session } from '../../src/explorer/engine/session.js';
import type { MemoryKind } from '../../src/explorer/engine/explorer-memory.js';
import { fixture, runAll, sessionOf } from './sessions.js';

/** Beside the checkout. */
const cases = fileURLToPath(
  new URL('../../../../shared/cases/waiting.scenario.js', import.meta.url),
);

function exhaust(session: Session): string[] {
  const strategy = new DfsStrategy(session.execution.cpus.length);
  const { keys } = runAll(session, strategy);
  return [...keys.keys()].sort();
}

for (const memory of ['sc', 'lkmm'] as MemoryKind[]) {
  for (const [name, expected] of [
    ['stale-notify', ['answered', 'early', 'livelock']],
    ['forgotten-notify', ['deadlock', 'done']],
    ['zero-to-one', ['deadlock', 'done']],
    ['zero-reply', ['deadlock']],
    ['wait-not-atomic', ['deadlock', 'done']],
  ] as const) {
    test(`${memory}: the search of ${name} shows ${expected.join(', ')}`, async (t) => {
      t.deepEqual(exhaust(await sessionOf(cases, name, memory)), [...expected]);
    });
  }

  for (const [name, expected] of [
    ['looped', ['0,0']],
    ['notified', ['done']],
    ['both-of-two', ['done']],
    ['each-post', ['done']],
    ['zero-to-one-all', ['done']],
  ] as const) {
    test(`${memory}: repaired, ${name} is exhausted and clean`, async (t) => {
      t.deepEqual(exhaust(await sessionOf(fixture('waiting'), name, memory)), [...expected]);
    });
  }

  for (const [name, expected, why] of [
    ['one-of-two', ['deadlock', 'done'], 'waking one of two leaves the other asleep'],
    ['wakes-first', ['deadlock', 'done'], 'a wake-up before the store is lost'],
    ['halts', ['-11', '0', 'deadlock'], 'halt() may end for no reason'],
    ['waits', ['-11', 'deadlock'], 'wait() does not'],
    ['timed', ['-110'], 'when nobody can go on a time-out ends'],
    ['timed-or-woken', ['-11', '-110', '0'], 'a time-out may come before a wake-up or after'],
  ] as const) {
    test(`${memory}: ${why}`, async (t) => {
      t.deepEqual(exhaust(await sessionOf(fixture('waiting'), name, memory)), [...expected]);
    });
  }
}

test('a scenario may forbid early ends of sleeps', async (t) => {
  const { scenario, fingerprint } = await sessionOf(fixture('waiting'), 'halts');
  const strict = { ...scenario, bounds: { earlyWakeups: 0 } };
  const session = new Session({ scenario: strict, fingerprint }, { memory: 'sc', ablated: [] });
  t.deepEqual(exhaust(session), ['-11', 'deadlock']);
});

test('random exploration finds each mistake (seed 1, 3000 executions)', async (t) => {
  for (const [name, key] of [
    ['stale-notify', 'early'],
    ['forgotten-notify', 'deadlock'],
    ['zero-to-one', 'deadlock'],
  ] as const) {
    const { keys } = runAll(await sessionOf(cases, name), new RandomStrategy(1), 3000);
    t.true((keys.get(key) ?? 0) > 0, name);
  }
});

test('a finding that needs an early end of a sleep is shrunk to that, and its token replays twice', async (t) => {
  const session = await sessionOf(fixture('waiting'), 'halts');
  const strategy = new RandomStrategy(1);
  for (let run = 0; strategy.begin(run); run++) {
    if (session.execute(strategy)?.key === '0') break;
  }
  const { schedule, isMinimal } = minimise(session, session.execution.log.schedule(), '0');
  t.true(isMinimal);
  t.deepEqual(schedule, { switches: [], choices: [{ cpu: 0, step: 0, index: 0, value: 1 }] });
  const { schedule: printed, hash } = decodeToken(session.token());
  for (let i = 0; i < 2; i++) {
    t.is(session.replay(printed).key, '0');
    t.is(session.execution.hash >>> 0, hash);
  }
});

test('a deadlock says who waits where, and what became of the wake-ups', async (t) => {
  for (const [name, expected] of [
    [
      'forgotten-notify',
      /^CPU 1 waits for a wake-up of words\.w\[6\] in sleeper \S*waiting\.scenario\.js:85, and nobody ever wakes words\.w\[6\]$/,
    ],
    [
      'zero-to-one',
      /^CPU [12] waits for a wake-up of words\.w\[0\] in taker \S*:98, the last wake\(\), by CPU 0 in poster \S*:91, woke another CPU$/,
    ],
  ] as const) {
    const session = await sessionOf(cases, name);
    const strategy = new RandomStrategy(1);
    for (let run = 0; strategy.begin(run); run++) {
      const verdict = session.execute(strategy);
      if (verdict?.key !== 'deadlock') continue;
      t.regex(verdict.detail, expected);
      break;
    }
  }
  const session = await sessionOf(fixture('waiting'), 'wakes-first', 'sc');
  const strategy = new DfsStrategy(2);
  while (strategy.begin()) {
    const verdict = session.execute(strategy);
    if (verdict?.key !== 'deadlock') continue;
    t.regex(verdict.detail, /the last wake\(\), by CPU 0 in wakeFirst \S+, came before it slept$/);
    const { key, detail } = session.replay(session.execution.log.schedule());
    t.deepEqual([key, detail], [verdict.key, verdict.detail]);
  }
});
