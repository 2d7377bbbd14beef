/** One execution of a prepared scenario: resumes the coroutines of all CPUs in the order in which they get their turns. */

import type { CpuContext } from '../../memory/cpu.js';
import type { Ablation } from '../../memory/sites.js';
import type { Addr, CpuId } from '../../memory/struct.js';
import type { Ending, EventTrace, Machine, TraceEvent } from '../../scenario/declare.js';
import { CpuState, WAIT_NONE, type Coroutine } from './cpu-state.js';
import { ExplorerCpu } from './explorer-cpu.js';
import type { ExplorerMemory } from './explorer-memory.js';
import { withNewest } from './mirrored-memory.js';
import { ListeningObserver, type Observer } from './observer.js';
import { OP_END } from './operations.js';
import { Platform } from './platform.js';
import type { Prepared } from './prepared.js';
import type { ScheduleLog } from './schedule.js';
import type { SteppingCpu } from './stepping-cpu.js';
import type { Strategy } from './strategy.js';
import { Overrun, Turns, type StopReason, type Suspended } from './turns.js';

/** A body as the resumable build made it. */
type Start = (cpu: SteppingCpu) => Coroutine;

/** What an execution is run with. */
export interface ExecutionOptions {
  readonly memory: ExplorerMemory;
  /** Whether the order of strong fences matters to the memory. */
  readonly fencesInteract: boolean;
  /** Told of each ordering site that code comes to, whether it is removed or not; slow. */
  readonly onSite?: ((site: number) => void) | undefined;
  readonly ablation: Ablation;
  /** Operations that the strategy decides about; twice as many follow on a fair schedule. */
  readonly steps: number;
  /** Sleeps of each CPU that may end without a wake-up, in one execution. Default 0. */
  readonly earlyWakeups?: number;
}

/** The engine: reused for any number of executions of one scenario. */
export class Execution implements Ending {
  /** The state of each CPU. */
  readonly cpus: readonly CpuState[];
  /** The initial memory, never modified. */
  readonly image: Int32Array;
  /** What kernel code threw, when it did. */
  thrown: unknown;
  readonly #machine: Machine;
  readonly #platform: Platform;
  readonly #turns: Turns;
  readonly #cpus: readonly SteppingCpu[];

  constructor({ machine, image }: Prepared, options: ExecutionOptions) {
    this.#machine = machine;
    this.image = image;
    const { listen } = machine;
    const mirror = listen && withNewest(options.memory, image.length);
    const memory = mirror ?? options.memory;
    const { ablation, fencesInteract, onSite, steps, earlyWakeups = 0 } = options;
    this.#platform = new Platform(memory, image.length, ablation, { fencesInteract, onSite });
    if (mirror) this.#platform.attach(new ListeningObserver(() => listen(mirror.words)));
    const cpus: SteppingCpu[] = [];
    this.cpus = machine.bodies.map((_, id) => new CpuState(id as CpuId));
    const bounds = { bound: steps, earlyWakeups };
    this.#turns = new Turns(this.#platform, machine, this.cpus, bounds);
    for (const state of this.cpus) {
      const shared = { platform: this.#platform, turns: this.#turns };
      cpus.push(new ExplorerCpu(state, machine.ctx as CpuContext, shared, machine.localBase));
    }
    this.#cpus = cpus;
  }

  /** Attach an observer, from the next execution on. */
  attach(observer: Observer): void {
    this.#platform.attach(observer);
    this.#told();
  }

  /** Detach an observer. */
  detach(observer: Observer): void {
    this.#platform.detach(observer);
    this.#told();
  }

  #told(): void {
    const { told, tellsLoops } = this.#platform;
    for (const cpu of this.#cpus) {
      cpu.told = told;
      cpu.tellsLoops = tellsLoops;
    }
  }

  get memory(): ExplorerMemory {
    return this.#platform.memory;
  }
  /** Hash over every operation with its CPU, address and value. */
  get hash(): number {
    return this.#turns.hash;
  }
  /** Whether kernel code used `get` or `set` in any execution so far. */
  get substrate(): boolean {
    return this.#platform.substrate;
  }
  /** The CPU that executed last: the one whose code threw, if any did. */
  get thrownBy(): number {
    return this.#turns.last;
  }
  /** Operations executed on all CPUs. */
  get steps(): number {
    return this.#turns.steps;
  }
  /** Times that a CPU went on after another. */
  get switches(): number {
    return this.#turns.switches;
  }
  /** The decisions that were not the default ones. */
  get log(): ScheduleLog {
    return this.#turns.log;
  }
  /** Whether the execution went beyond the bound, where the strategy no longer decides. */
  get wasFair(): boolean {
    return this.#turns.wasFair;
  }
  /** Operations that the strategy decides about. */
  get bound(): number {
    return this.#turns.bound;
  }
  /** Operations after which an execution is given up. */
  get stepLimit(): number {
    return this.#turns.stepLimit;
  }
  get traced(): EventTrace {
    return this.#platform.traced;
  }
  get events(): readonly TraceEvent[] {
    return this.#platform.traced.list();
  }

  read(addr: Addr): number {
    return this.#platform.read(addr);
  }

  /** Execute once, from the initial memory, as the strategy chooses. */
  run(strategy: Strategy): StopReason {
    const reason = this.start(strategy);
    if (reason === 'suspended') throw new RangeError('this machine takes requests: start it');
    return reason;
  }

  /** Begin an execution as {@link run} does; one that is suspended goes on with {@link proceed}. */
  start(strategy: Strategy): StopReason | Suspended {
    this.#restart(strategy);
    return this.#tried();
  }

  /** Go on after what a suspended execution waits for has come. */
  proceed(): StopReason | Suspended {
    this.#turns.pick();
    return this.#tried();
  }

  #tried(): StopReason | Suspended {
    const turns = this.#turns;
    try {
      this.#resume();
    } catch (error) {
      if (error instanceof Overrun) return 'unended';
      this.thrown = error;
      return 'threw';
    }
    return turns.stopped ?? (turns.isSuspended() ? 'suspended' : 'ended');
  }

  #restart(strategy: Strategy): void {
    const { bodies, current } = this.#machine;
    this.#platform.memory.reset(this.image, this.#turns);
    this.#platform.restart();
    this.thrown = undefined;
    for (const cpu of this.#cpus) {
      const body = bodies[cpu.id] as unknown as Start;
      cpu.restart(body(cpu), current?.[cpu.id] ?? 0);
    }
    this.#turns.restart(strategy);
  }

  /** The loop: the coroutine of the chosen CPU runs until it yields, which is when another CPU has been chosen. */
  #resume(): void {
    const turns = this.#turns;
    while (turns.next >= 0 || turns.passTime()) {
      const cpu = this.#cpus[turns.next] as SteppingCpu;
      const { state } = cpu;
      if (turns.next !== turns.last) turns.begin(state);
      cpu.switching = false;
      if (turns.takesInterrupt(state)) this.#interrupt(cpu);
      if (state.waiting !== WAIT_NONE && !cpu.completeWait()) continue;
      if ((state.interrupt ?? state.body)?.next().done === true) this.#endOfCode(cpu);
    }
  }

  #interrupt(cpu: SteppingCpu): void {
    const body = this.#machine.interrupt?.body as unknown as Start;
    cpu.enterInterrupt(body(cpu));
  }

  #endOfCode(cpu: SteppingCpu): void {
    const { state } = cpu;
    state.advance();
    const { position } = state;
    if (state.interrupt !== undefined) cpu.leaveInterrupt();
    else state.body = undefined;
    this.#turns.point(state, OP_END.code, 0, position);
  }
}
