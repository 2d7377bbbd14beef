/** One execution of a program: resumes the coroutines of its agents in the order that a strategy chooses. */

import type { ChoiceSource } from '../../memory/model.js';
import { ACCESS_NONE, ACCESS_WAITED } from '../../explorer/engine/operations.js';
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
import type { Coroutine } from '../runtime/keys.js';
import { STEP_READ, type Stepper } from '../runtime/operations.js';
import { BIGINT64, INT32 } from '../runtime/views.js';
import { LOOP_BUDGET, type Runtime } from '../runtime/runtime.js';
import { Agent, AWAKE, SLEEPING, WOKEN } from './agent.js';
import type { Recorder } from './recorder.js';

/** How an execution came to its end. */
export type StopReason = 'ended' | 'deadlock' | 'unended' | 'abandoned' | 'threw';

/** Steps between two switches of the fair schedule, on which a starved agent gets its turn. */
const FAIR_FUEL = 16;

/** A thread may be slower than time-outs of up to so many ms: they may pass while others still run. */
const EARLY_MS = 1000;

/** Streams of randomness that a random exploration draws from. */
const SEEDS = 0x10000;

/** Thrown through the coroutines when an execution has used up all its steps. */
class Overrun extends Error {
  override readonly name = 'Overrun';
}

/** What an execution starts from. */
export interface Start {
  /** Bytes of the shared memory. */
  readonly image: Uint8Array;
  /** Makes the coroutine of each agent. */
  readonly bodies: readonly (() => Coroutine)[];
}

/** The engine: reused for any number of executions of one program. */
export class Execution implements ChoiceSource, Stepper {
  readonly memory: SharedMemory;
  readonly runtime: Runtime;
  readonly cpus: readonly Agent[];
  readonly log = new ScheduleLog();
  fuel = 0;
  steps = 0;
  switches = 0;
  hash = 0;
  recorder: Recorder | undefined;
  thrown: unknown;
  /** The agent whose code threw. */
  thrower = -1;
  /** Virtual time in ms. */
  now = 0;
  readonly #bound: number;
  /** Steps after which an execution is given up. */
  readonly stepLimit: number;
  /** Steps since one that was more than a look at memory in a loop of nothing else. */
  #spins = 0;
  #strategy: Strategy | undefined;
  #observes = false;
  #next = -1;
  #last = -1;
  #address = 0;
  #fair = false;
  #choiceStep = -1;
  #choiceAgent = -1;
  #choiceIndex = 0;
  #stopped: StopReason | undefined;
  #failure: Error | undefined;
  /** Agents asleep, in the order in which they went to sleep. */
  readonly #sleepers: Agent[] = [];
  readonly #step = { cpu: 0, access: 0, addr: 0, strong: false, also: 0 };

  constructor(runtime: Runtime, memory: SharedMemory, agents: number, steps: number) {
    this.runtime = runtime;
    this.memory = memory;
    this.#bound = steps;
    this.stepLimit = stepLimitOf(steps);
    this.cpus = Array.from({ length: agents }, (_, id) => new Agent(id));
    runtime.memory = memory;
    runtime.stepper = this;
  }

  /** Whether the execution went beyond the bound, and so left the strategy's hands. */
  get wasFair(): boolean {
    return this.#fair;
  }

  /** Execute once, as the strategy chooses. `start` is called when everything is reset. */
  run(
    strategy: Strategy,
    image: Uint8Array,
    start: () => readonly (() => Coroutine)[],
  ): StopReason {
    this.#restart(strategy, image);
    const { runtime } = this;
    try {
      const bodies = start();
      for (const [i, agent] of this.cpus.entries()) agent.restart(bodies[i]?.());
      this.#pick();
      this.#resume();
    } catch (error) {
      if (this.#failure === undefined && error instanceof Overrun) return 'unended';
      this.thrown = this.#failure ?? error;
      this.thrower = runtime.agent;
      return 'threw';
    } finally {
      runtime.agent = -1;
      runtime.depth = 0;
      runtime.mode = 0;
    }
    if (this.#failure !== undefined) {
      this.thrown = this.#failure;
      return 'threw';
    }
    return this.#stopped ?? 'ended';
  }

  #restart(strategy: Strategy, image: Uint8Array): void {
    this.#strategy = strategy;
    this.#observes = strategy.observes;
    this.memory.reset(image, this.cpus.length, this);
    this.log.clear();
    this.steps = this.hash = this.fuel = this.now = 0;
    this.switches = -1;
    this.#fair = false;
    this.#spins = 0;
    this.#stopped = this.#failure = this.thrown = undefined;
    this.thrower = this.#last = this.#choiceAgent = -1;
    this.#sleepers.length = 0;
    const { runtime } = this;
    runtime.budget = LOOP_BUDGET;
    runtime.agent = -1;
    runtime.depth = runtime.mode = 0;
    runtime.result = undefined;
  }

  /** The loop: the coroutine of the chosen agent runs until it yields, which is when another has been chosen. */
  #resume(): void {
    const { cpus, runtime } = this;
    while (this.#next >= 0 || this.#stuck()) {
      const agent = cpus[this.#next] as Agent;
      if (agent.id !== this.#last) this.#begin(agent);
      runtime.agent = agent.id;
      runtime.result = agent.result;
      runtime.at = agent.at;
      if (agent.state === WOKEN && this.#completeWait(agent)) continue;
      const answer = (agent.body as Coroutine).next();
      agent.result = runtime.result;
      agent.at = runtime.at;
      if (answer.done === true) this.#endOf(agent, answer.value);
    }
  }

  #begin(agent: Agent): void {
    this.switches++;
    this.#last = agent.id;
    this.recorder?.turn(agent.id);
  }

  #endOf(agent: Agent, value: unknown): void {
    agent.returned = value;
    const { position } = agent;
    agent.count++;
    agent.body = undefined;
    this.#point(agent, ACCESS_NONE, 0, position, 0);
  }

  /** The agent goes on after a sleep. Returns whether another agent is next. */
  #completeWait(agent: Agent): boolean {
    agent.state = AWAKE;
    agent.deadline = Infinity;
    this.runtime.result = agent.isTimedOut ? 'timed-out' : 'ok';
    this.memory.section(agent.id, agent.address);
    const kind = agent.isTimedOut ? 2 : ACCESS_WAITED;
    this.recorder?.step(
      agent,
      agent.site,
      'awake',
      agent.address,
      agent.size,
      agent.isTimedOut ? 1 : 0,
    );
    const switched = this.step(kind, agent.address, agent.size, -1, agent.isTimedOut ? 1 : 0);
    agent.result = this.runtime.result;
    return switched;
  }

  accessing(address: number): void {
    this.#address = address;
  }

  step(kind: number, address: number, size: number, site: number, raw: number): boolean {
    const agent = this.cpus[this.runtime.agent] as Agent;
    agent.count++;
    agent.isSharing = true;
    this.steps++;
    this.hash =
      Math.imul(this.hash ^ (raw + (address << 8) + (agent.id << 3)), 0x9e3779b1) ^ (kind + size);
    this.runtime.reached[site] = 1;
    if (this.recorder !== undefined && site >= 0) {
      this.recorder.step(agent, site, kind === STEP_READ ? 'read' : 'write', address, size, raw);
    }
    if (this.#fair) {
      const isLook = kind === STEP_READ && this.runtime.sites.at(site).spins === true;
      this.#spins = isLook ? this.#spins + 1 : 0;
    }
    if (--this.fuel > 0) return false;
    return this.#point(agent, kind, address, agent.position, size);
  }

  /** The scheduling point after a step: ask the strategy who is next. Returns whether it is another agent. */
  #point(agent: Agent, kind: number, address: number, position: number, size: number): boolean {
    agent.decidedAt = position;
    if (this.#observes) this.#observe(agent, kind, address, size);
    this.#pick();
    return this.#next !== agent.id || agent.state !== AWAKE;
  }

  /** Accesses are told apart in units of four bytes; none is longer than two of them, if it is aligned. */
  #observe(agent: Agent, kind: number, address: number, size: number): void {
    const step = this.#step;
    step.cpu = agent.id;
    step.access = kind;
    step.addr = address >> 2;
    const last = (address + size - 1) >> 2;
    step.also = last > step.addr ? last : 0;
    this.#strategy?.observe(step);
  }

  sleep(site: number, address: number, size: number, timeoutMs: number): boolean {
    const agent = this.cpus[this.runtime.agent] as Agent;
    this.steps++;
    agent.state = SLEEPING;
    agent.isSharing = true;
    this.#spins = 0;
    agent.address = address;
    agent.size = size;
    agent.site = site;
    agent.isTimedOut = false;
    agent.type = size === 8 ? BIGINT64 : INT32;
    agent.seen = this.memory.newest(address, agent.type);
    agent.deadline = this.now + timeoutMs;
    if (timeoutMs <= EARLY_MS && this.choose(2, CHOOSE_EARLY) === 1) this.#timeOut(agent);
    else this.#sleepers.push(agent);
    this.recorder?.step(agent, site, 'sleep', address, size, 0);
    this.#point(agent, 2, address, agent.position, size);
    return true;
  }

  #timeOut(agent: Agent): void {
    this.now = Math.max(this.now, agent.deadline);
    agent.state = WOKEN;
    agent.isTimedOut = true;
  }

  wake(address: number, count: number): number {
    let woken = 0;
    for (let i = 0; i < this.#sleepers.length && woken < count;) {
      const sleeper = this.#sleepers[i] as Agent;
      if (sleeper.address !== address) i++;
      else {
        this.#sleepers.splice(i, 1);
        sleeper.state = WOKEN;
        this.memory.synchronize(this.runtime.agent, sleeper.id);
        woken++;
      }
    }
    return woken;
  }

  fail(error: Error): never {
    this.#failure ??= error;
    throw error;
  }

  #pick(): void {
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
      else this.#note(mask);
    }
  }

  /** Record a decision that is not the default one. */
  #note(mask: number): void {
    const last = this.#last;
    const goesOn = last >= 0 && (mask & (1 << last)) !== 0;
    if (this.#next === (goesOn ? last : lowest(mask))) return;
    this.log.switch(last, last < 0 ? 0 : (this.cpus[last] as Agent).decidedAt, this.#next);
  }

  /** Beyond the bound every agent gets its turn and every load the newest value. */
  #pickFairly(mask: number): void {
    if (this.steps > this.stepLimit) throw new Overrun();
    this.#fair = true;
    const after = mask & ~((2 << this.#last) - 1);
    // Who sleeps for a time does not sleep for ever, although others can go on.
    if (after === 0) this.#passTime();
    this.#next = lowest(after === 0 ? mask : after);
    this.fuel = FAIR_FUEL;
  }

  /** Whether all that is left to execute looks at memory that nobody changes: then it does so for ever. */
  get spinsForEver(): boolean {
    return this.#spins >= 2 * FAIR_FUEL * this.cpus.length;
  }

  #runnable(): number {
    const { cpus } = this;
    let mask = 0;
    for (let i = 0; i < cpus.length; i++) {
      const agent = cpus[i] as Agent;
      if (agent.body !== undefined && agent.state !== SLEEPING) mask |= 1 << i;
    }
    return mask;
  }

  /** No agent can go on. Returns true after virtual time has passed and one can. */
  #stuck(): boolean {
    if (this.#stopped !== undefined || this.cpus.every((a) => a.body === undefined)) return false;
    if (!this.#passTime()) {
      this.#stopped = 'deadlock';
      return false;
    }
    this.#pick();
    return this.#next >= 0;
  }

  /** The first time-out is over. Returns whether there was one. */
  #passTime(): boolean {
    const first = this.#sleepers.reduce<Agent | undefined>(
      (best, a) => (a.deadline < (best?.deadline ?? Infinity) ? a : best),
      undefined,
    );
    if (first === undefined) return false;
    this.#sleepers.splice(this.#sleepers.indexOf(first), 1);
    this.#timeOut(first);
    return true;
  }

  /** Which randomness the program gets in this execution: drawn when it is first asked for. */
  drawSeed(): number {
    const strategy = this.#strategy;
    if (strategy === undefined) return 0;
    const value = strategy.choose(SEEDS, CHOOSE_SEED, 0, 0, 0, INTERRUPT_INDEX);
    if (value !== 0) this.log.choice(0, 0, INTERRUPT_INDEX, value);
    return value;
  }

  /** Answer a choice of the memory, and record it. */
  choose(n: number, kind: number): number {
    if (this.#fair) return 0;
    const agent = this.cpus[this.runtime.agent] as Agent;
    const { position, id } = agent;
    if (position !== this.#choiceStep || id !== this.#choiceAgent) {
      this.#choiceStep = position;
      this.#choiceAgent = id;
      this.#choiceIndex = 0;
    }
    if (this.#choiceIndex > 6) return 0;
    const index = this.#choiceIndex++;
    const strategy = this.#strategy as Strategy;
    const value = strategy.choose(n, kind, id, this.#address >> 2, position, index);
    if (value !== 0) this.log.choice(id, position, index, value);
    this.recorder?.choice(n, value);
    return value;
  }
}
