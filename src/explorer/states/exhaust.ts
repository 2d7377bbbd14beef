/** Searches all states of one race for as long as it may, and turns what it finds into tokens. */

import { SimulatorBug, UsageError } from '../../errors.js';
import { Ablation, type SiteId } from '../../memory/sites.js';
import type { ScenarioReference } from '../../scenario/reference.js';
import type { Grade } from '../../scenario/declare.js';
import { prepare } from '../engine/prepare.js';
import { DEFAULT_STEPS, loadScenario, Session } from '../engine/session.js';
import { PathStrategy } from './path-strategy.js';
import { StateSearch, type End } from './search.js';

/** Steps between two looks at the clock. */
const CLOCK_STEPS = 20_000;

/** What to search. */
export interface ExhaustRequest {
  readonly scenario: ScenarioReference;
  /** Ids of ablated ordering sites. */
  readonly ablated: readonly number[];
  /** Milliseconds at most. */
  readonly ms: number;
}

/** An outcome that the search reached. */
export interface ExhaustedOutcome {
  readonly key: string;
  readonly grade: Grade;
  readonly detail: string;
  /** States in which an execution ended so. */
  readonly count: number;
  /** Of the first execution that ended so; of forbidden outcomes only. */
  readonly token?: string;
}

/** What a search showed; plain data. */
export interface ExhaustReport {
  /** Every state was searched. */
  readonly exhausted: boolean;
  readonly states: number;
  readonly steps: number;
  readonly seconds: number;
  /** Part of the search that is done, as every choice of one state counts the same. */
  readonly done: number;
  readonly outcomes: readonly ExhaustedOutcome[];
}

/**
 * Search the states of a race under sequentially consistent memory.
 *
 * @throws UsageError for a whole machine, and for code that sleeps until it is woken
 */
export async function exhaust({ scenario, ablated, ms }: ExhaustRequest): Promise<ExhaustReport> {
  const started = performance.now();
  const loaded = await loadScenario(scenario, { frames: true });
  const prepared = prepare(loaded.scenario);
  if (loaded.scenario.kind === 'system' || prepared.machine.busyTime !== undefined) {
    throw new UsageError(`${scenario.name} is a whole machine: races are exhausted`);
  }
  const search = new StateSearch(prepared, {
    ablation: new Ablation(ablated as readonly SiteId[]),
    bound: loaded.scenario.bounds?.steps ?? DEFAULT_STEPS,
  });
  let steps = 0;
  let result;
  do result = search.run({ steps: (steps += CLOCK_STEPS) });
  while (!search.isDone && performance.now() - started < ms);
  const outcomes: ExhaustedOutcome[] = [];
  for (const [key, end] of [...result.ends].sort()) {
    const { grade, detail } = end.verdict;
    const token = grade === 'forbidden' ? await tokenOf(scenario, ablated, key, end) : undefined;
    outcomes.push({
      key,
      grade,
      detail,
      count: end.count,
      ...(token === undefined ? {} : { token }),
    });
  }
  return {
    exhausted: result.exhausted,
    states: result.states,
    steps: result.steps,
    seconds: (performance.now() - started) / 1000,
    done: result.done,
    outcomes,
  };
}

/** Execute the way to an end with the real engine. @throws SimulatorBug when it ends otherwise */
async function tokenOf(
  reference: ScenarioReference,
  ablated: readonly number[],
  key: string,
  { path }: End,
): Promise<string> {
  const session = new Session(await loadScenario(reference), { memory: 'sc', ablated });
  const strategy = new PathStrategy(path, session.execution.cpus.length);
  strategy.begin();
  const verdict = session.execute(strategy);
  // A data race may be what the engine says first.
  if (verdict?.key === key || verdict?.grade === 'forbidden') return session.token();
  throw new SimulatorBug(
    `${reference.name}: a search of its states ends in ${key}, its execution in ${verdict?.key ?? 'nothing'}`,
  );
}
