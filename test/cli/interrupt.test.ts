import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import type { CampaignResult } from '../../src/campaign/plan/snapshot.js';
import { runCampaign } from '../../src/campaign/run-campaign.js';
import { partialResult } from '../../src/errors.js';
import { MAIN } from './child.js';

/** Loaded into a command: tells when the command asks for its interrupts. */
const TELLS = `data:text/javascript,process.on('newListener',e=>e==='SIGINT'&&setImmediate(()=>process.send('up',()=>process.disconnect())))`;

/** Start a command, and wait until it hears signals. */
async function start(...args: readonly string[]): Promise<ChildProcess> {
  const child = spawn(process.execPath, ['--import', TELLS, MAIN, ...args], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  await once(child, 'message');
  return child;
}

/** A campaign of hours; the part of a range that is counted at the interrupt is kept. */
const PLAN = join(mkdtempSync(join(tmpdir(), 'klp-interrupt-')), 'plan.yaml');
writeFileSync(
  PLAN,
  'name: long\nscenarios: [disable-call, disable-switch]\nexecutions: 100000000\nrange: 10000000\n',
);

/** Long work of every kind; the points at which it is interrupted cover its start and its middle. */
const long: readonly string[] = [
  'verify --json',
  'latent --json',
  'ablate --all --json',
  'ablate O-04 --on threads --json',
  'history --json',
  'compare disable-switch --runs 1000000 --json',
  'bench dispatch --time 1h --json',
  'stress --duration 1h --json',
  'explore system-enable-disable --budget 1h --json',
  'litmus ../shared/litmus/tests --on machine --json',
  'conformance ../shared/litmus --json',
  'verify --exhaust disable-switch --budget 1h --json',
  `campaign run ${PLAN} --json`,
];

for (const [i, args] of long.entries()) {
  test.serial(`Ctrl-C ends it with 130, "interrupted" and what there is: ${args}`, async (t) => {
    const child = await start(...args.split(' '));
    let [out, err] = ['', ''];
    child.stdout?.on('data', (data: Buffer) => (out += data.toString()));
    child.stderr?.on('data', (data: Buffer) => (err += data.toString()));
    const closed = once(child, 'close');
    setTimeout(() => child.kill('SIGINT'), 700 * (i % 4));
    t.deepEqual(await closed, [130, null]);
    t.is(err, 'klp-smp: interrupted\n');
    const report = JSON.parse(out) as { interrupted?: boolean; isInterrupted?: boolean };
    t.true(report.interrupted ?? report.isInterrupted);
  });
}

test.serial('SIGTERM ends it with 143', async (t) => {
  const child = await start('stress', '--duration', '1h');
  const closed = once(child, 'close');
  child.kill('SIGTERM');
  t.deepEqual(await closed, [143, null]);
});

test.serial(
  'an interrupted campaign counts what was executed of ranges under way too',
  async (t) => {
    const stop = new AbortController();
    let told = 0;
    const onSnapshot = (): void => {
      if (++told === 8) stop.abort();
    };
    // On a machine that is busy enough nothing was executed by then: that is thrown, with the same result.
    const run = runCampaign({ plan: PLAN, signal: stop.signal, onSnapshot });
    const result = await run.catch((error: unknown) => partialResult(error) as CampaignResult);
    const { jobs, done, ended, interrupted } = result;
    t.is(ended, 'interrupted');
    t.true(interrupted);
    t.is(jobs.length, 2);
    const counted = jobs.flatMap(({ outcomes }) => outcomes).reduce((sum, it) => sum + it.count, 0);
    t.is(counted, done);
  },
);
