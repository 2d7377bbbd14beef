/** One command line under torture: started, disturbed, and judged by how it ends. */

import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));
/** Loaded into the process: ends one of its worker threads after a while, as a crash of the thread would. */
const KILLER = fileURLToPath(new URL('./kill-worker.js', import.meta.url));
/** Milliseconds after which a command that should have ended hangs. */
const HANG_MS = 120_000;

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
  /** From the disturbance to the end, in ms. */
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
    let [stdout, stderr, hangs, killed] = ['', '', false, false];
    child.stdio[3]?.once('data', () => (killed = true));
    child.stdout?.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    let since = performance.now();
    const afterMs = 'afterMs' in disturbance ? disturbance.afterMs : 0;
    const disturb = setTimeout(() => {
      since = performance.now();
      if (disturbance.kind === 'signal') child.kill(disturbance.signal);
    }, afterMs);
    const force = setTimeout(() => {
      hangs = true;
      child.kill('SIGKILL');
    }, afterMs + HANG_MS);
    child.on('close', (code, signal) => {
      clearTimeout(disturb);
      clearTimeout(force);
      resolve({ code, signal, stdout, stderr, hangs, killed, took: performance.now() - since });
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
