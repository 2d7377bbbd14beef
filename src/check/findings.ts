/** Findings: what a check saw and must never happen. The CPU that saw it writes it into the shared memory. */

import { KLP_WARN_SITES } from '../livepatch/warn-sites.js';
import { CHECK, FINDING, MAX_FINDINGS, type CheckLayout } from './layout.js';
import type { Addr } from '../memory/struct.js';

/** Properties that are checked; the number is what the memory holds. */
const FINDING_KINDS = {
  1: 'I-1',
  2: 'I-2',
  3: 'I-3',
  4: 'I-4',
  5: 'I-5',
  6: 'I-6',
  7: 'I-7',
  8: 'I-8',
  9: 'I-9',
  10: 'I-10',
  11: 'I-11',
  12: 'I-12',
  13: 'I-13',
  20: 'WARN',
} as const;

/** What each property says, for reports. */
export const FINDING_TEXTS: Readonly<Record<string, string>> = {
  'I-1':
    'klp_transition_patch and klp_target_state disagree on whether a transition is in progress',
  'I-2': 'something of a transition is left although none is in progress',
  'I-3': 'a task has no patch state during a transition',
  'I-4': 'TIF_PATCH_PENDING of a task does not say whether it has still to switch',
  'I-5': 'a transition completes although a task has not switched',
  'I-6': 'a task is inside a function of the side it does not belong to',
  'I-7': 'freed text is still on the stack of a task',
  'I-8':
    'a task ran old and new code of one patch without a place in between where it could be switched',
  'I-9': 'klp_ops, its func_stack and the ftrace site disagree',
  'I-10': 'the order of functions on a stack is not that of the patches',
  'I-11': 'a post_unpatch callback runs that no successful pre_patch owes',
  'I-12': 'module references of a patch do not balance',
  'I-13': 'the list of patches is not intact',
  WARN: 'a WARN_ON() fired',
  oops: 'the kernel accessed memory or executed text that is not there',
  stall: 'a transition made no progress',
  'atomic sleep':
    'code that may sleep was called with a spin lock held, with preemption disabled, or in an interrupt',
};

/** What the key of a finding says, `WARN 41` with its place; `undefined` for an outcome that a scenario named. */
export function meaningOf(key: string): string | undefined {
  const [, warn] = /^WARN (\d+)$/.exec(key) ?? [];
  return warn === undefined
    ? FINDING_TEXTS[key]
    : describeFinding({ kind: 'WARN', a: Number(warn) }).detail;
}

/** Number of a finding kind. */
export type FindingKind = keyof typeof FINDING_KINDS;

/** A finding as it stands in memory. */
export interface FindingRecord {
  readonly kind: string;
  readonly cpu: number;
  readonly task: Addr;
  readonly a: number;
  readonly b: number;
  readonly c: number;
  /** Place in the machine-wide order of events. */
  readonly seq: number;
}

/** A finding as it is recorded: {@link FindingRecord} with the number of its kind. */
export interface NewFinding extends Omit<FindingRecord, 'kind' | 'a' | 'b' | 'c'> {
  readonly kind: FindingKind;
  /** What {@link FindingRecord} calls a, b and c. */
  readonly details: readonly [number, number, number];
}

/** Number of findings so far. */
function countFindings(words: Int32Array, layout: CheckLayout): number {
  return Atomics.load(words, layout.notes + CHECK.findings);
}

/** Record a finding. */
export function recordFinding(
  words: Int32Array,
  layout: CheckLayout,
  { cpu, kind, task, details, seq }: NewFinding,
): void {
  const index = Atomics.add(words, layout.notes + CHECK.findings, 1);
  if (index >= MAX_FINDINGS) return;
  const at = layout.findings + index * FINDING.size;
  words[at + FINDING.cpu] = cpu;
  words[at + FINDING.task] = task;
  words[at + FINDING.a] = details[0];
  words[at + FINDING.b] = details[1];
  words[at + FINDING.c] = details[2];
  words[at + FINDING.seq] = seq;
  Atomics.store(words, at + FINDING.kind, kind);
}

/** Findings that are kept, oldest first. */
export function readFindings(words: Int32Array, layout: CheckLayout): FindingRecord[] {
  const count = Math.min(MAX_FINDINGS, countFindings(words, layout));
  const records: FindingRecord[] = [];
  for (let i = 0; i < count; i++) {
    const at = layout.findings + i * FINDING.size;
    const word = (offset: number): number => Atomics.load(words, at + offset);
    const kind = FINDING_KINDS[word(FINDING.kind) as FindingKind] as string | undefined;
    if (kind === undefined) continue;
    records.push({
      kind,
      cpu: word(FINDING.cpu),
      task: word(FINDING.task),
      a: word(FINDING.a),
      b: word(FINDING.b),
      c: word(FINDING.c),
      seq: word(FINDING.seq),
    });
  }
  return records;
}

/** What a finding is counted by (`I-8`, `WARN 34`) and what it says. */
export function describeFinding({ kind, a }: Pick<FindingRecord, 'kind' | 'a'>): {
  readonly key: string;
  readonly detail: string;
} {
  if (kind !== 'WARN') return { key: kind, detail: FINDING_TEXTS[kind] ?? kind };
  const site = KLP_WARN_SITES.find(({ id }) => id === a);
  return { key: `WARN ${a}`, detail: site?.text ?? 'a WARN of the kernel' };
}
