/** A directed graph that grows edge by edge, and the search for a cycle in it: linear in its edges. */

/** What an edge stands for; a check may leave out the higher ones. */
export const HAPPENS_BEFORE = 0;
export const PROPAGATION = 1;
export const RCU = 2;

/** Nodes are numbers from 0. */
export class Graph {
  /** Number of nodes. */
  size: number;
  readonly #from: number[] = [];
  readonly #to: number[] = [];
  readonly #tag: number[] = [];

  /** @param size how many nodes there are at first */
  constructor(size: number) {
    this.size = size;
  }

  /** Add a node and return it. */
  node(): number {
    return this.size++;
  }

  /** Add an edge; an edge from -1 is none. */
  edge(from: number, to: number, tag = HAPPENS_BEFORE): void {
    if (from < 0) return;
    this.#from.push(from);
    this.#to.push(to);
    this.#tag.push(tag);
  }

  /** Whether there is no cycle among the edges with a tag of at most `highest`. */
  isAcyclic(highest: number): boolean {
    const waiting = new Int32Array(this.size);
    const first = new Int32Array(this.size + 1);
    const used = (edge: number): boolean => (this.#tag[edge] as number) <= highest;
    const edges = this.#from.length;
    for (let edge = 0; edge < edges; edge++) {
      if (!used(edge)) continue;
      count(waiting, this.#to[edge] as number);
      count(first, this.#from[edge] as number);
    }
    const next = this.#successors(first, used);
    return this.#canOrder(waiting, first, next);
  }

  /** Successors grouped by node; `first` becomes the start of each group, with the end of the last one behind. */
  #successors(first: Int32Array, used: (edge: number) => boolean): Int32Array {
    let total = 0;
    for (let node = 0; node <= this.size; node++) {
      total += first[node] as number;
      first[node] = total;
    }
    const next = new Int32Array(total);
    for (let edge = this.#from.length - 1; edge >= 0; edge--) {
      if (!used(edge)) continue;
      const from = this.#from[edge] as number;
      const at = (first[from] as number) - 1;
      first[from] = at;
      next[at] = this.#to[edge] as number;
    }
    return next;
  }

  #canOrder(waiting: Int32Array, first: Int32Array, next: Int32Array): boolean {
    const ready: number[] = [];
    for (let node = 0; node < this.size; node++) if (waiting[node] === 0) ready.push(node);
    let ordered = 0;
    for (let node = ready.pop(); node !== undefined; node = ready.pop()) {
      ordered++;
      for (let at = first[node] as number; at < (first[node + 1] as number); at++) {
        const to = next[at] as number;
        waiting[to] = (waiting[to] as number) - 1;
        if (waiting[to] === 0) ready.push(to);
      }
    }
    return ordered === this.size;
  }
}

function count(counts: Int32Array, at: number): void {
  counts[at] = (counts[at] as number) + 1;
}
