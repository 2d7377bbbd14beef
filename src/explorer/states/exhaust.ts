/** Searches all states of one race for as long as it may, and turns what it finds into tokens. */

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
/** Part of the time that may be spent before executions are bounded. */
const UNBOUNDED = 0.7;
/** Part of the time that estimating what is left may take, and milliseconds that it may always take. */
const PROBING = 0.1;
const LEAST_PROBING_MS = 10_000;
const MOST_PREEMPTIONS = 3;
/** Random executions that tell how much was searched. */
const PROBES = 100;

/** What to search. */
export interface ExhaustRequest {
  readonly scenario: ScenarioReference;
  /** Ids of ablated ordering sites. */
  readonly ablated: readonly number[];
  /** Milliseconds at most. */
  readonly ms: number;
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
  /** How much of the states that random executions pass was searched; null when all were. */
  readonly seen: Seen | null;
  /** Preemptions up to which every execution was searched; null when not even those without one were, or all were. */
  readonly within: number | null;
  /** States of the searches with a bound on preemptions. */
  readonly boundedStates: number;
  readonly outcomes: readonly ExhaustedOutcome[];
}

/**
 * Search the states of a race under sequentially consistent memory.
 *
 * @throws UsageError for a whole machine, and for code that sleeps until it is woken
 */
export async function exhaust(request: ExhaustRequest): Promise<ExhaustReport> {
  const { scenario, ablated, ms, stop } = request;
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
  const elapsed = (): number => performance.now() - started;
  const isStopped = (): boolean => stop !== undefined && Atomics.load(stop, 0) !== 0;
  const whole = runUntil(search, () => elapsed() >= UNBOUNDED * ms || isStopped());
  const isOver = whole.exhausted || hasForbidden(whole.ends);
  const probed = elapsed() + Math.max(PROBING * ms, LEAST_PROBING_MS);
  const seen = isOver ? null : search.probe(PROBES, () => elapsed() >= probed || isStopped());
  const isLate = (): boolean => elapsed() >= ms || isStopped();
  const bounded = isOver ? NOTHING : searchBounded(search, isLate);
  const outcomes: ExhaustedOutcome[] = [];
  for (const [key, end] of [...new Map([...bounded.ends, ...whole.ends])].sort(byKey)) {
    const { grade, detail } = end.verdict;
    const token = grade === 'forbidden' ? await tokenOf(scenario, ablated, key, end) : undefined;
    const replayed = token === undefined ? {} : { token };
    outcomes.push({ key, grade, detail, count: end.count, ...replayed });
  }
  return {
    exhausted: whole.exhausted || bounded.exhausted,
    states: whole.states,
    steps: whole.steps + bounded.steps,
    seconds: elapsed() / 1000,
    seen: bounded.exhausted ? null : seen,
    within: bounded.exhausted ? null : bounded.within,
    boundedStates: bounded.states,
    outcomes,
  };
}

const byKey = ([a]: [string, End], [b]: [string, End]): number => (a < b ? -1 : 1);

function hasForbidden(ends: ReadonlyMap<string, End>): boolean {
  return [...ends.values()].some(({ verdict }) => verdict.grade === 'forbidden');
}

function runUntil(search: StateSearch, isLate: () => boolean): SearchResult {
  let steps = search.steps;
  let result = search.run({ steps });
  while (!search.isDone && !isLate()) result = search.run({ steps: (steps += CLOCK_STEPS) });
  return result;
}

/** What searches with a bound showed. */
interface Bounded {
  /** No choice was left out after all. */
  readonly exhausted: boolean;
  readonly within: number | null;
  readonly states: number;
  readonly steps: number;
  readonly ends: ReadonlyMap<string, End>;
}

const NOTHING: Bounded = { exhausted: false, within: null, states: 0, steps: 0, ends: new Map() };

/** Search executions without preemptions, then with one, two and three, for as long as there is time. */
function searchBounded(search: StateSearch, isLate: () => boolean): Bounded {
  const before = search.steps;
  const ends = new Map<string, End>();
  let [within, states, exhausted]: [number | null, number, boolean] = [null, 0, false];
  for (let most = 0; most <= MOST_PREEMPTIONS && !isLate() && !exhausted; most++) {
    search.bound(most);
    const result = runUntil(search, isLate);
    for (const [key, end] of result.ends) if (!ends.has(key)) ends.set(key, end);
    states = result.states;
    if (!result.exhausted) break;
    within = most;
    exhausted = !result.bounded;
    if (hasForbidden(ends)) break;
  }
  return { exhausted, within, states, steps: search.steps - before, ends };
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
