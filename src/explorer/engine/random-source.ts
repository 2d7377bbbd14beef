/** Seeded randomness (sfc32): equal seeds give equal numbers on every machine and every version of Node. */

/** Numbers that are thrown away at the beginning of a stream. */
const WARM_UP = 12;

/** A stream of pseudo-random numbers. */
export class RandomSource {
  #a = 0;
  #b = 0;
  #c = 0;
  #d = 0;

  /** Start the stream that belongs to a seed and a run; both are unsigned 32-bit integers. */
  seed(seed: number, run: number): void {
    let [a, b, c] = [seed | 0, run | 0, 0x9e3779b9 | 0];
    // As #step() does, in variables: short executions are seeded as often as anything.
    for (let d = 1; d <= WARM_UP; d++) {
      const sum = (((a + b) | 0) + d) | 0;
      a = b ^ (b >>> 9);
      b = (c + (c << 3)) | 0;
      c = (((c << 21) | (c >>> 11)) + sum) | 0;
    }
    this.#a = a;
    this.#b = b;
    this.#c = c;
    this.#d = WARM_UP + 1;
  }

  /** The next 32 bits, as an unsigned integer. */
  next(): number {
    return this.#step() >>> 0;
  }

  #step(): number {
    const sum = (((this.#a + this.#b) | 0) + this.#d) | 0;
    this.#d = (this.#d + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0;
    return sum;
  }

  /** An integer from 0 to `n` - 1. */
  below(n: number): number {
    return Math.floor((this.next() * n) / 0x100000000);
  }

  /** True with the given probability, which may be 0 and 1. */
  chance(probability: number): boolean {
    return this.next() < probability * 0x100000000;
  }
}
