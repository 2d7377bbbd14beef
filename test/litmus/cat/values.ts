/** What cat expressions stand for: sets of events and relations between them, as bits. */

function zeros(count: number): number[] {
  const words: number[] = [];
  for (let k = 0; k < count; k++) words.push(0);
  return words;
}

/** A set of events. */
export class EventSet {
  readonly size: number;
  /** Words of 32 bits; an array of small integers is made faster than a typed one. */
  readonly bits: number[];

  constructor(size: number) {
    this.size = size;
    this.bits = zeros((size + 31) >>> 5);
  }

  static of(size: number, holds: (event: number) => boolean): EventSet {
    const set = new EventSet(size);
    for (let e = 0; e < size; e++) if (holds(e)) set.add(e);
    return set;
  }

  add(e: number): void {
    this.bits[e >>> 5] = this.bits[e >>> 5]! | (1 << (e & 31));
  }

  has(e: number): boolean {
    return ((this.bits[e >>> 5]! >>> (e & 31)) & 1) === 1;
  }
}

/** A set of pairs of events: a row of bits for each event. */
export class Pairs {
  readonly size: number;
  readonly words: number;
  readonly bits: number[];

  constructor(size: number) {
    this.size = size;
    this.words = (size + 31) >>> 5;
    this.bits = zeros(size * this.words);
  }

  static of(size: number, holds: (from: number, to: number) => boolean): Pairs {
    const pairs = new Pairs(size);
    for (let a = 0; a < size; a++) {
      for (let b = 0; b < size; b++) if (holds(a, b)) pairs.add(a, b);
    }
    return pairs;
  }

  add(a: number, b: number): void {
    const k = a * this.words + (b >>> 5);
    this.bits[k] = this.bits[k]! | (1 << (b & 31));
  }

  has(a: number, b: number): boolean {
    return ((this.bits[a * this.words + (b >>> 5)]! >>> (b & 31)) & 1) === 1;
  }

  /** First and second events of all pairs. */
  *[Symbol.iterator](): Generator<readonly [number, number]> {
    for (let a = 0; a < this.size; a++) {
      if (this.isAlone(a)) continue;
      for (let b = 0; b < this.size; b++) if (this.has(a, b)) yield [a, b];
    }
  }

  then(other: Pairs): Pairs {
    const { size, words } = this;
    const result = new Pairs(size);
    for (let a = 0; a < size; a++) {
      if (this.isAlone(a)) continue;
      for (let b = 0; b < size; b++) {
        if (!this.has(a, b)) continue;
        for (let k = 0; k < words; k++) {
          result.bits[a * words + k] = result.bits[a * words + k]! | other.bits[b * words + k]!;
        }
      }
    }
    return result;
  }

  /** Is an event the first of no pair? */
  isAlone(a: number): boolean {
    for (let k = a * this.words; k < (a + 1) * this.words; k++)
      if (this.bits[k] !== 0) return false;
    return true;
  }

  closed(): Pairs {
    const { size, words } = this;
    const result = new Pairs(size);
    this.bits.forEach((word, k) => (result.bits[k] = word));
    for (let via = 0; via < size; via++) {
      if (result.isAlone(via)) continue;
      for (let a = 0; a < size; a++) {
        if (!result.has(a, via)) continue;
        for (let k = 0; k < words; k++) {
          result.bits[a * words + k] = result.bits[a * words + k]! | result.bits[via * words + k]!;
        }
      }
    }
    return result;
  }

  inverse(): Pairs {
    const result = new Pairs(this.size);
    for (const [a, b] of this) result.add(b, a);
    return result;
  }

  hasLoop(): boolean {
    for (let e = 0; e < this.size; e++) if (this.has(e, e)) return true;
    return false;
  }
}
