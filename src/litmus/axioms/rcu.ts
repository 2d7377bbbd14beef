/** The RCU axiom: rcu-link, rcu-order and the rule that a grace period cannot be overtaken by a critical section. */
import type { Candidate } from './candidate.js';
import type { CriticalSection } from './critical-section.js';
import type { DerivedRelations } from './derived.js';
import { EV } from './event.js';
import { Relation } from './relation.js';
import { sectionsOf, type Sections } from './srcu-sections.js';

const NO_SECTIONS: Sections = { rcu: [], srcu: [] };

/** rcu-link and rcu-order between the RCU events of one candidate at a time. */
export class RcuOrder {
  readonly link: Relation;
  readonly order: Relation;
  /** Critical sections of the candidate that {@link check} saw last. */
  sections: Sections = NO_SECTIONS;
  readonly #linked: Relation;
  readonly #around: Relation;
  readonly #before: Relation;
  readonly #row: Relation;
  readonly #nextRow: Relation;

  constructor(size: number) {
    this.link = new Relation(size);
    this.order = new Relation(size);
    this.#linked = new Relation(size);
    this.#around = new Relation(size);
    this.#before = new Relation(size);
    this.#row = new Relation(1, size);
    this.#nextRow = new Relation(1, size);
  }

  /** Compute link and order; false if some rb is reflexive: the order goes from `a` to `b` and a link leads back. */
  check(candidate: Candidate, axioms: DerivedRelations): boolean {
    this.order.clear();
    this.sections = NO_SECTIONS;
    if (candidate.threads.every(({ gracePeriods }) => gracePeriods.length === 0)) return true;
    this.sections = sectionsOf(candidate, axioms.rules);
    this.#links(candidate, axioms);
    this.#orders(candidate);
    for (const { rcuEvents } of candidate.threads) {
      for (const a of rcuEvents) {
        for (const b of this.order.successors(a)) if (this.link.has(b, a)) return false;
      }
    }
    return true;
  }

  /** rcu-link = po? ; hb* ; pb* ; prop ; po, from RCU events. */
  #links(candidate: Candidate, { po, hbStar, pbStar, prop }: DerivedRelations): void {
    this.link.clear();
    let [row, next] = [this.#row, this.#nextRow];
    const steps = [hbStar, pbStar, prop];
    for (const { rcuEvents } of candidate.threads) {
      for (const event of rcuEvents) {
        row.clear().add(0, event);
        row.unionRow(0, po, event);
        for (const step of steps) {
          next.clear().unionRowCompose(0, row, 0, step);
          [row, next] = [next, row];
        }
        this.link.unionRowCompose(event, row, 0, po);
      }
    }
  }

  /** The least fixpoint that rcu-order is. */
  #orders(candidate: Candidate): void {
    const { order, link } = this;
    for (const { gracePeriods } of candidate.threads)
      for (const gp of gracePeriods) order.add(gp, gp);
    const pairs = this.#pairs(candidate);
    for (const [gp, { lock, unlock }] of pairs) {
      if (link.has(gp, unlock)) order.add(gp, lock);
      if (link.has(lock, gp)) order.add(unlock, gp);
    }
    do {
      this.#before.copy(order);
      const linked = this.#linked.clear().unionCompose(link, order);
      order.unionCompose(this.#before, linked);
      const around = this.#around.clear().unionCompose(linked, link);
      for (const [gp, { lock, unlock }] of pairs) {
        if (around.has(gp, unlock)) order.add(gp, lock);
        if (around.has(lock, gp)) order.add(unlock, gp);
      }
    } while (!order.equals(this.#before));
  }

  /** Grace periods with the critical sections of the same domain. */
  #pairs(candidate: Candidate): [number, CriticalSection][] {
    const pairs: [number, CriticalSection][] = [];
    for (const { gracePeriods } of candidate.threads) {
      for (const gp of gracePeriods) {
        const isRcu = candidate.is(gp, EV.rcuSync);
        const domain = candidate.location[gp];
        for (const section of isRcu ? this.sections.rcu : this.sections.srcu) {
          if (isRcu || candidate.location[section.lock] === domain) pairs.push([gp, section]);
        }
      }
    }
    return pairs;
  }
}
