/** Memory over time: the resident memory of a long run, after it has settled and at its end. */

import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { ThreadTimes } from './thread-times.js';

const MAIN = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));
/** Processor time after which a run has loaded and compiled what it needs: its memory counts from there. */
const SETTLED_MS = 3000;
/** Growth from the middle of a run to its end that still counts as flat. */
const FLAT = 1.2;

const RUNS: readonly (readonly string[])[] = [
  ['explore', 'disable-switch', '--threads', '1', '--budget'],
  ['stress', '--cpus', '3', '--tasks', '64', '--duration'],
];

/** Resident memory of a process in MB; undefined once it is gone. */
function residentOf(pid: number): number | undefined {
  try {
    const [, kb] = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    return kb === undefined ? undefined : Number(kb) / 1024;
  } catch {
    return undefined; // It has ended.
  }
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);

/** Run both long commands at once for some minutes, and compare the memory of each in the middle with that at the end. */
export async function watchMemory(minutes: number) {
  const rows = RUNS.map(async (args) => {
    const ms = Math.round(minutes * 60_000);
    const child = spawn(process.execPath, [MAIN, ...args, `${ms}ms`], { stdio: 'ignore' });
    const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
    const times = new ThreadTimes(child.pid ?? 0);
    const samples: number[] = [];
    let ranMs = 0;
    while (child.exitCode === null && child.signalCode === null) {
      const mb = residentOf(child.pid ?? 0);
      ranMs = Math.max(ranMs, times.look().ranMs);
      if (mb !== undefined && ranMs >= SETTLED_MS) samples.push(mb);
      await sleep(Math.min(1000, ms / 40));
    }
    const code = await ended;
    const fifth = Math.max(1, Math.floor(samples.length / 5));
    const middle = mean(samples.slice(2 * fifth, 3 * fifth));
    const end = mean(samples.slice(-fifth - 2, -2));
    const isTold = ranMs >= 2 * SETTLED_MS;
    const isFlat = !isTold || end <= middle * FLAT;
    const seen = isTold
      ? `${Math.round(middle)} MB in the middle, ${Math.round(end)} MB at the end of ${minutes} min`
      : `${(ranMs / 1000).toFixed(1)} s of the processor tell nothing of its memory; give --minutes`;
    return {
      what: `memory: ${args.slice(0, 2).join(' ')}`,
      times: 1,
      how: `exit ${String(code)}, ${seen}`,
      faults: [
        ...(isFlat ? [] : ['its memory grows']),
        ...(code === 0 ? [] : [`exit status ${String(code)}`]),
      ],
    };
  });
  return Promise.all(rows);
}
