/** States that an engine ought to have shown and did not: why, and a search that is directed at them. */
import type { LitmusTest } from './syntax/ast.js';
import { checkLitmus } from './axioms/checker.js';
import type { Engine, EngineResult, FinalState, ReachClass, StateCount } from './engine.js';
import { formatState } from './syntax/format.js';
import { compareStates } from './axioms/states.js';

/** A state that the engine did not show although it ought to. */
export interface MissingState {
  /** As `formatState` prints it. */
  readonly state: string;
  /** The easiest way there that the axioms know; a state that they do not know counts as `none`. */
  readonly reach: ReachClass;
}

/** A missing state with its values, null for one that the axioms do not know. */
export interface LackingState extends MissingState {
  readonly values: FinalState | null;
}

/** A state with the numbers of free values taken off: herd numbers them as it goes. */
export function canonicalState(state: string): string {
  return state.replace(/=S\d+;/g, '=S;');
}

/** Expected states that were not shown, with the reason that the axioms give. */
export function lackingStates(
  test: LitmusTest,
  shown: readonly StateCount[],
  expected: readonly string[],
  timeLimitMs: number,
): LackingState[] {
  const key = (state: FinalState): string => canonicalState(formatState(test, state));
  const have = new Set(shown.map(({ state }) => key(state)));
  const lacking = expected.filter((state) => !have.has(canonicalState(state)));
  if (lacking.length === 0) return [];
  const known = new Map(
    checkLitmus(test, { timeLimitMs, classify: true }).states.map((s) => [key(s.state), s]),
  );
  return lacking.map((state) => {
    const found = known.get(canonicalState(state));
    return { state, reach: found?.reach ?? 'none', values: found?.state ?? null };
  });
}

/** Add what an engine finds when it looks for the missing states that are not out of its reach. */
export function withSought(
  engine: Engine,
  test: LitmusTest,
  result: EngineResult,
  lacking: readonly LackingState[],
  options: { readonly runs: number; readonly seed?: number; readonly timeLimitMs: number },
): EngineResult {
  const goals = lacking.flatMap(({ reach, values }) =>
    reach === 'none' && values !== null ? [values] : [],
  );
  if (goals.length === 0 || engine.seek === undefined) return result;
  const found = engine.seek(test, goals, options);
  if (found.skipped !== undefined) return found;
  const all = [...result.states, ...found.states];
  const states = new Map<string, StateCount>();
  for (const { state, count } of all) {
    const key = state.join(' ');
    states.set(key, { state, count: count + (states.get(key)?.count ?? 0) });
  }
  return {
    ...result,
    states: [...states.values()].sort((a, b) => compareStates(test, a.state, b.state)),
    complete: result.complete && found.complete,
    runs: result.runs + found.runs,
  };
}
