/** A trace at its place among the events of a candidate: lists of its events now, its relations when first asked for. */
import type { LocationId } from '../syntax/ast.js';
import { criticalSections, type CriticalSections } from './critical-section.js';
import { EV, RCU_EVENTS, SYNC_EVENTS, type Trace } from './event.js';
import type { Rules } from '../model.js';
import { ThreadRelations } from './thread-relations.js';

/** What one trace contributes to flags, which its thread fixes alone. */
export interface TraceFlags {
  readonly flags: readonly string[];
  /** Locations that it uses as locks, and that it accesses otherwise. */
  readonly locks: readonly number[];
  readonly others: ReadonlySet<number>;
  /** True if it raises none alone, nor with others. */
  readonly isQuiet: boolean;
}

function hasStrayUnlock({ events }: Trace): boolean {
  const held = new Set<number>();
  return events.some(({ classes, location }) => {
    if ((classes & EV.lockWrite) !== 0) held.add(location);
    return (classes & EV.unlock) !== 0 && !held.delete(location);
  });
}

/** A trace whose first event has index `offset` of `size`. */
export class PlacedTrace {
  readonly trace: Trace;
  readonly offset: number;
  readonly hasPlain: boolean;
  /** Reads, as event indices. */
  readonly reads: readonly number[];
  /** Accesses of each location in program order, as event indices; lock reads are left to their lock writes. */
  readonly accesses: ReadonlyMap<LocationId, readonly number[]>;
  /** The locations of {@link accesses}, those of `first` before the others. */
  readonly locations: readonly LocationId[];
  /** RCU and SRCU marks, and grace periods, as event indices. */
  readonly rcuEvents: readonly number[];
  readonly gracePeriods: readonly number[];
  readonly sections: CriticalSections;
  /** Is there an unlock of a lock that the thread does not hold? It is in no coherence order. */
  readonly hasStrayUnlock: boolean;
  /** Null until they are asked for. */
  flags: TraceFlags | null = null;
  readonly #size: number;
  readonly #rules: Rules;
  #relations: ThreadRelations | null = null;

  constructor(
    trace: Trace,
    offset: number,
    size: number,
    rules: Rules,
    first: ReadonlySet<LocationId>,
  ) {
    this.trace = trace;
    this.offset = offset;
    this.#size = size;
    this.#rules = rules;
    this.sections = criticalSections(trace, offset, rules);
    const reads: number[] = [];
    const rcuEvents: number[] = [];
    const gracePeriods: number[] = [];
    const accesses = new Map<LocationId, number[]>();
    trace.events.forEach(({ classes, location }, i) => {
      const index = offset + i;
      if ((classes & EV.read) !== 0) reads.push(index);
      if ((classes & RCU_EVENTS) !== 0) rcuEvents.push(index);
      if ((classes & SYNC_EVENTS) !== 0) gracePeriods.push(index);
      if ((classes & (EV.read | EV.write)) === 0 || (classes & EV.lockRead) !== 0) return;
      const known = accesses.get(location);
      if (known === undefined) accesses.set(location, [index]);
      else known.push(index);
    });
    this.hasStrayUnlock = hasStrayUnlock(trace);
    this.hasPlain = trace.events.some(({ classes }) => (classes & EV.plain) !== 0);
    this.reads = reads;
    this.rcuEvents = rcuEvents;
    this.gracePeriods = gracePeriods;
    this.accesses = accesses;
    const locations = [...accesses.keys()];
    this.locations =
      first.size === 0
        ? locations
        : [...locations.filter((l) => first.has(l)), ...locations.filter((l) => !first.has(l))];
  }

  /** The relations that the trace fixes by itself. */
  get relations(): ThreadRelations {
    return (this.#relations ??= new ThreadRelations(
      this.trace,
      this.offset,
      this.#size,
      this.#rules,
    ));
  }
}
