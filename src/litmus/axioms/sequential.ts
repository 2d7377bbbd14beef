/** A quick check that accepts most candidates: one whose events can be run one after the other on plain memory breaks no axiom.
 *
 * Every relation of the model but rcu-order runs along program order and communication. If these two have no cycle
 * together, some order of all events is in line with both, so no cycle of hb or pb exists and no plain access ignores a
 * write that is visible to it. If moreover no grace period falls into a critical section in that order, rcu-order runs
 * along it too, and the RCU axiom holds. If there is no such order, the axioms decide. */
import { INITIAL, PENDING, type Candidate } from './candidate.js';
import { EV } from './event.js';
import type { PlacedTrace } from './placed-trace.js';
import type { Rules } from '../model.js';

const LOCKS = EV.rcuLock | EV.srcuLock;
const UNLOCKS = EV.rcuUnlock | EV.srcuUnlock;
const SYNCS = EV.rcuSync | EV.srcuSync;

/** Looks for an order in which a candidate's events can run. */
export class SequentialRun {
  readonly #candidate: Candidate;
  readonly #srcuByValue: boolean;
  /** Place of each write in coherence order, from 1, by event. */
  readonly #place: Int32Array;
  /** First index of each location in {@link #readers}. */
  readonly #base: Int32Array;
  /** Reads still to run, by location and the place of what they read. */
  readonly #readers: Int32Array;
  /** Writes run, by location. */
  readonly #written: Int32Array;
  /** Open critical sections by SRCU domain + 1; 0 is RCU. */
  readonly #open: Int32Array;
  /** Next event of each thread. */
  readonly #next: Int32Array;

  /** @param candidate the candidate that {@link exists} is asked about, in whatever state it is then */
  constructor(candidate: Candidate, { srcuByValue }: Rules) {
    const locations = candidate.co.length;
    this.#candidate = candidate;
    this.#srcuByValue = srcuByValue;
    this.#place = new Int32Array(candidate.size);
    this.#base = new Int32Array(locations);
    this.#readers = new Int32Array(candidate.size + locations);
    this.#written = new Int32Array(locations);
    this.#open = new Int32Array(locations + 1);
    this.#next = new Int32Array(candidate.offsets.length);
  }

  /** Was an order found? Gives each lock read its source, as the axioms do. */
  exists(): boolean {
    const { threads } = this.#candidate;
    if (this.#srcuByValue && threads.some((t) => this.#hasSrcuGracePeriod(t))) return false;
    this.#prepare();
    let left = 0;
    for (const { trace } of threads) left += trace.events.length;
    for (;;) {
      const before = left;
      for (let t = 0; t < threads.length; t++) left -= this.#advance(t, false);
      if (left === 0) return true;
      if (left < before) continue;
      for (let t = 0; t < threads.length && left === before; t++) left -= this.#advance(t, true);
      if (left === before) return false;
    }
  }

  /** Their sections differ from candidate to candidate. */
  #hasSrcuGracePeriod({ gracePeriods }: PlacedTrace): boolean {
    return gracePeriods.some((gp) => this.#candidate.is(gp, EV.srcuSync));
  }

  #prepare(): void {
    const candidate = this.#candidate;
    candidate.settleLocks();
    this.#place.fill(0);
    this.#written.fill(0);
    this.#open.fill(0);
    this.#next.fill(0);
    this.#readers.fill(0);
    let base = 0;
    for (let location = 0; location < candidate.co.length; location++) {
      const order = candidate.co[location] ?? [];
      this.#base[location] = base;
      base += order.length + 1;
      for (let i = 0; i < order.length; i++) this.#place[order[i] ?? 0] = i + 1;
    }
    for (const { reads } of candidate.threads) {
      for (const read of reads) {
        const at = this.#source(read);
        if (at >= 0) this.#readers[at] = (this.#readers[at] ?? 0) + 1;
      }
    }
  }

  /** Index in {@link #readers} of what a read reads, or -1. */
  #source(read: number): number {
    const source = this.#candidate.sourceOf(read);
    if (source === PENDING) return -1;
    const base = this.#base[this.#candidate.location[read] ?? 0] ?? 0;
    return source === INITIAL ? base : base + (this.#place[source] ?? 0);
  }

  /** Run a thread as far as it goes, up to where a critical section begins; into it if `enter`. Events run. */
  #advance(thread: number, enter: boolean): number {
    const { threads } = this.#candidate;
    const placed = threads[thread];
    if (placed === undefined) return 0;
    const { offset, trace, sectionSteps } = placed;
    const length = trace.events.length;
    const from = this.#next[thread] ?? 0;
    let i = from;
    let mayEnter = enter;
    for (; i < length; i++) {
      const step = sectionSteps[i] ?? 0;
      if (step > 0 && !mayEnter) break;
      if (!this.#execute(offset + i, step)) break;
      if (step > 0) mayEnter = false;
    }
    this.#next[thread] = i;
    return i - from;
  }

  /** Run one event if it can run now. */
  #execute(event: number, step: number): boolean {
    const { classes, location } = this.#candidate;
    const kind = classes[event] ?? 0;
    const where = location[event] ?? 0;
    if ((kind & EV.write) !== 0) return this.#write(event, where, kind, step);
    if ((kind & EV.read) !== 0) {
      if (!this.#read(event, where)) return false;
    } else if ((kind & SYNCS) !== 0) return (this.#open[where + 1] ?? 0) === 0;
    this.#mark(kind, where, step);
    return true;
  }

  #write(e: number, where: number, kind: number, step: number): boolean {
    const place = this.#place[e] ?? 0;
    if ((this.#written[where] ?? 0) !== place - 1) return false;
    if ((this.#readers[(this.#base[where] ?? 0) + place - 1] ?? 0) !== 0) return false;
    this.#written[where] = place;
    this.#mark(kind, where, step);
    return true;
  }

  #read(e: number, where: number): boolean {
    const at = this.#source(e);
    if (at < 0) return true;
    if (at - (this.#base[where] ?? 0) !== this.#written[where]) return false;
    this.#readers[at] = (this.#readers[at] ?? 0) - 1;
    return true;
  }

  #mark(kind: number, where: number, step: number): void {
    if ((kind & (LOCKS | UNLOCKS)) === 0) return;
    this.#open[where + 1] = (this.#open[where + 1] ?? 0) + step;
  }
}
