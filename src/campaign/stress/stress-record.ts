/** From a finding of stress on real threads to a file that the explorer executes again. */

import { stressParameters } from '../../catalog/systems/system-stress.js';
import type { StressOptions as StressPlan } from '../../catalog/stress.js';
import { SimulatorBug, UsageError } from '../../errors.js';
import { OPERATIONS } from '../../explorer/engine/operations.js';
import type { MemoryKind } from '../../memory/backend.js';
import { MOST_RECORDED_CPUS } from '../../memory/recorded/control.js';
import type { ThreadResult } from '../../threads/engine.js';
import type { RecordPlan } from '../../threads/recording.js';
import type { PlayReport } from '../recording/played-task.js';
import { playCommand, playFile } from '../recording/play-file.js';
import { recordingFile, writeRecording } from '../recording/recording-file.js';
import { writableFile } from '../options/rules.js';

/** Milliseconds between two snapshots: a replay covers one to two such periods. */
const SNAPSHOT_MS = 5000;
/** Two snapshots are kept of the whole memory. */
const MOST_TASKS = 100_000;

/** The option that records. */
export const RECORD = {
  rule: writableFile,
  about: 'record, and write the last seconds before a finding for replay',
  flags: '--record <file>',
  needs: { memory: ['atomics', 'wasm'] },
  not: ['ablate'],
} as const;

/** A recorded finding. */
export interface StressRecording {
  readonly file: string;
  /** What it ends in. */
  readonly key: string;
  /** Operations that were executed again. */
  readonly operations: number;
  /** Changes of CPU among them. */
  readonly turns: number;
  /** Command that executes them again. */
  readonly command: string;
}

/** Refuse machines that cannot be recorded. */
export function checkRecordable({ cpus, tasks }: { cpus: number; tasks: number }): void {
  if (cpus > MOST_RECORDED_CPUS)
    throw new UsageError(`stress: a recorded machine has at most ${MOST_RECORDED_CPUS} CPUs`);
  if (tasks > MOST_TASKS)
    throw new UsageError(`stress: a recorded machine has at most ${MOST_TASKS} tasks`);
}

/** What the threads are told. */
export function recordPlan(seed: number): RecordPlan {
  const codes = Object.fromEntries(OPERATIONS.map(({ name, code }) => [name, code]));
  return { codes, seed, snapshotMs: SNAPSHOT_MS };
}

/** The machine of a run, as the explorer knows it. */
export function recordedScenario(plan: StressPlan): string {
  return `system-stress:${stressParameters({ ...plan, operations: 0 })}`;
}

/** Where a recording is written, and what it records. */
export interface Kept {
  readonly path: string;
  readonly scenario: string;
  readonly memory: MemoryKind;
  readonly replace: string | undefined;
}

/** The finding that a run ended with. */
function findingOf(run: ThreadResult): { key: string; detail: string } | undefined {
  const end = run.ends.find(({ status }) => status !== 'stopped');
  if (end !== undefined) return { key: end.key ?? end.status, detail: end.detail };
  if (run.stall !== undefined) {
    return { key: 'stall', detail: `${run.stall.count} tasks have not switched` };
  }
  const bad = run.outcomes.find(({ grade, count }) => grade === 'forbidden' && count > 0);
  return bad && { key: bad.outcome, detail: bad.reason };
}

/**
 * Write the recording of a finding, and execute it once.
 *
 * @returns nothing when there is no finding
 * @throws SimulatorBug when the recording does not lead to the finding; the file is still written
 */
export async function keepRecording(
  run: ThreadResult,
  { path, scenario, memory, replace }: Kept,
): Promise<{ recording?: StressRecording }> {
  const { recorded } = run;
  const finding = findingOf(run);
  if (finding === undefined || recorded === undefined) return {};
  if (recorded.periods.length === 0) {
    throw new UsageError('stress: more happened since the last snapshot than is recorded');
  }
  const changedBy = replace ?? null;
  const names = { finding, scenario, memory, changedBy, fingerprint: '' };
  const draft = recordingFile(recorded, names);
  const [report] = (await playFile(draft, { path, replace }, [0])) as [PlayReport];
  writeRecording(path, { ...draft, fingerprint: report.fingerprint });
  if (report.finding?.key !== finding.key) {
    const what = report.divergence ?? `it ends in ${report.finding?.key ?? 'nothing'}`;
    throw new SimulatorBug(`the recording ${path} does not lead to ${finding.key}: ${what}`);
  }
  const { operations, turns } = report;
  const command = playCommand(path, replace);
  return { recording: { file: path, key: finding.key, operations, turns, command } };
}
