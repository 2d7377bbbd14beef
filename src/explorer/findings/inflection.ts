/** From which operation on a finding can no longer be avoided: every continuation that was tried from there fails. */

import type { Explorable } from '../engine/explorable.js';
import type { Schedule } from '../engine/schedule.js';
import type { Position, Strategy } from '../engine/strategy.js';
import { RandomStrategy } from '../strategies/random.js';
import { ReplayStrategy } from '../strategies/replay.js';

/** The operation after which nothing avoided the finding. */
export interface Inflection {
  /** CPU that executed it; -1: none, every execution fails. */
  readonly cpu: number;
  /** Position of that CPU, as in the schedule. */
  readonly step: number;
  /** Operations up to and including it, and operations of the whole execution. */
  readonly operations: number;
  readonly of: number;
  /** Continuations tried from there, all of which end in something forbidden. */
  readonly tried: number;
}

/** Continuations tried from each operation that is looked at, and from the one that is told. */
const TRIES = 32;
const CONFIRMING = 128;
/** Operations of all executions together after which the search is given up. */
const MAX_STEPS = 8_000_000;
/** Seed of the continuations. */
const SEED = 1;

/** Follows a schedule for a number of operations, and then draws at random. */
class Continuing implements Strategy {
  readonly observes = false;
  readonly restsAlone = false;
  fuel = 1;
  /** Operations after which the strategy was asked. */
  asked = 0;
  /** Where the schedule was left. */
  cpu = -1;
  step = 0;
  readonly #until: number;
  readonly #first: ReplayStrategy;
  readonly #rest = new RandomStrategy(SEED);

  constructor(schedule: Schedule, until = Infinity) {
    this.#first = new ReplayStrategy(schedule);
    this.#until = until;
  }

  begin(run: number): boolean {
    this.asked = 0;
    this.fuel = 1;
    return this.#rest.begin(run);
  }

  next(runnable: number, last: number, cpus: readonly Position[]): number {
    const isFollowing = this.asked < this.#until;
    if (this.asked === this.#until) {
      this.cpu = last;
      this.step = cpus[last]?.decidedAt ?? 0;
    }
    this.asked++;
    const from = isFollowing ? this.#first : this.#rest;
    const cpu =
      from === this.#first
        ? this.#first.next(runnable, last, cpus)
        : this.#rest.next(runnable, last);
    this.fuel = isFollowing ? 1 : this.#rest.fuel;
    return cpu;
  }

  choose(n: number, kind: number, cpu: number, addr: number, step: number, index: number): number {
    return this.asked <= this.#until
      ? this.#first.choose(n, kind, cpu, addr, step, index)
      : this.#rest.choose(n, kind);
  }

  observe(): void {
    // What is followed is fixed, and draws do not depend on what was executed.
  }

  end(): void {
    // Nothing is carried over.
  }
}

class Search {
  readonly #session: Explorable;
  readonly #schedule: Schedule;
  #steps = 0;
  cpu = -1;
  step = 0;

  constructor(session: Explorable, schedule: Schedule) {
    this.#session = session;
    this.#schedule = schedule;
  }

  isOutOfBudget(): boolean {
    return this.#steps > MAX_STEPS;
  }

  /** How often a strategy is asked in the whole execution. */
  length(): number {
    const whole = new Continuing(this.#schedule);
    whole.begin(0);
    this.#session.execute(whole);
    return whole.asked;
  }

  /** Whether a number of continuations after the first operations all fail. */
  fails(operations: number, tries: number): boolean {
    const strategy = new Continuing(this.#schedule, operations);
    for (let run = 0; run < tries && !this.isOutOfBudget(); run++) {
      strategy.begin(run);
      const verdict = this.#session.execute(strategy);
      this.#steps += this.#session.execution.steps;
      if (verdict?.grade !== 'forbidden') return false;
    }
    ({ cpu: this.cpu, step: this.step } = strategy);
    return true;
  }

  /** The least number of operations, from `low` on, after which all of a few continuations fail. */
  least(low: number, high: number): number {
    while (low < high && !this.isOutOfBudget()) {
      const middle = (low + high) >> 1;
      if (this.fails(middle, TRIES)) high = middle;
      else low = middle + 1;
    }
    return high;
  }
}

/**
 * Look for the inflection point of an execution that shows something forbidden.
 *
 * @returns undefined when the search took too many operations
 */
export function inflectionOf(session: Explorable, schedule: Schedule): Inflection | undefined {
  const search = new Search(session, schedule);
  const of = search.length() - 1;
  for (let low = 0; low <= of;) {
    const operations = search.least(low, of);
    if (search.isOutOfBudget()) return undefined;
    const isThere = search.fails(operations, CONFIRMING);
    if (search.isOutOfBudget()) return undefined;
    const { cpu, step } = search;
    if (isThere) return { cpu, step, operations, of, tried: CONFIRMING };
    low = operations + 1;
  }
  return undefined;
}
