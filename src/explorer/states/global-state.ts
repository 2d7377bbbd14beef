/** The state of a whole machine, and its steps, each of which can be taken back. */

import type { CpuContext } from '../../memory/cpu.js';
import { tableOf, type Ablation } from '../../memory/sites.js';
import { isUnheld, type Addr, type CpuId } from '../../memory/struct.js';
import type { Machine, StateAccess, TraceEvent } from '../../scenario/declare.js';
import type { EventTrace } from '../../scenario/event-trace.js';
import type { Outlook } from '../../view-machine/canonical/outlook.js';
import type { Prepared } from '../engine/prepared.js';
import type { Ended } from '../engine/ended.js';
import { Constants } from './constants.js';
import { Conflicts } from './conflicts.js';
import { Futures } from './futures.js';
import { mix, mixAgain } from './hash.js';
import { Interrupts } from './interrupts.js';
import { Liveness } from './liveness.js';
import { UNKNOWN } from './local-graph.js';
import { LocalStates, type Code, type LiveMemory } from './local-states.js';
import type { Mark } from './mark.js';
import { Meanwhile } from './meanwhile.js';
import { RecordedEvents } from './recorded-events.js';
import * as ask from './requests.js';
import { awaitsTime, cpusAt, restsAs } from './resting.js';
import { CodeOutlook } from './code-outlook.js';
import type { SearchRule } from './rules.js';
import { Sharing } from './sharing.js';
import { UndoableMemory } from './undoable-memory.js';
import { WeakMemory } from './weak-memory.js';

/** No code: a CPU that executes no interrupt. */
export const NONE = -1;

/** Names of the code that a CPU executes, and of what interrupts it. */
export const BODY = 'body';
const INTERRUPT = 'interrupt';

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
  readonly at: Int32Array;
  /** What a step threw, or a body did. */
  thrown: unknown;
  /** Whether {@link events} was looked at. */
  usesEvents = false;
  readonly futures: Futures;
  readonly liveness: Liveness;
  readonly interrupts: Interrupts;
  readonly conflicts: Conflicts;
  readonly meanwhile: Meanwhile;
  /** Hash of the state, in two halves, as of the last {@link hash}. */
  low = 0;
  high = 0;
  #live: Int32Array = new Int32Array(0);
  /** The last step recorded an event: its order with all others that do matters. */
  recorded = false;
  readonly #machine: Machine;
  readonly #broken: SearchRule | undefined;
  readonly #keepsEvents: boolean;
  readonly recordedEvents = new RecordedEvents();

  constructor({ machine, image }: Prepared, options: GlobalOptions) {
    const { ablation, keepsEvents, broken, isWeak = false } = options;
    this.#broken = broken;
    this.#machine = machine;
    this.cpuCount = machine.bodies.length;
    this.weak = isWeak ? new WeakMemory(image, this.cpuCount, broken) : undefined;
    this.memory = this.weak ?? new UndoableMemory(image);
    this.sharing = new Sharing(image.length);
    this.#keepsEvents = keepsEvents;
    this.local = new LocalStates(this, machine.ctx as CpuContext, {
      words: image.length,
      localBase: machine.localBase,
      removed: tableOf(ablation),
      hasInterrupts: machine.interrupt !== undefined,
      isWeak,
      constants: new Constants(machine.ctx),
      keepsEvents,
      broken,
    });
    this.futures = new Futures(this.local, this.sharing, image.length, { isWeak, broken });
    this.liveness = new Liveness(this.local, image.length, broken);
    this.at = new Int32Array(2 * this.cpuCount).fill(NONE);
    this.interrupts = new Interrupts(machine, this);
    this.conflicts = new Conflicts(this, broken);
    this.meanwhile = new Meanwhile(this, broken);
  }

  /** Evaluate everything that is known, before another search. */
  rebuild(): void {
    this.futures.rebuild();
    this.liveness.rebuild();
    this.local.classes.rebuild(this.local);
    this.interrupts.surprises = 0;
    this.meanwhile.rebuild();
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
    const all = [this.futures, this.liveness, this.interrupts, this.meanwhile];
    return all.reduce((sum, { surprises }) => sum + surprises, 0);
  }

  /** Go back to the beginning. */
  start(): void {
    this.memory.restore(0);
    this.recordedEvents.clear();
    this.thrown = undefined;
    this.at.fill(NONE);
    for (let cpu = 0; cpu < this.cpuCount; cpu++) {
      const code = this.#machine.bodies[cpu] as unknown as Code;
      this.#begin(cpu, cpu, code, this.#machine.current?.[cpu] ?? 0);
    }
  }

  /** Begin code, up to its first scheduling point. */
  #begin(owner: number, cpu: number, code: Code, current: Addr): void {
    const name = owner < this.cpuCount ? BODY : INTERRUPT;
    const { state } = this.local.start(cpu as CpuId, code, name, current);
    this.conflicts.beginCode(owner);
    if (owner >= this.cpuCount) this.interrupts.begins(cpu, state);
    this.at[owner] = this.#follow(state, 0);
  }

  mark(): Mark {
    return { at: this.at.slice(), memory: this.memory.mark, ...this.recordedEvents.mark() };
  }

  restore(mark: Mark): void {
    this.at.set(mark.at);
    this.memory.restore(mark.memory);
    this.recordedEvents.restore(mark);
    this.thrown = undefined;
  }

  /** Compute {@link low} and {@link high}. */
  hash(): void {
    const { local, memory, at } = this;
    let { low, high } = this.recordedEvents;
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
    if (!(memory instanceof UndoableMemory)) return;
    memory.hashDead(this.#liveWords(), this.liveness.addrs);
    this.low ^= memory.deadLow;
    this.high ^= memory.deadHigh;
  }

  /** What the code may still do. */
  #outlook(): Outlook {
    const { futures, liveness, sharing, interrupts, at } = this;
    return new CodeOutlook({
      ...{ futures, liveness, sharing, live: this.#liveWords() },
      codeOf: (cpu) => [
        at[cpu] as number,
        at[this.cpuCount + cpu] as number,
        ...interrupts.rootsOf(cpu),
      ],
      cpus: this.cpuCount,
    });
  }

  /** Numbers of the words that may still be read before they are overwritten. */
  #liveWords(): Int32Array {
    const { liveness, at } = this;
    const live = (this.#live = liveness.begin(this.#live));
    for (const state of at) if (state >= 0) liveness.join(live, state);
    for (let cpu = 0; cpu < this.cpuCount; cpu++) {
      for (const root of this.interrupts.rootsOf(cpu)) liveness.join(live, root);
    }
    return live;
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
    // A CPU that waits may look at the word at any time.
    if (this.#broken !== 'R-6') this.sharing.read(this.owner(cpu), local.addr(state));
    const value = memory.read(local.addr(state));
    return kind === ask.ASK_LOCK ? !isUnheld(value) : value === local.a(state);
  }

  /** Whether a CPU can take an interrupt. */
  isInterrupted(cpu: number): boolean {
    const { interrupts } = this;
    return interrupts.exist && this.takesInterrupts(this.at, cpu) && interrupts.isPending(cpu);
  }

  /** Whether a CPU would take an interrupt that is pending, with its code in given local states. */
  takesInterrupts(at: Int32Array, cpu: number): boolean {
    return (
      (at[this.cpuCount + cpu] as number) === NONE && this.local.depth(at[cpu] as number) === 0
    );
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
    this.recorded = false;
    this.conflicts.beginStep(cpu, owner, state);
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
    return this.conflicts.found;
  }

  /** Whether the order of the next operation of a CPU with others matters, as far as that can be told before it is executed. */
  isContended(cpu: number): boolean {
    const owner = this.owner(cpu);
    const state = this.at[owner] as number;
    this.recorded = false;
    this.conflicts.beginStep(cpu, owner, state);
    this.conflicts.touch(state);
    return this.conflicts.found;
  }

  #finishInterrupt(cpu: number): void {
    const owner = this.cpuCount + cpu;
    const state = this.at[owner] as number;
    if (this.local.kind(state) === ask.ASK_THROW) this.thrown = this.local.thrown.get(state);
    if (this.local.kind(state) === ask.ASK_END) this.at[owner] = NONE;
  }

  /** Carry out an operation. Returns what its code is told. */
  #operate(cpu: number, state: number, fails: boolean): number {
    this.conflicts.touch(state);
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
        const cpu = (this.conflicts.owner % this.cpuCount) as CpuId;
        this.event(cpu, local.addr(at), local.a(at), local.b(at), local.c(at));
      } else given = this.immediate(at);
    }
  }

  immediate(state: number): number {
    const { local, memory } = this;
    this.conflicts.touch(state);
    if (local.kind(state) === ask.ASK_GET) return memory.read(local.addr(state));
    memory.write(local.addr(state), local.a(state));
    return 0;
  }

  event(cpu: CpuId, event: number, a: number, b: number, c: number): void {
    if (!this.#keepsEvents) return;
    this.conflicts.found = this.recorded = true;
    this.recordedEvents.push(cpu, event, a, b, c);
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
    return awaitsTime(this.#left()) && this.#machine.advanceTime?.(this) === true;
  }

  /** How an execution that has come to rest ended. */
  get restsAs(): 'ended' | 'deadlock' {
    return restsAs(this.#machine, this.#left());
  }

  /** CPUs that are not at the end of their code. */
  #left(): Ended['cpus'] {
    const isOver = (id: number): boolean => this.local.kind(this.at[id] as number) === ask.ASK_END;
    return this.cpus.filter((_, id) => !isOver(id));
  }

  get cpus(): Ended['cpus'] {
    const stateOf = (cpu: number): number => this.at[this.owner(cpu)] as number;
    return cpusAt(this.local, this.cpuCount, stateOf);
  }

  get traced(): EventTrace {
    this.usesEvents = true;
    return this.recordedEvents.trace();
  }
  get events(): readonly TraceEvent[] {
    return this.traced.list();
  }
}
