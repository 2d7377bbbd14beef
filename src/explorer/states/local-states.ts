/**
 * The local states of the code that a CPU executes: what it asks next depends only on the answers that it was given. Each
 * state is computed once, by the code itself; from then on the code need not be executed to know what it does.
 */

import { SimulatorBug, UsageError } from '../../errors.js';
import type { CpuContext } from '../../memory/cpu.js';
import type { Addr, CpuId } from '../../memory/struct.js';
import type { Coroutine } from '../engine/cpu-state.js';
import { AskingCpu, type Answers, type AskingOptions } from './asking-cpu.js';
import { HashMap, mix, mixAgain } from './hash.js';
import { LockSets } from './lock-sets.js';
import {
  ASK_END,
  ASK_LOCK,
  ASK_THROW,
  ASK_TRACE,
  ASK_TRYLOCK,
  ASK_UNLOCK,
  isImmediate,
} from './requests.js';

/** A body as the resumable build made it. */
export type Code = (cpu: AskingCpu) => Coroutine;

/** No state: an answer that was never given before. */
export const UNKNOWN = -1;

/** Answers accesses while code is executed that nobody has executed before; they are carried out at once. */
export interface LiveMemory {
  /** Carry out the immediate access that a state asks for. */
  immediate(state: number): number;
  event(cpu: CpuId, event: number, a: number, b: number, c: number): void;
}

/** Numbers of a state: what it asks, whom it follows by which answer, and where its answers lead. */
const KIND = 0;
const ADDR = 1;
const A = 2;
const B = 3;
const PARENT = 4;
const ANSWER = 5;
const DEPTH = 6;
const CURRENT = 7;
const HASH = 8;
const HASH_AGAIN = 9;
const FIRST_EDGE = 10;
const LOCKSET = 11;
const STRIDE = 12;

/** Numbers of an edge: the answer, the state it leads to, and the next edge of the same state. */
const EDGE_STRIDE = 3;

/** Code on a CPU, and the task that it executes at first. */
interface Root {
  readonly cpu: CpuId;
  readonly code: Code;
  readonly current: Addr;
}

/** One piece of code on one CPU, being executed again to get at a state. */
interface Live {
  readonly cpu: AskingCpu;
  coroutine: Coroutine | undefined;
  /** The state whose answer it waits for. */
  at: number;
}

/** All local states of a machine's CPUs. */
export class LocalStates implements Answers {
  #numbers = new Int32Array(STRIDE * 256);
  #count = 0;
  #edges = new Int32Array(EDGE_STRIDE * 256);
  #edgeCount = 0;
  /** What code threw, by state. */
  readonly thrown = new Map<number, unknown>();
  readonly #memory: LiveMemory;
  readonly #lockSets = new LockSets();
  readonly #ctx: CpuContext;
  readonly #options: AskingOptions;
  readonly #roots: Root[] = [];
  readonly #firsts: number[] = [];
  readonly #byHash = new HashMap();
  /** Pairs of a state and one that it leads to, which another led to before. */
  readonly #joined: number[] = [];
  readonly #rootOf = new Map<string, number>();
  /** Code being executed, by root. */
  readonly #live = new Map<number, Live>();
  /** States on the way to the one wanted, and how far along the code has come. */
  #path: number[] = [];
  #along = 0;
  /** The state that code being executed has reached, and the answer with which it goes on from there. */
  #from = UNKNOWN;
  #answer = 0;
  #cpu: AskingCpu | undefined;
  /** Whether events are kept as states, because outcomes depend on them. */
  readonly #keepsEvents: boolean;

  constructor(
    memory: LiveMemory,
    ctx: CpuContext,
    options: AskingOptions & { readonly keepsEvents: boolean },
  ) {
    this.#memory = memory;
    this.#ctx = ctx;
    this.#options = options;
    this.#keepsEvents = options.keepsEvents;
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
    return this.#numbers[state * STRIDE + A] as number;
  }
  b(state: number): number {
    return this.#numbers[state * STRIDE + B] as number;
  }
  /** Depth of preemption-disabled sections. */
  depth(state: number): number {
    return this.#numbers[state * STRIDE + DEPTH] as number;
  }
  /** The state before the last answer; negative for the beginning of code. */
  parent(state: number): number {
    return this.#numbers[state * STRIDE + PARENT] as number;
  }
  /** Number of the set of spin locks that the code holds; 0 is none. */
  locks(state: number): number {
    return this.#numbers[state * STRIDE + LOCKSET] as number;
  }
  /** The task that the CPU executes. */
  current(state: number): Addr {
    return this.#numbers[state * STRIDE + CURRENT] as number;
  }
  /** Hash over the answers that led here. */
  hash(state: number): number {
    return this.#numbers[state * STRIDE + HASH] as number;
  }
  hashAgain(state: number): number {
    return this.#numbers[state * STRIDE + HASH_AGAIN] as number;
  }

  /** The first state of code on a CPU; its immediate accesses are carried out if it was never executed before. */
  start(cpu: CpuId, code: Code, name: string, current: Addr): { state: number; isNew: boolean } {
    const key = `${cpu} ${name} ${current}`;
    const known = this.#rootOf.get(key);
    if (known !== undefined) return { state: known, isNew: false };
    const root = this.#roots.length;
    this.#roots.push({ cpu, code, current });
    const first = this.#count;
    this.#rootOf.set(key, first);
    this.#firsts.push(first);
    // A root state of its own, whose only answer leads to what the code asks first.
    const low = mix(mix(cpu + 1, current), name.length);
    const high = mixAgain(mixAgain(cpu + 1, current), name.length);
    this.#add(ASK_END, -1 - root, 0, 0, UNKNOWN, root, 0, current, low, high);
    return { state: first, isNew: true };
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

  /** Whether a state is the beginning of code, before its first access. */
  isRoot(state: number): boolean {
    return this.addr(state) < 0 && this.kind(state) === ASK_END;
  }

  /**
   * Execute code on from a state with an answer that was never given before, up to its next scheduling point. Immediate
   * accesses on the way are carried out.
   *
   * @returns the state reached
   */
  explore(state: number, answer: number): number {
    const root = this.#rootOfState(state);
    const live = this.#liveOf(root);
    this.#cpu = live.cpu;
    this.#from = state;
    this.#answer = answer;
    let coroutine = live.coroutine;
    if (coroutine !== undefined && live.at === state && !this.isRoot(state)) {
      this.#path = [];
      this.#along = 0;
      live.cpu.answer(answer);
    } else {
      this.#path = this.#wayTo(state, answer);
      this.#along = 0;
      const { code, current } = this.#roots[root] as Root;
      const first = this.#firsts[root] as number;
      live.cpu.restart(this, current, this.hash(first), this.hashAgain(first));
      coroutine = live.coroutine = code(live.cpu);
    }
    return this.#run(live, coroutine);
  }

  #run(live: Live, coroutine: Coroutine): number {
    let reached: number;
    try {
      if (coroutine.next().done === true) reached = this.#append(ASK_END, 0, 0, 0);
      else reached = this.#from;
    } catch (error) {
      if (error instanceof SimulatorBug || error instanceof UsageError) throw error;
      reached = this.#append(ASK_THROW, 0, 0, 0);
      this.thrown.set(reached, error);
    }
    live.at = reached;
    return reached;
  }

  #rootOfState(state: number): number {
    let at = state;
    for (;;) {
      const parent = this.#numbers[at * STRIDE + PARENT] as number;
      if (parent < 0) return this.#numbers[at * STRIDE + ANSWER] as number;
      at = parent;
    }
  }

  #liveOf(root: number): Live {
    let live = this.#live.get(root);
    if (live === undefined) {
      const { cpu } = this.#roots[root] as Root;
      live = {
        cpu: new AskingCpu(cpu, this.#ctx, this, this.#options),
        coroutine: undefined,
        at: UNKNOWN,
      };
      this.#live.set(root, live);
    }
    return live;
  }

  /** Pairs of a state and the answer given there, from the first access up to `state` with `answer`. */
  #wayTo(state: number, answer: number): number[] {
    const path: number[] = [];
    let [at, given] = [state, answer];
    while (!this.isRoot(at)) {
      path.push(given, at);
      given = this.#numbers[at * STRIDE + ANSWER] as number;
      at = this.#numbers[at * STRIDE + PARENT] as number;
    }
    return path.reverse();
  }

  request(kind: number, addr: Addr, a: number, b: number): number | undefined {
    if (this.#along < this.#path.length) return this.#replayed(kind, addr);
    const state = this.#append(kind, addr, a, b);
    this.#from = state;
    if (!isImmediate(kind)) return undefined;
    this.#answer = this.#memory.immediate(state);
    return this.#answer;
  }

  #replayed(kind: number, addr: Addr): number {
    const state = this.#path[this.#along] as number;
    const answer = this.#path[this.#along + 1] as number;
    this.#along += 2;
    if (this.kind(state) !== kind || this.addr(state) !== addr) {
      throw new SimulatorBug('kernel code did something else with equal answers');
    }
    return answer;
  }

  traced(event: number, a: number, b: number, c: number): void {
    if (!this.#keepsEvents) return;
    if (this.#along < this.#path.length) {
      this.#along += 2;
      return;
    }
    // Two states for the five numbers of an event.
    const state = this.#append(ASK_TRACE, event, a, b);
    this.#numbers[state * STRIDE + ADDR] = event;
    this.#events.set(state, c);
    this.#from = state;
    this.#answer = 0;
    this.#memory.event((this.#cpu as AskingCpu).id, event, a, b, c);
  }

  readonly #events = new Map<number, number>();

  /** The last number of an event that a state records. */
  c(state: number): number {
    return this.#events.get(state) ?? 0;
  }

  /** The state that code being executed asks something in: follows the last one by the last answer. */
  #append(kind: number, addr: number, a: number, b: number): number {
    const { preemptDepth, current, low, high } = this.#cpu as AskingCpu;
    const parent = this.#from;
    const answer = this.#answer;
    const next = this.next(parent, answer);
    if (next !== UNKNOWN) return next;
    const known = this.#byHash.get(low, high);
    if (known !== undefined) {
      if (this.kind(known) !== kind || this.addr(known) !== addr || this.a(known) !== a) {
        throw new SimulatorBug('two local states with one hash ask for different things');
      }
      this.#link(parent, answer, known);
      this.#joined.push(parent, known);
      return known;
    }
    const state = this.#add(kind, addr, a, b, parent, answer, preemptDepth, current, low, high);
    this.#link(parent, answer, state);
    return state;
  }

  #add(
    kind: number,
    addr: number,
    a: number,
    b: number,
    parent: number,
    answer: number,
    depth: number,
    current: number,
    low: number,
    high: number,
  ): number {
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
    n[at + A] = a;
    n[at + B] = b;
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

  /** The locks that two sets have in common. */
  commonLocks(a: number, b: number): number {
    return this.#lockSets.common(a, b);
  }

  #link(parent: number, answer: number, state: number): void {
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
