/** `klp-smp replay`: execute what a token holds, twice, and tell it operation by operation. */

import type { Command } from 'commander';
import { createInterface } from 'node:readline/promises';
import { SimulatorBug, UsageError } from '../errors.js';
import { Workers } from '../campaign/campaign.js';
import { findScenario } from '../campaign/find-scenario.js';
import type { ExploreConfig } from '../explorer/engine/config.js';
import { decodeToken, type TokenContents } from '../explorer/findings/token.js';
import type { ReplayReport } from '../campaign/worker-task.js';
import { writeFindingFiles, type FindingFiles } from './finding-files.js';
import { existingFile, integerIn, jsonOption, option, writableFile } from './options.js';
import { emit } from './output.js';

/** Milliseconds that a replay may take. */
const REPLAY_MS = 60_000;

interface ReplayOptions extends FindingFiles {
  readonly file?: string;
  readonly step?: boolean;
  readonly until?: number;
  readonly all?: boolean;
  readonly json: boolean;
}

/** Add the command to a program. */
export function registerReplay(program: Command): void {
  program
    .command('replay')
    .description('reproduce a finding of explore from its token')
    .argument('<token>', 'as printed by explore')
    .addOption(
      option('--file <file>', 'file of the scenario, if it is not of the catalogue', existingFile),
    )
    .option('--step', 'wait for Enter after each operation (on a terminal)')
    .addOption(
      option('--until <n>', 'stop the story after so many lines', integerIn({ min: 1, max: 1e9 })),
    )
    .option('--all', 'tell accesses to lock-protected data too')
    .addOption(option('--html <file>', 'write the page of the finding', writableFile))
    .addOption(option('--trace <file>', "write a trace in Perfetto's JSON", writableFile))
    .addOption(option('--ftrace <file>', "write a trace in the kernel's text format", writableFile))
    .addOption(jsonOption())
    .action(async (token: string, options: ReplayOptions) => {
      process.exitCode = await replay(token, options);
    });
}

async function replay(token: string, options: ReplayOptions): Promise<number> {
  const contents = decodeToken(token);
  const { file } = findScenario(options.file ?? contents.scenario);
  const config: ExploreConfig = {
    scenario: { file, name: contents.scenario },
    memory: contents.memory,
    strategy: { kind: 'random', seed: 0 },
    ablated: contents.ablated,
  };
  const workers = new Workers(1);
  let report: ReplayReport;
  try {
    const task = { task: 'tell', config, token, all: options.all ?? false } as const;
    report = await workers.run<ReplayReport>(task, REPLAY_MS);
  } finally {
    await workers.close();
  }
  if (!report.repeats) throw new SimulatorBug('two replays of one token differ');
  const changed = diagnosis(contents, report);
  await writeFindingFiles(options, { token, file: options.file });
  const paced = options.step === true && process.stdin.isTTY && process.stdout.isTTY;
  if (paced && !options.json) await pace(report.lines.slice(0, options.until));
  emit(options, { ...report, changed: changed ?? null }, () =>
    replayText(report, paced ? 0 : options.until, changed),
  );
  if (changed !== undefined && report.verdict.grade !== 'forbidden') throw new UsageError(changed);
  return report.verdict.grade === 'forbidden' ? 1 : 0;
}

/** What to say when the execution is not the one that the token was made of. */
function diagnosis(contents: TokenContents, report: ReplayReport): string | undefined {
  if (report.hash === contents.hash) return undefined;
  if (report.fingerprint === contents.fingerprint) {
    return 'this is not the execution that the token was made of, although the code is the same';
  }
  return (
    `the code has changed since the token was made (${contents.fingerprint}, now ` +
    `${report.fingerprint}), and the schedule no longer leads to the same execution`
  );
}

function replayText(
  report: ReplayReport,
  until: number | undefined,
  changed: string | undefined,
): string {
  const { key, grade, detail } = report.verdict;
  return [
    ...report.lines.slice(0, until),
    '',
    `${grade}: ${key}: ${detail}`,
    ...report.ablated,
    ...(changed === undefined ? [] : [`note: ${changed}`]),
    `replayed twice, trace hash ${report.hash.toString(16).padStart(8, '0')}`,
  ].join('\n');
}

async function pace(lines: readonly string[]): Promise<void> {
  const prompt = createInterface({ input: process.stdin, output: process.stdout });
  try {
    for (const line of lines) await prompt.question(line);
  } finally {
    prompt.close();
  }
}
