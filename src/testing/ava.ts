/** A scenario as an AVA test: explored with a fixed seed and budget, failing with a token that replays what was found. */

import { fileURLToPath } from 'node:url';
import type { ExecutionContext, ImplementationFn } from 'ava';
import { UsageError } from '../errors.js';
import { exploreRange, createStrategy } from '../campaign/range.js';
import { loadScenarios, Session } from '../explorer/engine/session.js';
import type { OutcomeCount } from '../campaign/tally.js';

/** How a scenario is explored by a test. */
export interface RaceTestOptions {
  /** Which scenario of the file; needed when it exports several. */
  readonly scenario?: string;
  /** Seed of the random exploration. Default 1. */
  readonly seed?: number;
  /** Executions. Default 2000. */
  readonly executions?: number;
  /** Memory model: the kernel's (default) or sequentially consistent. */
  readonly memory?: 'lkmm' | 'sc';
  /** Numbers of ordering sites to remove, for a negative control. Default none. */
  readonly without?: readonly number[];
  /** Outcome that must be found; left out: nothing forbidden may be. */
  readonly finds?: string;
}

/** What an exploration showed, for a failure text. */
function outcomesText(outcomes: readonly OutcomeCount[]): string {
  return outcomes.map(({ key, count, grade }) => `  ${key}: ${count} (${grade})`).join('\n');
}

function assertClean(t: ExecutionContext, outcomes: readonly OutcomeCount[], where: string): void {
  const found = outcomes.find(({ grade }) => grade === 'forbidden');
  if (found === undefined) {
    t.pass();
    return;
  }
  t.fail(
    `${found.key}: ${found.detail}\n` +
      `execution ${found.firstRun} of ${where}\n` +
      `replay: klp-smp replay ${found.token}`,
  );
}

/**
 * Make the implementation of a test: `test('no reader sees half of it', raceTest(new URL('./seqlock.scenario.js', import.meta.url)))`.
 *
 * @param file the file that exports the scenario, compiled JavaScript or TypeScript
 * @returns what AVA's `test()` takes; the test fails with a token when something forbidden is found, or, with `finds`, when
 *   that is not found
 * @throws UsageError, within the test, when the file has no such scenario
 */
export function raceTest(file: URL | string, options: RaceTestOptions = {}): ImplementationFn<[]> {
  const path = typeof file === 'string' ? file : fileURLToPath(file);
  const { seed = 1, executions = 2000, memory = 'lkmm', without = [], finds } = options;
  return async (t) => {
    const all = await loadScenarios(path);
    const fitting = all.filter(
      ({ scenario }) => options.scenario === undefined || scenario.name === options.scenario,
    );
    const [loaded] = fitting;
    if (loaded === undefined || fitting.length > 1) {
      const names = all.map(({ scenario }) => scenario.name).join(', ');
      throw new UsageError(`scenario: say which one of ${path} is meant: ${names}`);
    }
    const session = new Session(loaded, { memory, ablated: without });
    const strategy = createStrategy({ kind: 'random', seed }, session);
    const stopAt = finds === undefined ? 'forbidden' : { key: finds };
    const range = { from: 0, to: executions, deadline: Infinity, stopAt } as const;
    const { tally } = exploreRange(session, strategy, range);
    const where = `${loaded.scenario.name}, seed ${seed}, memory ${memory}`;
    t.log(`${tally.executions} executions of ${where}`);
    if (finds === undefined) assertClean(t, tally.outcomes, where);
    else {
      const found = tally.outcomes.some(({ key }) => key === finds);
      t.true(found, `${finds} was not found in ${where}:\n${outcomesText(tally.outcomes)}`);
    }
  };
}
