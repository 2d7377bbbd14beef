/** Runs a compiled command line as a child process and hands back how it ended. */

import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** How a child process ended. */
export interface Ended {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export const MAIN = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));
/** The test program of `probe.ts`. */
export const PROBE = fileURLToPath(new URL('./probe.js', import.meta.url));

/** Run a compiled entry file with arguments, its standard streams being pipes. */
export function runEntry(entry: string, args: readonly string[]): Promise<Ended> {
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [entry, ...args],
      { maxBuffer: 1 << 28 },
      (_error, stdout, stderr) => {
        // A child that a signal ended has no exit code; -1 equals none that is expected.
        resolve({ exitCode: child.exitCode ?? -1, stdout, stderr });
      },
    );
  });
}

/** Run the shipped `klp-smp`. */
export const runMain = (...args: string[]): Promise<Ended> => runEntry(MAIN, args);

/** Run the probe program. */
export const runProbe = (...args: string[]): Promise<Ended> => runEntry(PROBE, args);
