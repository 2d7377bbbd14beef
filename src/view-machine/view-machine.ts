/**
 * The view machine: a memory that shows the reorderings the Linux kernel memory model allows, operation by operation, for
 * code that runs in program order. It shows no outcome that LKMM forbids. It does not show load buffering, and its bounds
 * may hide other weak outcomes; see `ViewMachineOptions`.
 *
 * Dependencies. With `dependencies: 'conservative'` the machine promises, for code whose data flow it cannot see: a read
 * is ordered before every later write of its CPU; `LOAD_DEPENDENT` and `LOAD_ACQUIRE` are ordered before every later access;
 * a `LOAD_ONCE` is ordered before later loads whose address lies in `[value, value + pointerSpan)`, `value` being what it
 * returned (an object reached through a pointer that was read). It does not see an index into an array: if the order of such
 * accesses matters, the load of the index must be `LOAD_DEPENDENT`. `LOAD_PLAIN` heads no address dependency, as in LKMM.
 */

import { SimulatorBug } from '../errors.js';
import { unheldLock } from '../memory/fault.js';
import {
  type ChoiceSource,
  CHOOSE_FAIL,
  CHOOSE_READ,
  FENCE_MB,
  FENCE_RMB,
  LOAD_ONCE,
  type MemoryModel,
  STORE_RELEASE,
} from '../memory/model.js';
import type { Addr, CpuId } from '../memory/struct.js';
import type { GracePeriod } from './domain.js';
import { readFence, strongFence, writeFence } from './fences.js';
import type { Location, Message } from './location.js';
import { LOCK } from './location.js';
import { isHeld, releaseLock, takeLock } from './locks.js';
import type { EventLog } from './log.js';
import { EVENT_GP_END, EVENT_GP_START, EVENT_RCU_LOCK, EVENT_RCU_UNLOCK } from './log.js';
import { MachineOptions, type ViewMachineOptions } from './options.js';
import type { Processor } from './processor.js';
import { forgetPublished, prune, relieve } from './pruning.js';
import {
  domainOf,
  endGracePeriod,
  enterSection,
  leaveSection,
  mayEnd,
  startCallback,
  startGracePeriod,
} from './rcu.js';
import { bringsNothing, isNoNews, read, readMessage, takeStale, beginRead } from './read.js';
import { Recorder } from './recorder.js';
import { readModifyWrite } from './rmw.js';
import { MachineState } from './state.js';
import { write } from './write.js';

/** A memory for the explorer that is as weak as LKMM allows, load buffering apart. */
export class ViewMachine implements MemoryModel {
  readonly #state: MachineState;
  readonly #recorder: Recorder | null;

  /** @throws UsageError when a size is out of range */
  constructor(options: ViewMachineOptions) {
    this.#state = new MachineState(new MachineOptions(options));
    this.#recorder = this.#state.log === null ? null : new Recorder(this.#state, this.#state.log);
  }

  /** All that operations change, for searches that keep states and compare them. */
  get state(): MachineState {
    return this.#state;
  }

  /** Log of the execution, for the trace validator; null if the options did not ask for one. */
  get log(): EventLog | null {
    return this.#state.log;
  }

  /**
   * Start another execution. Cost: the words that the last one touched, if `initial` is the same array as then, in which
   * case it must hold the same words; else the whole memory.
   *
   * @throws SimulatorBug when `initial` is not of the machine's size
   */
  reset(initial: Int32Array, choices: ChoiceSource): void {
    this.#state.reset(initial, choices);
  }

  /**
   * Tell what the next operation of a CPU depends on, by {@link lastEvent} numbers of its reads; for
   * `dependencies: 'exact'`. Address dependencies count for reads and writes, data and control ones for writes.
   */
  depend(
    cpu: CpuId,
    address: readonly number[],
    data: readonly number[],
    control: readonly number[],
  ): void {
    const processor = this.#state.processors[cpu] as Processor;
    processor.address = address;
    processor.data = data;
    processor.control = control;
  }

  /** Number of the CPU's latest access. A read-modify-write that succeeds is two, its read and its write. */
  lastEvent(cpu: CpuId): number {
    return (this.#state.processors[cpu] as Processor).event;
  }

  load(cpu: CpuId, addr: Addr, order: number): number {
    const machine = this.#state;
    const processor = machine.processors[cpu] as Processor;
    if (this.#recorder === null && machine.isUnwritten(addr) && bringsNothing(processor)) {
      processor.event++;
      if (machine.options.exact) processor.independent();
      return machine.newest(addr);
    }
    const id = machine.locate(addr);
    let message = (machine.locations[id] as Location).last;
    if (isNoNews(processor, id, message)) processor.event++;
    else {
      relieve(machine, processor);
      message = read(machine, processor, id, order);
    }
    this.#recorder?.read(processor, message, order);
    if (machine.options.exact) processor.independent();
    return message.value;
  }

  store(cpu: CpuId, addr: Addr, value: number, order: number): void {
    const machine = this.#state;
    const processor = machine.processors[cpu] as Processor;
    const id = this.#writable(processor, addr);
    const message = write(machine, processor, id, value, order === STORE_RELEASE);
    this.#recorder?.write(processor, message, order);
    if (machine.options.exact) processor.independent();
  }

  /** Make room for a write before it starts. */
  #writable(processor: Processor, addr: Addr): number {
    const machine = this.#state;
    relieve(machine, processor);
    const id = machine.locate(addr);
    prune(machine, machine.locations[id] as Location, id);
    forgetPublished(machine, id);
    return id;
  }

  rmw(
    cpu: CpuId,
    addr: Addr,
    op: number,
    operand: number,
    expected: number,
    order: number,
  ): number {
    const machine = this.#state;
    const processor = machine.processors[cpu] as Processor;
    const id = this.#writable(processor, addr);
    const { source, written } = readModifyWrite(machine, processor, id, {
      op,
      operand,
      expected,
      order,
    });
    this.#recorder?.rmw(processor, source, written, order, op);
    if (machine.options.exact) processor.independent();
    return source.value;
  }

  rmwEnd(cpu: CpuId): void {
    const processor = this.#state.processors[cpu] as Processor;
    if (!processor.owesFence) return;
    processor.owesFence = false;
    this.fence(cpu, FENCE_MB);
  }

  fence(cpu: CpuId, kind: number): void {
    const machine = this.#state;
    const processor = machine.processors[cpu] as Processor;
    if (kind === FENCE_MB) strongFence(machine, processor);
    else if (kind === FENCE_RMB) readFence(processor);
    else writeFence(machine, processor);
    this.#recorder?.fence(processor, kind);
  }

  lock(cpu: CpuId, addr: Addr): boolean {
    const machine = this.#state;
    const processor = machine.processors[cpu] as Processor;
    const id = this.#writable(processor, addr);
    const location = machine.locations[id] as Location;
    if (isHeld(location)) return false;
    this.#take(processor, id, location);
    return true;
  }

  #take(processor: Processor, id: number, location: Location): void {
    const source = location.last;
    const written = takeLock(this.#state, processor, id);
    this.#recorder?.lock(processor, source, written);
  }

  /** Whether a lock is held, and held by this CPU. */
  holds(cpu: CpuId, addr: Addr): boolean {
    const machine = this.#state;
    const location = machine.locations[this.#writable(machine.processors[cpu] as Processor, addr)];
    return location !== undefined && isHeld(location) && location.last.writer === cpu;
  }

  unlock(cpu: CpuId, addr: Addr): void {
    const machine = this.#state;
    const processor = machine.processors[cpu] as Processor;
    const id = this.#writable(processor, addr);
    if (!isHeld(machine.locations[id] as Location)) unheldLock(cpu, addr);
    const written = releaseLock(machine, processor, id);
    this.#recorder?.unlock(processor, written);
  }

  trylock(cpu: CpuId, addr: Addr): boolean {
    const machine = this.#state;
    const processor = machine.processors[cpu] as Processor;
    const id = this.#writable(processor, addr);
    const location = machine.locations[id] as Location;
    const message = this.#heldMessage(processor, id, location);
    if (message === null) this.#take(processor, id, location);
    else this.#recorder?.read(processor, message, LOAD_ONCE);
    return message === null;
  }

  /** The message of a holder that a failing trylock reads, by choice; null if the lock is taken instead. */
  #heldMessage(processor: Processor, id: number, location: Location): Message | null {
    const machine = this.#state;
    const bound = beginRead(machine, processor, id, location);
    const held: Message[] = [];
    for (let i = location.count - 1; i >= 0; i--) {
      const message = location.at(i);
      if (message.kind === LOCK && message.position >= bound) held.push(message);
    }
    if (!isHeld(location)) {
      if (held.length === 0 || machine.choices.choose(2, CHOOSE_FAIL) === 0) return null;
    }
    let pick = held.length > 1 ? machine.choices.choose(held.length, CHOOSE_READ) : 0;
    for (; pick >= 0; pick--) {
      const message = held[pick] as Message;
      if (message === location.last) readMessage(machine, processor, id, message, LOAD_ONCE);
      else {
        beginRead(machine, processor, id, location);
        if (!takeStale(machine, processor, id, message, LOAD_ONCE)) continue;
      }
      return message;
    }
    return null;
  }

  rcuReadLock(cpu: CpuId, domain: Addr = 0): void {
    const machine = this.#state;
    const processor = machine.processors[cpu] as Processor;
    const outermost = enterSection(machine, processor, domainOf(machine, domain));
    if (outermost) machine.log?.mark(cpu, EVENT_RCU_LOCK, domain);
  }

  rcuReadUnlock(cpu: CpuId, domain: Addr = 0): void {
    const machine = this.#state;
    const processor = machine.processors[cpu] as Processor;
    const outermost = leaveSection(machine, processor, domainOf(machine, domain));
    if (outermost) machine.log?.mark(cpu, EVENT_RCU_UNLOCK, domain);
  }

  rcuStart(cpu: CpuId, domain: Addr = 0): void {
    const machine = this.#state;
    const processor = machine.processors[cpu] as Processor;
    machine.waiting[cpu] = startGracePeriod(machine, processor, domainOf(machine, domain));
    machine.log?.mark(cpu, EVENT_GP_START, domain);
  }

  rcuEnd(cpu: CpuId): boolean {
    const machine = this.#state;
    const period = machine.waiting[cpu] ?? null;
    if (period === null) throw new SimulatorBug(`CPU ${cpu} ends a grace period it did not start`);
    if (!mayEnd(period)) return false;
    this.#end(cpu, period);
    machine.waiting[cpu] = null;
    return true;
  }

  #end(cpu: CpuId, period: GracePeriod): void {
    const machine = this.#state;
    endGracePeriod(machine, machine.processors[cpu] as Processor, period);
    machine.log?.mark(cpu, EVENT_GP_END);
  }

  callRcu(cpu: CpuId, domain: Addr = 0): number {
    const machine = this.#state;
    const period = startCallback(
      machine,
      machine.processors[cpu] as Processor,
      domainOf(machine, domain),
    );
    const ticket = ++machine.tickets;
    machine.callbacks.set(ticket, period);
    this.#recorder?.callStarts(cpu, ticket, domain);
    return ticket;
  }

  callbackReady(ticket: number): boolean {
    return mayEnd(this.#callback(ticket));
  }

  callbackBegin(cpu: CpuId, ticket: number): void {
    const machine = this.#state;
    const period = this.#callback(ticket);
    if (!mayEnd(period)) throw new SimulatorBug(`callback ${ticket} begins before it is ready`);
    machine.callbacks.delete(ticket);
    endGracePeriod(machine, machine.processors[cpu] as Processor, period);
    this.#recorder?.callEnds(cpu, ticket);
  }

  #callback(ticket: number): GracePeriod {
    const period = this.#state.callbacks.get(ticket);
    if (period === undefined) throw new SimulatorBug(`there is no callback ${ticket}`);
    return period;
  }

  newest(addr: Addr): number {
    return this.#state.newest(addr);
  }

  /**
   * Value of the message that has `newer` newer ones in coherence order, undefined if there is none: for searches that steer
   * what is read. That a word has such a message does not mean that it may be read.
   */
  valueBehind(addr: Addr, newer: number): number | undefined {
    return this.#state.valueBehind(addr, newer);
  }

  poke(addr: Addr, value: number): void {
    this.#state.poke(addr, value);
  }
}
