/** Writes what the machine does into the log. */

import { FENCE_MB, FENCE_RMB, LOAD_ACQUIRE, LOAD_DEPENDENT, LOAD_PLAIN } from '../memory/model.js';
import {
  RMW_ACQUIRE,
  RMW_CMPXCHG,
  RMW_FULL,
  RMW_RELEASE,
  RMW_VOID,
  RMW_XCHG,
} from '../memory/model.js';
import { STORE_PLAIN, STORE_RELEASE } from '../memory/model.js';
import type { Location, Message } from './location.js';
import type { Processor } from './processor.js';
import type { MachineState } from './state.js';
import {
  EVENT_GP_END,
  EVENT_GP_START,
  EVENT_MB,
  EVENT_READ,
  EVENT_RMB,
  EVENT_WMB,
  EVENT_WRITE,
  type EventLog,
  ORDER_ACQUIRE,
  ORDER_DEPENDENT,
  ORDER_LOCK_READ,
  ORDER_NO_RETURN,
  ORDER_PLAIN,
  ORDER_RELEASE,
  ORDER_RMW,
  ORDER_UNLOCK,
} from './log.js';

const VERSIONS = 2 ** 20;

/** Records the operations of one machine. */
export class Recorder {
  readonly #state: MachineState;
  readonly #log: EventLog;

  constructor(state: MachineState, log: EventLog) {
    this.#state = state;
    this.#log = log;
  }

  #place(m: Message): number {
    return (this.#state.locations[m.x] as Location).version * VERSIONS + m.x;
  }

  #read(p: Processor, m: Message, flags: number, number = p.event): void {
    const place = this.#place(m);
    const { event, position, value } = m;
    this.#log.access(p.cpu, EVENT_READ, flags, place, event, position, value, number);
  }

  #write(p: Processor, m: Message, flags: number): void {
    const place = this.#place(m);
    const { position, value } = m;
    m.event = this.#log.access(p.cpu, EVENT_WRITE, flags, place, -1, position, value, p.event);
  }

  /** A load. */
  read(p: Processor, m: Message, order: number): void {
    const flags =
      (order === LOAD_ACQUIRE ? ORDER_ACQUIRE : 0) |
      (order === LOAD_PLAIN ? ORDER_PLAIN : 0) |
      (order === LOAD_DEPENDENT ? ORDER_DEPENDENT : 0);
    this.#read(p, m, flags);
    this.#log.depend(p.address, p.data, p.control);
  }

  /** A store. */
  write(p: Processor, m: Message, order: number): void {
    const flags =
      (order === STORE_RELEASE ? ORDER_RELEASE : 0) | (order === STORE_PLAIN ? ORDER_PLAIN : 0);
    this.#write(p, m, flags);
    this.#log.depend(p.address, p.data, p.control);
  }

  /** A read-modify-write; one that failed is a relaxed read. */
  rmw(p: Processor, source: Message, written: Message | null, order: number, op: number): void {
    const { address, data, control } = p;
    const log = this.#log;
    if (written !== null && order === RMW_FULL) log.mark(p.cpu, EVENT_MB);
    const acquire = written !== null && order === RMW_ACQUIRE ? ORDER_ACQUIRE : 0;
    const flags = acquire | (order === RMW_VOID ? ORDER_NO_RETURN : 0);
    this.#read(p, source, flags, written === null ? p.event : p.event - 1);
    log.depend(address, [], []);
    if (written === null) return;
    this.#write(p, written, ORDER_RMW | (order === RMW_RELEASE ? ORDER_RELEASE : 0));
    const computed = op !== RMW_XCHG && op !== RMW_CMPXCHG;
    log.depend(address, computed ? [...data, p.event - 1] : data, control);
  }

  /** A fence. */
  fence(p: Processor, kind: number): void {
    const event = kind === FENCE_MB ? EVENT_MB : kind === FENCE_RMB ? EVENT_RMB : EVENT_WMB;
    this.#log.mark(p.cpu, event);
  }

  /** A lock was taken. */
  lock(p: Processor, source: Message, written: Message): void {
    this.#read(p, source, ORDER_ACQUIRE | ORDER_LOCK_READ, p.event - 1);
    this.#write(p, written, ORDER_RMW);
  }

  /** A lock was released. */
  unlock(p: Processor, written: Message): void {
    this.#write(p, written, ORDER_RELEASE | ORDER_UNLOCK);
  }

  /** `call_rcu()`: the caller releases, another thread acquires and starts a grace period. */
  callStarts(cpu: number, ticket: number, domain: number): void {
    const thread = this.#thread(ticket);
    const word = -2 * ticket;
    const event = this.#log.access(cpu, EVENT_WRITE, ORDER_RELEASE, word, -1, 1, ticket, 0);
    this.#log.access(thread, EVENT_READ, ORDER_ACQUIRE, word, event, 1, ticket, 0);
    this.#log.mark(thread, EVENT_GP_START, domain);
  }

  /** The thread's grace period ends, it releases, and the CPU that runs the callback acquires. */
  callEnds(cpu: number, ticket: number): void {
    const thread = this.#thread(ticket);
    const word = -2 * ticket - 1;
    this.#log.mark(thread, EVENT_GP_END);
    const event = this.#log.access(thread, EVENT_WRITE, ORDER_RELEASE, word, -1, 1, ticket, 0);
    this.#log.access(cpu, EVENT_READ, ORDER_ACQUIRE, word, event, 1, ticket, 0);
  }

  #thread(ticket: number): number {
    return this.#state.options.cpus + ticket - 1;
  }
}
