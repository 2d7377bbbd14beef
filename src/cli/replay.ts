/** `klp-smp replay`: execute what a token holds, twice, and tell it operation by operation. */

import type { Command } from 'commander';
import { replay, REPLAY_OPTIONS, type ReplayResult } from '../campaign/replay.js';
import { findScenario } from '../campaign/scenarios/find-scenario.js';
import { isRecordingFile } from '../campaign/recording/recording-file.js';
import { playCommand } from '../campaign/recording/play-file.js';
import { flag, integerIn, writableFile } from '../campaign/options/rules.js';
import { replayCommand } from '../campaign/options/replay-command.js';
import type { ReportTable } from '../report/report.js';
import { replayedTables } from '../report/tables/explored.js';
import { addCommand, JSON_OPTION } from './command.js';
import { writeFindingFiles } from './finding-files.js';
import { interruptible } from './interrupt.js';
import { pace } from './pace.js';
import { REPORTS, splitReports } from './reporting.js';
import { paint } from './paint.js';
import { runUseCase } from './use-case.js';

const TABLE = {
  ...REPLAY_OPTIONS,
  step: {
    rule: flag,
    about: 'wait for Enter after each operation (on a terminal); q ends it',
    not: ['json', 'tap', 'jsonl'],
  },
  full: {
    rule: flag,
    about: 'tell every operation, after those that decide the outcome',
    not: ['json', 'tap', 'jsonl'],
  },
  until: {
    rule: integerIn({ min: 1, max: 1e9 }),
    about: 'stop the story after so many lines',
    flags: '--until <n>',
    not: ['json', 'tap', 'jsonl'],
  },
  html: { rule: writableFile, about: 'write the page of the finding', flags: '--html <file>' },
  trace: {
    rule: writableFile,
    about: "write a trace in Perfetto's JSON",
    flags: '--trace <file>',
  },
  ftrace: {
    rule: writableFile,
    about: "write a trace in the kernel's text format",
    flags: '--ftrace <file>',
  },
  ...JSON_OPTION,
  junit: REPORTS.junit,
  tap: REPORTS.tap,
  github: REPORTS.github,
  jsonl: REPORTS.jsonl,
} as const;

/** Add the command to a program. */
export function registerReplay(program: Command): void {
  addCommand(program, {
    name: 'replay',
    description: 'reproduce a finding from its token or recording',
    table: TABLE,
    run: async ({ step, full, until, json, html, trace, ftrace, token = '', axioms, ...given }) => {
      const { asked, options } = splitReports(given);
      const isPaced = step === true && process.stdin.isTTY && process.stdout.isTTY;
      const shown = {
        label: 'replaying',
        json,
        text: (result: ReplayResult) =>
          isPaced ? '' : storyText(told(result, full), result, until),
        reporting: { command: 'replay', asked, tables: tablesOf(token, options) },
        keep: () => writeFindingFiles({ html, trace, ftrace }, { token, ...options }),
      };
      const result = await runUseCase(shown, (watching) => {
        const { signal } = watching;
        const asked = axioms === undefined ? {} : { axioms };
        return replay({ ...options, ...asked, token, ...(signal === undefined ? {} : { signal }) });
      });
      if (isPaced) {
        const lines = told(result, full).slice(0, until);
        await interruptible((signal) => pace(lines, process, signal));
        process.stdout.write(`${endText(result)}\n`);
      }
      if (result.verdict.grade === 'forbidden') process.exitCode = 1;
    },
  });
}

/** The table of what was replayed, with the command that replays it. */
const tablesOf =
  (token: string, given: { file?: string; replace?: string; steps?: number }) =>
  (result: ReplayResult): ReportTable[] =>
    replayedTables(
      result,
      isRecordingFile(token)
        ? playCommand(token, given.replace)
        : replayCommand(token, given.file ?? findScenario(result.scenario).file, given),
      given.file,
    );

/** The steps that decide the outcome, and after them the whole story if it was asked for. */
function told({ decisive, lines }: ReplayResult, full: boolean | undefined): readonly string[] {
  if (decisive === null) return lines;
  if (full === true) return [...decisive, '', 'every operation:', ...lines];
  const { length } = lines;
  return [...decisive, '', `the steps that decide the outcome; --full tells all ${length} lines`];
}

function storyText(
  lines: readonly string[],
  result: ReplayResult,
  until: number | undefined,
): string {
  return [...lines.slice(0, until), endText(result)].join('\n');
}

/** From where on the outcome cannot be avoided. */
function inflectionLine({ inflection }: ReplayResult): string[] {
  if (inflection === null) return [];
  const { line, text, operations, of, tried } = inflection;
  const where =
    line === 0
      ? 'no choice avoids it'
      : `no longer avoidable from step ${line} on (${text}; operation ${operations} of ${of})`;
  return [`${where}: all of ${tried} continuations that were tried from there fail`];
}

function endText(result: ReplayResult): string {
  const { verdict, ablated, changed, hash, axioms } = result;
  const { key, grade, detail } = verdict;
  return [
    '',
    paint(grade, `${grade}: ${key}: ${detail}`),
    ...inflectionLine(result),
    ...ablated,
    ...(changed === null ? [] : [`note: ${changed}`]),
    ...axiomsLine(axioms),
    `replayed twice, trace hash ${hash.toString(16).padStart(8, '0')}`,
  ].join('\n');
}

function axiomsLine(axioms: ReplayResult['axioms']): string[] {
  if (axioms === undefined) return [];
  const { events, violated } = axioms;
  return [
    violated === null
      ? `accepted by the axioms: ${events} events`
      : `REJECTED by the axioms: ${violated}, ${events} events`,
  ];
}
