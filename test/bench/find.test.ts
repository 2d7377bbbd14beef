import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import test from 'ava';
import { Build, type FindRun } from '../../bench/find-rows.js';
import * as table from '../../bench/find-table.js';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const BENCH = fileURLToPath(new URL('../../bench/find.bench.js', import.meta.url));
const run = promisify(execFile);

const found = (executions: number): FindRun => ({ executions, seconds: 1, isCensored: false });
const givenUp = (executions: number): FindRun => ({ executions, seconds: 9, isCensored: true });

test('a median among runs that were given up is a least value', (t) => {
  const { executions, censored } = table.figuresOf('bug', 'random', [
    found(3),
    givenUp(50),
    givenUp(50),
  ]);
  t.is(censored, 2);
  t.deepEqual(executions.median, { value: 50, isLeast: true });
  const mostly = table.figuresOf('bug', 'random', [found(7), found(3), found(5), givenUp(4)]);
  t.deepEqual(mostly.executions.median, { value: 7, isLeast: false });
  t.deepEqual(mostly.executions.p90, { value: 4, isLeast: true });
});

test('builds are compared over the ten bugs that were rarest before', (t) => {
  const of = (row: string, executions: number) =>
    table.figuresOf(row, 'random', [found(executions)]);
  const all = Array.from({ length: 12 }, (_, i) =>
    table.compareFigures(of(`bug ${i}`, 10 * (i + 1)), of(`bug ${i}`, i === 0 ? 40 : 5 * (i + 1))),
  );
  const summary = table.summarise(all);
  t.is(summary?.rarest.length, 10);
  t.is(summary?.rarest[0], 'bug 11');
  t.true(Math.abs((summary?.ratio ?? 0) - 0.5) < 1e-9);
  t.deepEqual(summary?.worst, { row: 'bug 0', ratio: 4 });
});

test('there is a row for each removal that finds something, O-19 among them, and for bugs of the past', async (t) => {
  const rows = await new Build(ROOT).rows();
  t.true(rows.length > 36);
  t.truthy(rows.find(({ name }) => name === 'unwatched-call without O-19'));
  t.true(rows.some(({ name }) => name.startsWith('R-')));
});

test('bench:find finds common bugs, counts what it gives up, and compares a build with itself as equal', async (t) => {
  const rows = '--rows=disable-switch without O-04,unwatched-call without O-19';
  const args = [BENCH, '--json', rows, '--seeds=2', '--most=40', `--against=${ROOT}`];
  const { stdout } = await run(process.execPath, args);
  const report = JSON.parse(stdout) as {
    figures: table.FindFigures[];
    comparisons: table.FindComparison[];
  };
  t.deepEqual(
    report.figures.map(({ row, censored }) => [row, censored]),
    [
      ['disable-switch without O-04', 0],
      ['unwatched-call without O-19', 2],
    ],
  );
  t.deepEqual(
    report.comparisons.map(({ ratio }) => ratio),
    [1, 1],
  );
});

test('bench:find refuses a bug that there is none of, and a folder without a build', async (t) => {
  const refused = async (arg: string) =>
    t.throwsAsync(run(process.execPath, [BENCH, arg]), {
      message: /there is no such bug|no built/,
    });
  await refused('--rows=no such bug');
  await refused('--against=docs');
});
