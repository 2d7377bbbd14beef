/** What every command of the shell is made with. */

import { defineCommand, type CustomCommand, type ExecResult } from 'just-bash';
import type { ShellFs } from './files.js';
import type { ShellMachine } from './machine.js';

/** What the commands of one shell share. */
export interface ShellContext {
  readonly machine: ShellMachine;
  readonly fs: ShellFs;
  /** Sequence number of the first line that dmesg shows. */
  dmesgFrom: number;
}

export const ok = (stdout = ''): ExecResult => ({ stdout, stderr: '', exitCode: 0 });
export const fails = (stderr: string, exitCode = 1): ExecResult => ({
  stdout: '',
  stderr: stderr === '' ? '' : `${stderr}\n`,
  exitCode,
});

export type Run = (args: readonly string[]) => ExecResult | Promise<ExecResult>;

/** A command that needs nothing of the shell but its words. */
export const command = (name: string, run: Run): CustomCommand =>
  defineCommand(name, async (args) => run(args), { trusted: true });
