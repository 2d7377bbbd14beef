/** All recorded verdicts of herd7 that lie beside the checkout, or where KLP_SMP_LITMUS says: states, counts and flags. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test, { type ExecutionContext } from 'ava';
import { conformance, type ConformanceOptions } from '../../src/campaign/litmus/conformance.js';

const shared = fileURLToPath(new URL('../../../../shared', import.meta.url));
const corpus = process.env['KLP_SMP_LITMUS'] ?? join(shared, 'litmus');
const cases = join(shared, 'cases', 'litmus');

/** Folders of recorded verdicts are not part of the project: a plain checkout has none. */
function isThere(t: ExecutionContext, path: string): boolean {
  if (existsSync(path)) return true;
  t.log(`nothing recorded at ${path}; set KLP_SMP_LITMUS to a folder with verdicts.jsonl`);
  t.pass();
  return false;
}

async function conforms(t: ExecutionContext, options: ConformanceOptions): Promise<void> {
  const { engines } = await conformance(options);
  const [engine] = engines;
  t.log(`${engine!.engine}, ${engine!.model}: ${engine!.run} of ${engine!.tests} tests`);
  t.deepEqual(
    engine!.differences.filter((d) => d.outside.length > 0 || d.counts || d.flags),
    [],
  );
  t.deepEqual(engine!.failures, []);
  t.true(engine!.conforms);
  t.true(engine!.run > 0);
}

const verdicts73 = join(corpus, 'verdicts-7.3.jsonl');

for (const [model, verdicts] of [
  ['6.1', join(corpus, 'verdicts.jsonl')],
  // Nothing is recorded for 6.12: it agrees with 7.3, except for a flag on plain stores before read-modify-writes.
  ['6.12', verdicts73],
  ['7.3', verdicts73],
] as const) {
  test(`the axioms of ${model} have herd7's states, counts and flags on all recorded tests`, async (t) => {
    if (!isThere(t, verdicts)) return;
    await conforms(t, { dir: corpus, on: ['axioms'], model, verdicts });
  });
}

test("the axioms have herd7's verdict on every small case, and refuse what it refuses", async (t) => {
  if (!isThere(t, cases)) return;
  await conforms(t, { dir: cases, on: ['axioms'] });
});

for (const dir of [corpus, cases]) {
  test(`the view machine shows no state that herd7 does not, on ${dir === cases ? 'every small case' : 'all recorded tests'}`, async (t) => {
    if (!isThere(t, join(dir, 'verdicts.jsonl'))) return;
    await conforms(t, { dir, on: ['machine'], runs: 200 });
  });
}
