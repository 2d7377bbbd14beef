/** A memory word under the machine: its coherence order and the history of what strong fences published about it. */

import { EMPTY, type FlatView } from './sparse-view.js';

/** Writer of a word's initial value: no CPU. */
export const NOBODY = -1;

/** An ordinary write. */
export const DATA = 0;
/** The write half of taking a lock. */
export const LOCK = 1;
/** The write of releasing a lock. */
export const UNLOCK = 2;

/** One write, at a fixed place in its location's coherence order. Messages are recycled: hold numbers, not messages. */
export class Message {
  value = 0;
  /** Location id. */
  x = 0;
  /** Position in the coherence order; positions are compared, never counted. */
  position = 0;
  writer = NOBODY;
  /** `DATA`, `LOCK` or `UNLOCK`. */
  kind = DATA;
  /** Index in the writer's sequence of writes, from 1. */
  index = 0;
  /** Writes propagated before this one, itself excluded: sparse part, to be joined with the global view at `gs`. */
  view: FlatView = EMPTY;
  gs = 0;
  /** Fence time that every event after a read of this message is bound to. */
  gt = 0;
  /** For each CPU, the index of its last write that happens before this one. */
  readonly known: number[] = [];
  /** Whether a read-modify-write took this message; its write stands right behind, and nothing fits between. */
  taken = false;
  /** For an unlock: the unlocker's own writes before it. */
  ownBefore: FlatView = EMPTY;
  ownBeforeGs = 0;
  /** Summary of the reads that this write's address or data depended on, for its own CPU's read of it. */
  dependency: FlatView = EMPTY;
  dependencyGt = 0;
  /** Event number in the log. */
  event = -1;

  constructor(cpus: number) {
    for (let cpu = 0; cpu < cpus; cpu++) this.known.push(0);
  }
}

/** Distance between appended messages; a power of two, so that there is room for some insertions between two. */
const STEP = 1024;

/** The coherence order of one word: a ring of messages, so that dropping the oldest and reusing them costs nothing. */
export class Location {
  addr = 0;
  /** Number of messages. */
  n = 0;
  /** Length at which pruning is tried next. */
  pruneAt = 0;
  /** Number of published positions at which forgetting is tried next. */
  forgetAt = 0;
  /** How often a substrate store replaced the word. */
  version = 0;
  #ring: (Message | undefined)[] = new Array<undefined>(8).fill(undefined);
  #head = 0;
  /** Strong fences that published a new position of this location, ascending. */
  readonly #fences: number[] = [];
  /** The published positions, parallel to `#fences`. */
  readonly #published: number[] = [];
  /** The last of both, 0 if there is none. */
  #lastFence = 0;
  #lastPublished = 0;

  /** The message at an index; 0 is the oldest, `n - 1` the newest. */
  at(i: number): Message {
    return this.#ring[(this.#head + i) & (this.#ring.length - 1)] as Message;
  }

  /** The newest message: what sequential consistency would read. */
  get last(): Message {
    return this.at(this.n - 1);
  }

  /** Index of a message. */
  indexOf(m: Message): number {
    let i = this.n - 1;
    while (this.at(i) !== m) i--;
    return i;
  }

  /** Forget all messages and all that was published. */
  clear(): void {
    this.n = 0;
    this.version = 0;
    this.#fences.length = this.#published.length = 0;
    this.#lastFence = this.#lastPublished = 0;
  }

  /** An unused message to fill and then to {@link append} or {@link insert}: ordinary, not taken. */
  spare(cpus: number): Message {
    if (this.n === this.#ring.length) this.#enlarge();
    const slot = (this.#head + this.n) & (this.#ring.length - 1);
    let m = this.#ring[slot];
    if (m === undefined) {
      m = new Message(cpus);
      this.#ring[slot] = m;
    }
    m.kind = DATA;
    m.taken = false;
    m.ownBefore = EMPTY;
    m.ownBeforeGs = 0;
    m.event = -1;
    return m;
  }

  #enlarge(): void {
    const ring = new Array<Message | undefined>(this.#ring.length * 2).fill(undefined);
    for (let i = 0; i < this.n; i++) ring[i] = this.at(i);
    this.#ring = ring;
    this.#head = 0;
  }

  /** Put the spare message at the end. */
  append(): void {
    this.n++;
    const m = this.last;
    if (this.n === 1) m.position = 0;
    else {
      const before = this.at(this.n - 2).position;
      m.position = before - (before % STEP) + STEP;
    }
  }

  /** Put the spare message behind the message at index `at`, where there must be room. */
  insert(at: number): void {
    const mask = this.#ring.length - 1;
    const m = this.at(this.n);
    m.position = this.middle(at);
    for (let i = this.n; i > at + 1; i--) this.#ring[(this.#head + i) & mask] = this.at(i - 1);
    this.#ring[(this.#head + at + 1) & mask] = m;
    this.n++;
  }

  /** Position halfway between the message at an index and the next one. */
  middle(at: number): number {
    return Math.floor((this.at(at).position + this.at(at + 1).position) / 2);
  }

  /** Whether a message fits behind the one at an index that is not the last. */
  hasRoom(at: number): boolean {
    return this.middle(at) > this.at(at).position;
  }

  /** Take the oldest messages out of the coherence order. */
  drop(count: number): void {
    this.#head = (this.#head + count) & (this.#ring.length - 1);
    this.n -= count;
  }

  /** How often a strong fence has published a position that is not forgotten. */
  get publications(): number {
    return this.#fences.length;
  }

  /** Position of this location in the global view after fence `time`, 0 if nothing was published by then. */
  globalAt(time: number): number {
    if (time >= this.#lastFence) return this.#lastPublished;
    for (let i = this.#fences.length - 2; i >= 0; i--) {
      if ((this.#fences[i] as number) <= time) return this.#published[i] as number;
    }
    return 0;
  }

  /** Publish a position in the global view of fence `time`, the newest fence. */
  publish(time: number, position: number): void {
    if (this.#lastPublished >= position) return;
    if (this.#lastFence === time) this.#published[this.#published.length - 1] = position;
    else {
      this.#fences.push(time);
      this.#published.push(position);
    }
    this.#lastFence = time;
    this.#lastPublished = position;
  }

  /** Drop what was published before fence `oldest`, the last such position excepted. */
  forget(oldest: number): void {
    const fences = this.#fences;
    const published = this.#published;
    let keep = 0;
    while (keep + 1 < fences.length && (fences[keep + 1] as number) <= oldest) keep++;
    if (keep === 0) return;
    const left = fences.length - keep;
    for (let i = 0; i < left; i++) {
      fences[i] = fences[i + keep] as number;
      published[i] = published[i + keep] as number;
    }
    fences.length = published.length = left;
  }

  /** How many messages, counted from the newest, lie at or above a position; at least 1. */
  countFrom(position: number): number {
    let i = this.n - 1;
    while (i > 0 && this.at(i - 1).position >= position) i--;
    return this.n - i;
  }
}
