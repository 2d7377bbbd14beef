/** A scenario as a test of Node's own runner. */

import type { TestContext } from 'node:test';
import { checkRace, type RaceTestOptions } from './check-race.js';
import { FailedRace } from './failed-race.js';

export type { RaceTestOptions } from './check-race.js';
export { FailedRace } from './failed-race.js';

/**
 * Make the implementation of a test: `test('no reader sees half of it', raceTest(new URL('./seqlock.scenario.js', import.meta.url)))`.
 *
 * @param file the file that exports the scenario, compiled JavaScript or TypeScript
 * @returns what `test()` of `node:test` takes; it throws {@link FailedRace} with the story and a command that replays it when
 *   something forbidden is found, or, with `finds`, when that is not found
 * @throws UsageError, within the test, when an option is not accepted, the file has no such scenario, or nothing was executed
 */
export function raceTest(
  file: URL | string,
  options: RaceTestOptions = {},
): (t: TestContext) => Promise<void> {
  return async (t) => {
    const { note, failure } = await checkRace(t.name, file, options);
    t.diagnostic(note);
    if (failure !== undefined) throw new FailedRace(failure);
  };
}
