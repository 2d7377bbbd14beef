/** Decides which CPU goes on: asks the strategy at scheduling points, lets time pass, and ends executions that make no progress. */

import { beat } from './pulse.js';
import type { Addr } from '../../memory/struct.js';
import type { Machine, StateView } from '../../scenario/declare.js';
import { BusyClock } from './busy-clock.js';
import { endsWait, WAIT_HALT, WAIT_MWAIT, WAIT_NONE, type CpuState } from './cpu-state.js';
import {
  ACCESS_ALSO_WRITE,
  ACCESS_ATTEMPT,
  ACCESS_PEEK,
  ACCESS_READ,
  OP_AWAKE,
  OPERATIONS,
  QUEUE_OPERATIONS,
  queueOf,
  wakeUpOf,
} from './operations.js';
import type { Platform } from './platform.js';
import { ScheduleLog } from './schedule.js';
import { Sleepers, type SleepersHost } from './sleepers.js';
import { CHOOSE_INTERRUPT, INTERRUPT_INDEX, lowest, type Strategy } from './strategy.js';
import { Watch } from './watch.js';

/** How an execution came to its end. */
export type StopReason = 'ended' | 'deadlock' | 'unended' | 'abandoned' | 'threw';
/** Not at its end: it waits for something from outside, and goes on later. */
export type Suspended = 'suspended';

/** Operations between two switches of the fair schedule, on which a starved CPU gets its turn. */
export const FAIR_FUEL = 16;

/** An interrupt may be taken more than once at one position: told apart by what interrupts have executed before. */
const INTERRUPT_STEPS = 4096;

/** Thrown through the coroutines when an execution has used up all its operations. */
export class Overrun extends Error {
  override readonly name = 'Overrun';
}

/** Operations after which an execution is given up when its strategy decides about the first `bound`. */
export const stepLimitOf = (bound: number): number => bound * 3;

/** Limits of one execution. */
export interface TurnsBounds {
  /** Operations that the strategy decides about; twice as many follow on a fair schedule. */
  readonly bound: number;
  /** Sleeps of each CPU that may end without a wake-up. */
  readonly earlyWakeups: number;
}

/** Whose turn it is, in one execution after another. */
export class Turns implements SleepersHost {
  /** Operations until the strategy is asked again. */
  fuel = 0;
  steps = 0;
  /** Hash over every operation with its CPU, address and value. */
  hash = 0;
  /** After this many operations a decision is needed, however much {@link fuel} is left. */
  until = 0;
  /** Operations after which an execution is given up. */
  readonly stepLimit: number;
  /** Times that a CPU went on after another. */
  switches = 0;
  /** The operation being executed includes a strong fence. */
  strong = false;
  /** The load being executed must return the newest value. */
  fresh = false;
  /** The strategy wants to know every access. */
  observes = false;
  /** The word that the operation being executed accesses. */
  addr: Addr = 0;
  /** The CPU to go on; -1: none can, or the strategy abandons the execution. */
  next = -1;
  /** The CPU that executed last; -1: none yet. */
  last = -1;
  /** How the execution ended, once it did. */
  stopped: StopReason | undefined;
  readonly log = new ScheduleLog();
  readonly sleepers: Sleepers;
  /** For each word, how much {@link fuel} an operation on it takes. Undefined: every operation takes 1. */
  weights: Uint8Array | undefined;
  /** 1 for each word whose change calls for {@link stir}. */
  readonly watched: Uint8Array;
  readonly #platform: Platform;
  readonly #machine: Machine;
  readonly #cpus: readonly CpuState[];
  readonly #interrupts: boolean;
  /** Operations that the strategy decides about. */
  readonly bound: number;
  readonly #watch: Watch;
  readonly #clock: BusyClock | undefined;
  #strategy: Strategy | undefined;
  #choiceCpu = -1;
  #choiceStep = -1;
  #choiceIndex = 0;
  #fair = false;
  /** One CPU alone goes on until a watched word changes. */
  #resting = false;
  readonly #step = { cpu: 0, access: 0, addr: 0, strong: false };

  constructor(
    platform: Platform,
    machine: Machine,
    cpus: readonly CpuState[],
    { bound, earlyWakeups }: TurnsBounds,
  ) {
    this.#platform = platform;
    this.#machine = machine;
    this.#cpus = cpus;
    this.#interrupts = machine.interrupt !== undefined;
    this.bound = bound;
    this.sleepers = new Sleepers(this, cpus, earlyWakeups);
    this.stepLimit = stepLimitOf(bound);
    this.#watch = new Watch(platform.memory, platform.words);
    this.watched = this.#watch.words;
    this.#clock = machine.busyTime && new BusyClock(machine.busyTime);
  }

  /** Start another execution, all of whose CPUs stand at their beginning. */
  restart(strategy: Strategy): void {
    this.#strategy = strategy;
    this.observes = strategy.observes;
    this.weights = this.#clock === undefined ? strategy.weights : undefined;
    this.log.clear();
    this.#watch.clear();
    this.#clock?.restart();
    this.sleepers.restart();
    this.steps = this.fuel = this.hash = 0;
    this.until = this.bound;
    this.switches = -1;
    this.strong = this.fresh = this.#fair = this.#resting = false;
    this.stopped = undefined;
    this.last = this.#choiceCpu = -1;
    this.pick();
  }

  /** Whether preemption matters: the machine has interrupts. */
  get hasInterrupts(): boolean {
    return this.#interrupts;
  }

  /** Whether the execution went beyond the bound, where the strategy no longer decides. */
  get wasFair(): boolean {
    return this.#fair;
  }

  /** Whether the machine waits for something from outside the execution. */
  isSuspended(): boolean {
    return this.#machine.isSuspended?.() ?? false;
  }

  /** A CPU goes on after another. */
  begin(cpu: CpuState): void {
    this.switches++;
    this.last = cpu.id;
    this.#platform.told.turn?.turn(cpu);
  }

  /**
   * The scheduling point after an operation of `cpu`: ask the strategy who is next.
   *
   * @returns whether the CPU's coroutine has to yield
   */
  point(cpu: CpuState, code: number, addr: Addr, position = cpu.position): boolean {
    cpu.decidedAt = position;
    if (this.observes) this.#observe(cpu, code, addr);
    this.pick();
    return (
      this.next !== cpu.id ||
      cpu.waiting !== WAIT_NONE ||
      (this.#interrupts && this.#isInterrupted(cpu, this.#platform))
    );
  }

  #observe(cpu: CpuState, code: number, addr: Addr): void {
    const step = this.#step;
    const blocked = cpu.waiting !== WAIT_NONE && cpu.waiting !== WAIT_HALT;
    step.cpu = cpu.id;
    step.access = blocked ? ACCESS_ATTEMPT : (OPERATIONS[code]?.access ?? 0);
    step.addr = addr;
    if (QUEUE_OPERATIONS.has(code)) {
      step.addr = queueOf(addr);
    } else if (code === OP_AWAKE.code) {
      step.addr = cpu.isWoken ? wakeUpOf(cpu.id) : queueOf(addr);
      if (cpu.isTimedOut) step.access = ACCESS_READ;
    }
    step.strong = this.strong && this.#platform.fencesInteract;
    this.strong = false;
    this.#strategy?.observe(step);
  }

  /** `cpu` read a word without a scheduling point. */
  peeked(cpu: CpuState, addr: Addr): void {
    this.#observePart(cpu, ACCESS_PEEK, addr);
  }

  alsoWrites(cpu: CpuState, what: number): void {
    this.#observePart(cpu, ACCESS_ALSO_WRITE, what);
  }

  #observePart(cpu: CpuState, access: number, addr: number): void {
    const step = this.#step;
    step.cpu = cpu.id;
    step.access = access;
    step.addr = addr;
    step.strong = false;
    this.#strategy?.observe(step);
  }

  /** Choose the CPU to go on. */
  pick(): void {
    beat();
    this.#clock?.pass(this.fuel, this.#platform);
    this.#resting = false;
    const isOver = this.#machine.isOver?.() === true;
    if (isOver) this.stopped = 'ended';
    if (isOver || this.isSuspended()) {
      this.next = -1;
      this.fuel = 0;
      return;
    }
    const mask = this.#runnable();
    if (mask === 0) {
      this.next = -1;
    } else if (this.steps > this.bound) {
      this.#pickFairly(mask);
    } else {
      const strategy = this.#strategy as Strategy;
      this.next = strategy.next(mask, this.last, this.#cpus);
      // The fair schedule begins at one place, however often the strategy wants to be asked.
      const left = this.bound + 1 - this.steps;
      this.fuel = Math.min(strategy.fuel, left);
      if (this.next < 0) this.stopped = 'abandoned';
      else this.#log(mask);
      this.#resting = strategy.restsAlone && (mask & (mask - 1)) === 0 && this.#rest();
      if (this.#resting) this.fuel = left;
    }
    if (this.#clock !== undefined) this.fuel = this.#clock.grant(this.fuel);
  }

  /** Watch what could let another CPU go on, or interrupt this one. Returns false if an interrupt is pending already. */
  #rest(): boolean {
    const watch = this.#watch;
    for (const { waiting, waitAddr } of this.#cpus) {
      if (waiting !== WAIT_NONE && waiting !== WAIT_HALT) watch.add(waitAddr);
    }
    const { interrupt } = this.#machine;
    return !(interrupt && this.#cpus.some(({ id }) => interrupt.pending(id, watch)));
  }

  /** A watched word changed: check after this operation which CPUs can go on. */
  stir(): void {
    if (!this.#resting) return;
    this.#resting = false;
    this.#clock?.takeBack(this.fuel - 1);
    this.fuel = this.weights === undefined ? 1 : 0;
  }

  /** Record a decision that is not the default one. */
  #log(mask: number): void {
    const { last } = this;
    const goesOn = last >= 0 && (mask & (1 << last)) !== 0;
    if (this.next === (goesOn ? last : lowest(mask))) return;
    this.log.switch(last, last < 0 ? 0 : (this.#cpus[last] as CpuState).decidedAt, this.next);
  }

  /** Beyond the bound every CPU gets its turn and every load returns the newest value, so a state that comes again will come for ever. */
  #pickFairly(mask: number): void {
    if (this.steps > this.stepLimit) this.overrun();
    this.#fair = true;
    this.until = this.stepLimit;
    this.weights = undefined;
    const after = mask & ~((2 << this.last) - 1);
    this.next = lowest(after === 0 ? mask : after);
    this.fuel = FAIR_FUEL;
    if (after === 0) this.#round();
  }

  /** Every CPU that can go on has had its turn. A CPU that sleeps with a time-out does not sleep for ever, although others can go on. */
  #round(): void {
    if (this.sleepers.timeOut()) this.#platform.told.timePassed?.timePassed();
    this.#platform.told.round?.round();
  }

  /** Give up: called when an execution has used up its operations. */
  overrun(): never {
    throw new Overrun();
  }

  #canGoOn(cpu: CpuState): boolean {
    if (cpu.waiting === WAIT_NONE) return cpu.body !== undefined || cpu.interrupt !== undefined;
    if (cpu.waiting === WAIT_HALT) return cpu.isWoken || cpu.isTimedOut;
    return endsWait(cpu, this.#platform.memory.newest(cpu.waitAddr));
  }

  #runnable(): number {
    const cpus = this.#cpus;
    let mask = 0;
    for (let i = 0; i < cpus.length; i++) {
      const cpu = cpus[i] as CpuState;
      if (this.#canGoOn(cpu) || (this.#interrupts && this.#isInterrupted(cpu, this.#platform)))
        mask |= 1 << i;
    }
    return mask;
  }

  #isInterrupted(cpu: CpuState, state: StateView): boolean {
    if (cpu.preemptDepth !== 0 || cpu.interrupt !== undefined) return false;
    return this.#machine.interrupt?.pending(cpu.id, state) ?? false;
  }

  /** Whether a CPU takes a pending interrupt now: one that can go on may leave it for later, one that is blocked may not. */
  takesInterrupt(cpu: CpuState): boolean {
    if (!this.#interrupts) return false;
    const state = this.observes ? { read: (addr: Addr) => this.#peek(cpu, addr) } : this.#platform;
    if (!this.#isInterrupted(cpu, state)) return false;
    if (!this.#canGoOn(cpu)) return true;
    if (this.#fair) return true;
    const step = cpu.position * INTERRUPT_STEPS + (cpu.interruptCount % INTERRUPT_STEPS);
    return this.#decide(2, CHOOSE_INTERRUPT, cpu, step, INTERRUPT_INDEX) === 1;
  }

  #peek(cpu: CpuState, addr: Addr): number {
    this.peeked(cpu, addr);
    return this.#platform.memory.newest(addr);
  }

  /** No CPU can go on. Returns true after virtual time has passed and one can; else the execution is over. */
  passTime(): boolean {
    if (this.stopped !== undefined || this.isSuspended()) return false;
    const left = this.#cpus.filter((cpu) => cpu.body !== undefined);
    if (left.length === 0) return false;
    const machine = this.#machine;
    while (
      left.some(({ waiting }) => waiting === WAIT_MWAIT || waiting === WAIT_HALT) &&
      machine.advanceTime?.(this.#platform) === true
    ) {
      if (++this.steps > this.stepLimit) this.overrun();
      this.pick();
      this.#platform.told.timePassed?.timePassed();
      if (this.next >= 0) return true;
    }
    if (this.isSuspended()) return false;
    if (this.sleepers.timeOut()) {
      this.#platform.told.timePassed?.timePassed();
      this.pick();
      return this.next >= 0;
    }
    const resting = machine.haltEnds === true && left.every((cpu) => cpu.waiting === WAIT_MWAIT);
    this.stopped = resting ? 'ended' : 'deadlock';
    return false;
  }

  /** Answer a choice of the memory, and record it. */
  choose(n: number, kind: number): number {
    const cpu = this.#cpus[this.last] as CpuState;
    if (this.fresh || this.#fair) return 0;
    const { position } = cpu;
    if (position !== this.#choiceStep || cpu.id !== this.#choiceCpu) {
      this.#choiceStep = position;
      this.#choiceCpu = cpu.id;
      this.#choiceIndex = 0;
    }
    return this.#decide(n, kind, cpu, position, this.#choiceIndex++);
  }

  #decide(n: number, kind: number, cpu: CpuState, step: number, index: number): number {
    const strategy = this.#strategy as Strategy;
    const value = strategy.choose(n, kind, cpu.id, this.addr, step, index);
    if (value !== 0) this.log.choice(cpu.id, step, index, value);
    this.#platform.told.choice?.choice(n, kind, value);
    return value;
  }
}
