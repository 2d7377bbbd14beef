/** One generated test on the axioms engine, on the view machine and before the literal model: they must agree. */
import { deadline } from '../../src/litmus/axioms/checker.js';
import { Search } from '../../src/litmus/axioms/search.js';
import { finalValue } from '../../src/litmus/axioms/states.js';
import { NotOnMachine } from '../../src/litmus/on-machine/machine-access.js';
import { MixedChoices } from '../../src/litmus/on-machine/machine-schedule.js';
import { MachineLitmus } from '../../src/litmus/on-machine/run-machine.js';
import type { LitmusTest } from '../../src/litmus/syntax/ast.js';
import { LitmusSyntaxError } from '../../src/litmus/syntax/syntax-error.js';
import { parseLitmus } from '../../src/litmus/syntax/parse.js';
import type { ViewMachineOptions } from '../../src/view-machine/options.js';
import { violatedAxiom } from '../../src/view-machine/validate/literal.js';
import { logOf } from './candidate-log.js';
import { differentialSource } from './differential-source.js';

/** What one or many tests came to. */
export interface Differential {
  tests: number;
  /** Candidates that the literal model judged: allowed and forbidden by the axioms. */
  allowed: number;
  forbidden: number;
  /** Executions of the machine, and their logs that the literal model judged. */
  executions: number;
  logs: number;
  /** States that the machine showed, and that the axioms allow. */
  shown: number;
  states: number;
  /** Tests whose search was cut short: the machine's states prove nothing then. */
  cut: number;
  /** Tests that the machine cannot run. */
  skipped: number;
  /** What does not agree. */
  disagreements: { readonly seed: number; readonly what: string }[];
}

/** Nothing yet. */
export function nothing(): Differential {
  const none = { tests: 0, allowed: 0, forbidden: 0, executions: 0, logs: 0, shown: 0, states: 0 };
  return { ...none, cut: 0, skipped: 0, disagreements: [] };
}

/** Little, as a test that takes long is as good as any other. */
const LIMIT_MS = 700;
/** Candidates of a test that the literal model judges, of either kind, and logs of the machine. */
const JUDGED = 8;
const LOGS = 3;
const EXECUTIONS = 50;
/** Candidates tried at most, those that break an axiom included. */
const CANDIDATES = 20_000;

/** All final states that the axioms allow; null if time ran out. */
function axioms(test: LitmusTest, seed: number, sum: Differential): Set<string> | null {
  const states = new Set<string>();
  const open = deadline(LIMIT_MS);
  let [met, allowed, forbidden, all] = [0, 0, 0, 0];
  const disagree = (what: string): void => void sum.disagreements.push({ seed, what });
  const search = new Search(test, {
    allowed(candidate) {
      met++;
      all++;
      states.add(test.observed.map((place) => finalValue(test, candidate, place)).join());
      if (allowed >= JUDGED) return;
      const log = logOf(candidate);
      if (log === null) return;
      allowed++;
      const broken = violatedAxiom(log);
      if (broken !== null) disagree(`the axioms allow what breaks ${broken}`);
    },
    forbidden(candidate, _axioms, axiom) {
      met++;
      if (forbidden >= JUDGED) return;
      const log = logOf(candidate);
      if (log === null) return;
      forbidden++;
      if (violatedAxiom(log) === null) disagree(`the literal model allows what breaks ${axiom}`);
    },
    proceed: () => met < CANDIDATES && open(),
  });
  search.run();
  sum.allowed += allowed;
  sum.forbidden += forbidden;
  if (met >= CANDIDATES || !open() || search.overflowed) return null;
  const cut = allowedWhenCut(test, open);
  if (open() && cut !== all)
    disagree(`${all} executions are allowed, ${cut} of a search that is cut`);
  return states;
}

/** Executions that a search finds which leaves out what the order of locks forbids. */
function allowedWhenCut(test: LitmusTest, proceed: () => boolean): number {
  let found = 0;
  new Search(test, { allowed: () => found++, proceed }).run();
  return found;
}

function machine(
  test: LitmusTest,
  seed: number,
  allowed: Set<string>,
  sum: Differential,
  without: ViewMachineOptions['without'] = [],
): void {
  const litmus = new MachineLitmus(test, { log: true, without });
  const choices = new MixedChoices(seed);
  const shown = new Set<string>();
  let logs = 0;
  for (let i = 0; i < EXECUTIONS; i++) {
    if (!litmus.execute(choices)) continue;
    sum.executions++;
    const state = test.observed.map((place) => litmus.valueOf(place)).join();
    if (!shown.has(state) && !allowed.has(state)) {
      sum.disagreements.push({ seed, what: `the machine shows ${state}, which is outside` });
    }
    shown.add(state);
    const { log } = litmus.machine;
    if (logs >= LOGS || log === null) continue;
    logs++;
    const broken = violatedAxiom(log);
    if (broken !== null) sum.disagreements.push({ seed, what: `the machine breaks ${broken}` });
  }
  sum.logs += logs;
  sum.shown += shown.size;
  sum.states += allowed.size;
}

/** Sabotage, which must show. */
export interface Sabotage {
  /** Rules that the machine does without. */
  readonly without?: ViewMachineOptions['without'];
  /** Changes the source that the axioms see; the machine and the literal model keep the original. */
  readonly rewrite?: (source: string) => string;
}

/** Run the tests of the seeds `from` to `to` - 1. */
export function differential(from: number, to: number, sabotage: Sabotage = {}): Differential {
  const sum = nothing();
  for (let seed = from; seed < to; seed++) {
    const source = differentialSource(seed);
    const test = parseLitmus(source, `differential-${seed}`);
    const seen = parseLitmus(sabotage.rewrite?.(source) ?? source, `differential-${seed}`);
    sum.tests++;
    try {
      const allowed = axioms(seen, seed, sum);
      if (allowed === null) sum.cut++;
      else machine(test, seed, allowed, sum, sabotage.without);
    } catch (error) {
      if (error instanceof NotOnMachine) sum.skipped++;
      else if (error instanceof LitmusSyntaxError) {
        // All that is generated has an answer.
        sum.disagreements.push({ seed, what: `refused: ${error.message}` });
      } else throw error;
    }
  }
  return sum;
}

/** Add what another part came to. */
export function add(sum: Differential, part: Differential): void {
  const { disagreements, ...numbers } = part;
  for (const key of Object.keys(numbers) as (keyof typeof numbers)[]) sum[key] += numbers[key];
  sum.disagreements.push(...disagreements);
}
