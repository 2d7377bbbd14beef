/** One write to shared memory, as the ECMAScript memory model sees it: an event with a range, an order and what happened before it. */

/** A write that loads may read. */
export class Message {
  /** Who wrote; -1 for the initial contents. */
  agent = -1;
  /** Number of the event among those of its agent, from 1. */
  stamp = 0;
  address = 0;
  size = 0;
  /** The bytes, little-endian: the first four, and the last four of eight. */
  low = 0;
  high = 0;
  isSeqCst = false;
  /** Written through an integer typed array: a load of the same range gets it whole. */
  isWhole = false;
  site = 0;
  /** For each agent, how many of its events happen before this one. Means nothing in the initial contents. */
  clock: Int32Array;

  constructor(agents: number) {
    this.clock = new Int32Array(agents);
  }

  /** Byte at an address within the range. */
  byteAt(address: number): number {
    const at = address - this.address;
    return ((at < 4 ? this.low >>> (at * 8) : this.high >>> ((at - 4) * 8)) & 255) >>> 0;
  }

  setByte(address: number, byte: number): void {
    const at = (address - this.address) * 8;
    if (at < 32) this.low = (this.low & ~(255 << at)) | (byte << at);
    else this.high = (this.high & ~(255 << (at - 32))) | (byte << (at - 32));
  }

  covers(address: number): boolean {
    return address >= this.address && address < this.address + this.size;
  }

  overlaps(address: number, size: number): boolean {
    return address < this.address + this.size && this.address < address + size;
  }

  hasRange(address: number, size: number): boolean {
    return this.address === address && this.size === size;
  }

  /** Whether this write happens before the event that has such a clock. */
  isBefore(clock: Int32Array): boolean {
    return this.agent < 0 || (clock[this.agent] as number) >= this.stamp;
  }
}

/** Writes to eight neighbouring bytes, the oldest first, and who accessed them last. */
export class Block {
  readonly messages: Message[] = [];
  /** Last plain or atomic access of each agent: for data races. */
  readonly accesses: Access[] = [];

  /** Forget everything; the writes go into a pool. */
  clear(pool: Message[]): void {
    for (const message of this.messages) pool.push(message);
    empty(this.messages);
    empty(this.accesses);
  }
}

/** Empty a short list: taken one by one, it keeps its space. */
export function empty(list: unknown[]): void {
  while (list.length > 0) list.pop();
}

/** An access, for data races. */
export interface Access {
  agent: number;
  stamp: number;
  address: number;
  size: number;
  isStore: boolean;
  isSeqCst: boolean;
  site: number;
}

/** The oldest write that a newer one covers completely goes back into the pool. */
export function forgetOldest({ messages }: Block, pool: Message[]): void {
  const oldest = messages.findIndex((m, i) =>
    messages.some(
      (later, j) =>
        j > i && later.address <= m.address && later.address + later.size >= m.address + m.size,
    ),
  );
  if (oldest >= 0) pool.push(...messages.splice(oldest, 1));
}
