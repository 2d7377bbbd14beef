/**
 * The trace validator: checks the log of one execution against the axioms of LKMM, in time that grows about linearly with
 * the log. It accepts only executions that LKMM allows. The RCU axiom is checked in the form of the fundamental law: for
 * each grace period and section, the section started after the grace period did, or ended before it did, as the log says.
 */

import {
  EVENT_GP_END,
  EVENT_GP_START,
  EVENT_MB,
  EVENT_RCU_LOCK,
  EVENT_RCU_UNLOCK,
  EVENT_WRITE,
  type EventLog,
} from '../log.js';
import { type Accesses, isAtomic, isCoherent, PlaceTable } from './coherence.js';
import { byOthers, type Frontier } from './frontier.js';
import { Graph, HAPPENS_BEFORE, PROPAGATION, RCU } from './graph.js';
import type { Axiom, JudgeOptions } from './literal.js';
import { type Fence, Order } from './order.js';

/**
 * The first axiom that the execution in a log violates, or null if LKMM allows it.
 *
 * @param log what the machine recorded; it is not changed
 */
export function validate(log: EventLog, options: JudgeOptions = {}): Axiom | null {
  const table = new PlaceTable(log);
  if (!isCoherent(log, table)) return 'coherence';
  if (!isAtomic(log, table)) return 'atomicity';
  const check = new Check(log, table, options.conservative ?? false);
  return check.verdict();
}

/** A read-side section in the log. */
interface Section {
  readonly start: number;
  /** Infinity if it did not end. */
  end: number;
}

/** A grace period in the log. */
interface GracePeriod {
  readonly start: number;
  /** Infinity if it did not end. */
  end: number;
}

class Check {
  readonly #log: EventLog;
  readonly #table: PlaceTable;
  readonly #graph: Graph;
  readonly #order: Order;
  /** For each list of accesses, nodes behind its first, first two, … accesses. */
  readonly #prefixes = new Map<Accesses, number[]>();
  #lawful = true;

  constructor(log: EventLog, table: PlaceTable, conservative: boolean) {
    this.#log = log;
    this.#table = table;
    this.#graph = new Graph(log.length);
    this.#order = new Order(this.#graph, log, table, conservative);
    for (const lists of table.accesses) for (const list of lists) this.#overwrites(list);
    for (let event = 0; event < log.length; event++) this.#overtaken(event);
    for (const { node, writes } of this.#order.fences) this.#propagates(writes, node, PROPAGATION);
    this.#readCopyUpdate();
  }

  verdict(): Axiom | null {
    if (!this.#lawful) return 'rcu';
    if (this.#graph.isAcyclic(RCU)) return null;
    if (!this.#graph.isAcyclic(HAPPENS_BEFORE)) return 'happens-before';
    return this.#graph.isAcyclic(PROPAGATION) ? 'rcu' : 'propagation';
  }

  /** Inside a CPU, a write comes after the earlier accesses of its word. */
  #overwrites({ events }: Accesses): void {
    let since: number[] = [];
    for (const event of events) {
      if (this.#log.kind[event] === EVENT_WRITE) {
        for (const before of since) this.#graph.edge(before, event);
        since = [];
      }
      since.push(event);
    }
  }

  /** Accesses of the event's own CPU that a write propagated before it has overtaken happen before it. */
  #overtaken(event: number): void {
    const writes = this.#order.propagated[event];
    const fenced = this.#order.fenced[event];
    const cpu = this.#log.cpu[event] as number;
    if (writes === undefined || fenced === undefined || writes === fenced) return;
    for (const [place, lists] of this.#table.accesses.entries()) {
      const position = byOthers(writes, place, cpu);
      if (position === -Infinity || position <= byOthers(fenced, place, cpu)) continue;
      const list = lists.find((candidate) => candidate.cpu === cpu);
      if (list !== undefined) this.#afterOvertaken(list, position, event);
    }
  }

  #afterOvertaken(list: Accesses, position: number, event: number): void {
    const count = below(list.positions, position);
    if (count === 0) return;
    const isAmong = list.events.indexOf(event) >= 0 && list.events.indexOf(event) < count;
    if (!isAmong) this.#graph.edge(this.#prefix(list, count), event);
    else
      for (const earlier of list.events.slice(0, count))
        if (earlier !== event) this.#graph.edge(earlier, event);
  }

  /** Accesses of any CPU that a write of the set has overtaken come before `node`. */
  #propagates(writes: Frontier, node: number, tag: number): void {
    for (const [place, lists] of this.#table.accesses.entries()) {
      for (const list of lists) {
        const position = byOthers(writes, place, list.cpu);
        if (position === -Infinity) continue;
        const count = below(list.positions, position);
        if (count > 0) this.#graph.edge(this.#prefix(list, count), node, tag);
      }
    }
  }

  #prefix(list: Accesses, count: number): number {
    let nodes = this.#prefixes.get(list);
    if (nodes === undefined) {
      nodes = [];
      this.#prefixes.set(list, nodes);
    }
    while (nodes.length < count) {
      const node = this.#graph.node();
      this.#graph.edge(nodes[nodes.length - 1] ?? -1, node);
      this.#graph.edge(list.events[nodes.length] as number, node);
      nodes.push(node);
    }
    return nodes[count - 1] as number;
  }

  #readCopyUpdate(): void {
    const sections = new Map<number, Section[]>();
    const periods = new Map<number, GracePeriod[]>();
    collect(this.#log, sections, periods);
    for (const [domain, list] of periods) this.#law(list, sections.get(domain) ?? []);
  }

  /** One domain. Both lists are in the order of their starts. */
  #law(periods: readonly GracePeriod[], sections: readonly Section[]): void {
    const started = this.#afterStarts(periods);
    for (const section of sections) {
      const count = periods.filter((period) => period.start < section.start).length;
      if (count > 0) this.#enters(section, started[count - 1] as number);
    }
    this.#ended(periods, sections);
  }

  /** Nodes behind the starts of the first, first two, … grace periods. */
  #afterStarts(periods: readonly GracePeriod[]): number[] {
    let last = -1;
    return periods.map(({ start }) => {
      const node = this.#graph.node();
      this.#graph.edge(last, node, RCU);
      this.#graph.edge(this.#fence(start).node, node, RCU);
      last = node;
      return node;
    });
  }

  #fence(event: number): Fence {
    return this.#order.at[event] as Fence;
  }

  /** What comes after the start of a section comes after `node`. */
  #enters(section: Section, node: number): void {
    const cpu = this.#log.cpu[section.start];
    for (let event = section.start + 1; event < this.#log.length; event++) {
      if (this.#log.cpu[event] !== cpu) continue;
      const fence = this.#order.at[event];
      this.#graph.edge(node, fence === undefined ? event : fence.node, RCU);
      if (this.#inherits(event, section.start)) return;
    }
  }

  /** Whether what comes after event `i` comes after the start of an earlier section of its CPU anyway. */
  #inherits(event: number, start: number): boolean {
    const { kind, place } = this.#log;
    switch (kind[event]) {
      case EVENT_MB:
      case EVENT_GP_START:
      case EVENT_GP_END:
        return true;
      case EVENT_RCU_LOCK:
        return place[event] === place[start];
      default:
        return false;
    }
  }

  /** Sections that had started when a grace period started are over, and seen, when it ends. */
  #ended(periods: readonly GracePeriod[], sections: readonly Section[]): void {
    let before = 0;
    let last = -1;
    let latest = -1;
    for (const period of periods) {
      for (; (sections[before]?.start ?? Infinity) < period.start; before++) {
        const { end } = sections[before] as Section;
        latest = Math.max(latest, end);
        if (end === Infinity) continue;
        const node = this.#graph.node();
        this.#graph.edge(last, node, RCU);
        this.#graph.edge(this.#fence(end).node, node, RCU);
        this.#propagates(this.#fence(end).writes, node, RCU);
        last = node;
      }
      if (period.end === Infinity) continue;
      if (latest > period.end) this.#lawful = false;
      this.#graph.edge(last, this.#fence(period.end).node, RCU);
    }
  }
}

/** Find sections and grace periods, by domain. */
function collect(
  log: EventLog,
  sections: Map<number, Section[]>,
  periods: Map<number, GracePeriod[]>,
): void {
  const open = new Map<string, Section>();
  const pending = new Map<number, GracePeriod>();
  for (let event = 0; event < log.length; event++) {
    const domain = log.place[event] as number;
    const cpu = log.cpu[event] as number;
    const key = `${String(cpu)}/${String(domain)}`;
    const span = { start: event, end: Infinity };
    switch (log.kind[event]) {
      case EVENT_RCU_LOCK:
        open.set(key, span);
        add(sections, domain, span);
        break;
      case EVENT_RCU_UNLOCK:
        (open.get(key) ?? span).end = event;
        break;
      case EVENT_GP_START:
        pending.set(cpu, span);
        add(periods, domain, span);
        break;
      case EVENT_GP_END:
        (pending.get(cpu) ?? span).end = event;
    }
  }
}

function add<T>(map: Map<number, T[]>, key: number, value: T): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}

/** How many of the ascending positions lie below a position. */
function below(positions: readonly number[], position: number): number {
  let low = 0;
  let high = positions.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((positions[middle] as number) < position) low = middle + 1;
    else high = middle;
  }
  return low;
}
