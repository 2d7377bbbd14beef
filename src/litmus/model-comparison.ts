/** Where the models of several kernel versions disagree about a test, and which of their rules makes the difference. */
import { UsageError } from '../errors.js';
import { checkLitmus } from './axioms/checker.js';
import {
  MODEL_RULE_NAMES,
  MODEL_RULES,
  type MemoryModel,
  type ModelRule,
  modelOf,
  type ModelVersion,
  withRule,
} from './model.js';
import type { LitmusTest } from './syntax/ast.js';
import { formatState, type Observation, observationOf } from './syntax/format.js';

/** What one model says of a test. */
export interface ModelVerdict {
  readonly model: ModelVersion;
  readonly observation?: Observation;
  readonly positive: number;
  readonly negative: number;
  readonly states: readonly string[];
  readonly flags: readonly string[];
  /** False when the time limit cut the search short: the verdict then proves nothing. */
  readonly complete: boolean;
  /** Why the model does not take the test; it then has no verdict. */
  readonly refused?: string;
}

/** A rule that two models differ in. */
export interface DecisiveRule {
  readonly rule: ModelRule;
  /** As the model's files call it. */
  readonly name: string;
  readonly says: string;
}

/** Two neighbouring versions that disagree. */
export interface ModelChange {
  readonly from: ModelVersion;
  readonly to: ModelVersion;
  /** Each of these alone, taken from the later model, brings another verdict; if none does, each that does so alone when the earlier
   * model is given it. */
  readonly rules: readonly DecisiveRule[];
}

/** What several models say of a test. */
export interface ModelComparison {
  readonly verdicts: readonly ModelVerdict[];
  /** Empty where all agree. */
  readonly changes: readonly ModelChange[];
}

type Answer = Omit<ModelVerdict, 'model'>;

/** Compares models on one test, asking each of them once. */
class Comparison {
  readonly #test: LitmusTest;
  readonly #timeLimitMs: number;
  readonly #answers = new Map<string, Answer>();

  constructor(test: LitmusTest, timeLimitMs: number) {
    this.#test = test;
    this.#timeLimitMs = timeLimitMs;
  }

  answer(model: MemoryModel): Answer {
    const key = JSON.stringify(model.rules);
    let answer = this.#answers.get(key);
    if (answer === undefined) this.#answers.set(key, (answer = this.#ask(model)));
    return answer;
  }

  #ask(model: MemoryModel): Answer {
    const none = { positive: 0, negative: 0, states: [], flags: [], complete: true };
    try {
      const verdict = checkLitmus(this.#test, { model, timeLimitMs: this.#timeLimitMs });
      const { positive, negative, flags, complete, isCut } = verdict;
      const states = verdict.states.map(({ state }) => state);
      const observation = observationOf({ states, positive, negative, flags, isCut });
      const shown = states.map((state) => formatState(this.#test, state));
      return { observation, positive, negative, flags, complete, states: shown };
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      return { ...none, refused: error.message };
    }
  }

  #differ(a: MemoryModel, b: MemoryModel): boolean {
    const [x, y] = [this.answer(a), this.answer(b)];
    if (x.refused !== undefined || y.refused !== undefined) {
      return (x.refused === undefined) !== (y.refused === undefined);
    }
    return JSON.stringify(x) !== JSON.stringify(y);
  }

  change(from: ModelVersion, to: ModelVersion): ModelChange | null {
    const [before, after] = [modelOf(from), modelOf(to)];
    if (!this.#differ(before, after)) return null;
    const changed = MODEL_RULE_NAMES.filter((rule) => before.rules[rule] !== after.rules[rule]);
    const needed = changed.filter((rule) =>
      this.#differ(after, withRule(after, rule, before.rules[rule])),
    );
    const enough = changed.filter((rule) =>
      this.#differ(before, withRule(before, rule, after.rules[rule])),
    );
    const rules = needed.length > 0 ? needed : enough;
    const named = rules.map((rule) => {
      const { name, says } = MODEL_RULES[rule];
      return { rule, name, says };
    });
    return { from, to, rules: named };
  }
}

/** Ask the models of `versions`, oldest first, and find the rules that neighbours disagree for.
 * @param timeLimitMs wall time for each check */
export function compareModels(
  test: LitmusTest,
  versions: readonly ModelVersion[],
  timeLimitMs: number,
): ModelComparison {
  const comparison = new Comparison(test, timeLimitMs);
  const verdicts = versions.map((model) => ({ model, ...comparison.answer(modelOf(model)) }));
  const changes = versions.slice(1).flatMap((to, i) => {
    const from = versions[i];
    return from === undefined ? [] : (comparison.change(from, to) ?? []);
  });
  return { verdicts, changes };
}
