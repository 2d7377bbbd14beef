import test from 'ava';
import { runMain } from './child.js';

const badInput: readonly (readonly [title: string, args: readonly string[], says: RegExp])[] = [
  ['an unknown option', ['--cpu', '4'], /unknown option '--cpu'/],
  ['no CPU', ['--cpus', '0'], /--cpus: '0' is not accepted; give an integer from 1 to 64/],
  ['65 CPUs', ['--cpus', '65'], /--cpus: '65' is not accepted; give an integer from 1 to 64/],
  ['a negative duration', ['--duration=-5s'], /--duration: '-5s' is not accepted; give a time/],
  [
    'an unknown operation',
    ['--mix', 'explode=3'],
    /--mix: 'explode=3' is not accepted; give weights/,
  ],
  ['an unknown site', ['--ablate', 'O-77'], /--ablate: 'O-77' is not accepted/],
  [
    'a latent issue without a fix',
    ['--latent', 'L-99'],
    /--latent: 'L-99' is not accepted; give some of L-1/,
  ],
  [
    'an unknown profile',
    ['--profile', 'party'],
    /--profile: 'party' is not accepted; give one of waiters, blocked, polling, interrupted, idle/,
  ],
  [
    'an unknown memory',
    ['--memory', 'paper'],
    /--memory: 'paper' is not accepted; give one of atomics/,
  ],
];

for (const [title, args, says] of badInput) {
  test(`${title} is refused with one line and exit status 2`, async (t) => {
    const { exitCode, stdout, stderr } = await runMain('stress', ...args);
    t.is(exitCode, 2);
    t.is(stdout, '');
    t.regex(stderr, says);
    t.is(stderr.trim().split('\n').length, 1);
  });
}

test('a short run ends by itself, quietly, with a table as JSON', async (t) => {
  const args = ['stress', '--cpus', '2', '--tasks', '16', '--duration', '2s', '--json'];
  const { exitCode, stdout, stderr } = await runMain(...args);
  t.is(exitCode, 0);
  t.is(stderr, '');
  const table = JSON.parse(stdout) as { outcomes: { grade: string; count: number }[] };
  t.true(table.outcomes.some(({ count }) => count > 0));
  t.false(table.outcomes.some(({ grade, count }) => grade === 'forbidden' && count > 0));
});

test('a finding ends with exit status 1 and the events that led to it', async (t) => {
  const args = ['stress', '--tasks', '96', '--duration', '60s', '--sabotage', 'stackCheckPasses'];
  const { exitCode, stdout } = await runMain(...args);
  t.is(exitCode, 1);
  t.regex(stdout, /FORBIDDEN outcome seen/);
  t.regex(stdout, /What led to: /);
  t.regex(stdout, /CPU \d .*: sched_switch/);
});

for (const profile of ['blocked', 'polling']) {
  test(`tasks of the profile ${profile} hold transitions up, and nothing forbidden happens`, async (t) => {
    const args = ['--cpus', '2', '--tasks', '16', '--duration', '3s', '--json'];
    const { exitCode, stdout } = await runMain('stress', '--profile', profile, ...args);
    t.is(exitCode, 0);
    const { settings } = JSON.parse(stdout) as { settings: Record<string, unknown> };
    t.is(settings['profile'], profile);
    t.is(settings['cpus'], 2);
  });
}
