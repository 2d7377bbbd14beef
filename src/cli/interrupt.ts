/** Ctrl-C: the first asks the running command to stop and print what it has, the second ends the process. */

import { constants } from 'node:os';

/** A signal that ends a command early. */
export type EndingSignal = 'SIGINT' | 'SIGTERM';

/** Exit status of a process that a signal ended, as shells have it: 130 for SIGINT, 143 for SIGTERM. */
export const exitCodeOfSignal = (signal: EndingSignal): number => 128 + constants.signals[signal];

/** Listens to the signals of this process. */
class Interrupts {
  readonly #controller = new AbortController();
  #listens = false;
  /** The signal that came, if one did. */
  received: EndingSignal | undefined;

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** From now on, signals ask instead of ending the process. Idempotent. */
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
  interrupts.listen();
  return work(interrupts.signal);
}
