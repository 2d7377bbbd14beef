import test from 'ava';
import type { LitmusShapesResult } from '../../src/campaign/litmus/litmus-shapes.js';
import { runMain } from './child.js';

test('litmus --on threads prints a histogram of each chosen shape', async (t) => {
  const ended = await runMain('litmus', '--on', 'threads', '--shapes', 'CoWW', '--trials', '2048');
  t.is(ended.stderr, '');
  t.is(ended.exitCode, 0);
  t.regex(ended.stdout, /CoWW\+poonceonce on wasm: 2,048 trials/);
  t.regex(ended.stdout, /^2 +2,048 +acceptable +some interleaving of the threads gives it$/m);
  t.regex(
    ended.stdout,
    /never shows the outcome .* of\n {2}CoWW\+poonceonce: the model forbids it/,
  );
});

test('litmus --on threads --json has the outcomes, their grades and what was reordered', async (t) => {
  const ended = await runMain(
    ...['litmus', '--on', 'threads', '--memory', 'weak', '--json'],
    ...['--shapes', 'MP+poonceonces', '--trials', '2048', '--seed', '4'],
  );
  t.is(ended.exitCode, 0);
  const report = JSON.parse(ended.stdout) as LitmusShapesResult;
  t.is(report.memory, 'weak');
  t.is(report.seed, 4);
  const [shape] = report.shapes;
  t.is(report.shapes.length, 1);
  t.is(shape!.trials, 2048);
  t.is(
    shape!.outcomes.reduce((sum, { count }) => sum + count, 0),
    2048,
  );
  t.true(shape!.reach.reachable);
  t.is(shape!.statistics['storesBuffered'], 4096);
});

test('a shape that does not exist, and shapes without threads, are refused', async (t) => {
  const unknown = await runMain('litmus', '--on', 'threads', '--shapes', 'XY');
  t.is(unknown.exitCode, 2);
  t.regex(unknown.stderr, /^klp-smp: --shapes: 'XY' is not accepted; give names of shapes/);
  const axioms = await runMain('litmus');
  t.is(axioms.exitCode, 2);
  t.is(
    axioms.stderr,
    'klp-smp: --on axioms needs a path; only --on threads has shapes of its own\n',
  );
});
