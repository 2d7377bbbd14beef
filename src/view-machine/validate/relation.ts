/** Relations over the events of an execution, as rows of bits: the algebra that memory models are written in. */

/** A binary relation over `0 … n - 1`. Operations return new relations. */
export class Relation {
  readonly n: number;
  readonly #width: number;
  readonly #bits: Int32Array;

  /** The empty relation. */
  constructor(n: number) {
    this.n = n;
    this.#width = (n + 31) >> 5;
    this.#bits = new Int32Array(n * this.#width);
  }

  /** All pairs that satisfy a predicate. */
  static of(n: number, holds: (a: number, b: number) => boolean): Relation {
    const r = new Relation(n);
    for (let a = 0; a < n; a++) {
      for (let b = 0; b < n; b++) if (holds(a, b)) r.add(a, b);
    }
    return r;
  }

  /** The pairs (a, a) for which a predicate holds. */
  static on(n: number, holds: (a: number) => boolean): Relation {
    const r = new Relation(n);
    for (let a = 0; a < n; a++) if (holds(a)) r.add(a, a);
    return r;
  }

  /** Add a pair to this relation. */
  add(a: number, b: number): void {
    const i = a * this.#width + (b >> 5);
    this.#bits[i] = (this.#bits[i] as number) | (1 << (b & 31));
  }

  /** Whether a pair is in the relation. */
  has(a: number, b: number): boolean {
    return ((this.#bits[a * this.#width + (b >> 5)] as number) & (1 << (b & 31))) !== 0;
  }

  #zip(other: Relation, op: (x: number, y: number) => number): Relation {
    const r = new Relation(this.n);
    for (let i = 0; i < this.#bits.length; i++) {
      r.#bits[i] = op(this.#bits[i] as number, other.#bits[i] as number);
    }
    return r;
  }

  /** Union with other relations. */
  or(...others: readonly Relation[]): Relation {
    return others.reduce<Relation>((r, other) => r.#zip(other, (x, y) => x | y), this);
  }

  /** Intersection. */
  and(other: Relation): Relation {
    return this.#zip(other, (x, y) => x & y);
  }

  /** Difference. */
  minus(other: Relation): Relation {
    return this.#zip(other, (x, y) => x & ~y);
  }

  #join(row: number, from: Relation, fromRow: number): void {
    for (let w = 0; w < this.#width; w++) {
      const i = row * this.#width + w;
      this.#bits[i] = (this.#bits[i] as number) | (from.#bits[fromRow * this.#width + w] as number);
    }
  }

  /** Composition: this, then each of the others. */
  then(...others: readonly Relation[]): Relation {
    return others.reduce<Relation>((r, other) => r.#compose(other), this);
  }

  #compose(other: Relation): Relation {
    const r = new Relation(this.n);
    for (let a = 0; a < this.n; a++) {
      for (let b = 0; b < this.n; b++) if (this.has(a, b)) r.#join(a, other, b);
    }
    return r;
  }

  /** The reverse relation. */
  inverse(): Relation {
    return Relation.of(this.n, (a, b) => this.has(b, a));
  }

  /** With all pairs (a, a). */
  optional(): Relation {
    return this.or(Relation.on(this.n, () => true));
  }

  /** Transitive closure. */
  plus(): Relation {
    const r = this.or();
    const copy = new Relation(this.n).or(r);
    for (let b = 0; b < this.n; b++) {
      for (let a = 0; a < this.n; a++) if (copy.has(a, b)) copy.#join(a, copy, b);
    }
    return copy;
  }

  /** Reflexive and transitive closure. */
  star(): Relation {
    return this.plus().optional();
  }

  /** Whether no pair (a, a) is in the relation. */
  isIrreflexive(): boolean {
    for (let a = 0; a < this.n; a++) if (this.has(a, a)) return false;
    return true;
  }

  /** Whether there is no cycle. */
  isAcyclic(): boolean {
    return this.plus().isIrreflexive();
  }

  /** Whether there is no pair. */
  isEmpty(): boolean {
    return this.#bits.every((word) => word === 0);
  }

  /** Whether both relations hold the same pairs. */
  equals(other: Relation): boolean {
    return this.#bits.every((word, i) => word === other.#bits[i]);
  }
}
