import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { format, resolveConfig } from 'prettier';
import { L_2, reverseDisable } from '../../src/catalog/latent/l-2-reversed-disable.js';
import { L_7 } from '../../src/catalog/latent/l-7-stale-addresses.js';
import { LATENT } from '../../src/catalog/latent.js';
import { FIXED_RACES, LATENT_RACES, RACES } from '../../src/catalog/races.js';
import { latentPage } from '../../src/report/latent-page.js';
import { stepsIn, type LatentRace, type LatentScript } from '../../src/scenario/latent.js';

const races = LATENT.flatMap(({ attempts }) => attempts).filter(
  (a): a is LatentRace => a.kind === 'race',
);
const scriptOf = (id: string): LatentScript =>
  LATENT.find((issue) => issue.id === id)!.attempts.find(
    (a): a is LatentScript => a.kind === 'script',
  )!;

test('L-1 to L-9 are each attempted', (t) => {
  t.deepEqual(
    LATENT.map(({ id }) => id),
    ['L-1', 'L-2', 'L-3', 'L-4', 'L-5', 'L-6', 'L-7', 'L-8', 'L-9'],
  );
  for (const { id, attempts } of LATENT) t.true(attempts.length > 0, id);
});

test('every race of an issue predicts what the issue says, with nothing removed', (t) => {
  for (const { scenario, shows } of races) {
    const race = LATENT_RACES.find(({ name }) => name === scenario);
    const predicted = race?.ablations?.filter(({ sites }) => sites.length === 0);
    t.deepEqual(
      predicted?.map(({ finds }) => finds),
      [shows],
      scenario,
    );
  }
  t.is(new Set(races.map(({ scenario }) => scenario)).size, LATENT_RACES.length);
});

test('the control of every race is a race that must be clean', (t) => {
  const clean = new Set([...RACES, ...FIXED_RACES].map(({ name }) => name));
  for (const { scenario, control } of races) t.true(clean.has(control?.scenario ?? ''), scenario);
});

test('L-2: with a patch on top the list head is read as a function, and a task is switched unchecked', (t) => {
  const alone = reverseDisable(false);
  t.like(alone, { headReads: 0, isSwitched: false });
  const covered = reverseDisable(true);
  t.true(covered.headReads > 0);
  t.true(covered.isSwitched);
  t.deepEqual(
    scriptOf(L_2.id)
      .run(1, '6.5')
      .findings.map(({ key }) => key),
    ['bogus pointer', 'unchecked switch'],
  );
});

test('L-4: a task that has left the task list executes freed text', (t) => {
  const keys = scriptOf('L-4')
    .run(1, '6.5')
    .findings.map(({ key }) => key);
  t.deepEqual(keys, ['I-7', 'oops']);
});

test('L-7: refused modules leave stale addresses behind, and nothing uses them', (t) => {
  t.log('seed 1');
  const { findings, searched } = scriptOf(L_7.id).run(1, '6.5');
  t.true(searched > 10, `${searched} sequences left a stale address behind`);
  t.deepEqual(findings, []);
});

test('6.1 cannot have what needs a hook, and the others have it', (t) => {
  const absent = LATENT.filter((issue) => issue.absent !== undefined);
  t.deepEqual(
    absent.map(({ id, absent: versions }) => [id, ...Object.keys(versions ?? {})]),
    [
      ['L-1', '6.1'],
      ['L-5', '6.1'],
      ['L-6', '6.1'],
    ],
  );
});

test('an interleaving names the lines of its release, and only the steps that the release takes', (t) => {
  const [hook] = LATENT;
  t.true(stepsIn(hook!, '6.12').some((step) => step.includes('transition.c:233')));
  t.true(stepsIn(hook!, '6.12').some((step) => step.includes('__cond_resched()')));
  t.false(stepsIn(hook!, '7.3').some((step) => step.includes('__cond_resched()')));
  t.true(stepsIn(hook!, '7.3').some((step) => step.includes('__schedule()')));
  t.true(stepsIn(hook!, '7.3').every((step) => /\.c:\d/.test(step)));
  t.true(stepsIn(hook!, '7.3').some((step) => step.includes('transition.c:224')));
  t.false(stepsIn(hook!, '6.5').some((step) => step.includes('core.c:')));
});

for (const version of ['6.1', '6.12', '7.3'] as const) {
  test(`${version}: L-2 and L-4 are there as in 6.5`, (t) => {
    for (const id of ['L-2', 'L-4']) {
      const { findings } = scriptOf(id).run(1, version);
      t.deepEqual(
        findings.map(({ key }) => key),
        scriptOf(id)
          .run(1, '6.5')
          .findings.map(({ key }) => key),
      );
    }
  });
}

test('the pages of the issues are those that the catalogue writes', async (t) => {
  for (const issue of LATENT) {
    const page = fileURLToPath(new URL(`../../../docs/latent/${issue.id}.md`, import.meta.url));
    const options = await resolveConfig(page);
    t.is(
      readFileSync(page, 'utf8'),
      await format(latentPage(issue), { ...options, parser: 'markdown' }),
    );
  }
});
