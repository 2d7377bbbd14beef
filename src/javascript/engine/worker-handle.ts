/** A worker as the agent that has started it sees it: what happens to it comes as events. */

import type { ChannelEnd } from '../async/ports.js';
import type { Realm, Source } from '../async/realm.js';
import type { Coroutine } from '../runtime/keys.js';
import type { Execution } from './execution.js';

/** Options of `new Worker()`. */
export interface SpawnOptions {
  readonly workerData?: unknown;
  readonly transferList?: readonly object[];
  readonly eval?: boolean;
  readonly argv?: readonly unknown[];
  readonly execArgv?: readonly string[];
  readonly env?: Readonly<Record<string, string>> | symbol;
  readonly name?: string;
}

/** Addresses that stand for workers, above those of ports. */
const ADDRESSES = 0x6000_0000;

/** The parent's side of a worker. */
export class WorkerHandle implements Source {
  readonly address: number;
  /** The parent's end of the channel to the worker. */
  readonly end: ChannelEnd;
  threadId = 0;
  agent = -1;
  isRef = true;
  readonly after: Source | undefined = undefined;
  #hasEnded = false;
  readonly #execution: Execution;
  readonly #realm: Realm;
  readonly #event: (kind: string, value: unknown) => Coroutine;
  readonly #events: { kind: string; value: unknown; snapshot: Int32Array }[] = [];

  constructor(
    execution: Execution,
    realm: Realm,
    number: number,
    end: ChannelEnd,
    event: (kind: string, value: unknown) => Coroutine,
  ) {
    this.address = ADDRESSES + number * 64;
    this.#execution = execution;
    this.#realm = realm;
    this.end = end;
    this.#event = event;
    // What the worker tells of itself has a port of its own in Node, which is older.
    end.after = this;
    realm.sources.push(this);
  }

  get lives(): boolean {
    return !this.#hasEnded;
  }
  get hasWork(): boolean {
    return this.#events.length > 0;
  }
  get isAlive(): boolean {
    return this.isRef && (!this.#hasEnded || this.#events.length > 0);
  }

  /** Something has happened to the worker. */
  tell(kind: string, value: unknown): void {
    const { memory, runtime } = this.#execution;
    if (kind === 'exit') this.#hasEnded = true;
    const snapshot = memory.departure(Math.max(runtime.agent, 0));
    this.#events.push({ kind, value, snapshot });
    this.#execution.arouse(this.#realm.agent);
  }

  *take(): Coroutine {
    const first = this.#events.shift();
    if (first === undefined) return undefined;
    const { memory, runtime } = this.#execution;
    memory.arrival(runtime.agent, first.snapshot);
    if (first.kind === 'exit') {
      const at = this.#realm.sources.indexOf(this);
      if (at >= 0) this.#realm.sources.splice(at, 1);
    }
    return yield* this.#event(first.kind, first.value);
  }

  terminate(): void {
    if (this.agent >= 0) this.#execution.terminate(this.agent);
  }

  /** The parent has ended, and its workers with it. */
  abandon(): void {
    this.terminate();
  }
}
