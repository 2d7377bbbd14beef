/** A pool of exploring workers: typed tasks in, results out. A task that hangs or is cancelled ends with its worker. */

import type { Piscina } from 'piscina';
import { Interrupted, SimulatorBug, UsageError } from '../../errors.js';
import { createPool } from '../../pool.js';
import { newPulse, type Pulse } from '../../explorer/engine/pulse.js';
import type { ScenarioReference } from '../../scenario/reference.js';
import type { Answer, TaskMap, TaskMessage, TaskName } from './task.js';
import { ASLEEP_SECONDS, TaskWatch, type Stuck } from './task-watch.js';

const ENTRY = new URL('../../../workers/explore.js', import.meta.url);

/** Milliseconds that one slice of work takes: how promptly a campaign reports and stops. */
export const SLICE_MS = 300;
/** Milliseconds that the axioms may take over one execution: a whole machine logs tens of thousands of events. */
export const AXIOMS_MS = 600_000;
/** Seconds of its own processor time for which a worker may exceed its time without an operation of its scenario. */
const STUCK_SECONDS = 8;

const STUCK: Readonly<Record<Stuck, string>> = {
  loops: `executed no operation for ${STUCK_SECONDS} s: it loops for ever`,
  sleeps: `sleeps, and has done nothing for ${ASLEEP_SECONDS} s: only operations of cpu may wait`,
};

/** Whose code a task executes, as far as its request tells. */
function codeOf(request: object): string {
  const { session, scenario = session?.scenario ?? request } = request as {
    session?: { scenario: ScenarioReference };
    scenario?: ScenarioReference;
  };
  const { file, name } = scenario as Partial<ScenarioReference>;
  if (file === undefined) return "the scenario's code";
  return name === undefined ? `code of ${file}` : `code of scenario ${name} in ${file}`;
}
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
   * @throws UsageError when its scenario's code loops, or sleeps, between two operations
   * @throws Interrupted when the signal ended it
   */
  async run<K extends TaskName>(
    task: K,
    request: TaskMap[K]['request'],
    { ms = SLICE_MS, signal }: TaskLimits = {},
  ): Promise<TaskMap[K]['result']> {
    if (signal?.aborted === true) throw new Interrupted();
    const pulse = newPulse();
    const watch = new Watch(ms, pulse, signal);
    try {
      const message: TaskMessage<K> = { task, request, pulse };
      const answer = await this.#pool.run(message, { signal: watch.signal });
      if ('usage' in answer) throw new UsageError(answer.usage);
      return answer.result as TaskMap[K]['result'];
    } catch (error) {
      if (watch.stuck !== undefined) {
        throw new UsageError(`${codeOf(request)} ${STUCK[watch.stuck]}`);
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

/** Ends a task that is stuck, or, a little later, one that is no longer wanted. */
class Watch {
  readonly #controller = new AbortController();
  readonly #wanted: AbortSignal | undefined;
  readonly #endWatch: () => void;
  #grace: NodeJS.Timeout | undefined;
  stuck: Stuck | undefined;

  constructor(ms: number, pulse: Pulse, wanted: AbortSignal | undefined) {
    const watch = new TaskWatch({ seconds: Math.ceil(ms / 1000) + STUCK_SECONDS, pulse });
    this.#endWatch = watch.start((how) => {
      this.stuck = how;
      this.#controller.abort();
    });
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
    this.#endWatch();
    clearTimeout(this.#grace);
    this.#wanted?.removeEventListener('abort', this.#onUnwanted);
  }
}

function restored(error: unknown): Error {
  if (error instanceof UsageError || error instanceof SimulatorBug) return error;
  const { stack } = error as { stack?: string };
  return new SimulatorBug(`a worker failed: ${stack ?? String(error)}`);
}
