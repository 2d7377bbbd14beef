import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import test from 'ava';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import type { CampaignResult } from '../../src/campaign/plan/snapshot.js';
import { keysOf, PREFIX, queueName } from '../../src/campaign/redis/keys.js';
import { runCampaign } from '../../src/campaign/run-campaign.js';
import { noWmb, withWmb } from '../campaign/no-wmb.js';
import { RedisServer, start, type Running } from './server.js';

const server = await RedisServer.start();
test.after.always(() => server.down());

/** A campaign file; each test has its own name on the server. */
function planFile(name: string, executions = 3000, scenario = 'disable-call'): string {
  const file = join(mkdtempSync(join(tmpdir(), 'klp-redis-')), 'plan.yaml');
  writeFileSync(
    file,
    `name: ${name}\nscenarios: [${scenario}]\nablations: [none, O-01]\nexecutions: ${executions}\nrange: 100\n`,
  );
  return file;
}

const redisArgs = ['--redis', server.url];
const worker = (name: string, ...args: string[]): Running =>
  start('campaign', 'worker', ...redisArgs, '--campaign', name, '--threads', '1', ...args);

/** Whether a process goes on. */
function isRunning({ ended }: Running): () => boolean {
  const state = { running: true };
  void ended.then(() => (state.running = false));
  return () => state.running;
}

/** The counts that must not depend on who did the work. */
const countsOf = (result: CampaignResult): unknown =>
  result.jobs.map(({ digest, outcomes, done, steps }) => ({ digest, outcomes, done, steps }));

async function resultOf(run: Running): Promise<CampaignResult> {
  const { stdout, stderr } = await run.ended;
  try {
    return JSON.parse(stdout) as CampaignResult;
  } catch {
    throw new Error(`no result: ${stderr}`);
  }
}

test.serial('two workers count what one machine alone counts', async (t) => {
  const file = planFile('two');
  const alone = await runCampaign({ plan: file, threads: 1 });
  const run = start('campaign', 'run', file, ...redisArgs, '--json');
  const workers = [worker('two', '--until-idle'), worker('two', '--until-idle')];
  const result = await resultOf(run);
  t.deepEqual(countsOf(result), countsOf(alone));
  t.is((await run.ended).code, 1);
  for (const { ended } of workers) t.is((await ended).code, 0);
  const redis = new Redis(server.url);
  t.deepEqual(await redis.keys('*two*'), []);
  redis.disconnect();
});

test.serial('workers that are killed lose nothing and count nothing twice', async (t) => {
  const file = planFile('killed', 2000);
  const alone = await runCampaign({ plan: file, threads: 1 });
  const run = start('campaign', 'run', file, ...redisArgs, '--json');
  const running = isRunning(run);
  let kills = 0;
  // A worker lives from half a second, mostly its start, to two and a half: it dies anywhere in its work.
  for (let i = 0; running() && kills < 8; i++) {
    const { child, ended } = worker('killed');
    await sleep(500 + ((i * 773) % 2000));
    child.kill('SIGKILL');
    await ended;
    kills++;
  }
  const last = worker('killed', '--until-idle');
  const result = await resultOf(run);
  t.deepEqual(countsOf(result), countsOf(alone));
  t.is(result.ended, 'complete');
  t.true(kills > 0);
  t.log(`${kills} workers were killed`);
  last.child.kill('SIGKILL');
  await last.ended;
});

test.serial('a server that is killed and comes back loses nothing', async (t) => {
  const file = planFile('restart', 2000);
  const alone = await runCampaign({ plan: file, threads: 1 });
  const run = start('campaign', 'run', file, ...redisArgs, '--json');
  const busy = worker('restart', '--until-idle');
  const redis = new Redis(server.url);
  // Both are connected, and at work.
  while ((await redis.llen(keysOf('restart').order)) === 0) await sleep(50);
  redis.disconnect();
  const running = isRunning(run);
  let restarts = 0;
  for (; running() && restarts < 4; restarts++) {
    await sleep(1500);
    await server.down();
    await sleep(300);
    await server.up();
  }
  const result = await resultOf(run);
  t.deepEqual(countsOf(result), countsOf(alone));
  t.true(restarts > 0);
  busy.child.kill('SIGKILL');
  await busy.ended;
});

test.serial('a worker with other code is refused by name', async (t) => {
  const source = (value: number): string => `
import { claimLocal, MemoryMap, race } from 'klp-smp';
export const own = race({
  name: 'own',
  description: 'one word',
  outcomes: { 1: { grade: 'acceptable', reason: 'stored' } },
  build() {
    const map = new MemoryMap();
    const localBase = claimLocal(map, 1);
    const word = map.claimWords('word', 1);
    return { ctx: {}, map, localBase, bodies: [(cpu) => cpu.writeOnce(word, ${value})] };
  },
  observe: () => '1',
});
`;
  const [here, there] = [1, 2].map((value) => {
    const folder = mkdtempSync(join(tmpdir(), 'klp-own-'));
    writeFileSync(join(folder, 'own.mjs'), source(value));
    return folder;
  });
  const file = join(here!, 'plan.yaml');
  writeFileSync(file, 'name: other\nscenarios: [./own.mjs]\nexecutions: 200\nrange: 100\n');
  const run = start('campaign', 'run', file, ...redisArgs, '--json');
  const redis = new Redis(server.url);
  while ((await redis.exists(keysOf('other').plan)) === 0) await sleep(50);
  const stranger = await worker('other', '--folder', there!).ended;
  t.is(stranger.code, 2);
  t.regex(
    stranger.stderr,
    /refused by other: the code of own is \w{8} here and \w{8} in the campaign/,
  );
  const own = worker('other', '--folder', here!, '--until-idle');
  const result = await resultOf(run);
  t.true(result.isComplete);
  t.true(result.notes.some((note) => /is refused: the code of own/.test(note)));
  await own.ended;
  redis.disconnect();
});

test.serial(
  'changed kernel code needs the same file on a worker; others are refused by name',
  async (t) => {
    const [here, there] = [noWmb, withWmb].map((code) => {
      const folder = mkdtempSync(join(tmpdir(), 'klp-changed-'));
      writeFileSync(join(folder, 'changed.js'), code);
      return folder;
    });
    const file = join(here!, 'plan.yaml');
    writeFileSync(
      file,
      'name: changed\nscenarios: [disable-call]\nwith: [./changed.js]\nexecutions: 300\nrange: 50\n',
    );
    const alone = await runCampaign({ plan: file, threads: 1 });
    const run = start('campaign', 'run', file, ...redisArgs, '--json');
    const redis = new Redis(server.url);
    while ((await redis.exists(keysOf('changed').plan)) === 0) await sleep(50);
    redis.disconnect();
    const stranger = await worker('changed', '--folder', there!).ended;
    t.is(stranger.code, 2);
    t.regex(
      stranger.stderr,
      /refused by changed: the code of disable-call is \w{8} here and \w{8} in the campaign/,
    );
    const nobody = await worker('changed', '--folder', tmpdir()).ended;
    t.is(nobody.code, 2);
    t.regex(nobody.stderr, /refused by changed: there is no file \.\/changed\.js here/);
    const own = worker('changed', '--folder', here!, '--until-idle');
    const result = await resultOf(run);
    await own.ended;
    t.deepEqual(countsOf(result), countsOf(alone));
    t.true(result.jobs[0]!.outcomes.some(({ key }) => key === 'WARN 34'));
    t.true(result.findings[0]!.replay.endsWith(`--with ${join(here!, 'changed.js')}`));
  },
);

test.serial(
  'a campaign with enough findings sends its workers away; a later run goes on',
  async (t) => {
    const file = planFile('enough', 3000);
    const alone = await runCampaign({ plan: file, threads: 1 });
    const args = ['campaign', 'run', file, ...redisArgs, '--json'];
    const run = start(...args, '--until', 'findings=1');
    const first = worker('enough', '--until-idle');
    const result = await resultOf(run);
    t.is(result.ended, 'target reached');
    t.true(result.done < result.total);
    t.is((await first.ended).code, 0);
    const rest = start(...args);
    const second = worker('enough', '--until-idle');
    t.deepEqual(countsOf(await resultOf(rest)), countsOf(alone));
    t.is((await second.ended).code, 0);
  },
);

test.serial('a range whose worker is killed twice is taken over twice', async (t) => {
  const file = planFile('again', 4000);
  // One range: whoever is killed has it.
  writeFileSync(file, 'name: again\nscenarios: [disable-call]\nexecutions: 4000\nrange: 4000\n');
  const alone = await runCampaign({ plan: file, threads: 1 });
  const run = start('campaign', 'run', file, ...redisArgs, '--json');
  const redis = new Redis(server.url);
  const queue = new Queue(queueName('again'), { connection: redis, prefix: PREFIX });
  let stalls = 0;
  for (let kills = 0; kills < 2; kills++) {
    const { child, ended } = worker('again');
    // A range that was killed stays active until it is found to be stalled; then its new worker counts that.
    for (;;) {
      const [job] = await queue.getActive();
      if (job !== undefined && job.stalledCounter === kills) break;
      await sleep(50);
    }
    child.kill('SIGKILL');
    await ended;
  }
  const last = worker('again', '--until-idle');
  const deadline = performance.now() + 120_000;
  while (stalls < 2 && performance.now() < deadline) {
    const [job] = await queue.getActive();
    stalls = Math.max(stalls, job?.stalledCounter ?? 0);
    await sleep(50);
  }
  t.is(stalls, 2);
  t.deepEqual(countsOf(await resultOf(run)), countsOf(alone));
  t.is((await last.ended).code, 0);
  await queue.close();
  redis.disconnect();
});

test.serial('a campaign that is started again queues no range a second time', async (t) => {
  const file = planFile('twice', 2000);
  const alone = await runCampaign({ plan: file, threads: 1 });
  const args = ['campaign', 'run', file, ...redisArgs, '--json'];
  const redis = new Redis(server.url);
  const queue = new Queue(queueName('twice'), { connection: redis, prefix: PREFIX });
  const first = start(...args);
  while ((await queue.getWaitingCount()) < 40) await sleep(50);
  first.child.kill('SIGINT');
  await first.ended;
  const second = start(...args);
  const busy = worker('twice', '--until-idle');
  let most = 0;
  while ((await redis.llen(keysOf('twice').order)) < 5) {
    most = Math.max(most, await queue.getWaitingCount());
    await sleep(20);
  }
  t.true(most <= 40, `${most} ranges`);
  t.deepEqual(countsOf(await resultOf(second)), countsOf(alone));
  t.is((await busy.ended).code, 0);
  await queue.close();
  redis.disconnect();
});

test.serial('a campaign can be paused, go on, be drained and be cancelled', async (t) => {
  const redis = new Redis(server.url);
  const file = planFile('steered', 1e6);
  const run = start('campaign', 'run', file, ...redisArgs, '--json');
  const busy = worker('steered', '--until-idle');
  const done = (): Promise<number> => redis.llen(keysOf('steered').order);
  while ((await done()) < 2) await sleep(100);
  const steer = (what: string): Promise<{ code: number | null }> =>
    start('campaign', what, 'steered', ...redisArgs).ended;
  t.is((await steer('pause')).code, 0);
  await sleep(2500); // What is under way ends.
  const paused = await done();
  await sleep(1000);
  t.is(await done(), paused);
  t.is((await steer('resume')).code, 0);
  while ((await done()) <= paused) await sleep(100);
  t.is((await steer('drain')).code, 0);
  const result = await resultOf(run);
  t.is(result.ended, 'drained');
  t.true(result.done >= paused * 100);
  t.is((await steer('cancel')).code, 0);
  const gone = await start('campaign', 'pause', 'steered', ...redisArgs).ended;
  t.is(gone.code, 2);
  t.regex(gone.stderr, /there is no campaign steered/);
  t.is((await busy.ended).code, 0);
  redis.disconnect();
});

test.serial('a server that is not there is one line, without the password', async (t) => {
  const { code, stderr } = await start(
    ...['campaign', 'worker', '--redis', 'redis://user:secret@127.0.0.1:1'],
  ).ended;
  t.is(code, 2);
  t.regex(stderr, /^klp-smp: no Redis server answers at redis:\/\/127\.0\.0\.1:1: ECONNREFUSED\n$/);
});
