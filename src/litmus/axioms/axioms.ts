/** Checks a candidate execution against the axioms of the Linux kernel memory model (linux-kernel.cat, lock.cat of 6.1, 6.12 or 7.3).
 * Every relation only grows as threads are added, so a violation by the first threads condemns every completion. */
import type { Candidate } from './candidate.js';
import { INITIAL, PENDING } from './candidate.js';
import type { Rules } from '../model.js';
import { EV } from './event.js';
import { findPlainIncoherence } from './plain.js';
import { RcuOrder } from './rcu.js';
import { Relation } from './relation.js';

/** The axioms that {@link Axioms.check} tests; coherence, atomicity and locking are built into the candidates. */
export type Axiom = 'happens-before' | 'propagation' | 'rcu' | 'plain-coherence';

/** The relations of one candidate at a time. Names are those of linux-kernel.cat; those up to `pb` relate marked events. */
export class Axioms {
  readonly size: number;
  /** Coherence and from-reads, of all events. */
  readonly co: Relation;
  readonly fr: Relation;
  readonly rfe: Relation;
  readonly rfi: Relation;
  readonly po: Relation;
  readonly strongFence: Relation;
  readonly ppo: Relation;
  readonly cumulFence: Relation;
  /** cumul-fence*. */
  readonly cumulFenceStar: Relation;
  readonly overwriteExt: Relation;
  readonly prop: Relation;
  readonly hb: Relation;
  /** hb*. */
  readonly hbStar: Relation;
  readonly pb: Relation;
  /** pb*. */
  readonly pbStar: Relation;
  readonly rcu: RcuOrder;
  /** All events of the thread of the row. */
  readonly internal: Relation;
  /** rmw-sequence: chains of read-modify-writes that read from each other. Empty where the model has none. */
  readonly rmwSequence: Relation;
  /** carry-dep without its identity: (r, s) if what r reads reaches s through stores of the thread. */
  readonly carry: Relation;
  hasRmwSequence = false;
  hasCarry = false;
  readonly rules: Rules;
  /** Words with a bit for every marked event. */
  readonly marked: Int32Array;
  hasPlain = false;
  /** Do the relations belong to the candidate that is being looked at? */
  #current = false;
  #hasStrong = false;
  /** Pairs that smp_mb__after_unlock_lock() orders across threads. */
  #handoverFences: [number, number][] = [];

  /** @param candidate any candidate of the size and layout that later ones have
   * @param rules what the model's version says */
  constructor({ size, threadOf }: Pick<Candidate, 'size' | 'threadOf'>, rules: Rules) {
    this.rules = rules;
    const make = (): Relation => new Relation(size);
    this.size = size;
    this.co = make();
    this.fr = make();
    this.rfe = make();
    this.rfi = make();
    this.po = make();
    this.strongFence = make();
    this.ppo = make();
    this.cumulFence = make();
    this.cumulFenceStar = make();
    this.overwriteExt = make();
    this.prop = make();
    this.hb = make();
    this.hbStar = make();
    this.pb = make();
    this.pbStar = make();
    this.internal = make();
    this.rmwSequence = make();
    this.carry = make();
    this.rcu = new RcuOrder(size);
    this.marked = new Int32Array(this.co.words);
    for (let a = 0; a < size; a++) {
      for (let b = 0; b < size; b++) if (threadOf[a] === threadOf[b]) this.internal.add(a, b);
    }
  }

  /** Did the candidate being looked at pass without its relations, as one that can run in some order? */
  get isSequential(): boolean {
    return !this.#current;
  }

  /** The relations belong to another candidate now: {@link relate} computes them when they are wanted. */
  outdate(): void {
    this.#current = false;
  }

  /** Make sure that the relations are those of `candidate`, which breaks no axiom. */
  relate(candidate: Candidate): void {
    if (!this.#current) this.check(candidate);
  }

  /** The first axiom that `candidate` breaks, or null. */
  check(candidate: Candidate): Axiom | null {
    this.#current = true;
    this.#communication(candidate);
    this.#static(candidate);
    if (this.#lockHandovers(candidate)) this.#hasStrong = true;
    this.#internalOrder(candidate);
    if (this.rules.carriedDependencies) this.#carriedDependencies(candidate);
    this.#cumulate(candidate);
    if (this.rules.rmwSequences) this.#rmwSequences(candidate);
    this.#propagation();
    if (!this.#happensBefore()) return 'happens-before';
    if (!this.#propagationOrder()) return 'propagation';
    if (!this.rcu.check(candidate, this)) return 'rcu';
    if (this.hasPlain && findPlainIncoherence(candidate, this) !== null) return 'plain-coherence';
    return null;
  }

  /** co, fr, rfe and rfi. */
  #communication(candidate: Candidate): void {
    const { co } = this;
    for (const relation of [co, this.fr, this.rfe, this.rfi]) relation.clear();
    candidate.settleLocks();
    for (const order of candidate.co) {
      for (let i = order.length - 2; i >= 0; i--) {
        const [write = 0, next = 0] = [order[i], order[i + 1]];
        co.unionRow(write, co, next);
        co.add(write, next);
      }
    }
    for (const { reads } of candidate.threads)
      for (const read of reads) this.#read(candidate, read);
  }

  #read(candidate: Candidate, read: number): void {
    const { co, fr, rfe, rfi } = this;
    const source = candidate.sourceOf(read);
    if (source === PENDING) return;
    if (source !== INITIAL) {
      fr.unionRow(read, co, source);
      (this.internal.has(source, read) ? rfi : rfe).add(source, read);
      return;
    }
    const first = candidate.co[candidate.location[read] ?? 0]?.[0];
    if (first === undefined) return;
    fr.unionRow(read, co, first);
    fr.add(read, first);
  }

  /** Copy in what the traces fix. */
  #static(candidate: Candidate): void {
    const { words } = this.co;
    this.po.clear();
    this.strongFence.clear();
    this.ppo.clear();
    this.cumulFence.clear();
    this.marked.fill(0);
    this.hasPlain = false;
    this.#hasStrong = false;
    for (const { relations: thread } of candidate.threads) {
      const at = thread.offset * words;
      this.po.rows.set(thread.po.rows, at);
      this.strongFence.rows.set(thread.strongFence.rows, at);
      this.ppo.rows.set(thread.ppo.rows, at);
      this.cumulFence.rows.set(thread.cumulFence.rows, at);
      if (thread.hasStrongFence) this.#hasStrong = true;
    }
    for (let e = 0; e < this.size; e++) {
      const classes = candidate.classes[e] ?? 0;
      if ((classes & EV.plain) !== 0) this.hasPlain = true;
      else if (classes !== 0) this.marked[e >>> 5] = (this.marked[e >>> 5] ?? 0) | (1 << (e & 31));
    }
  }

  /** Cross-thread lock order: po-unlock-lock-po, and smp_mb__after_unlock_lock(). True if it made a strong fence. */
  #lockHandovers(candidate: Candidate): boolean {
    let strong = false;
    this.#handoverFences = [];
    for (const order of candidate.co) {
      for (let i = 1; i < order.length; i++) {
        const [unlock = 0, lock = 0] = [order[i - 1], order[i]];
        if (!candidate.is(lock, EV.lockWrite) || !candidate.is(unlock, EV.unlock)) continue;
        this.#handover(candidate, unlock, lock);
      }
    }
    for (const { relations } of candidate.threads) {
      for (const [lock, first] of relations.afterUnlockLock) {
        if (this.#afterUnlockLock(candidate, lock, first)) strong = true;
      }
    }
    return strong;
  }

  /** po ; [UL] ; rfe ; [LKR] ; po. */
  #handover(candidate: Candidate, unlock: number, lock: number): void {
    if (this.internal.has(unlock, lock)) return;
    const before = candidate.offsets[candidate.threadOf[unlock] ?? 0] ?? 0;
    for (let e = before; e < unlock; e++) {
      if (candidate.is(e, EV.plain)) continue;
      this.cumulFence.unionRow(e, this.po, lock - 1);
      this.#mask(this.cumulFence, e);
    }
  }

  /** [M] ; po ; [UL] ; co ; [LKW] ; fencerel(After-unlock-lock) ; [M], for unlocks of other threads; the rule
   * `nextLockOnly` has rf ; [LKR] in place of co ; [LKW]. */
  #afterUnlockLock(candidate: Candidate, lock: number, first: number): boolean {
    const thread = candidate.threadOf[lock] ?? 0;
    const end = candidate.offsets[thread + 1] ?? 0;
    let found = false;
    const { nextLockOnly } = this.rules;
    for (let unlock = 0; unlock < this.size; unlock++) {
      if (!candidate.is(unlock, EV.unlock) || !this.co.has(unlock, lock)) continue;
      if (nextLockOnly && candidate.sourceOf(lock - 1) !== unlock) continue;
      if (this.internal.has(unlock, lock)) continue;
      const begin = candidate.offsets[candidate.threadOf[unlock] ?? 0] ?? 0;
      for (let a = begin; a < unlock; a++) {
        if (!candidate.is(a, EV.read | EV.write)) continue;
        for (let b = first; b < end; b++) {
          if (!candidate.is(b, EV.read | EV.write)) continue;
          this.#addStrong(candidate, a, b);
          found = true;
        }
      }
    }
    return found;
  }

  #addStrong(candidate: Candidate, a: number, b: number): void {
    this.strongFence.add(a, b);
    this.#handoverFences.push([a, b]);
    if (candidate.is(a, EV.plain) || candidate.is(b, EV.plain)) return;
    if (!this.rules.internalOrder) this.ppo.add(a, b);
    this.cumulFence.add(a, b);
  }

  #isMarked(e: number): boolean {
    return ((this.marked[e >>> 5] ?? 0) & (1 << (e & 31))) !== 0;
  }

  /** Keep only marked events in row `a`. */
  #mask(relation: Relation, a: number): void {
    if (!this.hasPlain) return;
    const { rows, words } = relation;
    for (let k = 0; k < words; k++) {
      rows[a * words + k] = (rows[a * words + k] ?? 0) & (this.marked[k] ?? 0);
    }
  }

  /** Add overwrite & int and dep ; [Marked] ; rfi to ppo; find overwrite & ext. */
  #internalOrder(candidate: Candidate): void {
    const { words } = this.co;
    const { overwriteExt, ppo, internal } = this;
    overwriteExt.clear();
    for (let e = 0; e < this.size; e++) {
      if (candidate.is(e, EV.plain)) continue;
      for (let k = e * words, m = 0; m < words; k++, m++) {
        const marked = this.hasPlain ? (this.marked[m] ?? 0) : -1;
        const overwrite = ((this.co.rows[k] ?? 0) | (this.fr.rows[k] ?? 0)) & marked;
        const inside = internal.rows[k] ?? 0;
        overwriteExt.rows[k] = overwrite & ~inside;
        ppo.rows[k] = (ppo.rows[k] ?? 0) | (overwrite & inside);
      }
    }
    for (const { offset, relations } of candidate.threads) {
      const { depMarked } = relations;
      for (let d = 0; d < depMarked.size; d++) {
        ppo.unionRowCompose(offset + d, depMarked, d, this.rfi);
        this.#mask(ppo, offset + d);
      }
    }
  }

  /** carry-dep = (data ; [~ Srcu-unlock] ; rfi)*, and the dependencies that it lengthens. */
  #carriedDependencies(candidate: Candidate): void {
    const { carry, rfi, ppo } = this;
    this.hasCarry = false;
    for (const { offset, relations } of candidate.threads) {
      for (const { write, reads } of relations.carriers) {
        for (const back of rfi.successors(offset + write)) {
          if (!this.hasCarry) carry.clear();
          this.hasCarry = true;
          for (const read of reads) carry.add(offset + read, back);
        }
      }
    }
    if (!this.hasCarry) return;
    carry.close();
    for (const { offset, trace, relations } of candidate.threads) {
      for (let read = 0; read < trace.events.length; read++) {
        if (candidate.is(offset + read, EV.plain)) continue;
        carry.forEach(offset + read, (s) => {
          ppo.unionRow(offset + read, relations.depPpo, s - offset);
          ppo.unionRowCompose(offset + read, relations.depAny, s - offset, rfi);
        });
        this.#mask(ppo, offset + read);
      }
    }
  }

  /** rmw-sequence = (rf ; rmw)*, which goes on from where cumul-fence ends. */
  #rmwSequences(candidate: Candidate): void {
    const { rmwSequence, cumulFence, prop: before } = this;
    this.hasRmwSequence = false;
    for (const { offset, trace } of candidate.threads) {
      for (let i = 1; i < trace.events.length; i++) {
        if (trace.events[i]?.closesRmw !== true) continue;
        const source = candidate.sourceOf(offset + i - 1);
        if (source < 0) continue;
        if (!this.hasRmwSequence) rmwSequence.clear();
        this.hasRmwSequence = true;
        rmwSequence.add(source, offset + i);
      }
    }
    if (!this.hasRmwSequence) return;
    rmwSequence.close();
    before.copy(cumulFence);
    cumulFence.unionCompose(before, rmwSequence);
  }

  /** A-cumul(strong-fence | po-rel). */
  #cumulate(candidate: Candidate): void {
    const { cumulFence, rfe } = this;
    for (const { offset, relations } of candidate.threads) {
      const { cumulative } = relations;
      for (let r = 0; r < cumulative.size; r++) {
        const source = candidate.sourceOf(offset + r);
        if (!candidate.is(offset + r, EV.read) || source < 0) continue;
        if (!rfe.has(source, offset + r) || candidate.is(source, EV.plain)) continue;
        cumulFence.unionRow(source, cumulative, r);
      }
    }
    for (const [a, b] of this.#handoverFences) {
      const source = candidate.is(a, EV.read) ? candidate.sourceOf(a) : PENDING;
      if (source < 0 || !rfe.has(source, a) || !this.#isMarked(source)) continue;
      if (this.#isMarked(a) && this.#isMarked(b)) cumulFence.add(source, b);
    }
  }

  /** cumul-fence* and prop. */
  #propagation(): void {
    const { cumulFence, cumulFenceStar, prop, rfe, overwriteExt } = this;
    cumulFenceStar.copy(cumulFence).close().reflexive();
    prop.copy(cumulFenceStar).unionCompose(overwriteExt, cumulFenceStar);
    this.hb.copy(prop);
    for (let e = 0; e < this.size; e++) {
      prop.unionRowCompose(e, this.hb, e, rfe);
      if (this.hasPlain && !this.#isMarked(e)) prop.clearRow(e);
      else this.#mask(prop, e);
    }
  }

  /** hb = ppo | rfe | ((prop \ id) & int); false if it has a cycle. */
  #happensBefore(): boolean {
    const { hb, hbStar, ppo, rfe, prop, internal } = this;
    const { words } = hb;
    for (let event = 0; event < this.size; event++) {
      for (let k = event * words, m = 0; m < words; k++, m++) {
        const self = m === event >>> 5 ? 1 << (event & 31) : 0;
        const back = (prop.rows[k] ?? 0) & (internal.rows[k] ?? 0) & ~self;
        hb.rows[k] = (ppo.rows[k] ?? 0) | back | (rfe.rows[k] ?? 0);
      }
      if (this.hasPlain && !this.#isMarked(event)) hb.clearRow(event);
      else this.#mask(hb, event);
    }
    hbStar.copy(hb).close();
    if (hbStar.hasLoop()) return false;
    hbStar.reflexive();
    return true;
  }

  /** pb = prop ; strong-fence ; hb*; false if it has a cycle. */
  #propagationOrder(): boolean {
    const { pb, pbStar, prop, strongFence, hbStar } = this;
    pb.clear();
    pbStar.clear();
    if (this.#hasStrong) {
      pbStar.unionCompose(prop, strongFence);
      pb.unionCompose(pbStar, hbStar);
      for (let e = 0; e < this.size; e++) this.#mask(pb, e);
      pbStar.copy(pb).close();
      if (pbStar.hasLoop()) return false;
    }
    pbStar.reflexive();
    return true;
  }
}
