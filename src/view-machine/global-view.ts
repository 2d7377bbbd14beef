/** The global view: for each location, the positions that strong fences published, and when. */

/** Publications that a location has room for at first. */
const ROOM = 16;
/** Publications of a location at which forgetting is first tried. */
const FIRST_FORGET = 8;

/**
 * What every strong fence published, for all locations in the same few arrays: a fence publishes to many locations at once,
 * and an object for each would cost a cache miss each.
 */
export class GlobalView {
  /** For each location, the last fence that published a position of it, and that position; 0 if there is none. */
  #last: Int32Array;
  /** For each location, how many publications it keeps, and at how many forgetting is tried next. */
  #counts: Int32Array;
  /** For each location, `#room` pairs of a fence and the position it published, oldest first. */
  #history: Int32Array;
  #room = ROOM;

  /** @param locations how many location ids to make room for */
  constructor(locations: number) {
    this.#last = new Int32Array(2 * locations);
    this.#counts = new Int32Array(2 * locations);
    this.#history = new Int32Array(2 * ROOM * locations);
  }

  /** Make room for more location ids. */
  grow(locations: number): void {
    this.#last = enlarged(this.#last, 2 * locations);
    this.#history = enlarged(this.#history, 2 * this.#room * locations);
    const counts = new Int32Array(2 * locations);
    counts.set(this.#counts);
    this.#counts = counts;
  }

  /** Forget all that was published of a location. */
  clear(location: number): void {
    this.#last[2 * location] = this.#last[2 * location + 1] = 0;
    this.#counts[2 * location] = 0;
    this.#counts[2 * location + 1] = FIRST_FORGET;
  }

  /** Position of a location in the global view after fence `time`, 0 if nothing was published by then. */
  at(location: number, time: number): number {
    return time >= (this.#last[2 * location] as number)
      ? (this.#last[2 * location + 1] as number)
      : this.#before(location, time);
  }

  #before(location: number, time: number): number {
    const start = 2 * this.#room * location;
    for (let i = start + 2 * (this.count(location) - 2); i >= start; i -= 2) {
      if ((this.#history[i] as number) <= time) return this.#history[i + 1] as number;
    }
    return 0;
  }

  /** Publish a position of a location in the global view of fence `time`, the newest fence. */
  publish(location: number, time: number, position: number): void {
    const last = this.#last;
    if ((last[2 * location + 1] as number) >= position) return;
    let count = this.#counts[2 * location] as number;
    if (last[2 * location] !== time) {
      if (count === this.#room) this.#enlarge();
      this.#counts[2 * location] = ++count;
    }
    const i = 2 * (this.#room * location + count - 1);
    this.#history[i] = last[2 * location] = time;
    this.#history[i + 1] = last[2 * location + 1] = position;
  }

  #enlarge(): void {
    const [old, stride] = [this.#history, 2 * this.#room];
    this.#history = new Int32Array(2 * old.length);
    this.#room *= 2;
    for (let i = 0; i < old.length; i += stride) {
      this.#history.set(old.subarray(i, i + stride), 2 * i);
    }
  }

  /** How many publications of a location are kept. */
  count(location: number): number {
    return this.#counts[2 * location] as number;
  }

  /** Whether a location keeps so many publications that it is time to forget some. */
  isForgetDue(location: number): boolean {
    return (this.#counts[2 * location] as number) >= (this.#counts[2 * location + 1] as number);
  }

  /** Try to forget again when a location keeps `more` publications more than now. */
  postponeForget(location: number, more: number): void {
    this.#counts[2 * location + 1] = this.count(location) + more;
  }

  /** Drop what was published of a location before fence `oldest`, except for the last such position. */
  forget(location: number, oldest: number): void {
    const start = 2 * this.#room * location;
    const end = start + 2 * this.count(location);
    let keep = start;
    while (keep + 2 < end && (this.#history[keep + 2] as number) <= oldest) keep += 2;
    if (keep === start) return;
    this.#history.copyWithin(start, keep, end);
    this.#counts[2 * location] = (end - keep) / 2;
  }
}

function enlarged(array: Int32Array, length: number): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(length);
  larger.set(array);
  return larger;
}
