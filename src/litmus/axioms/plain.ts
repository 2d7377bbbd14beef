/** Plain accesses: what the model demands of them (plain-coherence) and when they race (the data-race flag). */
import type { Candidate } from './candidate.js';
import type { DerivedRelations } from './derived.js';
import { EV } from './event.js';
import { Relation } from './relation.js';
import type { ThreadRelations } from './thread-relations.js';

/** The visibility relations of the plain-access part of linux-kernel.cat, for one candidate. */
class Visibility {
  readonly size: number;
  readonly wwVis: Relation;
  readonly wrVis: Relation;
  readonly rwXbstar: Relation;
  /** ext & ((Plain * M) | (M * Plain)) */
  readonly preRace: Relation;
  readonly #candidate: Candidate;
  readonly #axioms: DerivedRelations;

  constructor(candidate: Candidate, axioms: DerivedRelations) {
    this.size = candidate.size;
    this.#candidate = candidate;
    this.#axioms = axioms;
    const rcuFence = this.#rcuFence();
    const addr = this.#collect((t) => [t.addr]);
    if (axioms.hasCarry) addr.unionCompose(axioms.carry, this.#make().copy(addr));
    const nonrw = this.#collect((t) => [t.poRel, t.acqPo]).union(axioms.strongFence);
    const fence = this.#collect((t) => [t.wmb, t.rmb])
      .union(nonrw)
      .union(rcuFence);
    const strong = this.#make().copy(axioms.strongFence).union(rcuFence);
    const xbstar = this.#xbstar(rcuFence);
    const vis = this.#vis(strong, xbstar);
    const rmbAfter = this.#collect((t) => [t.rmbBounds[0]]);
    const rmbBefore = this.#collect((t) => [t.rmbBounds[1]]);
    const wPre = this.#markedBefore(this.#make().copy(addr).union(fence));
    const rPre = this.#markedBefore(this.#make().copy(addr).union(nonrw).union(rmbAfter));
    const wPost = this.#markedAfter(this.#make().copy(fence));
    if (axioms.hasRmwSequence) wPost.unionCompose(this.#make().copy(wPost), axioms.rmwSequence);
    const rPost = this.#markedAfter(this.#make().copy(nonrw).union(rmbBefore));
    const strongXb = this.#compose(strong, xbstar);
    const wPostVis = this.#compose(wPost, vis);
    this.wwVis = this.#compose(strongXb, wPre).unionCompose(wPostVis, wPre).union(fence);
    this.wrVis = this.#compose(strongXb, rPre).unionCompose(wPostVis, rPre).union(fence);
    this.rwXbstar = this.#compose(this.#compose(rPost, xbstar), wPre).union(fence);
    this.preRace = this.#preRaces();
  }

  #make(): Relation {
    return new Relation(this.size);
  }

  #compose(a: Relation, b: Relation): Relation {
    return this.#make().unionCompose(a, b);
  }

  #collect(pick: (thread: ThreadRelations) => readonly Relation[]): Relation {
    const all = this.#make();
    for (const { relations: thread } of this.#candidate.threads) {
      for (const part of pick(thread)) {
        for (let i = 0; i < part.size; i++) all.unionRow(thread.offset + i, part, i);
      }
    }
    return all;
  }

  /** po ; rcu-order ; po? */
  #rcuFence(): Relation {
    const { rcu, po } = this.#axioms;
    const ordered = this.#compose(po, rcu.order);
    return this.#make().copy(ordered).unionCompose(ordered, po);
  }

  /** (hb | pb | rb)* */
  #xbstar(rcuFence: Relation): Relation {
    const { hb, pb, hbStar, pbStar, prop } = this.#axioms;
    const rb = this.#compose(this.#compose(this.#compose(prop, rcuFence), hbStar), pbStar);
    for (const e of this.#candidate.placed()) if (!this.#isMarked(e)) rb.clearColumn(e);
    return rb.union(hb).union(pb).close().reflexive();
  }

  /** cumul-fence* ; rfe? ; [Marked] ; ((strong-fence ; [Marked] ; xbstar) | (xbstar & int)) */
  #vis(strong: Relation, xbstar: Relation): Relation {
    const { cumulFenceStar, rfe, internal } = this.#axioms;
    const first = this.#make().copy(cumulFenceStar).unionCompose(cumulFenceStar, rfe);
    const strongMarked = this.#make().copy(strong);
    for (const e of this.#candidate.placed()) {
      if (this.#isMarked(e)) continue;
      first.clearColumn(e);
      strongMarked.clearColumn(e);
    }
    const inside = this.#make().copy(xbstar).intersect(internal);
    return this.#compose(first, inside.unionCompose(strongMarked, xbstar));
  }

  #isMarked(e: number): boolean {
    return !this.#candidate.is(e, EV.plain);
  }

  /** [Marked] ; r? */
  #markedBefore(r: Relation): Relation {
    r.reflexive();
    for (const e of this.#candidate.placed()) if (!this.#isMarked(e)) r.clearRow(e);
    return r;
  }

  /** r? ; [Marked] */
  #markedAfter(r: Relation): Relation {
    r.reflexive();
    for (const e of this.#candidate.placed()) if (!this.#isMarked(e)) r.clearColumn(e);
    return r;
  }

  #preRaces(): Relation {
    const accesses = [...this.#candidate.placed()].filter((e) =>
      this.#candidate.is(e, EV.read | EV.write),
    );
    const races = this.#make();
    for (const a of accesses) {
      for (const b of accesses) {
        if (this.#axioms.internal.has(a, b)) continue;
        if (!this.#isMarked(a) || !this.#isMarked(b)) races.add(a, b);
      }
    }
    return races;
  }
}

/** A pair of `b` that may race and whose inverse is in `order`, or null. */
function against(preRace: Relation, b: Relation, order: Relation): [number, number] | null {
  for (let x = 0; x < b.size; x++) {
    for (const y of preRace.successors(x)) if (b.has(x, y) && order.has(y, x)) return [x, y];
  }
  return null;
}

/** Two accesses that break `empty (wr-incoh | rw-incoh | ww-incoh)`: the first is rf, fr or co before the second, which
 * is visible to it. Null if there are none. `axioms` holds the candidate's relations. */
export function findPlainIncoherence(
  candidate: Candidate,
  axioms: DerivedRelations,
): [number, number] | null {
  const { preRace, rwXbstar, wrVis, wwVis } = new Visibility(candidate, axioms);
  return (
    against(preRace, axioms.rfe, rwXbstar) ??
    against(preRace, axioms.fr, wrVis) ??
    against(preRace, axioms.co, wwVis)
  );
}

/** Two accesses that race in a consistent candidate, or null. `axioms` holds its relations. */
export function findDataRace(
  candidate: Candidate,
  axioms: DerivedRelations,
): [number, number] | null {
  const { preRace, rwXbstar, wrVis, wwVis, size } = new Visibility(candidate, axioms);
  const { co, rfe, rfi, fr } = axioms;
  const rf = new Relation(size).copy(rfe).union(rfi);
  const coRf = new Relation(size).copy(rf).unionCompose(co, rf);
  const isMarked = (e: number): boolean => !candidate.is(e, EV.plain);
  for (let a = 0; a < size; a++) {
    for (const b of preRace.successors(a)) {
      const first = isMarked(a) || rwXbstar.has(a, b);
      const second = isMarked(b) || wrVis.has(a, b);
      if (co.has(a, b) && !(wwVis.has(a, b) && first && second)) return [a, b];
      if (coRf.has(a, b) && !wrVis.has(a, b) && !rwXbstar.has(b, a)) return [a, b];
      if (fr.has(a, b) && !rwXbstar.has(a, b)) return [a, b];
    }
  }
  return null;
}
