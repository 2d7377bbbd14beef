/**
 * The axioms of LKMM (linux-kernel.cat of Linux 6.1), written down as they are there and checked on the log of one
 * execution. Cubic in the number of events: for short logs, and as the judge of the validator for long ones.
 */

import {
  EVENT_GP_END,
  EVENT_GP_START,
  EVENT_MB,
  EVENT_RCU_LOCK,
  EVENT_RCU_UNLOCK,
  EVENT_READ,
  EVENT_RMB,
  EVENT_WMB,
  EVENT_WRITE,
  type EventLog,
  ORDER_ACQUIRE,
  ORDER_DEPENDENT,
  ORDER_LOCK_READ,
  ORDER_NO_RETURN,
  ORDER_RELEASE,
  ORDER_RMW,
  ORDER_UNLOCK,
} from '../log.js';
import { Relation } from './relation.js';

/** An axiom of LKMM that an execution violates. */
export type Axiom = 'coherence' | 'atomicity' | 'happens-before' | 'propagation' | 'rcu';

/** How an execution is to be judged. */
export interface JudgeOptions {
  /** Every read orders later writes, as the machine's conservative dependencies do; default false. */
  readonly conservative?: boolean;
}

/** The base relations of an execution. */
class Execution {
  readonly n: number;
  readonly log: EventLog;
  readonly po: Relation;
  readonly int: Relation;
  readonly rf: Relation;
  readonly co: Relation;
  readonly fr: Relation;
  readonly rmw: Relation;
  readonly address: Relation;
  readonly data: Relation;
  readonly control: Relation;

  constructor(log: EventLog, conservative: boolean) {
    this.log = log;
    const n = (this.n = log.length);
    const { cpu, position, place } = log;
    this.int = Relation.of(n, (a, b) => cpu[a] === cpu[b]);
    this.po = Relation.of(n, (a, b) => a < b && cpu[a] === cpu[b] && this.#exists(a, b));
    this.rf = Relation.of(n, (a, b) => this.is(b, EVENT_READ) && log.from[b] === a);
    const older = (a: number, b: number): boolean =>
      place[a] === place[b] && (position[a] as number) < (position[b] as number);
    const w = (a: number): boolean => this.is(a, EVENT_WRITE);
    this.co = Relation.of(n, (a, b) => w(a) && w(b) && older(a, b));
    this.fr = Relation.of(n, (a, b) => this.is(a, EVENT_READ) && w(b) && older(a, b));
    this.rmw = Relation.of(n, (a, b) => this.flag(b, ORDER_RMW) && this.#isBefore(a, b));
    this.address = this.#dependency(log.address);
    const guess = Relation.of(n, (a, b) => conservative && this.is(a, EVENT_READ) && w(b));
    this.data = this.#dependency(log.data).or(guess.and(this.po));
    this.control = this.#dependency(log.control);
  }

  #exists(a: number, b: number): boolean {
    return !this.is(a, EVENT_GP_END) && !this.is(b, EVENT_GP_END);
  }

  #isBefore(a: number, b: number): boolean {
    const { cpu, number } = this.log;
    return cpu[a] === cpu[b] && number[a] !== 0 && (number[a] as number) + 1 === number[b];
  }

  #dependency(column: readonly (readonly number[])[]): Relation {
    const { cpu, number } = this.log;
    return Relation.of(
      this.n,
      (a, b) =>
        cpu[a] === cpu[b] && number[a] !== 0 && (column[b] ?? []).includes(number[a] as number),
    );
  }

  is(a: number, kind: number): boolean {
    return this.log.kind[a] === kind;
  }

  flag(a: number, flags: number): boolean {
    return ((this.log.order[a] as number) & flags) !== 0;
  }

  /** [set] as a relation. */
  on(holds: (a: number) => boolean): Relation {
    return Relation.on(this.n, holds);
  }

  /** The grace periods that ended; an unfinished one is no event yet. */
  gracePeriods(): Relation {
    const { cpu, kind } = this.log;
    return this.on((a) => {
      if (!this.is(a, EVENT_GP_START)) return false;
      for (let b = a + 1; b < this.n; b++) {
        if (cpu[b] === cpu[a] && kind[b] === EVENT_GP_END) return true;
      }
      return false;
    });
  }

  /** Section end → section start: rcu-rscs inverted. */
  sections(): Relation {
    const { cpu, place } = this.log;
    const r = new Relation(this.n);
    const open = new Map<string, number>();
    for (let a = 0; a < this.n; a++) {
      const key = `${String(cpu[a])}/${String(place[a])}`;
      if (this.is(a, EVENT_RCU_LOCK)) open.set(key, a);
      if (this.is(a, EVENT_RCU_UNLOCK)) r.add(a, open.get(key) ?? a);
    }
    return r;
  }
}

/** First axiom that an execution violates, or null. */
export function violatedAxiom(log: EventLog, options: JudgeOptions = {}): Axiom | null {
  const conservative = options.conservative ?? false;
  const x = new Execution(log, conservative);
  const { po, int, rf, co, fr } = x;
  const poLoc = po.and(Relation.of(x.n, (a, b) => isAccess(x, a) && log.place[a] === log.place[b]));
  if (
    !poLoc
      .and(Relation.of(x.n, (_, b) => isAccess(x, b)))
      .or(rf, co, fr)
      .isAcyclic()
  ) {
    return 'coherence';
  }
  if (!x.rmw.and(fr.minus(int).then(co.minus(int))).isEmpty()) return 'atomicity';
  return order(x, conservative);
}

function isAccess(x: Execution, a: number): boolean {
  return x.is(a, EVENT_READ) || x.is(a, EVENT_WRITE);
}

function order(x: Execution, conservative: boolean): Axiom | null {
  const { po, int, rf, co, fr } = x;
  const m = x.on((a) => isAccess(x, a));
  const r = x.on((a) => x.is(a, EVENT_READ));
  const w = x.on((a) => x.is(a, EVENT_WRITE));
  const r4 = x.on((a) => x.is(a, EVENT_READ) && !x.flag(a, ORDER_NO_RETURN));
  const acquires = conservative ? ORDER_ACQUIRE | ORDER_DEPENDENT : ORDER_ACQUIRE;
  const acquire = x.on((a) => x.flag(a, acquires));
  const release = x.on((a) => x.flag(a, ORDER_RELEASE));
  const fence = (kind: number): Relation =>
    po.then(
      x.on((a) => x.is(a, kind)),
      po,
    );
  const gps = x.gracePeriods();
  const gp = po.then(gps, po.optional());
  const strong = m.then(fence(EVENT_MB), m).or(gp);
  const poRel = m.then(po, release);
  const wmb = w.then(fence(EVENT_WMB), w);
  const unlockLock = po.then(
    x.on((a) => x.flag(a, ORDER_UNLOCK)),
    po.or(rf),
    x.on((a) => x.flag(a, ORDER_LOCK_READ)),
    po,
  );
  const fences = strong.or(poRel, acquire.then(po, m), wmb, r4.then(fence(EVENT_RMB), r4));
  const overwrite = co.or(fr);
  const dep = x.address.or(x.data);
  const rfe = rf.minus(int);
  const toW = dep.or(x.control).then(w).or(overwrite.and(int));
  const toR = x.address.then(r).or(dep.then(rf.and(int)));
  const ppo = toR.or(toW, fences.and(int), unlockLock.and(int));
  const cumulFence = rfe.optional().then(strong.or(poRel)).or(wmb, unlockLock);
  const prop = overwrite.minus(int).optional().then(cumulFence.star(), rfe.optional());
  const identity = x.on(() => true);
  const hb = ppo.or(rfe, prop.minus(identity).and(int));
  if (!hb.isAcyclic()) return 'happens-before';
  const pb = prop.then(strong, hb.star());
  if (!pb.isAcyclic()) return 'propagation';
  const link = po.optional().then(hb.star(), pb.star(), prop, po);
  const rcuFence = po.then(rcuOrder(x, gps, link), po.optional());
  const rb = prop.then(rcuFence, hb.star(), pb.star());
  return rb.isIrreflexive() ? null : 'rcu';
}

/** Chains of grace periods and sections with at least as many grace periods as sections, domain by domain. */
function rcuOrder(x: Execution, gps: Relation, link: Relation): Relation {
  const sections = x.sections();
  const { place } = x.log;
  const sameDomain = Relation.of(x.n, (a, b) => place[a] === place[b]);
  let order = gps;
  for (;;) {
    const inner = link.or(link.then(order, link));
    const next = order.or(
      gps.then(inner, sections).and(sameDomain),
      sections.then(inner, gps).and(sameDomain),
      order.then(link, order),
    );
    if (next.equals(order)) return order;
    order = next;
  }
}
