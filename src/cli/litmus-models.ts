/** Text of `klp-smp litmus --models`: what each kernel version's model says, and the rules that make the difference. */
import type { ModelChange, ModelVerdict } from '../litmus/model-comparison.js';
import type { LitmusReport } from '../litmus/job.js';
import { renderTable } from '../report/table.js';

function verdictOf({ refused, observation, positive, negative, complete }: ModelVerdict): string {
  if (refused !== undefined) return 'refused';
  return `${observation ?? ''} ${positive} ${negative}${complete ? '' : ' (cut short)'}`;
}

/** Names of the rules of a change. */
function rulesOf({ rules }: ModelChange): string {
  return rules.length === 0 ? 'several rules together' : rules.map(({ name }) => name).join(', ');
}

/** One test in full. */
export function modelsText({ name, models, elapsedMs }: LitmusReport): string {
  if (models === undefined) return '';
  const { verdicts, changes } = models;
  const table = renderTable(
    [
      { title: 'model' },
      { title: 'verdict' },
      { title: 'positive', align: 'right' },
      { title: 'negative', align: 'right' },
      { title: 'states', align: 'right' },
      { title: 'flags' },
    ],
    verdicts.map((v) => [
      v.model,
      v.refused === undefined ? (v.observation ?? '') : 'refused',
      ...[v.positive, v.negative, v.states.length].map((n) => (v.refused ? '' : String(n))),
      v.flags.join(', '),
    ]),
  );
  const refusals = verdicts.flatMap(({ refused }) => (refused === undefined ? [] : [refused]));
  const reasons = changes.flatMap((change) => [
    `From ${change.from} to ${change.to} the difference is made by`,
    ...change.rules.map((rule) => `  ${rule.name}: ${rule.says}`),
    ...(change.rules.length === 0 ? ['  several rules together, none alone'] : []),
    ...stateLines(verdicts, change),
  ]);
  const end = changes.length === 0 ? ['All agree.'] : reasons;
  const time = `Time ${name} ${(elapsedMs / 1000).toFixed(3)}`;
  return [`Test ${name}`, table, ...refusals, ...end, time].join('\n');
}

/** States that one of two neighbours has and the other lacks. */
function stateLines(verdicts: readonly ModelVerdict[], { from, to }: ModelChange): string[] {
  const statesOf = (model: string): readonly string[] =>
    verdicts.find((v) => v.model === model)?.states ?? [];
  if (verdicts.some((v) => v.refused !== undefined && (v.model === from || v.model === to)))
    return [];
  const [before, after] = [statesOf(from), statesOf(to)];
  return [
    ...before.filter((s) => !after.includes(s)).map((s) => `  only in ${from}: ${s}`),
    ...after.filter((s) => !before.includes(s)).map((s) => `  only in ${to}: ${s}`),
  ];
}

/** A line for a test of a folder; none if all models agree. */
export function changeLines({ name, models }: LitmusReport): string[] {
  if (models === undefined || models.changes.length === 0) return [];
  const verdicts = models.verdicts.map((v) => `${v.model} ${verdictOf(v)}`).join(', ');
  const rules = models.changes.map((c) => `${c.from} to ${c.to} by ${rulesOf(c)}`).join('; ');
  return [`${name}: ${verdicts}  (${rules})`];
}
