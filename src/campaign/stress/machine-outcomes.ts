/** A run on threads as a table of graded outcomes: what the workload counted, and what the checks found. */

import { FINDING_TEXTS, type FindingRecord } from '../../check/findings.js';
import { markText, taskName, wordsText } from '../../check/flight.js';
import { KLP_WARN_SITES } from '../../livepatch/warn-sites.js';
import { stalledTaskText, type Stall } from '../../threads/stall.js';
import type { ThreadResult } from '../../threads/engine.js';
import type { Outcome } from './outcomes.js';

function detailOf(result: ThreadResult, finding: FindingRecord): string {
  const { words, check } = result;
  const at = `CPU ${finding.cpu}, event ${finding.seq}`;
  if (finding.kind === 'WARN') {
    const site = KLP_WARN_SITES.find((s) => s.id === finding.a);
    return `${site?.text ?? `site ${finding.a}`} (${at})`;
  }
  const task = finding.task === 0 ? '' : `task ${taskName(words, check, finding.task)}, `;
  const { kind, a, b, c } = finding;
  const details =
    kind === 'I-8'
      ? `ran ${markText(a)} and the other side of patch ${b}`
      : `details ${wordsText(words, check, [a, b, c])}`;
  return `${task}${at}, ${details}`;
}

function eventLines(result: ThreadResult): string[] {
  return result.events.map((e) => `${e.seq} CPU ${e.cpu} ${e.task}: ${e.name} ${e.detail}`);
}

/** What a stall says: who has not switched, and where each of them is. */
function stallLines(stall: Stall): string[] {
  const side = stall.target === 1 ? 'patched' : 'unpatched';
  return [
    `no progress towards ${side} for ${stall.forMs} ms; ${stall.count} tasks have not switched:`,
    ...stall.tasks.map(stalledTaskText),
    ...(stall.count > stall.tasks.length ? [`and ${stall.count - stall.tasks.length} more`] : []),
  ];
}

const FORBIDDEN = { grade: 'forbidden', count: 1 } as const;

/** Everything that went wrong in a run, as forbidden outcomes with the events that led to it. */
export function findingOutcomes(result: ThreadResult): Outcome[] {
  const outcomes: Outcome[] = [];
  for (const finding of result.findings) {
    const name = `${finding.kind}: ${detailOf(result, finding)}`;
    const reason = FINDING_TEXTS[finding.kind] ?? finding.kind;
    const trace = outcomes.length === 0 ? { trace: eventLines(result) } : {};
    outcomes.push({ name, grade: 'forbidden', count: 1, reason, ...trace });
  }
  for (const { key = '', detail } of result.ends.filter((end) => end.status === 'finding')) {
    // What was written into the memory is there already.
    if (outcomes.length > 0) continue;
    const reason = FINDING_TEXTS[key] ?? key;
    outcomes.push({ ...FORBIDDEN, name: `${key}: ${detail}`, reason, trace: eventLines(result) });
  }
  for (const { cpu, detail } of result.ends.filter((end) => end.status === 'oops')) {
    outcomes.push({
      name: `oops on CPU ${cpu}`,
      grade: 'forbidden',
      count: 1,
      reason: detail,
      trace: eventLines(result),
    });
  }
  if (result.stall) {
    outcomes.push({
      name: 'stall',
      grade: 'forbidden',
      count: 1,
      reason: FINDING_TEXTS['stall'] ?? '',
      trace: [...stallLines(result.stall), ...eventLines(result)],
    });
  }
  return outcomes;
}

/** All outcomes of a run: findings, then what the workload counted. */
export function runOutcomes(result: ThreadResult): Outcome[] {
  const counted = result.outcomes.map((o) => ({
    name: o.outcome,
    grade: o.grade,
    count: o.count,
    reason: o.reason,
  }));
  return [...findingOutcomes(result), ...counted];
}
