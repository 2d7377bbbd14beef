/** Writes down a finding for pages and traces, from its token. */

import { loadScenario, Session } from '../explorer/engine/session.js';
import { record } from '../explorer/findings/record.js';
import type { Recording } from '../explorer/findings/recording.js';
import { decodeToken } from '../explorer/findings/token.js';
import { findScenario } from './find-scenario.js';
import { replacing } from './replace.js';
import { checkReplaced } from './replay.js';
import { replayCommand } from './replay-command.js';

/** Which finding is written down. */
export interface RecordFindingOptions {
  /** As printed by explore. */
  readonly token: string;
  /** File of the scenario, if it is not of the catalogue. */
  readonly file?: string | undefined;
  /** File that replaces kernel functions. */
  readonly replace?: string | undefined;
}

/**
 * Execute what a token holds and record every step of it.
 *
 * Where the code has changed since, the recording is of what the schedule leads to now.
 *
 * @throws UsageError for a damaged token and a scenario that cannot be found
 */
export async function recordFinding({
  token,
  file,
  replace,
}: RecordFindingOptions): Promise<Recording> {
  const contents = decodeToken(token);
  const { scenario, memory, ablated } = contents;
  checkReplaced(contents, replace);
  const place = findScenario(file ?? scenario);
  const loaded = await loadScenario({
    file: place.file,
    name: scenario,
    ...replacing(replace),
  });
  const session = new Session(loaded, { memory, ablated }, { log: true });
  return record(session, token, { command: replayCommand(token, place.file, replace) });
}
