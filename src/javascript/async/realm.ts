/** What one agent has beside its stack: microtasks, ticks, timers, immediates, ports, and whether any of it keeps it alive. */

import type { Coroutine } from '../runtime/keys.js';
import { compareTimers, type Job, type Timer } from './timer.js';

/** A rejected promise, until somebody asks about it. */
export interface Rejection {
  readonly isHandled: boolean;
  readonly value: unknown;
}

/** Something outside the agent that may give it work: a port, a worker that it has started. */
export interface Source {
  /** Work that waits. */
  readonly hasWork: boolean;
  /** Whether it keeps the agent alive. */
  readonly isAlive: boolean;
  /** Address that stands for it in the explorer. */
  readonly address: number;
  /** Whose work comes first, if it has any. */
  readonly after: Source | undefined;
  /** Do one piece of the work. */
  take(): Coroutine;
  /** Its agent has ended. */
  abandon(): void;
}

/** State of one agent's event loop. */
export class Realm {
  readonly ticks: Job[] = [];
  readonly microtasks: Job[] = [];
  readonly immediates: { job: Job; isAlive: boolean; isCleared: boolean }[] = [];
  /** Tasks of the engine: promises of `Atomics.waitAsync` that a wake-up has settled. */
  readonly tasks: Job[] = [];
  readonly closings: Job[] = [];
  readonly sources: Source[] = [];
  timers: Timer[] = [];
  /** Rejected promises that nobody has asked about. */
  rejections: Rejection[] = [];
  /** Sites at which async functions wait. */
  readonly awaiting = new Map<object, number>();
  /** Objects of the agent's own, by name: `process`, `globalThis`, instances of modules. */
  readonly own = new Map<string, unknown>();
  sequence = 0;
  /** Number of the agent whose realm it is. */
  readonly agent: number;
  /** The program's own handlers; each returns whether it has dealt with the matter. */
  onUncaught: ((error: unknown) => Coroutine<boolean>) | undefined;
  onUnhandled: ((reason: unknown) => Coroutine<boolean>) | undefined;
  /** Called before the agent ends by itself, and when it does. */
  onBeforeEnd: (() => Coroutine) | undefined;
  onEnd: (() => Coroutine) | undefined;

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

  /** Whether the loop has work of its own that must be done. */
  get isAlive(): boolean {
    return (
      this.tasks.length > 0 ||
      this.closings.length > 0 ||
      this.timers.some(({ isAlive }) => isAlive) ||
      this.immediates.some(({ isAlive }) => isAlive) ||
      this.sources.some((source) => source.isAlive)
    );
  }
}
