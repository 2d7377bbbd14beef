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
} from '../../memory/model.js';
import type { Addr, CpuId } from '../../memory/struct.js';
import { Observer } from './observer.js';

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

// What is known of one word lies side by side: the execution it belongs to, the last store, and for each CPU what a load
// of the newest value learns, and the clock and step of its last load.
const EPOCH = 0;
const STORE_CPU = 1;
const STORE_CLOCK = 2;
const STORE_STEP = 3;
const SYNC = 4;

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

// With so few elements a loop is faster than fill() and set().
function copy(target: Clock, source: Clock): void {
  for (let i = 0; i < target.length; i++) target[i] = source[i] as number;
}

function clear(clock: Clock): void {
  for (let i = 0; i < clock.length; i++) clock[i] = 0;
}

/**
 * Follows one execution after another. What orders: locks, releases read by acquires, dependent loads, and relaxed
 * accesses with a fence on each side. A relaxed load orders later stores of its CPU, as a control dependency does.
 */
export class RaceDetector extends Observer {
  /** The first race of the current execution. */
  found: DataRace | undefined;
  readonly #cpus: Knowledge[];
  readonly #count: number;
  readonly #shadows: Int32Array;
  readonly #stride: number;
  readonly #loadClocks: number;
  readonly #loadSteps: number;
  #epoch = 1;

  constructor(cpus: number, words: number) {
    super();
    this.#cpus = Array.from({ length: cpus }, () => new Knowledge(cpus));
    this.#count = cpus;
    this.#loadClocks = SYNC + cpus;
    this.#loadSteps = SYNC + 2 * cpus;
    this.#stride = SYNC + 3 * cpus;
    this.#shadows = new Int32Array(words * this.#stride);
  }

  override restart(): void {
    this.#epoch++;
    this.found = undefined;
    for (const [id, cpu] of this.#cpus.entries()) {
      clear(cpu.now);
      clear(cpu.published);
      clear(cpu.seen);
      cpu.now[id] = 1;
    }
  }

  /** Where the shadow of a word begins. */
  #shadow(addr: Addr): number {
    const at = addr * this.#stride;
    const shadows = this.#shadows;
    if (shadows[at + EPOCH] !== this.#epoch) {
      shadows[at + EPOCH] = this.#epoch;
      shadows[at + STORE_CPU] = -1;
      for (let i = at + SYNC; i < at + this.#loadSteps; i++) shadows[i] = 0;
    }
    return at;
  }

  /** Join what a load of the newest value of a word learns into a clock. */
  #learn(target: Clock, addr: Addr): void {
    const shadows = this.#shadows;
    const shadow = addr * this.#stride;
    // A word that this execution has not touched teaches nothing.
    if (shadows[shadow + EPOCH] !== this.#epoch) return;
    const at = shadow + SYNC;
    for (let i = 0; i < target.length; i++) {
      const clock = shadows[at + i] as number;
      if (clock > (target[i] as number)) target[i] = clock;
    }
  }

  /** Make a clock what a load of a word learns from now on; with `keep` in addition to what it learnt before. */
  #teach(source: Clock, addr: Addr, keep: boolean): void {
    const shadows = this.#shadows;
    const at = this.#shadow(addr) + SYNC;
    for (let i = 0; i < source.length; i++) {
      const clock = source[i] as number;
      if (!keep || clock > (shadows[at + i] as number)) shadows[at + i] = clock;
    }
  }

  #knowledge(id: CpuId): Knowledge {
    return this.#cpus[id] as Knowledge;
  }

  override load(id: CpuId, addr: Addr, order: number): void {
    const cpu = this.#knowledge(id);
    const acquires = order === LOAD_ACQUIRE || order === LOAD_DEPENDENT;
    this.#learn(acquires ? cpu.now : cpu.seen, addr);
  }

  override store(id: CpuId, addr: Addr, order: number): void {
    const cpu = this.#knowledge(id);
    this.#teach(order === STORE_RELEASE ? cpu.now : cpu.published, addr, false);
    if (order === STORE_RELEASE) this.#tick(id);
  }

  override rmw(id: CpuId, addr: Addr, order: number): void {
    const cpu = this.#knowledge(id);
    if (order === RMW_FULL || order === RMW_ACQUIRE) this.#learn(cpu.now, addr);
    else if (order !== RMW_VOID) this.#learn(cpu.seen, addr);
    if (order === RMW_FULL) this.#strong(id);
    this.#teach(order === RMW_RELEASE ? cpu.now : cpu.published, addr, true);
    if (order === RMW_RELEASE) this.#tick(id);
  }

  override fence(id: CpuId, kind: number): void {
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
    copy(cpu.published, cpu.now);
    this.#tick(id);
  }

  #tick(id: CpuId): void {
    const { now } = this.#knowledge(id);
    now[id] = (now[id] as number) + 1;
  }

  override get(id: CpuId, addr: Addr, step: number): void {
    const { now } = this.#knowledge(id);
    const shadows = this.#shadows;
    const at = this.#shadow(addr);
    const writer = shadows[at + STORE_CPU] as number;
    if (
      writer >= 0 &&
      writer !== id &&
      (shadows[at + STORE_CLOCK] as number) > (now[writer] as number)
    ) {
      const first = this.#lastStore(at);
      this.found ??= { addr, first, second: { cpu: id, isStore: false, step } };
    }
    shadows[at + this.#loadClocks + id] = now[id] as number;
    shadows[at + this.#loadSteps + id] = step;
  }

  override set(id: CpuId, addr: Addr, step: number): void {
    const cpu = this.#knowledge(id);
    const shadows = this.#shadows;
    const at = this.#shadow(addr);
    const writer = shadows[at + STORE_CPU] as number;
    if (writer >= 0 && writer !== id && !knows(cpu, writer, shadows[at + STORE_CLOCK] as number)) {
      const first = this.#lastStore(at);
      this.found ??= { addr, first, second: { cpu: id, isStore: true, step } };
    }
    const clocks = at + this.#loadClocks;
    for (let reader = 0; reader < this.#count; reader++) {
      if (reader === id || knows(cpu, reader, shadows[clocks + reader] as number)) continue;
      const before = shadows[at + this.#loadSteps + reader] as number;
      const first = { cpu: reader, isStore: false, step: before };
      this.found ??= { addr, first, second: { cpu: id, isStore: true, step } };
    }
    shadows[at + STORE_CPU] = id;
    shadows[at + STORE_CLOCK] = cpu.now[id] as number;
    shadows[at + STORE_STEP] = step;
  }

  /** The last store of a word, whose shadow begins at `at`. */
  #lastStore(at: number): RacingAccess {
    const shadows = this.#shadows;
    return {
      cpu: shadows[at + STORE_CPU] as number,
      isStore: true,
      step: shadows[at + STORE_STEP] as number,
    };
  }
}

/** Whether an access of another CPU is ordered before a store: through what the CPU acquired, or a control dependency. */
function knows({ now, seen }: Knowledge, cpu: number, clock: number): boolean {
  return clock <= (now[cpu] as number) || clock <= (seen[cpu] as number);
}
