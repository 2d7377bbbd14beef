/** How a test fails where failing is throwing. */

/** A race that a test forbids, or did not find. Its text is the finding; a stack into the test runner says nothing. */
export class FailedRace extends Error {
  readonly code = 'ERR_FAILED_RACE';
  override readonly name = 'FailedRace';

  constructor(failure: string) {
    super(failure);
    this.stack = `${this.name}: ${failure}`;
  }
}
