/** A memory word under the machine: its coherence order. */

import { EMPTY, type FlatView } from './sparse-view.js';

/** Writer of a word's initial value: no CPU. */
export const NOBODY = -1;

/** An ordinary write. */
const DATA = 0;
/** The write half of taking a lock. */
export const LOCK = 1;
/** The write of releasing a lock. */
export const UNLOCK = 2;

/** One write, at a fixed place in its location's coherence order. Messages are recycled: hold numbers, not messages. */
export class Message {
  // Fields that the most common read looks at come first, so that they share a cache line.
  value = 0;
  /** Position in the coherence order; positions are compared, never counted. */
  position = 0;
  writer = NOBODY;
  fenceTime = 0;
  /** Writes propagated before this one, itself excluded: sparse part, to be joined with the global view at `fenceTime`. */
  view: FlatView = EMPTY;
  /** Location id. */
  location = 0;
  /** Index in the writer's sequence of writes, from 1. */
  index = 0;
  /** `DATA`, `LOCK` or `UNLOCK`. */
  kind = DATA;
  /** Whether a read-modify-write took this message; its own write stands right behind it, and nothing fits between the two. */
  taken = false;
  /** Fence time that every event after a read of this message is bound to. */
  boundTime = 0;
  /** For each CPU but the writer, the index of its last write that happens before this one; empty until it is first taught. */
  readonly known: number[] = [];
  /** For an unlock only: the unlocker's own writes before it. */
  ownBefore: FlatView = EMPTY;
  ownBeforeTime = 0;
  /** Summary of the reads that this write's address or data depended on, for its own CPU's read of it. */
  dependency: FlatView = EMPTY;
  dependencyTime = 0;
  /** Event number in the log. */
  event = -1;
}

/**
 * Messages that are not in use. They are handed out last in, first out, as the latest ones are still in the processor's
 * caches.
 */
export class MessagePool {
  readonly #free: Message[] = [];
  #count = 0;

  /** A message to fill: ordinary, not taken. */
  take(): Message {
    if (this.#count === 0) return new Message();
    const message = this.#free[--this.#count] as Message;
    message.kind = DATA;
    message.taken = false;
    message.event = -1;
    return message;
  }

  /** Take back a message that nothing refers to. */
  give(message: Message): void {
    this.#free[this.#count++] = message;
  }
}

/** Stands for no message. */
const NO_MESSAGE = new Message();

/** Distance between appended messages; a power of two, so that there is room for some insertions between two. */
const STEP = 1024;
/**
 * Positions are small integers, for speed. Beyond this position, messages stand side by side, with no room between
 * them.
 */
const LAST_STEP = 2 ** 30;

/** The coherence order of one word. */
export class Location {
  addr = 0;
  /** Number of messages. */
  count = 0;
  /** The newest message, which is what sequential consistency would read. There is one unless `count` is 0. */
  last = NO_MESSAGE;
  /** Length at which pruning is tried next. */
  pruneAt = 0;
  /** How often a substrate store replaced the word. */
  version = 0;
  /** Oldest first; only the first `count` are in use. */
  readonly #messages: Message[] = [];

  /** The message at an index; 0 is the oldest, `count - 1` the newest. */
  at(i: number): Message {
    return this.#messages[i] as Message;
  }

  /** Index of a message. */
  indexOf(message: Message): number {
    let i = this.count - 1;
    while (this.#messages[i] !== message) i--;
    return i;
  }

  /** Forget all messages. */
  clear(pool: MessagePool): void {
    for (let i = 0; i < this.count; i++) pool.give(this.#messages[i] as Message);
    this.count = 0;
    this.version = 0;
  }

  /** Put a message at the end. */
  append(message: Message): void {
    const before = this.count === 0 ? -STEP : this.last.position;
    message.position = before < LAST_STEP ? (before | (STEP - 1)) + 1 : before + 1;
    this.#messages[this.count++] = message;
    this.last = message;
  }

  /** Put a message behind the one at index `at`. That one is not the last, and there must be room behind it. */
  insert(message: Message, at: number): void {
    const messages = this.#messages;
    message.position = this.middle(at);
    for (let i = this.count; i > at + 1; i--) messages[i] = messages[i - 1] as Message;
    messages[at + 1] = message;
    this.count++;
  }

  /** Position halfway between the message at an index and the next one. */
  middle(at: number): number {
    const { position } = this.at(at);
    return position + ((this.at(at + 1).position - position) >> 1);
  }

  /** Whether a message fits behind the one at an index that is not the last. */
  hasRoom(at: number): boolean {
    return this.middle(at) > this.at(at).position;
  }

  /** Take the oldest messages out of the coherence order. */
  drop(count: number, pool: MessagePool): void {
    const messages = this.#messages;
    for (let i = 0; i < count; i++) pool.give(messages[i] as Message);
    this.count -= count;
    for (let i = 0; i < this.count; i++) messages[i] = messages[i + count] as Message;
  }

  /** How many messages, counted from the newest, lie at or above a position; at least 1. */
  countFrom(position: number): number {
    let i = this.count - 1;
    while (i > 0 && this.at(i - 1).position >= position) i--;
    return this.count - i;
  }
}
