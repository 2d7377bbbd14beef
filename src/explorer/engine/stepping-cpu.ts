/** A CPU that executes operations on a deterministic memory, waits, and says after each whether another CPU is next. */

import { badAddress, FIRST_VALID_ADDR, freedLock } from '../../memory/fault.js';
import { Cpu, type CpuContext } from '../../memory/cpu.js';
import { CPU_LOCAL } from '../../memory/local.js';
import * as model from '../../memory/model.js';
import type { SiteId } from '../../memory/sites.js';
import { POISON, type Addr, type CpuId } from '../../memory/struct.js';
import type { Execution } from './execution.js';
import type { ExplorerMemory } from './explorer-memory.js';
import * as ops from './operations.js';

/** Why a CPU cannot go on. */
export const WAIT_NONE = 0;
export const WAIT_LOCK = 1;
export const WAIT_RELAX = 2;
export const WAIT_HALT = 3;

/** Whether nobody holds a lock with this value: it is free, or its memory is, which is an oops of whoever takes it. */
export function isUnheld(value: number): boolean {
  return value === 0 || value === POISON;
}

/** What a body of kernel code becomes in the resumable build. */
export type Coroutine = Generator<undefined, void, undefined>;

/**
 * One simulated CPU, without its vocabulary. Public members are read by resumable code (`switching`, `result`) or by
 * {@link Execution}.
 */
export abstract class SteppingCpu extends Cpu {
  /** Another CPU is to execute now: the coroutine yields. */
  switching = false;
  /** Value of the last operation. */
  result: number | boolean = 0;
  /** Operations executed so far, ends of code included, and those of them that belong to interrupts. */
  count = 0;
  interruptCount = 0;
  /** Position of the last decision about who goes on after this CPU. */
  decidedAt = 0;
  /** Depth of preemption-disabled sections; a spin lock that is held is one. */
  preemptDepth = 0;
  /** The part of it that is not spin locks, mirrored for the checks. */
  protected disabled = 0;
  waiting = WAIT_NONE;
  waitAddr: Addr = 0;
  waitSeen = 0;
  /** The body and, while one is taken, the interrupt on top of it. */
  body: Coroutine | undefined;
  interrupt: Coroutine | undefined;
  /** Word whose next load, or read-modify-write, sees the newest value: the CPU was told that it changed. */
  #fresh: Addr = -1;
  /** The last read-modify-write was fully ordered: its trailing fence comes before the next operation. */
  #owesFence = false;
  #aside: object = {};
  protected readonly run: Execution;
  protected readonly memory: ExplorerMemory;
  readonly #removed: Uint8Array;
  protected readonly limit: number;
  protected readonly line: Addr;

  constructor(id: CpuId, ctx: CpuContext, run: Execution, localBase: Addr) {
    super(id, ctx);
    this.run = run;
    this.memory = run.memory;
    this.#removed = run.removed;
    this.limit = run.image.length - FIRST_VALID_ADDR;
    this.line = localBase + id * CPU_LOCAL.size;
  }

  /** Forget the last execution. */
  restart(body: Coroutine | undefined, current: Addr): void {
    this.switching = false;
    this.result = 0;
    this.count = 0;
    this.interruptCount = 0;
    this.decidedAt = 0;
    this.preemptDepth = 0;
    this.disabled = 0;
    this.waiting = WAIT_NONE;
    this.body = body;
    this.interrupt = undefined;
    this.current = current;
    this.#fresh = -1;
    this.#owesFence = false;
  }

  /**
   * Where the CPU is in its own code, whatever others do: operations of the body or of interrupts, and whether it is
   * blocked in the next one. Waiting itself does not count, so that a lock that is free or not makes no difference.
   */
  get position(): number {
    const { interrupt, count, interruptCount } = this;
    const waits = this.waiting === WAIT_NONE ? 0 : 1;
    return interrupt === undefined
      ? (count - interruptCount) * 4 + waits
      : interruptCount * 4 + 2 + waits;
  }

  /** One more operation is done. */
  advance(): void {
    this.count++;
    if (this.interrupt !== undefined) this.interruptCount++;
  }

  /** Put the body aside, in whatever it was doing, and execute an interrupt. */
  enterInterrupt(code: Coroutine): void {
    const { result, waiting, waitAddr, waitSeen } = this;
    this.#aside = { result, waiting, waitAddr, waitSeen };
    this.waiting = WAIT_NONE;
    this.interrupt = code;
  }

  /** The interrupt is over: the body is where it was. */
  leaveInterrupt(): void {
    Object.assign(this, this.#aside);
    this.interrupt = undefined;
  }

  /** The wait of this CPU is over: carry out what it waited for. Returns whether the CPU goes on after that. */
  completeWait(): boolean {
    const { waiting, waitAddr } = this;
    this.waiting = WAIT_NONE;
    if (waiting === WAIT_LOCK) {
      this.takeLock(waitAddr);
    } else {
      this.#fresh = waitAddr;
      this.finish(waiting === WAIT_HALT ? ops.OP_HALT.code : ops.OP_RELAX.code, waitAddr, 0);
    }
    return !this.switching;
  }

  protected isAblated(site: SiteId | undefined): boolean {
    return site !== undefined && this.#removed[site] === 1;
  }

  protected enter(addr: Addr): void {
    if ((addr - FIRST_VALID_ADDR) >>> 0 >= this.limit) badAddress(this.id, addr);
    if (this.#owesFence) this.#settle();
    this.run.addr = addr;
  }

  #settle(): void {
    this.#owesFence = false;
    this.memory.rmwEnd(this.id);
    this.run.strong = true;
  }

  /** A word has a new newest value. */
  protected changed(addr: Addr): void {
    if (this.run.watched[addr] !== 0) this.run.stir();
  }

  protected finish(code: number, addr: Addr, value: number): void {
    const run = this.run;
    this.advance();
    run.steps++;
    run.hash = Math.imul(run.hash ^ (value + (addr << 8) + (this.id << 3)), 0x9e3779b1) ^ code;
    if (run.recorder !== undefined) run.recorder.operation(this, code, addr, value);
    if (--run.fuel <= 0) run.point(this, code, addr);
  }

  /** A fence or an ablated operation touches no memory: no other CPU can tell when it happened. */
  protected finishLocal(code: number): void {
    const run = this.run;
    run.steps++;
    if (run.recorder !== undefined) run.recorder.operation(this, code, 0, 0);
    if (run.steps > run.stepLimit) run.overrun();
  }

  protected performLoad(code: number, addr: Addr, order: number): number {
    this.enter(addr);
    const run = this.run;
    run.fresh = addr === this.#fresh;
    const value = this.memory.load(this.id, addr, order);
    if (run.fresh) this.#fresh = -1;
    run.fresh = false;
    if (run.races !== undefined) run.races.load(this.id, addr, order);
    this.result = value;
    this.finish(code, addr, value);
    return value;
  }

  protected performStore(code: number, addr: Addr, value: number, order: number): void {
    this.enter(addr);
    this.memory.store(this.id, addr, value | 0, order);
    this.changed(addr);
    if (this.run.races !== undefined) this.run.races.store(this.id, addr, order);
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
    const run = this.run;
    run.fresh = addr === this.#fresh;
    const old = this.memory.rmw(this.id, addr, op, operand | 0, expected, order);
    this.changed(addr);
    if (run.fresh) this.#fresh = -1;
    run.fresh = false;
    if (order === model.RMW_FULL) {
      run.strong = true;
      // A compare-and-exchange that fails orders nothing.
      this.#owesFence = op !== model.RMW_CMPXCHG || old === expected;
    }
    if (run.races !== undefined) run.races.rmw(this.id, addr, order);
    this.result = old;
    this.finish(code, addr, old);
    return old;
  }

  protected performFence(code: number, kind: number, site: SiteId | undefined): void {
    if (this.isAblated(site)) {
      this.run.recorder?.ablated(this, site);
      this.finishLocal(ops.OP_ABLATED.code);
      return;
    }
    if (this.#owesFence) this.#settle();
    this.memory.fence(this.id, kind);
    if (this.run.races !== undefined) this.run.races.fence(this.id, kind);
    if (kind === model.FENCE_MB && this.run.fencesInteract) {
      this.run.strong = true;
      this.finish(code, 0, 0);
    } else {
      this.finishLocal(code);
    }
  }

  /** Take a lock that nobody holds. */
  protected takeLock(lock: Addr): void {
    if (this.memory.newest(lock) === POISON) freedLock(this.id, lock);
    this.memory.lock(this.id, lock);
    this.changed(lock);
    this.preemptDepth++;
    if (this.run.races !== undefined) this.run.races.rmw(this.id, lock, model.RMW_ACQUIRE);
    this.finish(ops.OP_LOCK.code, lock, 0);
  }

  protected waitFor(kind: number, addr: Addr, seen: number, code: number): void {
    this.enter(addr);
    this.waitSeen = seen;
    if (this.memory.newest(addr) === seen) {
      this.startWait(kind, addr, seen, code);
    } else {
      this.#fresh = addr;
      this.finish(code, addr, seen);
    }
  }
  protected startWait(kind: number, addr: Addr, seen: number, code: number): void {
    const run = this.run;
    this.waiting = kind;
    this.waitAddr = addr;
    this.waitSeen = seen;
    run.steps++;
    if (run.recorder !== undefined) run.recorder.operation(this, code, addr, seen);
    run.point(this, code, addr);
  }
}
