/** Runs a test on every engine and compares results. The axioms are the reference: others may show less, not more. */
import type { ExecutionContext } from 'ava';
import { checkLitmus, type Verdict } from '../../src/litmus/axioms/checker.js';
import { machineEngine } from '../../src/litmus/on-machine/machine-engine.js';
import { threadTest, testValue, NotOnThreads } from '../../src/litmus/on-threads/thread-program.js';
import { lackingStates, withSought } from '../../src/litmus/missing.js';
import type { EngineResult } from '../../src/litmus/engine.js';
import type { LitmusTest } from '../../src/litmus/syntax/ast.js';
import { formatState } from '../../src/litmus/syntax/format.js';
import { parseLitmus } from '../../src/litmus/syntax/parse.js';
import { hasJumps } from '../../src/litmus/syntax/walk.js';
import { SoloWeak } from './solo-weak.js';

const LIMIT_MS = 60_000;
const SEED = 11;

/** How much the engines that sample try. */
export interface Effort {
  readonly runs: number;
  /** Directed runs for each state that the machine has not shown. */
  readonly seek: number;
}

const EFFORT: Effort = { runs: 1500, seek: 2000 };

/** What the axioms say, in print. */
export interface Answer {
  readonly states: readonly string[];
  readonly counts: readonly [positive: number, negative: number];
  readonly flags: readonly string[];
  readonly verdict: Verdict;
}

/** What the axioms say about a source. */
export function answer(source: string): Answer {
  const parsed = parseLitmus(source);
  const verdict = checkLitmus(parsed, { timeLimitMs: LIMIT_MS });
  const states = verdict.states.map(({ state }) => formatState(parsed, state)).sort();
  return { states, counts: [verdict.positive, verdict.negative], flags: verdict.flags, verdict };
}

async function onMachine(
  parsed: LitmusTest,
  states: string[],
  effort: Effort,
): Promise<EngineResult> {
  const options = { runs: effort.runs, seed: SEED, timeLimitMs: LIMIT_MS };
  const result = await machineEngine.run(parsed, options);
  if (result.skipped !== undefined) return result;
  const lacking = lackingStates(parsed, result.states, states, LIMIT_MS);
  return withSought(machineEngine, parsed, result, lacking, { ...options, runs: effort.seek });
}

/** States that weak CPUs show, or null for a test that threads cannot run. */
function onWeakCpus(parsed: LitmusTest, { runs }: Effort): string[] | null {
  try {
    const translated = threadTest(parsed);
    // One thread cannot show what threads that wait for each other in loops do.
    if (parsed.threads.length > 1 && parsed.threads.some(({ body }) => hasJumps(body))) return null;
    const weak = { seed: SEED, reorder: 0.7, stall: 0 };
    return new SoloWeak(translated.program, weak).run(runs).map(({ values }) => {
      const shown = values.slice(0, parsed.observed.length);
      return formatState(
        parsed,
        shown.map((value) => testValue(parsed, translated, value)),
      );
    });
  } catch (error) {
    if (error instanceof NotOnThreads) return null;
    throw error;
  }
}

/**
 * Assert that the engines agree on a source: no engine shows what the axioms forbid, and the machine shows all that they
 * allow but what needs a cycle that no machine has. Returns what the axioms say.
 *
 * @param t the test
 * @param source a litmus test without filter
 * @param effort how much the others try; enough for four threads of a few accesses unless given
 */
export async function enginesAgree(
  t: ExecutionContext,
  source: string,
  effort: Effort = EFFORT,
): Promise<Answer> {
  const parsed = parseLitmus(source);
  const said = answer(source);
  t.true(said.verdict.complete, source);
  const allowed = new Set(said.states);
  const machine = await onMachine(parsed, [...said.states], effort);
  if (machine.skipped === undefined) {
    const shown = machine.states.map(({ state }) => formatState(parsed, state));
    t.deepEqual(
      shown.filter((s) => !allowed.has(s)),
      [],
      `the machine shows more: ${source}`,
    );
    const lacking = lackingStates(parsed, machine.states, said.states, LIMIT_MS);
    const unexplained = lacking.filter(({ reach }) => reach === 'none').map(({ state }) => state);
    t.deepEqual(unexplained, [], `the machine shows less: ${source}`);
  }
  const weak = onWeakCpus(parsed, effort) ?? [];
  t.deepEqual(
    weak.filter((s) => !allowed.has(s)),
    [],
    `weak CPUs show more: ${source}`,
  );
  return said;
}
