/** Ctrl-C: the first asks the running command to stop and print what it has, the second ends the process. */

import { constants } from 'node:os';

/** A signal that ends a command early. */
export type EndingSignal = 'SIGINT' | 'SIGTERM';

/** Exit status of a process that a signal ended, as shells have it: 130 for SIGINT, 143 for SIGTERM. */
export const exitCodeOfSignal = (signal: EndingSignal): number => 128 + constants.signals[signal];

/** End a process whose command has not begun, saying so in the form that was asked for. */
function endUnbegun(signal: EndingSignal): never {
  if (process.argv.includes('--json')) process.stdout.write('{\n  "interrupted": true\n}\n');
  process.stderr.write('klp-smp: interrupted\n');
  process.exit(exitCodeOfSignal(signal));
}

/** Listens to the signals of this process. */
class Interrupts {
  readonly #controller = new AbortController();
  #listens = false;
  /** No command has begun, so there are no results yet. */
  #isLoading = false;
  /** The signal that came, if one did. */
  received: EndingSignal | undefined;

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** A command is being loaded. Until it begins, a signal ends the process in an orderly way. */
  load(): void {
    this.#isLoading = true;
    this.listen();
  }

  /** A command begins: signals ask it from now on. */
  begin(): void {
    this.#isLoading = false;
    this.listen();
  }

  /** From now on, signals ask the command to stop instead of ending the process. Idempotent. */
  listen(): void {
    if (this.#listens) return;
    this.#listens = true;
    process.on('SIGINT', this.#onSignal).on('SIGTERM', this.#onSignal);
  }

  readonly #onSignal = (signal: NodeJS.Signals): void => {
    // Signals are the one input that belongs to the process and not to a command.
    if (this.received !== undefined) process.exit(exitCodeOfSignal(signal as EndingSignal));
    this.received = signal as EndingSignal;
    this.#controller.abort();
    if (this.#isLoading) endUnbegun(this.received);
  };
}

/** The signals of this process. */
export const interrupts = new Interrupts();

/**
 * Run work that can be interrupted.
 * @param work gets a signal that aborts at the first SIGINT or SIGTERM; it then returns what it has gathered
 * @returns what the work returned
 */
export async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  interrupts.begin();
  return work(interrupts.signal);
}
