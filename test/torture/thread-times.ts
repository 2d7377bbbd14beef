/** Processor time of another process, thread by thread, as Linux counts it. */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What the threads of a process have had so far, in milliseconds; 0 where the system does not tell. */
export interface Times {
  /** Time on a processor. */
  readonly ranMs: number;
  /** Time that they were ready without a processor. All of it may delay the process: threads wait for each other. */
  readonly waitedMs: number;
}

/** Times of a process; threads that have ended count with what they had when they were last seen. */
export class ThreadTimes {
  readonly #tasks: string;
  readonly #seen = new Map<string, readonly [ran: number, waited: number]>();

  constructor(pid: number) {
    this.#tasks = `/proc/${pid}/task`;
  }

  look(): Times {
    try {
      for (const task of readdirSync(this.#tasks)) {
        const [ran = 0, waited = 0] = readFileSync(join(this.#tasks, task, 'schedstat'), 'utf8')
          .split(' ')
          .map((ns) => Number(ns) / 1e6);
        this.#seen.set(task, [ran, waited]);
      }
    } catch {
      // The process, or one of its threads, has just ended; or this is no Linux.
    }
    let [ranMs, waitedMs] = [0, 0];
    for (const [ran, waited] of this.#seen.values()) {
      ranMs += ran;
      waitedMs += waited;
    }
    return { ranMs, waitedMs };
  }
}
