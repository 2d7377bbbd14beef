/** A quick check that accepts most candidates: one whose events can be run one after the other on plain memory breaks no axiom.
 *
 * Every relation of the model but rcu-order runs along program order and communication. Let T be the smallest transitive
 * relation that holds both and where, of a grace period and a critical section, what comes before the end comes before
 * the beginning, and what the beginning comes before, the end comes before too. Then rcu-order runs along T as well: it
 * follows from the first two by induction over its definition. If T has no cycle, then neither have hb, pb and rb, and no
 * plain access ignores a write that is visible to it. If it has one, the axioms decide.
 *
 * T only grows as threads are added. So it is kept for each number of threads, and a candidate pays for its last one only. */
import { INITIAL, PENDING, type Candidate } from './candidate.js';
import { EV } from './event.js';
import type { PlacementNode } from './placement.js';
import type { PlacedTrace } from './placed-trace.js';
import type { Rules } from '../model.js';

const NO_ACCESSES: readonly number[] = [];

/** Numbers of one entry of {@link SequentialOrder.#pairs}. */
const PAIR = 3;

/** Orders the events of a candidate as far as running them one after the other would. */
export class SequentialOrder {
  readonly #candidate: Candidate;
  readonly #srcuByValue: boolean;
  readonly #words: number;
  /** Of {@link #rows}, for one number of threads. */
  readonly #stride: number;
  /** T, as rows of words, for each number of threads. */
  readonly #rows: Int32Array;
  /** By number of threads: has T a cycle, or is it not known? */
  readonly #isCyclic: boolean[] = [false];
  /** A grace period, and the lock and unlock of a critical section of its domain; and so on. */
  readonly #pairs: number[] = [];
  /** Where those of a number of threads end. */
  readonly #pairsEnd: number[] = [0];
  /** First row in force. */
  #base = 0;
  /** Rows of events that are placed. */
  #end = 0;

  /** @param candidate the candidate that {@link extend} is asked about, in whatever state it is then */
  constructor(candidate: Candidate, { srcuByValue }: Rules) {
    this.#candidate = candidate;
    this.#srcuByValue = srcuByValue;
    this.#words = Math.max(1, (candidate.size + 31) >>> 5);
    this.#stride = candidate.size * this.#words;
    this.#rows = new Int32Array(this.#stride * candidate.offsets.length);
  }

  /** The candidate's last thread has been placed, on top of the others as they were at the last call for them. `nodes` has
   * the placement in force at each location. */
  extend(nodes: readonly PlacementNode[]): void {
    const { threads } = this.#candidate;
    const n = threads.length;
    const placed = threads[n - 1];
    if (placed === undefined) return;
    this.#isCyclic[n] = this.#isCyclic[n - 1] === true || placed.hasStrayUnlock;
    if (this.#isCyclic[n]) return;
    this.#begin(n, placed);
    this.#addPairs(n, placed);
    for (const location of placed.locations) {
      const node = nodes[location];
      if (node === undefined) continue;
      const edges = (node.edges ??= this.#edgesOf(node));
      for (let i = 0; i < edges.length; i += 2) {
        if (this.#add(edges[i] ?? 0, edges[i + 1] ?? 0)) continue;
        this.#isCyclic[n] = true;
        return;
      }
    }
  }

  /** Does an order exist for the candidate as it was at the last {@link extend}? */
  exists(): boolean {
    const n = this.#candidate.threads.length;
    if (this.#isCyclic[n] === true) return false;
    if (this.#srcuByValue && this.#candidate.threads.some((t) => this.#hasSrcuGracePeriod(t)))
      return false;
    const separate = this.#separate(this.#pairsEnd[n] ?? 0);
    this.#isCyclic[n] = !separate;
    return separate;
  }

  /** Their sections differ from candidate to candidate. */
  #hasSrcuGracePeriod({ gracePeriods }: PlacedTrace): boolean {
    return gracePeriods.some((gp) => this.#candidate.is(gp, EV.srcuSync));
  }

  /** Start from the order of the threads before, and the program order of the last one. */
  #begin(n: number, { offset, trace }: PlacedTrace): void {
    const [rows, words, stride] = [this.#rows, this.#words, this.#stride];
    const before = (this.#base = n * stride);
    this.#end = offset + trace.events.length;
    rows.copyWithin(before, before - stride, before - stride + offset * words);
    for (let e = this.#end - 1, at = before + e * words; e >= offset; e--, at -= words) {
      for (let w = 0; w < words; w++)
        rows[at + w] = e + 1 < this.#end ? (rows[at + words + w] ?? 0) : 0;
      if (e + 1 < this.#end)
        rows[at + ((e + 1) >>> 5)] = (rows[at + ((e + 1) >>> 5)] ?? 0) | (1 << ((e + 1) & 31));
    }
  }

  #has(a: number, b: number): boolean {
    return (((this.#rows[this.#base + a * this.#words + (b >>> 5)] ?? 0) >>> (b & 31)) & 1) !== 0;
  }

  /** Add a pair and what follows by transitivity; false if that would be a cycle. */
  #add(a: number, b: number): boolean {
    if (this.#has(a, b)) return true;
    if (a === b || this.#has(b, a)) return false;
    const [rows, words] = [this.#rows, this.#words];
    const from = this.#base + b * words;
    const [bit, word] = [1 << (a & 31), a >>> 5];
    for (let e = 0, at = this.#base; e < this.#end; e++, at += words) {
      if (e !== a && ((rows[at + word] ?? 0) & bit) === 0) continue;
      for (let w = 0; w < words; w++) rows[at + w] = (rows[at + w] ?? 0) | (rows[from + w] ?? 0);
      rows[at + (b >>> 5)] = (rows[at + (b >>> 5)] ?? 0) | (1 << (b & 31));
    }
    return true;
  }

  /** Take no grace period into a critical section; false if that is not possible. */
  #separate(end: number): boolean {
    const pairs = this.#pairs;
    for (let isGrown = true; isGrown;) {
      isGrown = false;
      for (let i = 0; i < end; i += PAIR) {
        const [gp, lock, unlock] = [pairs[i] ?? 0, pairs[i + 1] ?? 0, pairs[i + 2] ?? 0];
        if (this.#has(lock, gp) && !this.#has(unlock, gp)) {
          if (!this.#add(unlock, gp)) return false;
          isGrown = true;
        }
        if (this.#has(gp, unlock) && !this.#has(gp, lock)) {
          if (!this.#add(gp, lock)) return false;
          isGrown = true;
        }
      }
    }
    return true;
  }

  /** Find the pairs that the last thread makes with those before, and with itself. */
  #addPairs(n: number, placed: PlacedTrace): void {
    const { rcu, srcu } = placed.sections;
    let end = this.#pairsEnd[n - 1] ?? 0;
    if (placed.gracePeriods.length + rcu.length + srcu.length > 0) {
      for (const other of this.#candidate.threads) {
        end = this.#pair(end, placed.gracePeriods, other);
        if (other !== placed) end = this.#pair(end, other.gracePeriods, placed);
      }
    }
    this.#pairsEnd[n] = end;
  }

  #pair(from: number, gracePeriods: readonly number[], { sections }: PlacedTrace): number {
    const [candidate, pairs] = [this.#candidate, this.#pairs];
    let end = from;
    for (const gp of gracePeriods) {
      const isRcu = candidate.is(gp, EV.rcuSync);
      for (const { lock, unlock } of isRcu ? sections.rcu : sections.srcu) {
        if (!isRcu && candidate.location[lock] !== candidate.location[gp]) continue;
        pairs[end] = gp;
        pairs[end + 1] = lock;
        pairs[end + 2] = unlock;
        end += PAIR;
      }
    }
    return end;
  }

  /** Communication at one location, as pairs one after the other: steps of coherence order, reads-from, and from-reads to the next
   * write. */
  #edgesOf({ location, co }: PlacementNode): readonly number[] {
    const candidate = this.#candidate;
    const edges: number[] = [];
    for (let i = 1; i < co.length; i++) {
      const [before = 0, write = 0] = [co[i - 1], co[i]];
      edges.push(before, write);
      // The read half of taking a lock reads from the unlock before.
      if (candidate.is(write, EV.lockWrite) && candidate.is(before, EV.unlock))
        edges.push(before, write - 1);
    }
    for (const { accesses } of candidate.threads) {
      for (const event of accesses.get(location) ?? NO_ACCESSES) {
        const source = candidate.is(event, EV.read) ? candidate.sourceOf(event) : PENDING;
        if (source === PENDING) continue;
        if (source !== INITIAL) edges.push(source, event);
        // What reads an unlock that is in no order comes before no write.
        const place = source === INITIAL ? -1 : co.indexOf(source);
        const next = place < 0 && source !== INITIAL ? undefined : co[place + 1];
        if (next !== undefined) edges.push(event, next);
      }
    }
    return edges;
  }
}
