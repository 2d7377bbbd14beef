import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import fc from 'fast-check';
import { Corpus } from '../../src/campaign/plan/corpus.js';
import { Ledger, planJob, type PlanJob } from '../../src/campaign/plan/ledger.js';
import { checkPlan, combinationsOf, type PlanFile } from '../../src/campaign/plan/plan.js';
import { readPlan } from '../../src/campaign/plan/read-plan.js';
import { runCampaign } from '../../src/campaign/run-campaign.js';
import { emptyTally, type Tally } from '../../src/campaign/work/tally.js';
import { UsageError } from '../../src/errors.js';

const folder = (): string => mkdtempSync(join(tmpdir(), 'klp-plan-'));

function planText(text: string): string {
  const file = join(folder(), 'plan.yaml');
  writeFileSync(file, text);
  return file;
}

test('a campaign goes over kernels, each a combination of its own', async (t) => {
  const plan = checkPlan(
    'here',
    { name: 'n', scenarios: ['disable-call'], kernels: ['6.1', '7.3'], executions: 20 },
    '.',
  );
  t.deepEqual(
    combinationsOf(plan).map(({ source }) => source),
    ['disable-call@6.1', 'disable-call@7.3'],
  );
  const { jobs } = await runCampaign({
    plan: { name: 'n', scenarios: ['disable-call'], kernels: ['6.1', '7.3'], executions: 20 },
    threads: 1,
  });
  t.deepEqual(
    jobs.map(({ scenario, done }) => [scenario, done]),
    [
      ['disable-call@6.1', 20],
      ['disable-call@7.3', 20],
    ],
  );
  t.not(jobs[0]?.digest, jobs[1]?.digest);
  const twice = { name: 'n', scenarios: ['disable-call@6.1'], kernels: ['7.3'], executions: 1 };
  await t.throwsAsync(runCampaign({ plan: twice as PlanFile, threads: 1 }), {
    message: /kernels: disable-call@6\.1 names its kernel already/,
  });
});

test('a campaign is every combination of its lists, each once', (t) => {
  const plan = readPlan(
    planText(
      'name: n\nscenarios: [disable-call]\nmemories: [lkmm, sc]\nseeds: [1, 2]\nablations: [none, "O-01,O-10"]\nexecutions: 10\n',
    ),
  );
  const all = combinationsOf(plan);
  t.is(all.length, 8);
  t.deepEqual(all[1]!.ablated, [1, 10]);
  t.is(new Set(all.map((it) => JSON.stringify(it))).size, 8);
});

const PLACED: readonly (readonly [lines: string, place: string])[] = [
  ['executions: 1\nseeds: [1, x]', '4:12'],
  ["executions: 1\nkernels: ['6.1', '6.6']", '4:18'],
  ['executions: 1\nbudget: 8', '4:9'],
  ['executions: 1\nseeds: [1, 2, 1]', '4:15'],
  ['executions: 1\nmemories: lkmm', '4:11'],
  ['executions: 1\nablations:\n  - none\n  - O-99', '6:5'],
  ['executionss: 1', '3:1'],
  ['executions: 1\nchoices: 2', '4:1'],
  ['executions: 1\ndepth: 3', '4:1'],
  ['executions: 1\nseeds: *a', '4:8'],
  ['executions: 1\nexecutions: 2', '4:1'],
  ['executions: 1\n\tseeds: [1]', '4:1'],
  ['seeds: [1]', '1:1'],
];

for (const [lines, place] of PLACED) {
  test(`a campaign file's fault has its place: ${JSON.stringify(lines)}`, (t) => {
    const file = planText(`name: n\nscenarios: [shadow-get]\n${lines}\n`);
    const error = t.throws(() => readPlan(file), { instanceOf: UsageError });
    t.true(error.message.startsWith(`${file}:${place}: `), error.message);
  });
}

const refused: readonly (readonly [title: string, text: string, says: RegExp])[] = [
  ['a syntax error, with its line', 'name: n\nscenarios: [a\n', /plan\.yaml:[23]:\d+: /],
  ['an unknown key', 'name: n\nscenario: [a]\nexecutions: 1\n', /'scenario'.*scenarios/],
  ['no scenarios', 'name: n\nexecutions: 1\n', /scenarios is missing/],
  ['an empty list', 'name: n\nscenarios: []\nexecutions: 1\n', /scenarios/],
  ['0 executions', 'name: n\nscenarios: [a]\nexecutions: 0\n', /executions: 0 is not accepted/],
  [
    'a memory that does not exist',
    'name: n\nscenarios: [a]\nexecutions: 1\nmemories: [tso]\n',
    /memories/,
  ],
  [
    'a site that does not exist',
    'name: n\nscenarios: [a]\nexecutions: 1\nablations: [O-99]\n',
    /ablations/,
  ],
  ['a key given twice', 'name: n\nname: m\n', /plan\.yaml:2:1: /],
  ['a list instead of a mapping', '- a\n', /holds no campaign/],
  ['a name that is a path', 'name: ../x\nscenarios: [a]\nexecutions: 1\n', /name: '\.\.\/x'/],
];
for (const [title, text, says] of refused) {
  test(`a campaign file is refused for ${title}`, (t) => {
    const error = t.throws(() => readPlan(planText(text)), { instanceOf: UsageError });
    t.regex(error.message, says);
  });
}

const job = (executions: number, seed = 1): PlanJob =>
  planJob({
    source: 'a',
    session: { scenario: { file: '/x/a.js', name: 'a' }, memory: 'sc', ablated: [] },
    strategy: { kind: 'random', seed },
    fingerprint: '00000000',
    executions,
  });

const tallyOf = (executions: number): Tally => ({
  ...emptyTally(),
  executions,
  digest: executions * 7,
});

test('ranges count once, in any order and however often they come, to the same totals', (t) => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 300 }),
      fc.integer({ min: 1, max: 50 }),
      fc.infiniteStream(fc.nat(1000)),
      (executions, size, stream) => {
        const jobs = [job(executions), job(Math.ceil(executions / 2), 2)];
        const random = stream[Symbol.iterator]();
        const pick = (n: number): number => (random.next().value as number) % n;
        const ledger = new Ledger(jobs, size);
        const ranges = [...ledger.ranges()];
        const left = [...ranges, ...ranges.slice(0, pick(ranges.length + 1))];
        let counted = 0;
        while (left.length > 0) {
          const [range] = left.splice(pick(left.length), 1);
          if (ledger.add(range!, tallyOf(range!.to - range!.from))) counted++;
        }
        return (
          counted === ranges.length &&
          ledger.isComplete &&
          ledger.totals().every(({ job: { executions: n }, tally }) => tally.executions === n)
        );
      },
    ),
    { seed: 20261128, numRuns: 200 },
  );
  t.pass();
});

test('the same work has the same name wherever its code lies, and other work another', (t) => {
  const one = job(10);
  const elsewhere = {
    ...one,
    session: { ...one.session, scenario: { file: '/y/a.js', name: 'a' } },
  };
  t.is(planJob(elsewhere).id, one.id);
  t.not(planJob({ ...one, fingerprint: '00000001' }).id, one.id);
  t.not(job(11).id, one.id);
});

const warn: PlanFile = {
  name: 'warn',
  scenarios: ['disable-call'],
  ablations: ['O-01'],
  executions: 1500,
  range: 100,
};

test('a finding is shrunk and kept; the next run replays it first and knows it', async (t) => {
  const corpus = folder();
  const first = await runCampaign({ plan: warn, corpus, threads: 2 });
  t.is(first.ended, 'complete');
  t.is(first.done, 1500);
  t.deepEqual(first.replayed, []);
  t.deepEqual(
    first.findings.map(({ outcome, isNew }) => [outcome, isNew]),
    [['WARN 34', true]],
  );
  const second = await runCampaign({ plan: warn, corpus, threads: 1 });
  t.deepEqual(
    second.replayed.map(({ outcome, status }) => [outcome, status]),
    [['WARN 34', 'open']],
  );
  t.false(second.findings[0]!.isNew);
  // One thread or two: the same executions.
  t.deepEqual(second.jobs, first.jobs);
});

test('a finding of the corpus that no longer happens is fixed or stale', async (t) => {
  const corpus = folder();
  const { replayed, findings } = await runCampaign({ plan: warn, corpus, threads: 1 });
  t.deepEqual([replayed.length, findings.length], [0, 1]);
  const [name] = [...new Corpus(corpus).entries().keys()];
  const file = join(corpus, name!);
  const entry = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
  // The same schedule and the same code, said to have ended otherwise.
  writeFileSync(file, JSON.stringify({ ...entry, outcome: 'oops' }));
  const clean = { ...warn, ablations: ['none'], executions: 10 };
  const again = await runCampaign({ plan: clean, corpus, threads: 1 });
  t.is(again.replayed[0]!.status, 'changed');
  writeFileSync(file, JSON.stringify({ ...entry, scenario: 'gone', file: '/no/such.js' }));
  const gone = await runCampaign({ plan: clean, corpus, threads: 1 });
  t.is(gone.replayed[0]!.status, 'stale');
});

test('a corpus with a file that is no finding is refused by its name', async (t) => {
  const corpus = folder();
  writeFileSync(join(corpus, 'x.json'), '{}');
  await t.throwsAsync(runCampaign({ plan: warn, corpus }), {
    instanceOf: UsageError,
    message: /x\.json is no finding/,
  });
});

test('a campaign that is stopped says so and keeps its counts', async (t) => {
  const controller = new AbortController();
  const plan = { ...warn, ablations: ['none'], executions: 1e9 };
  const result = await runCampaign({
    plan,
    threads: 1,
    signal: controller.signal,
    onSnapshot: ({ done }) => {
      if (done > 0) controller.abort();
    },
  });
  t.is(result.ended, 'interrupted');
  t.true(result.interrupted && !result.isComplete && result.done > 0);
});

function asNothing(error: Error): undefined {
  if (!/executed nothing: out of time/.test(error.message)) throw error;
}

test('a campaign whose time is over says so', async (t) => {
  const scenarios = ['disable-protocol-1'];
  const plan = { ...warn, scenarios, ablations: ['none'], executions: 1e9, range: 20 };
  // Ranges take milliseconds, but on a busy machine the first may start late: then there is more time.
  for (const budgetMs of [4000, 16_000, 64_000]) {
    const result = await runCampaign({ plan, threads: 1, budgetMs }).catch(asNothing);
    if (result === undefined) continue;
    t.is(result.ended, 'out of time');
    return;
  }
  t.fail('nothing was executed');
});

test('a plan that is checked keeps its folder', (t) => {
  t.is(checkPlan('x', warn, '/a').folder, '/a');
});

test('an alias of nothing in a campaign file is a mistake of the file', (t) => {
  const file = join(mkdtempSync(join(tmpdir(), 'klp-plan-')), 'plan.yaml');
  writeFileSync(file, 'name: x\nscenarios: [a]\nmemories: [*lkmm]\nexecutions: 5\n');
  t.throws(() => readPlan(file), {
    code: 'ERR_USAGE',
    message: /plan\.yaml:3:12: Unresolved alias/,
  });
});
