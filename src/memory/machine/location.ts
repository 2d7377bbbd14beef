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

/** One write, at a fixed place in its location's coherence order. Messages are recycled: hold numbers, never messages. */
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
  known: number[] = [];
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
}

/** The coherence order of one word. */
export class Location {
  addr = 0;
  /** Oldest first; the last one is what sequential consistency would read. */
  messages: Message[] = [];
  /** Strong fences that published a new position of this location, ascending. */
  fences: number[] = [];
  /** The published positions, parallel to `fences`. */
  published: number[] = [];
  /** Length at which pruning is tried next. */
  pruneAt = 0;
  /** How often a substrate store replaced the word. */
  version = 0;

  /** The newest message. */
  get last(): Message {
    return this.messages[this.messages.length - 1] as Message;
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

  /** How many messages, counted from the newest, lie at or above a position; at least 1. */
  countFrom(position: number): number {
    let i = this.messages.length - 1;
    while (i > 0 && (this.messages[i - 1] as Message).position >= position) i--;
    return this.messages.length - i;
  }
}
