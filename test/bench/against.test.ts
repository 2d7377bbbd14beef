import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import {
  compareBuilds,
  lostRows,
  type AgainstReport,
  type AgainstRow,
  type Pair,
} from '../../bench/against.js';
import { environmentOf, type Report, type Result } from '../../bench/results.js';
import { runEntry } from '../cli/child.js';
import { otherBuild, sameBuild } from './builds.js';

const EXAMPLE = fileURLToPath(new URL('./example.bench.js', import.meta.url));
const run = (...args: string[]) =>
  runEntry(EXAMPLE, ['--rounds=3', '--time=2ms', '--seed=2', ...args]);

test('a build against itself gains nothing where nothing varies', async (t) => {
  const { exitCode, stdout, stderr } = await run(
    '--json',
    '--only=count',
    '--against',
    sameBuild(EXAMPLE),
  );
  t.deepEqual([exitCode, stderr], [0, '']);
  const { pairs, results } = JSON.parse(stdout) as AgainstReport;
  t.is(pairs, 3);
  t.deepEqual(results, [
    {
      name: 'count',
      unit: 'words',
      better: 'higher',
      rows: [
        {
          task: 'all',
          before: 4096,
          ratioBefore: 1,
          now: 4096,
          ratioNow: 1,
          gain: 1,
          gainSpread: 0,
        },
        {
          task: 'seeded',
          before: 2048,
          ratioBefore: 0.5,
          now: 2048,
          ratioNow: 0.5,
          gain: 1,
          gainSpread: 0,
        },
      ],
    },
  ]);
});

/** An older build that only has `sum`, and for which everything takes no time at all. */
const FAST = `
if (process.argv.some((arg) => arg.startsWith('--only=') && arg.includes('count'))) process.exit(2);
const row = { task: 'quarter', value: 1e-9, spread: 0, ratio: 1, ratioSpread: 0 };
console.log(JSON.stringify({ results: [{ name: 'sum', unit: 'ns/op', better: 'lower', rows: [row] }] }));
`;

test('what got slower is named and ends with 1; what only one build has has no gain', async (t) => {
  const older = otherBuild(FAST);
  let { exitCode, stdout } = await run('--against', older);
  // On a busy machine the spread of a run may be too wide for a verdict; not every time.
  for (let more = 4; exitCode !== 1 && more > 0; more--) {
    ({ exitCode, stdout } = await run('--against', older));
  }
  t.is(exitCode, 1);
  t.regex(stdout, /^quarter +0\.0\d+ ×/m);
  t.regex(stdout, /^whole +– +– +\d/m);
  t.regex(stdout, /^seeded +– +– +2,048/m);
  t.regex(stdout, /3 pairs of runs, in turn; Node v\d+/);
});

test('a folder without a build, and a build that does not run, are the user’s to put right', async (t) => {
  const empty = await run('--against', mkdtempSync(join(tmpdir(), 'bench-empty-')));
  t.is(empty.exitCode, 2);
  t.regex(empty.stderr, /is no built checkout: it has no dist\/bench\/example\.bench\.js/);
  const broken = await run('--against', otherBuild('throw new Error("no such module");'));
  t.is(broken.exitCode, 2);
  t.regex(
    broken.stderr,
    /--against: .* printed no report; it ended with status 1: .*no such module/s,
  );
});

function reportOf(value: number, better: Result['better']): Report {
  const row = { task: 'a', value, spread: 0, ratio: 1, ratioSpread: 0 };
  return {
    environment: environmentOf(1, 3, 1),
    results: [{ name: 'x', unit: 'u', better, rows: [row] }],
  };
}

test('the gain is the median over pairs, and above 1 is better whichever way the unit goes', (t) => {
  const gainOf = (better: Result['better']): AgainstRow | undefined => {
    const pairs: Pair[] = [10, 20, 1000].map((now) => ({
      before: reportOf(now * 2, better),
      now: reportOf(now, better),
    }));
    return compareBuilds(pairs)[0]?.rows[0];
  };
  t.deepEqual([gainOf('lower')?.gain, gainOf('lower')?.gainSpread], [2, 0]);
  t.is(gainOf('higher')?.gain, 0.5);
});

test('a loss counts only where the spread is within the tolerance', (t) => {
  const report = (gain: number, gainSpread: number): AgainstReport => ({
    environment: environmentOf(1, 3, 1),
    against: '.',
    pairs: 3,
    results: [{ name: 'x', unit: 'u', better: 'lower', rows: [{ task: 'a', gain, gainSpread }] }],
  });
  const tolerances = { x: { '*': 0.25 } };
  t.deepEqual(lostRows(report(0.5, 0.1), tolerances), ['worse: x, a: 2.00 × of what it was']);
  t.deepEqual(lostRows(report(0.5, 0.3), tolerances), []);
  t.deepEqual(lostRows(report(0.9, 0.1), tolerances), []);
});
