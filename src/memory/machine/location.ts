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

/** The coherence order of one word. */
export class Location {
  addr = 0;
  /** Oldest first. Only the first `n` are in the coherence order, those behind wait to be used again. */
  readonly messages: Message[] = [];
  /** Number of messages. */
  n = 0;
  /** Strong fences that published a new position of this location, ascending. */
  readonly fences: number[] = [];
  /** The published positions, parallel to `fences`. */
  readonly published: number[] = [];
  /** Length at which pruning is tried next. */
  pruneAt = 0;
  /** Number of published positions at which forgetting is tried next. */
  forgetAt = 0;
  /** How often a substrate store replaced the word. */
  version = 0;

  /** The newest message: what sequential consistency would read. */
  get last(): Message {
    return this.messages[this.n - 1] as Message;
  }

  /** An unused message to fill and then to {@link append} or {@link insert}: ordinary, not taken. */
  spare(cpus: number): Message {
    let m = this.messages[this.n];
    if (m === undefined) {
      m = new Message(cpus);
      this.messages.push(m);
    }
    m.kind = DATA;
    m.taken = false;
    m.ownBefore = EMPTY;
    m.ownBeforeGs = 0;
    m.event = -1;
    return m;
  }

  /** Put the spare message at the end. */
  append(): void {
    const m = this.messages[this.n] as Message;
    m.position = this.n === 0 ? 0 : Math.floor(this.last.position) + 1;
    this.n++;
  }

  /** Put the spare message behind the message at index `at`. */
  insert(at: number): void {
    const { messages } = this;
    const m = messages[this.n] as Message;
    m.position = this.middle(at);
    for (let i = this.n; i > at + 1; i--) messages[i] = messages[i - 1] as Message;
    messages[at + 1] = m;
    this.n++;
  }

  /** Position halfway between the message at an index and the next one. */
  middle(at: number): number {
    const { messages } = this;
    return ((messages[at] as Message).position + (messages[at + 1] as Message).position) / 2;
  }

  /** Whether a message fits behind the one at an index that is not the last. */
  hasRoom(at: number): boolean {
    const middle = this.middle(at);
    const { messages } = this;
    return (
      middle > (messages[at] as Message).position && middle < (messages[at + 1] as Message).position
    );
  }

  /** Take the oldest messages out of the coherence order. */
  drop(count: number): void {
    const { messages } = this;
    for (; count > 0; count--) {
      const m = messages[0] as Message;
      for (let i = 1; i < this.n; i++) messages[i - 1] = messages[i] as Message;
      this.n--;
      messages[this.n] = m;
    }
  }

  /** Position of this location in the global view after fence `time`, 0 if nothing was published by then. */
  globalAt(time: number): number {
    const fences = this.fences;
    for (let i = fences.length - 1; i >= 0; i--) {
      if ((fences[i] as number) <= time) return this.published[i] as number;
    }
    return 0;
  }

  /** Publish a position in the global view of fence `time`, the newest fence. */
  publish(time: number, position: number): void {
    const n = this.fences.length;
    if (n > 0 && (this.published[n - 1] as number) >= position) return;
    if (n > 0 && this.fences[n - 1] === time) this.published[n - 1] = position;
    else {
      this.fences.push(time);
      this.published.push(position);
    }
  }

  /** Drop what was published before fence `oldest`, the last such position excepted. */
  forget(oldest: number): void {
    const { fences, published } = this;
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
    while (i > 0 && (this.messages[i - 1] as Message).position >= position) i--;
    return this.n - i;
  }
}
