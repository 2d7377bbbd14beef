/** A CPU that has no memory: it asks for every access and goes on with the answer. */

import { UsageError } from '../../errors.js';
import {
  badAddress,
  checkEnable,
  checkMaySleep,
  maskOf,
  rethrowFault,
  wordOf,
} from '../../memory/fault.js';
import { Cpu, type CpuContext } from '../../memory/cpu.js';
import { CPU_LOCAL } from '../../memory/local.js';
import * as model from '../../memory/model.js';
import { isRemoved, type SiteId } from '../../memory/sites.js';
import { FIRST_VALID_ADDR, type Addr, type CpuId } from '../../memory/struct.js';
import type { Answers, Asked, AskingOptions } from './asking.js';
import { mix, mixAgain } from './hash.js';
import * as ask from './requests.js';

/** Marks in the hash: a function began, a function is over. */
const ENTERED = 0x3c6ef372;
const LEFT = 0x1f83d9ab;

/** Executes kernel code on the answers that it is given. Where memory is sequentially consistent, fences are nothing. */
export class AskingCpu extends Cpu {
  /** The coroutine yields: the answer is not known yet. */
  switching = false;
  result: number | boolean = 0;
  /** Depth of preemption-disabled sections; a spin lock that is held is one. */
  preemptDepth = 0;
  #disabled = 0;
  #answers: Answers;
  /** What to do with the answer. */
  #asked = ask.ASK_END;
  #addr: Addr = 0;
  /** Hash of everything that the code's further behaviour depends on, in two halves. */
  low = 0;
  high = 0;
  /** Functions under way. */
  frames = 0;
  /** For each: the hash when it was called, and whether its caller may see what it did other than by its result. */
  #callers: number[] = [];
  /** Hash of the spin locks held. */
  #held = 0;
  /** Fences that the next operation begins with. */
  #fences = 0;
  /** The word that the code was told has changed: it sees the newest value of it next; -1 for none. */
  #fresh: Addr = -1;
  /** What makes a compare-and-exchange succeed. */
  #expected = 0;
  readonly #options: AskingOptions;
  readonly #limit: number;
  readonly #count: Addr;

  constructor(id: CpuId, ctx: CpuContext, answers: Answers, options: AskingOptions) {
    super(id, ctx);
    this.#answers = answers;
    this.#options = options;
    this.#limit = options.words - FIRST_VALID_ADDR;
    this.#count = options.localBase + id * CPU_LOCAL.size + CPU_LOCAL.preemptCount;
  }

  /** Forget everything, and get answers from another source. */
  restart(answers: Answers, current: Addr, low: number, high: number): void {
    this.#answers = answers;
    this.current = current;
    this.switching = false;
    this.preemptDepth = this.#disabled = this.#held = this.#fences = 0;
    this.#fresh = -1;
    this.low = low;
    this.high = high;
    this.frames = 0;
  }

  #mix(n: number): void {
    this.low = mix(this.low, n);
    this.high = mixAgain(this.high, n);
  }

  /** What the CPU itself holds besides the variables of the code. */
  #mixRegisters(): void {
    this.#mix(this.preemptDepth);
    this.#mix(this.#disabled);
    this.#mix(this.current);
    this.#mix(this.#held);
    if (!this.#options.isWeak) return;
    this.#mix(this.#fences);
    this.#mix(this.#fresh);
  }

  /** A function begins; parameters are given. */
  entered(...parameters: readonly unknown[]): void {
    const at = 3 * this.frames++;
    const callers = this.#callers;
    callers[at] = this.low;
    callers[at + 1] = this.high;
    callers[at + 2] = parameters.every((one) => this.#options.constants.numberOf(one) !== undefined)
      ? 1
      : 0;
    this.#mix(ENTERED);
  }

  /**
   * A function that was called when `frames` were under way is over: what it saw no longer matters, only what it returns. If
   * there was none, the call was optional.
   */
  left<T>(frames: number, value: T): T {
    if (this.frames <= frames) return value;
    this.frames = frames;
    const callers = this.#callers;
    const result = this.#options.constants.numberOf(value);
    const at = 3 * frames;
    const isOver = result !== undefined && callers[at + 2] !== 0;
    if (isOver) {
      this.low = callers[at] as number;
      this.high = callers[at + 1] as number;
    }
    this.#mix(LEFT);
    if (!isOver) return value;
    if (this.#options.broken !== 'R-7') this.#mix(result);
    this.#mixRegisters();
    return value;
  }

  readonly tellsLoops = true;
  readonly uncaught = rethrowFault;
  /** The frame says so. */
  readonly called = (): void => undefined;
  /** What came before still matters. */
  readonly hides = (): void => undefined;

  /** A loop goes round: what came before in this function no longer matters, only its variables. */
  looped(place: number, _code: number, ...variables: readonly unknown[]): void {
    const { constants } = this.#options;
    if (this.frames === 0) return;
    for (const one of variables) if (constants.numberOf(one) === undefined) return;
    const at = 3 * (this.frames - 1);
    this.low = this.#callers[at] as number;
    this.high = this.#callers[at + 1] as number;
    this.#mix(place);
    if (this.#options.broken === 'R-8') return;
    for (const one of variables) this.#mix(constants.numberOf(one) as number);
    this.#mixRegisters();
  }

  /** The answer to what the CPU asked last. */
  answer(value: number): void {
    const kind = this.#asked;
    this.switching = false;
    this.#mix(value);
    // A compare-and-exchange that fails orders nothing.
    if (kind === ask.ASK_CMPXCHG && value !== this.#expected) this.#fences = 0;
    if (kind === ask.ASK_TRYLOCK && value !== 0) {
      this.preemptDepth++;
      this.#held ^= mix(this.#addr, LEFT);
    }
    const isBit = kind === ask.ASK_BIT || kind === ask.ASK_SET_BIT || kind === ask.ASK_CLEAR_BIT;
    this.result = isBit || kind === ask.ASK_TRYLOCK ? value !== 0 : value;
  }

  #check(addr: Addr): void {
    if ((addr - FIRST_VALID_ADDR) >>> 0 >= this.#limit) badAddress(this.id, addr);
  }

  #ask(kind: number, addr: Addr, order = 0, a = 0, b = 0): number {
    this.#check(addr);
    return this.#request({
      kind,
      addr,
      a: wordOf(a),
      b: wordOf(b),
      order: this.#ordered(kind, order) | this.#freshness(kind, addr),
    });
  }

  #request(asked: Asked): number {
    this.#asked = asked.kind;
    this.#addr = asked.addr;
    const value = this.#answers.request(asked);
    if (value === undefined) this.switching = true;
    else this.answer(value);
    return value ?? 0;
  }

  #freshness(kind: number, addr: Addr): number {
    if (!this.#options.isWeak) return 0;
    if (kind === ask.ASK_RELAX || kind === ask.ASK_MWAIT) this.#fresh = addr;
    else if (addr === this.#fresh && (ask.isLoad(kind) || ask.isModify(kind))) {
      this.#fresh = -1;
      return ask.FRESH;
    }
    return 0;
  }

  /** The order of an operation with the fences before it; what the next one begins with is known then. */
  #ordered(kind: number, order: number): number {
    if (!this.#options.isWeak || ask.isImmediate(kind)) return 0;
    // The count of preemption is no operation that waits for a fence.
    if (kind === ask.ASK_PREEMPT && (this.#fences & (ask.READ_FENCE | ask.WRITE_FENCE)) === 0)
      return 0;
    const fences = this.#fences;
    this.#fences = ask.isModify(kind) && order === model.RMW_FULL ? ask.OWES_FENCE : 0;
    return order | fences;
  }

  /** The order of what is ordered by a site. */
  #at(site: SiteId | undefined, order: number, otherwise: number): number {
    return this.#isAblated(site) ? otherwise : order;
  }

  #modify(kind: number, addr: Addr, a: number, order: number, site?: SiteId, b = 0): number {
    return this.#ask(kind, addr, this.#at(site, order, model.RMW_RELAXED), a, b);
  }

  #isAblated(site: SiteId | undefined): boolean {
    return isRemoved(this.#options.removed, site);
  }

  override read(addr: Addr): number {
    return this.#ask(ask.ASK_READ, addr, model.LOAD_PLAIN);
  }
  override readOnce(addr: Addr): number {
    return this.#ask(ask.ASK_READ, addr, model.LOAD_ONCE);
  }
  override loadAcquire(addr: Addr, site?: SiteId): number {
    return this.#ask(ask.ASK_READ, addr, this.#at(site, model.LOAD_ACQUIRE, model.LOAD_ONCE));
  }
  override rcuDereference(addr: Addr, site?: SiteId): Addr {
    return this.#ask(ask.ASK_READ, addr, this.#at(site, model.LOAD_DEPENDENT, model.LOAD_PLAIN));
  }
  override testBit(addr: Addr, bit: number): boolean {
    return this.#ask(ask.ASK_BIT, addr, model.LOAD_ONCE, bit) !== 0;
  }
  override write(addr: Addr, value: number): void {
    this.#ask(ask.ASK_WRITE, addr, model.STORE_PLAIN, value);
  }
  override writeOnce(addr: Addr, value: number): void {
    this.#ask(ask.ASK_WRITE, addr, model.STORE_ONCE, value);
  }
  override storeRelease(addr: Addr, value: number, site?: SiteId): void {
    const order = this.#at(site, model.STORE_RELEASE, model.STORE_ONCE);
    this.#ask(ask.ASK_WRITE, addr, order, value);
  }
  override rcuAssignPointer(addr: Addr, value: Addr, site?: SiteId): void {
    this.storeRelease(addr, value, site);
  }

  override smpMb(site?: SiteId): void {
    if (this.#isAblated(site) || !this.#options.isWeak) return;
    const order = this.#ordered(ask.ASK_FENCE, 0);
    this.#request({ kind: ask.ASK_FENCE, addr: ask.FENCE_WORD, a: 0, b: 0, order });
  }
  override smpRmb(site?: SiteId): void {
    if (!this.#isAblated(site)) this.#fences |= ask.READ_FENCE;
  }
  override smpWmb(site?: SiteId): void {
    if (!this.#isAblated(site)) this.#fences |= ask.WRITE_FENCE;
  }

  override xchg(addr: Addr, value: number, site?: SiteId): number {
    return this.#modify(ask.ASK_XCHG, addr, value, model.RMW_FULL, site);
  }
  override xchgRelaxed(addr: Addr, value: number): number {
    return this.#ask(ask.ASK_XCHG, addr, model.RMW_RELAXED, value);
  }
  override xchgAcquire(addr: Addr, value: number, site?: SiteId): number {
    return this.#modify(ask.ASK_XCHG, addr, value, model.RMW_ACQUIRE, site);
  }
  override xchgRelease(addr: Addr, value: number, site?: SiteId): number {
    return this.#modify(ask.ASK_XCHG, addr, value, model.RMW_RELEASE, site);
  }
  #cmpxchg(addr: Addr, expected: number, value: number, order: number, site?: SiteId): number {
    this.#expected = expected | 0;
    return this.#modify(ask.ASK_CMPXCHG, addr, expected, order, site, value);
  }
  override cmpxchg(addr: Addr, expected: number, value: number, site?: SiteId): number {
    return this.#cmpxchg(addr, expected, value, model.RMW_FULL, site);
  }
  override cmpxchgRelaxed(addr: Addr, expected: number, value: number): number {
    return this.#cmpxchg(addr, expected, value, model.RMW_RELAXED);
  }
  override cmpxchgAcquire(addr: Addr, expected: number, value: number, site?: SiteId): number {
    return this.#cmpxchg(addr, expected, value, model.RMW_ACQUIRE, site);
  }
  override cmpxchgRelease(addr: Addr, expected: number, value: number, site?: SiteId): number {
    return this.#cmpxchg(addr, expected, value, model.RMW_RELEASE, site);
  }
  override fetchAdd(addr: Addr, delta: number, site?: SiteId): number {
    return this.#modify(ask.ASK_FETCH_ADD, addr, delta, model.RMW_FULL, site);
  }
  override fetchAddRelaxed(addr: Addr, delta: number): number {
    return this.#ask(ask.ASK_FETCH_ADD, addr, model.RMW_RELAXED, delta);
  }
  override fetchAddAcquire(addr: Addr, delta: number, site?: SiteId): number {
    return this.#modify(ask.ASK_FETCH_ADD, addr, delta, model.RMW_ACQUIRE, site);
  }
  override fetchAddRelease(addr: Addr, delta: number, site?: SiteId): number {
    return this.#modify(ask.ASK_FETCH_ADD, addr, delta, model.RMW_RELEASE, site);
  }
  override atomicAdd(addr: Addr, delta: number): void {
    this.#ask(ask.ASK_ADD, addr, model.RMW_VOID, delta);
  }
  override setBit(addr: Addr, bit: number): void {
    this.#ask(ask.ASK_OR, addr, model.RMW_VOID, maskOf(bit));
  }
  override clearBit(addr: Addr, bit: number): void {
    this.#ask(ask.ASK_AND, addr, model.RMW_VOID, ~maskOf(bit));
  }
  override testAndSetBit(addr: Addr, bit: number, site?: SiteId): boolean {
    return this.#modify(ask.ASK_SET_BIT, addr, bit, model.RMW_FULL, site) !== 0;
  }
  override testAndClearBit(addr: Addr, bit: number, site?: SiteId): boolean {
    return this.#modify(ask.ASK_CLEAR_BIT, addr, bit, model.RMW_FULL, site) !== 0;
  }

  override spinLock(lock: Addr, site?: SiteId): void {
    this.#check(lock);
    if (this.#isAblated(site)) return;
    this.#ask(ask.ASK_LOCK, lock);
    this.preemptDepth++;
    this.#held ^= mix(lock, LEFT);
  }
  override spinTrylock(lock: Addr): boolean {
    return this.#ask(ask.ASK_TRYLOCK, lock) !== 0;
  }
  override spinUnlock(lock: Addr, site?: SiteId): void {
    this.#check(lock);
    if (this.#isAblated(site)) return;
    this.#ask(ask.ASK_UNLOCK, lock);
    this.preemptDepth--;
    this.#held ^= mix(lock, LEFT);
  }
  override preemptDisable(site?: SiteId): void {
    if (!this.#isAblated(site)) this.#preempt(1);
  }
  override preemptEnable(site?: SiteId): void {
    if (!this.#isAblated(site)) this.#preempt(-1);
  }
  #preempt(change: number): void {
    if (change < 0) checkEnable(this.id, this.#disabled);
    const depth = this.preemptDepth + change;
    const isVisible = this.#options.hasInterrupts && (depth === 0 || this.preemptDepth === 0);
    this.#disabled += change;
    this.#ask(isVisible ? ask.ASK_PREEMPT : ask.ASK_SET, this.#count, 0, this.#disabled);
    this.preemptDepth = depth;
  }

  override mightSleep(what: string): void {
    const disabled = this.#disabled;
    checkMaySleep(this.id, what, { locks: this.preemptDepth - disabled, disabled });
  }

  override relax(addr: Addr, seen: number): void {
    this.#ask(ask.ASK_RELAX, addr, 0, seen);
  }
  override mwait(addr: Addr, seen: number): void {
    this.#ask(ask.ASK_MWAIT, addr, 0, seen);
  }
  override kick(_addr: Addr): void {
    // Waits end by themselves as soon as the word has changed.
  }
  override halt(): number {
    return this.#sleeps();
  }
  override wait(): number {
    return this.#sleeps();
  }
  override wake(): number {
    return this.#sleeps();
  }
  override wakeAll(): number {
    return this.#sleeps();
  }
  #sleeps(): never {
    throw new UsageError(
      'states of code that sleeps until it is woken are not searched: explore it at random, or with dfs',
    );
  }

  override get(addr: Addr): number {
    return this.#ask(ask.ASK_GET, addr);
  }
  override set(addr: Addr, value: number): void {
    this.#ask(ask.ASK_SET, addr, 0, value);
  }
  override peek(addr: Addr): number {
    return this.#ask(ask.ASK_GET, addr);
  }
  override fetch(addr: Addr): number {
    return this.#ask(ask.ASK_GET, addr);
  }
  override trace(event: number, a = 0, b = 0, c = 0): void {
    this.#answers.traced(event, a, b, c);
    this.#mix(event);
  }
  override ablates(site: SiteId): boolean {
    return this.#isAblated(site);
  }
}
