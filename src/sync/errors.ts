/** What the harness primitives throw when they are misused: the error classes of the npm package atomics-sync. */

/** The thread would wait for itself: it already owns the lock that it asks for. */
export class DeadlockError extends Error {
  override readonly name = 'DeadlockError';
  readonly code = 'ERR_SYNC_DEADLOCK';
}

/** The thread gives back what it does not own. */
export class PermissionError extends Error {
  override readonly name = 'PermissionError';
  readonly code = 'ERR_SYNC_PERMISSION';
}

/** An argument is of the wrong kind: a thread id that is no non-zero 32-bit integer, a count that is no integer. */
export class InvalidError extends Error {
  override readonly name = 'InvalidError';
  readonly code = 'ERR_SYNC_INVALID';
}
