/** A candidate execution, whole or of the first threads only: one trace a thread, reads-from and coherence. */
import type { LocationId } from '../syntax/ast.js';
import { EV, LOCK_WRITES, type Trace, type TraceEvent } from './event.js';
import type { PlacedTrace } from './placed-trace.js';

/** `rf` of a read of the initial value. */
export const INITIAL = -1;

/** `rf` of a read whose write belongs to a thread not placed yet. */
export const PENDING = -2;

/** Event indices of thread `t` are `offsets[t] … offsets[t + 1] - 1`; a shorter trace leaves the last ones unused. */
export class Candidate {
  readonly offsets: readonly number[];
  readonly size: number;
  /** Thread of each event index. */
  readonly threadOf: Int32Array;
  /** {@link EV} bits of each event, 0 where no event is placed. */
  readonly classes: Int32Array;
  readonly location: Int32Array;
  /** Value read or written by each event. */
  readonly value: Float64Array;
  /** Source of each read: an event, {@link INITIAL} or {@link PENDING}. */
  readonly rf: Int32Array;
  /** Writes of each location in coherence order, without the initial one. */
  readonly co: (readonly number[])[];
  /** Placed threads. */
  readonly threads: PlacedTrace[] = [];

  /** @param offsets first event index of every thread, and the total after the last
   * @param locations number of locations */
  constructor(offsets: readonly number[], locations: number) {
    this.offsets = offsets;
    this.size = offsets.at(-1) ?? 0;
    this.threadOf = new Int32Array(this.size);
    offsets.slice(0, -1).forEach((from, t) => this.threadOf.fill(t, from, offsets[t + 1]));
    this.classes = new Int32Array(this.size);
    this.location = new Int32Array(this.size).fill(-1);
    this.value = new Float64Array(this.size);
    this.rf = new Int32Array(this.size).fill(PENDING);
    this.co = Array.from({ length: locations }, () => []);
  }

  /** Place the next thread's trace; its reads are pending, its writes in no coherence order yet. */
  push(placed: PlacedTrace): void {
    const { offset, trace } = placed;
    this.threads.push(placed);
    const { events } = trace;
    for (let i = 0; i < events.length; i++) {
      const event = events[i];
      if (event === undefined) break;
      this.classes[offset + i] = event.classes;
      this.location[offset + i] = event.location;
      this.value[offset + i] = event.value;
      this.rf[offset + i] = PENDING;
    }
  }

  /** Take the last placed thread away. The caller has restored `rf` and `co` of the others. */
  pop(): void {
    const placed = this.threads.pop();
    if (placed === undefined) return;
    const { offset, trace } = placed;
    this.classes.fill(0, offset, offset + trace.events.length);
    this.location.fill(-1, offset, offset + trace.events.length);
  }

  /** The event at an index where one is placed. */
  event(index: number): TraceEvent {
    const placed = this.threads[this.threadOf[index] ?? 0];
    const event = placed?.trace.events[index - placed.offset];
    if (event === undefined) throw new RangeError(`no event ${index}`);
    return event;
  }

  /** Has event `index` one of `classes`? */
  is(index: number, classes: number): boolean {
    return ((this.classes[index] ?? 0) & classes) !== 0;
  }

  /** Write that `read` reads from, or {@link INITIAL} or {@link PENDING}. */
  sourceOf(read: number): number {
    return this.rf[read] ?? PENDING;
  }

  /** Indices of all placed events. */
  *placed(): Generator<number> {
    for (const { offset, trace } of this.threads) {
      for (let i = 0; i < trace.events.length; i++) yield offset + i;
    }
  }

  /** A copy that later changes do not reach. */
  snapshot(): Candidate {
    const copy = new Candidate(this.offsets, this.co.length);
    for (const placed of this.threads) copy.push(placed);
    copy.rf.set(this.rf);
    this.co.forEach((order, location) => (copy.co[location] = [...order]));
    return copy;
  }

  /** Value of `location` in the end; taking and releasing a lock leaves its initial value. */
  finalValue(location: LocationId, initial: number): number {
    const last = this.co[location]?.findLast((write) => !this.is(write, LOCK_WRITES));
    return last === undefined ? initial : this.event(last).value;
  }

  /** Give each lock read the unlock, or the initial state, that its lock write follows in coherence order; one that
   * follows another write has no source. */
  settleLocks(): void {
    for (const order of this.co) {
      for (let i = 0; i < order.length; i++) {
        const write = order[i] ?? 0;
        if (!this.is(write, EV.lockWrite)) continue;
        const before = order[i - 1];
        if (before === undefined) this.rf[write - 1] = INITIAL;
        else this.rf[write - 1] = this.is(before, EV.unlock) ? before : PENDING;
      }
    }
  }
}

/** First event index of every thread when thread `t` has at most `lengths[t]` events, and the total. */
export function offsetsOf(lengths: readonly number[]): number[] {
  const offsets = [0];
  for (const length of lengths) offsets.push((offsets.at(-1) ?? 0) + length);
  return offsets;
}

/** The longest trace of each thread. */
export function longest(traces: readonly (readonly Trace[])[]): number[] {
  return traces.map((ofThread) => ofThread.reduce((n, t) => Math.max(n, t.events.length), 0));
}
