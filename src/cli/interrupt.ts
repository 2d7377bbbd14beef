/** Ctrl-C: the first asks the running command to stop and print what it has, the second ends the process. */

/** Exit status of a process that ignored one interrupt and was ended by the next: 128 + SIGINT. */
const INTERRUPTED = 130;

/**
 * Run work that can be interrupted.
 * @param work gets a signal that aborts at the first SIGINT or SIGTERM; it then returns what it has gathered
 * @returns what the work returned
 */
export async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const onSignal = (): void => {
    if (controller.signal.aborted) process.exit(INTERRUPTED);
    controller.abort();
  };
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  try {
    return await work(controller.signal);
  } finally {
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
  }
}
