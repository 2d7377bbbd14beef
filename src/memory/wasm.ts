/** The fast backend: a small WebAssembly module with inlined atomics and real fences, over the same words. */

import { readFileSync } from 'node:fs';
import { SimulatorBug } from '../errors.js';
import type { CpuContext } from './cpu.js';
import { NativeCpu } from './native.js';
import type { NativeBoot } from './native-boot.js';
import type { SiteId } from './sites.js';
import type { Addr, CpuId } from './struct.js';

/** Exports of `wasm/klp.wat`; addresses are word indices. */
interface Operations {
  load(addr: Addr): number;
  store(addr: Addr, value: number): void;
  loadAtomic(addr: Addr): number;
  storeAtomic(addr: Addr, value: number): void;
  fence(): void;
  exchange(addr: Addr, value: number): number;
  compareExchange(addr: Addr, expected: number, value: number): number;
  add(addr: Addr, value: number): number;
  or(addr: Addr, value: number): number;
  and(addr: Addr, value: number): number;
}

function instantiate(boot: NativeBoot): Operations {
  const { memory } = boot;
  if (memory?.buffer !== boot.words.buffer) {
    throw new SimulatorBug('the wasm backend needs the WebAssembly.Memory that its words lie in');
  }
  const bytes = readFileSync(new URL('./wasm/klp.wasm', import.meta.url));
  const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes), { klp: { memory } });
  return instance.exports as unknown as Operations;
}

/**
 * A CPU over WebAssembly. Relaxed accesses are plain WebAssembly loads and stores; acquire, release and every
 * read-modify-write are WebAssembly atomics, which are sequentially consistent; all three fences are `atomic.fence`,
 * the only one there is. Plain C accesses are plain typed-array accesses, which an optimising engine may merge as a C
 * compiler may.
 */
export class WasmCpu extends NativeCpu {
  readonly #op: Operations;

  /** @throws SimulatorBug when `boot.memory` is not the memory of `boot.words` */
  constructor(id: CpuId, ctx: CpuContext, boot: NativeBoot) {
    super(id, ctx, boot);
    this.#op = instantiate(boot);
  }

  override read(addr: Addr): number {
    return this.words[this.check(addr)] as number;
  }
  override write(addr: Addr, value: number): void {
    this.words[this.check(addr)] = value;
  }
  override readOnce(addr: Addr): number {
    return this.#op.load(this.check(addr));
  }
  override writeOnce(addr: Addr, value: number): void {
    this.#op.store(this.check(addr), value);
  }
  override readIndependent(addr: Addr): number {
    return this.#op.load(this.check(addr));
  }

  override smpMb(_site?: SiteId): void {
    this.#op.fence();
  }
  override smpRmb(_site?: SiteId): void {
    this.#op.fence();
  }
  override smpWmb(_site?: SiteId): void {
    this.#op.fence();
  }
  override loadAcquire(addr: Addr, _site?: SiteId): number {
    return this.#op.loadAtomic(this.check(addr));
  }
  override storeRelease(addr: Addr, value: number, _site?: SiteId): void {
    this.#op.storeAtomic(this.check(addr), value);
  }

  override xchg(addr: Addr, value: number, _site?: SiteId): number {
    return this.#op.exchange(this.check(addr), value);
  }
  override xchgRelaxed(addr: Addr, value: number): number {
    return this.#op.exchange(this.check(addr), value);
  }
  override xchgAcquire(addr: Addr, value: number, _site?: SiteId): number {
    return this.#op.exchange(this.check(addr), value);
  }
  override xchgRelease(addr: Addr, value: number, _site?: SiteId): number {
    return this.#op.exchange(this.check(addr), value);
  }
  override cmpxchg(addr: Addr, expected: number, value: number, _site?: SiteId): number {
    return this.#op.compareExchange(this.check(addr), expected, value);
  }
  override cmpxchgRelaxed(addr: Addr, expected: number, value: number): number {
    return this.#op.compareExchange(this.check(addr), expected, value);
  }
  override cmpxchgAcquire(addr: Addr, expected: number, value: number, _site?: SiteId): number {
    return this.#op.compareExchange(this.check(addr), expected, value);
  }
  override cmpxchgRelease(addr: Addr, expected: number, value: number, _site?: SiteId): number {
    return this.#op.compareExchange(this.check(addr), expected, value);
  }
  override fetchAdd(addr: Addr, delta: number, _site?: SiteId): number {
    return this.#op.add(this.check(addr), delta);
  }
  override fetchAddRelaxed(addr: Addr, delta: number): number {
    return this.#op.add(this.check(addr), delta);
  }
  override fetchAddAcquire(addr: Addr, delta: number, _site?: SiteId): number {
    return this.#op.add(this.check(addr), delta);
  }
  override fetchAddRelease(addr: Addr, delta: number, _site?: SiteId): number {
    return this.#op.add(this.check(addr), delta);
  }
  override atomicAdd(addr: Addr, delta: number): void {
    this.#op.add(this.check(addr), delta);
  }
  override setBit(addr: Addr, bit: number): void {
    this.#op.or(this.check(addr), 1 << bit);
  }
  override clearBit(addr: Addr, bit: number): void {
    this.#op.and(this.check(addr), ~(1 << bit));
  }
  override testBit(addr: Addr, bit: number): boolean {
    return (this.#op.load(this.check(addr)) & (1 << bit)) !== 0;
  }
  override testAndSetBit(addr: Addr, bit: number, _site?: SiteId): boolean {
    return (this.#op.or(this.check(addr), 1 << bit) & (1 << bit)) !== 0;
  }
  override testAndClearBit(addr: Addr, bit: number, _site?: SiteId): boolean {
    return (this.#op.and(this.check(addr), ~(1 << bit)) & (1 << bit)) !== 0;
  }
  override testAndSetBitRelaxed(addr: Addr, bit: number): boolean {
    return (this.#op.or(this.check(addr), 1 << bit) & (1 << bit)) !== 0;
  }
  override testAndClearBitRelaxed(addr: Addr, bit: number): boolean {
    return (this.#op.and(this.check(addr), ~(1 << bit)) & (1 << bit)) !== 0;
  }

  override rcuAssignPointer(addr: Addr, value: Addr, _site?: SiteId): void {
    this.#op.storeAtomic(this.check(addr), value);
  }
  override rcuDereference(addr: Addr, _site?: SiteId): Addr {
    return this.#op.load(this.check(addr));
  }
}
