/** What is known of the accesses that all CPUs but one may make before that one takes its next step. */

import type { Addr } from '../../memory/struct.js';

/** What is known of one word. */
export interface Word {
  /** The number of the look in which the rest was found. */
  look: number;
  /** Bits that are read, that are written, whose newest value is seen. */
  read: number;
  written: number;
  looked: number;
  locked: boolean;
  unlocked: boolean;
  /** A CPU waits for it, or depends on it in another way. */
  awaited: boolean;
  /** Values that are stored, and whether any value may be. */
  readonly stored: number[];
  isAny: boolean;
  /** Local states that depend on these. */
  readonly users: number[];
}

/** What the others may do without one CPU: found where it is asked for, and kept until something changes it. */
export class Alone {
  isKnown = false;
  /** There is no end to it, or an interrupt of the CPU itself may come. */
  isOpen = false;
  /** Nothing more is to be found. */
  isWhole = false;
  /** Whether the CPU would have taken an interrupt where the look began. */
  takesInterrupts = false;
  look = 0;
  readonly words: (Word | undefined)[] = [];
  /** Local states that are yet to be followed. */
  readonly open: number[] = [];
  /** Those that were reached, that depend on words, and the CPU of each. */
  seen = new Int32Array(0);
  using = new Int32Array(0);
  cpus = new Int8Array(0);
  count = 0;
  /** Other CPUs whose interrupts may come. */
  readonly begun = new Set<number>();

  /** Make room for local states. */
  grow(size: number): void {
    if (this.seen.length >= size) return;
    const { seen, using, cpus } = this;
    this.seen = new Int32Array(2 * size);
    this.using = new Int32Array(2 * size);
    this.cpus = new Int8Array(2 * size);
    this.seen.set(seen);
    this.using.set(using);
    this.cpus.set(cpus);
  }

  /** A word as this look knows it. */
  at(addr: Addr): Word | undefined {
    const word = this.words[addr];
    return word?.look === this.look ? word : undefined;
  }

  word(addr: Addr): Word {
    const known = this.words[addr];
    if (known === undefined) {
      const made: Word = { ...NOTHING, look: this.look, stored: [], users: [] };
      this.words[addr] = made;
      return made;
    }
    if (known.look !== this.look) {
      Object.assign(known, NOTHING);
      known.look = this.look;
      known.stored.length = known.users.length = 0;
    }
    return known;
  }
}

const NOTHING = {
  read: 0,
  written: 0,
  looked: 0,
  locked: false,
  unlocked: false,
  awaited: false,
  isAny: false,
};
