/** Records in the log what the machine does. */

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

  #place(message: Message): number {
    return (
      (this.#state.locations[message.location] as Location).version * VERSIONS + message.location
    );
  }

  #read(cpu: Processor, message: Message, flags: number, number = cpu.event): void {
    const place = this.#place(message);
    const { event, position, value } = message;
    this.#log.access(cpu.id, EVENT_READ, flags, place, value, number);
    this.#log.stand(position, event);
  }

  #write(cpu: Processor, message: Message, flags: number): void {
    const place = this.#place(message);
    const { position, value } = message;
    message.event = this.#log.access(cpu.id, EVENT_WRITE, flags, place, value, cpu.event);
    this.#log.stand(position);
  }

  /** A load. */
  read(cpu: Processor, message: Message, order: number): void {
    const flags =
      (order === LOAD_ACQUIRE ? ORDER_ACQUIRE : 0) |
      (order === LOAD_PLAIN ? ORDER_PLAIN : 0) |
      (order === LOAD_DEPENDENT ? ORDER_DEPENDENT : 0);
    this.#read(cpu, message, flags);
    this.#log.depend(cpu.address, cpu.data, cpu.control);
  }

  /** A store. */
  write(cpu: Processor, message: Message, order: number): void {
    const flags =
      (order === STORE_RELEASE ? ORDER_RELEASE : 0) | (order === STORE_PLAIN ? ORDER_PLAIN : 0);
    this.#write(cpu, message, flags);
    this.#log.depend(cpu.address, cpu.data, cpu.control);
  }

  /** A read-modify-write; one that failed is a relaxed read. */
  rmw(cpu: Processor, source: Message, written: Message | null, order: number, op: number): void {
    const { address, data, control } = cpu;
    const log = this.#log;
    if (written !== null && order === RMW_FULL) log.mark(cpu.id, EVENT_MB);
    const acquire = written !== null && order === RMW_ACQUIRE ? ORDER_ACQUIRE : 0;
    const flags = acquire | (order === RMW_VOID ? ORDER_NO_RETURN : 0);
    this.#read(cpu, source, flags, written === null ? cpu.event : cpu.event - 1);
    log.depend(address, [], []);
    if (written === null) return;
    this.#write(cpu, written, ORDER_RMW | (order === RMW_RELEASE ? ORDER_RELEASE : 0));
    const computed = op !== RMW_XCHG && op !== RMW_CMPXCHG;
    log.depend(address, computed ? [...data, cpu.event - 1] : data, control);
  }

  /** A fence. */
  fence(cpu: Processor, kind: number): void {
    const event = kind === FENCE_MB ? EVENT_MB : kind === FENCE_RMB ? EVENT_RMB : EVENT_WMB;
    this.#log.mark(cpu.id, event);
  }

  /** A lock was taken. */
  lock(cpu: Processor, source: Message, written: Message): void {
    this.#read(cpu, source, ORDER_ACQUIRE | ORDER_LOCK_READ, cpu.event - 1);
    this.#write(cpu, written, ORDER_RMW);
  }

  /** A lock was released. */
  unlock(cpu: Processor, written: Message): void {
    this.#write(cpu, written, ORDER_RELEASE | ORDER_UNLOCK);
  }

  /** `call_rcu()`: the caller releases, another thread acquires and starts a grace period. */
  callStarts(cpu: number, ticket: number, domain: number): void {
    const thread = this.#thread(ticket);
    const word = -2 * ticket;
    this.#handOver(cpu, thread, word, ticket);
    this.#log.mark(thread, EVENT_GP_START, domain);
  }

  /** The thread's grace period ends, it releases, and the CPU that runs the callback acquires. */
  callEnds(cpu: number, ticket: number): void {
    const thread = this.#thread(ticket);
    const word = -2 * ticket - 1;
    this.#log.mark(thread, EVENT_GP_END);
    this.#handOver(thread, cpu, word, ticket);
  }

  /** A release write of one CPU to a word of the log's own, and the acquire read of another that reads it. */
  #handOver(from: number, to: number, word: number, ticket: number): void {
    const event = this.#log.access(from, EVENT_WRITE, ORDER_RELEASE, word, ticket, 0);
    this.#log.stand(1);
    this.#log.access(to, EVENT_READ, ORDER_ACQUIRE, word, ticket, 0);
    this.#log.stand(1, event);
  }

  #thread(ticket: number): number {
    return this.#state.options.cpus + ticket - 1;
  }
}
