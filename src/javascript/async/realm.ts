/**
 * State of one agent besides its stack: microtasks, ticks, timers, immediates and ports, and whether any of these keeps
 * it alive.
 */

import type { Coroutine } from '../runtime/keys.js';
import { compareTimers, type Job, type Timer } from './timer.js';

/** A rejected promise that has no handler yet. */
export interface Rejection {
  readonly isHandled: boolean;
  readonly value: unknown;
}

/** Something outside the agent that may give it work: a port, a worker that it has started. */
export interface Source {
  /** Work that waits. */
  readonly hasWork: boolean;
  /** How many pieces of it there are. */
  readonly pieces: number;
  /** Whether it keeps the agent alive. */
  readonly isAlive: boolean;
  /** Address that stands for it in the explorer. */
  readonly address: number;
  /** Do one piece of the work. */
  take(): Coroutine;
  /** Its agent has ended. */
  abandon(): void;
}

/** A promise that has been woken, and a snapshot of what the agent that woke it had done before. */
export interface Woken {
  readonly promise: object;
  readonly address: number;
  readonly snapshot: Int32Array;
}

/** State of one agent's event loop. */
export class Realm {
  readonly ticks: Job[] = [];
  readonly microtasks: Job[] = [];
  readonly immediates: { job: Job; isAlive: boolean; isCleared: boolean }[] = [];
  /** Tasks of the engine. */
  readonly tasks: Job[] = [];
  /** Promises of `Atomics.waitAsync` that have been woken, in the order of the wake-ups: one task settles them all. */
  readonly woken: Woken[] = [];
  /** Time-outs of such promises: they begin to run when the loop next looks for tasks. */
  readonly arming: ((now: number) => void)[] = [];
  /** Addresses on which such promises wait. */
  readonly awaited: number[] = [];
  /** Ends of workers. */
  readonly exits: Job[] = [];
  readonly closings: Job[] = [];
  /** In the order in which they are polled. Those already polled in this round are at the end. */
  readonly sources: Source[] = [];
  /** The ones that are still to be polled in this round. */
  readonly unasked: Source[] = [];
  timers: Timer[] = [];
  /** Rejected promises without a handler. */
  rejections: Rejection[] = [];
  /** Sites at which async functions wait. */
  readonly awaiting = new Map<object, number>();
  /** Objects of the agent's own, by name: `process`, `globalThis`, instances of modules. */
  readonly own = new Map<string, unknown>();
  sequence = 0;
  /** Number of the agent whose realm it is. */
  readonly agent: number;
  /** The program's own handlers. Each returns whether it has handled the event. */
  onUncaught: ((error: unknown, origin: string) => Coroutine<boolean>) | undefined;
  onUnhandled: ((reason: unknown) => Coroutine<boolean>) | undefined;
  /** Called before the agent ends by itself, and when it does. */
  onBeforeEnd: (() => Coroutine) | undefined;
  onEnd: ((isUnsettled: boolean, hasThrown: boolean) => Coroutine) | undefined;

  constructor(agent: number) {
    this.agent = agent;
  }

  addTimer(timer: Timer): void {
    timer.sequence = this.sequence++;
    this.timers.push(timer);
    this.timers.sort(compareTimers);
  }

  removeTimer(timer: Timer): void {
    const at = this.timers.indexOf(timer);
    if (at >= 0) this.timers.splice(at, 1);
  }

  /** A promise that has waited for a word is settled. */
  awaitsNoMore(address: number): void {
    this.awaited.splice(this.awaited.indexOf(address), 1);
  }

  get allSources(): readonly Source[] {
    return [...this.sources, ...this.unasked];
  }

  removeSource(source: Source): void {
    for (const list of [this.sources, this.unasked]) {
      const at = list.indexOf(source);
      if (at >= 0) list.splice(at, 1);
    }
  }

  /** Whether something has come that the loop has not dealt with. */
  get hasNews(): boolean {
    return (
      this.tasks.length > 0 ||
      this.arming.length > 0 ||
      this.exits.length > 0 ||
      this.closings.length > 0 ||
      this.sources.some(({ hasWork }) => hasWork)
    );
  }

  /** Whether the loop has work of its own that must be done. */
  get isAlive(): boolean {
    return (
      this.closings.length > 0 ||
      this.timers.some(({ isAlive }) => isAlive) ||
      this.immediates.some(({ isAlive }) => isAlive) ||
      this.sources.some((source) => source.isAlive)
    );
  }
}
