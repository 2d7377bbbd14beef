/** One thread of a program, as the engine sees it: a coroutine, how far it has come, and what it sleeps on. */

import type { SharedMemory, Value } from '../memory/memory.js';
import type { Realm } from '../async/realm.js';
import type { Coroutine } from '../runtime/keys.js';
import type { Position } from '../../explorer/engine/strategy.js';

/** Why an agent cannot go on. */
export const AWAKE = 0;
export const SLEEPING = 1;
/** It was woken, but has not gone on yet. */
export const WOKEN = 2;
/** Its event loop has nothing to do. */
export const IDLE = 3;

/** A place in the list of those who wait for a word. */
export interface Waiter {
  readonly agent: Agent;
  address: number;
  /** Called when it is woken, for `Atomics.waitAsync`; missing for a sleeping agent. */
  readonly settle: (() => void) | undefined;
}

/** What the agent executes after its current code. */
export type Stage = (value: unknown) => Coroutine;

/** A thread. */
export class Agent implements Position {
  readonly id: number;
  /** Steps executed. */
  count = 0;
  decidedAt = 0;
  /** It has accessed shared memory in this execution. */
  isSharing = false;
  body: Coroutine | undefined;
  /** What the body returned. */
  returned: unknown = undefined;
  state = AWAKE;
  /** Of the word it sleeps on. */
  address = 0;
  size = 4;
  site = 0;
  /** Virtual time at which it gives up, in ms. */
  deadline = Infinity;
  isTimedOut = false;
  /** Type of the word, and its newest value when it went to sleep. */
  type = 0;
  seen: Value = 0;
  /** Where it went to sleep, with its stack. */
  slept: Error | undefined;
  /** Value of its last operation and site of its last call, while others execute. */
  result: unknown = undefined;
  at = 0;
  /** Its event loop, if it has needed one. */
  realm: Realm | undefined;
  /** Virtual time until which it is idle. */
  due = Infinity;
  /** What it executes after its current code. */
  stages: Stage[] = [];
  /** Its own code has returned, though its event loop may go on. */
  isConcluded = false;
  /** It was terminated, and ends at its next turn or a later one. */
  isDying = false;
  /** Told when its code has thrown, before it ends; missing for the threads that the program declares. */
  failed: ((error: unknown) => Coroutine<void>) | undefined;
  /** Told when it has ended. */
  ended: ((code: number) => void) | undefined;
  readonly waiter: Waiter = { agent: this, address: 0, settle: undefined };

  constructor(id: number) {
    this.id = id;
  }

  /** Whether it can go on. */
  get isRunnable(): boolean {
    return (
      this.body !== undefined && (this.state === AWAKE || this.state === WOKEN || this.isDying)
    );
  }

  /** Forget the last execution. */
  restart(body: Coroutine | undefined): void {
    this.count = 0;
    this.isSharing = false;
    this.decidedAt = 0;
    this.body = body;
    this.returned = undefined;
    this.state = AWAKE;
    this.deadline = Infinity;
    this.isTimedOut = false;
    this.result = undefined;
    this.at = 0;
    if (this.realm !== undefined) this.realm = undefined;
    if (this.stages.length > 0) this.stages = [];
    this.isConcluded = this.isDying = false;
    this.ended = this.failed = undefined;
    this.due = Infinity;
  }

  /** Whether the word on which it sleeps has changed since. */
  hasMissed(memory: SharedMemory): boolean {
    return memory.newest(this.address, this.type) !== this.seen;
  }

  /** Where it is in its own code. This does not depend on what other agents do. */
  get position(): number {
    return this.count * 4 + (this.state === AWAKE ? 0 : this.state === IDLE ? 2 : 1);
  }
}

/** Frames of the engine and of the program in the stack of a sleeping agent. */
const FRAMES = 60;

/** An error that nobody throws. Its stack becomes text only if somebody reads it. */
export function placeWithStack(): Error {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = FRAMES;
  const place = new Error();
  Error.stackTraceLimit = limit;
  return place;
}
