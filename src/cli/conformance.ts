/** `klp-smp conformance`: compares each engine with recorded verdicts of herd7, test by test. */
import type { Command } from 'commander';
import {
  conformance,
  CONFORMANCE_OPTIONS,
  type ConformanceResult,
  type Difference,
  type EngineConformance,
  type Lacking,
} from '../campaign/litmus/conformance.js';
import { flag, writableFile } from '../campaign/options/rules.js';
import { missingTable } from '../report/missing-table.js';
import { renderTable } from '../report/table.js';
import { conformanceTables } from '../report/tables/litmus.js';
import { writeTextFile } from '../campaign/options/files.js';
import { complainOfBugs } from './failure.js';
import { addCommand, JSON_OPTION } from './command.js';
import { compileLater } from './compile-later.js';
import { REPORTS, splitReports } from './reporting.js';
import { runUseCase } from './use-case.js';

const TABLE = {
  ...CONFORMANCE_OPTIONS,
  missing: {
    rule: writableFile,
    about: 'write the tests that lack states, as Markdown',
    flags: '--missing <file>',
  },
  list: { rule: flag, about: 'list every test that differs', not: ['json', 'tap', 'jsonl'] },
  ...JSON_OPTION,
  ...REPORTS,
} as const;

/** Add the command to the program. */
export function registerConformance(program: Command): void {
  addCommand(program, {
    name: 'conformance',
    description: "compare each engine's verdicts with recorded ones of herd7",
    table: TABLE,
    run: async ({ json, missing, list = false, ...given }) => {
      const { asked, options } = splitReports(given);
      if (options.on?.some(isThreads) !== true) compileLater();
      const { runs, seek, seed } = CONFORMANCE_OPTIONS;
      const used = { runs: runs.fallback, seek: seek.fallback, seed: seed.fallback, ...options };
      const { engines } = await runUseCase(
        {
          ...{ label: 'conformance', json },
          reporting: { command: 'conformance', asked, tables: conformanceTables },
          text: (result: ConformanceResult) => textOf(result, list),
          keep: (result) => {
            if (missing === undefined) return;
            writeTextFile('table', missing, missingTable(result.engines, used));
          },
        },
        (watching) => conformance({ ...options, dir: options.dir ?? '', ...watching }),
      );
      process.exitCode = Math.max(0, ...engines.map(statusOf));
      complainOfBugs(engines.flatMap(({ failures }) => failures));
    },
  });
}

/** Real threads show what they do at the speed that they usually have. */
const isThreads = (engine: string): boolean => engine.startsWith('threads');

/** 1 where an answer is wrong, 2 where files were not understood or nothing ran, 3 where a bug of ours kept one from it. */
function statusOf({ conforms, run, failures }: EngineConformance): number {
  if (failures.some(({ kind }) => kind === 'bug')) return 3;
  if (run === 0 || failures.length > 0) return 2;
  return conforms ? 0 : 1;
}

const ROWS: readonly (readonly [string, (r: EngineConformance) => string])[] = [
  ['model', (r) => r.model],
  ['tests', (r) => String(r.tests)],
  ['run', (r) => String(r.run)],
  ['equal state sets', (r) => `${r.equal} (${percent(r.equal, r.run)})`],
  ['same verdict', (r) => String(r.sameVerdict)],
  ['same number of executions', (r) => String(r.sameCounts ?? '–')],
  ['same flags', (r) => String(r.sameFlags ?? '–')],
  ['states of herd7 in these', (r) => String(r.states)],
  ['missing: needs a po;rf cycle', (r) => inTests(r.missing.poRf)],
  ['missing: needs a po;rf;pb;rb cycle', (r) => inTests(r.missing.poRfPbRb)],
  ['missing: other', (r) => inTests(r.missing.other)],
  ['states outside (must be 0)', (r) => String(r.outside)],
  ['refused, as by herd7', (r) => `${r.refusals.ours} of ${r.refusals.recorded}`],
  ['cut short by the limit', (r) => String(r.cutShort)],
  ['skipped', (r) => String(r.skipped.reduce((s, { tests }) => s + tests, 0))],
  ['our seconds, summed over tests', (r) => r.seconds.toFixed(2)],
  ['our CPU seconds, all workers', (r) => r.cpuSeconds.toFixed(2)],
  ["herd7's seconds", (r) => r.herdSeconds.toFixed(2)],
  ['times faster in total', (r) => (r.herdSeconds / r.seconds).toFixed(1)],
  ['times faster, median test', (r) => r.medianRatio.toFixed(1)],
  ['conforms', (r) => (r.conforms ? 'yes' : 'no')],
];

function textOf({ engines, interrupted }: ConformanceResult, list: boolean): string {
  const columns = engines.map(({ engine }) => ({ title: engine, align: 'right' as const }));
  const table = renderTable(
    [{ title: '' }, ...columns],
    ROWS.map(([title, cell]) => [title, ...engines.map(cell)]),
  );
  const end = interrupted ? ['interrupted'] : [];
  return [table, ...engines.flatMap((r) => notes(r, list)), ...end].join('\n');
}

function notes(result: EngineConformance, list: boolean): string[] {
  const skipped = result.skipped.map(
    ({ reason, tests }) => `${result.engine} skipped ${tests}: ${reason}`,
  );
  const shown = result.differences.filter(
    (d) => list || d.outside.length > 0 || d.counts || d.flags,
  );
  const failed = result.failures.map(({ file, reason }) => `${result.engine}: ${file}: ${reason}`);
  return [...skipped, ...failed, ...shown.map((d) => `${result.engine}: ${differenceLine(d)}`)];
}

function differenceLine({ test, outside, missing, counts, flags, complete }: Difference): string {
  const parts = [
    `${outside.length} outside`,
    `${missing.length} missing`,
    ...(counts === undefined ? [] : [`counts ${counts.ours}, recorded ${counts.recorded}`]),
    ...(flags === undefined ? [] : [`flags '${flags.ours}', recorded '${flags.recorded}'`]),
    ...(complete ? [] : ['cut short']),
  ];
  return `${test}: ${parts.join(', ')}`;
}

function inTests({ states, tests }: Lacking): string {
  return states === 0 ? '0' : `${states} in ${tests} tests`;
}

function percent(part: number, whole: number): string {
  return whole === 0 ? '–' : `${((100 * part) / whole).toFixed(2)} %`;
}
