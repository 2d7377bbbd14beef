import test from 'ava';
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Corpus } from '../../src/campaign/plan/corpus.js';
import { checkPlan, type PlanFile } from '../../src/campaign/plan/plan.js';
import { parseUntil } from '../../src/campaign/plan/until.js';
import type { CampaignResult } from '../../src/campaign/plan/snapshot.js';
import { runCampaign } from '../../src/campaign/run-campaign.js';
import { partialResult } from '../../src/errors.js';
import { replay } from '../../src/campaign/replay.js';
import { campaignSessions, campaignTables } from '../../src/report/tables/planned.js';
import { campaignLines } from '../../src/cli/campaign-report.js';
import { noWmb, withWmb } from './no-wmb.js';

const folderOf = (): string => mkdtempSync(join(tmpdir(), 'klp-changed-'));
const PLAN = `name: changed
scenarios: [disable-call]
with: [none, ./changed.js]
executions: 300
range: 50
corpus: findings
`;

test.serial('with: is one more list; its findings are kept, fixed and stale', async (t) => {
  const folder = folderOf();
  const [plan, file] = [join(folder, 'plan.yaml'), join(folder, 'changed.js')];
  writeFileSync(plan, PLAN);
  writeFileSync(file, noWmb);
  const first = await runCampaign({ plan, threads: 1 });
  t.deepEqual(
    first.jobs.map((job) => [job.with, job.outcomes.some(({ key }) => key === 'WARN 34')]),
    [
      [undefined, false],
      [file, true],
    ],
  );
  t.true(first.findings[0]!.replay.endsWith(` --with ${file}`));
  t.regex(campaignLines(first), / with +executions /);
  const [, table] = campaignTables(first);
  t.is(table!.replace, file);
  t.deepEqual(
    campaignSessions(plan)(first).map(({ session }) => session.scenario.replace),
    [undefined, file],
  );

  // The folder moves as a whole: a finding names its file relative to itself.
  const moved = `${folder}-moved`;
  renameSync(folder, moved);
  const there = join(moved, 'plan.yaml');
  const small = PLAN.replace('300', '1');
  writeFileSync(there, small);
  const statusNow = async (): Promise<unknown> => {
    const { replayed } = await runCampaign({ plan: there, threads: 1 });
    return replayed.map(({ status, now }) => [status, now]);
  };
  t.deepEqual(await statusNow(), [['open', 'WARN 34']]);
  writeFileSync(join(moved, 'changed.js'), withWmb);
  t.deepEqual(await statusNow(), [['fixed', 'f_a, pending']]);
  writeFileSync(there, small.replace('with: [none, ./changed.js]\n', ''));
  rmSync(join(moved, 'changed.js'));
  const [[status, now]] = (await statusNow()) as [[string, string]];
  t.is(status, 'stale');
  t.regex(now, /changed\.js/);
  const [entry] = [...new Corpus(join(moved, 'findings')).entries().values()];
  t.is(entry!.with, '../changed.js');
  t.is(entry!.status, 'stale');
});

for (const [name, replaced, says] of [
  ['a file that is not there', undefined, /plan\.yaml:3:14: there is no file \.\/changed\.js/],
  [
    'a name that is no kernel function',
    'export function klpInitTransitoin(cpu) {}',
    /plan\.yaml:3:14: .*no ported kernel function/,
  ],
] as const) {
  test.serial(`with: is refused with its place for ${name}`, async (t) => {
    const folder = folderOf();
    writeFileSync(join(folder, 'plan.yaml'), PLAN);
    if (replaced !== undefined) writeFileSync(join(folder, 'changed.js'), replaced);
    await t.throwsAsync(runCampaign({ plan: join(folder, 'plan.yaml'), threads: 1 }), {
      code: 'ERR_USAGE',
      message: says,
    });
  });
}

test.serial('with: is refused for a scenario that it does not change', async (t) => {
  const folder = folderOf();
  writeFileSync(join(folder, 'plan.yaml'), PLAN.replace('disable-call', 'disable-protocol-1'));
  writeFileSync(join(folder, 'changed.js'), noWmb);
  await t.throwsAsync(runCampaign({ plan: join(folder, 'plan.yaml'), threads: 1 }), {
    code: 'ERR_USAGE',
    message: /plan\.yaml:3:14: .*has no effect: disable-protocol-1 contains no function/,
  });
});

test.serial('a scenario that is not there is named with its place', async (t) => {
  const plan = join(folderOf(), 'plan.yaml');
  writeFileSync(
    plan,
    "name: n\nkernels: ['6.1']\nscenarios:\n  - shadow-get\n  - nosuch\nexecutions: 1\n",
  );
  await t.throwsAsync(runCampaign({ plan, threads: 1 }), {
    code: 'ERR_USAGE',
    message: /plan\.yaml:5:5: there is no scenario nosuch/,
  });
});

test.serial("findings of a user's own scenario have their file in reports", async (t) => {
  const folder = folderOf();
  mkdirSync(join(folder, 'races'));
  writeFileSync(
    join(folder, 'races', 'own.mjs'),
    `import { claimLocal, MemoryMap, race } from 'klp-smp';
export const own = race({
  name: 'own',
  description: 'one word',
  outcomes: { 1: { grade: 'forbidden', reason: 'stored' } },
  build() {
    const map = new MemoryMap();
    const localBase = claimLocal(map, 1);
    const word = map.claimWords('word', 1);
    return { ctx: {}, map, localBase, bodies: [(cpu) => cpu.writeOnce(word, 1)] };
  },
  observe: () => '1',
});
`,
  );
  const plan = join(folder, 'plan.yaml');
  writeFileSync(plan, 'name: n\nscenarios: [./races/own.mjs]\nexecutions: 5\ncorpus: findings\n');
  const result = await runCampaign({ plan, threads: 1 });
  const [table] = campaignTables(result);
  const file = join(folder, 'races', 'own.mjs');
  t.is(table!.file, file);
  t.is(table!.place?.line, 3);
  const token = table!.outcomes[0]!.token!;
  t.is((await replay({ token, file })).verdict.key, '1');
  const again = await runCampaign({ plan, threads: 1 });
  t.deepEqual(
    again.replayed.map(({ status }) => status),
    ['open'],
  );
});

const endless: PlanFile = {
  name: 'n',
  scenarios: ['disable-protocol-1'],
  executions: 1e9,
  range: 20,
};

test.serial('a campaign ends at a moment, or when enough has been counted', async (t) => {
  const soon = new Date(Date.now() + 6000).toISOString().replace(/\.\d+Z$/, 'Z');
  // On a busy machine nothing is executed by then, which is an error with the same end.
  const byTime = await runCampaign({ plan: endless, threads: 1, until: soon }).catch(partialResult);
  t.is((byTime as CampaignResult).ended, 'out of time');
  const counted = await runCampaign({ plan: endless, threads: 1, until: 'executions=30' });
  t.is(counted.ended, 'target reached');
  t.true(counted.done >= 30 && counted.done < 1e9);
  t.false(counted.isComplete);
  const plan = { ...endless, scenarios: ['disable-call'], ablations: ['O-01'] };
  const found = await runCampaign({ plan, threads: 1, until: 'findings=1' });
  t.deepEqual([found.ended, found.findings.length], ['target reached', 1]);
});

test('what --until takes', (t) => {
  const now = new Date(2026, 10, 29, 12, 0).getTime();
  const minutes = 60_000;
  t.deepEqual(parseUntil('12:30', now), { kind: 'moment', atMs: now + 30 * minutes });
  t.deepEqual(parseUntil('12:00', now), { kind: 'moment', atMs: now + 24 * 60 * minutes });
  t.deepEqual(parseUntil('2026-11-29T12:01', now), { kind: 'moment', atMs: now + minutes });
  t.deepEqual(parseUntil('executions=5', now), { kind: 'executions', count: 5 });
  t.deepEqual(parseUntil('findings=2', now), { kind: 'findings', count: 2 });
  for (const text of [
    ...['', '24:00', '12:60', '8h', 'executions=0', 'executions=-1', 'findings', 'errors=1'],
    ...['2026-11-29T11:59', '2027-11-29T12:00', '2026-13-01T00:00', 'executions=99999999999999'],
  ]) {
    t.is(parseUntil(text, now), undefined, text);
  }
});

test('what is missing in a campaign is complained about where the campaign begins', (t) => {
  t.throws(() => checkPlan('here', { name: 'n', executions: 1 }, '.'), {
    message: /^here: scenarios is missing/,
  });
});
