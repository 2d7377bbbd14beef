/** A CPU of the explorer: executes operations on a deterministic memory and says after each whether another CPU is next. */

import { badAddress, FIRST_VALID_ADDR } from '../memory/fault.js';
import { Cpu, type CpuContext } from '../memory/cpu.js';
import { CPU_LOCAL } from '../memory/local.js';
import * as model from '../memory/model.js';
import type { SiteId } from '../memory/sites.js';
import type { Addr, CpuId } from '../memory/struct.js';
import type { Execution } from './execution.js';
import type { ExplorerMemory } from './explorer-memory.js';
import * as ops from './operations.js';

/** Why a CPU cannot go on. */
export const WAIT_NONE = 0;
export const WAIT_LOCK = 1;
export const WAIT_RELAX = 2;
export const WAIT_HALT = 3;

/** What a body of kernel code becomes in the resumable build. */
export type Coroutine = Generator<undefined, void, undefined>;

/**
 * One simulated CPU. Members without a `#` are read by resumable code (`switching`, `result`) or by {@link Execution}.
 */
export class ExplorerCpu extends Cpu {
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
  #disabled = 0;
  waiting = WAIT_NONE;
  waitAddr: Addr = 0;
  waitSeen = 0;
  /** The body and, while one is taken, the interrupt on top of it. */
  body: Coroutine | undefined;
  interrupt: Coroutine | undefined;
  /** Word whose next load sees the newest value: the CPU was told that it changed. */
  #fresh: Addr = -1;
  /** The last read-modify-write was fully ordered: its trailing fence comes before the next operation. */
  #owesFence = false;
  #aside: object = {};
  readonly #run: Execution;
  readonly #memory: ExplorerMemory;
  readonly #removed: Uint8Array;
  readonly #limit: number;
  readonly #line: Addr;

  constructor(id: CpuId, ctx: CpuContext, run: Execution, localBase: Addr) {
    super(id, ctx);
    this.#run = run;
    this.#memory = run.memory;
    this.#removed = run.removed;
    this.#limit = run.image.length - FIRST_VALID_ADDR;
    this.#line = localBase + id * CPU_LOCAL.size;
  }

  /** Forget the last execution. */
  restart(body: Coroutine | undefined, current: Addr): void {
    this.switching = false;
    this.result = 0;
    this.count = 0;
    this.interruptCount = 0;
    this.decidedAt = 0;
    this.preemptDepth = 0;
    this.#disabled = 0;
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
      this.#lock(waitAddr);
    } else {
      this.#fresh = waitAddr;
      this.#finish(waiting === WAIT_HALT ? ops.OP_HALT.code : ops.OP_RELAX.code, waitAddr, 0);
    }
    return !this.switching;
  }

  #isAblated(site: SiteId | undefined): boolean {
    return site !== undefined && this.#removed[site] === 1;
  }

  #enter(addr: Addr): void {
    if ((addr - FIRST_VALID_ADDR) >>> 0 >= this.#limit) badAddress(this.id, addr);
    if (this.#owesFence) this.#settle();
    this.#run.addr = addr;
  }

  #settle(): void {
    this.#owesFence = false;
    this.#memory.rmwEnd(this.id);
    this.#run.strong = true;
  }

  #finish(code: number, addr: Addr, value: number): void {
    const run = this.#run;
    this.advance();
    run.steps++;
    run.hash = Math.imul(run.hash ^ (value + (addr << 8) + (this.id << 3)), 0x9e3779b1) ^ code;
    if (run.recorder !== undefined) run.recorder.operation(this, code, addr, value);
    if (--run.fuel <= 0) run.point(this, code, addr);
  }

  /** A fence or an ablated operation touches no memory: no other CPU can tell when it happened. */
  #finishLocal(code: number): void {
    const run = this.#run;
    run.steps++;
    if (run.recorder !== undefined) run.recorder.operation(this, code, 0, 0);
    if (run.steps > run.stepLimit) run.overrun();
  }

  #load(code: number, addr: Addr, order: number): number {
    this.#enter(addr);
    const run = this.#run;
    run.fresh = addr === this.#fresh;
    const value = this.#memory.load(this.id, addr, order);
    if (run.fresh) this.#fresh = -1;
    run.fresh = false;
    if (run.races !== undefined) run.races.load(this.id, addr, order);
    this.result = value;
    this.#finish(code, addr, value);
    return value;
  }

  #store(code: number, addr: Addr, value: number, order: number): void {
    this.#enter(addr);
    this.#memory.store(this.id, addr, value | 0, order);
    if (this.#run.races !== undefined) this.#run.races.store(this.id, addr, order);
    this.#finish(code, addr, value | 0);
  }

  #rmw(code: number, addr: Addr, op: number, operand: number, order: number, expected = 0): number {
    this.#enter(addr);
    const old = this.#memory.rmw(this.id, addr, op, operand | 0, expected, order);
    if (order === model.RMW_FULL) {
      this.#run.strong = true;
      // A compare-and-exchange that fails orders nothing.
      this.#owesFence = op !== model.RMW_CMPXCHG || old === expected;
    }
    if (this.#run.races !== undefined) this.#run.races.rmw(this.id, addr, order);
    this.result = old;
    this.#finish(code, addr, old);
    return old;
  }

  #order(order: number, site: SiteId | undefined): number {
    return this.#isAblated(site) ? model.RMW_RELAXED : order;
  }

  override read(addr: Addr): number {
    return this.#load(ops.OP_READ.code, addr, model.LOAD_PLAIN);
  }
  override write(addr: Addr, value: number): void {
    this.#store(ops.OP_WRITE.code, addr, value, model.STORE_PLAIN);
  }
  override readOnce(addr: Addr): number {
    return this.#load(ops.OP_READ_ONCE.code, addr, model.LOAD_ONCE);
  }
  override writeOnce(addr: Addr, value: number): void {
    this.#store(ops.OP_WRITE_ONCE.code, addr, value, model.STORE_ONCE);
  }

  #fence(code: number, kind: number, site: SiteId | undefined): void {
    if (this.#isAblated(site)) {
      this.#run.recorder?.ablated(this, site);
      this.#finishLocal(ops.OP_ABLATED.code);
      return;
    }
    if (this.#owesFence) this.#settle();
    this.#memory.fence(this.id, kind);
    if (this.#run.races !== undefined) this.#run.races.fence(this.id, kind);
    if (kind === model.FENCE_MB && this.#run.fencesInteract) {
      this.#run.strong = true;
      this.#finish(code, 0, 0);
    } else {
      this.#finishLocal(code);
    }
  }

  override smpMb(site?: SiteId): void {
    this.#fence(ops.OP_MB.code, model.FENCE_MB, site);
  }
  override smpRmb(site?: SiteId): void {
    this.#fence(ops.OP_RMB.code, model.FENCE_RMB, site);
  }
  override smpWmb(site?: SiteId): void {
    this.#fence(ops.OP_WMB.code, model.FENCE_WMB, site);
  }
  override loadAcquire(addr: Addr, site?: SiteId): number {
    const order = this.#isAblated(site) ? model.LOAD_ONCE : model.LOAD_ACQUIRE;
    return this.#load(ops.OP_LOAD_ACQUIRE.code, addr, order);
  }
  override storeRelease(addr: Addr, value: number, site?: SiteId): void {
    const order = this.#isAblated(site) ? model.STORE_ONCE : model.STORE_RELEASE;
    this.#store(ops.OP_STORE_RELEASE.code, addr, value, order);
  }

  override xchg(addr: Addr, value: number, site?: SiteId): number {
    return this.#rmw(
      ops.OP_XCHG.code,
      addr,
      model.RMW_XCHG,
      value,
      this.#order(model.RMW_FULL, site),
    );
  }
  override xchgRelaxed(addr: Addr, value: number): number {
    return this.#rmw(ops.OP_XCHG.code, addr, model.RMW_XCHG, value, model.RMW_RELAXED);
  }
  override xchgAcquire(addr: Addr, value: number, site?: SiteId): number {
    return this.#rmw(
      ops.OP_XCHG.code,
      addr,
      model.RMW_XCHG,
      value,
      this.#order(model.RMW_ACQUIRE, site),
    );
  }
  override xchgRelease(addr: Addr, value: number, site?: SiteId): number {
    return this.#rmw(
      ops.OP_XCHG.code,
      addr,
      model.RMW_XCHG,
      value,
      this.#order(model.RMW_RELEASE, site),
    );
  }

  #cmpxchg(addr: Addr, expected: number, value: number, order: number): number {
    return this.#rmw(ops.OP_CMPXCHG.code, addr, model.RMW_CMPXCHG, value, order, expected);
  }
  override cmpxchg(addr: Addr, expected: number, value: number, site?: SiteId): number {
    return this.#cmpxchg(addr, expected, value, this.#order(model.RMW_FULL, site));
  }
  override cmpxchgRelaxed(addr: Addr, expected: number, value: number): number {
    return this.#cmpxchg(addr, expected, value, model.RMW_RELAXED);
  }
  override cmpxchgAcquire(addr: Addr, expected: number, value: number, site?: SiteId): number {
    return this.#cmpxchg(addr, expected, value, this.#order(model.RMW_ACQUIRE, site));
  }
  override cmpxchgRelease(addr: Addr, expected: number, value: number, site?: SiteId): number {
    return this.#cmpxchg(addr, expected, value, this.#order(model.RMW_RELEASE, site));
  }

  #fetchAdd(addr: Addr, delta: number, order: number): number {
    return this.#rmw(ops.OP_FETCH_ADD.code, addr, model.RMW_ADD, delta, order);
  }
  override fetchAdd(addr: Addr, delta: number, site?: SiteId): number {
    return this.#fetchAdd(addr, delta, this.#order(model.RMW_FULL, site));
  }
  override fetchAddRelaxed(addr: Addr, delta: number): number {
    return this.#fetchAdd(addr, delta, model.RMW_RELAXED);
  }
  override fetchAddAcquire(addr: Addr, delta: number, site?: SiteId): number {
    return this.#fetchAdd(addr, delta, this.#order(model.RMW_ACQUIRE, site));
  }
  override fetchAddRelease(addr: Addr, delta: number, site?: SiteId): number {
    return this.#fetchAdd(addr, delta, this.#order(model.RMW_RELEASE, site));
  }
  override atomicAdd(addr: Addr, delta: number): void {
    this.#rmw(ops.OP_ATOMIC_ADD.code, addr, model.RMW_ADD, delta, model.RMW_VOID);
  }
  override setBit(addr: Addr, bit: number): void {
    this.#rmw(ops.OP_SET_BIT.code, addr, model.RMW_OR, 1 << bit, model.RMW_VOID);
  }
  override clearBit(addr: Addr, bit: number): void {
    this.#rmw(ops.OP_CLEAR_BIT.code, addr, model.RMW_AND, ~(1 << bit), model.RMW_VOID);
  }
  override testBit(addr: Addr, bit: number): boolean {
    return this.#bit(this.#load(ops.OP_TEST_BIT.code, addr, model.LOAD_ONCE), bit);
  }
  override testAndSetBit(addr: Addr, bit: number, site?: SiteId): boolean {
    const order = this.#order(model.RMW_FULL, site);
    return this.#bit(
      this.#rmw(ops.OP_TEST_AND_SET_BIT.code, addr, model.RMW_OR, 1 << bit, order),
      bit,
    );
  }
  override testAndClearBit(addr: Addr, bit: number, site?: SiteId): boolean {
    const order = this.#order(model.RMW_FULL, site);
    const code = ops.OP_TEST_AND_CLEAR_BIT.code;
    return this.#bit(this.#rmw(code, addr, model.RMW_AND, ~(1 << bit), order), bit);
  }

  #bit(word: number, bit: number): boolean {
    const set = (word & (1 << bit)) !== 0;
    this.result = set;
    return set;
  }

  override rcuAssignPointer(addr: Addr, value: Addr, site?: SiteId): void {
    const order = this.#isAblated(site) ? model.STORE_ONCE : model.STORE_RELEASE;
    this.#store(ops.OP_RCU_ASSIGN.code, addr, value, order);
  }
  override rcuDereference(addr: Addr, site?: SiteId): Addr {
    const order = this.#isAblated(site) ? model.LOAD_PLAIN : model.LOAD_DEPENDENT;
    return this.#load(ops.OP_RCU_DEREFERENCE.code, addr, order);
  }

  override spinLock(lock: Addr, site?: SiteId): void {
    this.#enter(lock);
    if (this.#isAblated(site)) {
      this.#run.recorder?.ablated(this, site);
      this.#finishLocal(ops.OP_ABLATED.code);
    } else if (this.#memory.newest(lock) !== 0) {
      this.#wait(WAIT_LOCK, lock, 0, ops.OP_LOCK_WAIT.code);
    } else {
      this.#lock(lock);
    }
  }
  #lock(lock: Addr): void {
    this.#memory.lock(this.id, lock);
    this.preemptDepth++;
    if (this.#run.races !== undefined) this.#run.races.rmw(this.id, lock, model.RMW_ACQUIRE);
    this.#finish(ops.OP_LOCK.code, lock, 0);
  }
  override spinTrylock(lock: Addr): boolean {
    this.#enter(lock);
    const taken = this.#memory.trylock(this.id, lock);
    if (taken) this.preemptDepth++;
    if (taken && this.#run.races !== undefined) {
      this.#run.races.rmw(this.id, lock, model.RMW_ACQUIRE);
    }
    this.result = taken;
    this.#finish(ops.OP_TRYLOCK.code, lock, taken ? 1 : 0);
    this.result = taken;
    return taken;
  }
  override spinUnlock(lock: Addr, site?: SiteId): void {
    this.#enter(lock);
    if (this.#isAblated(site)) {
      this.#finishLocal(ops.OP_ABLATED.code);
      return;
    }
    this.#memory.unlock(this.id, lock);
    this.preemptDepth--;
    if (this.#run.races !== undefined) this.#run.races.store(this.id, lock, model.STORE_RELEASE);
    this.#finish(ops.OP_UNLOCK.code, lock, 0);
  }

  override preemptDisable(site?: SiteId): void {
    if (this.#isAblated(site)) {
      this.#run.recorder?.ablated(this, site);
      this.#finishLocal(ops.OP_ABLATED.code);
    } else {
      this.#preempt(this.preemptDepth + 1, ops.OP_PREEMPT_DISABLE.code);
    }
  }
  override preemptEnable(site?: SiteId): void {
    if (this.#isAblated(site)) this.#finishLocal(ops.OP_ABLATED.code);
    else this.#preempt(this.preemptDepth - 1, ops.OP_PREEMPT_ENABLE.code);
  }
  #preempt(depth: number, code: number): void {
    const visible = this.#run.interrupts && (depth === 0 || this.preemptDepth === 0);
    this.#disabled += depth - this.preemptDepth;
    this.preemptDepth = depth;
    this.#memory.poke(this.#line + CPU_LOCAL.preemptCount, this.#disabled);
    if (visible) this.#finish(code, this.#line + CPU_LOCAL.preemptCount, depth);
    else this.#finishLocal(code);
  }

  override relax(addr: Addr, seen: number): void {
    this.#waitFor(WAIT_RELAX, addr, seen, ops.OP_RELAX.code);
  }
  override halt(addr: Addr, seen: number): void {
    this.#waitFor(WAIT_HALT, addr, seen, ops.OP_HALT.code);
  }
  #waitFor(kind: number, addr: Addr, seen: number, code: number): void {
    this.#enter(addr);
    this.waitSeen = seen;
    if (this.#memory.newest(addr) === seen) {
      this.#wait(kind, addr, seen, code);
    } else {
      this.#fresh = addr;
      this.#finish(code, addr, seen);
    }
  }
  #wait(kind: number, addr: Addr, seen: number, code: number): void {
    const run = this.#run;
    this.waiting = kind;
    this.waitAddr = addr;
    this.waitSeen = seen;
    run.steps++;
    if (run.recorder !== undefined) run.recorder.operation(this, code, addr, seen);
    run.point(this, code, addr);
  }
  override wake(_addr: Addr): void {
    // Waits end by themselves as soon as the word has changed.
  }

  override get(addr: Addr): number {
    if ((addr - FIRST_VALID_ADDR) >>> 0 >= this.#limit) badAddress(this.id, addr);
    const run = this.#run;
    if (run.races === undefined) run.substrate = true;
    else run.races.get(this.id, addr, this.position);
    const value = this.#memory.newest(addr);
    if (run.recorder !== undefined) run.recorder.operation(this, ops.OP_GET.code, addr, value);
    return value;
  }
  override set(addr: Addr, value: number): void {
    if ((addr - FIRST_VALID_ADDR) >>> 0 >= this.#limit) badAddress(this.id, addr);
    const run = this.#run;
    if (run.races === undefined) run.substrate = true;
    else run.races.set(this.id, addr, this.position);
    if (run.recorder !== undefined) run.recorder.operation(this, ops.OP_SET.code, addr, value | 0);
    this.#memory.poke(addr, value | 0);
  }
  override peek(addr: Addr): number {
    if ((addr - FIRST_VALID_ADDR) >>> 0 >= this.#limit) badAddress(this.id, addr);
    const run = this.#run;
    if (run.observes) run.peeked(this, addr);
    const value = this.#memory.newest(addr);
    if (run.recorder !== undefined) run.recorder.operation(this, ops.OP_PEEK.code, addr, value);
    return value;
  }

  override fetch(addr: Addr): number {
    if ((addr - FIRST_VALID_ADDR) >>> 0 >= this.#limit) badAddress(this.id, addr);
    return this.#memory.newest(addr);
  }

  override trace(event: number, a = 0, b = 0, c = 0): void {
    const run = this.#run;
    run.traced.push(this.id, event, a, b, c);
    run.recorder?.event(this, event, a, b, c);
    run.listener?.(this.id, event, a, b, c);
  }
  override ablates(site: SiteId): boolean {
    if (this.#removed[site] !== 1) return false;
    this.#run.recorder?.ablated(this, site);
    return true;
  }
}
