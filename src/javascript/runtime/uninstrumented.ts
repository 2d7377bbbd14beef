/** Shared memory that code without instrumentation would get at. */

/** Told to the user as his: code that was not instrumented, or cannot be interrupted, got at shared memory. */
export class UninstrumentedAccess extends Error {
  override readonly name: string = 'UninstrumentedAccess';
}

/** The same, where only the stack tells the place. */
export class HiddenAccess extends UninstrumentedAccess {
  override readonly name = 'HiddenAccess';
}
