/** What is known of the code that has yet to be executed: the part of a machine's state that it cannot tell apart is left out. */

import type { Addr } from '../../memory/struct.js';

/** What code may still do. Every answer may be "yes" where that is not known. */
export interface Outlook {
  /** CPUs whose code may still load a word, as a bit mask; a read-modify-write and taking a lock are loads, too. */
  readers(addr: Addr): number;
  /** CPUs whose code may still store to a word; a read-modify-write, taking and releasing a lock are stores, too. */
  writers(addr: Addr): number;
  /** Whether the value of a word may still be seen, in any way, before it is overwritten by a store in coherence order. */
  isLive(addr: Addr): boolean;
  /** Whether a word is only locked and unlocked from now on: who takes a lock sees the newest message, wherever it stands. */
  isLock(addr: Addr): boolean;
  /** CPUs whose code may still take a lock, as a bit mask. */
  readonly lockers: number;
  /** Whether anybody may still execute a strong fence. */
  readonly mayFence: boolean;
}
