/**
 * Explores the packages of `test/real-programs` as they are: `node real-programs.js [executions [file…]]` (default 100,000, all). Prints
 * a line for each, and on a terminal how far it is; ends with 1 when one has a finding. Ctrl-C prints what there is so far.
 */

import { existsSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { createStrategy, exploreRange } from '../../src/campaign/work/range.js';
import { addTally, emptyTally, type Tally } from '../../src/campaign/work/tally.js';
import { loadPrograms, ProgramSession } from '../../src/javascript/engine/session.js';
import type { LoadedProgram } from '../../src/javascript/engine/session.js';
import { fileOf } from './programs.js';

const FOLDER = 'test/real-programs';
const FILES = ['ringbuf', 'sync', 'synckit', 'thread-stream', 'tinypool', 'piscina'];
/** A signal is heard between two slices. */
const SLICE_MS = 500;

const interrupted = { by: '' };
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => (interrupted.by = signal));
}

const forbiddenIn = ({ outcomes }: Tally): Tally['outcomes'][number] | undefined =>
  outcomes.find(({ grade }) => grade === 'forbidden');

function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
}

async function exploreOne(loaded: LoadedProgram, executions: number): Promise<boolean> {
  const session = new ProgramSession(loaded, { memory: 'js', ablated: [] });
  const strategy = createStrategy({ kind: 'random', seed: 1 }, session);
  const tally = emptyTally();
  const before = process.cpuUsage().user;
  let from = 0;
  while (from < executions && forbiddenIn(tally) === undefined && interrupted.by === '') {
    const deadline = performance.now() + SLICE_MS;
    const range = { from, to: executions, deadline, stopAt: 'forbidden' } as const;
    const result = exploreRange(session, strategy, range);
    addTally(tally, result.tally);
    from = result.next;
    progress(`${loaded.name}: ${from} of ${executions}`);
    await setImmediate();
  }
  progress('');
  const found = forbiddenIn(tally);
  const steps = Math.round(tally.steps / tally.executions);
  const seconds = ((process.cpuUsage().user - before) / 1e6).toFixed(1);
  const what = found === undefined ? 'clean' : `${found.key}: ${found.detail} ${found.token}`;
  const asked = tally.executions === executions ? '' : ` of ${executions}`;
  console.log(
    `${loaded.name}: ${tally.executions}${asked} executions of ${steps} steps in ${seconds} s: ${what}`,
  );
  return found === undefined;
}

async function explore(file: string, executions: number): Promise<boolean> {
  let isClean = true;
  for (const loaded of loadPrograms(fileOf(`${FOLDER}/${file}.js`))) {
    if (interrupted.by !== '') break;
    isClean = (await exploreOne(loaded, executions)) && isClean;
  }
  return isClean;
}

if (!existsSync(fileOf(`${FOLDER}/node_modules`))) {
  throw new Error(`run npm ci in ${FOLDER} first`);
}
const executions = Number(process.argv[2] ?? 100_000);
const chosen = process.argv.slice(3);

async function exploreAll(files: readonly string[]): Promise<boolean> {
  let isClean = true;
  for (const file of files) isClean = (await explore(file, executions)) && isClean;
  return isClean;
}

const isClean = await exploreAll(chosen.length > 0 ? chosen : FILES);
if (interrupted.by !== '') console.log(`interrupted by ${interrupted.by}`);
process.exitCode = isClean && interrupted.by === '' ? 0 : 1;
