/** Relations over a small fixed set of events, as rows of 32-bit words. */

/** Union of the one-word rows that `members` has bits for. */
function imageOf(members: number, rows: Int32Array): number {
  let image = 0;
  while (members !== 0) {
    const low = members & -members;
    members ^= low;
    image |= rows[31 - Math.clz32(low)] ?? 0;
  }
  return image;
}

/** A binary relation: bit `b` of row `a` says that `a` is related to `b`. */
export class Relation {
  /** Number of rows. */
  readonly size: number;
  /** Words of a row. */
  readonly words: number;
  readonly rows: Int32Array;

  /** @param size number of rows
   * @param columns number of columns; the same events as the rows unless given */
  constructor(size: number, columns = size) {
    this.size = size;
    this.words = Math.max(1, (columns + 31) >>> 5);
    this.rows = new Int32Array(size * this.words);
  }

  /** Remove every pair. */
  clear(): this {
    this.rows.fill(0);
    return this;
  }

  /** Is `a` related to `b`? */
  has(a: number, b: number): boolean {
    return (((this.rows[a * this.words + (b >>> 5)] ?? 0) >>> (b & 31)) & 1) !== 0;
  }

  /** Add the pair. */
  add(a: number, b: number): void {
    const i = a * this.words + (b >>> 5);
    this.rows[i] = (this.rows[i] ?? 0) | (1 << (b & 31));
  }

  /** Remove the pairs that start at `a`. */
  clearRow(a: number): void {
    this.rows.fill(0, a * this.words, (a + 1) * this.words);
  }

  /** Remove the pairs that end at `b`. */
  clearColumn(b: number): void {
    const mask = ~(1 << (b & 31));
    for (let i = b >>> 5; i < this.rows.length; i += this.words) {
      this.rows[i] = (this.rows[i] ?? 0) & mask;
    }
  }

  /** True if no pair is in the relation. */
  isEmpty(): boolean {
    const { rows } = this;
    for (let i = 0; i < rows.length; i++) if (rows[i] !== 0) return false;
    return true;
  }

  /** Has `other` the same pairs? */
  equals(other: Relation): boolean {
    const { rows } = this;
    for (let i = 0; i < rows.length; i++) if (rows[i] !== other.rows[i]) return false;
    return true;
  }

  /** Become a copy of `other`, which has the same size. */
  copy(other: Relation): this {
    this.rows.set(other.rows);
    return this;
  }

  /** Add all pairs of `other`. */
  union(other: Relation): this {
    const { rows } = this;
    const from = other.rows;
    for (let i = 0; i < rows.length; i++) rows[i] = (rows[i] ?? 0) | (from[i] ?? 0);
    return this;
  }

  /** Keep only the pairs of `other`. */
  intersect(other: Relation): this {
    const { rows } = this;
    const from = other.rows;
    for (let i = 0; i < rows.length; i++) rows[i] = (rows[i] ?? 0) & (from[i] ?? 0);
    return this;
  }

  /** Remove the pairs of `other`. */
  subtract(other: Relation): this {
    const { rows } = this;
    const from = other.rows;
    for (let i = 0; i < rows.length; i++) rows[i] = (rows[i] ?? 0) & ~(from[i] ?? 0);
    return this;
  }

  /** Row `a` |= row `b` of `other`. */
  unionRow(a: number, other: Relation, b: number): void {
    const { words, rows } = this;
    const from = other.rows;
    if (words === 1) {
      rows[a] = (rows[a] ?? 0) | (from[b] ?? 0);
      return;
    }
    for (let k = 0; k < words; k++) {
      rows[a * words + k] = (rows[a * words + k] ?? 0) | (from[b * words + k] ?? 0);
    }
  }

  /** Add `left ; right`. Neither may be this relation. */
  unionCompose(left: Relation, right: Relation): this {
    for (let a = 0; a < this.size; a++) this.unionRowCompose(a, left, a, right);
    return this;
  }

  /** Row `a` |= the successors in `right` of every member of row `b` of `left`. */
  unionRowCompose(a: number, left: Relation, b: number, right: Relation): void {
    const { words } = this;
    if (words === 1) {
      this.rows[a] = (this.rows[a] ?? 0) | imageOf(left.rows[b] ?? 0, right.rows);
      return;
    }
    for (let k = 0; k < words; k++) {
      let bits = left.rows[b * words + k] ?? 0;
      while (bits !== 0) {
        const low = bits & -bits;
        bits ^= low;
        this.unionRow(a, right, (k << 5) + 31 - Math.clz32(low));
      }
    }
  }

  /** Add every `(a, a)`. */
  reflexive(): this {
    for (let a = 0; a < this.size; a++) this.add(a, a);
    return this;
  }

  /** Become the transitive closure. */
  close(): this {
    if (this.words === 1) this.#closeNarrow();
    else this.#closeWide();
    return this;
  }

  #closeNarrow(): void {
    const { rows, size } = this;
    for (let k = 0; k < size; k++) {
      const through = rows[k] ?? 0;
      if (through === 0) continue;
      for (let i = 0; i < size; i++) {
        const row = rows[i] ?? 0;
        if (((row >>> k) & 1) !== 0) rows[i] = row | through;
      }
    }
  }

  #closeWide(): void {
    const { rows, size, words } = this;
    for (let k = 0; k < size; k++) {
      const from = k * words;
      if (this.#isEmptyRow(from)) continue;
      const bit = 1 << (k & 31);
      for (let i = 0, at = k >>> 5; i < size; i++, at += words) {
        if (((rows[at] ?? 0) & bit) === 0) continue;
        const to = i * words;
        for (let w = 0; w < words; w++) rows[to + w] = (rows[to + w] ?? 0) | (rows[from + w] ?? 0);
      }
    }
  }

  #isEmptyRow(from: number): boolean {
    for (let w = 0; w < this.words; w++) if (this.rows[from + w] !== 0) return false;
    return true;
  }

  /** Is some `(a, a)` in the relation? For a closed relation: is there a cycle? */
  hasLoop(): boolean {
    for (let a = 0; a < this.size; a++) if (this.has(a, a)) return true;
    return false;
  }

  /** Members of row `a`, ascending. */
  successors(a: number): number[] {
    const found: number[] = [];
    for (let b = 0; b < this.size; b++) if (this.has(a, b)) found.push(b);
    return found;
  }

  /** Call `visit` for every member of row `a`, ascending. */
  forEach(a: number, visit: (b: number) => void): void {
    for (let k = 0; k < this.words; k++) {
      let bits = this.rows[a * this.words + k] ?? 0;
      while (bits !== 0) {
        const low = bits & -bits;
        bits ^= low;
        visit((k << 5) + 31 - Math.clz32(low));
      }
    }
  }
}
