/** The RCU axiom: rcu-link, rcu-order and the rule that a grace period cannot be overtaken by a critical section. */
import type { Axioms } from './axioms.js';
import type { Candidate } from './candidate.js';
import { EV, RCU_EVENTS } from './event.js';
import { Relation } from './relation.js';

/** A read-side critical section: the indices of a lock and the unlock it is matched with. */
export interface CriticalSection {
  readonly lock: number;
  readonly unlock: number;
}

/** Match locks with unlocks as linux-kernel.bell does: like brackets, SRCU per domain. Says whether some stay unmatched. */
export function criticalSections(
  candidate: Candidate,
  thread: number,
): { rcu: CriticalSection[]; srcu: CriticalSection[]; unmatched: boolean } {
  const rcu: CriticalSection[] = [];
  const srcu: CriticalSection[] = [];
  const open = new Map<number, number[]>();
  let unmatched = false;
  const begin = candidate.offsets[thread] ?? 0;
  const end = candidate.offsets[thread + 1] ?? 0;
  for (let e = begin; e < end; e++) {
    const domain = candidate.is(e, EV.rcuLock | EV.rcuUnlock) ? -1 : (candidate.location[e] ?? 0);
    const stack = open.get(domain) ?? [];
    if (candidate.is(e, EV.rcuLock | EV.srcuLock)) open.set(domain, [...stack, e]);
    if (!candidate.is(e, EV.rcuUnlock | EV.srcuUnlock)) continue;
    const lock = stack.at(-1);
    open.set(domain, stack.slice(0, -1));
    if (lock === undefined) unmatched = true;
    else (domain === -1 ? rcu : srcu).push({ lock, unlock: e });
  }
  for (const stack of open.values()) if (stack.length > 0) unmatched = true;
  return { rcu, srcu, unmatched };
}

/** rcu-link and rcu-order between the RCU events of one candidate at a time. */
export class RcuOrder {
  readonly link: Relation;
  readonly order: Relation;
  readonly #through: Relation;
  readonly #work: Relation;

  constructor(size: number) {
    this.link = new Relation(size);
    this.order = new Relation(size);
    this.#through = new Relation(size);
    this.#work = new Relation(1, size);
  }

  /** Forget the last candidate. */
  clear(): void {
    this.order.clear();
  }

  /** Compute link and order; false if some rb is reflexive: the order goes from `a` to `b` and a link leads back. */
  check(candidate: Candidate, axioms: Axioms): boolean {
    this.#links(candidate, axioms);
    this.#orders(candidate);
    for (const a of this.#events(candidate)) {
      for (const b of this.order.successors(a)) if (this.link.has(b, a)) return false;
    }
    return true;
  }

  #events(candidate: Candidate): number[] {
    const found: number[] = [];
    for (let e = 0; e < candidate.size; e++) if (candidate.is(e, RCU_EVENTS)) found.push(e);
    return found;
  }

  /** rcu-link = po? ; hb* ; pb* ; prop ; po, from RCU events. */
  #links(candidate: Candidate, { po, hbStar, pbStar, prop }: Axioms): void {
    this.link.clear();
    const row = this.#work;
    const next = new Relation(1, candidate.size);
    for (const e of this.#events(candidate)) {
      row.clear().add(0, e);
      row.unionRow(0, po, e);
      for (const step of [hbStar, pbStar, prop]) {
        next.clear().unionRowCompose(0, row, 0, step);
        row.copy(next);
      }
      this.link.unionRowCompose(e, row, 0, po);
    }
  }

  /** The least fixpoint that rcu-order is. */
  #orders(candidate: Candidate): void {
    const { order, link } = this;
    order.clear();
    const gps = this.#events(candidate).filter((e) => candidate.is(e, EV.rcuSync | EV.srcuSync));
    for (const gp of gps) order.add(gp, gp);
    const pairs = this.#pairs(candidate, gps);
    for (const [gp, { lock, unlock }] of pairs) {
      if (link.has(gp, unlock)) order.add(gp, lock);
      if (link.has(lock, gp)) order.add(unlock, gp);
    }
    for (let before = -1, now = this.#count(); now !== before; before = now, now = this.#count()) {
      // through = link ; order ; link; it also extends order by order ; link ; order.
      const linked = this.#through.clear().unionCompose(link, order);
      order.unionCompose(new Relation(order.size).copy(order), linked);
      const around = new Relation(order.size).unionCompose(linked, link);
      for (const [gp, { lock, unlock }] of pairs) {
        if (around.has(gp, unlock)) order.add(gp, lock);
        if (around.has(lock, gp)) order.add(unlock, gp);
      }
    }
  }

  /** Grace periods with the critical sections of the same domain. */
  #pairs(candidate: Candidate, gps: readonly number[]): [number, CriticalSection][] {
    const pairs: [number, CriticalSection][] = [];
    for (let t = 0; t < candidate.threads.length; t++) {
      const { rcu, srcu } = criticalSections(candidate, t);
      for (const gp of gps) {
        const domain = candidate.location[gp];
        const sections = candidate.is(gp, EV.rcuSync)
          ? rcu
          : srcu.filter(({ lock }) => candidate.location[lock] === domain);
        for (const section of sections) pairs.push([gp, section]);
      }
    }
    return pairs;
  }

  #count(): number {
    let bits = 0;
    for (let word of this.order.rows) for (; word !== 0; word &= word - 1) bits++;
    return bits;
  }
}
