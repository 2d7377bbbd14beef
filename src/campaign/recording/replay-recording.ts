/** Replays a recording of stress: executes it twice, and tells its end. */

import { SimulatorBug, UsageError } from '../../errors.js';
import type { Recording } from '../../explorer/findings/recording.js';
import { readRecording, type RecordingFile } from './recording-file.js';
import { playFile, type PlayedFile } from './play-file.js';
import type { PlayReport } from './played-task.js';
import type { ReplayResult } from '../replayed.js';

/** Operations before the end that a story tells. */
const TOLD_OPERATIONS = 1500;
/** Those that a page shows. */
const SHOWN_OPERATIONS = 4000;

async function played(
  asked: PlayedFile,
  file: RecordingFile,
  looks: readonly number[],
): Promise<PlayReport[]> {
  const { changedBy } = file;
  if (changedBy !== null && asked.replace === undefined) {
    throw new UsageError(
      `the recording was made with changed kernel code, ${changedBy}: give the file, --with FILE`,
    );
  }
  return playFile(file, asked, looks);
}

/** What is different from when the recording was made. */
function changeOf({ fingerprint }: RecordingFile, report: PlayReport): string | null {
  return fingerprint === report.fingerprint
    ? null
    : `the code has changed since the recording was made (${fingerprint}, now ${report.fingerprint})`;
}

/**
 * Execute a recording twice.
 *
 * @throws UsageError when it is damaged, or leads elsewhere since the code changed
 * @throws SimulatorBug when it leads elsewhere although the code is the same, or two executions differ
 */
export async function replayRecording(asked: PlayedFile): Promise<ReplayResult> {
  const file = readRecording(asked.path);
  const [first, second] = (await played(asked, file, [0, TOLD_OPERATIONS])) as [
    PlayReport,
    PlayReport,
  ];
  const changed = changeOf(file, first);
  const { finding, divergence } = first;
  if (finding?.key !== file.finding.key) {
    const where = divergence ?? `it ends in ${finding?.key ?? 'nothing'}`;
    const what = `the recording does not lead to ${file.finding.key}: ${where}`;
    throw changed === null ? new SimulatorBug(what) : new UsageError(`${what}; ${changed}`);
  }
  const repeats = second.hash === first.hash && second.finding?.key === finding.key;
  if (!repeats) throw new SimulatorBug('two executions of one recording differ');
  const { hash, fingerprint, operations, turns } = first;
  const made = `${operations.toLocaleString('en')} operations in ${turns.toLocaleString('en')} turns`;
  return {
    scenario: file.scenario,
    verdict: { ...finding, grade: 'forbidden' },
    ...{ hash, repeats, fingerprint, changed },
    lines: [`the last operations of ${made}, as they were on real threads`, ...second.lines],
    decisive: second.decisive,
    inflection: null,
    ablated: [],
  };
}

/** The end of a recording, with every step. */
export async function writeRecordingDown(asked: PlayedFile): Promise<Recording> {
  const file = readRecording(asked.path);
  const [report] = await played(asked, file, [SHOWN_OPERATIONS]);
  if (report?.recording !== undefined) return report.recording;
  throw new UsageError(`the recording leads nowhere: ${report?.divergence ?? 'to no finding'}`);
}
