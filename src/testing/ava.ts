/** A scenario as an AVA test. */

import type { ExecutionContext, ImplementationFn } from 'ava';
import { checkRace, type RaceTestOptions } from './check-race.js';

export type { RaceTestOptions } from './check-race.js';

/**
 * Make the implementation of a test: `test('no reader sees half of it', raceTest(new URL('./seqlock.scenario.js', import.meta.url)))`.
 *
 * @param file the file that exports the scenario, compiled JavaScript or TypeScript
 * @returns what AVA's `test()` takes; the test fails with its story and a command that replays it when something forbidden is
 *   found, or, with `finds`, when that is not found
 * @throws UsageError, within the test, when an option is not accepted, the file has no such scenario, or nothing was executed
 */
export function raceTest(file: URL | string, options: RaceTestOptions = {}): ImplementationFn<[]> {
  return async (t: ExecutionContext) => {
    const { note, failure } = await checkRace(t.title, file, options);
    t.log(note);
    if (failure === undefined) t.pass();
    else t.fail(failure);
  };
}
