/** The axiomatic checker: all final states that the Linux kernel memory model allows for a litmus test. */
import type { LitmusTest, Proposition } from '../syntax/ast.js';
import type { Axioms } from './axioms.js';
import type { Candidate } from './candidate.js';
import type { Engine, EngineResult, FinalState, ReachClass } from '../engine.js';
import { type MemoryModel, modelOf } from '../model.js';
import { requireModel } from '../requirements.js';
import { flagsOf } from './flags.js';
import { holds, placesOf } from '../syntax/proposition.js';
import { Search } from './search.js';
import { compareStates, finalValue, reachClass } from './states.js';

/** An allowed final state. */
export interface AllowedState {
  readonly state: FinalState;
  /** Candidate executions that end in it. */
  readonly count: number;
  /** Does the condition's proposition hold in it? */
  readonly satisfies: boolean;
  /** The easiest class among its executions; `none` if classes were not asked for. */
  readonly reach: ReachClass;
}

/** All that the checker found out about a test. */
export interface Verdict {
  readonly states: readonly AllowedState[];
  /** An execution that satisfies the proposition, if there is one. */
  readonly witness: Candidate | null;
  /** Allowed executions that satisfy the proposition, and those that do not. */
  readonly positive: number;
  readonly negative: number;
  readonly flags: readonly string[];
  /** Complete candidates met. */
  readonly candidates: number;
  /** False when the deadline, or the number of candidates, cut the search short. */
  readonly complete: boolean;
  /** True if some executions were left out because they take more rounds of a loop than {@link unrollOf} says. */
  readonly isCut: boolean;
}

/** Options of {@link checkLitmus}. */
export interface CheckOptions {
  /** Wall time after which the search stops, in milliseconds; none by default. */
  readonly timeLimitMs?: number;
  /** Classify every state by {@link ReachClass}; costs a few closures an execution. */
  readonly classify?: boolean;
  /** The memory model; that of Linux 6.1 by default. */
  readonly model?: MemoryModel;
}

/** Candidates between two looks at the clock: enough that the looks cost nothing. */
const CLOCK_STRIDE = 64;

/** A function that says whether the time limit has not passed yet; once it has, it stays so. */
export function deadline(timeLimitMs: number | undefined): () => boolean {
  if (timeLimitMs === undefined) return () => true;
  const end = performance.now() + timeLimitMs;
  let calls = 0;
  let open = true;
  return () => {
    if (open && ++calls % CLOCK_STRIDE === 0) open = performance.now() < end;
    return open;
  };
}

interface Collected {
  readonly state: FinalState;
  readonly satisfies: boolean;
  count: number;
  reach: ReachClass;
}

const HARDNESS: Readonly<Record<ReachClass, number>> = {
  none: 0,
  'po-rf-pb-rb-cycle': 1,
  'po-rf-cycle': 2,
};

/** Values below this, and so many of them, fit into one exact number. */
const KEY_BASE = 16;
const KEY_VALUES = 12;

/** A key that no other state has. */
function keyOf(state: FinalState): string | number {
  if (state.length > KEY_VALUES) return state.join();
  let key = 0;
  for (const value of state) {
    if (!(value >= 0 && value < KEY_BASE)) return state.join();
    key = key * KEY_BASE + value;
  }
  return key;
}

/** Gathers states while a search runs. */
class StateCollector {
  readonly states = new Map<string | number, Collected>();
  readonly flags = new Set<string>();
  witness: Candidate | null = null;
  readonly #test: LitmusTest;
  readonly #classify: boolean;
  readonly #finals: ReadonlySet<number>;

  constructor(test: LitmusTest, classify: boolean) {
    this.#test = test;
    this.#classify = classify;
    const asked = [...test.observed, ...(test.filter === null ? [] : placesOf(test.filter))];
    this.#finals = new Set(asked.flatMap((p) => (p.kind === 'location' ? [p.location] : [])));
  }

  allowed(candidate: Candidate, axioms: Axioms): void {
    const test = this.#test;
    if (test.filter !== null && !this.#holds(test.filter, candidate)) return;
    for (const flag of flagsOf(candidate, axioms, this.flags, this.#finals)) {
      this.flags.add(flag);
    }
    const collected = this.#collected(candidate);
    collected.count++;
    if (collected.reach === 'none') return;
    const reach = axioms.isSequential ? 'none' : reachClass(axioms);
    if (HARDNESS[reach] < HARDNESS[collected.reach]) collected.reach = reach;
  }

  #holds(proposition: Proposition, candidate: Candidate): boolean {
    return holds(proposition, (place) => finalValue(this.#test, candidate, place));
  }

  /** What is known of the state that a candidate ends in. */
  #collected(candidate: Candidate): Collected {
    const { observed, condition } = this.#test;
    const state: number[] = [];
    for (const place of observed) state.push(finalValue(this.#test, candidate, place));
    const key = keyOf(state);
    const known = this.states.get(key);
    if (known !== undefined) return known;
    const satisfies = this.#holds(condition.proposition, candidate);
    const reach = this.#classify ? 'po-rf-cycle' : 'none';
    const collected: Collected = { state, satisfies, count: 0, reach };
    if (satisfies) this.witness ??= candidate.snapshot();
    this.states.set(key, collected);
    return collected;
  }
}

/** Find all final states of `test` that the model allows.
 * @throws LitmusSyntaxError if the test uses a primitive that came with a later model */
export function checkLitmus(test: LitmusTest, options: CheckOptions = {}): Verdict {
  const model = options.model ?? modelOf();
  requireModel(test, model);
  const proceed = deadline(options.timeLimitMs);
  const collector = new StateCollector(test, options.classify === true);
  const search = new Search(
    test,
    { allowed: (candidate, axioms) => collector.allowed(candidate, axioms), proceed },
    { model },
  );
  search.run();
  const states = [...collector.states.values()].sort((a, b) =>
    compareStates(test, a.state, b.state),
  );
  const count = (satisfies: boolean): number =>
    states.reduce((sum, s) => (s.satisfies === satisfies ? sum + s.count : sum), 0);
  return {
    states,
    witness: collector.witness,
    positive: count(true),
    negative: count(false),
    flags: [...collector.flags].sort(),
    candidates: search.candidates,
    complete: proceed() && !search.overflowed,
    isCut: search.isCut,
  };
}

/** The axioms as an engine. */
export const axiomsEngine: Engine = {
  name: 'axioms',
  hasModels: true,
  run(test, { timeLimitMs, model = modelOf() }): EngineResult {
    const verdict = checkLitmus(test, { timeLimitMs, model });
    const { states, flags, complete, candidates, isCut } = verdict;
    return { states, flags, complete, isCut, runs: candidates };
  },
};
