/** Executes a recording on a worker. */

import type { PlayReport } from './played-task.js';
import type { RecordingFile } from './recording-file.js';
import { shellWord } from '../options/replay-command.js';
import { Workers } from '../work/workers.js';

/** Milliseconds that executing a recording may take. */
const PLAY_MS = 600_000;

/** Which recording, and with what. */
export interface PlayedFile {
  readonly path: string;
  readonly replace: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The command that executes a recording again. */
export function playCommand(path: string, replace: string | undefined): string {
  const changed = replace === undefined ? '' : ` --with ${shellWord(replace)}`;
  return `klp-smp replay ${shellWord(path)}${changed}`;
}

/**
 * Execute a recording, once for each of `looks`.
 *
 * @param looks how many operations before the end are written down
 * @throws UsageError when it is damaged, or its machine is another one now
 */
export async function playFile(
  file: RecordingFile,
  { path, replace, signal }: PlayedFile,
  looks: readonly number[],
): Promise<PlayReport[]> {
  const workers = new Workers(1);
  try {
    const command = playCommand(path, replace);
    const reports: PlayReport[] = [];
    for (const operations of looks) {
      const request = { file, replace, operations, token: path, command };
      reports.push(await workers.run('play', request, { ms: PLAY_MS, signal }));
    }
    return reports;
  } finally {
    await workers.close();
  }
}
