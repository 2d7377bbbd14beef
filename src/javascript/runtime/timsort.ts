/** Timsort, with the thresholds of V8, as a coroutine. */

import type { Coroutine } from './keys.js';

/** Compares two items: below 0, 0 or above, as the program says. */
export type Comparison = (a: unknown, b: unknown) => Coroutine<number>;

/** Wins in a row after which a merge looks ahead. */
const MIN_GALLOP = 7;

interface Run {
  readonly base: number;
  length: number;
}

/** Two runs while they are being merged, from below or from above. */
interface Merge {
  /** Take so many items of a run. Returns whether what is left needs no comparison. */
  readonly takeA: (count: number) => boolean;
  readonly takeB: (count: number) => boolean;
  /** The run whose item is taken when that of the second run is below that of the first. */
  readonly belowTakes: 'A' | 'B';
  readonly nextA: () => unknown;
  readonly nextB: () => unknown;
  /** Number of items of the first run that are taken before the next one of the second, and the other way round. */
  readonly beforeB: () => Coroutine<number>;
  readonly beforeA: () => Coroutine<number>;
}

/** Sorts one list. */
export class Timsort {
  readonly work: unknown[];
  readonly #compare: Comparison;
  readonly #runs: Run[] = [];
  #minGallop = MIN_GALLOP;

  constructor(work: unknown[], compare: Comparison) {
    this.work = work;
    this.#compare = compare;
  }

  *run(): Coroutine<void> {
    let remaining = this.work.length;
    if (remaining < 2) return;
    const least = leastRun(remaining);
    for (let low = 0; remaining > 0;) {
      let length = yield* this.#countRun(low, low + remaining);
      if (length < least) {
        const forced = Math.min(least, remaining);
        yield* this.#insert(low, low + length, low + forced);
        length = forced;
      }
      this.#runs.push({ base: low, length });
      yield* this.#collapse();
      low += length;
      remaining -= length;
    }
    while (this.#runs.length > 1) yield* this.#mergeAt(this.#shorterNeighbour());
  }

  /** Length of the run that begins at `low`. A falling run is turned round. */
  *#countRun(low: number, high: number): Coroutine<number> {
    const { work } = this;
    if (low + 1 === high) return 1;
    const falls = (yield* this.#compare(work[low + 1], work[low])) < 0;
    let end = low + 2;
    while (end < high && (yield* this.#compare(work[end], work[end - 1])) < 0 === falls) end++;
    if (falls) {
      for (let i = low, j = end - 1; i < j; i++, j--) [work[i], work[j]] = [work[j], work[i]];
    }
    return end - low;
  }

  /** Insert the items from `start` on into the sorted ones before them. */
  *#insert(low: number, start: number, high: number): Coroutine<void> {
    const { work } = this;
    for (let at = start; at < high; at++) {
      const pivot = work[at];
      let left = low;
      let right = at;
      while (left < right) {
        const middle = left + ((right - left) >> 1);
        if ((yield* this.#compare(pivot, work[middle])) < 0) right = middle;
        else left = middle + 1;
      }
      work.copyWithin(left + 1, left, at);
      work[left] = pivot;
    }
  }

  #length(run: number): number {
    return this.#runs[run]?.length ?? 0;
  }

  #holds(run: number): boolean {
    return run < 2 || this.#length(run - 2) > this.#length(run - 1) + this.#length(run);
  }

  #shorterNeighbour(): number {
    const n = this.#runs.length - 2;
    return n > 0 && this.#length(n - 1) < this.#length(n + 1) ? n - 1 : n;
  }

  /** Merge until each run is longer than the two after it together. */
  *#collapse(): Coroutine<void> {
    while (this.#runs.length > 1) {
      const n = this.#runs.length - 2;
      if (!this.#holds(n + 1) || !this.#holds(n)) yield* this.#mergeAt(this.#shorterNeighbour());
      else if (this.#length(n) <= this.#length(n + 1)) yield* this.#mergeAt(n);
      else return;
    }
  }

  *#mergeAt(index: number): Coroutine<void> {
    const { work } = this;
    const [a, b] = this.#runs.splice(index, 2) as [Run, Run];
    this.#runs.splice(index, 0, { base: a.base, length: a.length + b.length });
    const skipped = yield* this.#gallopRight(work, work[b.base], a.base, a.length, 0);
    const lengthA = a.length - skipped;
    if (lengthA === 0) return;
    const last = work[a.base + a.length - 1];
    const lengthB = yield* this.#gallopLeft(work, last, b.base, b.length, b.length - 1);
    if (lengthB === 0) return;
    const from = a.base + skipped;
    if (lengthA <= lengthB) yield* this.#mergeLow(from, lengthA, b.base, lengthB);
    else yield* this.#mergeHigh(from, lengthA, b.base, lengthB);
  }

  /** Position in a run before all items that are not below `key`. */
  *#gallopLeft(
    list: readonly unknown[],
    key: unknown,
    base: number,
    length: number,
    hint: number,
  ): Coroutine<number> {
    const self = this;
    const isBelow = function* (at: number): Coroutine<boolean> {
      return (yield* self.#compare(list[base + at], key)) < 0;
    };
    return yield* gallop(isBelow, length, hint);
  }

  /** Position in a run after all items that are not above `key`. */
  *#gallopRight(
    list: readonly unknown[],
    key: unknown,
    base: number,
    length: number,
    hint: number,
  ): Coroutine<number> {
    const self = this;
    const isNotAbove = function* (at: number): Coroutine<boolean> {
      return (yield* self.#compare(key, list[base + at])) >= 0;
    };
    return yield* gallop(isNotAbove, length, hint);
  }

  /** Merge from below; the first run is the shorter one. */
  *#mergeLow(baseA: number, countA: number, baseB: number, countB: number): Coroutine<void> {
    const { work } = this;
    const kept = work.slice(baseA, baseA + countA);
    let [a, b, to, lengthA, lengthB] = [0, baseB, baseA, countA, countB];
    const takeB = (count: number): boolean => {
      work.copyWithin(to, b, b + count);
      to += count;
      b += count;
      lengthB -= count;
      return lengthB === 0;
    };
    const takeA = (count: number): boolean => {
      for (let i = 0; i < count; i++) work[to++] = kept[a++];
      lengthA -= count;
      return lengthA <= 1;
    };
    if (!takeB(1) && lengthA > 1) {
      yield* this.#rounds({
        takeA,
        takeB,
        belowTakes: 'B',
        nextA: () => kept[a],
        nextB: () => work[b],
        beforeB: () => this.#gallopRight(kept, work[b], a, lengthA, 0),
        beforeA: () => this.#gallopLeft(work, kept[a], b, lengthB, 0),
      });
    }
    if (lengthB > 0) takeB(lengthB);
    for (let i = 0; i < lengthA; i++) work[to + i] = kept[a + i];
  }

  /** Merge from above; the second run is the shorter one. */
  *#mergeHigh(baseA: number, countA: number, baseB: number, countB: number): Coroutine<void> {
    const { work } = this;
    const kept = work.slice(baseB, baseB + countB);
    let [a, b, to] = [baseA + countA - 1, countB - 1, baseB + countB - 1];
    let [lengthA, lengthB] = [countA, countB];
    const takeA = (count: number): boolean => {
      work.copyWithin(to - count + 1, a - count + 1, a + 1);
      to -= count;
      a -= count;
      lengthA -= count;
      return lengthA === 0;
    };
    const takeB = (count: number): boolean => {
      for (let i = 0; i < count; i++) work[to--] = kept[b--];
      lengthB -= count;
      return lengthB <= 1;
    };
    const self = this;
    if (!takeA(1) && lengthB > 1) {
      yield* this.#rounds({
        takeA,
        takeB,
        belowTakes: 'A',
        nextA: () => work[a],
        nextB: () => kept[b],
        *beforeB() {
          const last = lengthA - 1;
          return lengthA - (yield* self.#gallopRight(work, kept[b], baseA, lengthA, last));
        },
        *beforeA() {
          return lengthB - (yield* self.#gallopLeft(kept, work[a], 0, lengthB, lengthB - 1));
        },
      });
    }
    if (lengthA > 0) takeA(lengthA);
    for (let i = 0; i < lengthB; i++) work[to - i] = kept[b - i];
  }

  /** Take items of both runs, one by one or, where one run wins often, many at a time, until one of the runs is used up. */
  *#rounds(merge: Merge): Coroutine<void> {
    const { takeA, takeB, belowTakes } = merge;
    for (;;) {
      let winsA = 0;
      let winsB = 0;
      while (winsA < this.#minGallop && winsB < this.#minGallop) {
        const isBelow = (yield* this.#compare(merge.nextB(), merge.nextA())) < 0;
        if (isBelow === (belowTakes === 'B')) {
          winsB++;
          winsA = 0;
          if (takeB(1)) return;
        } else {
          winsA++;
          winsB = 0;
          if (takeA(1)) return;
        }
      }
      this.#minGallop++;
      do {
        this.#minGallop = Math.max(1, this.#minGallop - 1);
        winsA = yield* merge.beforeB();
        if (winsA > 0 && takeA(winsA)) return;
        if (takeB(1)) return;
        winsB = yield* merge.beforeA();
        if (winsB > 0 && takeB(winsB)) return;
        if (takeA(1)) return;
      } while (winsA >= MIN_GALLOP || winsB >= MIN_GALLOP);
      this.#minGallop++;
    }
  }
}

/** Least length of a run: a bit less than a power of two of them makes the list. */
function leastRun(count: number): number {
  let n = count;
  let odd = 0;
  while (n >= 64) {
    odd |= n & 1;
    n >>= 1;
  }
  return n + odd;
}

/** First position for which `isBefore` does not hold, looked for in growing steps around a hint. */
function* gallop(
  isBefore: (at: number) => Coroutine<boolean>,
  length: number,
  hint: number,
): Coroutine<number> {
  let last = 0;
  let offset = 1;
  let low: number;
  let high: number;
  if (yield* isBefore(hint)) {
    const most = length - hint;
    while (offset < most && (yield* isBefore(hint + offset))) {
      last = offset;
      offset = offset * 2 + 1;
    }
    low = hint + last + 1;
    high = hint + Math.min(offset, most);
  } else {
    const most = hint + 1;
    while (offset < most && !(yield* isBefore(hint - offset))) {
      last = offset;
      offset = offset * 2 + 1;
    }
    low = hint - Math.min(offset, most) + 1;
    high = hint - last;
  }
  while (low < high) {
    const middle = low + ((high - low) >> 1);
    if (yield* isBefore(middle)) low = middle + 1;
    else high = middle;
  }
  return high;
}
