/** The state of a whole machine, and its steps, each of which can be taken back. */

import type { CpuContext } from '../../memory/cpu.js';
import { SITE_COUNT, type Ablation } from '../../memory/sites.js';
import { isUnheld, type Addr, type CpuId } from '../../memory/struct.js';
import type { Machine, StateAccess, TraceEvent } from '../../scenario/declare.js';
import { EventTrace } from '../../scenario/event-trace.js';
import { WAIT_MWAIT, WAIT_LOCK, WAIT_NONE, WAIT_RELAX } from '../engine/cpu-state.js';
import type { Outlook } from '../../view-machine/canonical/outlook.js';
import type { Prepared } from '../engine/prepared.js';
import type { Ended } from '../engine/ended.js';
import { Constants } from './constants.js';
import { writes } from './accesses.js';
import { Futures } from './futures.js';
import { mix, mixAgain } from './hash.js';
import { Liveness } from './liveness.js';
import { UNKNOWN } from './local-graph.js';
import { LocalStates, type Code, type LiveMemory } from './local-states.js';
import * as ask from './requests.js';
import { CodeOutlook } from './code-outlook.js';
import type { SearchRule } from './rules.js';
import { Sharing } from './sharing.js';
import { UndoableMemory } from './undoable-memory.js';
import { WeakMemory } from './weak-memory.js';

/** No code: a CPU that executes no interrupt. */
export const NONE = -1;

const NO_LOCKS: readonly Addr[] = [];

/** What is fixed about a search. */
export interface GlobalOptions {
  readonly ablation: Ablation;
  /** Whether outcomes depend on recorded events. */
  readonly keepsEvents: boolean;
  /** Whether the memory is that of the Linux kernel memory model; default: it is sequentially consistent. */
  readonly isWeak?: boolean;
  /** A rule whose condition is ignored: for tests only. */
  readonly broken?: SearchRule | undefined;
}

/** A point to which a state can be taken back. */
export interface Mark {
  readonly at: Int32Array;
  readonly memory: number;
  readonly events: number;
  readonly low: number;
  readonly high: number;
}

/**
 * Memory, and where the code of each CPU stands: its body under the CPU's number, the interrupt on top of it under the number
 * of CPUs more. Reading and writing from outside, as machines do when time passes, is {@link StateAccess}.
 */
export class GlobalState implements LiveMemory, StateAccess, Ended {
  readonly cpuCount: number;
  readonly memory: UndoableMemory | WeakMemory;
  /** The memory, if it is not sequentially consistent. */
  readonly weak: WeakMemory | undefined;
  readonly local: LocalStates;
  readonly sharing: Sharing;
  /** Local state of each piece of code; {@link NONE} where there is none. */
  at: Int32Array;
  /** What a step threw, or a body did. */
  thrown: unknown;
  /** Told of every access, with the local state that asks for it, before it is carried out. */
  onAccess: ((owner: number, state: number) => void) | undefined;
  /** Somebody looks ahead, and goes back to where the state is: whether steps commute is not asked. */
  isAhead = false;
  /** Whether {@link events} was looked at. */
  usesEvents = false;
  readonly futures: Futures;
  readonly liveness: Liveness;
  /** Times that an interrupt turned out to come where none was known to. */
  #interruptSurprises = 0;
  /** The step being executed touched a word whose order with others matters. */
  #conflict = false;
  /** Hash of the state, in two halves, as of the last {@link hash}. */
  low = 0;
  high = 0;
  #live: Int32Array = new Int32Array(0);
  #owner = 0;
  /** Local states whose accesses the last step, or the beginning of an interrupt, consisted of. */
  readonly touched: number[] = [];
  /** The last step recorded an event: its order with all others that do matters. */
  recorded = false;
  /** Spin locks held when the step began: nobody else gets past taking them before it. */
  #held: readonly Addr[] = NO_LOCKS;
  readonly #machine: Machine;
  readonly #broken: SearchRule | undefined;
  readonly #keepsEvents: boolean;
  readonly #hasInterrupts: boolean;
  /** Hash over the events recorded so far. */
  #eventsLow = 0;
  #eventsHigh = 0;
  readonly #events: number[] = [];
  /** Words on which pending interrupts of a CPU depend. */
  readonly #pendingWords: Set<Addr>[];
  /** Where interrupts of each CPU began. */
  readonly #interruptRoots: Set<number>[];
  readonly #pendingView: { cpu: number; read: (addr: Addr) => number };

  constructor({ machine, image }: Prepared, options: GlobalOptions) {
    const { ablation, keepsEvents, broken, isWeak = false } = options;
    this.#broken = broken;
    this.#machine = machine;
    this.cpuCount = machine.bodies.length;
    this.weak = isWeak ? new WeakMemory(image, this.cpuCount) : undefined;
    this.memory = this.weak ?? new UndoableMemory(image);
    this.sharing = new Sharing(image.length);
    this.#keepsEvents = keepsEvents;
    this.#hasInterrupts = machine.interrupt !== undefined;
    const removed = new Uint8Array(SITE_COUNT + 1);
    for (const site of ablation.sites) removed[site] = 1;
    this.local = new LocalStates(this, machine.ctx as CpuContext, {
      words: image.length,
      localBase: machine.localBase,
      removed,
      hasInterrupts: this.#hasInterrupts,
      isWeak,
      constants: new Constants(machine.ctx),
      keepsEvents,
      broken,
    });
    this.futures = new Futures(this.local, this.sharing, image.length, { isWeak, broken });
    this.liveness = new Liveness(this.local, image.length, broken);
    this.#interruptRoots = machine.bodies.map(() => new Set<number>());
    this.at = new Int32Array(2 * this.cpuCount).fill(NONE);
    this.#pendingWords = machine.bodies.map(() => new Set<Addr>());
    const view = {
      cpu: 0,
      read: (addr: Addr): number => {
        this.sharing.read(this.cpuCount + view.cpu, addr);
        this.#notePending(view.cpu, addr);
        return this.memory.read(addr);
      },
    };
    this.#pendingView = view;
  }

  /** Take stock of everything that is known: before another search. */
  rebuild(): void {
    this.futures.rebuild();
    this.liveness.rebuild();
    this.local.classes.rebuild(this.local);
    this.#interruptSurprises = 0;
  }

  /**
   * Give local states that were taken for one the answers that only one of them was given. Returns whether they behave alike,
   * so that what was found stands.
   */
  confirm(): boolean {
    const { local } = this;
    if (!local.classes.isOpen) return true;
    local.classes.complete(local);
    this.futures.extend();
    this.liveness.extend();
    return local.classes.rebuild(local) && this.surprises === 0;
  }

  /** Times since {@link rebuild} that something which was relied on turned out to be wrong. */
  get surprises(): number {
    return this.futures.surprises + this.liveness.surprises + this.#interruptSurprises;
  }

  #notePending(cpu: number, addr: Addr): void {
    const words = this.#pendingWords[cpu] as Set<Addr>;
    if (words.has(addr)) return;
    words.add(addr);
    this.liveness.readOutside(addr);
    this.#interruptSurprises++;
  }

  #noteRoot(cpu: number, root: number): void {
    const roots = this.#interruptRoots[cpu] as Set<number>;
    if (roots.has(root)) return;
    roots.add(root);
    this.#interruptSurprises++;
  }

  /** Stand at the beginning. */
  start(): void {
    this.memory.restore(0);
    this.#events.length = 0;
    this.#eventsLow = this.#eventsHigh = 0;
    this.thrown = undefined;
    this.at.fill(NONE);
    for (let cpu = 0; cpu < this.cpuCount; cpu++) {
      const code = this.#machine.bodies[cpu] as unknown as Code;
      this.#begin(cpu, cpu, code, this.#machine.current?.[cpu] ?? 0);
    }
  }

  /** Begin code, up to its first scheduling point. */
  #begin(owner: number, cpu: number, code: Code, current: Addr): void {
    const name = owner < this.cpuCount ? 'body' : 'interrupt';
    const { state } = this.local.start(cpu as CpuId, code, name, current);
    this.#owner = owner;
    this.#held = NO_LOCKS;
    this.touched.length = 0;
    if (owner >= this.cpuCount) this.#noteRoot(cpu, state);
    this.at[owner] = this.#follow(state, 0);
  }

  mark(): Mark {
    return {
      at: this.at.slice(),
      memory: this.memory.mark,
      events: this.#events.length,
      low: this.#eventsLow,
      high: this.#eventsHigh,
    };
  }

  restore(mark: Mark): void {
    this.at.set(mark.at);
    this.memory.restore(mark.memory);
    this.#events.length = mark.events;
    this.#eventsLow = mark.low;
    this.#eventsHigh = mark.high;
    this.thrown = undefined;
  }

  /** Compute {@link low} and {@link high}. */
  hash(): void {
    const { local, memory, at } = this;
    let [low, high] = [this.#eventsLow, this.#eventsHigh];
    for (let i = 0; i < at.length; i++) {
      const state = at[i] as number;
      low ^= mix(i + 1, state < 0 ? 0 : local.hash(state));
      high ^= mixAgain(i + 1, state < 0 ? 0 : local.hashAgain(state));
    }
    this.low = low;
    this.high = high;
    if (this.#broken === 'R-9') return;
    this.weak?.encode(this.#outlook());
    this.low ^= memory.low;
    this.high ^= memory.high;
    if (memory instanceof UndoableMemory) this.#leaveOutDead(memory);
  }

  /** What the code may still do. */
  #outlook(): Outlook {
    const { futures, liveness, sharing, at } = this;
    return new CodeOutlook({
      ...{ futures, liveness, sharing, live: this.#liveWords() },
      codeOf: (cpu) => [
        at[cpu] as number,
        at[this.cpuCount + cpu] as number,
        ...(this.#interruptRoots[cpu] as Set<number>),
      ],
      cpus: this.cpuCount,
    });
  }

  /** Numbers of the words that somebody may still read before they are overwritten. */
  #liveWords(): Int32Array {
    const { liveness, at } = this;
    const live = (this.#live = liveness.begin(this.#live));
    for (const state of at) if (state >= 0) liveness.join(live, state);
    for (const roots of this.#interruptRoots) for (const root of roots) liveness.join(live, root);
    return live;
  }

  /** Take the words out of the hash that nobody reads before they are overwritten. */
  #leaveOutDead(memory: UndoableMemory): void {
    const live = this.#liveWords();
    const { addrs } = this.liveness;
    for (let i = 0; i < live.length; i++) {
      for (let dead = ~(live[i] as number); dead !== 0; dead &= dead - 1) {
        const addr = addrs[32 * i + 31 - Math.clz32(dead & -dead)];
        if (addr === undefined) break;
        this.low ^= memory.lowOf(addr);
        this.high ^= memory.highOf(addr);
      }
    }
  }

  /** The code that a CPU executes now: an interrupt, or its body. */
  owner(cpu: number): number {
    return (this.at[this.cpuCount + cpu] as number) === NONE ? cpu : this.cpuCount + cpu;
  }

  /** Whether a CPU can execute its next operation. */
  canGoOn(cpu: number): boolean {
    const kind = this.local.kind(this.at[this.owner(cpu)] as number);
    if (kind === ask.ASK_END || kind === ask.ASK_THROW) return false;
    return !this.isBlocked(cpu) || this.weak?.owes(cpu) === true;
  }

  /** Whether the next operation of a CPU waits for a word to change. */
  isBlocked(cpu: number): boolean {
    const state = this.at[this.owner(cpu)] as number;
    const { local, memory } = this;
    const kind = local.kind(state);
    if (kind !== ask.ASK_LOCK && kind !== ask.ASK_RELAX && kind !== ask.ASK_MWAIT) return false;
    // Whoever waits looks at the word at any time.
    if (this.#broken !== 'R-6') this.sharing.read(this.owner(cpu), local.addr(state));
    const value = memory.read(local.addr(state));
    return kind === ask.ASK_LOCK ? !isUnheld(value) : value === local.a(state);
  }

  /** Words on which it depends, as far as is known, whether an interrupt of a CPU is pending. */
  pendingWordsOf(cpu: number): ReadonlySet<Addr> {
    return this.#pendingWords[cpu] as Set<Addr>;
  }

  /** Whether a CPU can take an interrupt. */
  isInterrupted(cpu: number): boolean {
    return this.#hasInterrupts && this.takesInterrupts(this.at, cpu) && this.isPending(cpu);
  }

  /** Whether a CPU would take an interrupt that is pending, with its code in given local states. */
  takesInterrupts(at: Int32Array, cpu: number): boolean {
    return (
      (at[this.cpuCount + cpu] as number) === NONE && this.local.depth(at[cpu] as number) === 0
    );
  }

  /** Whether an interrupt of a CPU is pending. */
  isPending(cpu: number): boolean {
    this.#pendingView.cpu = cpu;
    return this.#machine.interrupt?.pending(cpu as CpuId, this.#pendingView) ?? false;
  }

  /** A CPU begins its interrupt. */
  interrupt(cpu: number): void {
    const code = this.#machine.interrupt?.body as unknown as Code;
    this.#begin(this.cpuCount + cpu, cpu, code, this.local.current(this.at[cpu] as number));
    this.#finishInterrupt(cpu);
  }

  /** Whether the next operation of a CPU is a trylock that may fail although nobody holds the lock. */
  mayFail(cpu: number): boolean {
    const state = this.at[this.owner(cpu)] as number;
    return (
      this.weak === undefined &&
      this.#broken !== 'R-10' &&
      this.local.kind(state) === ask.ASK_TRYLOCK &&
      this.memory.read(this.local.addr(state)) === 0
    );
  }

  /**
   * Execute the next operation of a CPU, and what is part of it.
   *
   * @param fails a trylock fails although nobody holds the lock
   * @returns whether its order with others matters
   */
  step(cpu: number, fails = false): boolean {
    const owner = this.owner(cpu);
    const state = this.at[owner] as number;
    this.#prepareStep(cpu, owner, state);
    if (this.weak !== undefined && this.isBlocked(cpu)) {
      this.weak.endFence(cpu as CpuId);
      return true;
    }
    try {
      this.at[owner] = this.#follow(state, this.#operate(cpu, state, fails));
    } catch (error) {
      // What the machine says about an access: the code has no answer.
      this.thrown = error;
      return true;
    }
    if (this.local.kind(this.at[owner]) === ask.ASK_THROW) {
      this.thrown = this.local.thrown.get(this.at[owner]);
      return true;
    }
    if (owner !== cpu) this.#finishInterrupt(cpu);
    return this.#conflict;
  }

  #prepareStep(cpu: number, owner: number, state: number): void {
    this.#owner = owner;
    this.touched.length = 0;
    this.recorded = false;
    this.#held = this.#broken === 'R-15' ? this.local.knownLocks : this.local.heldLocks(state);
    this.#conflict = !this.isAhead && this.#masksInterrupt(cpu, owner, state);
  }

  /** Whether the order of the next operation of a CPU with others matters, as far as that can be told before it is executed. */
  isContended(cpu: number): boolean {
    const owner = this.owner(cpu);
    const state = this.at[owner] as number;
    this.#prepareStep(cpu, owner, state);
    this.#touch(state);
    return this.#conflict;
  }

  #finishInterrupt(cpu: number): void {
    const owner = this.cpuCount + cpu;
    const state = this.at[owner] as number;
    if (this.local.kind(state) === ask.ASK_THROW) this.thrown = this.local.thrown.get(state);
    if (this.local.kind(state) === ask.ASK_END) this.at[owner] = NONE;
  }

  /** Whether an operation keeps off an interrupt that may come. */
  #masksInterrupt(cpu: number, owner: number, state: number): boolean {
    if (!this.#hasInterrupts || owner !== cpu || this.local.depth(state) !== 0) return false;
    const kind = this.local.kind(state);
    const isMask = kind === ask.ASK_LOCK || kind === ask.ASK_TRYLOCK || kind === ask.ASK_PREEMPT;
    if (!isMask || this.#broken === 'R-11') return false;
    return this.#mayBeInterrupted(cpu);
  }

  /** Whether an interrupt of a CPU is pending, or may be before the code that executes a step goes on. */
  #mayBeInterrupted(cpu: number): boolean {
    if (this.isPending(cpu)) return true;
    for (const addr of this.#pendingWords[cpu] as Set<Addr>) {
      for (let owner = 0; owner < this.at.length; owner++) {
        if (this.#waitsForStep(owner)) continue;
        if (this.#mayMeet(owner, ask.ASK_GET, addr, 0, false)) return true;
      }
    }
    return false;
  }

  /**
   * Whether code cannot go on before the step is executed: the code whose step it is, and what that code interrupts or is
   * interrupted by, as long as it keeps interrupts off.
   */
  #waitsForStep(other: number): boolean {
    const owner = this.#owner;
    if (other === owner) return true;
    if (other % this.cpuCount !== owner % this.cpuCount) return false;
    if (other < owner || this.#broken === 'R-14') return true;
    return this.local.depth(this.at[owner] as number) !== 0;
  }

  /** Whether code may still make an access that does not commute with another; an interrupt that may yet come counts. */
  #mayMeet(owner: number, kind: number, addr: Addr, a: number, asks = true): boolean {
    const state = this.at[owner] as number;
    if (state !== NONE && this.futures.mayMeet(state, kind, addr, a, this.#held)) return true;
    if (owner < this.cpuCount) return false;
    const cpu = owner - this.cpuCount;
    for (const root of this.#interruptRoots[cpu] as Set<number>) {
      if (!this.futures.mayMeet(root, kind, addr, a, this.#held)) continue;
      if (!asks || this.#mayBeInterrupted(cpu)) return true;
    }
    return false;
  }

  /** Note an access, and whether its order with what others may still do matters. */
  #touch(state: number): void {
    const { local } = this;
    this.onAccess?.(this.#owner, state);
    this.touched.push(state);
    if (this.isAhead) return;
    const kind = local.kind(state);
    if (this.weak !== undefined && this.#isFenced(state)) {
      this.#touchWord(ask.ASK_FENCE, ask.FENCE_WORD, 0);
    }
    this.#touchWord(kind, local.addr(state), local.a(state));
  }

  /** Whether an operation executes a strong fence besides what it is. */
  #isFenced(state: number): boolean {
    const [kind, order] = [this.local.kind(state), this.local.order(state)];
    if (!ask.isFenced(kind, order)) return this.weak?.owes(this.#owner % this.cpuCount) === true;
    return true;
  }

  #touchWord(kind: number, addr: Addr, a: number): void {
    const { sharing } = this;
    const owner = this.#owner;
    const isShared = writes(kind) ? sharing.write(owner, addr) : sharing.read(owner, addr);
    if (this.#conflict || !isShared || this.#broken === 'R-1') return;
    if (writes(kind) && this.#causesInterrupt(addr)) this.#conflict = true;
    if (this.#conflict || this.futures.isGuarded(addr)) return;
    for (let other = 0; other < this.at.length && !this.#conflict; other++) {
      if (!this.#waitsForStep(other)) this.#conflict = this.#mayMeet(other, kind, addr, a);
    }
  }

  /** Whether a store changes what interrupts depend on that may begin before it. */
  #causesInterrupt(addr: Addr): boolean {
    for (let cpu = 0; cpu < this.cpuCount; cpu++) {
      if (!(this.#pendingWords[cpu] as Set<Addr>).has(addr)) continue;
      if (this.#waitsForStep(this.cpuCount + cpu)) continue;
      if (this.#mayBeInterrupted(cpu)) return true;
    }
    return false;
  }

  /** Carry out an operation. Returns what its code is told. */
  #operate(cpu: number, state: number, fails: boolean): number {
    this.#touch(state);
    const { weak, memory, local } = this;
    if (weak !== undefined) return weak.operate(cpu as CpuId, local, state);
    return (memory as UndoableMemory).operate(cpu as CpuId, local, state, fails);
  }

  /** Go on from a local state with an answer, through everything that is part of the step. Returns where the code stands. */
  #follow(state: number, answer: number): number {
    const { local } = this;
    let [at, given] = [state, answer];
    for (;;) {
      const next = local.next(at, given);
      if (next === UNKNOWN) {
        const reached = local.explore(at, given);
        this.futures.extend();
        this.liveness.extend();
        return reached;
      }
      at = next;
      const kind = local.kind(at);
      if (!ask.isImmediate(kind)) return at;
      given = 0;
      if (kind === ask.ASK_TRACE) {
        this.event(
          (this.#owner % this.cpuCount) as CpuId,
          local.addr(at),
          local.a(at),
          local.b(at),
          local.c(at),
        );
      } else given = this.immediate(at);
    }
  }

  immediate(state: number): number {
    const { local, memory } = this;
    this.#touch(state);
    if (local.kind(state) === ask.ASK_GET) return memory.read(local.addr(state));
    memory.write(local.addr(state), local.a(state));
    return 0;
  }

  event(cpu: CpuId, event: number, a: number, b: number, c: number): void {
    if (!this.#keepsEvents) return;
    this.#conflict = this.recorded = true;
    this.#events.push(cpu, event, a, b, c);
    for (const n of [cpu, event, a, b, c]) {
      this.#eventsLow = mix(this.#eventsLow, n);
      this.#eventsHigh = mixAgain(this.#eventsHigh, n);
    }
  }

  read(addr: Addr): number {
    this.liveness.readOutside(addr);
    return this.memory.read(addr);
  }
  write(addr: Addr, value: number): void {
    this.memory.write(addr, value);
  }
  setBits(addr: Addr, bits: number): void {
    this.memory.write(addr, this.memory.read(addr) | bits);
  }

  /** What happens when no CPU can go on: let time pass, or end. Returns whether some CPU may go on now. */
  passTime(): boolean {
    const left = this.cpus.filter(
      (_, id) => this.local.kind(this.at[id] as number) !== ask.ASK_END,
    );
    if (!left.some(({ waiting }) => waiting === WAIT_MWAIT)) return false;
    return this.#machine.advanceTime?.(this) === true;
  }

  /** How an execution that has come to rest ended. */
  get restsAs(): 'ended' | 'deadlock' {
    const left = this.cpus.filter(
      (_, id) => this.local.kind(this.at[id] as number) !== ask.ASK_END,
    );
    if (left.length === 0) return 'ended';
    const halted = left.every(({ waiting }) => waiting === WAIT_MWAIT);
    return this.#machine.haltEnds === true && halted ? 'ended' : 'deadlock';
  }

  get cpus(): Ended['cpus'] {
    return Array.from({ length: this.cpuCount }, (_, id) => {
      const state = this.at[this.owner(id)] as number;
      return {
        id: id as CpuId,
        waiting: waitOf(this.local.kind(state)),
        waitAddr: this.local.addr(state),
      };
    });
  }

  get traced(): EventTrace {
    this.usesEvents = true;
    return new EventTrace([...this.#events]);
  }
  get events(): readonly TraceEvent[] {
    return this.traced.list();
  }
}

function waitOf(kind: number): number {
  if (kind === ask.ASK_LOCK) return WAIT_LOCK;
  if (kind === ask.ASK_RELAX) return WAIT_RELAX;
  return kind === ask.ASK_MWAIT ? WAIT_MWAIT : WAIT_NONE;
}
