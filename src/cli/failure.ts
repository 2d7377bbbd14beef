/** How a failed command ends: what is said on stderr, and the exit status. */

import { CommanderError } from 'commander';
import { exitCodeOf, InvariantViolated, SimulatorBug, UsageError } from '../errors.js';

/** Name that prefixes every line of complaint, and that the user types. */
export const PROGRAM_NAME = 'klp-smp';

/** How a command ended: the exit status, and what to say on stderr (empty for nothing). */
export interface Ending {
  readonly exitCode: number;
  readonly message: string;
}

const endingOfParser = (error: CommanderError): Ending => ({
  // commander has already said what is wrong, in one line, through its own output hook; help and
  // version that were asked for end with 0, everything else is the caller's mistake.
  exitCode: error.exitCode === 0 ? 0 : 2,
  message: '',
});

const stackOf = (error: unknown): string =>
  error instanceof Error ? (error.stack ?? error.message) : String(error);

function bugReport(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  const prefix = error instanceof SimulatorBug ? '' : '[simulator bug] ';
  return `${prefix}${stackOf(error)}${cause === undefined ? '' : `\ncaused by: ${stackOf(cause)}`}`;
}

/**
 * What an error thrown by a command means. A usage error is one line and status 2; a finding is its message (with the
 * command that shows it again) and status 1; anything else is a bug of ours: the stack and status 3.
 */
export function endingOf(error: unknown): Ending {
  if (error instanceof CommanderError) return endingOfParser(error);
  const exitCode = exitCodeOf(error);
  if (error instanceof UsageError) {
    return { exitCode, message: `${PROGRAM_NAME}: ${oneLine(error.message)}` };
  }
  if (error instanceof InvariantViolated) return { exitCode, message: error.message };
  return { exitCode, message: bugReport(error) };
}

/** List on standard error, one per line, the tests that have no result because of a bug of ours. */
export function complainOfBugs(
  failures: readonly { readonly kind: string; readonly file: string; readonly reason: string }[],
): void {
  for (const { kind, file, reason } of failures) {
    if (kind === 'bug') process.stderr.write(`[simulator bug] ${file}: ${oneLine(reason)}\n`);
  }
}

/** A message with its line breaks folded, so that a complaint stays one line. */
export function oneLine(text: string): string {
  return text.trim().replace(/\s*\n\s*/g, ' ');
}
