/** What every command of the shell is made with. */

import { decodeBytesToUtf8, defineCommand, type CustomCommand, type ExecResult } from 'just-bash';
import type { ShellFs } from './files.js';
import type { Jobs } from './jobs.js';
import type { ShellMachine } from './machine.js';
import { PREFIX } from './syntax.js';
import type { Together } from './together.js';

/** What the commands of one shell share. */
export interface ShellContext {
  readonly machine: ShellMachine;
  readonly fs: ShellFs;
  /** What runs in the background. */
  readonly jobs: Jobs;
  /** Sequence number of the first line that dmesg shows. */
  dmesgFrom: number;
  /** Puts errors among the output; undefined: errors and output are kept apart. */
  readonly together: Together | undefined;
  /** The functions that its scripts define, as they were written. */
  readonly functionTexts: Map<string, string>;
  /** Functions that other shells are to know, by name. */
  readonly exportedFunctions: Map<string, string>;
  /** Declarations of the arrays that a prompt remembers. */
  arrays: string;
  /** Signals that the shell got and has not handled. */
  readonly signals: number[];
  /** What is put in front of every script. */
  readonly prelude: string;
}

export const ok = (stdout = ''): ExecResult => ({ stdout, stderr: '', exitCode: 0 });
export const fails = (stderr: string, exitCode = 1): ExecResult => ({
  stdout: '',
  stderr: stderr === '' ? '' : `${stderr}\n`,
  exitCode,
});

/** A command as just-bash calls it. */
export type Definition = Parameters<typeof defineCommand>[1];
/** What just-bash gives a command besides its words. */
export type CommandContext = Parameters<Definition>[1];

/** A command of that name. */
export const define = (name: string, run: Definition): CustomCommand =>
  defineCommand(name, run, { trusted: true });

/** A path as the command's words give it, from the root. */
export const absolute = (ctx: CommandContext, path: string): string =>
  ctx.fs.resolvePath(ctx.cwd, path);

/** Text of a file, or of standard input for `-`. */
export async function contentOf(ctx: CommandContext, file: string): Promise<string> {
  return file === '-' ? decodeBytesToUtf8(ctx.stdin) : ctx.fs.readFile(absolute(ctx, file));
}

/** Text of the files that are named, or of standard input. */
export async function inputOf(ctx: CommandContext, files: readonly string[]): Promise<string> {
  const texts = (files.length === 0 ? ['-'] : files).map((file) => contentOf(ctx, file));
  return (await Promise.all(texts)).join('');
}

/** Run just-bash's own command of that name. */
export async function original(ctx: CommandContext, args: string[]): ReturnType<Definition> {
  return ctx.origCommand === undefined ? fails('no such command', 127) : ctx.origCommand(args);
}

/** Variable that each command has for itself: '1' if its errors go to the same place as its output. */
const MIXED = `${PREFIX}mixed`;

/** Whether a command's errors go to the same place as its output. */
export const isMixed = (ctx: CommandContext): boolean => ctx.env.get(MIXED) === '1';

/** What a command prints, in the order in which it prints it. */
export class Output {
  readonly #pieces: { readonly text: string; readonly isError: boolean }[] = [];
  exitCode = 0;

  print(text: string): void {
    if (text !== '') this.#pieces.push({ text, isError: false });
  }

  /** A line about what went wrong. @param status of the command, from now on */
  complain(line: string, status = 1): void {
    if (line !== '') this.#pieces.push({ text: `${line}\n`, isError: true });
    this.exitCode = status;
  }

  /** Append what another command printed; its status is taken over if it is a failure. */
  add({ stdout, stderr, exitCode }: ExecResult): void {
    this.print(stdout);
    if (stderr !== '') this.#pieces.push({ text: stderr, isError: true });
    this.exitCode = exitCode || this.exitCode;
  }

  result(ctx: CommandContext): ExecResult {
    const of = (wanted: boolean): string =>
      this.#pieces.map(({ text, isError }) => (isError === wanted ? text : '')).join('');
    return isMixed(ctx)
      ? {
          stdout: this.#pieces.map(({ text }) => text).join(''),
          stderr: '',
          exitCode: this.exitCode,
        }
      : { stdout: of(false), stderr: of(true), exitCode: this.exitCode };
  }
}

export type Run = (
  args: readonly string[],
  ctx: CommandContext,
) => ExecResult | Promise<ExecResult>;

/** A command that needs only its words from the shell. */
export const command = (name: string, run: Run): CustomCommand =>
  define(name, async (args, ctx) => run(args, ctx));
