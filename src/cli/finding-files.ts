/** Writes the files that a finding can be asked for: its page and its traces. */

import { writeAll, writeTextFile } from '../campaign/options/files.js';
import { recordFinding, type RecordFindingOptions } from '../campaign/recording/record-finding.js';
import type { Recording } from '../explorer/findings/recording.js';
import { findingPage } from '../report/finding.js';
import { ftraceText } from '../report/finding/ftrace.js';
import { perfettoTrace } from '../report/finding/perfetto.js';

/** Files by the options that ask for them. */
export interface FindingFiles {
  readonly html?: string | undefined;
  readonly trace?: string | undefined;
  readonly ftrace?: string | undefined;
}

/** Record a finding and write what was asked for; nothing is recorded when nothing was. */
export async function writeFindingFiles(
  { html, trace, ftrace }: FindingFiles,
  finding: RecordFindingOptions,
): Promise<void> {
  if (html === undefined && trace === undefined && ftrace === undefined) return;
  const recording = await recordFinding(finding);
  const page = html === undefined ? '' : await findingPage(recording);
  await writeAll([
    () => html !== undefined && writeTextFile('page', html, page),
    () => writeTracesOf({ trace, ftrace }, recording),
  ]);
}

/** Write the traces of a finding that were asked for. */
export async function writeTracesOf(
  { trace, ftrace }: FindingFiles,
  recording: Recording,
): Promise<void> {
  const perfetto = (): string => `${JSON.stringify(perfettoTrace(recording))}\n`;
  await writeAll([
    () => trace !== undefined && writeTextFile('trace', trace, perfetto()),
    () => ftrace !== undefined && writeTextFile('trace', ftrace, ftraceText(recording)),
  ]);
}
