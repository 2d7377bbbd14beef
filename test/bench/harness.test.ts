import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { runBenchmark, type Benchmark } from '../../bench/harness.js';
import type { Report } from '../../bench/results.js';
import { runEntry } from '../cli/child.js';

const EXAMPLE = fileURLToPath(new URL('./example.bench.js', import.meta.url));
const QUICK = ['--rounds=3', '--time=2ms', '--seed=2'];
const run = (...args: string[]) => runEntry(EXAMPLE, [...QUICK, ...args]);

test('a run prints every benchmark, its baseline first', async (t) => {
  const { exitCode, stdout, stderr } = await run('--json');
  t.deepEqual([exitCode, stderr], [0, '']);
  const { results, environment } = JSON.parse(stdout) as Report;
  t.deepEqual(
    results.map(({ name, rows }) => [name, ...rows.map(({ task }) => task)]),
    [
      ['sum', 'quarter', 'whole'],
      ['count', 'all', 'seeded'],
      ['together', 'one', 'first', 'second', 'third'],
    ],
  );
  t.deepEqual([environment.seed, environment.rounds, environment.timeMs], [2, 3, 2]);
  t.is(environment.node, process.version);
});

test('a task that takes its own measure is told the seed', async (t) => {
  const { stdout } = await run('--json', '--only=count');
  const { results } = JSON.parse(stdout) as Report;
  t.deepEqual(
    results[0]?.rows.map(({ value, ratio, ratioSpread }) => [value, ratio, ratioSpread]),
    [
      [4096, 1, 0],
      [2048, 0.5, 0],
    ],
  );
});

test('a saved report compares as the same with itself, and as worse with a better one', async (t) => {
  const file = join(mkdtempSync(join(tmpdir(), 'bench-')), 'saved.json');
  t.is((await run('--only=count', `--save=${file}`)).exitCode, 0);
  const same = await run('--only=count', `--compare=${file}`);
  t.is(same.exitCode, 0);
  t.regex(same.stdout, /^same: count, seeded: ratio 0\.500 → 0\.500 \(±25\.0 %\)$/m);

  writeFileSync(file, readFileSync(file, 'utf8').replaceAll('"ratio": 0.5', '"ratio": 0.9'));
  const worse = await run('--only=count', `--compare=${file}`);
  t.is(worse.exitCode, 1);
  t.regex(worse.stdout, /^worse: count, seeded: ratio 0\.900 → 0\.500/m);
});

test('a row is measured alone, with its baseline, and a name that no row has is refused', async (t) => {
  const { stdout } = await run('--json', '--row=see');
  const { results } = JSON.parse(stdout) as Report;
  t.deepEqual(
    results.map(({ name, rows }) => [name, ...rows.map(({ task }) => task)]),
    [['count', 'all', 'seeded']],
  );
  const both = await run('--json', '--row=second');
  t.deepEqual(
    (JSON.parse(both.stdout) as Report).results[0]?.rows.map(({ task, value }) => [task, value]),
    [
      ['one', 1],
      ['first', 2],
      ['second', 2],
    ],
    'a row that another one measures comes with that one',
  );
  const refused = await run('--row=sea');
  t.deepEqual([refused.exitCode, refused.stdout], [2, '']);
  t.regex(refused.stderr, /--row: no row of sum, count, together has a name with 'sea' in it/);
});

test('a file that is no saved report is refused before anything is measured', async (t) => {
  const manifest = fileURLToPath(new URL('../../../package.json', import.meta.url));
  const ended = await run(`--compare=${manifest}`);
  t.is(ended.exitCode, 2);
  t.is(ended.stdout, '');
  t.regex(
    ended.stderr,
    /^klp-smp: saved report .* has no results; give a file made with --save\n$/,
  );
});

/** Counts its calls, and interrupts the run during one of them. */
function countingUntil(last: number, controller: AbortController): Benchmark {
  let calls = 0;
  const measure = (): number => {
    calls++;
    if (calls === last) controller.abort();
    return calls;
  };
  const tasks = [
    { name: 'a', measure },
    { name: 'b', measure },
  ];
  return { name: 'count', unit: 'calls', better: 'lower', baseline: 'a', tasks: () => tasks };
}

test('an interrupted run reports the whole rounds that it has', async (t) => {
  const controller = new AbortController();
  const effort = { seed: 1, timeMs: 1, rounds: 1000, signal: controller.signal };
  // Calls 1 and 2 warm up, 3 to 6 are two rounds, 7 begins a third.
  const result = await runBenchmark(countingUntil(7, controller), effort);
  t.deepEqual(
    result?.rows.map(({ task, value }) => [task, value]),
    [
      ['a', 4],
      ['b', 5],
    ],
  );
});

test('a run that is interrupted before a whole round has nothing to report', async (t) => {
  const controller = new AbortController();
  const effort = { seed: 1, timeMs: 1, rounds: 1000, signal: controller.signal };
  t.is(await runBenchmark(countingUntil(3, controller), effort), undefined);
});
