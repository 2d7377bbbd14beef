/** What the code in a state of the whole machine may still do, for what of a weak memory can be left out of the state. */

import type { Addr } from '../../memory/struct.js';
import type { Outlook } from '../../view-machine/canonical/outlook.js';
import { type Futures, LOADS, LOCKING, STORES } from './futures.js';
import type { Liveness } from './liveness.js';
import { FENCE_WORD } from './requests.js';
import type { Sharing } from './sharing.js';

/** What is known of the code. */
export interface Known {
  readonly futures: Futures;
  readonly liveness: Liveness;
  readonly sharing: Sharing;
  /** Numbers of the words that may still be read before they are overwritten. */
  readonly live: Int32Array;
  readonly cpus: number;
  /** Local states from which a CPU may go on; negative: none. */
  readonly codeOf: (cpu: number) => readonly number[];
}

/** Looks ahead along all code at once. */
export class CodeOutlook implements Outlook {
  readonly mayFence: boolean;
  readonly lockers: number;
  readonly #known: Known;
  /** Local states from which a CPU may go on, and the CPU of each, as a bit. */
  readonly #states: number[] = [];
  readonly #bits: number[] = [];

  constructor(known: Known) {
    this.#known = known;
    let lockers = 0;
    for (let cpu = 0; cpu < known.cpus; cpu++) {
      for (const state of known.codeOf(cpu)) {
        if (state < 0) continue;
        this.#states.push(state);
        this.#bits.push(1 << cpu);
        if (known.futures.mayLock(state)) lockers |= 1 << cpu;
      }
    }
    this.lockers = lockers;
    this.mayFence = this.#who(FENCE_WORD, STORES) !== 0;
  }

  #who(addr: Addr, how: number): number {
    const { futures } = this.#known;
    const states = this.#states;
    let who = 0;
    for (let i = 0; i < states.length; i++) {
      if ((futures.touches(states[i] as number, addr) & how) !== 0) who |= this.#bits[i] as number;
    }
    return who;
  }

  readers(addr: Addr): number {
    return this.#known.sharing.isWritten(addr) ? this.#who(addr, LOADS | LOCKING) : 0;
  }

  writers(addr: Addr): number {
    return this.#known.sharing.isWritten(addr) ? this.#who(addr, STORES | LOCKING) : 0;
  }

  isLock(addr: Addr): boolean {
    return this.#known.sharing.isWritten(addr) && this.#who(addr, LOADS | STORES) === 0;
  }

  isLive(addr: Addr): boolean {
    return this.#known.liveness.isIn(this.#known.live, addr);
  }
}
