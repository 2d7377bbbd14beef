/** Writes down a finding for pages and traces, from its token. */

import type { Recording } from '../../explorer/findings/recording.js';
import { decodeToken } from '../../explorer/findings/token.js';
import { findScenario } from '../scenarios/find-scenario.js';
import { checkOptions, type OptionTable } from '../options/option-table.js';
import { isRecordingFile } from './recording-file.js';
import { replacing } from '../scenarios/replace.js';
import { checkReplaced, REPLAY_OPTIONS } from '../replay.js';
import { writeRecordingDown } from './replay-recording.js';
import { boundsOf, replayCommand, type ReplayedWith } from '../options/replay-command.js';
import { Workers } from '../work/workers.js';

/** Milliseconds that recording may take. */
const RECORD_MS = 120_000;

/** Which finding is written down. */
export interface RecordFindingOptions extends ReplayedWith {
  /** As printed by explore. */
  readonly token: string;
  /** File of the scenario, if it is not of the catalogue. */
  readonly file?: string | undefined;
}

/** The options of {@link recordFinding}. */
const RECORD_FINDING_OPTIONS = {
  token: REPLAY_OPTIONS.token,
  file: REPLAY_OPTIONS.file,
  replace: REPLAY_OPTIONS.replace,
  steps: REPLAY_OPTIONS.steps,
} as const satisfies OptionTable<RecordFindingOptions>;

/**
 * Execute what a token holds and record every step of it.
 *
 * Where the code has changed since, the recording is of what the schedule leads to now.
 *
 * @throws UsageError for options that are not accepted, a damaged token and a scenario that cannot be found
 */
export async function recordFinding(options: RecordFindingOptions): Promise<Recording> {
  const checked = checkOptions('recordFinding', options, RECORD_FINDING_OPTIONS);
  const { token, file, ...given } = checked;
  if (isRecordingFile(token)) return writeRecordingDown({ path: token, replace: given.replace });
  const contents = decodeToken(token);
  const { scenario: name, memory, ablated } = contents;
  const { replace } = given;
  checkReplaced(contents, replace);
  const place = file ?? findScenario(name).file;
  const scenario = { file: place, name, ...replacing(replace) };
  const session = { scenario, memory, ablated, ...boundsOf(given) };
  const workers = new Workers(1);
  try {
    const request = { session, token, command: replayCommand(token, place, given) };
    return await workers.run('record', request, { ms: RECORD_MS });
  } finally {
    await workers.close();
  }
}
