import test from 'ava';
import { explore } from '../../src/campaign/explore.js';
import { checkPlan, combinationsOf, type PlanFile } from '../../src/campaign/plan/plan.js';
import { runCampaign } from '../../src/campaign/run-campaign.js';

const SEARCH = { name: 'whole', strategies: ['dfs'], memories: ['sc'] } as const;

/** Outcomes of the only job of a campaign, and how many executions it had. */
async function searched(plan: Partial<PlanFile>, threads = 1) {
  const { jobs, ended } = await runCampaign({
    plan: { ...SEARCH, ...plan } as PlanFile,
    threads,
  });
  const [job] = jobs;
  const counts = Object.fromEntries(job!.outcomes.map(({ key, count }) => [key, count]));
  return { counts, executed: job!.executed, digest: job!.digest, ended, job: job! };
}

for (const prefix of [1, 3, 5]) {
  test(`all parts with prefixes of ${prefix} steps are the whole search within a bound, each execution once`, async (t) => {
    const scenario = 'disable-protocol-1';
    const bounds = { preemptions: 2 };
    const options = { scenario, memory: 'sc', strategy: 'dfs' } as const;
    const whole = await explore({ ...options, ...bounds });
    t.true(whole.exhausted);
    const parts = await searched({ scenarios: [scenario], prefix, ...bounds });
    t.is(parts.executed, whole.executions);
    t.deepEqual(
      parts.counts,
      Object.fromEntries(whole.outcomes.map(({ key, count }) => [key, count])),
    );
    t.is(parts.ended, 'complete');
    t.is(parts.job.done, parts.job.executions);
  });
}

test('reduced parts show every outcome that the reduced whole shows, in any order the same', async (t) => {
  const scenario = 'disable-protocol-1';
  for (const ablated of ['none', 'O-01']) {
    const options = { scenario, memory: 'lkmm', strategy: 'dfs' } as const;
    const whole = await explore({
      ...options,
      ...(ablated === 'none' ? {} : { ablate: [ablated] }),
    });
    const plan = { scenarios: [scenario], memories: ['lkmm'], ablations: [ablated] } as const;
    const one = await searched({ ...plan, prefix: 3 });
    const two = await searched({ ...plan, prefix: 3 }, 2);
    t.deepEqual(Object.keys(one.counts).sort(), whole.outcomes.map(({ key }) => key).sort());
    t.deepEqual(two.counts, one.counts);
    t.is(two.digest, one.digest);
    t.is(two.executed, one.executed);
  }
});

test('a search takes no number of executions, and what draws takes no prefix', (t) => {
  const check = (plan: object): unknown =>
    checkPlan('here', { name: 'n', scenarios: ['disable-call'], ...plan }, '.');
  t.throws(() => check({ strategies: ['dfs'], executions: 5 }), {
    message: /here: executions has no effect with strategies dfs/,
  });
  t.throws(() => check({ prefix: 2, executions: 5 }), {
    message: /here: prefix has no effect with strategies random/,
  });
  t.throws(() => check({}), { message: /here: executions is missing: give an integer/ });
  const both = { strategies: ['dfs', 'random'], seeds: [1, 2], executions: 5, preemptions: 1 };
  const plan = checkPlan('here', { name: 'n', scenarios: ['disable-call'], ...both }, '.');
  t.deepEqual(
    combinationsOf(plan).map(({ strategy }) => strategy),
    [
      { kind: 'dfs', prefix: { steps: 3 }, preemptions: 1 },
      { kind: 'random', seed: 1 },
      { kind: 'random', seed: 2 },
    ],
  );
});
