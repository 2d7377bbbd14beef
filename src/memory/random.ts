/** The seeded generator of a CPU's own choices: small, fast, and never shared between threads. */

const GOLDEN = 0x9e3779b9;

/** Threshold that {@link Random.chance} takes for a probability of 0 … 1. */
export function threshold(probability: number): number {
  return Math.min(Math.max(probability, 0), 1) * 2 ** 32;
}

/** Marsaglia's xorshift32. */
export class Random {
  #state: number;

  /**
   * @param seed seed of the run
   * @param stream number of the stream, so that every CPU draws its own from one seed
   */
  constructor(seed: number, stream = 0) {
    // One round of murmur3's finaliser keeps the streams of neighbouring CPUs apart.
    let mixed = Math.imul(seed ^ Math.imul(stream + 1, GOLDEN), 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
    this.#state = (mixed ^ (mixed >>> 16)) | 1;
  }

  /** The next 32 bits, as an unsigned integer. */
  next(): number {
    let state = this.#state;
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    this.#state = state;
    return state >>> 0;
  }

  /** An integer of 0 … `n` - 1; `n` is at most 65536. */
  below(n: number): number {
    return ((this.next() >>> 16) * n) >>> 16;
  }

  /** True with the probability from which `threshold` made `limit`. */
  chance(limit: number): boolean {
    return this.next() < limit;
  }
}
