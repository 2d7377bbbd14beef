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

/** One side of a data race. */
interface RacingAccess {
  readonly cpu: number;
  readonly isStore: boolean;
}

/** Two accesses of one word in the order in which they were executed. */
export interface DataRace {
  readonly addr: Addr;
  readonly first: RacingAccess;
  readonly second: RacingAccess;
}

// The data about accesses of one word lie side by side: the last store, and for each CPU the clock of its last load.
const STORE_CPU = 0;
const STORE_CLOCK = 1;
const LOADS = 2;

/**
 * Follows one execution after another. What orders: locks, releases read by acquires, dependent loads, and relaxed
 * accesses with a fence on each side. A relaxed load orders later stores of its CPU, as a control dependency does.
 */
export class RaceDetector extends Observer {
  /** The first race of the current execution. */
  found: DataRace | undefined;
  readonly #count: number;
  /** For each CPU three clocks: what it knows, what its stores after a write barrier publish, what its relaxed loads saw. */
  readonly #clocks: Int32Array;
  /** What a load of the newest value of each word learns, and the execution that this is true of. */
  readonly #lessons: Int32Array;
  readonly #taught: Int32Array;
  /** Substrate accesses of each word, and the execution that they belong to. */
  readonly #accesses: Int32Array;
  readonly #accessed: Int32Array;
  readonly #stride: number;
  #epoch = 1;

  constructor(cpus: number, words: number) {
    super();
    this.#count = cpus;
    this.#clocks = new Int32Array(3 * cpus * cpus);
    this.#lessons = new Int32Array(words * cpus);
    this.#taught = new Int32Array(words);
    this.#stride = LOADS + cpus;
    this.#accesses = new Int32Array(words * this.#stride);
    this.#accessed = new Int32Array(words);
  }

  override restart(): void {
    this.#epoch++;
    this.found = undefined;
    const clocks = this.#clocks;
    for (let i = 0; i < clocks.length; i++) clocks[i] = 0;
    for (let id = 0; id < this.#count; id++) clocks[this.#now(id) + id] = 1;
  }

  // Where the clocks of a CPU begin.
  #now(id: number): number {
    return 3 * this.#count * id;
  }
  #published(id: number): number {
    return (3 * id + 1) * this.#count;
  }
  #seen(id: number): number {
    return (3 * id + 2) * this.#count;
  }

  /** Join one clock of a CPU into another. */
  #join(target: number, source: number): void {
    const clocks = this.#clocks;
    for (let i = 0; i < this.#count; i++) {
      const clock = clocks[source + i] as number;
      if (clock > (clocks[target + i] as number)) clocks[target + i] = clock;
    }
  }

  /** Join what a load of the newest value of a word learns into a clock. */
  #learn(target: number, addr: Addr): void {
    // A load of a word that was not written in this execution adds no knowledge.
    if (this.#taught[addr] !== this.#epoch) return;
    const clocks = this.#clocks;
    const lessons = this.#lessons;
    const count = this.#count;
    const at = addr * count;
    for (let i = 0; i < count; i++) {
      const clock = lessons[at + i] as number;
      if (clock > (clocks[target + i] as number)) clocks[target + i] = clock;
    }
  }

  /** Make a clock what a load of a word learns from now on; with `keep` in addition to what it learnt before. */
  #teach(source: number, addr: Addr, keep: boolean): void {
    const clocks = this.#clocks;
    const lessons = this.#lessons;
    const count = this.#count;
    const at = addr * count;
    const joins = keep && this.#taught[addr] === this.#epoch;
    this.#taught[addr] = this.#epoch;
    for (let i = 0; i < count; i++) {
      const clock = clocks[source + i] as number;
      if (!joins || clock > (lessons[at + i] as number)) lessons[at + i] = clock;
    }
  }

  override load(id: CpuId, addr: Addr, order: number): void {
    const acquires = order === LOAD_ACQUIRE || order === LOAD_DEPENDENT;
    this.#learn(acquires ? this.#now(id) : this.#seen(id), addr);
  }

  override store(id: CpuId, addr: Addr, order: number): void {
    const releases = order === STORE_RELEASE;
    this.#teach(releases ? this.#now(id) : this.#published(id), addr, false);
    if (releases) this.#tick(id);
  }

  override rmw(id: CpuId, addr: Addr, order: number): void {
    if (order === RMW_FULL || order === RMW_ACQUIRE) this.#learn(this.#now(id), addr);
    else if (order !== RMW_VOID) this.#learn(this.#seen(id), addr);
    if (order === RMW_FULL) this.#strong(id);
    const releases = order === RMW_RELEASE;
    this.#teach(releases ? this.#now(id) : this.#published(id), addr, true);
    if (releases) this.#tick(id);
  }

  override fence(id: CpuId, kind: number): void {
    if (kind === FENCE_RMB) this.#join(this.#now(id), this.#seen(id));
    else if (kind === FENCE_WMB) this.#publish(id);
    else this.#strong(id);
  }

  #strong(id: CpuId): void {
    this.#join(this.#now(id), this.#seen(id));
    this.#publish(id);
  }

  #publish(id: CpuId): void {
    // The knowledge of a CPU only grows, so a join is a copy.
    this.#join(this.#published(id), this.#now(id));
    this.#tick(id);
  }

  #tick(id: CpuId): void {
    const at = this.#now(id) + id;
    this.#clocks[at] = (this.#clocks[at] as number) + 1;
  }

  /** Where the accesses of a word begin. */
  #access(addr: Addr): number {
    const at = addr * this.#stride;
    if (this.#accessed[addr] !== this.#epoch) {
      this.#accessed[addr] = this.#epoch;
      // Clocks begin with 1: all CPUs know what was stored at 0.
      const accesses = this.#accesses;
      for (let i = at; i < at + this.#stride; i++) accesses[i] = 0;
    }
    return at;
  }

  override get(id: CpuId, addr: Addr): void {
    const now = this.#now(id);
    const clocks = this.#clocks;
    const accesses = this.#accesses;
    const at = this.#access(addr);
    const writer = accesses[at + STORE_CPU] as number;
    if ((accesses[at + STORE_CLOCK] as number) > (clocks[now + writer] as number)) {
      this.#race(addr, { cpu: writer, isStore: true }, { cpu: id, isStore: false });
    }
    accesses[at + LOADS + id] = clocks[now + id] as number;
  }

  override set(id: CpuId, addr: Addr): void {
    const accesses = this.#accesses;
    const at = this.#access(addr);
    const writer = accesses[at + STORE_CPU] as number;
    if (!this.#knows(id, writer, accesses[at + STORE_CLOCK] as number)) {
      this.#race(addr, { cpu: writer, isStore: true }, { cpu: id, isStore: true });
    }
    for (let reader = 0; reader < this.#count; reader++) {
      if (this.#knows(id, reader, accesses[at + LOADS + reader] as number)) continue;
      this.#race(addr, { cpu: reader, isStore: false }, { cpu: id, isStore: true });
    }
    accesses[at + STORE_CPU] = id;
    accesses[at + STORE_CLOCK] = this.#clocks[this.#now(id) + id] as number;
  }

  /** Whether an access of a CPU is ordered before a store of `id`: through what that acquired, or a control dependency. */
  #knows(id: CpuId, cpu: number, clock: number): boolean {
    const clocks = this.#clocks;
    return (
      clock <= (clocks[this.#now(id) + cpu] as number) ||
      clock <= (clocks[this.#seen(id) + cpu] as number)
    );
  }

  #race(addr: Addr, first: RacingAccess, second: RacingAccess): void {
    this.found ??= { addr, first, second };
  }
}
