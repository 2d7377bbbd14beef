/** Tests to which the model has no answer: in some of their executions, an access is to no location, or an operation has no value. */
import type { LitmusTest, LocationId } from '../syntax/ast.js';
import { LitmusSyntaxError } from '../syntax/syntax-error.js';
import { EV, isOrdinaryWrite, type Trace } from './event.js';
import type { FaultyTrace } from './trace.js';

type Path = Pick<Trace, 'thread' | 'events'>;

/** Combinations of paths beyond which values that were read count as possible. */
const MOST = 200_000;

const LOCK_READS = EV.lockRead | EV.lockFail | EV.isLocked | EV.isUnlocked;

/** What is known of a test when its traces are. */
export interface Explored {
  readonly traces: readonly (readonly Trace[])[];
  readonly faults: readonly FaultyTrace[];
  readonly initOf: (location: LocationId) => number;
}

/** Looks for executions, whatever the model says of them, in which every read has a write that it may read from. */
class Realizer {
  readonly #options: readonly (readonly Path[])[];
  readonly #initOf: Explored['initOf'];
  #left = MOST;

  constructor({ traces, faults, initOf }: Explored) {
    this.#options = traces.map((all, t) => [...all, ...faults.filter((f) => f.thread === t)]);
    this.#initOf = initOf;
  }

  isPossible(fault: FaultyTrace): boolean {
    return this.#complete([fault], 0);
  }

  #complete(chosen: readonly Path[], thread: number): boolean {
    const options = this.#options[thread];
    if (options === undefined) {
      return --this.#left <= 0 || chosen.every((path) => this.#isJustified(path, chosen));
    }
    if (chosen[0]?.thread === thread) return this.#complete(chosen, thread + 1);
    return options.some((path) => this.#complete([...chosen, path], thread + 1));
  }

  #isJustified(path: Path, chosen: readonly Path[]): boolean {
    const own = new Map<LocationId, number>();
    return path.events.every(({ classes, location, value }) => {
      if (isOrdinaryWrite(classes)) own.set(location, value);
      if ((classes & EV.read) === 0 || (classes & LOCK_READS) !== 0) return true;
      if ((own.get(location) ?? this.#initOf(location)) === value) return true;
      return chosen.some(
        (other) =>
          other !== path &&
          other.events.some(
            (e) => e.location === location && e.value === value && isOrdinaryWrite(e.classes),
          ),
      );
    });
  }
}

/**
 * Refuse a test that does one of these on a path that can be taken.
 *
 * @throws LitmusSyntaxError with the first such statement
 */
export function refuseFaults(test: LitmusTest, explored: Explored): void {
  const faults = explored.faults.filter(({ kind }) => kind === 'fault');
  if (faults.length === 0) return;
  const realizer = new Realizer(explored);
  const inOrder = faults.sort((a, b) => a.at.line - b.at.line || a.at.column - b.at.column);
  for (const fault of inOrder) {
    if (!realizer.isPossible(fault)) continue;
    throw new LitmusSyntaxError(test.file, fault.at, `${fault.problem}: ${fault.at.text}`);
  }
}

/** Does some execution go on longer than the bound on loops lets it? */
export function isCut(explored: Explored): boolean {
  const cuts = explored.faults.filter(({ kind }) => kind === 'cut');
  if (cuts.length === 0) return false;
  const realizer = new Realizer(explored);
  return cuts.some((cut) => realizer.isPossible(cut));
}
