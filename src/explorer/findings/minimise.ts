/** Shrinks a finding until no single removal of a context switch or of a memory choice keeps it. */

import { RandomSource } from '../engine/random-source.js';
import type { Schedule } from '../engine/schedule.js';
import type { Explorable } from '../engine/explorable.js';

/** A shrunk finding. */
export interface Minimised {
  readonly schedule: Schedule;
  /** Executions it took. */
  readonly executions: number;
  /** False when the limit on executions was reached first: the schedule may not be minimal. */
  readonly isMinimal: boolean;
}

/** Executions after which shrinking stops, and operations in all of them together: about a minute. */
const MAX_EXECUTIONS = 20_000;
const MAX_STEPS = 20_000_000;

/** Number of random subsets of a schedule that are tried. They find what no removal of neighbours achieves. */
const SAMPLES = 400;

/** A schedule with no more switches than this is not sampled. */
const ENOUGH = 3;

/** A schedule of more switches than this is thinned out first, by keeping each with one of these probabilities. */
const MANY = 40;
const THINNING = [0.1, 0.25, 0.5] as const;
/** Tries for each. */
const THINNING_TRIES = 8;

type Part = 'switches' | 'choices';

class Minimiser {
  executions = 0;
  #steps = 0;
  best: Schedule;
  readonly #session: Explorable;
  readonly #key: string;

  constructor(session: Explorable, schedule: Schedule, key: string) {
    this.#session = session;
    this.#key = key;
    this.best = schedule;
  }

  get isOutOfBudget(): boolean {
    return this.executions >= MAX_EXECUTIONS || this.#steps >= MAX_STEPS;
  }

  /** Leave out parts of the schedule: large blocks first, then each by itself. Returns whether any part could be left out. */
  remove(part: Part): boolean {
    let removed = false;
    for (let size = this.best[part].length; size >= 1; size >>= 1) {
      for (let at = 0; at < this.best[part].length && !this.isOutOfBudget;) {
        if (this.#try({ ...this.best, [part]: this.best[part].toSpliced(at, size) }))
          removed = true;
        else at += Math.max(1, size >> 2);
      }
    }
    return removed;
  }

  /** Keep a few of very many switches: a finding that shows under most schedules needs hardly any of them. */
  thin(): void {
    const random = new RandomSource();
    random.seed(1, 2);
    for (let thinner = true; thinner && this.best.switches.length > MANY;) {
      thinner = THINNING.some((keep) => this.#thinTo(keep, random));
    }
  }

  #thinTo(keep: number, random: RandomSource): boolean {
    for (let i = 0; i < THINNING_TRIES && !this.isOutOfBudget; i++) {
      const switches = this.best.switches.filter(() => random.chance(keep));
      if (this.#try({ ...this.best, switches })) return true;
    }
    return false;
  }

  /** Keep a random part of the switches, again and again. */
  sample(): boolean {
    const random = new RandomSource();
    random.seed(1, 1);
    let removed = false;
    for (let i = 0; i < SAMPLES && !this.isOutOfBudget; i++) {
      const keep = 0.2 + 0.15 * (i % 5);
      const { switches } = this.best;
      if (switches.length <= ENOUGH) break;
      const fewer = switches.filter(() => random.chance(keep));
      if (this.#try({ ...this.best, switches: fewer })) removed = true;
    }
    return removed;
  }

  /** Adopt a candidate if it shows the finding. */
  #try(candidate: Schedule): boolean {
    const { key } = this.#session.replay(candidate);
    this.executions++;
    this.#steps += this.#session.execution.steps;
    if (key !== this.#key) return false;
    // Keep what was really executed, without decisions that had become impossible or were the default.
    const executed = this.#session.execution.log.schedule();
    if (sizeOf(executed) >= sizeOf(this.best)) return false;
    this.best = executed;
    return true;
  }
}

function sizeOf({ switches, choices }: Schedule): number {
  return switches.length + choices.length;
}

function shrink(minimiser: Minimiser): void {
  for (let smaller = true; smaller;) {
    smaller = minimiser.remove('switches');
    smaller = minimiser.remove('choices') || smaller;
  }
}

/**
 * Shrink a schedule whose execution gets the verdict `key`.
 *
 * @returns a schedule with the same verdict; the session has executed it last
 */
export function minimise(session: Explorable, schedule: Schedule, key: string): Minimised {
  const minimiser = new Minimiser(session, schedule, key);
  minimiser.thin();
  shrink(minimiser);
  while (minimiser.sample()) shrink(minimiser);
  session.replay(minimiser.best);
  return {
    schedule: minimiser.best,
    executions: minimiser.executions,
    isMinimal: !minimiser.isOutOfBudget,
  };
}
