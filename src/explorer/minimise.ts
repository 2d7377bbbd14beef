/** Shrinks a finding until no single removal of a context switch or of a memory choice keeps it. */

import type { Session } from './session.js';
import { switchesOf, type Schedule, type Turn } from './schedule.js';

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

/** Smaller is better: context switches first, then memory choices. */
function sizeOf(schedule: Schedule): number {
  return switchesOf(schedule) * 10_000 + schedule.choices.length;
}

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

  /** Adopt a candidate if it shows the finding and is smaller than the best so far. */
  try(candidate: Schedule): boolean {
    if (this.isOutOfBudget) return false;
    this.executions++;
    const verdict = this.#session.replay(candidate);
    if (verdict.key !== this.#key) return false;
    // What was really executed: turns that had become impossible are gone.
    const executed = this.#session.execution.log.schedule();
    if (sizeOf(executed) >= sizeOf(this.best)) return false;
    this.best = executed;
    return true;
  }

  /** Leave out blocks of turns, large ones first. */
  removeBlocks(): void {
    for (let size = this.best.turns.length >> 1; size >= 1; size >>= 1) {
      for (let at = 0; at < this.best.turns.length && !this.isOutOfBudget;) {
        const { turns, choices } = this.best;
        const shorter = [...turns.slice(0, at), ...turns.slice(at + size)];
        if (!this.try({ turns: shorter, choices })) at += size;
      }
    }
  }

  /** Every way to remove one context switch: leave a turn out, or let it come after or before its neighbour. */
  removeSwitch(): boolean {
    const { turns, choices } = this.best;
    for (let i = 0; i < turns.length; i++) {
      const shorter = turns.toSpliced(i, 1);
      if (this.try({ turns: shorter, choices })) return true;
      if (i + 1 < turns.length && this.try({ turns: swapped(turns, i), choices })) return true;
    }
    return false;
  }

  /** Make one memory choice the sequentially consistent one; blocks first. */
  removeChoices(): boolean {
    let removed = false;
    for (let size = Math.max(1, this.best.choices.length >> 1); size >= 1; size >>= 1) {
      for (let at = 0; at < this.best.choices.length && !this.isOutOfBudget;) {
        const { turns, choices } = this.best;
        const fewer = choices.toSpliced(at, size);
        if (this.try({ turns, choices: fewer })) removed = true;
        else at += size;
      }
    }
    return removed;
  }
}

function swapped(turns: readonly Turn[], index: number): Turn[] {
  const copy = [...turns];
  const [a, b] = copy.slice(index, index + 2);
  if (a && b) copy.splice(index, 2, b, a);
  return copy;
}

/**
 * Shrink a schedule whose execution gets the verdict `key`.
 *
 * @returns a schedule with the same verdict; the session has executed it last
 */
export function minimise(session: Session, schedule: Schedule, key: string): Minimised {
  const minimiser = new Minimiser(session, schedule, key);
  minimiser.removeChoices();
  minimiser.removeBlocks();
  for (let smaller = true; smaller;) {
    smaller = minimiser.removeChoices();
    while (minimiser.removeSwitch()) smaller = true;
  }
  session.replay(minimiser.best);
  return {
    schedule: minimiser.best,
    executions: minimiser.executions,
    isMinimal: !minimiser.isOutOfBudget,
  };
}
