/** The answer to "why": an execution that shows an allowed outcome, or the cycle and the fences that forbid it. */
import type { LitmusTest } from '../syntax/ast.js';
import type { Candidate } from '../axioms/candidate.js';
import type { Verdict } from '../axioms/checker.js';
import { explainForbidden, type Explanation } from './explain.js';
import { type MemoryModel, modelOf } from '../model.js';
import { describeAccess, formatCycle, formatEvent, formatExecution } from '../syntax/format.js';
import { carriers } from './weaken.js';

/** Why the proposition of a test holds in some allowed state, or in none. */
export type Why =
  | { readonly kind: 'allowed'; readonly candidate: Candidate }
  /** The test has no execution at all, within its bound on loops: there is nothing to explain. */
  | { readonly kind: 'no execution'; readonly isCut: boolean }
  | {
      readonly kind: 'forbidden';
      /** Null when no execution has these values at all, or none was found in time. */
      readonly explanation: Explanation | null;
      /** Changes of one fence each that would make it allowed. */
      readonly carriers: readonly { thread: number; line: number; change: string }[];
    };

/** Find out why `verdict` is what it is.
 * @param timeLimitMs wall time for each of the searches that this takes
 * @param model the model that the verdict is of; that of Linux 6.1 by default */
export function explain(
  test: LitmusTest,
  verdict: Verdict,
  timeLimitMs: number,
  model: MemoryModel = modelOf(),
): Why {
  if (verdict.states.length === 0 && verdict.complete) {
    return { kind: 'no execution', isCut: verdict.isCut };
  }
  if (verdict.witness !== null) return { kind: 'allowed', candidate: verdict.witness };
  return {
    kind: 'forbidden',
    explanation: explainForbidden(test, timeLimitMs, model),
    carriers: carriers(test, timeLimitMs, model).map(({ thread, at, change }) => ({
      thread,
      line: at.line,
      change,
    })),
  };
}

const AXIOM_TEXT = {
  'happens-before': 'something would happen before itself (axiom happens-before)',
  propagation: 'writes would have to propagate past a strong fence (axiom propagation)',
  rcu: 'a grace period and a read-side critical section would each have to come first (axiom rcu)',
  'plain-coherence':
    'a plain access would ignore a write that is visible to it (axiom plain-coherence)',
  coherence: 'one location would go back in time (axiom coherence)',
  atomicity: 'a write would fall between the halves of a read-modify-write (axiom atomic)',
} as const;

const NO_EXECUTION =
  'No execution at all: every one is left out by the filter, or cannot go on (a lock that is never given back, say).';

const NO_SHORT_EXECUTION =
  'No execution at all within the bound on loops: a larger one (--unroll) may show some.';

/** The answer as text. */
export function formatWhy(test: LitmusTest, why: Why): string {
  if (why.kind === 'allowed') {
    return `An execution that shows it:\n${formatExecution(test, why.candidate)}`;
  }
  if (why.kind === 'no execution') return why.isCut ? NO_SHORT_EXECUTION : NO_EXECUTION;
  const { explanation } = why;
  const reason =
    explanation === null
      ? 'No execution has these values, whatever the order.'
      : `Why not: ${AXIOM_TEXT[explanation.axiom]}. The cycle:\n` +
        formatCycle(test, explanation.candidate, explanation.cycle);
  return `${reason}\n${formatCarriers(why.carriers)}`;
}

function formatCarriers(list: readonly { thread: number; line: number; change: string }[]): string {
  if (list.length === 0) return 'No single fence carries this: each can go and it stays forbidden.';
  const lines = list.map(({ thread, line, change }) => `  P${thread}, line ${line}: ${change}`);
  return `It would be allowed\n${lines.join('\n')}`;
}

/** The answer as plain data, for `--json`. */
export function whyToJson(test: LitmusTest, why: Why): unknown {
  const event = (candidate: Candidate, e: number): unknown => ({
    at: formatEvent(candidate, e),
    does: describeAccess(test, candidate, e),
  });
  if (why.kind === 'allowed') {
    const { candidate } = why;
    return { allowed: true, execution: [...candidate.placed()].map((e) => event(candidate, e)) };
  }
  if (why.kind === 'no execution') return { allowed: null };
  const { explanation } = why;
  return {
    allowed: false,
    axiom: explanation?.axiom ?? null,
    cycle: (explanation?.cycle ?? []).map(({ from, to, name, reason }) => ({
      from: explanation && event(explanation.candidate, from),
      to: explanation && event(explanation.candidate, to),
      name,
      reason,
    })),
    allowedIf: why.carriers,
  };
}
