/** One thread of a program, as the engine sees it: a coroutine, how far it has come, and what it sleeps on. */

import type { SharedMemory, Value } from '../memory/memory.js';
import type { Coroutine } from '../runtime/keys.js';
import type { Position } from '../../explorer/engine/strategy.js';

/** Why an agent cannot go on. */
export const AWAKE = 0;
export const SLEEPING = 1;
/** It sleeps no more, but has not gone on yet. */
export const WOKEN = 2;

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
  /** Value of its last operation and site of its last call, while others execute. */
  result: unknown = undefined;
  at = 0;

  constructor(id: number) {
    this.id = id;
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
  }

  /** Whether the word on which it sleeps has changed since. */
  hasMissed(memory: SharedMemory): boolean {
    return memory.newest(this.address, this.type) !== this.seen;
  }

  /** Where it is in its own code; the same whatever others do. */
  get position(): number {
    return this.count * 4 + (this.state === AWAKE ? 0 : 1);
  }
}
