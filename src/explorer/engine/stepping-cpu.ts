/** A CPU that executes operations on a deterministic memory, waits, and says after each whether another CPU is next. */

import {
  badAddress,
  checkMaySleep,
  checkTimeout,
  freedLock,
  rethrowFault,
  wordOf,
} from '../../memory/fault.js';
import { Cpu, type CpuContext } from '../../memory/cpu.js';
import { CPU_LOCAL } from '../../memory/local.js';
import * as model from '../../memory/model.js';
import { isRemoved, type SiteId } from '../../memory/sites.js';
import { FIRST_VALID_ADDR, POISON, type Addr } from '../../memory/struct.js';
import { EAGAIN, ETIMEDOUT } from '../../memory/wait-queue.js';
import {
  WAIT_HALT,
  WAIT_LOCK,
  WAIT_MWAIT,
  WAIT_NONE,
  type Coroutine,
  type CpuState,
} from './cpu-state.js';
import type { ExplorerMemory } from './explorer-memory.js';
import * as ops from './operations.js';
import type { Audience } from './observer.js';
import type { Platform } from './platform.js';
import type { Turns } from './turns.js';

/** What a CPU shares with all others. */
export interface Shared {
  readonly platform: Platform;
  readonly turns: Turns;
}

/**
 * One simulated CPU, without its vocabulary. Public members are read by resumable code (`switching`, `result`) or by
 * the engine's loop.
 */
export abstract class SteppingCpu extends Cpu {
  /** Another CPU is to execute now: the coroutine yields. */
  switching = false;
  /** Value of the last operation. */
  result: number | boolean = 0;
  readonly state: CpuState;
  /** The part of the depth of preemption-disabled sections that is not spin locks, mirrored for the checks. */
  protected disabled = 0;
  /** Word whose next load, or read-modify-write, sees the newest value: the CPU was told that it changed. */
  #fresh: Addr = -1;
  /** The last read-modify-write was fully ordered: its trailing fence comes before the next operation. */
  #owesFence = false;
  #aside: number | boolean = 0;
  /** The observers, by the events that they want to be told of. */
  told: Audience;
  protected readonly platform: Platform;
  protected readonly turns: Turns;
  protected readonly memory: ExplorerMemory;
  readonly #removed: Uint8Array;
  readonly #watched: Uint8Array;
  protected readonly limit: number;
  protected readonly line: Addr;

  constructor(state: CpuState, ctx: CpuContext, { platform, turns }: Shared, localBase: Addr) {
    super(state.id, ctx);
    this.state = state;
    state.registers = this;
    this.platform = platform;
    this.told = platform.told;
    this.turns = turns;
    this.memory = platform.memory;
    this.#removed = platform.removed;
    this.#watched = turns.watched;
    this.limit = platform.words - FIRST_VALID_ADDR;
    this.line = localBase + state.id * CPU_LOCAL.size;
  }

  /** Some resumable code reports where functions begin and end. This CPU ignores it. */
  readonly frames = 0;
  entered(): void {
    // Nothing to note.
  }
  left<T>(_frames: number, value: T): T {
    return value;
  }
  /** Code catches an error: it may not catch the end of its CPU. */
  uncaught(error: unknown): void {
    rethrowFault(error);
  }
  /** Whether anybody wants {@link looped}. */
  tellsLoops = false;
  /** Calls of each function with loops. */
  readonly #calls = new Map<number, number>();
  /** A function with loops is called: they have not gone round in this call. */
  called(code: number): void {
    this.#calls.set(code, (this.#calls.get(code) ?? 0) + 1);
  }
  /** A loop of a function goes round: with all its variables, or with none if they are not all that it knows. */
  looped(place: number, code: number, ...variables: readonly unknown[]): void {
    this.told.looped?.looped(this.state, place, this.#calls.get(code) ?? 0, variables);
  }
  hides(place: number, code: number): void {
    this.told.looped?.looped(this.state, place, this.#calls.get(code) ?? 0, undefined);
  }

  /** Forget the last execution. */
  restart(body: Coroutine | undefined, current: Addr): void {
    this.state.restart(body);
    this.switching = false;
    this.result = 0;
    this.disabled = 0;
    this.current = current;
    this.#fresh = -1;
    this.#owesFence = false;
  }

  /** Suspend the body, whatever it was doing, and execute an interrupt. */
  enterInterrupt(code: Coroutine): void {
    this.#aside = this.result;
    this.state.enterInterrupt(code);
  }

  /** The interrupt is over: resume the body where it was. */
  leaveInterrupt(): void {
    this.state.leaveInterrupt();
    this.result = this.#aside;
  }

  /** The wait of this CPU is over: carry out what it waited for. Returns whether the CPU goes on after that. */
  completeWait(): boolean {
    const { waiting, waitAddr } = this.state;
    this.state.waiting = WAIT_NONE;
    this.switching = false;
    if (waiting === WAIT_LOCK) {
      this.takeLock(waitAddr);
    } else if (waiting === WAIT_HALT) {
      this.#awake(waitAddr);
    } else {
      this.#fresh = waitAddr;
      this.finish(waiting === WAIT_MWAIT ? ops.OP_MWAIT.code : ops.OP_RELAX.code, waitAddr, 0);
    }
    return !this.switching;
  }

  #awake(addr: Addr): void {
    const { state } = this;
    const ret = state.isWoken ? 0 : -ETIMEDOUT;
    if (state.isWoken) this.#fresh = addr;
    state.sleepsOn = 0;
    this.result = ret;
    this.finish(ops.OP_AWAKE.code, addr, ret);
  }

  override mightSleep(what: string): void {
    // An interrupt may end in a preemption, and other tasks run on top of it: they may sleep.
    checkMaySleep(this.id, what, { locks: this.#locksHeld, disabled: this.disabled });
  }
  get #locksHeld(): number {
    return this.state.preemptDepth - this.disabled;
  }

  /** Sleep on a word, unless the word holds something else. */
  protected sleepOn(addr: Addr, seen: number, timeoutMs: number, mayEndEarly: boolean): number {
    const { state, turns } = this;
    this.enter(addr);
    const isInterrupt = state.interrupt !== undefined;
    const { disabled } = this;
    const what = mayEndEarly ? 'halt()' : 'wait()';
    checkMaySleep(this.id, what, { locks: this.#locksHeld, disabled, isInterrupt });
    checkTimeout(timeoutMs);
    state.hasTimeout = timeoutMs < Infinity;
    if (this.memory.newest(addr) !== wordOf(seen)) {
      this.#fresh = addr;
      return this.#sleptNot(ops.OP_HALT_NOT.code, addr, -EAGAIN);
    }
    // Whether it sleeps or not, the step looks at the word and at its queue: a reduction must not tell them apart.
    if (turns.observes) turns.peeked(state, addr);
    const reasons = (state.hasTimeout ? 1 : 0) + (mayEndEarly ? 1 : 0);
    const early = reasons === 0 ? 0 : turns.sleepers.endEarly(state, reasons + 1);
    if (early > 0) {
      const ret = state.hasTimeout && early === 1 ? -ETIMEDOUT : 0;
      return this.#sleptNot(ops.OP_HALT_EARLY.code, addr, ret);
    }
    turns.sleepers.enqueue(state, addr);
    this.startWait(WAIT_HALT, addr, seen, ops.OP_SLEEP.code);
    return 0;
  }

  #sleptNot(code: number, addr: Addr, ret: number): number {
    this.result = ret;
    this.finish(code, addr, ret);
    return ret;
  }

  /** Wake those that sleep on a word. */
  protected performWake(code: number, addr: Addr, most: number): number {
    this.enter(addr);
    const woken = this.turns.sleepers.wake(this.state, addr, most);
    this.result = woken;
    this.finish(code, addr, woken);
    return woken;
  }

  protected isAblated(site: SiteId | undefined): site is SiteId {
    return isRemoved(this.#removed, site);
  }

  protected checkAddress(addr: Addr): void {
    if ((addr - FIRST_VALID_ADDR) >>> 0 >= this.limit || (addr | 0) !== addr) {
      badAddress(this.id, addr);
    }
  }

  protected enter(addr: Addr): void {
    this.checkAddress(addr);
    if (this.#owesFence) this.#settle();
    this.turns.addr = addr;
  }

  #settle(): void {
    this.#owesFence = false;
    this.memory.rmwEnd(this.id);
    this.turns.strong = true;
  }

  /** A word has a new newest value. */
  protected changed(addr: Addr): void {
    if (this.#watched[addr] !== 0) this.turns.stir();
  }

  protected finish(code: number, addr: Addr, value: number): void {
    const { turns, state } = this;
    const { weights } = turns;
    state.advance();
    turns.steps++;
    turns.hash = Math.imul(turns.hash ^ (value + (addr << 8) + (this.id << 3)), 0x9e3779b1) ^ code;
    this.told.operation?.operation(state, code, addr, value);
    turns.fuel -= weights === undefined ? 1 : (weights[addr] as number);
    if (turns.fuel <= 0 || turns.steps > turns.until) {
      this.switching = turns.point(state, code, addr);
    }
  }

  /** A fence or an ablated operation touches no memory, so no other CPU can notice when it happened. */
  protected finishLocal(code: number): void {
    const { turns } = this;
    turns.steps++;
    this.told.operation?.operation(this.state, code, 0, 0);
    if (turns.steps > turns.stepLimit) turns.overrun();
  }

  /** An operation that the ablation of a site took away. */
  protected finishAblated(site: SiteId): void {
    this.told.ablated?.ablated(site);
    this.finishLocal(ops.OP_ABLATED.code);
  }

  /** The operation being executed sees the newest value. */
  #beginFresh(): true {
    this.turns.fresh = true;
    this.#fresh = -1;
    return true;
  }

  protected performLoad(code: number, addr: Addr, order: number): number {
    this.enter(addr);
    const isFresh = addr === this.#fresh && this.#beginFresh();
    const value = this.memory.load(this.id, addr, order);
    if (isFresh) this.turns.fresh = false;
    this.told.load?.load(this.id, addr, order);
    this.result = value;
    this.finish(code, addr, value);
    return value;
  }

  protected performStore(code: number, addr: Addr, value: number, order: number): void {
    this.enter(addr);
    this.memory.store(this.id, addr, wordOf(value), order);
    this.changed(addr);
    this.told.store?.store(this.id, addr, order);
    this.finish(code, addr, value | 0);
  }

  protected performRmw(
    code: number,
    addr: Addr,
    op: number,
    operand: number,
    order: number,
    expected = 0,
  ): number {
    this.enter(addr);
    const isFresh = addr === this.#fresh && this.#beginFresh();
    const old = this.memory.rmw(this.id, addr, op, wordOf(operand), wordOf(expected), order);
    this.changed(addr);
    if (isFresh) this.turns.fresh = false;
    if (order === model.RMW_FULL) {
      this.turns.strong = true;
      // A compare-and-exchange that fails orders nothing.
      this.#owesFence = op !== model.RMW_CMPXCHG || old === expected;
    }
    this.told.rmw?.rmw(this.id, addr, order);
    this.result = old;
    this.finish(code, addr, old);
    return old;
  }

  protected performFence(code: number, kind: number, site: SiteId | undefined): void {
    if (this.isAblated(site)) {
      this.finishAblated(site);
      return;
    }
    if (this.#owesFence) this.#settle();
    this.memory.fence(this.id, kind);
    this.told.fence?.fence(this.id, kind);
    if (kind === model.FENCE_MB && this.platform.fencesInteract) {
      this.turns.strong = true;
      this.finish(code, 0, 0);
    } else {
      this.finishLocal(code);
    }
  }

  /** Take a lock that is free. */
  protected takeLock(lock: Addr): void {
    if (this.memory.newest(lock) === POISON) freedLock(this.id, lock);
    this.memory.lock(this.id, lock);
    this.changed(lock);
    this.state.preemptDepth++;
    this.told.rmw?.rmw(this.id, lock, model.RMW_ACQUIRE);
    this.finish(ops.OP_LOCK.code, lock, 0);
  }

  protected waitFor(kind: number, addr: Addr, seen: number, code: number): void {
    this.enter(addr);
    const word = wordOf(seen);
    this.state.waitSeen = word;
    if (this.memory.newest(addr) === word) {
      this.startWait(kind, addr, word, code);
    } else {
      this.#fresh = addr;
      this.finish(code, addr, seen);
    }
  }
  protected startWait(kind: number, addr: Addr, seen: number, code: number): void {
    const { state, turns } = this;
    state.wait(kind, addr, seen);
    turns.steps++;
    this.told.operation?.operation(state, code, addr, seen);
    this.switching = turns.point(state, code, addr);
  }
}
