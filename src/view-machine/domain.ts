/** What the machine keeps for each RCU domain and each grace period. */

import type { SparseView } from './sparse-view.js';

/** RCU itself, or one `srcu_struct`. */
export class Domain {
  /** Fence time of the latest start of a grace period. */
  start = 0;
  /** Views of the sections that have ended since the last grace period ended. */
  readonly ended: SparseView;
  /** Sections a CPU is nested in. */
  readonly nesting: number[] = [];
  /** Outermost sections a CPU has entered. */
  readonly sections: number[] = [];

  constructor(cpus: number, ended: SparseView) {
    this.ended = ended;
    for (let cpu = 0; cpu < cpus; cpu++) {
      this.nesting.push(0);
      this.sections.push(0);
    }
  }

  /** Back to no section and no grace period. */
  reset(): void {
    this.start = 0;
    this.ended.clear();
    this.nesting.fill(0);
    this.sections.fill(0);
  }
}

/** A grace period under way: for each CPU, the section it waits for, 0 for none. */
export interface GracePeriod {
  readonly domain: Domain;
  readonly sections: readonly number[];
  /** For a callback: for each CPU, its last write that happens before the call. */
  readonly known: readonly number[];
}
