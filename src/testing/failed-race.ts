/** How a test fails where failing is throwing. */

/**
 * Thrown when a test found what it forbids, or did not find what it needs. Its text is the finding; a stack into the
 * test runner would say nothing.
 */
export class FailedRace extends Error {
  readonly code = 'ERR_FAILED_RACE';
  override readonly name = 'FailedRace';

  constructor(failure: string) {
    super(failure);
    this.stack = `${this.name}: ${failure}`;
  }
}
