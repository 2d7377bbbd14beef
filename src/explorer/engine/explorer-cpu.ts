/** The vocabulary of the explorer's CPUs: what each operation of `cpu` asks of the memory, and of the race detector. */

import {
  checkCount,
  checkEnable,
  checkRelease,
  freedLock,
  maskOf,
  wordOf,
} from '../../memory/fault.js';
import { CPU_LOCAL } from '../../memory/local.js';
import * as model from '../../memory/model.js';
import type { SiteId } from '../../memory/sites.js';
import { isUnheld, POISON, type Addr } from '../../memory/struct.js';
import { WAIT_LOCK, WAIT_MWAIT, WAIT_RELAX } from './cpu-state.js';
import * as ops from './operations.js';
import { SteppingCpu } from './stepping-cpu.js';

/** One simulated CPU of the explorer. */
export class ExplorerCpu extends SteppingCpu {
  override read(addr: Addr): number {
    return this.performLoad(ops.OP_READ.code, addr, model.LOAD_PLAIN);
  }
  override write(addr: Addr, value: number): void {
    this.performStore(ops.OP_WRITE.code, addr, value, model.STORE_PLAIN);
  }
  override readOnce(addr: Addr): number {
    return this.performLoad(ops.OP_READ_ONCE.code, addr, model.LOAD_ONCE);
  }
  override writeOnce(addr: Addr, value: number): void {
    this.performStore(ops.OP_WRITE_ONCE.code, addr, value, model.STORE_ONCE);
  }

  override smpMb(site?: SiteId): void {
    this.performFence(ops.OP_MB.code, model.FENCE_MB, site);
  }
  override smpRmb(site?: SiteId): void {
    this.performFence(ops.OP_RMB.code, model.FENCE_RMB, site);
  }
  override smpWmb(site?: SiteId): void {
    this.performFence(ops.OP_WMB.code, model.FENCE_WMB, site);
  }
  override loadAcquire(addr: Addr, site?: SiteId): number {
    const order = this.isAblated(site) ? model.LOAD_ONCE : model.LOAD_ACQUIRE;
    return this.performLoad(ops.OP_LOAD_ACQUIRE.code, addr, order);
  }
  override storeRelease(addr: Addr, value: number, site?: SiteId): void {
    const order = this.isAblated(site) ? model.STORE_ONCE : model.STORE_RELEASE;
    this.performStore(ops.OP_STORE_RELEASE.code, addr, value, order);
  }

  #order(order: number, site: SiteId | undefined): number {
    return this.isAblated(site) ? model.RMW_RELAXED : order;
  }

  override xchg(addr: Addr, value: number, site?: SiteId): number {
    return this.performRmw(
      ops.OP_XCHG.code,
      addr,
      model.RMW_XCHG,
      value,
      this.#order(model.RMW_FULL, site),
    );
  }
  override xchgRelaxed(addr: Addr, value: number): number {
    return this.performRmw(ops.OP_XCHG.code, addr, model.RMW_XCHG, value, model.RMW_RELAXED);
  }
  override xchgAcquire(addr: Addr, value: number, site?: SiteId): number {
    return this.performRmw(
      ops.OP_XCHG.code,
      addr,
      model.RMW_XCHG,
      value,
      this.#order(model.RMW_ACQUIRE, site),
    );
  }
  override xchgRelease(addr: Addr, value: number, site?: SiteId): number {
    return this.performRmw(
      ops.OP_XCHG.code,
      addr,
      model.RMW_XCHG,
      value,
      this.#order(model.RMW_RELEASE, site),
    );
  }

  #cmpxchg(addr: Addr, expected: number, value: number, order: number): number {
    return this.performRmw(ops.OP_CMPXCHG.code, addr, model.RMW_CMPXCHG, value, order, expected);
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
    return this.performRmw(ops.OP_FETCH_ADD.code, addr, model.RMW_ADD, delta, order);
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
    this.performRmw(ops.OP_ATOMIC_ADD.code, addr, model.RMW_ADD, delta, model.RMW_VOID);
  }
  override setBit(addr: Addr, bit: number): void {
    this.performRmw(ops.OP_SET_BIT.code, addr, model.RMW_OR, maskOf(bit), model.RMW_VOID);
  }
  override clearBit(addr: Addr, bit: number): void {
    this.performRmw(ops.OP_CLEAR_BIT.code, addr, model.RMW_AND, ~maskOf(bit), model.RMW_VOID);
  }
  override testBit(addr: Addr, bit: number): boolean {
    return this.#bit(this.performLoad(ops.OP_TEST_BIT.code, addr, model.LOAD_ONCE), bit);
  }
  override testAndSetBit(addr: Addr, bit: number, site?: SiteId): boolean {
    const order = this.#order(model.RMW_FULL, site);
    return this.#bit(
      this.performRmw(ops.OP_TEST_AND_SET_BIT.code, addr, model.RMW_OR, maskOf(bit), order),
      bit,
    );
  }
  override testAndClearBit(addr: Addr, bit: number, site?: SiteId): boolean {
    const order = this.#order(model.RMW_FULL, site);
    const code = ops.OP_TEST_AND_CLEAR_BIT.code;
    return this.#bit(this.performRmw(code, addr, model.RMW_AND, ~maskOf(bit), order), bit);
  }

  #bit(word: number, bit: number): boolean {
    const set = (word & maskOf(bit)) !== 0;
    this.result = set;
    return set;
  }

  override rcuAssignPointer(addr: Addr, value: Addr, site?: SiteId): void {
    const order = this.isAblated(site) ? model.STORE_ONCE : model.STORE_RELEASE;
    this.performStore(ops.OP_RCU_ASSIGN.code, addr, value, order);
  }
  override rcuDereference(addr: Addr, site?: SiteId): Addr {
    const order = this.isAblated(site) ? model.LOAD_PLAIN : model.LOAD_DEPENDENT;
    return this.performLoad(ops.OP_RCU_DEREFERENCE.code, addr, order);
  }

  override spinLock(lock: Addr, site?: SiteId): void {
    this.enter(lock);
    if (this.isAblated(site)) {
      this.finishAblated(site);
      return;
    }
    if (isUnheld(this.memory.newest(lock))) this.takeLock(lock);
    else this.startWait(WAIT_LOCK, lock, 0, ops.OP_LOCK_WAIT.code);
  }
  override spinTrylock(lock: Addr): boolean {
    this.enter(lock);
    if (this.memory.newest(lock) === POISON) freedLock(this.id, lock);
    const taken = this.memory.trylock(this.id, lock);
    this.changed(lock);
    if (taken) {
      this.state.preemptDepth++;
      this.told.rmw?.rmw(this.id, lock, model.RMW_ACQUIRE);
    }
    this.result = taken;
    this.finish(ops.OP_TRYLOCK.code, lock, taken ? 1 : 0);
    this.result = taken;
    return taken;
  }
  override spinUnlock(lock: Addr, site?: SiteId): void {
    this.enter(lock);
    if (this.isAblated(site)) {
      this.finishLocal(ops.OP_ABLATED.code);
      return;
    }
    checkRelease(this.memory, this.id, lock);
    this.memory.unlock(this.id, lock);
    this.changed(lock);
    this.state.preemptDepth--;
    this.told.store?.store(this.id, lock, model.STORE_RELEASE);
    this.finish(ops.OP_UNLOCK.code, lock, 0);
  }

  override preemptDisable(site?: SiteId): void {
    if (this.isAblated(site)) {
      this.finishAblated(site);
    } else {
      this.#preempt(this.state.preemptDepth + 1, ops.OP_PREEMPT_DISABLE.code);
    }
  }
  override preemptEnable(site?: SiteId): void {
    if (this.isAblated(site)) {
      this.finishLocal(ops.OP_ABLATED.code);
      return;
    }
    checkEnable(this.id, this.disabled);
    this.#preempt(this.state.preemptDepth - 1, ops.OP_PREEMPT_ENABLE.code);
  }
  #preempt(depth: number, code: number): void {
    const { state } = this;
    const visible = this.turns.hasInterrupts && (depth === 0 || state.preemptDepth === 0);
    this.disabled += depth - state.preemptDepth;
    state.preemptDepth = depth;
    this.memory.poke(this.line + CPU_LOCAL.preemptCount, this.disabled);
    this.changed(this.line + CPU_LOCAL.preemptCount);
    if (visible) this.finish(code, this.line + CPU_LOCAL.preemptCount, depth);
    else this.finishLocal(code);
  }

  override relax(addr: Addr, seen: number): void {
    this.waitFor(WAIT_RELAX, addr, seen, ops.OP_RELAX.code);
  }
  override mwait(addr: Addr, seen: number): void {
    this.waitFor(WAIT_MWAIT, addr, seen, ops.OP_MWAIT.code);
  }
  override kick(addr: Addr): void {
    // A CPU that waits for a word to change goes on by itself as soon as it has changed.
    this.checkAddress(addr);
  }

  override halt(addr: Addr, seen: number, timeoutMs = Infinity): number {
    return this.sleepOn(addr, seen, timeoutMs, true);
  }
  override wait(addr: Addr, seen: number, timeoutMs = Infinity): number {
    return this.sleepOn(addr, seen, timeoutMs, false);
  }
  override wake(addr: Addr, count = 1): number {
    checkCount(count);
    return this.performWake(ops.OP_WAKE.code, addr, count);
  }
  override wakeAll(addr: Addr): number {
    return this.performWake(ops.OP_WAKE_ALL.code, addr, Infinity);
  }

  override get(addr: Addr): number {
    this.checkAddress(addr);
    const { platform, state, told } = this;
    platform.substrate = true;
    const value = this.memory.newest(addr);
    told.get?.get(this.id, addr);
    told.operation?.operation(state, ops.OP_GET.code, addr, value);
    return value;
  }
  override set(addr: Addr, value: number): void {
    this.checkAddress(addr);
    const { platform, state, told } = this;
    platform.substrate = true;
    told.set?.set(this.id, addr);
    told.operation?.operation(state, ops.OP_SET.code, addr, value | 0);
    this.memory.poke(addr, wordOf(value));
    this.changed(addr);
  }
  override peek(addr: Addr): number {
    this.checkAddress(addr);
    const { turns, state } = this;
    if (turns.observes) turns.peeked(state, addr);
    const value = this.memory.newest(addr);
    this.told.operation?.operation(state, ops.OP_PEEK.code, addr, value);
    return value;
  }

  override fetch(addr: Addr): number {
    this.checkAddress(addr);
    return this.memory.newest(addr);
  }

  override trace(event: number, a = 0, b = 0, c = 0): void {
    const { platform } = this;
    platform.traced.push(this.id, wordOf(event), wordOf(a), wordOf(b), wordOf(c));
    this.told.event?.event(this.state, event, a, b, c);
  }
  override ablates(site: SiteId): boolean {
    if (!this.isAblated(site)) return false;
    this.told.ablated?.ablated(site);
    return true;
  }
}
