/** Counts of an exploration. Counts of disjoint sets of executions can be added in any order, with the same total. */

import type { Grade } from '../../scenario/declare.js';
import type { SeenOutcome } from '../options/progress.js';
import type { Axiom } from '../../view-machine/validate/literal.js';
import type { Verdict } from '../../explorer/engine/verdict.js';

/** What is known of one outcome. */
export interface OutcomeCount {
  readonly key: string;
  readonly grade: Grade;
  readonly detail: string;
  /** It was given up at its bound on operations. */
  readonly isUnended?: true;
  count: number;
  /** Lowest number of an execution that showed it. */
  firstRun: number;
  /** Token of that execution. */
  token: string;
}

/** What the axioms said of a set of executions. */
export interface AxiomsCount {
  /** Executions that they allow. */
  accepted: number;
  /** Events of all executions that they were asked about. */
  events: number;
  /** The first execution that they forbid, if there is one. */
  rejected: { readonly axiom: Axiom; readonly run: number; readonly token: string } | null;
}

/** Counts of a set of executions. */
export interface Tally {
  /** Executions that reached their end. */
  executions: number;
  /** Executions cut short because others stand for them. */
  redundant: number;
  /** Executions that went beyond the bound on operations and were ended fairly. */
  overlong: number;
  steps: number;
  switches: number;
  /** Sum of hashes of all traces with the numbers of their executions: equal for equal sets of executions. */
  digest: number;
  outcomes: OutcomeCount[];
  /** Programs: randomness and time that were asked for, such as `Math.random`. Only where there are any. */
  asked?: readonly string[];
  /** Only where the axioms were asked. */
  axioms?: AxiomsCount;
}

/** A tally of nothing. */
export function emptyTally(): Tally {
  return {
    executions: 0,
    redundant: 0,
    overlong: 0,
    steps: 0,
    switches: 0,
    digest: 0,
    outcomes: [],
  };
}

/** Hash of one execution's trace and number. */
export function digestOf(hash: number, run: number): number {
  let h = Math.imul(hash ^ Math.imul(run + 1, 0x85ebca6b), 0xc2b2ae35);
  h = Math.imul(h ^ (h >>> 15), 0x27d4eb2f);
  return (h ^ (h >>> 13)) >>> 0;
}

/** Count one more execution of a known outcome; returns false, and does nothing, for the first one of an outcome. */
export function countAgain(tally: Tally, { key }: Verdict, run: number): boolean {
  const { outcomes } = tally;
  for (let i = 0; i < outcomes.length; i++) {
    const known = outcomes[i] as OutcomeCount;
    if (known.key !== key) continue;
    if (run < known.firstRun) return false;
    known.count++;
    return true;
  }
  return false;
}

/** Count an execution that is the first of its outcome. */
export function countFirst(tally: Tally, verdict: Verdict, run: number, token: string): void {
  const known = tally.outcomes.find((o) => o.key === verdict.key);
  if (known) {
    known.count++;
    known.firstRun = run;
    known.token = token;
  } else {
    tally.outcomes.push({ ...verdict, count: 1, firstRun: run, token });
  }
}

/** Add what the axioms said. */
export function addAxioms(total: Tally, more: AxiomsCount): void {
  const sum = (total.axioms ??= { accepted: 0, events: 0, rejected: null });
  sum.accepted += more.accepted;
  sum.events += more.events;
  const { rejected } = more;
  if (rejected !== null && rejected.run < (sum.rejected?.run ?? Infinity)) sum.rejected = rejected;
}

/** Add the counts of `more` to `total`. */
export function addTally(total: Tally, more: Tally): void {
  total.executions += more.executions;
  total.redundant += more.redundant;
  total.overlong += more.overlong;
  total.steps += more.steps;
  total.switches += more.switches;
  total.digest = (total.digest + more.digest) >>> 0;
  if (more.axioms !== undefined) addAxioms(total, more.axioms);
  if (more.asked !== undefined) {
    total.asked = [...new Set([...(total.asked ?? []), ...more.asked])].sort();
  }
  for (const outcome of more.outcomes) {
    const known = total.outcomes.find((o) => o.key === outcome.key);
    if (!known) {
      total.outcomes.push({ ...outcome });
      continue;
    }
    known.count += outcome.count;
    if (outcome.firstRun < known.firstRun) {
      known.firstRun = outcome.firstRun;
      known.token = outcome.token;
    }
  }
}

/** The outcomes of a scenario, as progress tells them. */
export function seenOf(scenario: string, { outcomes }: Tally): SeenOutcome[] {
  return outcomes.map(({ key, grade, count, token }) => ({
    ...{ of: scenario, name: key, grade, count, token },
  }));
}

/** Counts of executions some of which may have been given up at their bound on operations. */
interface Unended {
  readonly executions: number;
  readonly outcomes: readonly Pick<OutcomeCount, 'key' | 'grade' | 'count' | 'isUnended'>[];
}

const unendedIn = (outcomes: Unended['outcomes']): number =>
  outcomes.reduce((sum, { count, isUnended }) => sum + (isUnended === true ? count : 0), 0);

/** The error message if some executions were given up; undefined if none were, or if a forbidden outcome was found. */
export function unendedComplaint(
  what: string,
  { executions, outcomes }: Unended,
): string | undefined {
  const unended = outcomes.find(({ isUnended }) => isUnended === true);
  if (unended === undefined || outcomes.some(({ grade }) => grade === 'forbidden'))
    return undefined;
  const count = unendedIn(outcomes);
  return `${what}: ${unended.key} in ${count} of ${executions} executions, and what they would have shown is not known; a larger bound on operations (steps) tells a long run from one that never ends`;
}

/** Which outcome ends a search: none, any forbidden one, or one with this key. */
export type StopAt = 'nothing' | 'forbidden' | { readonly key: string };

/** Whether an outcome is one that ends a search. */
export function endsSearch(stopAt: StopAt, { key, grade }: Verdict): boolean {
  if (stopAt === 'nothing') return false;
  return stopAt === 'forbidden' ? grade === 'forbidden' : key === stopAt.key;
}
