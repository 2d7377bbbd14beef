/** Relations over the events of an execution, as rows of bits: the algebra that memory models are written in. */

/** A binary relation over `0 … size - 1`. Operations return new relations. */
export class Relation {
  readonly size: number;
  readonly #width: number;
  readonly #bits: Int32Array;

  /** The empty relation. */
  constructor(size: number) {
    this.size = size;
    this.#width = (size + 31) >> 5;
    this.#bits = new Int32Array(size * this.#width);
  }

  /** All pairs that satisfy a predicate. */
  static of(size: number, holds: (from: number, to: number) => boolean): Relation {
    const result = new Relation(size);
    for (let from = 0; from < size; from++) {
      for (let to = 0; to < size; to++) if (holds(from, to)) result.add(from, to);
    }
    return result;
  }

  /** The pairs (a, a) for which a predicate holds. */
  static on(size: number, holds: (from: number) => boolean): Relation {
    const result = new Relation(size);
    for (let from = 0; from < size; from++) if (holds(from)) result.add(from, from);
    return result;
  }

  /** Add a pair to this relation. */
  add(from: number, to: number): void {
    const at = from * this.#width + (to >> 5);
    this.#bits[at] = (this.#bits[at] as number) | (1 << (to & 31));
  }

  /** Whether a pair is in the relation. */
  has(from: number, to: number): boolean {
    return ((this.#bits[from * this.#width + (to >> 5)] as number) & (1 << (to & 31))) !== 0;
  }

  #zip(relation: Relation, op: (one: number, other: number) => number): Relation {
    const result = new Relation(this.size);
    for (let at = 0; at < this.#bits.length; at++) {
      result.#bits[at] = op(this.#bits[at] as number, relation.#bits[at] as number);
    }
    return result;
  }

  /** Union with other relations. */
  or(...others: readonly Relation[]): Relation {
    return others.reduce<Relation>(
      (result, other) => result.#zip(other, (one, other) => one | other),
      this,
    );
  }

  /** Intersection. */
  and(other: Relation): Relation {
    return this.#zip(other, (one, other) => one & other);
  }

  /** Difference. */
  minus(other: Relation): Relation {
    return this.#zip(other, (one, other) => one & ~other);
  }

  #join(row: number, source: Relation, sourceRow: number): void {
    for (let word = 0; word < this.#width; word++) {
      const at = row * this.#width + word;
      this.#bits[at] =
        (this.#bits[at] as number) | (source.#bits[sourceRow * this.#width + word] as number);
    }
  }

  /** Composition: this, then each of the others. */
  then(...others: readonly Relation[]): Relation {
    return others.reduce<Relation>((result, other) => result.#compose(other), this);
  }

  #compose(other: Relation): Relation {
    const result = new Relation(this.size);
    for (let from = 0; from < this.size; from++) {
      for (let to = 0; to < this.size; to++) if (this.has(from, to)) result.#join(from, other, to);
    }
    return result;
  }

  /** The reverse relation. */
  inverse(): Relation {
    return Relation.of(this.size, (from, to) => this.has(to, from));
  }

  /** With all pairs (a, a). */
  optional(): Relation {
    return this.or(Relation.on(this.size, () => true));
  }

  /** Transitive closure. */
  plus(): Relation {
    const result = this.or();
    const copy = new Relation(this.size).or(result);
    for (let to = 0; to < this.size; to++) {
      for (let from = 0; from < this.size; from++)
        if (copy.has(from, to)) copy.#join(from, copy, to);
    }
    return copy;
  }

  /** Reflexive and transitive closure. */
  star(): Relation {
    return this.plus().optional();
  }

  /** Whether no pair (a, a) is in the relation. */
  isIrreflexive(): boolean {
    for (let from = 0; from < this.size; from++) if (this.has(from, from)) return false;
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
    return this.#bits.every((word, at) => word === other.#bits[at]);
  }
}
