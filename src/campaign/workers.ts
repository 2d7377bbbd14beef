/** A pool of exploring workers: typed tasks in, results out. A task that hangs or is cancelled ends with its worker. */

import type { Piscina } from 'piscina';
import { Interrupted, SimulatorBug, UsageError } from '../errors.js';
import { createPool } from '../pool.js';
import type { Answer, TaskMap, TaskMessage, TaskName } from './task.js';

const ENTRY = new URL('../../workers/explore.js', import.meta.url);

/** Milliseconds that one slice of work takes: how promptly a campaign reports and stops. */
export const SLICE_MS = 300;
/** Milliseconds that the axioms may take over one execution: a whole machine logs tens of thousands of events. */
export const AXIOMS_MS = 600_000;
/** Seconds of processor time by which a worker may exceed its time before it counts as stuck in kernel code. */
const STUCK_SECONDS = 8;
/** Milliseconds that a task may still take after an interrupt: a running slice ends by itself. */
const GRACE_MS = SLICE_MS + 200;

/** How long one task may take. */
export interface TaskLimits {
  /** Time that the task may take if nothing interrupts it, in ms. Default {@link SLICE_MS}. */
  readonly ms?: number;
  /** Ends the task early; if necessary, its worker is terminated. */
  readonly signal?: AbortSignal | undefined;
}

/** A pool of exploring workers. */
export class Workers {
  readonly #pool: Piscina<TaskMessage, Answer<unknown>>;

  constructor(threads: number) {
    this.#pool = createPool(ENTRY, {
      minThreads: threads,
      maxThreads: threads,
      idleTimeout: 60_000,
    });
  }

  /**
   * Run a task on some worker.
   *
   * @throws UsageError when the task takes far longer than it may: its scenario's code loops between two operations
   * @throws Interrupted when the signal ended it
   */
  async run<K extends TaskName>(
    task: K,
    request: TaskMap[K]['request'],
    { ms = SLICE_MS, signal }: TaskLimits = {},
  ): Promise<TaskMap[K]['result']> {
    if (signal?.aborted === true) throw new Interrupted();
    const watch = new Watch(ms, signal);
    try {
      const message: TaskMessage<K> = { task, request };
      const answer = await this.#pool.run(message, { signal: watch.signal });
      if ('usage' in answer) throw new UsageError(answer.usage);
      return answer.result as TaskMap[K]['result'];
    } catch (error) {
      if (watch.isStuck) {
        throw new UsageError(
          `the scenario's code executed no operation for ${STUCK_SECONDS} s: it loops for ever`,
        );
      }
      if (watch.isUnwanted) throw new Interrupted();
      throw restored(error);
    } finally {
      watch.end();
    }
  }

  /** Stop all workers at once. */
  async close(): Promise<void> {
    await this.#pool.destroy();
  }
}

/** Ends a task that takes too long, or, a little later, one that is no longer wanted. */
class Watch {
  readonly #controller = new AbortController();
  readonly #wanted: AbortSignal | undefined;
  readonly #timer: NodeJS.Timeout;
  #grace: NodeJS.Timeout | undefined;
  isStuck = false;

  constructor(ms: number, wanted: AbortSignal | undefined) {
    // Processor time, not the clock: a process that was stopped for a while, or that gets no processor, is not stuck.
    // A loop uses a second of processor time in each second.
    let left = Math.ceil(ms / 1000) + STUCK_SECONDS;
    let used = processorSeconds();
    this.#timer = setInterval(() => {
      const now = processorSeconds();
      left -= Math.min(1, now - used);
      used = now;
      if (left > 0) return;
      this.isStuck = true;
      this.#controller.abort();
    }, 1000);
    this.#wanted = wanted;
    wanted?.addEventListener('abort', this.#onUnwanted, { once: true });
  }

  get isUnwanted(): boolean {
    return this.#wanted?.aborted === true;
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  readonly #onUnwanted = (): void => {
    this.#grace = setTimeout(() => this.#controller.abort(), GRACE_MS);
  };

  end(): void {
    clearInterval(this.#timer);
    clearTimeout(this.#grace);
    this.#wanted?.removeEventListener('abort', this.#onUnwanted);
  }
}

/** Processor time of all threads of this process, in seconds. */
function processorSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

function restored(error: unknown): Error {
  if (error instanceof UsageError || error instanceof SimulatorBug) return error;
  const { stack } = error as { stack?: string };
  return new SimulatorBug(`a worker failed: ${stack ?? String(error)}`);
}
