/** Whether this thread is one of our workers: the files of users are loaded there a second time. */

const OURS = Symbol.for('klp-smp.own-worker');

/** Mark this thread as ours; for its entry. */
export function markOwnWorker(): void {
  Object.defineProperty(globalThis, OURS, { value: true });
}

/** Whether {@link markOwnWorker} was called on this thread. */
export function isOwnWorker(): boolean {
  return OURS in globalThis;
}
