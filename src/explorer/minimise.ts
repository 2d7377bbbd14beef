/** Shrinks a finding until no single removal of a context switch or of a memory choice keeps it. */

import type { Schedule } from './schedule.js';
import type { Session } from './session.js';

/** A shrunk finding. */
export interface Minimised {
  readonly schedule: Schedule;
  /** Executions it took. */
  readonly executions: number;
  /** False when the limit on executions was reached first: the schedule may not be minimal. */
  readonly isMinimal: boolean;
}

/** Executions after which shrinking stops. */
const MAX_EXECUTIONS = 20_000;

type Part = 'switches' | 'choices';

class Minimiser {
  executions = 0;
  best: Schedule;
  readonly #session: Session;
  readonly #key: string;

  constructor(session: Session, schedule: Schedule, key: string) {
    this.#session = session;
    this.#key = key;
    this.best = schedule;
  }

  get isOutOfBudget(): boolean {
    return this.executions >= MAX_EXECUTIONS;
  }

  /** Leave out parts of the schedule: large blocks first, then each by itself. Returns whether any could go. */
  remove(part: Part): boolean {
    let removed = false;
    for (let size = this.best[part].length; size >= 1; size >>= 1) {
      for (let at = 0; at < this.best[part].length && !this.isOutOfBudget;) {
        if (this.#try({ ...this.best, [part]: this.best[part].toSpliced(at, size) }))
          removed = true;
        else at += size;
      }
    }
    return removed;
  }

  /** Adopt a candidate if it shows the finding. */
  #try(candidate: Schedule): boolean {
    this.executions++;
    if (this.#session.replay(candidate).key !== this.#key) return false;
    // What was really executed: decisions that had become impossible, or the default, are gone.
    const executed = this.#session.execution.log.schedule();
    if (sizeOf(executed) >= sizeOf(this.best)) return false;
    this.best = executed;
    return true;
  }
}

function sizeOf({ switches, choices }: Schedule): number {
  return switches.length + choices.length;
}

/**
 * Shrink a schedule whose execution gets the verdict `key`.
 *
 * @returns a schedule with the same verdict; the session has executed it last
 */
export function minimise(session: Session, schedule: Schedule, key: string): Minimised {
  const minimiser = new Minimiser(session, schedule, key);
  for (let smaller = true; smaller;) {
    smaller = minimiser.remove('switches');
    smaller = minimiser.remove('choices') || smaller;
  }
  session.replay(minimiser.best);
  return {
    schedule: minimiser.best,
    executions: minimiser.executions,
    isMinimal: !minimiser.isOutOfBudget,
  };
}
