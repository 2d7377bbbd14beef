/**
 * Decides which executions are executed twice. That is how scenarios that depend on more than their schedule are found.
 */

/** Operations that may be executed twice before their share counts: some executions of a race, but one of a whole machine. */
const FREE = 20_000;

/** After that, one operation of so many may be a repetition. */
const SHARE = 32;

/** What one session has executed, and how much of it twice. */
export class SpotChecks {
  readonly #outcomes = new Set<string>();
  #executed = 0;
  #repeated = 0;

  /**
   * Count an execution.
   *
   * @param outcome what it showed; the first of each is always repeated
   * @param isCandidate whether it is to be repeated if that does not take too much time
   * @returns whether to execute it once more
   */
  count(outcome: string, operations: number, isCandidate: boolean): boolean {
    this.#executed += operations;
    if (!isCandidate) return false;
    const isBusy = this.#repeated > FREE && this.#repeated * SHARE > this.#executed;
    if (isBusy && this.#outcomes.has(outcome)) return false;
    this.#outcomes.add(outcome);
    this.#repeated += operations;
    return true;
  }
}
