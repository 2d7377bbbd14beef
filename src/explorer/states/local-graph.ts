/** The graph of the local states of a machine's CPUs: what each asks for, and where its answers lead. */

import { SimulatorBug } from '../../errors.js';
import type { Addr } from '../../memory/struct.js';
import { HashMap, mix, mixAgain } from './hash.js';
import { LocalClasses, type Behaviour, type SavedClasses } from './local-classes.js';
import { LockSets } from './lock-sets.js';
import type { SearchRule } from './rules.js';
import {
  ASK_END,
  ASK_LOCK,
  ASK_MWAIT,
  ASK_RELAX,
  ASK_THROW,
  ASK_TRYLOCK,
  ASK_UNLOCK,
} from './requests.js';

/** No state: an answer that was never given before. */
export const UNKNOWN = -1;

/** Numbers of a state: what it asks, whom it follows by which answer, and where its answers lead. */
const KIND = 0;
const ADDR = 1;
const FIRST = 2;
const SECOND = 3;
const PARENT = 4;
const ANSWER = 5;
const DEPTH = 6;
const CURRENT = 7;
const HASH = 8;
const HASH_AGAIN = 9;
const FIRST_EDGE = 10;
const LOCKSET = 11;
const ORDERING = 12;
const STRIDE = 13;

/** Numbers of an edge: the answer, the state it leads to, and the next edge of the same state. */
const EDGE_STRIDE = 3;

const NOBODY: readonly number[] = [];

/** Whether an execution may end with code that asks for this. */
function rests(kind: number): boolean {
  return (
    kind === ASK_END ||
    kind === ASK_THROW ||
    kind === ASK_LOCK ||
    kind === ASK_RELAX ||
    kind === ASK_MWAIT
  );
}

function textNumber(text: string): number {
  let hash = text.length;
  for (let i = 0; i < text.length; i++) hash = mix(hash, text.charCodeAt(i));
  return hash;
}

/** What a state is made of. */
export interface NewState {
  readonly kind: number;
  readonly addr: number;
  readonly a: number;
  readonly b: number;
  readonly order: number;
  readonly parent: number;
  readonly answer: number;
  readonly depth: number;
  readonly current: Addr;
  readonly low: number;
  readonly high: number;
}

/** A graph, as plain data; without what code threw. */
export interface SavedGraph {
  readonly numbers: Int32Array;
  readonly edges: Int32Array;
  readonly classes: SavedClasses;
  /** States in which code had thrown something. */
  readonly thrown: readonly number[];
  readonly lockSets: readonly (readonly Addr[])[];
  readonly joined: readonly number[];
  readonly moreBefore: ReadonlyMap<number, readonly number[]>;
  readonly recorded: ReadonlyMap<number, number>;
}

/** All local states that are known. */
export class LocalGraph implements Behaviour {
  #numbers = new Int32Array(STRIDE * 256);
  #count = 0;
  #edges = new Int32Array(EDGE_STRIDE * 256);
  #edgeCount = 0;
  /** States that behave alike. */
  readonly classes: LocalClasses;
  /** What code threw, by state. */
  readonly thrown = new Map<number, unknown>();
  /** Told of each answer that a state is given for the first time. */
  onLink: ((state: number, answer: number) => void) | undefined;
  readonly #lockSets = new LockSets();
  readonly #byHash = new HashMap();
  /** Pairs of a state and one that it leads to, which another led to before. */
  readonly #joined: number[] = [];
  readonly #moreBefore = new Map<number, number[]>();

  /** @param broken a rule whose condition is ignored: for tests only */
  constructor(broken?: SearchRule) {
    this.classes = new LocalClasses(broken);
  }

  protected saveGraph(): SavedGraph {
    return {
      numbers: this.#numbers.slice(0, STRIDE * this.#count),
      edges: this.#edges.slice(0, EDGE_STRIDE * this.#edgeCount),
      ...{ classes: this.classes.save(), thrown: [...this.thrown.keys()] },
      ...{ lockSets: this.#lockSets.save(), joined: this.#joined },
      ...{ moreBefore: this.#moreBefore, recorded: this.recorded },
    };
  }

  protected loadGraph(saved: SavedGraph): void {
    this.#numbers = saved.numbers.slice();
    this.#count = saved.numbers.length / STRIDE;
    for (let state = 0; state < this.#count; state++) {
      this.#byHash.add(this.history(state), this.historyAgain(state), state);
    }
    this.#edges = saved.edges.slice();
    this.#edgeCount = saved.edges.length / EDGE_STRIDE;
    this.classes.load(saved.classes);
    this.#lockSets.load(saved.lockSets);
    for (const state of saved.joined) this.#joined.push(state);
    for (const [state, before] of saved.moreBefore) this.#moreBefore.set(state, [...before]);
    for (const [state, last] of saved.recorded) this.recorded.set(state, last);
  }

  /** Number of states. */
  get size(): number {
    return this.#count;
  }

  /** Pairs of a state and a later one that is not its first successor's first predecessor: ways that meet. */
  get joined(): readonly number[] {
    return this.#joined;
  }

  kind(state: number): number {
    return this.#numbers[state * STRIDE + KIND] as number;
  }
  addr(state: number): Addr {
    return this.#numbers[state * STRIDE + ADDR] as number;
  }
  a(state: number): number {
    return this.#numbers[state * STRIDE + FIRST] as number;
  }
  b(state: number): number {
    return this.#numbers[state * STRIDE + SECOND] as number;
  }
  /** How strongly what a state asks for is ordered, and fences before it. */
  order(state: number): number {
    return this.#numbers[state * STRIDE + ORDERING] as number;
  }
  /** Depth of preemption-disabled sections. */
  depth(state: number): number {
    return this.#numbers[state * STRIDE + DEPTH] as number;
  }
  /** The state before the last answer; negative for the beginning of code. */
  parent(state: number): number {
    return this.#numbers[state * STRIDE + PARENT] as number;
  }
  /** The answer by which a state followed its {@link parent}; of the beginning of code, its number. */
  answer(state: number): number {
    return this.#numbers[state * STRIDE + ANSWER] as number;
  }
  /** States that lead to a state, besides its {@link parent}. */
  moreBefore(state: number): readonly number[] {
    return this.#moreBefore.get(state) ?? NOBODY;
  }
  /** Number of the set of spin locks that the code holds; 0 is none. */
  locks(state: number): number {
    return this.#numbers[state * STRIDE + LOCKSET] as number;
  }
  /** The task that the CPU executes. */
  current(state: number): Addr {
    return this.#numbers[state * STRIDE + CURRENT] as number;
  }
  /** Hash over what the code will do, as far as is known: equal for states of one class. */
  hash(state: number): number {
    return this.#numbers[this.classes.of(state) * STRIDE + HASH] as number;
  }
  hashAgain(state: number): number {
    return this.#numbers[this.classes.of(state) * STRIDE + HASH_AGAIN] as number;
  }

  /** Hash over what led to a state, and that alone. */
  history(state: number): number {
    return this.#numbers[state * STRIDE + HASH] as number;
  }
  historyAgain(state: number): number {
    return this.#numbers[state * STRIDE + HASH_AGAIN] as number;
  }

  /** The state after an answer; {@link UNKNOWN} if it was never given before. */
  next(state: number, answer: number): number {
    const edges = this.#edges;
    let edge = this.#numbers[state * STRIDE + FIRST_EDGE] as number;
    while (edge >= 0) {
      if (edges[edge] === answer) return edges[edge + 1] as number;
      edge = edges[edge + 2] as number;
    }
    return UNKNOWN;
  }

  /** Whether two states ask for the same. */
  asksAlike(one: number, other: number): boolean {
    return (
      this.#asks(one, 0) === this.#asks(other, 0) && this.#asks(one, 1) === this.#asks(other, 1)
    );
  }

  /** {@link Behaviour.label}: a way that was never gone on is like no other, unless it waits. */
  label(state: number, half: 0 | 1): number {
    const isOpen =
      (this.#numbers[state * STRIDE + FIRST_EDGE] as number) < 0 && !rests(this.kind(state));
    const asked = this.#asks(state, half);
    return isOpen ? (half === 0 ? mix : mixAgain)(asked, state + 1) : asked;
  }

  /** Half of a hash of what a state asks for, and of all else that others see of it. */
  #asks(state: number, half: 0 | 1): number {
    const kind = this.kind(state);
    const from = half === 0 ? mix : mixAgain;
    let h = from(kind, this.addr(state));
    for (const n of [this.a(state), this.b(state), this.c(state)]) h = from(h, n);
    h = from(h, this.order(state));
    h = from(from(h, this.depth(state)), this.current(state));
    const thrown = this.thrown.get(state);
    return thrown instanceof Error ? from(h, textNumber(thrown.message)) : h;
  }

  /** Call `visit` for each answer given in a state, with the state that it leads to. */
  eachNext(state: number, visit: (answer: number, next: number) => void): void {
    const edges = this.#edges;
    let edge = this.#numbers[state * STRIDE + FIRST_EDGE] as number;
    for (; edge >= 0; edge = edges[edge + 2] as number) {
      visit(edges[edge] as number, edges[edge + 1] as number);
    }
  }

  /** Whether a state is the beginning of code, before its first access. */
  isRoot(state: number): boolean {
    return this.addr(state) < 0 && this.kind(state) === ASK_END;
  }

  /** Number of the code that a state belongs to. */
  rootOf(state: number): number {
    let at = state;
    for (;;) {
      const parent = this.#numbers[at * STRIDE + PARENT] as number;
      if (parent < 0) return this.#numbers[at * STRIDE + ANSWER] as number;
      at = parent;
    }
  }

  /** The last number of an event that a state records, by state. */
  readonly recorded = new Map<number, number>();

  /** The last number of an event that a state records. */
  c(state: number): number {
    return this.recorded.get(state) ?? 0;
  }

  /** The state that an answer leads to: one with the same hash that is known already, or a new one. */
  reach(made: NewState): number {
    const { kind, addr, a, parent, answer, low, high } = made;
    const known = this.#byHash.get(low, high);
    if (known === undefined) {
      const state = this.add(made);
      this.#link(parent, answer, state);
      return state;
    }
    if (this.kind(known) !== kind || this.addr(known) !== addr || this.a(known) !== a) {
      throw new SimulatorBug('two local states with one hash ask for different things');
    }
    this.#link(parent, answer, known);
    this.#joined.push(parent, known);
    const more = this.#moreBefore.get(known);
    if (more) more.push(parent);
    else this.#moreBefore.set(known, [parent]);
    return known;
  }

  /** Add a state. */
  protected add(made: NewState): number {
    const { kind, addr, a, b, order, parent, answer, depth, current, low, high } = made;
    const state = this.#count++;
    const at = state * STRIDE;
    if (at + STRIDE > this.#numbers.length) {
      const larger = new Int32Array(2 * this.#numbers.length);
      larger.set(this.#numbers);
      this.#numbers = larger;
    }
    const n = this.#numbers;
    n[at + KIND] = kind;
    n[at + ADDR] = addr;
    n[at + FIRST] = a;
    n[at + SECOND] = b;
    n[at + ORDERING] = order;
    n[at + PARENT] = parent;
    n[at + ANSWER] = answer;
    n[at + DEPTH] = depth;
    n[at + CURRENT] = current;
    n[at + HASH] = low;
    n[at + HASH_AGAIN] = high;
    this.#byHash.add(low, high, state);
    n[at + FIRST_EDGE] = -1;
    n[at + LOCKSET] = parent < 0 ? 0 : this.#locksAfter(parent, answer);
    return state;
  }

  /** The locks held once a state has got its answer. */
  #locksAfter(state: number, answer: number): number {
    const kind = this.kind(state);
    const addr = this.addr(state);
    const held = this.locks(state);
    if (kind === ASK_LOCK || (kind === ASK_TRYLOCK && answer !== 0)) {
      return this.#lockSets.with(held, addr);
    }
    return kind === ASK_UNLOCK ? this.#lockSets.without(held, addr) : held;
  }

  /** The spin locks that the code holds. */
  heldLocks(state: number): readonly Addr[] {
    return this.#lockSets.of(this.locks(state));
  }

  /** All spin locks that are known to be taken. */
  get knownLocks(): readonly Addr[] {
    return this.#lockSets.all;
  }

  /** Whether the code holds a spin lock. */
  holds(state: number, lock: Addr): boolean {
    return this.heldLocks(state).includes(lock);
  }

  /** The locks that two sets have in common. */
  commonLocks(a: number, b: number): number {
    return this.#lockSets.common(a, b);
  }

  #link(parent: number, answer: number, state: number): void {
    this.classes.linked(parent);
    this.onLink?.(parent, answer);
    const edge = this.#edgeCount * EDGE_STRIDE;
    this.#edgeCount++;
    if (edge + EDGE_STRIDE > this.#edges.length) {
      const larger = new Int32Array(2 * this.#edges.length);
      larger.set(this.#edges);
      this.#edges = larger;
    }
    this.#edges[edge] = answer;
    this.#edges[edge + 1] = state;
    this.#edges[edge + 2] = this.#numbers[parent * STRIDE + FIRST_EDGE] as number;
    this.#numbers[parent * STRIDE + FIRST_EDGE] = edge;
  }
}
