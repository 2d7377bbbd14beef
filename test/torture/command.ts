/** One command line under torture: started, disturbed, and judged by how it ends. */

import { spawn, type ChildProcess } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));
/** Loaded into the process: ends one of its worker threads after a while, as a crash of the thread would. */
const KILLER = fileURLToPath(new URL('./kill-worker.js', import.meta.url));
/** Milliseconds after which a command that should have ended hangs; those that it waited for a processor do not count. */
const HANG_MS = 60_000;
const LOOK_MS = 2000;

/** How a disturbed command ended. */
export interface Ended {
  /** Null: a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  /** It had to be ended by force. */
  readonly hangs: boolean;
  /** A worker thread was there to be killed. */
  readonly killed: boolean;
  /** From the signal to the end, in ms; 0 if it was not sent. */
  readonly took: number;
}

/** What is done to it. */
export type Disturbance =
  | { readonly kind: 'signal'; readonly signal: 'SIGINT' | 'SIGTERM'; readonly afterMs: number }
  | { readonly kind: 'kill'; readonly afterMs: number; readonly seed: number }
  /** A worker thread ends in the place of a message: from 1, whatever the time. */
  | { readonly kind: 'message'; readonly thread: number; readonly message: number }
  | { readonly kind: 'none' };

/** What the killer is told; undefined: there is none. */
function tortureOf(disturbance: Disturbance): string | undefined {
  if (disturbance.kind === 'signal') return 'signal';
  if (disturbance.kind === 'kill') return `${disturbance.afterMs},${disturbance.seed}`;
  if (disturbance.kind !== 'message') return undefined;
  return `message,${disturbance.thread},${disturbance.message}`;
}

function start(args: readonly string[], disturbance: Disturbance): ChildProcess {
  const torture = tortureOf(disturbance);
  const killer = torture === undefined ? [] : ['--import', KILLER];
  const env = torture === undefined ? process.env : { ...process.env, TORTURE: torture };
  return spawn(process.execPath, [...killer, MAIN, ...args], {
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'], // On the fourth the killer says that it killed.
    env,
  });
}

/** Milliseconds that the threads of a process have been ready to run and had no processor: the longest of them. */
function waitedFor(pid: number): number {
  try {
    const tasks = `/proc/${pid}/task`;
    const waited = readdirSync(tasks).map((task) => {
      const [, ns] = readFileSync(join(tasks, task, 'schedstat'), 'utf8').split(' ');
      return Number(ns) / 1e6;
    });
    return Math.max(0, ...waited);
  } catch {
    return 0; // It has ended, or the system does not tell.
  }
}

/** Run a command line, disturb it, and wait for its end. */
export function disturbed(args: readonly string[], disturbance: Disturbance): Promise<Ended> {
  return new Promise((resolve) => {
    const child = start(args, disturbance);
    let [stdout, stderr, hangs, killed] = ['', '', false, false];
    child.stdout?.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    let since: number | undefined;
    const afterMs = 'afterMs' in disturbance ? disturbance.afterMs : 0;
    let disturb: NodeJS.Timeout | undefined;
    const { signal: sent } = { signal: undefined, ...disturbance };
    child.stdio[3]?.once('data', () => {
      killed = sent === undefined;
      disturb = setTimeout(() => {
        since = performance.now();
        if (sent !== undefined) child.kill(sent);
      }, afterMs);
    });
    const started = performance.now();
    const force = setInterval(() => {
      const own = performance.now() - started - afterMs - waitedFor(child.pid ?? 0);
      if (own < HANG_MS) return;
      hangs = true;
      child.kill('SIGKILL');
    }, LOOK_MS);
    child.on('close', (code, signal) => {
      clearTimeout(disturb);
      clearInterval(force);
      const took = since === undefined ? 0 : performance.now() - since;
      resolve({ code, signal, stdout, stderr, hangs, killed, took });
    });
  });
}

/** Whether a text is one JSON document. */
export function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
