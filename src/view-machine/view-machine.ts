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
    const p = this.#state.processors[cpu] as Processor;
    p.address = address;
    p.data = data;
    p.control = control;
  }

  /** Number of the CPU's latest access. A read-modify-write that succeeds is two, its read and its write. */
  lastEvent(cpu: CpuId): number {
    return (this.#state.processors[cpu] as Processor).event;
  }

  load(cpu: CpuId, addr: Addr, order: number): number {
    const s = this.#state;
    const p = s.processors[cpu] as Processor;
    if (this.#recorder === null && s.isUnwritten(addr) && bringsNothing(p)) {
      p.event++;
      if (s.options.exact) p.independent();
      return s.newest(addr);
    }
    const id = s.locate(addr);
    let m = (s.locations[id] as Location).last;
    if (isNoNews(p, id, m)) p.event++;
    else {
      relieve(s, p);
      m = read(s, p, id, order);
    }
    this.#recorder?.read(p, m, order);
    if (s.options.exact) p.independent();
    return m.value;
  }

  store(cpu: CpuId, addr: Addr, value: number, order: number): void {
    const s = this.#state;
    const p = s.processors[cpu] as Processor;
    const id = this.#writable(p, addr);
    const m = write(s, p, id, value, order === STORE_RELEASE);
    this.#recorder?.write(p, m, order);
    if (s.options.exact) p.independent();
  }

  /** Make room for a write before it starts. */
  #writable(p: Processor, addr: Addr): number {
    const s = this.#state;
    relieve(s, p);
    const id = s.locate(addr);
    prune(s, s.locations[id] as Location, id);
    forgetPublished(s, id);
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
    const s = this.#state;
    const p = s.processors[cpu] as Processor;
    const id = this.#writable(p, addr);
    const { source, written } = readModifyWrite(s, p, id, { op, operand, expected, order });
    this.#recorder?.rmw(p, source, written, order, op);
    if (s.options.exact) p.independent();
    return source.value;
  }

  rmwEnd(cpu: CpuId): void {
    const p = this.#state.processors[cpu] as Processor;
    if (!p.owesFence) return;
    p.owesFence = false;
    this.fence(cpu, FENCE_MB);
  }

  fence(cpu: CpuId, kind: number): void {
    const s = this.#state;
    const p = s.processors[cpu] as Processor;
    if (kind === FENCE_MB) strongFence(s, p);
    else if (kind === FENCE_RMB) readFence(p);
    else writeFence(s, p);
    this.#recorder?.fence(p, kind);
  }

  lock(cpu: CpuId, addr: Addr): boolean {
    const s = this.#state;
    const p = s.processors[cpu] as Processor;
    const id = this.#writable(p, addr);
    const location = s.locations[id] as Location;
    if (isHeld(location)) return false;
    this.#take(p, id, location);
    return true;
  }

  #take(p: Processor, id: number, location: Location): void {
    const source = location.last;
    const written = takeLock(this.#state, p, id);
    this.#recorder?.lock(p, source, written);
  }

  unlock(cpu: CpuId, addr: Addr): void {
    const s = this.#state;
    const p = s.processors[cpu] as Processor;
    const id = this.#writable(p, addr);
    if (!isHeld(s.locations[id] as Location)) unheldLock(cpu, addr);
    const written = releaseLock(s, p, id);
    this.#recorder?.unlock(p, written);
  }

  trylock(cpu: CpuId, addr: Addr): boolean {
    const s = this.#state;
    const p = s.processors[cpu] as Processor;
    const id = this.#writable(p, addr);
    const location = s.locations[id] as Location;
    const m = this.#heldMessage(p, id, location);
    if (m === null) this.#take(p, id, location);
    else this.#recorder?.read(p, m, LOAD_ONCE);
    return m === null;
  }

  /** The message of a holder that a failing trylock reads, by choice; null if the lock is taken instead. */
  #heldMessage(p: Processor, id: number, location: Location): Message | null {
    const s = this.#state;
    const bound = beginRead(s, p, id, location);
    const held: Message[] = [];
    for (let i = location.n - 1; i >= 0; i--) {
      const m = location.at(i);
      if (m.kind === LOCK && m.position >= bound) held.push(m);
    }
    if (!isHeld(location)) {
      if (held.length === 0 || s.choices.choose(2, CHOOSE_FAIL) === 0) return null;
    }
    let pick = held.length > 1 ? s.choices.choose(held.length, CHOOSE_READ) : 0;
    for (; pick >= 0; pick--) {
      const m = held[pick] as Message;
      if (m === location.last) readMessage(s, p, id, m, LOAD_ONCE);
      else {
        beginRead(s, p, id, location);
        if (!takeStale(s, p, id, m, LOAD_ONCE)) continue;
      }
      return m;
    }
    return null;
  }

  rcuReadLock(cpu: CpuId, domain: Addr = 0): void {
    const s = this.#state;
    const p = s.processors[cpu] as Processor;
    const outermost = enterSection(s, p, domainOf(s, domain));
    if (outermost) s.log?.mark(cpu, EVENT_RCU_LOCK, domain);
  }

  rcuReadUnlock(cpu: CpuId, domain: Addr = 0): void {
    const s = this.#state;
    const p = s.processors[cpu] as Processor;
    const outermost = leaveSection(s, p, domainOf(s, domain));
    if (outermost) s.log?.mark(cpu, EVENT_RCU_UNLOCK, domain);
  }

  rcuStart(cpu: CpuId, domain: Addr = 0): void {
    const s = this.#state;
    const p = s.processors[cpu] as Processor;
    s.waiting[cpu] = startGracePeriod(s, p, domainOf(s, domain));
    s.log?.mark(cpu, EVENT_GP_START, domain);
  }

  rcuEnd(cpu: CpuId): boolean {
    const s = this.#state;
    const period = s.waiting[cpu] ?? null;
    if (period === null) throw new SimulatorBug(`CPU ${cpu} ends a grace period it did not start`);
    if (!mayEnd(period)) return false;
    this.#end(cpu, period);
    s.waiting[cpu] = null;
    return true;
  }

  #end(cpu: CpuId, period: GracePeriod): void {
    const s = this.#state;
    endGracePeriod(s, s.processors[cpu] as Processor, period);
    s.log?.mark(cpu, EVENT_GP_END);
  }

  callRcu(cpu: CpuId, domain: Addr = 0): number {
    const s = this.#state;
    const period = startCallback(s, s.processors[cpu] as Processor, domainOf(s, domain));
    const ticket = ++s.tickets;
    s.callbacks.set(ticket, period);
    this.#recorder?.callStarts(cpu, ticket, domain);
    return ticket;
  }

  callbackReady(ticket: number): boolean {
    return mayEnd(this.#callback(ticket));
  }

  callbackBegin(cpu: CpuId, ticket: number): void {
    const s = this.#state;
    const period = this.#callback(ticket);
    if (!mayEnd(period)) throw new SimulatorBug(`callback ${ticket} begins before it is ready`);
    s.callbacks.delete(ticket);
    endGracePeriod(s, s.processors[cpu] as Processor, period);
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
