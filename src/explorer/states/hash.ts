/** Two independent 32-bit mixes of two numbers: together a hash of 64 bits. */

/** The first half. */
export function mix(a: number, b: number): number {
  let h = Math.imul(a ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(b + 0x7f4a7c15, 0xc2b2ae35);
  h = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d);
  h = Math.imul(h ^ (h >>> 12), 0x297a2d39);
  return h ^ (h >>> 15);
}

/** The second half. */
export function mixAgain(a: number, b: number): number {
  let h = Math.imul(a + 0x165667b1, 0xd3a2646d) ^ Math.imul(b ^ 0x27d4eb2f, 0xfd7046c5);
  h = Math.imul(h ^ (h >>> 16), 0xb55a4f09);
  h = Math.imul(h ^ (h >>> 13), 0x7feb352d);
  return h ^ (h >>> 16);
}

/** Words in a set before it grows. */
const FIRST_CAPACITY = 1 << 10;

/**
 * A set of 64-bit hashes. With n hashes in it, the probability that any two different states were taken for one is below
 * n² / 2^65.
 */
export class HashSet {
  #table = new Int32Array(2 * FIRST_CAPACITY);
  #mask = FIRST_CAPACITY - 1;
  #size = 0;

  /** Number of hashes. */
  get size(): number {
    return this.#size;
  }

  /** Add a hash. Returns false if it was there. */
  add(low: number, high: number): boolean {
    if (2 * this.#size > this.#mask) this.#grow();
    const a = low === 0 && high === 0 ? 1 : low;
    const at = this.#find(a, high);
    const table = this.#table;
    if (table[at] !== 0 || table[at + 1] !== 0) return false;
    table[at] = a;
    table[at + 1] = high;
    this.#size++;
    return true;
  }

  /** All hashes, two numbers each. */
  save(): Int32Array {
    const saved = new Int32Array(2 * this.#size);
    let at = 0;
    for (let i = 0; i < this.#table.length; i += 2) {
      if (this.#table[i] === 0 && this.#table[i + 1] === 0) continue;
      saved[at++] = this.#table[i] as number;
      saved[at++] = this.#table[i + 1] as number;
    }
    return saved;
  }

  /** A set of what {@link save} returned. */
  static load(saved: Int32Array): HashSet {
    const set = new HashSet();
    for (let i = 0; i < saved.length; i += 2) set.add(saved[i] as number, saved[i + 1] as number);
    return set;
  }

  /** Whether a hash is there. */
  has(low: number, high: number): boolean {
    const at = this.#find(low === 0 && high === 0 ? 1 : low, high);
    return this.#table[at] !== 0 || this.#table[at + 1] !== 0;
  }

  /** A hash over all hashes in it, in hexadecimal digits, whatever the order in which they came. */
  get digest(): string {
    let [low, high] = [0, 0];
    for (let i = 0; i < this.#table.length; i += 2) {
      low = (low + (this.#table[i] as number)) | 0;
      high = (high + (this.#table[i + 1] as number)) | 0;
    }
    return [low, high].map((half) => (half >>> 0).toString(16).padStart(8, '0')).join('');
  }

  /** Where a hash is, or is to be. */
  #find(low: number, high: number): number {
    const table = this.#table;
    for (let i = low & this.#mask; ; i = (i + 1) & this.#mask) {
      const at = 2 * i;
      if (table[at] === low && table[at + 1] === high) return at;
      if (table[at] === 0 && table[at + 1] === 0) return at;
    }
  }

  #grow(): void {
    const old = this.#table;
    this.#table = new Int32Array(2 * old.length);
    this.#mask = this.#table.length / 2 - 1;
    for (let i = 0; i < old.length; i += 2) {
      const low = old[i] as number;
      const high = old[i + 1] as number;
      if (low === 0 && high === 0) continue;
      const at = this.#find(low, high);
      this.#table[at] = low;
      this.#table[at + 1] = high;
    }
  }
}

/** Numbers by 64-bit hash. */
export class HashMap {
  #table = new Int32Array(3 * FIRST_CAPACITY);
  #mask = FIRST_CAPACITY - 1;
  #size = 0;

  /** The number of a hash, undefined if it has none. */
  get(low: number, high: number): number | undefined {
    const at = this.#find(low, high);
    const value = this.#table[at + 2] as number;
    return value === 0 ? undefined : value - 1;
  }

  /** Give a hash that has none a number, from 0. */
  add(low: number, high: number, value: number): void {
    if (2 * this.#size > this.#mask) this.#grow();
    const at = this.#find(low, high);
    this.#table[at] = low;
    this.#table[at + 1] = high;
    this.#table[at + 2] = value + 1;
    this.#size++;
  }

  #find(low: number, high: number): number {
    const table = this.#table;
    for (let i = low & this.#mask; ; i = (i + 1) & this.#mask) {
      const at = 3 * i;
      if (table[at + 2] === 0 || (table[at] === low && table[at + 1] === high)) return at;
    }
  }

  #grow(): void {
    const old = this.#table;
    this.#table = new Int32Array(2 * old.length);
    this.#mask = this.#table.length / 3 - 1;
    for (let i = 0; i < old.length; i += 3) {
      if (old[i + 2] === 0) continue;
      const at = this.#find(old[i] as number, old[i + 1] as number);
      this.#table.set(old.subarray(i, i + 3), at);
    }
  }
}
