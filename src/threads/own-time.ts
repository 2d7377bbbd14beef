/**
 * Time that a process really gets. On a busy machine, or one that stops a process for a while, the clock goes on but
 * threads do not: such a thread must not be considered dead.
 */

/** The most that a wait counts if the process used no processor meanwhile, in ms: its threads may all sleep. */
const MOST_IDLE_MS = 10;

/** What time is measured with, in ms. */
export interface Clocks {
  readonly now: () => number;
  /** Processor time of all threads of this process. */
  readonly processor: () => number;
}

const HOST: Clocks = {
  now: () => performance.now(),
  processor: () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1000;
  },
};

/** Counts the time between frequent looks: all of it while the process runs, almost none while it cannot run. */
export class OwnTime {
  readonly #clocks: Clocks;
  readonly #mostIdle: number;
  #now: number;
  #processor: number;
  #ms = 0;

  /** @param mostIdle the most that counts between two looks in which the process did nothing, in ms */
  constructor(mostIdle: number = MOST_IDLE_MS, clocks: Clocks = HOST) {
    this.#clocks = clocks;
    this.#mostIdle = mostIdle;
    this.#now = clocks.now();
    this.#processor = clocks.processor();
  }

  /** Milliseconds of its own that the process has had since this was made. */
  look(): number {
    const now = this.#clocks.now();
    const processor = this.#clocks.processor();
    const used = processor - this.#processor;
    this.#ms += Math.min(now - this.#now, Math.max(used, this.#mostIdle));
    this.#now = now;
    this.#processor = processor;
    return this.#ms;
  }
}
