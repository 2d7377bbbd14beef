/** Checks a candidate execution against the axioms of the Linux kernel memory model of 6.1 (linux-kernel.cat, lock.cat).
 * Every relation only grows as threads are added, so a violation by the first threads condemns every completion. */
import type { Candidate } from './candidate.js';
import { INITIAL, PENDING } from './candidate.js';
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
  /** Words with a bit for every marked event. */
  readonly marked: Int32Array;
  hasPlain = false;
  #hasStrong = false;

  /** @param candidate any candidate of the size and layout that later ones have */
  constructor({ size, threadOf }: Pick<Candidate, 'size' | 'threadOf'>) {
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
    this.rcu = new RcuOrder(size);
    this.marked = new Int32Array(this.co.words);
    for (let a = 0; a < size; a++) {
      for (let b = 0; b < size; b++) if (threadOf[a] === threadOf[b]) this.internal.add(a, b);
    }
  }

  /** The first axiom that `candidate` breaks, or null. */
  check(candidate: Candidate): Axiom | null {
    this.#communication(candidate);
    this.#static(candidate);
    if (this.#lockHandovers(candidate)) this.#hasStrong = true;
    this.#internalOrder(candidate);
    this.#propagation(candidate);
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
    for (const order of candidate.co) {
      for (let i = 1; i < order.length; i++) {
        const [unlock = 0, lock = 0] = [order[i - 1], order[i]];
        if (candidate.is(lock, EV.lockWrite)) this.#handover(candidate, unlock, lock);
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

  /** [M] ; po ; [UL] ; co ; [LKW] ; fencerel(After-unlock-lock) ; [M], for unlocks of other threads. */
  #afterUnlockLock(candidate: Candidate, lock: number, first: number): boolean {
    const thread = candidate.threadOf[lock] ?? 0;
    const end = candidate.offsets[thread + 1] ?? 0;
    let found = false;
    for (let unlock = 0; unlock < this.size; unlock++) {
      if (!candidate.is(unlock, EV.unlock) || !this.co.has(unlock, lock)) continue;
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
    if (candidate.is(a, EV.plain) || candidate.is(b, EV.plain)) return;
    this.ppo.add(a, b);
    this.cumulFence.add(a, b);
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

  /** cumul-fence* and prop. */
  #propagation(candidate: Candidate): void {
    const { cumulFence, cumulFenceStar, prop, rfe, overwriteExt } = this;
    for (const { offset, relations } of candidate.threads) {
      const { cumulative } = relations;
      for (let r = 0; r < cumulative.size; r++) {
        const source = candidate.sourceOf(offset + r);
        if (!candidate.is(offset + r, EV.read) || source < 0) continue;
        if (!rfe.has(source, offset + r) || candidate.is(source, EV.plain)) continue;
        cumulFence.unionRow(source, cumulative, r);
      }
    }
    cumulFenceStar.copy(cumulFence).close().reflexive();
    prop.copy(cumulFenceStar).unionCompose(overwriteExt, cumulFenceStar);
    this.hb.copy(prop);
    for (let e = 0; e < this.size; e++) {
      prop.unionRowCompose(e, this.hb, e, rfe);
      if (this.hasPlain && candidate.is(e, EV.plain)) prop.clearRow(e);
      else this.#mask(prop, e);
    }
  }

  /** hb = ppo | rfe | ((prop \ id) & int); false if it has a cycle. */
  #happensBefore(): boolean {
    const { hb, hbStar, ppo, rfe, prop, internal } = this;
    const { words } = hb;
    for (let e = 0; e < this.size; e++) {
      for (let k = e * words, m = 0; m < words; k++, m++) {
        const self = m === e >>> 5 ? 1 << (e & 31) : 0;
        const back = (prop.rows[k] ?? 0) & (internal.rows[k] ?? 0) & ~self;
        hb.rows[k] = (ppo.rows[k] ?? 0) | back | (rfe.rows[k] ?? 0);
      }
      if (this.hasPlain && ((this.marked[e >>> 5] ?? 0) & (1 << (e & 31))) === 0) hb.clearRow(e);
      else this.#mask(hb, e);
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
