/** `checkLitmus()` as a program calls it. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { checkLitmus, litmusShapes, type LitmusReport } from '../../src/index.js';
import { shape, SHAPES, SHAPES_FOLDER } from '../litmus/shapes.js';

const folder = mkdtempSync(join(tmpdir(), 'klp-smp-check-'));
test.after.always(() => rmSync(folder, { recursive: true, force: true }));

test('a source is checked without a file, and its outcome explained', async (t) => {
  const { results, asked, isFolder } = await checkLitmus({ source: shape('SB+mbs').source });
  t.deepEqual([asked, isFolder], [1, false]);
  const [report] = results as readonly LitmusReport[];
  t.like(report, { name: 'SB+mbs', observation: 'Never', positive: 0, negative: 3 });
  t.regex(report!.why!.text, /axiom propagation/);
});

test('a folder gives a result a test, in the order of their paths, and tells how far it is', async (t) => {
  const seen: number[] = [];
  const { results, asked, ran, interrupted } = await checkLitmus({
    path: SHAPES_FOLDER,
    workers: 2,
    onProgress: ({ done, total }) => seen.push(done / total),
  });
  t.deepEqual([asked, ran, interrupted], [SHAPES.length, SHAPES.length, false]);
  const files = results.map(({ file }) => file);
  t.deepEqual(files, [...files].sort());
  t.is(seen.at(-1), 1);
});

test('a signal ends a folder: what is missing is not begun, and that is said', async (t) => {
  const controller = new AbortController();
  const thread = 'P0(int *x, int *y) { WRITE_ONCE(*x, 1); int r0 = READ_ONCE(*y); }';
  for (let i = 0; i < 40; i++) {
    writeFileSync(join(folder, `${i}.litmus`), `C t${i}\n{}\n${thread}\nexists (0:r0=0)\n`);
  }
  const { asked, ran, interrupted } = await checkLitmus({
    path: folder,
    workers: 1,
    signal: controller.signal,
    onProgress: () => controller.abort(),
  });
  t.is(asked, 40);
  t.true(interrupted);
  t.true(ran > 0 && ran < asked);
});

test('models are compared, and the rules that make the difference are data', async (t) => {
  const source =
    'C t\n{}\nP0(int *x, atomic_t *y) { WRITE_ONCE(*x, 1); smp_wmb(); atomic_set(y, 1); }\n' +
    'P1(atomic_t *y) { int r0 = atomic_fetch_add_relaxed(1, y); }\n' +
    'P2(int *x, atomic_t *y) { int r0 = atomic_read_acquire(y); int r1 = READ_ONCE(*x); }\n' +
    'exists (1:r0=1 /\\ 2:r0=2 /\\ 2:r1=0)';
  const { results } = await checkLitmus({ source, models: ['6.1', '6.12', '7.3'] });
  const { verdicts, changes } = (results[0] as LitmusReport).models!;
  t.deepEqual(
    verdicts.map((v) => [v.model, v.observation]),
    [
      ['6.1', 'Sometimes'],
      ['6.12', 'Never'],
      ['7.3', 'Never'],
    ],
  );
  t.like(changes, { length: 1, 0: { from: '6.1', to: '6.12' } });
  t.deepEqual(
    changes[0]!.rules.map(({ rule }) => rule),
    ['rmwSequences'],
  );
});

test('a primitive that a model lacks makes it refuse, and the rule is named', async (t) => {
  const source =
    'C t\n{}\nP0(int *x, struct srcu_struct *s) { int r0 = srcu_read_lock(s); WRITE_ONCE(*x, 1); srcu_read_unlock(s, r0); smp_mb__after_srcu_read_unlock(); }\nexists (x=1)';
  const { results } = await checkLitmus({ source, models: ['6.1', '7.3'] });
  const { verdicts, changes } = (results[0] as LitmusReport).models!;
  t.regex(verdicts[0]!.refused!, /not in the model of Linux 6\.1/);
  t.is(verdicts[1]!.observation, 'Always');
  t.deepEqual(
    changes[0]!.rules.map(({ rule }) => rule),
    ['srcuUnlockFence'],
  );
});

const { source } = shape('SB+mbs');
const refused: readonly (readonly [what: string, options: object, message: RegExp])[] = [
  ['nothing to check', {}, /give a path or a source/],
  ['a misspelt option', { sorce: source }, /there is no option 'sorce'\. Did you mean 'source'\?/],
  [
    'a model that is not known',
    { source, model: '5.4' },
    /model: '5\.4' is not accepted; give one of 6\.1/,
  ],
  ['one model to compare', { source, models: ['6.1'] }, /models: \['6\.1'\] is not accepted/],
  [
    'a model for the machine',
    { source, on: 'machine', model: '7.3' },
    /model has no effect with on 'machine'/,
  ],
  ['a seed for the axioms', { source, seed: 3 }, /seed has no effect with on 'axioms'/],
  ['no runs', { source, on: 'machine', runs: 0 }, /runs: 0 is not accepted/],
  ['a limit that is no number', { source, limitMs: NaN }, /limitMs: NaN is not accepted/],
];

for (const [what, options, message] of refused) {
  test(`checkLitmus() refuses ${what}`, async (t) => {
    await t.throwsAsync(checkLitmus(options), { code: 'ERR_USAGE', message });
  });
}

test('litmusShapes() gives counted outcomes with grades', async (t) => {
  const { shapes } = await litmusShapes({
    memory: 'weak',
    shapes: ['SB+poonceonces'],
    trials: 500,
  });
  t.is(shapes.length, 1);
  t.true(shapes[0]!.outcomes.reduce((sum, { count }) => sum + count, 0) >= 500);
  await t.throwsAsync(litmusShapes({ shapes: ['nothing'] }), { message: /shapes: \['nothing'\]/ });
});
