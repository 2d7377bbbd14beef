/** Errors for shared memory that code without instrumentation would access. */

/**
 * Reported to the user as an error in the program: code that was not instrumented, or cannot be interrupted, accessed
 * shared memory.
 */
export class UninstrumentedAccess extends Error {
  override readonly name: string = 'UninstrumentedAccess';
}

/** The same, for cases in which only the stack tells the place. */
export class HiddenAccess extends UninstrumentedAccess {
  override readonly name = 'HiddenAccess';
}
