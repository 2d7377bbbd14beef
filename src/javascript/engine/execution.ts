/** One execution of a program: resumes the coroutines of its agents in the order that a strategy chooses. */

import { ACCESS_NONE, ACCESS_WAITED } from '../../explorer/engine/operations.js';
import { CHOOSE_EARLY, type Strategy } from '../../explorer/engine/strategy.js';
import type { LoopHost } from '../async/event-loop.js';
import { pending, ProgramPromise, resolvePromise } from '../async/promise.js';
import { Realm } from '../async/realm.js';
import type { SharedMemory } from '../memory/memory.js';
import type { Coroutine } from '../runtime/keys.js';
import { STEP_READ, type Stepper } from '../runtime/operations.js';
import { LOOP_BUDGET, type Runtime } from '../runtime/runtime.js';
import { BIGINT64, INT32 } from '../runtime/views.js';
import { AWAKE, IDLE, placeWithStack, SLEEPING, WOKEN, type Agent, type Waiter } from './agent.js';
import { concludeThread } from './conclusion.js';
import { EARLY_MS, Turns, type Bounds, type StopReason } from './turns.js';

const prepareStackTrace = Reflect.get(Error, 'prepareStackTrace') as unknown;

/** The engine: reused for any number of executions of one program. */
export class Execution extends Turns implements Stepper, LoopHost {
  hash = 0;
  thrown: unknown;
  /** The agent whose code threw. */
  thrower = -1;
  /** Agents keep the stacks with which they go to sleep, which takes time. */
  keepsStacks = false;
  #failure: Error | undefined;
  /** Agents that have been started. */
  #started = 0;
  /** For code that runs outside all agents. */
  #outside: Realm | undefined;

  constructor(runtime: Runtime, memory: SharedMemory, bounds: Bounds) {
    super(runtime, memory, bounds);
    runtime.memory = memory;
    runtime.stepper = this;
  }

  /** Execute once, as the strategy chooses. `start` is called when everything is reset. */
  run(
    strategy: Strategy,
    image: Uint8Array,
    start: () => readonly ((agent: Agent) => Coroutine)[],
  ): StopReason {
    this.#restart(strategy, image);
    const { runtime } = this;
    try {
      const bodies = start();
      this.#started = bodies.length;
      const { cpus } = this;
      for (let i = 0; i < cpus.length; i++) {
        const agent = cpus[i] as Agent;
        agent.restart(undefined);
        agent.body = bodies[i]?.(agent);
      }
      this.pick();
      this.#resume();
    } catch (error) {
      this.thrown = this.#failure ?? error;
      this.thrower = runtime.agent;
      return 'threw';
    } finally {
      runtime.agent = -1;
      runtime.depth = 0;
      runtime.mode = 0;
      // Errors of ours are not for a program to look at.
      const own = Reflect.get(Error, 'prepareStackTrace') as unknown;
      if (own !== prepareStackTrace) Reflect.set(Error, 'prepareStackTrace', prepareStackTrace);
    }
    if (this.#failure !== undefined) {
      this.thrown = this.#failure;
      return 'threw';
    }
    return this.stopped ?? 'ended';
  }

  #restart(strategy: Strategy, image: Uint8Array): void {
    this.restartTurns(strategy);
    this.memory.reset(image, this.cpus.length, this);
    this.hash = 0;
    this.#failure = this.thrown = undefined;
    this.thrower = -1;
    this.#outside = undefined;
    const { runtime } = this;
    runtime.budget = LOOP_BUDGET;
    runtime.agent = -1;
    runtime.depth = runtime.mode = 0;
    runtime.result = undefined;
  }

  /** The loop: the coroutine of the chosen agent runs until it yields, which is when another has been chosen. */
  #resume(): void {
    const { cpus, runtime } = this;
    while (this.next >= 0 || this.stuck()) {
      const agent = cpus[this.next] as Agent;
      if (agent.id !== this.last) this.#begin(agent);
      runtime.agent = agent.id;
      runtime.result = agent.result;
      runtime.at = agent.at;
      if (agent.isDying && this.#dies(agent)) continue;
      if (agent.state === WOKEN && this.#completeWait(agent)) continue;
      this.#advance(agent);
    }
  }

  /** Let an agent execute until another is next, or it has come to its end. */
  #advance(agent: Agent): void {
    const { runtime } = this;
    let answer: IteratorResult<unknown>;
    try {
      answer = (agent.body as Coroutine).next();
    } catch (error: unknown) {
      if (agent.ended === undefined || this.#failure !== undefined) throw error;
      this.#fails(agent, error);
      return;
    }
    agent.result = runtime.result;
    agent.at = runtime.at;
    if (answer.done === true) this.#endOf(agent, answer.value);
  }

  /** The code of a worker has thrown. Its process runs its last handlers, then it reports the error and ends. */
  #fails(agent: Agent, error: unknown): void {
    const { failed, realm } = agent;
    agent.failed = undefined;
    if (failed === undefined) {
      this.#conclude(agent, 1);
      return;
    }
    const lastWord = realm?.onEnd;
    agent.stages.length = 0;
    agent.body = (function* (): Coroutine {
      try {
        if (lastWord !== undefined) yield* lastWord(false, true);
      } finally {
        yield* failed(error);
      }
      return 1;
    })();
  }

  /** An agent that was terminated ends now, or goes on for a while. */
  #dies(agent: Agent): boolean {
    const isBlocked = agent.state === SLEEPING || agent.state === IDLE;
    if (!isBlocked && this.choose(2, CHOOSE_EARLY) === 1) return false;
    // Node reports 0 for a worker that was terminated before it had an environment.
    this.#conclude(agent, agent.realm === undefined ? 0 : 1);
    return true;
  }

  #begin(agent: Agent): void {
    this.switches++;
    this.last = agent.id;
    this.recorder?.turn(agent.id);
  }

  #endOf(agent: Agent, value: unknown): void {
    const stage = agent.stages.shift();
    if (stage !== undefined) {
      agent.body = stage(value);
      return;
    }
    if (agent.ended !== undefined) {
      this.#conclude(agent, Number(value));
      return;
    }
    if (!agent.isConcluded) {
      agent.isConcluded = true;
      agent.returned = value;
      if (this.isMain) {
        this.#conclude(agent, Number(value));
        return;
      }
      const realm = value instanceof ProgramPromise ? this.realm() : agent.realm;
      if (realm !== undefined) {
        agent.body = concludeThread(agent, realm, this);
        return;
      }
    }
    this.#conclude(agent, 0);
  }

  /** An agent has ended, in whichever way. */
  #conclude(agent: Agent, code: number): void {
    const { position, realm, ended } = agent;
    agent.count++;
    this.#stop(agent);
    for (const source of realm?.allSources ?? []) source.abandon();
    ended?.(code);
    this.point(agent, ACCESS_NONE, 0, position, 0);
  }

  #stop(agent: Agent): void {
    agent.body = undefined;
    agent.state = AWAKE;
    agent.isDying = false;
    if (agent.stages.length > 0) agent.stages.length = 0;
    this.waiters.removeAgent(agent);
  }

  /** `process.exit()`: the agent at work ends here; its coroutine yields and is never resumed. */
  exit(code: number): void {
    const agent = this.cpus[this.runtime.agent] as Agent;
    agent.isConcluded = true;
    if (this.isMain && agent.ended === undefined) agent.returned = code;
    this.#conclude(agent, code);
  }

  /** End an agent, at its next turn or later. */
  terminate(id: number): void {
    const agent = this.cpus[id] as Agent;
    if (agent.body !== undefined) agent.isDying = true;
  }

  /** Whether an agent has not ended. */
  lives(id: number): boolean {
    return (this.cpus[id] as Agent).body !== undefined;
  }

  /**
   * Start another agent.
   *
   * @param start makes its code
   * @param failed executed when its code has thrown
   * @param ended called when it has ended
   * @returns its number, or -1 when there are too many
   */
  spawn(
    start: (agent: Agent) => Coroutine,
    failed: (error: unknown) => Coroutine<void>,
    ended: (code: number) => void,
  ): number {
    const agent = this.cpus[this.#started];
    if (agent === undefined) return -1;
    this.#started++;
    agent.body = start(agent);
    agent.failed = failed;
    agent.ended = ended;
    this.memory.synchronize(this.runtime.agent, agent.id);
    return agent.id;
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
    this.address = address;
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
    if (this.isFair) {
      const { sites, hasLooked } = this.runtime;
      const isLook = (kind === STEP_READ || hasLooked) && sites.at(site).spins === true;
      this.spins = isLook ? this.spins + 1 : 0;
    }
    if (--this.fuel > 0) return false;
    return this.point(agent, kind, address, agent.position, size);
  }

  sleep(site: number, address: number, size: number, timeoutMs: number): boolean {
    const agent = this.cpus[this.runtime.agent] as Agent;
    this.steps++;
    agent.state = SLEEPING;
    agent.isSharing = true;
    this.spins = 0;
    agent.address = agent.waiter.address = address;
    agent.size = size;
    agent.site = site;
    agent.isTimedOut = false;
    agent.type = size === 8 ? BIGINT64 : INT32;
    agent.seen = this.memory.newest(address, agent.type);
    agent.slept = this.keepsStacks ? placeWithStack() : undefined;
    agent.deadline = this.now + timeoutMs;
    if (timeoutMs <= EARLY_MS && this.choose(2, CHOOSE_EARLY) === 1) this.timeOut(agent);
    else this.waiters.add(agent.waiter);
    this.recorder?.step(agent, site, 'sleep', address, size, 0);
    this.point(agent, 2, address, agent.position, size);
    return true;
  }

  enlist(_site: number, address: number, _size: number, timeoutMs: number): unknown {
    const agent = this.cpus[this.runtime.agent] as Agent;
    const realm = this.realm();
    const promise = pending();
    const settle = (): void => {
      const snapshot = this.memory.departure(this.runtime.agent);
      if (realm.woken.push({ promise, address, snapshot }) === 1) {
        realm.tasks.push(() => this.#settleWoken(realm));
      }
      this.arouse(agent.id);
    };
    const waiter: Waiter = { agent, address, settle };
    this.waiters.add(waiter);
    realm.awaited.push(address);
    if (timeoutMs !== Infinity) {
      realm.arming.push((now) => {
        this.#expire(realm, waiter, promise, now, timeoutMs);
      });
    }
    return promise;
  }

  // eslint-disable-next-line require-yield -- a job is a coroutine
  *#settleWoken(realm: Realm): Coroutine {
    for (const { promise, address, snapshot } of realm.woken.splice(0)) {
      realm.awaitsNoMore(address);
      this.memory.arrival(realm.agent, snapshot);
      resolvePromise(promise as ProgramPromise, 'ok');
    }
    return undefined;
  }

  /** Until its agent's event loop comes to it, a waiter whose time has passed stays in the list and takes a wake-up. */
  #expire(realm: Realm, waiter: Waiter, promise: ProgramPromise, now: number, delay: number): void {
    const { waiters } = this;
    realm.addTimer({
      due: now + delay,
      delay,
      ...{ repeats: false, isAlive: false, isInternal: true, isCleared: false, sequence: 0 },
      // eslint-disable-next-line require-yield -- a job is a coroutine
      job: function* () {
        if (!waiters.remove(waiter)) return undefined;
        realm.awaitsNoMore(waiter.address);
        resolvePromise(promise, 'timed-out');
        return undefined;
      },
    });
  }

  wake(address: number, count: number): number {
    return this.waiters.take(address, count, ({ agent, settle }) => {
      if (settle !== undefined) {
        settle();
        return;
      }
      agent.state = WOKEN;
      this.memory.synchronize(this.runtime.agent, agent.id);
    });
  }

  realm(): Realm {
    const agent = this.cpus[this.runtime.agent];
    if (agent === undefined) return (this.#outside ??= new Realm(-1));
    return (agent.realm ??= new Realm(agent.id));
  }

  idle(due: number): void {
    const agent = this.cpus[this.runtime.agent] as Agent;
    agent.state = IDLE;
    agent.due = due;
    this.point(agent, ACCESS_NONE, 0, agent.position, 0);
  }

  /** Something has come for an agent's event loop. */
  arouse(id: number): void {
    const agent = this.cpus[id];
    if (agent?.state === IDLE) agent.state = AWAKE;
  }

  took(address: number): boolean {
    return this.step(2, address, 4, 0, 0);
  }

  fail(error: Error): never {
    this.#failure ??= error;
    throw error;
  }
}
