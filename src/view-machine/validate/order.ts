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

/** Events of a CPU that some later event will be ordered after all at once: a node that collects them. */
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

/** What the pass knows of one CPU. */
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
  /** For each access, those of them that its CPU's last strong fence already stands for. */
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
    for (let i = 0; i < log.length; i++) this.#event(i);
  }

  #cpu(i: number): CpuOrder {
    const id = this.#log.cpu[i] as number;
    let cpu = this.#cpus.get(id);
    if (cpu === undefined) {
      cpu = new CpuOrder(this.#graph, this.#empty);
      this.#cpus.set(id, cpu);
    }
    return cpu;
  }

  #event(i: number): void {
    const cpu = this.#cpu(i);
    switch (this.#log.kind[i]) {
      case EVENT_READ:
        this.#read(i, cpu);
        break;
      case EVENT_WRITE:
        this.#write(i, cpu);
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
        this.#strongFence(i, cpu);
        break;
      default:
        this.at[i] = { node: this.#mark(cpu), writes: cpu.seen };
    }
  }

  /** A node behind everything before it, which nothing comes after yet: the mark of a section. */
  #mark(cpu: CpuOrder): number {
    const node = this.#graph.node();
    this.#graph.edge(cpu.accesses.all(), node);
    this.#graph.edge(cpu.strong, node);
    return node;
  }

  #strongFence(i: number, cpu: CpuOrder): void {
    const node = this.#mark(cpu);
    cpu.strong = node;
    cpu.strongWrites = cpu.seen;
    const fence = { node, writes: cpu.seen };
    this.at[i] = fence;
    this.fences.push(fence);
  }

  #has(i: number, flags: number): boolean {
    return ((this.#log.order[i] as number) & flags) !== 0;
  }

  /** What every access comes after. */
  #access(i: number, cpu: CpuOrder): void {
    const g = this.#graph;
    g.edge(cpu.strong, i);
    g.edge(cpu.acquires.all(), i);
    g.edge(cpu.locked, i);
    cpu.byNumber.set(this.#log.number[i] as number, i);
    for (const number of this.#log.address[i] ?? []) g.edge(cpu.byNumber.get(number) ?? -1, i);
  }

  #finish(i: number, cpu: CpuOrder, caused: Frontier, seen: Frontier): void {
    cpu.accesses.add(i);
    cpu.caused = unite(cpu.caused, caused);
    cpu.seen = unite(cpu.seen, seen);
    this.propagated[i] = seen;
    this.fenced[i] = cpu.strongWrites;
  }

  #read(i: number, cpu: CpuOrder): void {
    this.#access(i, cpu);
    this.#graph.edge(cpu.beforeReads, i);
    const caused = unite(cpu.strongWrites, cpu.lockWrites);
    const seen = this.#readFrom(i, caused);
    cpu.reads.add(i);
    if (!this.#has(i, ORDER_NO_RETURN)) cpu.orderingReads.add(i);
    const acquires = this.#conservative ? ORDER_ACQUIRE | ORDER_DEPENDENT : ORDER_ACQUIRE;
    if (this.#has(i, acquires)) cpu.acquires.add(i);
    this.#finish(i, cpu, caused, seen);
    if (this.#has(i, ORDER_LOCK_READ)) this.#lock(i, cpu);
  }

  #readFrom(i: number, caused: Frontier): Frontier {
    const from = this.#log.from[i] as number;
    if (from < 0) return caused;
    if (this.#log.cpu[from] === this.#log.cpu[i]) {
      for (const node of this.#dependencies[from] ?? []) this.#graph.edge(node, i);
      return caused;
    }
    this.#graph.edge(from, i);
    return unite(caused, this.#carried[from] ?? this.#empty);
  }

  /** po-unlock-lock-po, from an own unlock and from the one that was read. */
  #lock(i: number, cpu: CpuOrder): void {
    const from = this.#log.from[i] as number;
    const before = from < 0 ? undefined : this.#beforeUnlock[from];
    cpu.lockWrites = unite(cpu.lockWrites, unite(cpu.unlockWrites, before ?? this.#empty));
    cpu.locked = cpu.unlocked;
  }

  #write(i: number, cpu: CpuOrder): void {
    const g = this.#graph;
    const { cpu: ids, position } = this.#log;
    this.#access(i, cpu);
    g.edge(cpu.beforeWrites, i);
    this.#dependent(i, cpu);
    const release = this.#has(i, ORDER_RELEASE);
    let caused = unite(unite(cpu.strongWrites, cpu.lockWrites), cpu.wmbWrites);
    if (release) {
      g.edge(cpu.accesses.all(), i);
      caused = unite(caused, cpu.seen);
    }
    if (this.#has(i, ORDER_UNLOCK)) this.#unlock(i, cpu);
    const place = this.#table.placeOf[i] as number;
    caused = withWrite(caused, place, position[i] as number, ids[i] as number);
    this.#carried[i] = caused;
    cpu.writes.add(i);
    cpu.written = unite(cpu.written, caused);
    this.#finish(i, cpu, caused, caused);
  }

  #unlock(i: number, cpu: CpuOrder): void {
    cpu.unlocked = cpu.accesses.all();
    cpu.unlockWrites = cpu.caused;
    this.#beforeUnlock[i] = cpu.caused;
  }

  #dependent(i: number, cpu: CpuOrder): void {
    const g = this.#graph;
    const { address, data, control } = this.#log;
    const nodes: number[] = [];
    for (const number of [...(address[i] ?? []), ...(data[i] ?? [])]) {
      nodes.push(cpu.byNumber.get(number) ?? -1);
    }
    if (this.#conservative) nodes.push(cpu.reads.all());
    for (const node of nodes) g.edge(node, i);
    for (const number of control[i] ?? []) g.edge(cpu.byNumber.get(number) ?? -1, i);
    this.#dependencies[i] = nodes;
  }
}
