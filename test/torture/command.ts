/** One command line under torture: started, disturbed, and judged by how it ends. */

import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { ThreadTimes } from './thread-times.js';

const MAIN = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));
/** Loaded into the process: ends one of its worker threads after a while, as a crash of the thread would. */
const KILLER = fileURLToPath(new URL('./kill-worker.js', import.meta.url));
/** Milliseconds after which a command that should have ended counts as hung, without time waiting for a processor. */
const HANG_MS = 60_000;
const LOOK_MS = 2000;
/** Milliseconds between two looks at whether the point has come. */
const POINT_LOOK_MS = 10;

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
  /** Times are processor time of the command, so that points are the same on a busy machine. */
  | { readonly kind: 'signal'; readonly signal: 'SIGINT' | 'SIGTERM'; readonly afterMs: number }
  | { readonly kind: 'kill'; readonly afterMs: number; readonly seed: number }
  /** A worker thread ends instead of handling this message (counted from 1), at whatever time that is. */
  | { readonly kind: 'message'; readonly thread: number; readonly message: number }
  | { readonly kind: 'none' };

/** Settings of the killer; undefined: there is none. */
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

/** Run a command line, disturb it, and wait for its end. */
export function disturbed(args: readonly string[], disturbance: Disturbance): Promise<Ended> {
  return new Promise((resolve) => {
    const child = start(args, disturbance);
    const times = new ThreadTimes(child.pid ?? 0);
    let [stdout, stderr, hangs, killed] = ['', '', false, false];
    child.stdout?.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    let since: number | undefined;
    let point: NodeJS.Timeout | undefined;
    child.stdio[3]?.once('data', () => {
      if (disturbance.kind !== 'signal') {
        killed = true;
        return;
      }
      const { afterMs, signal } = disturbance;
      const from = times.look().ranMs;
      point = setInterval(() => {
        if (times.look().ranMs - from < afterMs) return;
        clearInterval(point);
        since = performance.now();
        child.kill(signal);
      }, POINT_LOOK_MS);
    });
    const started = performance.now();
    const force = setInterval(() => {
      // Time in which one of its threads waited for a processor is not its own.
      if (performance.now() - started - times.look().waitedMs < HANG_MS) return;
      hangs = true;
      child.kill('SIGKILL');
    }, LOOK_MS);
    child.on('close', (code, signal) => {
      clearInterval(point);
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
