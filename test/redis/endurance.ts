/**
 * Long runs of campaigns over Redis: `npm run endurance -- overhead|kills|restarts [--executions N] [--kills N] [--minutes N]`.
 * Counts and hashes must be those of one machine alone; what was measured is printed as JSON. Outside CI: it takes its time.
 */

import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { CampaignResult } from '../../src/campaign/plan/snapshot.js';
import { RedisServer, start, type Running } from './server.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    executions: { type: 'string', default: '10000000' },
    kills: { type: 'string', default: '1000' },
    minutes: { type: 'string', default: '5' },
    rounds: { type: 'string', default: '3' },
    range: { type: 'string', default: '20000' },
    scenario: { type: 'string' },
  },
});

/** Two CPUs that store and read: small, so that what is measured is the handing out and merging. */
const SMALL = `
import { claimLocal, MemoryMap, race } from 'klp-smp';
const rule = { grade: 'acceptable', reason: 'any order' };
export const small = race({
  name: 'small',
  description: 'store buffering',
  outcomes: { '0 0, 1 0': rule, '0 0, 1 1': rule, '0 1, 1 0': rule, '0 1, 1 1': rule },
  build() {
    const map = new MemoryMap();
    const localBase = claimLocal(map, 2);
    const x = map.claimWords('x', 1);
    const y = map.claimWords('y', 1);
    return {
      ctx: {}, map, localBase,
      bodies: [
        (cpu) => { cpu.writeOnce(x, 1); cpu.trace(1, cpu.readOnce(y), 0, 0); },
        (cpu) => { cpu.writeOnce(y, 1); cpu.trace(1, cpu.readOnce(x), 0, 0); },
      ],
    };
  },
  observe: ({ events }) => events.map(({ cpu, a }) => cpu + ' ' + a).sort().join(', '),
});
`;

const HERTZ = 100;

/** Processor time of a process so far, in seconds; 0 when it is gone. */
function cpuSeconds({ child }: Pick<Running, 'child'>): number {
  try {
    const fields = readFileSync(`/proc/${child.pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    return (Number(fields[11]) + Number(fields[12])) / HERTZ;
  } catch {
    return 0;
  }
}

/** Processor time of a process over its life, looked at while it lives. */
async function watched(
  run: Running,
): Promise<{ result: CampaignResult; cpu: number; wall: number }> {
  const started = performance.now();
  let cpu = 0;
  const timer = setInterval(() => (cpu = Math.max(cpu, cpuSeconds(run))), 50);
  const { stdout, stderr } = await run.ended;
  clearInterval(timer);
  if (stdout === '') throw new Error(stderr);
  return {
    result: JSON.parse(stdout) as CampaignResult,
    cpu,
    wall: (performance.now() - started) / 1000,
  };
}

function planFile(name: string, executions: number, range = Number(values.range)): string {
  const folder = mkdtempSync(join(tmpdir(), 'klp-endurance-'));
  writeFileSync(join(folder, 'small.mjs'), SMALL);
  const file = join(folder, 'plan.json');
  const scenarios = [values.scenario ?? './small.mjs'];
  writeFileSync(file, JSON.stringify({ name, scenarios, executions, range }));
  return file;
}

const countsOf = ({ jobs }: CampaignResult): string =>
  JSON.stringify(
    jobs.map(({ digest, done, steps, outcomes }) => ({
      ...{ digest, done, steps },
      outcomes: outcomes.map(({ key, count, firstRun, token }) => ({
        key,
        count,
        firstRun,
        token,
      })),
    })),
  );
const median = (all: readonly number[]): number =>
  [...all].sort((a, b) => a - b)[all.length >> 1] ?? NaN;
const say = (what: object): void => void process.stdout.write(`${JSON.stringify(what)}\n`);

const worker = (server: RedisServer, folder: string, ...args: string[]): Running =>
  start(
    ...['campaign', 'worker', '--redis', server.url, '--threads', '1', '--folder', folder],
    ...args,
  );

/** What a run took, in seconds; `cpu` of all its processes. */
interface Cost {
  readonly wall: number;
  readonly cpu: number;
  readonly result: CampaignResult;
}

const over = (it: Cost, start: Cost): { wall: number; cpu: number } => ({
  wall: it.wall - start.wall,
  cpu: it.cpu - start.cpu,
});

/** One local run and one of 8 worker processes that wait for it, on the same cores. */
async function onceEach(
  server: RedisServer,
  name: string,
  executions: number,
  range?: number,
): Promise<{ local: Cost; shared: Cost }> {
  const file = planFile(name, executions, range);
  const local = await watched(start('campaign', 'run', file, '--threads', '8', '--json'));
  const workers = Array.from({ length: 8 }, () =>
    worker(server, join(file, '..'), '--campaign', name),
  );
  await sleep(15_000); // They start, and look for the campaign.
  const cpuSoFar = (): number => [...workers, server].reduce((sum, it) => sum + cpuSeconds(it), 0);
  const before = cpuSoFar();
  const run = await watched(
    start('campaign', 'run', file, '--redis', server.url, '--threads', '1', '--json'),
  );
  const shared = { ...run, cpu: run.cpu + cpuSoFar() - before };
  for (const { child } of workers) child.kill('SIGTERM');
  await Promise.all(workers.map((it) => it.ended));
  return { local, shared };
}

/** Cost of executing and merging in both setups, less the start: that is a campaign with one execution per worker. */
async function overhead(server: RedisServer): Promise<void> {
  const executions = Number(values.executions);
  const starts = await onceEach(server, 'starts', 8, 1);
  const ratios: { wall: number; cpu: number }[] = [];
  for (let round = 0; round < Number(values.rounds); round++) {
    const { local, shared } = await onceEach(server, `overhead-${round}`, executions);
    const alone = over(local, starts.local);
    const many = over(shared, starts.shared);
    ratios.push({ wall: many.wall / alone.wall, cpu: many.cpu / alone.cpu });
    const equal = countsOf(shared.result) === countsOf(local.result);
    const { wall, cpu } = local;
    const whole = { wall: shared.wall / wall, cpu: shared.cpu / cpu };
    say({ round, executions, equal, local: alone, shared: many, whole });
    if (!equal) process.exitCode = 1;
  }
  say({ wall: median(ratios.map(({ wall }) => wall)), cpu: median(ratios.map(({ cpu }) => cpu)) });
}

/** Run a campaign while something goes wrong, and compare. */
async function disturbed(
  server: RedisServer,
  name: string,
  executions: number,
  disturb: (isRunning: () => boolean, file: string) => Promise<number>,
): Promise<number> {
  const file = planFile(name, executions);
  const alone = await watched(start('campaign', 'run', file, '--threads', '2', '--json'));
  const run = start('campaign', 'run', file, '--redis', server.url, '--threads', '1', '--json');
  const state = { running: true };
  void run.ended.then(() => (state.running = false));
  const times = await disturb(() => state.running, file);
  const shared = await watched(run);
  const equal = countsOf(shared.result) === countsOf(alone.result);
  say({ name, executions, times, equal, digest: shared.result.jobs[0]?.digest });
  if (!equal) process.exitCode = 1;
  return times;
}

/** Four workers at any time, of which one is killed every 0.3 to 5.7 s: anywhere in its start or its work. */
async function kills(server: RedisServer): Promise<void> {
  let total = 0;
  let random = 1;
  for (let round = 0; total < Number(values.kills); round++) {
    const name = `kills-${round}`;
    total += await disturbed(server, name, Number(values.executions), async (isRunning, file) => {
      const spawn = (): Running => worker(server, join(file, '..'), '--campaign', name);
      const workers = [spawn(), spawn(), spawn(), spawn()];
      let killed = 0;
      while (isRunning() && total + killed < Number(values.kills)) {
        random = (Math.imul(random, 1664525) + 1013904223) >>> 0;
        await sleep(300 + (random % 5400));
        const at = (random >>> 8) & 3;
        workers[at]!.child.kill('SIGKILL');
        await workers[at]!.ended;
        killed++;
        workers[at] = spawn();
        if (killed % 25 === 0) say({ name, killed });
      }
      while (isRunning()) await sleep(500);
      for (const { child } of workers) child.kill('SIGKILL');
      return killed;
    });
  }
  say({ kills: total });
}

/** The server is killed every 10 s, and comes back. */
async function restarts(server: RedisServer): Promise<void> {
  const until = performance.now() + Number(values.minutes) * 60_000;
  let total = 0;
  for (let round = 0; performance.now() < until; round++) {
    const name = `restarts-${round}`;
    total += await disturbed(server, name, Number(values.executions), async (isRunning, file) => {
      const workers = [0, 1].map(() =>
        worker(server, join(file, '..'), '--campaign', name, '--until-idle'),
      );
      let times = 0;
      while (isRunning()) {
        await sleep(10_000);
        if (!isRunning() || performance.now() > until) continue;
        await server.down();
        await sleep(500);
        await server.up();
        times++;
      }
      for (const { child } of workers) child.kill('SIGKILL');
      return times;
    });
  }
  say({ restarts: total, minutes: Number(values.minutes) });
}

const MODES = { overhead, kills, restarts };
const mode = MODES[positionals[0] as keyof typeof MODES] as (typeof MODES)['kills'] | undefined;
if (mode === undefined) throw new Error(`say which: ${Object.keys(MODES).join(', ')}`);
const server = await RedisServer.start();
try {
  await mode(server);
} finally {
  await server.down();
}
