/** A scenario as a Vitest test. */

import { checkRace, type RaceTestOptions } from './check-race.js';
import { FailedRace } from './failed-race.js';

export type { RaceTestOptions } from './check-race.js';
export { FailedRace } from './failed-race.js';

/** What is used of the context that Vitest hands to a test. */
export interface VitestContext {
  readonly task: { readonly name: string };
}

/**
 * Make the implementation of a test: `test('no reader sees half of it', raceTest(new URL('./seqlock.scenario.js', import.meta.url)))`.
 * Vitest ends a test after 5 s by itself: a longer `budgetMs` needs its `timeout`, too.
 *
 * @param file the file that exports the scenario, compiled JavaScript or TypeScript
 * @returns what Vitest's `test()` takes; it throws {@link FailedRace} with the story and a command that replays it when something
 *   forbidden is found, or, with `finds`, when that is not found
 * @throws UsageError, within the test, when an option is not accepted, the file has no such scenario, or nothing was executed
 */
export function raceTest(
  file: URL | string,
  options: RaceTestOptions = {},
): (context: VitestContext) => Promise<void> {
  return async ({ task }) => {
    const { failure } = await checkRace(task.name, file, options);
    if (failure !== undefined) throw new FailedRace(failure);
  };
}
