/** Order between the steps of one execution, as the partial-order reduction sees it: which steps could not be swapped. */

import {
  ACCESS_ATTEMPT,
  ACCESS_LOCK,
  ACCESS_NONE,
  ACCESS_PEEK,
  ACCESS_READ,
  ACCESS_TRYLOCK,
  ACCESS_WAITED,
  ACCESS_WRITE,
} from './operations.js';

/** One step: everything a CPU does between two decisions of the strategy. */
export class StepEvent {
  cpu = 0;
  /** Pairs of access kind and word. */
  readonly accesses: number[] = [];
  strong = false;
  /** For each CPU: how many steps, counted over all CPUs, up to its last one that is ordered before this. */
  readonly clock: Int32Array;

  constructor(cpus: number) {
    this.clock = new Int32Array(cpus);
  }

  clear(cpu: number): void {
    this.cpu = cpu;
    this.accesses.length = 0;
    this.strong = false;
  }

  /** Whether step number `index` of `cpu` is ordered before this one. */
  follows(cpu: number, index: number): boolean {
    return (this.clock[cpu] as number) > index;
  }
}

/** Whether an access changes what others see of the word. */
function isStore(access: number): boolean {
  return access === ACCESS_WRITE || access === ACCESS_LOCK || access === ACCESS_TRYLOCK;
}

/** Whether swapping two neighbouring steps of different CPUs could make a difference. */
export function dependent(a: StepEvent, b: StepEvent): boolean {
  if (a.strong && b.strong) return true;
  for (let i = 0; i < a.accesses.length; i += 2) {
    for (let j = 0; j < b.accesses.length; j += 2) {
      if (a.accesses[i + 1] !== b.accesses[j + 1]) continue;
      if (isStore(a.accesses[i] as number) || isStore(b.accesses[j] as number)) return true;
    }
  }
  return false;
}

/** Steps that accessed one word. */
class WordHistory {
  lastStore = -1;
  lastLock = -1;
  /** Tries to take the lock since then. */
  readonly trylocks: number[] = [];
  /** All stores, in their order. */
  readonly stores: number[] = [];
  /** Last load by each CPU since the last store, and first store by each CPU ever; -1 for none. */
  readonly loads: Int32Array;
  readonly firstStores: Int32Array;

  constructor(cpus: number) {
    this.loads = new Int32Array(cpus).fill(-1);
    this.firstStores = new Int32Array(cpus).fill(-1);
  }
}

function join(target: Int32Array, source: Int32Array): void {
  for (let i = 0; i < target.length; i++) {
    if ((source[i] as number) > (target[i] as number)) target[i] = source[i] as number;
  }
}

/** Orders the steps of one execution, as they are executed. */
export class HappensBefore {
  readonly events: StepEvent[] = [];
  length = 0;
  readonly #cpus: number;
  readonly #clocks: Int32Array[];
  readonly #words = new Map<number, WordHistory>();
  #lastStrong = -1;

  constructor(cpus: number) {
    this.#cpus = cpus;
    this.#clocks = Array.from({ length: cpus }, () => new Int32Array(cpus));
  }

  /** Start another execution. */
  clear(): void {
    this.length = 0;
    this.#words.clear();
    this.#lastStrong = -1;
    for (const clock of this.#clocks) clock.fill(0);
  }

  /** The next step belongs to `cpu`. */
  open(cpu: number): StepEvent {
    let event = this.events[this.length];
    if (event === undefined) {
      event = new StepEvent(this.#cpus);
      this.events.push(event);
    }
    event.clear(cpu);
    return event;
  }

  at(index: number): StepEvent {
    return this.events[index] as StepEvent;
  }

  /**
   * The step opened last is complete: order it after the steps it depends on.
   *
   * @param races receives the steps of other CPUs it races with: dependent, and ordered by nothing in between
   */
  close(races: number[]): void {
    const index = this.length++;
    const event = this.at(index);
    const before = this.#clocks[event.cpu] as Int32Array;
    const causes: number[] = [];
    event.clock.set(before);
    if (event.strong && this.#lastStrong >= 0) this.#cause(causes, races, this.#lastStrong, before);
    for (let i = 0; i < event.accesses.length; i += 2) {
      this.#access(event, index, i, causes, races);
    }
    for (const cause of causes) join(event.clock, this.at(cause).clock);
    event.clock[event.cpu] = index + 1;
    before.set(event.clock);
    if (event.strong) this.#lastStrong = index;
    this.#dropIndirect(races);
  }

  #access(event: StepEvent, index: number, i: number, causes: number[], races: number[]): void {
    const access = event.accesses[i] as number;
    if (access === ACCESS_NONE) return;
    const word = this.#word(event.accesses[i + 1] as number);
    const before = this.#clocks[event.cpu] as Int32Array;
    const none: number[] = [];
    // A CPU that waited may not have been able to go on earlier: see lastStoreBefore(). A CPU that takes a lock could
    // only have come before the lock's last owner, or before one who tried to be it.
    const direct = access === ACCESS_WAITED || access === ACCESS_LOCK ? none : races;
    if (word.lastStore >= 0 && word.lastStore < index) {
      this.#cause(causes, direct, word.lastStore, before);
    }
    if (access === ACCESS_LOCK) {
      if (word.lastLock >= 0) this.#cause(causes, races, word.lastLock, before);
      for (const attempt of word.trylocks) this.#cause(causes, races, attempt, before);
      word.trylocks.length = 0;
    } else if (access === ACCESS_TRYLOCK) word.trylocks.push(index);
    if (isStore(access)) {
      for (const load of word.loads) {
        if (load >= 0 && load < index) this.#cause(causes, races, load, before);
      }
      word.loads.fill(-1);
      word.lastStore = index;
      word.stores.push(index);
      if (access === ACCESS_LOCK) word.lastLock = index;
      if ((word.firstStores[event.cpu] as number) < 0) word.firstStores[event.cpu] = index;
    } else if (access === ACCESS_READ || access === ACCESS_PEEK || access === ACCESS_WAITED) {
      word.loads[event.cpu] = index;
    } else if (access !== ACCESS_ATTEMPT) {
      throw new RangeError(`access ${access} is unknown`);
    }
  }

  #cause(causes: number[], races: number[], index: number, before: Int32Array): void {
    const { cpu } = this.at(index);
    causes.push(index);
    if ((before[cpu] as number) <= index && cpu !== this.at(this.length - 1).cpu) {
      if (!races.includes(index)) races.push(index);
    }
  }

  /** A race counts only if no other step lies between its two. */
  #dropIndirect(races: number[]): void {
    for (let i = races.length - 1; i >= 0; i--) {
      const index = races[i] as number;
      const { cpu } = this.at(index);
      if (races.some((other) => other !== index && this.at(other).follows(cpu, index))) {
        races.splice(i, 1);
      }
    }
  }

  #word(addr: number): WordHistory {
    let word = this.#words.get(addr);
    if (word === undefined) {
      word = new WordHistory(this.#cpus);
      this.#words.set(addr, word);
    }
    return word;
  }

  /**
   * The last store to a word before which `cpu`, which has just waited for the word or still waits, could go on too: it
   * might have missed the store. -1 when there is none.
   *
   * @param couldGoOn whether `cpu` could take step number `index`
   */
  lastStoreBefore(cpu: number, addr: number, couldGoOn: (index: number) => boolean): number {
    const stores = this.#words.get(addr)?.stores ?? [];
    const clock = this.#clocks[cpu] as Int32Array;
    for (let i = stores.length - 1; i >= 0; i--) {
      const index = stores[i] as number;
      const by = this.at(index).cpu;
      if ((clock[by] as number) > index) return -1;
      if (by !== cpu && couldGoOn(index)) return index;
    }
    return -1;
  }

  /**
   * Whether `cpu` already stands after a store of another CPU to the word. If not, an old value read now is the same
   * as the newest value read earlier, and an early place in the coherence order the same as an earlier store.
   */
  knowsStore(cpu: number, addr: number): boolean {
    const word = this.#words.get(addr);
    if (word === undefined) return false;
    const clock = this.#clocks[cpu] as Int32Array;
    const strong = this.#lastStrong < 0 ? clock : this.at(this.#lastStrong).clock;
    for (let other = 0; other < this.#cpus; other++) {
      const first = word.firstStores[other] as number;
      if (other === cpu || first < 0) continue;
      if ((clock[other] as number) > first || (strong[other] as number) > first) return true;
    }
    return false;
  }

  /**
   * CPUs that could take the first step in an execution that puts step `last` before step `index`: source sets.
   *
   * @returns bit mask
   */
  initials(index: number, last: number): number {
    const { cpu } = this.at(index);
    const firsts = new Int32Array(this.#cpus).fill(-1);
    let mask = 0;
    for (let k = index + 1; k <= last; k++) {
      const event = this.at(k);
      if (k !== last && event.follows(cpu, index)) continue;
      if ((firsts[event.cpu] as number) >= 0) continue;
      const isFirst = firsts.every(
        (first, other) => first < 0 || !event.follows(other, first) || other === event.cpu,
      );
      firsts[event.cpu] = k;
      if (isFirst) mask |= 1 << event.cpu;
    }
    return mask;
  }
}
