/**
 * The local states of the code that a CPU executes: what it asks next depends only on the answers that it was given. Each
 * state is computed once, by the code itself; from then on the code need not be executed to know what it does.
 */

import { SimulatorBug, UsageError } from '../../errors.js';
import type { CpuContext } from '../../memory/cpu.js';
import type { Addr, CpuId } from '../../memory/struct.js';
import type { Coroutine } from '../engine/cpu-state.js';
import { AskingCpu } from './asking-cpu.js';
import type { Answers, Asked, AskingOptions } from './asking.js';
import { mix, mixAgain } from './hash.js';
import { LocalGraph, UNKNOWN, type SavedGraph } from './local-graph.js';
import { ASK_END, ASK_THROW, ASK_TRACE, isImmediate } from './requests.js';

/** A body as the resumable build made it. */
export type Code = (cpu: AskingCpu) => Coroutine;

/** Answers the accesses of code that is executed for the first time. They are carried out at once. */
export interface LiveMemory {
  /** Carry out the immediate access that a state asks for. */
  immediate(state: number): number;
  event(cpu: CpuId, event: number, a: number, b: number, c: number): void;
}

/** Code on a CPU, and the task that it executes at first. */
interface Root {
  readonly cpu: CpuId;
  readonly name: string;
  readonly code: Code;
  readonly current: Addr;
}

/** One piece of code on one CPU, which is executed again to reach a state. */
interface Live {
  readonly cpu: AskingCpu;
  coroutine: Coroutine | undefined;
  /** The state whose answer it waits for. */
  at: number;
}

/** The code has ended. */
const END: Asked = { kind: ASK_END, addr: 0, a: 0, b: 0, order: 0 };

/** What is known of code, as plain data. */
export interface SavedLocals extends SavedGraph {
  /** Pieces of code, in the order of their numbers. */
  readonly roots: readonly {
    readonly cpu: CpuId;
    readonly name: string;
    readonly current: Addr;
    readonly first: number;
  }[];
}

/** All local states of a machine's CPUs. */
export class LocalStates extends LocalGraph implements Answers {
  readonly #memory: LiveMemory;
  readonly #ctx: CpuContext;
  readonly #options: AskingOptions;
  readonly #roots: Root[] = [];
  readonly #firsts: number[] = [];
  readonly #rootOf = new Map<string, number>();
  /** Code being executed, by root. */
  readonly #live = new Map<number, Live>();
  /** States on the way to the wanted one, and how far the code has come on this way. */
  #path: number[] = [];
  #along = 0;
  /** The state that code being executed has reached, and the answer with which it goes on from there. */
  #from = UNKNOWN;
  #answer = 0;
  #cpu: AskingCpu | undefined;
  /** State whose code is followed, as there is no memory to answer. */
  #guide = UNKNOWN;
  /** States that have guided the code being executed. If one of them came again, the code would loop for ever. */
  readonly #guides = new Set<number>();
  /** Whether events are kept as states, because outcomes depend on them. */
  readonly #keepsEvents: boolean;

  constructor(
    memory: LiveMemory,
    ctx: CpuContext,
    options: AskingOptions & { readonly keepsEvents: boolean },
  ) {
    super(options.broken);
    this.#memory = memory;
    this.#ctx = ctx;
    this.#options = options;
    this.#keepsEvents = options.keepsEvents;
  }

  save(): SavedLocals {
    const roots = this.#roots.map(({ cpu, name, current }, i) => {
      return { cpu, name, current, first: this.#firsts[i] as number };
    });
    return { ...this.saveGraph(), roots };
  }

  /** @param codeOf finds a piece of code by the CPU and name that {@link start} was given */
  load(saved: SavedLocals, codeOf: (cpu: CpuId, name: string) => Code): void {
    for (const { cpu, name, current, first } of saved.roots) {
      this.#rootOf.set(keyOf(cpu, name, current), first);
      this.#firsts.push(first);
      this.#roots.push({ cpu, name, code: codeOf(cpu, name), current });
    }
    this.loadGraph(saved);
    // What code threw may be anything: it throws it again.
    for (const state of saved.thrown) this.explore(this.parent(state), this.answer(state));
  }

  /** The first state of code on a CPU; its immediate accesses are carried out if it was never executed before. */
  start(cpu: CpuId, code: Code, name: string, current: Addr): { state: number; isNew: boolean } {
    const key = keyOf(cpu, name, current);
    const known = this.#rootOf.get(key);
    if (known !== undefined) return { state: known, isNew: false };
    const root = this.#roots.length;
    this.#roots.push({ cpu, name, code, current });
    const first = this.size;
    this.#rootOf.set(key, first);
    this.#firsts.push(first);
    // A root state of its own, whose only answer leads to what the code asks first.
    const low = mix(mix(cpu + 1, current), name.length);
    const high = mixAgain(mixAgain(cpu + 1, current), name.length);
    this.add({
      kind: ASK_END,
      addr: -1 - root,
      a: 0,
      b: 0,
      order: 0,
      parent: UNKNOWN,
      answer: root,
      depth: 0,
      current,
      low,
      high,
    });
    return { state: first, isNew: true };
  }

  /**
   * Execute code on from a state with an answer that was never given before, up to its next scheduling point. Immediate
   * accesses on the way are carried out.
   *
   * @returns the state reached
   */
  explore(state: number, answer: number): number {
    const root = this.rootOf(state);
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
      live.cpu.restart(this, current, this.history(first), this.historyAgain(first));
      coroutine = live.coroutine = code(live.cpu);
    }
    return this.#run(live, coroutine);
  }

  #run(live: Live, coroutine: Coroutine): number {
    let reached: number;
    try {
      if (coroutine.next().done === true) reached = this.#append(END);
      else reached = this.#from;
    } catch (error) {
      live.coroutine = undefined;
      if (error === DEVIATES) return this.#from;
      if (error instanceof SimulatorBug || error instanceof UsageError) throw error;
      reached = this.#append({ ...END, kind: ASK_THROW });
      this.thrown.set(reached, error);
    }
    live.at = reached;
    return reached;
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
      given = this.answer(at);
      at = this.parent(at);
    }
    return path.reverse();
  }

  request(asked: Asked): number | undefined {
    if (this.#along < this.#path.length) return this.#replayed(asked.kind, asked.addr);
    const state = this.#append(asked);
    this.#from = state;
    if (!isImmediate(asked.kind)) return undefined;
    this.#answer = this.#guide === UNKNOWN ? this.#memory.immediate(state) : this.#guided(state);
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
    const state = this.#append({ kind: ASK_TRACE, addr: event, a, b, order: 0 });
    this.recorded.set(state, c);
    this.#from = state;
    this.#answer = 0;
    if (this.#guide !== UNKNOWN) this.#guided(state);
    else this.#memory.event((this.#cpu as AskingCpu).id, event, a, b, c);
  }

  /** The state that code being executed asks something in: follows the last one by the last answer. */
  #append(asked: Asked): number {
    const { preemptDepth: depth, current, low, high } = this.#cpu as AskingCpu;
    const parent = this.#from;
    const answer = this.#answer;
    const next = this.next(parent, answer);
    if (next !== UNKNOWN) return next;
    return this.reach({ ...asked, parent, answer, depth, current, low, high });
  }

  /**
   * Execute code on from a state with an answer as {@link explore} does, but without a memory: as long as it asks for the same
   * as `guide`, the state that the answer leads to from another state, immediate accesses are answered as they were there.
   */
  complete(state: number, answer: number, guide: number): number {
    this.#guide = guide;
    this.#guides.clear();
    try {
      this.explore(state, answer);
    } finally {
      this.#guide = UNKNOWN;
    }
    return this.next(state, answer);
  }

  /** The answer that an immediate access was given elsewhere. */
  #guided(state: number): number {
    if (!this.asksAlike(state, this.#guide) || this.#guides.has(this.#guide)) throw DEVIATES;
    this.#guides.add(this.#guide);
    let [given, to] = [0, UNKNOWN];
    this.eachNext(this.#guide, (answer, next) => {
      if (to === UNKNOWN) [given, to] = [answer, next];
    });
    if (to === UNKNOWN) throw DEVIATES;
    this.#guide = to;
    return given;
  }
}

const keyOf = (cpu: CpuId, name: string, current: Addr): string => `${cpu} ${name} ${current}`;

/** Thrown through code that has come to an access for which there is no answer. */
const DEVIATES = new SimulatorBug('code asks for something else than what guides it');
