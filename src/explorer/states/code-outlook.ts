/** What the code in a state of the whole machine may still do, for what of a weak memory can be left out of the state. */

import type { Addr } from '../../memory/struct.js';
import type { Outlook } from '../../view-machine/canonical/outlook.js';
import { type Futures, LOADS, STORES } from './futures.js';
import type { Liveness } from './liveness.js';
import { FENCE_WORD } from './requests.js';
import type { Sharing } from './sharing.js';

/** What is known of the code. */
export interface Known {
  readonly futures: Futures;
  readonly liveness: Liveness;
  readonly sharing: Sharing;
  /** Numbers of the words that somebody may still read before they are overwritten. */
  readonly live: Int32Array;
  readonly cpus: number;
  /** Local states from which a CPU may go on; negative: none. */
  readonly codeOf: (cpu: number) => readonly number[];
}

/** Looks ahead along all code at once. */
export class CodeOutlook implements Outlook {
  readonly mayFence: boolean;
  readonly #known: Known;
  readonly #code: readonly (readonly number[])[];

  constructor(known: Known) {
    this.#known = known;
    this.#code = Array.from({ length: known.cpus }, (_, cpu) =>
      known.codeOf(cpu).filter((state) => state >= 0),
    );
    this.mayFence = this.#who(FENCE_WORD, STORES) !== 0;
  }

  #who(addr: Addr, how: number): number {
    const { futures } = this.#known;
    let who = 0;
    for (const [cpu, states] of this.#code.entries()) {
      if (states.some((state) => (futures.touches(state, addr) & how) !== 0)) who |= 1 << cpu;
    }
    return who;
  }

  readers(addr: Addr): number {
    return this.#known.sharing.isWritten(addr) ? this.#who(addr, LOADS) : 0;
  }

  writers(addr: Addr): number {
    return this.#known.sharing.isWritten(addr) ? this.#who(addr, STORES) : 0;
  }

  isLive(addr: Addr): boolean {
    return this.#known.liveness.isIn(this.#known.live, addr);
  }
}
