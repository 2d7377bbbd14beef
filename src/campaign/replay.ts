/** Use case: execute what a token holds, twice, and tell it operation by operation. */

import { SimulatorBug, UsageError, withPartial } from '../errors.js';
import { decodeToken, type TokenContents } from '../explorer/findings/token.js';
import { findScenario } from './scenarios/find-scenario.js';
import { checkOptions, OptionError, type OptionTable } from './options/option-table.js';
import { WATCHING, type Watching } from './options/progress.js';
import { isRecordingFile } from './recording/recording-file.js';
import { replayRecording } from './recording/replay-recording.js';
import { REPLACE, replacing, type Replacing } from './scenarios/replace.js';
import { boundsOf } from './options/replay-command.js';
import { existingFile, flag, integerIn, textOf } from './options/rules.js';
import type { ReplayResult } from './replayed.js';
import type { ReplayReport } from './work/task.js';
import { AXIOMS_MS, Workers } from './work/workers.js';

/** Milliseconds that a replay may take. */
const REPLAY_MS = 60_000;

/** What {@link replay} is asked to do. */
export interface ReplayOptions extends Pick<Watching, 'signal'>, Replacing {
  /** As printed by explore, or the file of a recording of stress. */
  readonly token: string;
  /** File of the scenario, if it is not of the catalogue. */
  readonly file?: string;
  /** Bound on operations that the token was found with, where it was not the scenario's. */
  readonly steps?: number;
  /** Tell accesses to lock-protected data too. Default false. */
  readonly all?: boolean;
  /** Check the execution, of `lkmm` memory, against the axioms of LKMM too. Default false. */
  readonly axioms?: boolean;
}

export type { ReplayResult } from './replayed.js';

/** The options of {@link replay}. */
export const REPLAY_OPTIONS = {
  signal: WATCHING.signal,
  token: {
    rule: textOf('a token as printed by explore, or the file of a recording of stress'),
    about: 'as printed by explore, or a file that stress --record wrote',
    required: true,
    flags: '<token>',
  },
  file: {
    rule: existingFile,
    about: 'file of the scenario, if it is not of the catalogue',
    flags: '--file <file>',
  },
  replace: REPLACE,
  steps: {
    rule: integerIn({ min: 1, max: Number.MAX_SAFE_INTEGER }),
    about: 'bound on operations that the token was found with',
    shown: "the scenario's",
    flags: '--steps <n>',
  },
  all: { rule: flag, about: 'tell accesses to lock-protected data too', fallback: false },
  axioms: {
    rule: flag,
    about: "check the execution against the memory model's axioms too (lkmm memory)",
    fallback: false,
  },
} as const satisfies OptionTable<ReplayOptions>;

/**
 * Reproduce a finding.
 *
 * @throws UsageError when the token is damaged, its scenario is not there, or its schedule leads elsewhere since the code changed
 * @throws SimulatorBug when two replays differ, or the axioms reject the execution; {@link partialResult} gives the result then
 */
export async function replay(options: ReplayOptions): Promise<ReplayResult> {
  const checked = checkOptions('replay', options, REPLAY_OPTIONS);
  const { token, file: given, replace, steps, all, axioms, signal } = checked;
  if (isRecordingFile(token)) {
    checkPlayed(options);
    return replayRecording({ path: token, replace, signal });
  }
  const contents = decodeToken(token);
  checkReplaced(contents, replace);
  const { scenario: name, memory, ablated } = contents;
  if (axioms && memory !== 'lkmm') {
    throw new OptionError(
      'replay',
      'axioms',
      `is for executions over lkmm memory, whose log the axioms are asked about; the token is one of ${memory} memory`,
    );
  }
  const file = given ?? findScenario(name).file;
  const workers = new Workers(1);
  try {
    const session = {
      ...{ scenario: { file, name, ...replacing(replace) }, memory, ablated },
      ...boundsOf({ steps }),
      ...(axioms ? { axioms } : {}),
    };
    const limits = { ms: axioms ? REPLAY_MS + AXIOMS_MS : REPLAY_MS, signal };
    const report = await workers.run('tell', { session, token, all }, limits);
    if (!report.repeats) throw new SimulatorBug('two replays of one token differ');
    return judged(contents, report);
  } finally {
    await workers.close();
  }
}

/** A recording contains its machine, but no memory log that the axioms could check. */
function checkPlayed(options: ReplayOptions): void {
  for (const key of ['file', 'steps', 'all', 'axioms'] as const) {
    if (options[key] === undefined || options[key] === false) continue;
    throw new OptionError('replay', key, 'has no effect on a recording of stress');
  }
}

/** A finding of changed kernel code needs the change. */
export function checkReplaced({ replaced }: TokenContents, replace: string | undefined): void {
  if (replaced.length === 0 || replace !== undefined) return;
  throw new UsageError(
    `the token was made with changed kernel code, in which ${replaced.join(', ')} ` +
      `${replaced.length === 1 ? 'was' : 'were'} replaced: give the file that did so, --with FILE`,
  );
}

/** The result, unless it is a failure. @throws SimulatorBug when the axioms reject it; UsageError when the code leads elsewhere */
export function judged(contents: TokenContents, report: ReplayReport): ReplayResult {
  const changed = diagnosis(contents, report);
  const result = { scenario: contents.scenario, ...report, changed: changed ?? null };
  const violated = report.axioms?.violated ?? null;
  if (violated !== null) {
    const what = `the axioms of LKMM reject an execution of ${contents.scenario}: ${violated}`;
    throw withPartial(new SimulatorBug(what), result);
  }
  const isElsewhere = report.hash !== contents.hash && report.verdict.grade !== 'forbidden';
  if (changed !== undefined && isElsewhere) throw withPartial(new UsageError(changed), result);
  return result;
}

/** The message when the code or the execution differs from that of the token. */
function diagnosis(contents: TokenContents, report: ReplayReport): string | undefined {
  const isSame = report.hash === contents.hash;
  if (report.fingerprint === contents.fingerprint) {
    return isSame
      ? undefined
      : 'this is not the execution that the token was made of, although the code is the same';
  }
  return (
    `the code has changed since the token was made (${contents.fingerprint}, now ` +
    `${report.fingerprint}), and the schedule ` +
    (isSame ? 'still leads to the same execution' : 'no longer leads to the same execution')
  );
}
