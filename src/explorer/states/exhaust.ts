/** Searches all states of one race for as long as it may, and turns what it finds into tokens. */

import { beat } from '../engine/pulse.js';
import { SimulatorBug, UsageError } from '../../errors.js';
import { Ablation, type SiteId } from '../../memory/sites.js';
import type { ScenarioReference } from '../../scenario/reference.js';
import type { Grade } from '../../scenario/declare.js';
import { prepare } from '../engine/prepare.js';
import { DEFAULT_STEPS, loadScenario, Session } from '../engine/session.js';
import { PathStrategy } from './path-strategy.js';
import {
  BOUNDS,
  type Bounded,
  NOTHING,
  runUntil,
  searchBounded,
  WEAK_BOUNDS,
} from './bounded-search.js';
import {
  type ExhaustPart,
  KEEPS_NOTHING,
  type SavedPart,
  type SearchKeeper,
} from './search-keeper.js';
import { StateSearch, type SavedSearch } from './search.js';
import type { End, SearchResult, Seen } from './search-result.js';

/** Part of the time that may be spent before executions are bounded, and before the rest is estimated if they are not. */
const UNBOUNDED = 0.7;
const ALL_BUT_PROBING = 0.9;
/** Share of the time that estimating the rest may take, and milliseconds that it may always take. */
const PROBING = 0.1;
const LEAST_PROBING_MS = 10_000;
/** Forbidden ends that are executed even if the time is over. */
const LEAST_CONFIRMED = 10;
/** Random executions that tell how much was searched. */
const PROBES = 100;

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
 * @param keeper saves the search from time to time, and has what was saved before
 * @throws UsageError for a whole machine, and for code that sleeps until it is woken
 */
export async function exhaust(
  request: ExhaustRequest,
  keeper: SearchKeeper = KEEPS_NOTHING,
): Promise<ExhaustReport> {
  const { part, memory = 'sc' } = request;
  const clock = new Clock(request);
  const searchOf = await searchesOf(request);
  const kept = {
    whole: part === 'bounded' ? undefined : keeper.load('whole'),
    bounded: part === 'whole' ? undefined : keeper.load('bounded'),
  };
  clock.before = (kept.whole?.ms ?? 0) + (kept.bounded?.ms ?? 0);
  const search = searchOf(kept.whole?.search);
  const whole = searchWhole({ search, clock, kept: kept.whole, keeper }, request);
  const digest = whole.exhausted ? search.digest : null;
  const executed = await confirmed(request, whole, clock.isLate);
  const isOver = whole.exhausted || executed.size > 0;
  const hasGoneOn = whole.steps !== kept.whole?.search.walk.steps;
  let seen: Seen | null = null;
  if (!isOver && part !== 'bounded') {
    const known = hasGoneOn ? undefined : kept.bounded?.seen;
    seen = known ?? search.probe(PROBES, clock.until(probingMs(request.ms)));
  }
  let bounded = NOTHING;
  if (!isOver && part !== 'whole') {
    const within = kept.bounded === undefined ? search : searchOf(kept.bounded.search);
    bounded = searchWithin({ search: within, clock, kept: kept.bounded, keeper }, memory, seen);
  }
  for (const [key, token] of await confirmed(request, bounded, clock.isLate)) {
    executed.set(key, token);
  }
  return {
    exhausted: whole.exhausted || bounded.exhausted,
    states: whole.states,
    steps: whole.steps + bounded.steps,
    seconds: (clock.before + clock.elapsed) / 1000,
    digest,
    seen: bounded.exhausted ? null : seen,
    within: bounded.exhausted ? null : bounded.within,
    weakAnswers: memory === 'lkmm' && !bounded.exhausted ? bounded.weak : null,
    boundedStates: bounded.states,
    outcomes: outcomesOf(new Map([...bounded.ends, ...whole.ends]), executed),
  };
}

const probingMs = (ms: number): number => Math.max(PROBING * ms, LEAST_PROBING_MS);

/** Makes searches of a race, new ones and ones that go on. @throws UsageError if it is none */
async function searchesOf({
  scenario,
  ablated,
  memory,
}: ExhaustRequest): Promise<(saved?: SavedSearch) => StateSearch> {
  const loaded = await loadScenario(scenario, { frames: true });
  const prepared = prepare(loaded.scenario);
  if (loaded.scenario.kind === 'system' || prepared.machine.busyTime !== undefined) {
    throw new UsageError(`${scenario.name} is a whole machine: races are exhausted`);
  }
  const ablation = new Ablation(ablated as readonly SiteId[]);
  const bound = loaded.scenario.bounds?.steps ?? DEFAULT_STEPS;
  const isWeak = memory === 'lkmm';
  return (saved) => new StateSearch(prepared, { ablation, isWeak, bound }, saved);
}

/** How long a search has taken. */
class Clock {
  /** Milliseconds that were spent before this process went on. */
  before = 0;
  readonly #started = performance.now();
  readonly #ms: number;
  readonly #stop: Int32Array | undefined;

  constructor({ ms, stop }: ExhaustRequest) {
    this.#ms = ms;
    this.#stop = stop;
  }

  /** Milliseconds since this process went on. */
  get elapsed(): number {
    return performance.now() - this.#started;
  }

  /** Whether somebody wants the search to end. */
  get isStopped(): boolean {
    return this.#stop !== undefined && Atomics.load(this.#stop, 0) !== 0;
  }

  /** Whether all of the time is over. */
  readonly isLate = (): boolean => this.before + this.elapsed >= this.#ms || this.isStopped;

  /** Asks whether a number of milliseconds from now on are over. */
  until(ms: number): () => boolean {
    const end = this.elapsed + ms;
    return () => this.elapsed >= end || this.isStopped;
  }
}

/** A part of what is to be searched. */
interface Part {
  readonly search: StateSearch;
  readonly clock: Clock;
  /** What was kept of it. */
  readonly kept: SavedPart | undefined;
  readonly keeper: SearchKeeper;
}

/** Search without bounds, for as long as its share of the time allows. */
function searchWhole(
  { search, clock, kept, keeper }: Part,
  { part, ms }: ExhaustRequest,
): SearchResult {
  if (part === 'bounded') return search.run({ steps: search.steps });
  const spent = (): number => (kept?.ms ?? 0) + clock.elapsed;
  const share = part === 'whole' ? ALL_BUT_PROBING : UNBOUNDED;
  const saved = (): SavedPart => ({ ms: spent(), search: search.save() });
  const isOver = (): boolean => spent() >= share * ms || clock.isStopped;
  const result = runUntil(search, isOver, () => {
    keeper.keep('whole', saved);
  });
  if (!search.isDone) keeper.keep('whole', saved, true);
  return result;
}

/** Search within bounds, for as long as there is time. @param seen what is known of the search without them */
function searchWithin(
  { search, clock, kept, keeper }: Part,
  memory: 'sc' | 'lkmm',
  seen: Seen | null,
): Bounded {
  const began = clock.elapsed;
  return searchBounded({
    search,
    bounds: memory === 'lkmm' ? WEAK_BOUNDS : BOUNDS,
    isLate: clock.isLate,
    kept: kept?.bounded,
    keep: (make, isLast) => {
      const ms = (kept?.ms ?? 0) + clock.elapsed - began;
      keeper.keep('bounded', () => ({ ...make(), ms, seen }), isLast);
    },
  });
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
