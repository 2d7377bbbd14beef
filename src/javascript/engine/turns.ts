/**
 * Decides whose turn it is in an execution of a program: asks the strategy, and lets virtual time pass when no agent
 * can go on.
 */

import { beat } from '../../explorer/engine/pulse.js';
import type { ChoiceSource } from '../../memory/model.js';
import { ScheduleLog } from '../../explorer/engine/schedule.js';
import { stepLimitOf } from '../../explorer/engine/turns.js';
import {
  CHOOSE_EARLY,
  CHOOSE_SEED,
  INTERRUPT_INDEX,
  lowest,
  type Strategy,
} from '../../explorer/engine/strategy.js';
import type { SharedMemory } from '../memory/memory.js';
import type { Runtime } from '../runtime/runtime.js';
import { Agent, AWAKE, IDLE, SLEEPING, WOKEN } from './agent.js';
import { isDone } from './conclusion.js';
import type { Recorder } from './recorder.js';
import { Waiters } from './waiters.js';

/** How an execution came to its end. */
export type StopReason = 'ended' | 'deadlock' | 'unended' | 'abandoned' | 'threw';

/** Steps between two switches of the fair schedule, on which a starved agent gets its turn. */
const FAIR_FUEL = 16;

/** A thread may be slower than time-outs of up to so many ms: they may pass while others still run. */
export const EARLY_MS = 1000;

/** Streams of randomness that a random exploration draws from. */
const SEEDS = 0x10000;

/** What bounds an execution. */
export interface Bounds {
  /** Agents that the program declares. */
  readonly declared: number;
  /** Further agents that it may start. */
  readonly workers: number;
  /** Steps before it counts as one that may not end. */
  readonly steps: number;
}

/** The agents of a program, in turn. */
export abstract class Turns implements ChoiceSource {
  readonly memory: SharedMemory;
  readonly runtime: Runtime;
  readonly cpus: readonly Agent[];
  readonly log = new ScheduleLog();
  fuel = 0;
  steps = 0;
  switches = 0;
  recorder: Recorder | undefined;
  /** The program is one main module, whose end is the end of all. */
  isMain = false;
  /** Virtual time in ms. */
  now = 0;
  /** Steps after which an execution is given up. */
  readonly stepLimit: number;
  readonly waiters = new Waiters();
  /** Further agents that the program may start, besides those that it declares. */
  readonly workers: number;
  /** Agents that the program declares: the first ones. */
  readonly #declared: number;
  readonly #bound: number;
  protected strategy: Strategy | undefined;
  protected next = -1;
  protected last = -1;
  /** Of the current access. */
  protected address = 0;
  protected isFair = false;
  protected stopped: StopReason | undefined;
  /** Steps since one that was more than a look at memory in a loop of nothing else. */
  protected spins = 0;
  #observes = false;
  #choiceStep = -1;
  #choiceAgent = -1;
  #choiceIndex = 0;
  readonly #step = { cpu: 0, access: 0, addr: 0, strong: false, also: 0 };

  constructor(runtime: Runtime, memory: SharedMemory, { declared, workers, steps }: Bounds) {
    this.runtime = runtime;
    this.memory = memory;
    this.#bound = steps;
    this.stepLimit = stepLimitOf(steps);
    this.#declared = declared;
    this.workers = workers;
    this.cpus = Array.from({ length: declared + workers }, (_, id) => new Agent(id));
  }

  /** Start another execution. */
  protected restartTurns(strategy: Strategy): void {
    this.strategy = strategy;
    this.#observes = strategy.observes;
    this.log.clear();
    this.waiters.clear();
    this.steps = this.fuel = this.now = this.spins = 0;
    this.switches = this.next = this.last = this.#choiceAgent = -1;
    this.isFair = false;
    this.stopped = undefined;
  }

  /** The scheduling point after a step: ask the strategy who is next. Returns whether it is another agent. */
  protected point(
    agent: Agent,
    kind: number,
    address: number,
    position: number,
    size: number,
  ): boolean {
    agent.decidedAt = position;
    if (this.#observes) this.#observe(agent, kind, address, size);
    this.pick();
    return this.next !== agent.id || agent.state !== AWAKE;
  }

  /** Accesses are told apart in units of four bytes; none is longer than two of them, if it is aligned. */
  #observe(agent: Agent, kind: number, address: number, size: number): void {
    const step = this.#step;
    step.cpu = agent.id;
    step.access = kind;
    step.addr = address >> 2;
    const last = (address + size - 1) >> 2;
    step.also = last > step.addr ? last : 0;
    this.strategy?.observe(step);
  }

  protected timeOut(agent: Agent): void {
    this.passTo(agent.deadline);
    agent.state = WOKEN;
    agent.isTimedOut = true;
  }

  /** Let time pass. Agents that were idle until then can go on. */
  protected passTo(time: number): void {
    if (time <= this.now) return;
    this.now = time;
    for (const agent of this.cpus) {
      if (agent.state === IDLE && agent.due <= time) agent.state = AWAKE;
    }
  }

  passes(due: number): boolean {
    if (due - this.now > EARLY_MS || this.choose(2, CHOOSE_EARLY) === 0) return false;
    this.passTo(due);
    return true;
  }

  protected pick(): void {
    beat();
    const mask = this.#runnable();
    if (mask === 0) {
      this.next = -1;
    } else if (this.steps > this.#bound) {
      this.#pickFairly(mask);
    } else {
      const strategy = this.strategy as Strategy;
      this.next = strategy.next(mask, this.last, this.cpus);
      this.fuel = Math.min(strategy.fuel, this.#bound);
      if (this.next < 0) this.stopped = 'abandoned';
      else this.#note(mask);
    }
  }

  /** Record a decision that is not the default one. */
  #note(mask: number): void {
    const last = this.last;
    const goesOn = last >= 0 && (mask & (1 << last)) !== 0;
    if (this.next === (goesOn ? last : lowest(mask))) return;
    this.log.switch(last, last < 0 ? 0 : (this.cpus[last] as Agent).decidedAt, this.next);
  }

  /** Beyond the bound, every agent gets its turn and every load returns the newest value. */
  #pickFairly(mask: number): void {
    this.isFair = true;
    if (this.steps > this.stepLimit) {
      this.stopped = 'unended';
      this.next = -1;
      return;
    }
    const after = mask & ~((2 << this.last) - 1);
    // An agent that sleeps with a time-out does not sleep for ever, even while others can go on.
    if (after === 0) this.#passTime(this.cpus);
    this.next = lowest(after === 0 ? mask : after);
    this.fuel = FAIR_FUEL;
  }

  /** Whether all agents that can go on only look at memory that no agent changes. They would then do so for ever. */
  get spinsForEver(): boolean {
    return this.spins >= 2 * FAIR_FUEL * this.cpus.length;
  }

  #runnable(): number {
    const { cpus } = this;
    let mask = 0;
    for (let i = 0; i < cpus.length; i++) {
      if ((cpus[i] as Agent).isRunnable) mask |= 1 << i;
    }
    return mask;
  }

  /** No agent can go on. Returns true after virtual time has passed and one can. */
  protected stuck(): boolean {
    if (this.stopped !== undefined || this.#isOver()) return false;
    const declared = this.cpus.slice(0, this.#declared);
    const isServed =
      !this.isMain && declared.every((agent) => agent.body === undefined || isDone(agent));
    if (!this.#passTime(isServed ? declared : this.cpus)) {
      // Workers that do not keep the program alive end with it.
      if (!isServed) this.stopped = 'deadlock';
      return false;
    }
    this.pick();
    return this.next >= 0;
  }

  /** The first time-out or timer is due. Returns whether there was one. */
  #passTime(agents: readonly Agent[]): boolean {
    const first = this.#earliest(agents);
    if (first === undefined) return false;
    if (first.state === IDLE) this.passTo(first.due);
    else {
      this.waiters.remove(first.waiter);
      this.timeOut(first);
    }
    return true;
  }

  /** Which randomness the program gets in this execution: drawn when it is first asked for. */
  drawSeed(): number {
    const strategy = this.strategy;
    if (strategy === undefined) return 0;
    const value = strategy.choose(SEEDS, CHOOSE_SEED, 0, 0, 0, INTERRUPT_INDEX);
    if (value !== 0) this.log.choice(0, 0, INTERRUPT_INDEX, value);
    return value;
  }

  #isOver(): boolean {
    const { cpus } = this;
    if (this.isMain) return (cpus[0] as Agent).body === undefined;
    return cpus.every((agent) => agent.body === undefined);
  }

  /** The agent whose sleep or idleness ends first by itself. */
  #earliest(agents: readonly Agent[]): Agent | undefined {
    let first: Agent | undefined;
    let best = Infinity;
    for (const agent of agents) {
      if (agent.body === undefined) continue;
      const at =
        agent.state === SLEEPING ? agent.deadline : agent.state === IDLE ? agent.due : Infinity;
      if (at < best) {
        best = at;
        first = agent;
      }
    }
    return first;
  }

  /** Answer a choice of the memory, and record it. */
  choose(n: number, kind: number): number {
    if (this.isFair) return 0;
    const agent = this.cpus[this.runtime.agent] as Agent;
    const { position, id } = agent;
    if (position !== this.#choiceStep || id !== this.#choiceAgent) {
      this.#choiceStep = position;
      this.#choiceAgent = id;
      this.#choiceIndex = 0;
    }
    if (this.#choiceIndex > 6) return 0;
    const index = this.#choiceIndex++;
    const strategy = this.strategy as Strategy;
    const value = strategy.choose(n, kind, id, this.address >> 2, position, index);
    if (value !== 0) this.log.choice(id, position, index, value);
    this.recorder?.choice(n, value);
    return value;
  }

  /** Whether the execution went beyond the bound, where the strategy no longer decides. */
  get wasFair(): boolean {
    return this.isFair;
  }
}
