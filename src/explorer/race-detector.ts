/** Data races on substrate data, by vector clocks: two accesses of one word, one a store, that nothing orders. */

import {
  FENCE_RMB,
  FENCE_WMB,
  LOAD_ACQUIRE,
  LOAD_DEPENDENT,
  RMW_ACQUIRE,
  RMW_FULL,
  RMW_RELEASE,
  RMW_VOID,
  STORE_RELEASE,
} from '../memory/model.js';
import type { Addr, CpuId } from '../memory/struct.js';

type Clock = Int32Array;

/** One side of a data race. */
export interface RacingAccess {
  readonly cpu: number;
  readonly isStore: boolean;
  /** Position of the CPU. */
  readonly step: number;
}

/** Two accesses of one word in the order in which they were executed. */
export interface DataRace {
  readonly addr: Addr;
  readonly first: RacingAccess;
  readonly second: RacingAccess;
}

/** What is known of one word. */
class Shadow {
  /** What a load of the newest value learns. */
  readonly sync: Clock;
  /** Clock and step of the last store, and of the last load of each CPU. */
  storeCpu = -1;
  storeClock = 0;
  storeStep = 0;
  readonly loadClocks: Clock;
  readonly loadSteps: Int32Array;
  epoch = -1;

  constructor(cpus: number) {
    this.sync = new Int32Array(cpus);
    this.loadClocks = new Int32Array(cpus);
    this.loadSteps = new Int32Array(cpus);
  }
}

/** What a CPU knows, what its stores after a write barrier publish, and what its relaxed loads saw. */
class Knowledge {
  readonly now: Clock;
  readonly published: Clock;
  readonly seen: Clock;

  constructor(cpus: number) {
    this.now = new Int32Array(cpus);
    this.published = new Int32Array(cpus);
    this.seen = new Int32Array(cpus);
  }
}

function join(target: Clock, source: Clock): void {
  for (let i = 0; i < target.length; i++) {
    if ((source[i] as number) > (target[i] as number)) target[i] = source[i] as number;
  }
}

/**
 * Follows one execution after another. What orders: locks, releases read by acquires, dependent loads, and relaxed
 * accesses with a fence on each side. A relaxed load orders later stores of its CPU, as a control dependency does.
 */
export class RaceDetector {
  /** The first race of the current execution. */
  found: DataRace | undefined;
  readonly #cpus: Knowledge[];
  readonly #shadows: (Shadow | undefined)[];
  #epoch = 0;

  constructor(cpus: number, words: number) {
    this.#cpus = Array.from({ length: cpus }, () => new Knowledge(cpus));
    this.#shadows = new Array<Shadow | undefined>(words);
  }

  /** Forget the last execution. */
  reset(): void {
    this.#epoch++;
    this.found = undefined;
    for (const [id, cpu] of this.#cpus.entries()) {
      cpu.now.fill(0);
      cpu.published.fill(0);
      cpu.seen.fill(0);
      cpu.now[id] = 1;
    }
  }

  #shadow(addr: Addr): Shadow {
    let shadow = this.#shadows[addr];
    if (shadow === undefined) {
      shadow = new Shadow(this.#cpus.length);
      this.#shadows[addr] = shadow;
    }
    if (shadow.epoch !== this.#epoch) {
      shadow.epoch = this.#epoch;
      shadow.sync.fill(0);
      shadow.storeCpu = -1;
      shadow.loadClocks.fill(0);
    }
    return shadow;
  }

  #knowledge(id: CpuId): Knowledge {
    return this.#cpus[id] as Knowledge;
  }

  load(id: CpuId, addr: Addr, order: number): void {
    const cpu = this.#knowledge(id);
    const acquires = order === LOAD_ACQUIRE || order === LOAD_DEPENDENT;
    join(acquires ? cpu.now : cpu.seen, this.#shadow(addr).sync);
  }

  store(id: CpuId, addr: Addr, order: number): void {
    const cpu = this.#knowledge(id);
    this.#shadow(addr).sync.set(order === STORE_RELEASE ? cpu.now : cpu.published);
    if (order === STORE_RELEASE) this.#tick(id);
  }

  rmw(id: CpuId, addr: Addr, order: number): void {
    const cpu = this.#knowledge(id);
    const { sync } = this.#shadow(addr);
    if (order === RMW_FULL || order === RMW_ACQUIRE) join(cpu.now, sync);
    else if (order !== RMW_VOID) join(cpu.seen, sync);
    if (order === RMW_FULL) this.#strong(id);
    join(sync, order === RMW_RELEASE ? cpu.now : cpu.published);
    if (order === RMW_RELEASE) this.#tick(id);
  }

  fence(id: CpuId, kind: number): void {
    const cpu = this.#knowledge(id);
    if (kind === FENCE_RMB) join(cpu.now, cpu.seen);
    else if (kind === FENCE_WMB) this.#publish(id);
    else this.#strong(id);
  }

  #strong(id: CpuId): void {
    const cpu = this.#knowledge(id);
    join(cpu.now, cpu.seen);
    this.#publish(id);
  }

  #publish(id: CpuId): void {
    const cpu = this.#knowledge(id);
    cpu.published.set(cpu.now);
    this.#tick(id);
  }

  #tick(id: CpuId): void {
    const { now } = this.#knowledge(id);
    now[id] = (now[id] as number) + 1;
  }

  /** `cpu.get()`, as part of operation `step` of the CPU. */
  get(id: CpuId, addr: Addr, step: number): void {
    const { now } = this.#knowledge(id);
    const shadow = this.#shadow(addr);
    if (isUnordered(shadow.storeCpu, shadow.storeClock, id, now)) {
      this.#report(addr, shadow.storeCpu, true, shadow.storeStep, {
        cpu: id,
        isStore: false,
        step,
      });
    }
    shadow.loadClocks[id] = now[id] as number;
    shadow.loadSteps[id] = step;
  }

  /** `cpu.set()`. */
  set(id: CpuId, addr: Addr, step: number): void {
    const { now, seen } = this.#knowledge(id);
    const shadow = this.#shadow(addr);
    const second = { cpu: id, isStore: true, step };
    const knows = (cpu: number, clock: number): boolean =>
      clock <= (now[cpu] as number) || clock <= (seen[cpu] as number);
    if (shadow.storeCpu >= 0 && shadow.storeCpu !== id) {
      if (!knows(shadow.storeCpu, shadow.storeClock)) {
        this.#report(addr, shadow.storeCpu, true, shadow.storeStep, second);
      }
    }
    for (let cpu = 0; cpu < this.#cpus.length; cpu++) {
      if (cpu === id || knows(cpu, shadow.loadClocks[cpu] as number)) continue;
      this.#report(addr, cpu, false, shadow.loadSteps[cpu] as number, second);
    }
    shadow.storeCpu = id;
    shadow.storeClock = now[id] as number;
    shadow.storeStep = step;
  }

  #report(addr: Addr, cpu: number, isStore: boolean, step: number, second: RacingAccess): void {
    this.found ??= { addr, first: { cpu, isStore, step }, second };
  }
}

function isUnordered(cpu: number, clock: number, id: number, now: Clock): boolean {
  return cpu >= 0 && cpu !== id && clock > (now[cpu] as number);
}
