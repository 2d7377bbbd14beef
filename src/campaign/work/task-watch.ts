/** Tells a worker that is stuck from one that is slow, or that gets no processor on a busy machine. */

import { readFileSync } from 'node:fs';
import { beatsOf, threadOf, UNKNOWN_THREAD, type Pulse } from '../../explorer/engine/pulse.js';

/** Seconds between two looks. */
const LOOK_SECONDS = 1;
/** Seconds for which a worker may neither use nor want a processor: loading a file from a slow disk takes less. */
export const ASLEEP_SECONDS = 30;

/** Seconds of a second that a thread which sleeps may use or want: now and then the engine wakes it to look after its memory. */
const WAKE_SECONDS = 0.1;
/** Seconds of sleep that a second takes back in which it wanted more than that: on a busy machine each wake-up waits. */
const TAKEN_BACK = 2;

/** What a thread has had of the processor, in seconds. */
export interface ThreadTime {
  readonly used: number;
  /** Time in which it was ready to go on, and others went on. */
  readonly waited: number;
}

/** What a watch looks at. */
export interface Watched {
  /** Seconds of its processor time that the task may take without a sign of life. */
  readonly seconds: number;
  readonly pulse: Pulse;
  /** Time of a thread, given its id. Default: the operating system's. */
  readonly timeOf?: (thread: number) => ThreadTime;
}

/** How a task is stuck: it goes on without an operation, or it sleeps where nothing wakes it. */
export type Stuck = 'loops' | 'sleeps';

/** Looks at one task every second. */
export class TaskWatch {
  readonly #watched: Required<Watched>;
  #thread = 0;
  #beats = 0;
  #last: ThreadTime = { used: 0, waited: 0 };
  #quiet = 0;
  #asleep = 0;

  constructor({ timeOf = threadTime, ...watched }: Watched) {
    this.#watched = { ...watched, timeOf };
  }

  /** Look once. Returns how the task is stuck, if it is; one that has not begun is not. */
  look(): Stuck | undefined {
    const { pulse, timeOf, seconds } = this.#watched;
    const [thread, beats] = [threadOf(pulse), beatsOf(pulse)];
    if (thread === 0) return undefined;
    const now = timeOf(thread);
    const isAlive = thread !== this.#thread || beats !== this.#beats;
    // After a pause of this thread itself, one look counts like any other.
    const used = Math.min(LOOK_SECONDS, now.used - this.#last.used);
    const isAsleep = used + now.waited - this.#last.waited < WAKE_SECONDS;
    this.#quiet = isAlive ? 0 : this.#quiet + used;
    this.#asleep = isAlive
      ? 0
      : Math.max(0, this.#asleep + (isAsleep ? LOOK_SECONDS : -TAKEN_BACK));
    [this.#thread, this.#beats, this.#last] = [thread, beats, now];
    if (this.#quiet >= seconds) return 'loops';
    return this.#asleep >= Math.max(seconds, ASLEEP_SECONDS) ? 'sleeps' : undefined;
  }

  /** Look every second; the task is reported once at most. Returns what ends the watch. */
  start(onStuck: (how: Stuck) => void): () => void {
    const timer = setInterval(() => {
      const how = this.look();
      if (how === undefined) return;
      clearInterval(timer);
      onStuck(how);
    }, LOOK_SECONDS * 1000);
    return () => clearInterval(timer);
  }
}

/** Time of one thread where the operating system tells it. Else of all threads of this process, and nothing is known of waiting. */
function threadTime(thread: number): ThreadTime {
  try {
    if (thread !== UNKNOWN_THREAD) {
      const [used = 0, waited = 0] = readFileSync(`/proc/self/task/${thread}/schedstat`, 'utf8')
        .split(' ')
        .map((ns) => Number(ns) / 1e9);
      return { used, waited };
    }
  } catch {
    // The thread has just ended, or the kernel keeps no such account.
  }
  const { user, system } = process.cpuUsage();
  return { used: (user + system) / 1e6, waited: NaN };
}
