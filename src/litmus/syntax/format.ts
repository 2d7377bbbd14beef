/** Prints verdicts as herd7 does, and executions in the program's own lines. */
import type { LitmusTest } from './ast.js';
import { INITIAL, type Candidate } from '../axioms/candidate.js';
import type { Edge } from '../why/edge-reason.js';
import type { FinalState } from '../engine.js';
import { EV } from '../axioms/event.js';
import { formatPlace, formatValue } from './proposition.js';

/** What herd prints of a verdict. */
export interface Outcome {
  readonly states: readonly FinalState[];
  /** Executions that satisfy the proposition, and those that do not. */
  readonly positive: number;
  readonly negative: number;
  readonly flags: readonly string[];
  /** Were executions left out that go round a loop more often than the bound allows? */
  readonly isCut?: boolean;
}

/** `Never`, `Sometimes` or `Always`: how often the proposition holds; within the bound on loops if that cut executions off. */
export type Observation =
  'Never' | 'Sometimes' | 'Always' | 'Never within the bound' | 'Always within the bound';

/** How often the proposition of a test held. */
export function observationOf({ positive, negative, isCut = false }: Outcome): Observation {
  if (positive === 0) return isCut ? 'Never within the bound' : 'Never';
  if (negative > 0) return 'Sometimes';
  return isCut ? 'Always within the bound' : 'Always';
}

/** Is the condition, quantifier included, met? */
export function isMet(test: LitmusTest, { positive, negative }: Outcome): boolean {
  const { quantifier } = test.condition;
  if (quantifier === 'exists') return positive > 0;
  return quantifier === 'not-exists' ? positive === 0 : negative === 0;
}

/** A final state as herd prints it: `0:r1=1; [x]=2;`. */
export function formatState(test: LitmusTest, state: FinalState): string {
  const item = (value: number, i: number): string => {
    const place = test.observed[i];
    return place === undefined ? '' : `${formatPlace(test, place)}=${formatValue(test, value)};`;
  };
  return state.map(item).join(' ');
}

const EXPECTATION = { exists: 'Allowed', 'not-exists': 'Forbidden', forall: 'Required' } as const;
const QUANTIFIER = { exists: 'exists', 'not-exists': '~exists', forall: 'forall' } as const;

/** The condition as herd prints it: `exists (0:r1=1 /\ 1:r1=0)`. */
export function formatCondition({ condition }: LitmusTest): string {
  return `${QUANTIFIER[condition.quantifier]} (${condition.text})`;
}

/** A verdict in herd7's format, without its last lines on time and hash. */
export function formatHerd(test: LitmusTest, outcome: Outcome): string {
  const { states, positive, negative, flags } = outcome;
  return [
    `Test ${test.name} ${EXPECTATION[test.condition.quantifier]}`,
    `States ${states.length}`,
    ...states.map((state) => formatState(test, state)),
    isMet(test, outcome) ? 'Ok' : 'No',
    'Witnesses',
    `Positive: ${positive} Negative: ${negative}`,
    ...flags.map((flag) => `Flag ${flag}`),
    `Condition ${formatCondition(test)}`,
    `Observation ${test.name} ${observationOf(outcome)} ${positive} ${negative}`,
  ].join('\n');
}

/** `P1, line 9: r0 = READ_ONCE(*x)`. */
export function formatEvent(candidate: Candidate, event: number): string {
  const { at } = candidate.event(event);
  return `P${candidate.threadOf[event] ?? 0}, line ${at.line}: ${at.text}`;
}

/** What an event did, in words: `reads x=1 from P0, line 4`. */
export function describeAccess(test: LitmusTest, candidate: Candidate, event: number): string {
  const { classes, location, value } = candidate.event(event);
  const name = test.locations[location]?.name ?? '';
  if ((classes & EV.lockRead) !== 0) return `takes ${name}`;
  if ((classes & EV.unlock) !== 0) return `releases ${name}`;
  if ((classes & EV.write) !== 0) return `writes ${name}=${formatValue(test, value)}`;
  if ((classes & EV.read) === 0) return '';
  const source = candidate.sourceOf(event);
  const from =
    source === INITIAL
      ? 'the initial state'
      : `P${candidate.threadOf[source] ?? 0}, line ${candidate.event(source).at.line}`;
  return `reads ${name}=${formatValue(test, value)} from ${from}`;
}

/** An execution, thread by thread, and the coherence order where there is more than one write. */
export function formatExecution(test: LitmusTest, candidate: Candidate): string {
  const lines = [...candidate.placed()]
    .filter((e) => !candidate.is(e, EV.lockWrite))
    .map((e) => [formatEvent(candidate, e), describeAccess(test, candidate, e)] as const);
  const width = Math.min(60, Math.max(0, ...lines.map(([event]) => event.length)));
  const orders = candidate.co.flatMap((order, location) => {
    const writes = order.filter((w) => !candidate.is(w, EV.lockWrite | EV.unlock));
    if (writes.length < 2) return [];
    const values = writes.map((w) => formatValue(test, candidate.event(w).value));
    const initial = formatValue(test, test.locations[location]?.init ?? 0);
    return [
      `  ${test.locations[location]?.name ?? ''} takes the values ${[initial, ...values].join(', ')}`,
    ];
  });
  return [
    ...lines.map(([event, what]) => `  ${event.padEnd(width)}  ${what}`.trimEnd()),
    ...orders,
  ].join('\n');
}

/** A cycle, edge by edge, in the program's own lines. */
export function formatCycle(
  test: LitmusTest,
  candidate: Candidate,
  cycle: readonly Edge[],
): string {
  const lines: string[] = [];
  let last = -1;
  const show = (event: number): void => {
    if (event === last) return;
    last = event;
    const access = describeAccess(test, candidate, event);
    lines.push(`  ${formatEvent(candidate, event)}${access === '' ? '' : `  (${access})`}`);
  };
  for (const { from, to, name, reason } of cycle) {
    show(from);
    lines.push(`    → ${name}: ${reason}`);
    show(to);
  }
  return lines.join('\n');
}
