/** What executions reach: pairs of stores and reads on different CPUs, ordering sites, and lines of code. */

import type { Session } from '../engine/session.js';
import { recordSteps } from './record.js';
import { placeOf } from './sources.js';

/** What was reached; plain data, the frequent first. */
export interface CoverageCounts {
  /** Executions that were looked at. */
  readonly executions: number;
  /** `store → read` by word and places, across CPUs, and how often. */
  readonly readsFrom: readonly { readonly pair: string; readonly count: number }[];
  /** Ordering sites, and how often code reached them. */
  readonly sites: readonly { readonly site: string; readonly count: number }[];
  /** Files with the lines reached, ascending. */
  readonly lines: readonly { readonly file: string; readonly reached: readonly number[] }[];
}

const sorted = (counts: ReadonlyMap<string, number>): [string, number][] =>
  [...counts].sort(([a, m], [b, n]) => n - m || a.localeCompare(b));

/** Adds up executions. */
export class CoverageCounter {
  readonly #pairs = new Map<string, number>();
  readonly #sites = new Map<string, number>();
  readonly #lines = new Map<string, Set<number>>();
  #executions = 0;
  #isCounting = true;

  /** Code reached an ordering site. */
  site(id: number): void {
    if (!this.#isCounting) return;
    const name = `O-${String(id).padStart(2, '0')}`;
    this.#sites.set(name, (this.#sites.get(name) ?? 0) + 1);
  }

  /** Look at the execution that has just ended, by executing it once more. */
  add(session: Session): void {
    this.#isCounting = false; // Its sites have been counted.
    const { steps, stacks } = recordSteps(session, session.execution.log.schedule());
    this.#isCounting = true;
    this.#executions++;
    for (const frame of stacks.flat()) this.#line(frame);
    const { map } = session.prepared.machine;
    for (const step of steps) {
      const source = step.from === undefined ? undefined : steps[step.from];
      if (source === undefined || source.cpu === step.cpu || step.kind === 'wait') continue;
      const [store, read] = [source, step].map(({ stack }) => stacks[stack]?.[0] ?? '');
      const pair = `${map.nameOf(step.addr)}: ${store ?? ''} → ${read ?? ''}`;
      this.#pairs.set(pair, (this.#pairs.get(pair) ?? 0) + 1);
    }
  }

  #line(frame: string): void {
    const place = placeOf(frame);
    if (place === undefined) return;
    const reached = this.#lines.get(place.file) ?? new Set();
    reached.add(place.line);
    this.#lines.set(place.file, reached);
  }

  counts(): CoverageCounts {
    return {
      executions: this.#executions,
      readsFrom: sorted(this.#pairs).map(([pair, count]) => ({ pair, count })),
      sites: sorted(this.#sites).map(([site, count]) => ({ site, count })),
      lines: [...this.#lines]
        .sort(([a], [b]) => a.localeCompare(b))
        .map(([file, reached]) => ({ file, reached: [...reached].sort((a, b) => a - b) })),
    };
  }
}
