/** What an execution showed: one of the scenario's outcomes, or something that no scenario may show. */

import { inspect } from 'node:util';
import { InvariantViolated, SimulatorBug, UsageError } from '../../errors.js';
import { gradeOf, type Grade, type Scenario } from '../../scenario/declare.js';
import { describeBlocked } from './blocked.js';
import type { Ended } from './ended.js';
import { ForeignBody, type Written } from './bodies.js';
import { innermost, lineOf, placeOf } from './place.js';
import type { Prepared } from './prepared.js';
import type { DataRace } from './race-detector.js';
import type { StopReason } from './turns.js';

/** Verdict of one execution. */
export interface Verdict {
  /** What executions are counted by: the outcome, or `deadlock`, `livelock`, `no end within 60,000 operations`, `oops`, `data race`, `invariant I-8`, … */
  readonly key: string;
  readonly grade: Grade;
  /** Why this grade; what happened. Computed once for each key. */
  readonly detail: string;
  /** It was given up at its bound on operations, so its outcome is not known. */
  readonly isUnended?: true;
}

/** An execution that was given up. */
export interface GivenUp {
  /** Operations after which it was. */
  readonly stepLimit: number;
  /** It is known to do the same again and again. */
  readonly repeats: boolean;
}

/** Text about an execution that was given up. */
export function unended({ stepLimit, repeats }: GivenUp): Verdict {
  const limit = stepLimit.toLocaleString('en');
  if (repeats) {
    const detail = `everybody gets a turn, and the same state comes again and again: seen within ${limit} operations`;
    return { key: 'livelock', grade: 'forbidden', detail };
  }
  return {
    key: `no end within ${limit} operations`,
    grade: 'interesting',
    detail: 'a long run, or one that never ends: a larger bound on operations (--steps) tells',
    isUnended: true,
  };
}

/** A call of what is no coroutine, as V8 tells it. */
const NO_COROUTINE = /^TypeError: yield\*.* is not iterable$/;

/** What kernel code threw, in the user's terms. */
function thrownText(error: unknown): string {
  const text = lineOf(error);
  return NO_COROUTINE.test(text)
    ? 'passes cpu to a function that is no kernel code: its first parameter has to be named cpu'
    : `its code throws: ${text}`;
}

const verdict = (key: string, detail: string): Verdict => ({ key, grade: 'forbidden', detail });

/** Judges executions of one scenario; keeps one verdict for each outcome, so that judging millions allocates nothing. */
export class Judge {
  readonly #scenario: Scenario;
  readonly #prepared: Prepared;
  readonly #file: string | undefined;
  readonly #outcomes = new Map<string, Verdict>();

  /** @param file where the scenario is written */
  constructor(prepared: Prepared, file?: string) {
    this.#prepared = prepared;
    this.#file = file;
    this.#scenario = prepared.scenario;
  }

  /**
   * Judge the execution that has just ended, in which `race` was found.
   * @param givenUp what is known of an execution that did not end
   *
   * @throws UsageError when the scenario's own code threw something that is no finding
   */
  judge(
    execution: Ended,
    reason: StopReason,
    race: DataRace | undefined,
    givenUp?: GivenUp,
  ): Verdict {
    if (reason === 'threw') {
      const { thrown, thrownBy = -1 } = execution;
      return this.#thrown(thrown, this.#prepared.machine.bodies[thrownBy]);
    }
    if (reason === 'deadlock')
      return verdict('deadlock', describeBlocked(execution, this.#prepared.machine));
    if (reason === 'unended') return unended(givenUp as GivenUp);
    const ended = this.#ended(execution);
    // The outcome that a race led to says more than the race itself.
    if (race !== undefined && ended.grade !== 'forbidden') return this.#race(race);
    return ended;
  }

  /** @param code what threw, for the place of what has no stack: code may throw anything */
  #thrown(error: unknown, code?: Written): Verdict {
    if (error instanceof InvariantViolated) {
      return verdict(error.finding.invariant, error.finding.detail);
    }
    if (error instanceof SimulatorBug) throw error;
    const what = error instanceof UsageError ? error.message : thrownText(error);
    const place = placeOf(error) ?? innermost(error);
    const told = `scenario ${this.#scenario.name}: ${what}${place === undefined ? '' : ` (${place})`}`;
    if (place !== undefined || code === undefined) throw new UsageError(told);
    throw this.#at(told, code);
  }

  #ended(execution: Ended): Verdict {
    let observed: unknown;
    // eslint-disable-next-line @typescript-eslint/unbound-method -- looked for in its file, not called
    const { name, observe, invariants } = this.#scenario;
    try {
      if (invariants !== undefined) {
        for (const invariant of invariants) {
          const wrong = invariant.check(execution);
          if (wrong !== undefined) return verdict(`invariant ${invariant.id}`, wrong);
        }
      }
      observed = this.#scenario.observe(execution, this.#prepared.machine);
      if (typeof observed === 'string') return this.#outcome(observed);
    } catch (error) {
      return this.#thrown(error, observe);
    }
    const what = `scenario ${name}: observe() has to return a text, not ${inspect(observed)}`;
    throw this.#at(what, observe);
  }

  /** A mistake of the scenario, with the place of a function of it. */
  #at(what: string, code: Written): UsageError {
    const wrong = new ForeignBody(what, code);
    return this.#file === undefined ? wrong : wrong.in(this.#file);
  }

  #outcome(key: string): Verdict {
    let known = this.#outcomes.get(key);
    if (known === undefined) {
      const { grade, reason } = gradeOf(this.#scenario, key);
      known = { key, grade, detail: reason };
      this.#outcomes.set(key, known);
    }
    return known;
  }

  #race(race: DataRace): Verdict {
    const side = ({ cpu, isStore }: { cpu: number; isStore: boolean }): string =>
      `${isStore ? 'set' : 'get'} on CPU ${cpu}`;
    const where = this.#prepared.machine.map.nameOf(race.addr);
    return verdict(
      'data race',
      `nothing orders ${side(race.first)} and ${side(race.second)} of ${where}`,
    );
  }
}
