/** A worker, as seen by the agent that started it: it gets an event for each thing that happens to the worker. */

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
export const WORKER_ADDRESSES = 0x6000_0000;

/** What a worker reports about itself. */
interface WorkerEvent {
  readonly kind: string;
  readonly value: unknown;
  readonly snapshot: Int32Array;
}

/** The worker's side of the port by which it prints: its parent says there that it wants more. */
class PrintingEnd implements Source {
  readonly address: number;
  /** Streams whose text has been taken. */
  readonly #wanted: string[] = [];
  readonly #host: Execution;
  /** Streams that wait for their text to be taken. */
  waiting = 0;
  onWanted: ((stream: string) => Coroutine) | undefined;
  realm: Realm | undefined;

  constructor(host: Execution, address: number) {
    this.#host = host;
    this.address = address;
  }

  get hasWork(): boolean {
    return this.#wanted.length > 0 && this.onWanted !== undefined;
  }
  get pieces(): number {
    return this.#wanted.length;
  }
  get isAlive(): boolean {
    return this.waiting > 0;
  }

  /** The parent has taken what was printed, or is ready to. */
  want(stream: string): void {
    this.#wanted.push(stream);
    if (this.realm !== undefined) this.#host.arouse(this.realm.agent);
  }

  *take(): Coroutine {
    const stream = this.#wanted.shift();
    if (stream !== undefined && this.onWanted !== undefined) yield* this.onWanted(stream);
    return undefined;
  }

  abandon(): void {
    this.realm = undefined;
  }
}

/** The parent's side of a worker: a port of its own, older than the one for messages. */
export class WorkerHandle implements Source {
  readonly address: number;
  /** The parent's end of the channel to the worker. */
  readonly end: ChannelEnd;
  readonly printing: PrintingEnd;
  threadId = 0;
  agent = -1;
  isRef = true;
  #isOver = false;
  readonly #execution: Execution;
  readonly #realm: Realm;
  readonly #event: (kind: string, value: unknown) => Coroutine;
  readonly #events: WorkerEvent[] = [];

  constructor(
    execution: Execution,
    realm: Realm,
    number: number,
    end: ChannelEnd,
    event: (kind: string, value: unknown) => Coroutine,
  ) {
    this.address = WORKER_ADDRESSES + number * 64;
    this.#execution = execution;
    this.#realm = realm;
    this.end = end;
    this.#event = event;
    this.printing = new PrintingEnd(execution, this.address + 32);
    realm.sources.push(this);
  }

  get lives(): boolean {
    return !this.#isOver;
  }
  get hasWork(): boolean {
    return this.#events.length > 0;
  }
  get pieces(): number {
    return this.#events.length;
  }
  get isAlive(): boolean {
    return this.isRef && !this.#isOver;
  }

  /** Something has happened to the worker. */
  tell(kind: string, value: unknown): void {
    const { memory, runtime } = this.#execution;
    const event = { kind, value, snapshot: memory.departure(Math.max(runtime.agent, 0)) };
    if (kind === 'exit') this.#realm.exits.push(() => this.#exits(event));
    else this.#events.push(event);
    this.#execution.arouse(this.#realm.agent);
  }

  *take(): Coroutine {
    const first = this.#events.shift();
    return first === undefined ? undefined : yield* this.#happens(first);
  }

  *#happens({ kind, value, snapshot }: WorkerEvent): Coroutine {
    const { memory, runtime } = this.#execution;
    memory.arrival(runtime.agent, snapshot);
    return yield* this.#event(kind, value);
  }

  /** The worker has ended. Its messages and earlier events are handled first. */
  *#exits(event: WorkerEvent): Coroutine {
    if (this.#execution.took(this.address)) yield;
    yield* this.#event('drain', undefined);
    for (let next = this.#events.shift(); next !== undefined; next = this.#events.shift()) {
      yield* this.#happens(next);
    }
    this.#isOver = true;
    this.#realm.removeSource(this);
    return yield* this.#happens(event);
  }

  terminate(): void {
    if (this.agent >= 0) this.#execution.terminate(this.agent);
  }

  /** The parent has ended, and its workers with it. */
  abandon(): void {
    this.terminate();
  }
}
