/** Tests to which the model has no answer: in some of their executions, an access is to no location, or an operation has no value. */
import type { LitmusTest, LocationId } from '../syntax/ast.js';
import { LitmusSyntaxError } from '../syntax/syntax-error.js';
import { FREE_VALUE } from '../syntax/values.js';
import { EV, isOrdinaryWrite, type Trace, type TraceEvent } from './event.js';
import type { FaultyTrace } from './trace.js';

type Path = Pick<Trace, 'thread' | 'events'>;

/** Combinations of paths beyond which values that were read count as possible. */
const MOST = 200_000;

const LOCK_READS = EV.lockRead | EV.lockFail | EV.isLocked | EV.isUnlocked;

/** What is known of a test when its traces are. */
export interface Explored {
  readonly traces: readonly (readonly Trace[])[];
  readonly faults: readonly FaultyTrace[];
  readonly initOf: (location: LocationId) => number;
}

/** Looks for executions, whatever the model says of them, in which every read has a write that it may read from. */
class Realizer {
  readonly #options: readonly (readonly Path[])[];
  readonly #initOf: Explored['initOf'];
  #left = MOST;

  constructor({ traces, faults, initOf }: Explored) {
    this.#options = traces.map((all, t) => [...all, ...faults.filter((f) => f.thread === t)]);
    this.#initOf = initOf;
  }

  isPossible(fault: FaultyTrace): boolean {
    return this.#complete([fault], 0);
  }

  #complete(chosen: readonly Path[], thread: number): boolean {
    const options = this.#options[thread];
    if (options === undefined) {
      return --this.#left <= 0 || this.#isExecution(chosen);
    }
    if (chosen[0]?.thread === thread) return this.#complete(chosen, thread + 1);
    return options.some((path) => this.#complete([...chosen, path], thread + 1));
  }

  /** Has every read a write to read from, and does every value come from somewhere? One that goes round is only ever the free value. */
  #isExecution(chosen: readonly Path[]): boolean {
    const sources = new Map<TraceEvent, readonly TraceEvent[] | null>();
    for (const path of chosen) if (!this.#findSources(path, chosen, sources)) return false;
    const open = new Set(sources.keys());
    for (let before = -1; before !== open.size;) {
      before = open.size;
      for (const path of chosen) {
        for (const event of path.events)
          if (isKnown(event, path, sources, open)) open.delete(event);
      }
    }
    return [...open].every(({ value }) => value === FREE_VALUE);
  }

  /** What each event of a path may take its value from; null: it has to wait for none. False if a read has nothing. */
  #findSources(
    path: Path,
    chosen: readonly Path[],
    sources: Map<TraceEvent, readonly TraceEvent[] | null>,
  ): boolean {
    const own = new Map<LocationId, TraceEvent>();
    for (const event of path.events) {
      const { classes, location, value, needs } = event;
      const last = own.get(location);
      if (isOrdinaryWrite(classes)) own.set(location, event);
      if ((classes & EV.read) === 0 || (classes & LOCK_READS) !== 0) {
        sources.set(event, needs === null ? null : []);
        continue;
      }
      const isInitial = last === undefined && this.#initOf(location) === value;
      const found = chosen
        .filter((other) => other !== path)
        .flatMap(({ events }) => events.filter((e) => isOrdinaryWrite(e.classes)))
        .concat(last ?? [])
        .filter((e) => e.location === location && e.value === value);
      if (!isInitial && found.length === 0) return false;
      sources.set(event, isInitial ? null : found);
    }
    return true;
  }
}

/** Can the value of an event be computed from those that are open no more? */
function isKnown(
  event: TraceEvent,
  path: Path,
  sources: ReadonlyMap<TraceEvent, readonly TraceEvent[] | null>,
  open: ReadonlySet<TraceEvent>,
): boolean {
  const { needs } = event;
  const isOpen = (read: number): boolean => open.has(path.events[read] ?? event);
  if (needs !== null && !needs.some(isOpen)) return true;
  const from = sources.get(event);
  return from === null || (from ?? []).some((write) => !open.has(write));
}

/**
 * Refuse a test that does one of these on a path that can be taken.
 *
 * @throws LitmusSyntaxError with the first such statement
 */
export function refuseFaults(test: LitmusTest, explored: Explored): void {
  const faults = explored.faults.filter(({ kind }) => kind === 'fault');
  if (faults.length === 0) return;
  const realizer = new Realizer(explored);
  const inOrder = faults.sort((a, b) => a.at.line - b.at.line || a.at.column - b.at.column);
  for (const fault of inOrder) {
    if (!realizer.isPossible(fault)) continue;
    throw new LitmusSyntaxError(test.file, fault.at, `${fault.problem}: ${fault.at.text}`);
  }
}

/** Does some execution go on longer than the bound on loops lets it? */
export function isCut(explored: Explored): boolean {
  const cuts = explored.faults.filter(({ kind }) => kind === 'cut');
  if (cuts.length === 0) return false;
  const realizer = new Realizer(explored);
  return cuts.some((cut) => realizer.isPossible(cut));
}
