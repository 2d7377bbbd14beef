/** Where values come from: the writes that take part in deriving a value, so that none derives it from itself. */
import type { Instruction, LitmusTest, LocationId } from '../syntax/ast.js';
import { instructionsOf } from '../syntax/walk.js';
import { EV, isOrdinaryWrite, type Trace, type TraceEvent } from './event.js';

/** Ways to derive a value: sets of writes, one bit each, none a superset of another. */
type Derivations = readonly number[];

/** Writes that have a bit of their own; others are not tracked. */
const TRACKED = 30;

/** Derivations kept of a value; a value with more counts as derivable from nothing. */
const MOST = 64;

const LOCK_READS = EV.lockRead | EV.lockFail | EV.isLocked | EV.isUnlocked;

const FROM_NOTHING: Derivations = [0];

/** How often the instruction of `write` has written before it. */
function writesBefore(events: readonly TraceEvent[], write: TraceEvent): number {
  let n = 0;
  for (const event of events) {
    if (event === write) return n;
    if (event.writer === write.writer) n++;
  }
  return n;
}

/** `sets` without those that contain another, and with `added`. */
function withSet(sets: Derivations, added: number): Derivations {
  if (sets.some((set) => (set & added) === set)) return sets;
  const kept = [...sets.filter((set) => (set & added) !== added), added];
  return kept.length > MOST ? FROM_NOTHING : kept;
}

/** The values that threads may write, with their derivations. */
export class Provenance {
  /** Bits of a write instruction by how often it had written before: in a loop it is many writes. */
  readonly #bits = new Map<Instruction, number[]>();
  #tracked = 0;
  readonly #initial: readonly number[];
  /** By thread, location and value. */
  #known: Map<LocationId, Map<number, Derivations>>[];

  constructor(test: LitmusTest) {
    this.#initial = test.locations.map(({ init }) => init);
    this.#known = test.threads.map(() => new Map<LocationId, Map<number, Derivations>>());
    for (const { body } of test.threads) {
      for (const writer of instructionsOf(body)) this.#bitOf(writer, 0);
    }
  }

  /** The bit of a write; 0 if it is not tracked. */
  #bitOf(writer: Instruction, writes: number): number {
    const known = this.#bits.get(writer) ?? [];
    if (known.length === 0) this.#bits.set(writer, known);
    return (known[writes] ??= this.#tracked < TRACKED ? 1 << this.#tracked++ : 0);
  }

  /** Values that threads other than `thread` may write to `location` without the help of the write that `reader` is about to
   * make, after `writes` others. */
  foreign(thread: number, location: LocationId, reader: Instruction, writes: number): number[] {
    const bit = reader.kind === 'load' ? 0 : this.#bitOf(reader, writes);
    const values = new Set<number>();
    this.#known.forEach((sets, t) => {
      if (t === thread) return;
      for (const [value, derivations] of sets.get(location) ?? []) {
        if (bit === 0 || derivations.some((set) => (set & bit) === 0)) values.add(value);
      }
    });
    return [...values];
  }

  /** Learn the values that `traces`, by thread, write. False if nothing was new. */
  learn(traces: readonly (readonly Trace[])[]): boolean {
    const next = traces.map((ofThread) => {
      const values = new Map<LocationId, Map<number, Derivations>>();
      for (const trace of ofThread) this.#learnTrace(trace, values);
      return values;
    });
    const grown = next.some((values, t) => this.#differs(values, this.#known[t]));
    this.#known = next;
    return grown;
  }

  #differs(
    now: ReadonlyMap<LocationId, ReadonlyMap<number, Derivations>>,
    before: ReadonlyMap<LocationId, ReadonlyMap<number, Derivations>> | undefined,
  ): boolean {
    for (const [location, values] of now) {
      for (const [value, sets] of values) {
        const old = before?.get(location)?.get(value);
        if (old?.length !== sets.length || sets.some((set) => !old.includes(set))) return true;
      }
    }
    return false;
  }

  #learnTrace({ thread, events }: Trace, values: Map<LocationId, Map<number, Derivations>>): void {
    const own: Derivations[] = [];
    events.forEach((event, i) => {
      if (!isOrdinaryWrite(event.classes)) return;
      const derivations = this.#derive(thread, events, own, event);
      own[i] = derivations;
      if (derivations.length === 0) return;
      const ofLocation = values.get(event.location) ?? new Map<number, Derivations>();
      values.set(event.location, ofLocation);
      const merged = derivations.reduce(withSet, ofLocation.get(event.value) ?? []);
      ofLocation.set(event.value, merged);
    });
  }

  /** The derivations of a write: those of the reads its value depends on, and itself, which none may contain. */
  #derive(
    thread: number,
    events: readonly TraceEvent[],
    own: readonly Derivations[],
    write: TraceEvent,
  ): Derivations {
    const { writer } = write;
    const bit = writer === null ? 0 : this.#bitOf(writer, writesBefore(events, write));
    let result: Derivations = [bit];
    for (const read of write.data) {
      const sources = this.#sources(thread, events, own, read);
      let joined: Derivations = [];
      for (const a of result) {
        for (const b of sources) {
          if (bit === 0 || (b & bit) === 0) joined = withSet(joined, a | b);
        }
      }
      result = joined;
    }
    return result;
  }

  /** How the value of a read may have come about: initially, by an own write, or by another thread. */
  #sources(
    thread: number,
    events: readonly TraceEvent[],
    own: readonly Derivations[],
    read: number,
  ): Derivations {
    const { location = 0, value = 0, classes = 0 } = events[read] ?? {};
    // What a lock returns depends on no value that a thread computed.
    if ((classes & LOCK_READS) !== 0) return FROM_NOTHING;
    let last = -1;
    for (let i = 0; i < read; i++) {
      const event = events[i];
      if (event?.location === location && isOrdinaryWrite(event.classes)) last = i;
    }
    if (last < 0 && (this.#initial[location] ?? 0) === value) return FROM_NOTHING;
    let sources: Derivations = events[last]?.value === value ? (own[last] ?? []) : [];
    this.#known.forEach((sets, t) => {
      if (t === thread) return;
      sources = (sets.get(location)?.get(value) ?? []).reduce(withSet, sources);
    });
    return sources;
  }
}
