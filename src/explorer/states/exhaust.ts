/** Searches all states of one race for as long as it may, and turns what it finds into tokens. */

import { beat } from '../engine/pulse.js';
import { SimulatorBug, UsageError } from '../../errors.js';
import { Ablation, type SiteId } from '../../memory/sites.js';
import type { ScenarioReference } from '../../scenario/reference.js';
import type { Grade } from '../../scenario/declare.js';
import { prepare } from '../engine/prepare.js';
import { DEFAULT_STEPS, loadScenario, Session } from '../engine/session.js';
import { PathStrategy } from './path-strategy.js';
import { StateSearch } from './search.js';
import type { End, SearchResult, Seen } from './search-result.js';

/** Steps between two looks at the clock. */
const CLOCK_STEPS = 1_000;
/** Part of the time that may be spent before executions are bounded, and before the rest is estimated if they are not. */
const UNBOUNDED = 0.7;
const ALL_BUT_PROBING = 0.9;
/** Share of the time that estimating the rest may take, and milliseconds that it may always take. */
const PROBING = 0.1;
const LEAST_PROBING_MS = 10_000;
/** Preemptions at most of one bounded search after another, and the answers of a weak memory other than the sequentially consistent one. */
const BOUNDS = [0, 1, 2, 3].map((preemptions) => ({ preemptions, weak: Infinity }));
export const WEAK_BOUNDS = [0, 0, 1, 1, 2, 2, 3].map((preemptions, i) => {
  return { preemptions, weak: Math.ceil(i / 2) };
});
/** Forbidden ends that are executed even if the time is over. */
const LEAST_CONFIRMED = 10;
/** Random executions that tell how much was searched. */
const PROBES = 100;

/** Searches that can be made at the same time. */
export type ExhaustPart = 'whole' | 'bounded';

/** What to search. */
export interface ExhaustRequest {
  readonly scenario: ScenarioReference;
  /** Ids of ablated ordering sites. */
  readonly ablated: readonly number[];
  /** `sc` or what the memory model of the kernel allows; default `sc`. */
  readonly memory?: 'sc' | 'lkmm';
  /** Milliseconds at most. */
  readonly ms: number;
  /** Search only without bounds, or only within them: somebody else does the other. Default both, one after the other. */
  readonly part?: ExhaustPart;
  /** One shared word: once it is not 0, the search ends and reports what it has. */
  readonly stop?: Int32Array;
}

/** An outcome that the search reached. */
export interface ExhaustedOutcome {
  readonly key: string;
  readonly grade: Grade;
  readonly detail: string;
  /** States in which an execution ended so. */
  readonly count: number;
  /** Of the first execution that ended so; of forbidden outcomes only, and not if the time was over. */
  readonly token?: string;
}

/** What a search has found, as plain data. */
export interface ExhaustReport {
  /** Every state was searched. */
  readonly exhausted: boolean;
  readonly states: number;
  readonly steps: number;
  readonly seconds: number;
  /**
   * A hash over all states, equal for equal code. Null when not every state was searched, or a bound on preemptions
   * made no difference.
   */
  readonly digest: string | null;
  /** How much of the states that random executions pass was searched; null when all were. */
  readonly seen: Seen | null;
  /** Preemptions up to which every execution was searched; null when not even those without one were, or all were. */
  readonly within: number | null;
  /** Weak answers of the memory that those executions had at most; null if there were none, and under sequentially consistent memory. */
  readonly weakAnswers: number | null;
  /** States of the searches with a bound on preemptions. */
  readonly boundedStates: number;
  readonly outcomes: readonly ExhaustedOutcome[];
}

/**
 * Search the states of a race.
 *
 * @throws UsageError for a whole machine, and for code that sleeps until it is woken
 */
export async function exhaust(request: ExhaustRequest): Promise<ExhaustReport> {
  const { scenario, ms, part, stop, memory = 'sc' } = request;
  const isWeak = memory === 'lkmm';
  const started = performance.now();
  const loaded = await loadScenario(scenario, { frames: true });
  const prepared = prepare(loaded.scenario);
  if (loaded.scenario.kind === 'system' || prepared.machine.busyTime !== undefined) {
    throw new UsageError(`${scenario.name} is a whole machine: races are exhausted`);
  }
  const search = new StateSearch(prepared, {
    ablation: new Ablation(request.ablated as readonly SiteId[]),
    isWeak,
    bound: loaded.scenario.bounds?.steps ?? DEFAULT_STEPS,
  });
  const elapsed = (): number => performance.now() - started;
  const isStopped = (): boolean => stop !== undefined && Atomics.load(stop, 0) !== 0;
  const share = part === 'whole' ? ALL_BUT_PROBING : UNBOUNDED;
  const isUnboundedOver = (): boolean =>
    part === 'bounded' || elapsed() >= share * ms || isStopped();
  const whole = runUntil(search, isUnboundedOver);
  const digest = whole.exhausted ? search.digest : null;
  const isLate = (): boolean => elapsed() >= ms || isStopped();
  const executed = await confirmed(request, whole, isLate);
  const isOver = whole.exhausted || executed.size > 0;
  const probed = elapsed() + Math.max(PROBING * ms, LEAST_PROBING_MS);
  const isProbed = (): boolean => elapsed() >= probed || isStopped();
  const seen = isOver || part === 'bounded' ? null : search.probe(PROBES, isProbed);
  const bounds = isWeak ? WEAK_BOUNDS : BOUNDS;
  const bounded = isOver || part === 'whole' ? NOTHING : searchBounded(search, isLate, bounds);
  for (const [key, token] of await confirmed(request, bounded, isLate)) executed.set(key, token);
  return {
    exhausted: whole.exhausted || bounded.exhausted,
    states: whole.states,
    steps: whole.steps + bounded.steps,
    seconds: elapsed() / 1000,
    digest,
    seen: bounded.exhausted ? null : seen,
    within: bounded.exhausted ? null : bounded.within,
    weakAnswers: isWeak && !bounded.exhausted ? bounded.weak : null,
    boundedStates: bounded.states,
    outcomes: outcomesOf(new Map([...bounded.ends, ...whole.ends]), executed),
  };
}

/** What the search reached; what is forbidden, only if the engine confirms it. */
function outcomesOf(
  ends: ReadonlyMap<string, End>,
  executed: ReadonlyMap<string, string | undefined>,
): ExhaustedOutcome[] {
  return [...ends]
    .sort(byKey)
    .filter(([key, { verdict }]) => verdict.grade !== 'forbidden' || executed.has(key))
    .map(([key, { verdict, count }]) => {
      const { grade, detail } = verdict;
      const token = executed.get(key);
      return { key, grade, detail, count, ...(token === undefined ? {} : { token }) };
    });
}

/** One report of a search without bounds and of one within bounds, made at the same time. */
export function joinReports(whole: ExhaustReport, bounded: ExhaustReport): ExhaustReport {
  const exhausted = whole.exhausted || bounded.exhausted;
  const outcomes = new Map(
    [...bounded.outcomes, ...whole.outcomes].map((outcome) => [outcome.key, outcome]),
  );
  return {
    exhausted,
    states: whole.states,
    steps: whole.steps + bounded.steps,
    seconds: Math.max(whole.seconds, bounded.seconds),
    digest: whole.digest,
    seen: exhausted ? null : whole.seen,
    within: exhausted ? null : bounded.within,
    weakAnswers: exhausted ? null : bounded.weakAnswers,
    boundedStates: bounded.boundedStates,
    outcomes: [...outcomes].sort(byKey).map(([, outcome]) => outcome),
  };
}

const byKey = ([a]: [string, unknown], [b]: [string, unknown]): number => (a < b ? -1 : 1);

function hasForbidden(ends: ReadonlyMap<string, End>): boolean {
  return [...ends.values()].some(({ verdict }) => verdict.grade === 'forbidden');
}

function runUntil(search: StateSearch, isLate: () => boolean): SearchResult {
  let steps = search.steps;
  let result = search.run({ steps });
  while (!search.isDone && !isLate()) {
    result = search.run({ steps: (steps += CLOCK_STEPS) });
    beat();
  }
  return result;
}

/** What searches with a bound showed. */
interface Bounded {
  /** No choice was left out after all. */
  readonly exhausted: boolean;
  readonly within: number | null;
  readonly weak: number | null;
  readonly states: number;
  readonly steps: number;
  readonly ends: ReadonlyMap<string, End>;
}

const NOTHING: Bounded = {
  exhausted: false,
  within: null,
  weak: null,
  states: 0,
  steps: 0,
  ends: new Map(),
};

/** Search executions within one bound after another, for as long as there is time. */
function searchBounded(
  search: StateSearch,
  isLate: () => boolean,
  bounds: readonly { preemptions: number; weak: number }[],
): Bounded {
  const before = search.steps;
  const ends = new Map<string, End>();
  let found = NOTHING;
  for (const { preemptions, weak } of bounds) {
    if (isLate() || found.exhausted) break;
    search.bound(preemptions, weak);
    const result = runUntil(search, isLate);
    for (const [key, end] of result.ends) if (!ends.has(key)) ends.set(key, end);
    found = { ...found, states: result.states };
    if (!result.exhausted) break;
    found = { ...found, within: preemptions, weak, exhausted: !result.bounded };
    if (hasForbidden(ends)) break;
  }
  return { ...found, steps: search.steps - before, ends };
}

/**
 * The forbidden ends of a search, with the tokens of executions that the real engine has executed, but for those that there
 * is no time for. The weak memory of a search is bounded less than the engine's. So an end that the engine cannot reach does
 * not count if the search was not exhausted.
 *
 * @throws SimulatorBug when the engine comes to another end, and the search says that there is one
 */
async function confirmed(
  { scenario, ablated, memory = 'sc' }: ExhaustRequest,
  { ends, exhausted }: { ends: ReadonlyMap<string, End>; exhausted: boolean },
  isLate: () => boolean,
): Promise<Map<string, string | undefined>> {
  const tokens = new Map<string, string | undefined>();
  const forbidden = [...ends].filter(([, { verdict }]) => verdict.grade === 'forbidden');
  if (forbidden.length === 0) return tokens;
  const isReal = exhausted || memory === 'sc';
  const session = new Session(await loadScenario(scenario), { memory, ablated });
  for (const [i, [key, { path, answers }]] of forbidden.entries()) {
    if (i >= LEAST_CONFIRMED && isLate()) {
      if (isReal) tokens.set(key, undefined);
      continue;
    }
    const strategy = new PathStrategy(path, session.execution.cpus.length, answers);
    strategy.begin();
    const shown = session.execute(strategy);
    beat();
    // The engine may report a data race first.
    if (shown?.key === key || shown?.grade === 'forbidden') tokens.set(key, session.token());
    else if (isReal) {
      throw new SimulatorBug(
        `${scenario.name}: a search of its states ends in ${key}, its execution in ${shown?.key ?? 'nothing'}`,
      );
    }
  }
  return tokens;
}
