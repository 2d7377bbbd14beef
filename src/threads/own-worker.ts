/** Whether this thread is one of ours: the files of users are loaded there again. */

const OURS = Symbol.for('klp-smp.own-worker');

/** Mark this thread as ours; for its entry. */
export function markOwnWorker(): void {
  Object.defineProperty(globalThis, OURS, { value: true });
}

/** Whether {@link markOwnWorker} was called on this thread. */
export function isOwnWorker(): boolean {
  return OURS in globalThis;
}
