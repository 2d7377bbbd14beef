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
  readonly size: number;
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
    const size = (this.size = log.length);
    const { cpu, position, place } = log;
    this.int = Relation.of(size, (from, to) => cpu[from] === cpu[to]);
    this.po = Relation.of(
      size,
      (from, to) => from < to && cpu[from] === cpu[to] && this.#exists(from, to),
    );
    this.rf = Relation.of(size, (from, to) => this.is(to, EVENT_READ) && log.from[to] === from);
    const older = (from: number, to: number): boolean =>
      place[from] === place[to] && (position[from] as number) < (position[to] as number);
    const isWrite = (event: number): boolean => this.is(event, EVENT_WRITE);
    this.co = Relation.of(size, (from, to) => isWrite(from) && isWrite(to) && older(from, to));
    this.fr = Relation.of(
      size,
      (from, to) => this.is(from, EVENT_READ) && isWrite(to) && older(from, to),
    );
    this.rmw = Relation.of(
      size,
      (from, to) => this.flag(to, ORDER_RMW) && this.#isBefore(from, to),
    );
    this.address = this.#dependency(log.address);
    const guess = Relation.of(
      size,
      (from, to) => conservative && this.is(from, EVENT_READ) && isWrite(to),
    );
    this.data = this.#dependency(log.data).or(guess.and(this.po));
    this.control = this.#dependency(log.control);
  }

  #exists(from: number, to: number): boolean {
    return !this.is(from, EVENT_GP_END) && !this.is(to, EVENT_GP_END);
  }

  #isBefore(from: number, to: number): boolean {
    const { cpu, number } = this.log;
    return (
      cpu[from] === cpu[to] && number[from] !== 0 && (number[from] as number) + 1 === number[to]
    );
  }

  #dependency(column: readonly (readonly number[])[]): Relation {
    const { cpu, number } = this.log;
    return Relation.of(
      this.size,
      (from, to) =>
        cpu[from] === cpu[to] &&
        number[from] !== 0 &&
        (column[to] ?? []).includes(number[from] as number),
    );
  }

  is(event: number, kind: number): boolean {
    return this.log.kind[event] === kind;
  }

  flag(event: number, flags: number): boolean {
    return ((this.log.order[event] as number) & flags) !== 0;
  }

  /** [set] as a relation. */
  on(holds: (event: number) => boolean): Relation {
    return Relation.on(this.size, holds);
  }

  /** The grace periods that ended; an unfinished one is no event yet. */
  gracePeriods(): Relation {
    const { cpu, kind } = this.log;
    return this.on((start) => {
      if (!this.is(start, EVENT_GP_START)) return false;
      for (let end = start + 1; end < this.size; end++) {
        if (cpu[end] === cpu[start] && kind[end] === EVENT_GP_END) return true;
      }
      return false;
    });
  }

  /** Section end → section start: rcu-rscs inverted. */
  sections(): Relation {
    const { cpu, place } = this.log;
    const sections = new Relation(this.size);
    const open = new Map<string, number>();
    for (let event = 0; event < this.size; event++) {
      const key = `${String(cpu[event])}/${String(place[event])}`;
      if (this.is(event, EVENT_RCU_LOCK)) open.set(key, event);
      if (this.is(event, EVENT_RCU_UNLOCK)) sections.add(event, open.get(key) ?? event);
    }
    return sections;
  }
}

/** First axiom that an execution violates, or null. */
export function violatedAxiom(log: EventLog, options: JudgeOptions = {}): Axiom | null {
  const conservative = options.conservative ?? false;
  const execution = new Execution(log, conservative);
  const { po, int, rf, co, fr } = execution;
  const poLoc = po.and(
    Relation.of(
      execution.size,
      (from, to) => isAccess(execution, from) && log.place[from] === log.place[to],
    ),
  );
  if (
    !poLoc
      .and(Relation.of(execution.size, (_, to) => isAccess(execution, to)))
      .or(rf, co, fr)
      .isAcyclic()
  ) {
    return 'coherence';
  }
  if (!execution.rmw.and(fr.minus(int).then(co.minus(int))).isEmpty()) return 'atomicity';
  return order(execution, conservative);
}

function isAccess(execution: Execution, event: number): boolean {
  return execution.is(event, EVENT_READ) || execution.is(event, EVENT_WRITE);
}

function order(execution: Execution, conservative: boolean): Axiom | null {
  const { po, int, rf, co, fr } = execution;
  const accesses = execution.on((event) => isAccess(execution, event));
  const reads = execution.on((event) => execution.is(event, EVENT_READ));
  const writes = execution.on((event) => execution.is(event, EVENT_WRITE));
  const returningReads = execution.on(
    (event) => execution.is(event, EVENT_READ) && !execution.flag(event, ORDER_NO_RETURN),
  );
  const acquires = conservative ? ORDER_ACQUIRE | ORDER_DEPENDENT : ORDER_ACQUIRE;
  const acquire = execution.on((event) => execution.flag(event, acquires));
  const release = execution.on((event) => execution.flag(event, ORDER_RELEASE));
  const fence = (kind: number): Relation =>
    po.then(
      execution.on((event) => execution.is(event, kind)),
      po,
    );
  const gracePeriods = execution.gracePeriods();
  const acrossGracePeriod = po.then(gracePeriods, po.optional());
  const strong = accesses.then(fence(EVENT_MB), accesses).or(acrossGracePeriod);
  const poRel = accesses.then(po, release);
  const wmb = writes.then(fence(EVENT_WMB), writes);
  const unlockLock = po.then(
    execution.on((event) => execution.flag(event, ORDER_UNLOCK)),
    po.or(rf),
    execution.on((event) => execution.flag(event, ORDER_LOCK_READ)),
    po,
  );
  const fences = strong.or(
    poRel,
    acquire.then(po, accesses),
    wmb,
    returningReads.then(fence(EVENT_RMB), returningReads),
  );
  const overwrite = co.or(fr);
  const dep = execution.address.or(execution.data);
  const rfe = rf.minus(int);
  const toWrites = dep.or(execution.control).then(writes).or(overwrite.and(int));
  const toReads = execution.address.then(reads).or(dep.then(rf.and(int)));
  const ppo = toReads.or(toWrites, fences.and(int), unlockLock.and(int));
  const cumulFence = rfe.optional().then(strong.or(poRel)).or(wmb, unlockLock);
  const prop = overwrite.minus(int).optional().then(cumulFence.star(), rfe.optional());
  const identity = execution.on(() => true);
  const hb = ppo.or(rfe, prop.minus(identity).and(int));
  if (!hb.isAcyclic()) return 'happens-before';
  const pb = prop.then(strong, hb.star());
  if (!pb.isAcyclic()) return 'propagation';
  const link = po.optional().then(hb.star(), pb.star(), prop, po);
  const rcuFence = po.then(rcuOrder(execution, gracePeriods, link), po.optional());
  const rb = prop.then(rcuFence, hb.star(), pb.star());
  return rb.isIrreflexive() ? null : 'rcu';
}

/** Chains of grace periods and sections with at least as many grace periods as sections, domain by domain. */
function rcuOrder(execution: Execution, gracePeriods: Relation, link: Relation): Relation {
  const sections = execution.sections();
  const { place } = execution.log;
  const sameDomain = Relation.of(execution.size, (from, to) => place[from] === place[to]);
  let order = gracePeriods;
  for (;;) {
    const inner = link.or(link.then(order, link));
    const next = order.or(
      gracePeriods.then(inner, sections).and(sameDomain),
      sections.then(inner, gracePeriods).and(sameDomain),
      order.then(link, order),
    );
    if (next.equals(order)) return order;
    order = next;
  }
}
