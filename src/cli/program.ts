/** The command line as a whole: commands are registered on one commander program, and every ending has one exit status. */

import { Command } from 'commander';
import { Interrupted } from '../errors.js';
import { endingOf, oneLine, PROGRAM_NAME } from './failure.js';
import { exitCodeOfSignal, interrupts } from './interrupt.js';
import { packageVersion } from './version.js';

/** What each `src/cli/<command>.ts` exports: it adds its command to the program. */
export type RegisterCommand = (program: Command) => void;

const complain = (text: string, write: (text: string) => void): void =>
  write(`${PROGRAM_NAME}: ${oneLine(text).replace(/^error: /, '')}\n`);

/** Prevent commands from ending the process themselves, and make each report errors in one line. */
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
      '\nExit status: 0 all is well, 1 a finding, 2 wrong usage or nothing was tested, 3 a simulator bug, 130 interrupted.',
    );
  program.configureHelp({ subcommandTerm: (command) => `${command.name()} ${command.usage()}` });
  for (const register of commands) register(program);
  return program;
}

/** Standard output of this process, and whether it still takes anything. */
class Output {
  /** Why it takes no more output. */
  failure: NodeJS.ErrnoException | undefined;

  watch(): void {
    process.stdout.on('error', (error: NodeJS.ErrnoException) => {
      this.failure ??= error;
    });
    process.stderr.on('error', () => undefined);
  }

  /** Wait until everything written so far has left the process: a pipe takes it asynchronously. */
  async drained(): Promise<void> {
    await Promise.all([drained(process.stdout), drained(process.stderr)]);
  }

  /** A reader that went away (`| head`) is no error. */
  get complaint(): string | undefined {
    if (this.failure === undefined || this.failure.code === 'EPIPE') return undefined;
    return `${PROGRAM_NAME}: the output cannot be written: ${this.failure.message}`;
  }
}

const drained = (stream: NodeJS.WriteStream): Promise<void> =>
  new Promise((resolve) => {
    if (stream.destroyed) resolve();
    else stream.write('', () => resolve());
  });

/** What the end of a command means, after signals and the output are taken into account. */
function finalCode(exitCode: number, output: Output): number {
  if (interrupts.received !== undefined) return exitCodeOfSignal(interrupts.received);
  return output.complaint !== undefined && exitCode < 2 ? 2 : exitCode;
}

/** End the process with `exitCode` once its output is out, whatever worker threads still do. */
async function leave(exitCode: number, output: Output): Promise<never> {
  if (interrupts.received !== undefined) process.stderr.write(`${PROGRAM_NAME}: interrupted\n`);
  await output.drained();
  if (output.complaint !== undefined) process.stderr.write(`${output.complaint}\n`);
  await output.drained();
  process.exit(finalCode(exitCode, output));
}

/**
 * Run one command line and end the process. A command ends well by returning (its exit status is then `process.exitCode`, or 0),
 * and badly by throwing one of the errors of `src/errors.ts`. After SIGINT or SIGTERM the status is 130 or 143.
 * @param program the commander program, with its commands
 * @param argv arguments after the program's name
 */
export async function runProgram(program: Command, argv: readonly string[]): Promise<never> {
  interrupts.listen();
  tame(program);
  const output = new Output();
  output.watch();
  const end = (error: unknown): Promise<never> => {
    const { exitCode, message } = endingOf(error);
    const isSaid = message === '' || error instanceof Interrupted;
    if (!isSaid) process.stderr.write(`${message}\n`);
    return leave(exitCode, output);
  };
  // Node would end with status 1, which here means a finding.
  process.on('uncaughtException', (error) => void end(error));
  try {
    await program.parseAsync(argv, { from: 'user' });
    return await leave(Number(process.exitCode ?? 0), output);
  } catch (error) {
    return await end(error);
  }
}
