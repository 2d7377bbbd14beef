/** The command line as a whole: commands are registered on one commander program, and every ending has one exit status. */

import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { endingOf, oneLine, PROGRAM_NAME } from './failure.js';

/** What each `src/cli/<command>.ts` exports: it adds its command to the program. */
export type RegisterCommand = (program: Command) => void;

/** Version of the package that this file is part of. */
export function packageVersion(): string {
  const manifest = readFileSync(new URL('../../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(manifest) as { version: string }).version;
}

const complain = (text: string, write: (text: string) => void): void =>
  write(`${PROGRAM_NAME}: ${oneLine(text).replace(/^error: /, '')}\n`);

/** Let no command end the process by itself, and let each complain in one line. */
function tame(command: Command): void {
  command.exitOverride().configureOutput({ outputError: complain });
  for (const child of command.commands) tame(child);
}

/** Build the program with the given commands. */
export function buildProgram(commands: readonly RegisterCommand[]): Command {
  const program = new Command(PROGRAM_NAME);
  program
    .description("Stress, explore and measure the Linux kernel's live-patching transition.")
    .version(packageVersion())
    .addHelpText(
      'after',
      '\nExit status: 0 all is well, 1 a finding, 2 wrong usage, 3 a simulator bug.',
    );
  for (const register of commands) register(program);
  return program;
}

/** Wait until everything written so far has left the process: a pipe takes it asynchronously. */
const drained = (stream: NodeJS.WriteStream): Promise<void> =>
  new Promise((resolve) => void stream.write('', () => resolve()));

/** End the process with `exitCode` once its output is out, whatever worker threads still do. */
async function leave(exitCode: number): Promise<never> {
  await Promise.all([drained(process.stdout), drained(process.stderr)]);
  process.exit(exitCode);
}

/** A reader that went away (`| head`) is no error: there is just nobody left to tell. */
function leaveQuietlyOnClosedPipe(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    process.exit(error.code === 'EPIPE' ? Number(process.exitCode ?? 0) : 3);
  });
}

/**
 * Run one command line and end the process. A command ends well by returning (its exit status is then `process.exitCode`, or 0),
 * and badly by throwing one of the three errors of `src/errors.ts`.
 * @param program the commander program, with its commands
 * @param argv arguments after the program's name
 */
export async function runProgram(program: Command, argv: readonly string[]): Promise<never> {
  tame(program);
  leaveQuietlyOnClosedPipe();
  const end = (error: unknown): Promise<never> => {
    const { exitCode, message } = endingOf(error);
    if (message !== '') process.stderr.write(`${message}\n`);
    return leave(exitCode);
  };
  // Node would end with 1, which here stands for a finding.
  process.on('uncaughtException', (error) => void end(error));
  try {
    await program.parseAsync(argv, { from: 'user' });
    return await leave(Number(process.exitCode ?? 0));
  } catch (error) {
    return await end(error);
  }
}
