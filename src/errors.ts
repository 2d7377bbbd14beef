/** The kinds of failure a command can end with, told apart by class, `code` and exit status. */

/** The caller's mistake: names the bad value and what is accepted. Exit status 2. */
export class UsageError extends Error {
  readonly code = 'ERR_USAGE';
  readonly exitCode = 2;
  override readonly name = 'UsageError';
}

/** What an {@link InvariantViolated} reports. */
export interface Finding {
  /** Invariant, WARN site or oracle that does not hold, for instance `I-8`. */
  readonly invariant: string;
  /** One sentence: what was seen, where (step, CPU, task). */
  readonly detail: string;
  /** Command to copy that shows it again, when there is one. */
  readonly replay?: string;
}

/** The finding: the simulated kernel broke an invariant. Exit status 1. */
export class InvariantViolated extends Error {
  readonly code = 'ERR_INVARIANT_VIOLATED';
  readonly exitCode = 1;
  override readonly name = 'InvariantViolated';
  readonly finding: Finding;

  constructor(finding: Finding) {
    const replay = finding.replay === undefined ? '' : `\nreplay: ${finding.replay}`;
    super(`${finding.invariant}: ${finding.detail}${replay}`);
    this.finding = finding;
  }
}

/** Our own fault: a broken engine, never a broken kernel. Exit status 3. */
export class SimulatorBug extends Error {
  readonly code = 'ERR_SIMULATOR_BUG';
  readonly exitCode = 3;
  override readonly name = 'SimulatorBug';

  constructor(message: string, options?: ErrorOptions) {
    super(`[simulator bug] ${message}`, options);
  }
}

/** A run was stopped by its caller before there was anything to report. Exit status 130, as after Ctrl-C. */
export class Interrupted extends Error {
  readonly code = 'ERR_INTERRUPTED';
  readonly exitCode = 130;
  override readonly name = 'Interrupted';

  constructor() {
    super('interrupted before there was anything to report');
  }
}

/** Exit status that an error thrown by a command stands for; 3 for anything unforeseen. */
export function exitCodeOf(error: unknown): number {
  const isOurs =
    error instanceof UsageError ||
    error instanceof InvariantViolated ||
    error instanceof Interrupted;
  return isOurs ? error.exitCode : 3;
}

const partials = new WeakMap<Error, object>();

/** The same error, carrying what was known when it was thrown. */
export function withPartial<E extends Error>(error: E, partial: object): E {
  partials.set(error, partial);
  return error;
}

/**
 * What a use case had when it threw this error: a result of the type that it returns, as far as it got.
 *
 * @returns undefined when it had nothing
 */
export function partialResult(error: unknown): object | undefined {
  return error instanceof Error ? partials.get(error) : undefined;
}
