/**
 * One pass over a log in the order of execution builds, event by event, what LKMM orders inside a CPU (ppo, fences,
 * po-unlock-lock-po), and which writes are propagated before each event and each strong fence.
 */

import {
  EVENT_GP_END,
  EVENT_GP_START,
  EVENT_MB,
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
  ORDER_UNLOCK,
} from '../log.js';
import type { PlaceTable } from './coherence.js';
import { emptyFrontier, type Frontier, unite, withWrite } from './frontier.js';
import type { Graph } from './graph.js';

const NO_NODE = -1;

/** Collects events of a CPU in one node, since some later event is ordered after all of them at once. */
class Collector {
  readonly #graph: Graph;
  readonly #pending: number[] = [];
  #node = NO_NODE;

  constructor(graph: Graph) {
    this.#graph = graph;
  }

  /** Add an event. */
  add(event: number): void {
    this.#pending.push(event);
  }

  /** A node behind everything added so far, -1 if there is nothing. */
  all(): number {
    if (this.#pending.length === 0) return this.#node;
    const node = this.#graph.node();
    this.#graph.edge(this.#node, node);
    for (const event of this.#pending) this.#graph.edge(event, node);
    this.#pending.length = 0;
    this.#node = node;
    return node;
  }
}

/** What the pass knows about one CPU. */
class CpuOrder {
  readonly accesses: Collector;
  readonly reads: Collector;
  readonly orderingReads: Collector;
  readonly writes: Collector;
  readonly acquires: Collector;
  /** Nodes that every later event, read or write comes after. */
  strong = NO_NODE;
  beforeReads = NO_NODE;
  beforeWrites = NO_NODE;
  unlocked = NO_NODE;
  locked = NO_NODE;
  /** Writes that come with every later event: through a strong fence, through a lock. */
  strongWrites: Frontier;
  lockWrites: Frontier;
  /** Writes that come with every later write. */
  wmbWrites: Frontier;
  /** Writes before the last own unlock. */
  unlockWrites: Frontier;
  /** Union over all events so far: with what they read, without, and of the writes only. */
  seen: Frontier;
  caused: Frontier;
  written: Frontier;
  /** Accesses by the CPU's own count, for dependencies. */
  readonly byNumber = new Map<number, number>();

  constructor(graph: Graph, empty: Frontier) {
    this.accesses = new Collector(graph);
    this.reads = new Collector(graph);
    this.orderingReads = new Collector(graph);
    this.writes = new Collector(graph);
    this.acquires = new Collector(graph);
    this.strongWrites = this.lockWrites = this.wmbWrites = this.unlockWrites = empty;
    this.seen = this.caused = this.written = empty;
  }
}

/** A strong fence, and what is propagated to its CPU before it. */
export interface Fence {
  readonly node: number;
  readonly writes: Frontier;
}

/** What the pass found. */
export class Order {
  /** For each access, the writes that are propagated before it. */
  readonly propagated: (Frontier | undefined)[] = [];
  /** For each access, those of them that its CPU's last strong fence already covers. */
  readonly fenced: (Frontier | undefined)[] = [];
  /** Strong fences, in the order of execution. */
  readonly fences: Fence[] = [];
  /** For each event that is a strong fence, or marks a section, its fence. */
  readonly at: (Fence | undefined)[] = [];
  readonly #graph: Graph;
  readonly #log: EventLog;
  readonly #table: PlaceTable;
  readonly #conservative: boolean;
  readonly #cpus = new Map<number, CpuOrder>();
  readonly #empty: Frontier;
  /** For each write, its view for readers; for each unlock, what po-unlock-lock-po takes along. */
  readonly #carried: (Frontier | undefined)[] = [];
  readonly #beforeUnlock: (Frontier | undefined)[] = [];
  /** For each write, nodes that its CPU's own read of it comes after. */
  readonly #dependencies: (readonly number[] | undefined)[] = [];

  constructor(graph: Graph, log: EventLog, table: PlaceTable, conservative: boolean) {
    this.#graph = graph;
    this.#log = log;
    this.#table = table;
    this.#conservative = conservative;
    this.#empty = emptyFrontier(table.accesses.length);
    for (let event = 0; event < log.length; event++) this.#event(event);
  }

  #cpu(event: number): CpuOrder {
    const id = this.#log.cpu[event] as number;
    let cpu = this.#cpus.get(id);
    if (cpu === undefined) {
      cpu = new CpuOrder(this.#graph, this.#empty);
      this.#cpus.set(id, cpu);
    }
    return cpu;
  }

  #event(event: number): void {
    const cpu = this.#cpu(event);
    switch (this.#log.kind[event]) {
      case EVENT_READ:
        this.#read(event, cpu);
        break;
      case EVENT_WRITE:
        this.#write(event, cpu);
        break;
      case EVENT_RMB:
        cpu.beforeReads = cpu.orderingReads.all();
        break;
      case EVENT_WMB:
        cpu.beforeWrites = cpu.writes.all();
        cpu.wmbWrites = cpu.written;
        break;
      case EVENT_MB:
      case EVENT_GP_START:
      case EVENT_GP_END:
        this.#strongFence(event, cpu);
        break;
      default:
        this.at[event] = { node: this.#mark(cpu), writes: cpu.seen };
    }
  }

  /** A node behind everything before it, with nothing behind it yet: the mark of a section. */
  #mark(cpu: CpuOrder): number {
    const node = this.#graph.node();
    this.#graph.edge(cpu.accesses.all(), node);
    this.#graph.edge(cpu.strong, node);
    return node;
  }

  #strongFence(event: number, cpu: CpuOrder): void {
    const node = this.#mark(cpu);
    cpu.strong = node;
    cpu.strongWrites = cpu.seen;
    const fence = { node, writes: cpu.seen };
    this.at[event] = fence;
    this.fences.push(fence);
  }

  #has(event: number, flags: number): boolean {
    return ((this.#log.order[event] as number) & flags) !== 0;
  }

  /** Add an edge from each node that every access comes after. */
  #access(event: number, cpu: CpuOrder): void {
    const graph = this.#graph;
    graph.edge(cpu.strong, event);
    graph.edge(cpu.acquires.all(), event);
    graph.edge(cpu.locked, event);
    cpu.byNumber.set(this.#log.number[event] as number, event);
    for (const number of this.#log.address[event] ?? [])
      graph.edge(cpu.byNumber.get(number) ?? -1, event);
  }

  #finish(event: number, cpu: CpuOrder, caused: Frontier, seen: Frontier): void {
    cpu.accesses.add(event);
    cpu.caused = unite(cpu.caused, caused);
    cpu.seen = unite(cpu.seen, seen);
    this.propagated[event] = seen;
    this.fenced[event] = cpu.strongWrites;
  }

  #read(event: number, cpu: CpuOrder): void {
    this.#access(event, cpu);
    this.#graph.edge(cpu.beforeReads, event);
    const caused = unite(cpu.strongWrites, cpu.lockWrites);
    const seen = this.#readFrom(event, caused);
    cpu.reads.add(event);
    if (!this.#has(event, ORDER_NO_RETURN)) cpu.orderingReads.add(event);
    const acquires = this.#conservative ? ORDER_ACQUIRE | ORDER_DEPENDENT : ORDER_ACQUIRE;
    if (this.#has(event, acquires)) cpu.acquires.add(event);
    this.#finish(event, cpu, caused, seen);
    if (this.#has(event, ORDER_LOCK_READ)) this.#lock(event, cpu);
  }

  #readFrom(event: number, caused: Frontier): Frontier {
    const from = this.#log.from[event] as number;
    if (from < 0) return caused;
    if (this.#log.cpu[from] === this.#log.cpu[event]) {
      for (const node of this.#dependencies[from] ?? []) this.#graph.edge(node, event);
      return caused;
    }
    this.#graph.edge(from, event);
    return unite(caused, this.#carried[from] ?? this.#empty);
  }

  /** po-unlock-lock-po, from an own unlock and from the one that was read. */
  #lock(event: number, cpu: CpuOrder): void {
    const from = this.#log.from[event] as number;
    const before = from < 0 ? undefined : this.#beforeUnlock[from];
    cpu.lockWrites = unite(cpu.lockWrites, unite(cpu.unlockWrites, before ?? this.#empty));
    cpu.locked = cpu.unlocked;
  }

  #write(event: number, cpu: CpuOrder): void {
    const graph = this.#graph;
    const { cpu: ids, position } = this.#log;
    this.#access(event, cpu);
    graph.edge(cpu.beforeWrites, event);
    this.#dependent(event, cpu);
    const release = this.#has(event, ORDER_RELEASE);
    let caused = unite(unite(cpu.strongWrites, cpu.lockWrites), cpu.wmbWrites);
    if (release) {
      graph.edge(cpu.accesses.all(), event);
      caused = unite(caused, cpu.seen);
    }
    if (this.#has(event, ORDER_UNLOCK)) this.#unlock(event, cpu);
    const place = this.#table.placeOf[event] as number;
    caused = withWrite(caused, place, position[event] as number, ids[event] as number);
    this.#carried[event] = caused;
    cpu.writes.add(event);
    cpu.written = unite(cpu.written, caused);
    this.#finish(event, cpu, caused, caused);
  }

  #unlock(event: number, cpu: CpuOrder): void {
    cpu.unlocked = cpu.accesses.all();
    cpu.unlockWrites = cpu.caused;
    this.#beforeUnlock[event] = cpu.caused;
  }

  #dependent(event: number, cpu: CpuOrder): void {
    const graph = this.#graph;
    const { address, data, control } = this.#log;
    const nodes: number[] = [];
    for (const number of [...(address[event] ?? []), ...(data[event] ?? [])]) {
      nodes.push(cpu.byNumber.get(number) ?? -1);
    }
    if (this.#conservative) nodes.push(cpu.reads.all());
    for (const node of nodes) graph.edge(node, event);
    for (const number of control[event] ?? []) graph.edge(cpu.byNumber.get(number) ?? -1, event);
    this.#dependencies[event] = nodes;
  }
}
