/** `klp-smp stress`: patch a busy machine at random on real threads, and check everything all the while. */

import type { Command } from 'commander';
import { isFinding } from '../campaign/stress/outcomes.js';
import { stress, STRESS_OPTIONS, type StressResult } from '../campaign/stress/stress.js';
import { choiceOf, flag } from '../campaign/options/rules.js';
import {
  EXPLORER_STRESS_OPTIONS,
  stressInExplorer,
  type ExplorerStressOptions,
} from '../campaign/stress/stress-explorer.js';
import { holdUpLines } from '../threads/hold-up.js';
import type { Timeline } from '../report/events.js';
import { renderOutcomes } from '../report/outcomes.js';
import type { ReportTable } from '../report/report.js';
import { UsageError } from '../errors.js';
import { exploredTables, sessionsOf } from '../report/tables/explored.js';
import { given } from '../report/tables/given.js';
import { addCommand, JSON_OPTION } from './command.js';
import { exploreLines } from './explore-report.js';
import { paint } from './paint.js';
import { REPORTS, splitReports, TRACE, type Asked } from './reporting.js';
import { runUseCase } from './use-case.js';

/** What led to the finding; undefined: nothing was found. */
function timelineOf({ outcomes, events }: StressResult): Timeline | undefined {
  if (events.length === 0) return undefined;
  const found = outcomes.filter(isFinding);
  const notes = found.map(({ name, reason }) => `${name}: ${reason}`);
  return { title: `stress: ${found[0]?.name ?? ''}`, notes, events };
}

/** What became of the recording that was asked for. */
function recordingLines({ recording }: StressResult, record: string | undefined): string[] {
  if (recording === undefined) {
    return record === undefined ? [] : ['', 'nothing was found: no recording was written'];
  }
  const { file, key, operations, turns, command } = recording;
  const made = `${operations.toLocaleString('en')} operations, ${turns.toLocaleString('en')} turns`;
  return ['', `recorded in ${file}: the last ${made} lead to ${key} again`, `  ${command}`];
}

/** The finding that was recorded, with the command that executes it again. */
function withReplay(result: StressResult): ReportTable {
  const { recording, outcomes } = result;
  const found = outcomes.findIndex(isFinding);
  if (recording === undefined || found < 0) return result;
  const { command, file } = recording;
  const replayed = { replay: command, token: file };
  return {
    ...result,
    outcomes: outcomes.map((it, i) => (i === found ? { ...it, ...replayed } : it)),
  };
}

const inExplorer = { on: ['explorer'] } as const;

/** Where the workload runs, and what only the explorer takes. */
const IN_EXPLORER = {
  memory: { ...STRESS_OPTIONS.memory, needs: { on: ['threads'] } },
  profile: { ...STRESS_OPTIONS.profile, needs: { on: ['threads'] } },
  record: { ...STRESS_OPTIONS.record, needs: { on: ['threads'], memory: ['atomics', 'wasm'] } },
  cpus: { ...STRESS_OPTIONS.cpus, shown: '4; 2 in the explorer' },
  tasks: { ...STRESS_OPTIONS.tasks, shown: '256; 8 in the explorer' },
  on: {
    rule: choiceOf(['threads', 'explorer']),
    about: 'real threads, or the explorer in virtual time',
    fallback: 'threads',
    flags: '--on <engine>',
  },
  operations: {
    rule: EXPLORER_STRESS_OPTIONS.operations.rule,
    about: EXPLORER_STRESS_OPTIONS.operations.about,
    shown: '12',
    flags: '--operations <n>',
    needs: inExplorer,
  },
  executions: {
    rule: EXPLORER_STRESS_OPTIONS.executions.rule,
    about: EXPLORER_STRESS_OPTIONS.executions.about,
    shown: 'what fits the duration',
    flags: '--runs <n>',
    needs: inExplorer,
  },
  threads: {
    rule: EXPLORER_STRESS_OPTIONS.threads.rule,
    about: 'worker threads of the explorer',
    shown: 'one for each core',
    flags: '--threads <n>',
    needs: inExplorer,
  },
  minimise: {
    rule: flag,
    about: 'print findings as they were found',
    flags: '--no-minimise',
    needs: inExplorer,
  },
} as const;

async function runInExplorer(
  options: ExplorerStressOptions,
  asked: Asked,
  json: boolean | undefined,
): Promise<void> {
  const reporting = { command: 'stress', asked, tables: exploredTables, explored: sessionsOf };
  const { outcomes } = await runUseCase(
    { label: 'stress', json, text: exploreLines, reporting },
    (watching) => stressInExplorer({ ...options, ...watching }),
  );
  if (outcomes.some(({ grade }) => grade === 'forbidden')) process.exitCode = 1;
}

/** Register `stress`. */
export function registerStress(program: Command): void {
  addCommand(program, {
    name: 'stress',
    description: 'patch a busy machine at random on real threads, and check it all the while',
    table: {
      ...STRESS_OPTIONS,
      ...IN_EXPLORER,
      all: {
        rule: flag,
        about: 'also list the outcomes that never occurred',
        not: ['json', 'tap', 'jsonl'],
        needs: { on: ['threads'] },
      },
      ...JSON_OPTION,
      ...REPORTS,
      trace: { ...TRACE.trace, about: "write the last events before a finding in Perfetto's JSON" },
      ftrace: { ...TRACE.ftrace, needs: inExplorer },
    },
    run: async ({ json, on, all = false, ...rest }) => {
      const { asked, options: whole } = splitReports(rest);
      const { operations, executions, threads, minimise, ...options } = whole;
      if (on !== 'explorer' && minimise === false) {
        throw new UsageError('--no-minimise has no effect with --on threads; it needs explorer');
      }
      if (on === 'explorer') {
        const same = { ...options, memory: undefined };
        const more = { operations, executions, threads, minimise };
        await runInExplorer(given({ ...same, ...more }), asked, json);
        return;
      }
      const reporting = {
        ...{ command: 'stress', asked, timeline: timelineOf },
        tables: (result: StressResult) => [withReplay(result)],
      };
      const text = (result: StressResult): string =>
        [
          renderOutcomes(result, { all, paint }),
          ...(result.heldUp === undefined ? [] : ['', ...holdUpLines(result.heldUp)]),
          ...recordingLines(result, options.record),
        ].join('\n');
      const { outcomes } = await runUseCase(
        { label: 'stress', json, text, reporting },
        (watching) => stress({ ...options, ...watching }),
      );
      if (outcomes.some(isFinding)) process.exitCode = 1;
    },
  });
}
