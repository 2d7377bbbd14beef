/**
 * Detects shared memory that a program's file makes when it is loaded. Every thread loads the file for itself, so that
 * memory is not shared.
 */

import { UsageError } from '../../errors.js';
import type { Position, Step, Strategy } from '../../explorer/engine/strategy.js';
import { DEFAULT_SCHEDULE } from '../../explorer/engine/schedule.js';
import { ReplayStrategy } from '../../explorer/strategies/replay.js';
import type { Runtime } from '../runtime/runtime.js';
import { isShared } from '../runtime/views.js';
import type { Execution } from './execution.js';

/** Runs the default schedule, and notes what it accesses. */
export class LookingStrategy implements Strategy {
  readonly observes = true;
  readonly restsAlone = false;
  readonly fuel = 1;
  /** Addresses, in units of four bytes. */
  readonly seen = new Set<number>();
  readonly #schedule = new ReplayStrategy(DEFAULT_SCHEDULE);

  begin(): boolean {
    return true;
  }
  next(runnable: number, last: number, cpus: readonly Position[]): number {
    return this.#schedule.next(runnable, last, cpus);
  }
  choose(): number {
    return 0;
  }
  observe({ addr }: Step): void {
    this.seen.add(addr);
  }
  end(): void {
    // Nothing is left to do.
  }
}

/** The buffers of one execution that modules have made. */
export class ModuleBuffers {
  readonly #made: { readonly buffer: SharedArrayBuffer; readonly site: number }[] = [];

  /** Begin to note the buffers that the threads of a program make while their modules are evaluated. */
  constructor(runtime: Runtime, execution: Execution) {
    runtime.madeBuffer = (made) => {
      const agent = execution.cpus[runtime.agent];
      if (agent === undefined || agent.ended !== undefined || agent.stages.length === 0) return;
      const buffer: unknown = made instanceof WebAssembly.Memory ? made.buffer : made;
      if (isShared(buffer)) this.#made.push({ buffer, site: runtime.at });
    };
  }

  /** Refuse a program whose threads use what each of them has made for itself. @throws UsageError with file and line */
  check({ sites, regions }: Runtime, { seen }: LookingStrategy): void {
    const users = new Map<number, number>();
    for (const { buffer, site } of this.#made) {
      const { base, capacity } = regions.find(buffer);
      const isUsed = [...seen].some((unit) => unit * 4 >= base && unit * 4 < base + capacity);
      if (isUsed) users.set(site, (users.get(site) ?? 0) + 1);
    }
    for (const [site, count] of users) {
      // A buffer that only one thread has made for itself is fine.
      if (count < 2) continue;
      throw new UsageError(
        `${sites.place(site)}: ${sites.at(site).text} is executed by each thread for itself, as each loads the file: make what is shared in shared()`,
      );
    }
  }
}
