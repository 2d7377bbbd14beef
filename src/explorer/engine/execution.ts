/** One execution of a prepared scenario: resumes the coroutines of all CPUs in the order a strategy chooses. */

import type { ChoiceSource } from '../../memory/model.js';
import type { CpuContext } from '../../memory/cpu.js';
import { SITE_COUNT, type Ablation } from '../../memory/sites.js';
import type { Addr, CpuId } from '../../memory/struct.js';
import type {
  Ending,
  MachineListener,
  StateAccess,
  StateView,
  TraceEvent,
} from '../../scenario/declare.js';
import { BusyClock } from './busy-clock.js';
import { ExplorerCpu } from './explorer-cpu.js';
import type { ExplorerMemory } from './explorer-memory.js';
import { MirroredMemory } from './mirrored-memory.js';
import { ACCESS_ATTEMPT, ACCESS_PEEK, OP_END, OPERATIONS } from './operations.js';
import type { Prepared } from './prepared.js';
import type { RaceDetector } from './race-detector.js';
import type { Recorder } from './recorder.js';
import { ScheduleLog } from './schedule.js';
import {
  isUnheld,
  WAIT_HALT,
  WAIT_LOCK,
  WAIT_NONE,
  type Coroutine,
  type SteppingCpu,
} from './stepping-cpu.js';
import { CHOOSE_INTERRUPT, INTERRUPT_INDEX, lowest, type Strategy } from './strategy.js';
import { Watch } from './watch.js';

/** A body as the resumable build made it. */
type Start = (cpu: SteppingCpu) => Coroutine;

/** How an execution came to its end. */
export type StopReason = 'ended' | 'deadlock' | 'livelock' | 'abandoned' | 'threw';

/** Operations between two switches of the fair schedule that tells a livelock from a starved CPU. */
const FAIR_FUEL = 16;

/** An interrupt may be taken more than once at one position: told apart by what interrupts have executed before. */
const INTERRUPT_STEPS = 4096;

/** Thrown through the coroutines when an execution has used up all its operations. */
class Overrun extends Error {
  override readonly name = 'Overrun';
}

/** What an execution is run with. */
export interface ExecutionOptions {
  readonly memory: ExplorerMemory;
  /** Whether the order of strong fences matters to the memory. */
  readonly fencesInteract: boolean;
  readonly ablation: Ablation;
  /** Operations before an execution is taken for one that makes no progress. */
  readonly steps: number;
}

/** The engine: reused for any number of executions of one scenario. Public members are the CPUs' fast path. */
export class Execution implements ChoiceSource, Ending, StateAccess {
  readonly memory: ExplorerMemory;
  readonly image: Int32Array;
  readonly removed: Uint8Array;
  readonly fencesInteract: boolean;
  readonly cpus: readonly SteppingCpu[];
  /** Whether preemption matters: the machine has interrupts. */
  readonly interrupts: boolean;
  stepLimit: number;
  /** Operations until the strategy is asked again. */
  fuel = 0;
  steps = 0;
  /** Times that a CPU went on after another. */
  switches = 0;
  /** Hash over every operation with its CPU, address and value. */
  hash = 0;
  /** The operation being executed includes a strong fence. */
  strong = false;
  /** The load being executed must return the newest value. */
  fresh = false;
  /** Kernel code used `get` or `set`. */
  substrate = false;
  observes = false;
  races: RaceDetector | undefined;
  recorder: Recorder | undefined;
  /** Checks of the machine that listen to its traces. */
  listener: MachineListener | undefined;
  /** Five numbers for each `trace()`: CPU, event and three values. */
  readonly traced: number[] = [];
  /** The word that the operation being executed accesses. */
  addr: Addr = 0;
  readonly log = new ScheduleLog();
  /** 1 for each word whose change calls for {@link stir}. */
  readonly watched: Uint8Array;
  /** What kernel code threw, when it did. */
  thrown: unknown;
  readonly #prepared: Prepared;
  readonly #bound: number;
  readonly #watch: Watch;
  readonly #mirror: Int32Array | undefined;
  readonly #clock: BusyClock | undefined;
  #strategy: Strategy | undefined;
  #next = -1;
  #last = -1;
  #choiceCpu = -1;
  #choiceStep = -1;
  #choiceIndex = 0;
  #fair = false;
  /** One CPU alone goes on until a watched word changes. */
  #resting = false;
  #stopped: StopReason | undefined;
  readonly #step = { cpu: 0, access: 0, addr: 0, strong: false };

  constructor(prepared: Prepared, options: ExecutionOptions) {
    this.#prepared = prepared;
    const { machine } = prepared;
    const isWatched = machine.listen !== undefined;
    const mirrored = isWatched ? new MirroredMemory(options.memory, prepared.image.length) : null;
    this.memory = mirrored ?? options.memory;
    this.#mirror = mirrored?.words;
    this.#clock = machine.busyTime && new BusyClock(machine.busyTime);
    this.image = prepared.image;
    this.#watch = new Watch(this.memory, prepared.image.length);
    this.watched = this.#watch.words;
    this.fencesInteract = options.fencesInteract;
    this.removed = new Uint8Array(SITE_COUNT + 1);
    for (const site of options.ablation.sites) this.removed[site] = 1;
    this.#bound = options.steps;
    this.stepLimit = options.steps * 3;
    this.interrupts = machine.interrupt !== undefined;
    this.cpus = machine.bodies.map(
      (_, id) => new ExplorerCpu(id as CpuId, machine.ctx as CpuContext, this, machine.localBase),
    );
  }

  get events(): readonly TraceEvent[] {
    const events: TraceEvent[] = [];
    for (let i = 0; i < this.traced.length; i += 5) {
      const [cpu = 0, event = 0, a = 0, b = 0, c = 0] = this.traced.slice(i, i + 5);
      events.push({ cpu: cpu as CpuId, event, a, b, c });
    }
    return events;
  }

  read(addr: Addr): number {
    return this.memory.newest(addr);
  }

  write(addr: Addr, value: number): void {
    this.memory.poke(addr, value);
  }

  setBits(addr: Addr, bits: number): void {
    this.memory.poke(addr, this.memory.newest(addr) | bits);
  }

  /** Execute once, from the initial memory, as the strategy chooses. */
  run(strategy: Strategy): StopReason {
    this.#restart(strategy);
    try {
      this.#resume();
    } catch (error) {
      if (error instanceof Overrun) return 'livelock';
      this.thrown = error;
      return 'threw';
    }
    return this.#stopped ?? 'ended';
  }

  #restart(strategy: Strategy): void {
    const { machine } = this.#prepared;
    this.#strategy = strategy;
    this.observes = strategy.observes;
    this.memory.reset(this.image, this);
    this.log.clear();
    if (this.traced.length !== 0) this.traced.length = 0;
    this.races?.reset();
    this.#watch.clear();
    this.steps = this.hash = this.fuel = 0;
    this.#clock?.restart();
    if (this.#mirror !== undefined) this.listener = machine.listen?.(this.#mirror);
    this.switches = -1;
    this.strong = this.fresh = this.#fair = this.#resting = false;
    this.#stopped = undefined;
    this.thrown = undefined;
    this.#last = this.#choiceCpu = -1;
    const { cpus } = this;
    for (let i = 0; i < cpus.length; i++) {
      const cpu = cpus[i] as SteppingCpu;
      const body = machine.bodies[i] as unknown as Start;
      cpu.restart(body(cpu), machine.current?.[i] ?? 0);
    }
    this.#pick();
  }

  /** The loop: the coroutine of the chosen CPU runs until it yields, which is when another CPU has been chosen. */
  #resume(): void {
    const { cpus } = this;
    while (this.#next >= 0 || this.#stuck()) {
      const cpu = cpus[this.#next] as SteppingCpu;
      if (this.#next !== this.#last) this.#begin(cpu);
      cpu.switching = false;
      if (this.interrupts && this.#takesInterrupt(cpu)) this.#interrupt(cpu);
      if (cpu.waiting !== WAIT_NONE && !cpu.completeWait()) continue;
      if ((cpu.interrupt ?? cpu.body)?.next().done === true) this.#endOfCode(cpu);
    }
  }

  #begin(cpu: SteppingCpu): void {
    this.switches++;
    this.#last = cpu.id;
    this.recorder?.turn(cpu);
  }

  #isInterrupted(cpu: SteppingCpu, state: StateView = this): boolean {
    if (!this.interrupts || cpu.preemptDepth !== 0 || cpu.interrupt !== undefined) return false;
    return this.#prepared.machine.interrupt?.pending(cpu.id, state) ?? false;
  }

  /** A CPU that can go on may leave a pending interrupt for later; one that is blocked takes it. */
  #takesInterrupt(cpu: SteppingCpu): boolean {
    const state = this.observes ? { read: (addr: Addr) => this.#peek(cpu, addr) } : this;
    if (!this.#isInterrupted(cpu, state)) return false;
    if (!this.#canGoOn(cpu)) return true;
    if (this.#fair) return true;
    const step = cpu.position * INTERRUPT_STEPS + (cpu.interruptCount % INTERRUPT_STEPS);
    return this.#decide(2, CHOOSE_INTERRUPT, cpu, step, INTERRUPT_INDEX) === 1;
  }

  #peek(cpu: SteppingCpu, addr: Addr): number {
    this.peeked(cpu, addr);
    return this.memory.newest(addr);
  }

  #interrupt(cpu: SteppingCpu): void {
    const body = this.#prepared.machine.interrupt?.body as unknown as Start;
    cpu.enterInterrupt(body(cpu));
  }

  #endOfCode(cpu: SteppingCpu): void {
    cpu.advance();
    const { position } = cpu;
    if (cpu.interrupt !== undefined) cpu.leaveInterrupt();
    else cpu.body = undefined;
    this.point(cpu, OP_END.code, 0, position);
  }

  /** The scheduling point after an operation of `cpu`: ask the strategy who is next. */
  point(cpu: SteppingCpu, code: number, addr: Addr, position = cpu.position): void {
    cpu.decidedAt = position;
    if (this.observes) this.#observe(cpu, code, addr);
    this.#pick();
    cpu.switching =
      this.#next !== cpu.id ||
      cpu.waiting !== WAIT_NONE ||
      (this.interrupts && this.#isInterrupted(cpu));
  }

  #observe(cpu: SteppingCpu, code: number, addr: Addr): void {
    const step = this.#step;
    step.cpu = cpu.id;
    step.access = cpu.waiting === WAIT_NONE ? (OPERATIONS[code]?.access ?? 0) : ACCESS_ATTEMPT;
    step.addr = addr;
    step.strong = this.strong && this.fencesInteract;
    this.strong = false;
    this.#strategy?.observe(step);
  }

  /** `cpu` looked at a word without a scheduling point. */
  peeked(cpu: SteppingCpu, addr: Addr): void {
    const step = this.#step;
    step.cpu = cpu.id;
    step.access = ACCESS_PEEK;
    step.addr = addr;
    step.strong = false;
    this.#strategy?.observe(step);
  }

  #pick(): void {
    this.#clock?.pass(this.fuel, this);
    this.#resting = false;
    const mask = this.#runnable();
    if (mask === 0) {
      this.#next = -1;
    } else if (this.steps > this.#bound) {
      this.#pickFairly(mask);
    } else {
      const strategy = this.#strategy as Strategy;
      this.#next = strategy.next(mask, this.#last, this.cpus);
      this.fuel = Math.min(strategy.fuel, this.#bound);
      if (this.#next < 0) this.#stopped = 'abandoned';
      else this.#log(mask);
      this.#resting = strategy.restsAlone && (mask & (mask - 1)) === 0 && this.#rest();
      if (this.#resting) this.fuel = this.#bound + 1 - this.steps;
    }
    if (this.#clock !== undefined) this.fuel = this.#clock.grant(this.fuel);
  }

  /** Watch what could let another CPU go on, or interrupt this one. Returns false if an interrupt is pending already. */
  #rest(): boolean {
    const watch = this.#watch;
    for (const cpu of this.cpus) if (cpu.waiting !== WAIT_NONE) watch.add(cpu.waitAddr);
    const { interrupt } = this.#prepared.machine;
    return !(interrupt && this.cpus.some(({ id }) => interrupt.pending(id, watch)));
  }

  /** A watched word changed: look who can go on after this operation. */
  stir(): void {
    if (!this.#resting) return;
    this.#resting = false;
    this.#clock?.takeBack(this.fuel - 1);
    this.fuel = 1;
  }

  /** Record a decision that is not the default one. */
  #log(mask: number): void {
    const last = this.#last;
    const goesOn = last >= 0 && (mask & (1 << last)) !== 0;
    if (this.#next === (goesOn ? last : lowest(mask))) return;
    this.log.switch(last, last < 0 ? 0 : (this.cpus[last] as SteppingCpu).decidedAt, this.#next);
  }

  /** Beyond the bound every CPU gets its turn and every load the newest value: what still makes no progress never will. */
  #pickFairly(mask: number): void {
    if (this.steps > this.stepLimit) this.overrun();
    this.#fair = true;
    const after = mask & ~((2 << this.#last) - 1);
    this.#next = lowest(after === 0 ? mask : after);
    this.fuel = FAIR_FUEL;
  }

  /** Whether the execution went beyond the bound, and so left the strategy's hands. */
  get wasFair(): boolean {
    return this.#fair;
  }

  /** Give up: called when an execution makes no progress. */
  overrun(): never {
    throw new Overrun();
  }

  #canGoOn(cpu: SteppingCpu): boolean {
    if (cpu.waiting === WAIT_NONE) return cpu.body !== undefined || cpu.interrupt !== undefined;
    return this.#waitIsOver(cpu);
  }

  #waitIsOver(cpu: SteppingCpu): boolean {
    const value = this.memory.newest(cpu.waitAddr);
    return cpu.waiting === WAIT_LOCK ? isUnheld(value) : value !== cpu.waitSeen;
  }

  #runnable(): number {
    const { cpus, interrupts } = this;
    let mask = 0;
    for (let i = 0; i < cpus.length; i++) {
      const cpu = cpus[i] as SteppingCpu;
      if (this.#canGoOn(cpu) || (interrupts && this.#isInterrupted(cpu))) mask |= 1 << i;
    }
    return mask;
  }

  /** No CPU can go on. Returns true after virtual time has passed and one can. */
  #stuck(): boolean {
    if (this.#stopped !== undefined) return false;
    const left = this.cpus.filter((cpu) => cpu.body !== undefined);
    if (left.length === 0) return false;
    const { machine } = this.#prepared;
    while (left.some((cpu) => cpu.waiting === WAIT_HALT) && machine.advanceTime?.(this) === true) {
      if (++this.steps > this.stepLimit) this.overrun();
      this.#pick();
      if (this.#next >= 0) return true;
    }
    const resting = machine.haltEnds === true && left.every((cpu) => cpu.waiting === WAIT_HALT);
    this.#stopped = resting ? 'ended' : 'deadlock';
    return false;
  }

  /** Answer a choice of the memory, and record it. */
  choose(n: number, kind: number): number {
    const cpu = this.cpus[this.#last] as SteppingCpu;
    if (this.fresh || this.#fair) return 0;
    const { position } = cpu;
    if (position !== this.#choiceStep || cpu.id !== this.#choiceCpu) {
      this.#choiceStep = position;
      this.#choiceCpu = cpu.id;
      this.#choiceIndex = 0;
    }
    return this.#decide(n, kind, cpu, position, this.#choiceIndex++);
  }

  #decide(n: number, kind: number, cpu: SteppingCpu, step: number, index: number): number {
    const strategy = this.#strategy as Strategy;
    const value = strategy.choose(n, kind, cpu.id, this.addr, step, index);
    if (value !== 0) this.log.choice(cpu.id, step, index, value);
    this.recorder?.choice(n, kind, value);
    return value;
  }
}
