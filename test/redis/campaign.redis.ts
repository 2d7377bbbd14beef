import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import test from 'ava';
import { Redis } from 'ioredis';
import type { CampaignResult } from '../../src/campaign/plan/snapshot.js';
import { keysOf } from '../../src/campaign/redis/keys.js';
import { runCampaign } from '../../src/campaign/run-campaign.js';
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
