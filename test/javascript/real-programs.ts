/**
 * Explores the packages of `test/real-programs` as they are: `node real-programs.js [executions [file…]]` (default 100,000, all). Prints
 * a line for each; ends with 1 when one has a finding.
 */

import { existsSync } from 'node:fs';
import { createStrategy, exploreRange } from '../../src/campaign/range.js';
import { loadPrograms, ProgramSession } from '../../src/javascript/engine/session.js';
import { fileOf } from './programs.js';

const FOLDER = 'test/real-programs';
const FILES = ['ringbuf', 'sync', 'synckit', 'thread-stream', 'tinypool', 'piscina'];

function explore(file: string, executions: number): boolean {
  let isClean = true;
  for (const loaded of loadPrograms(fileOf(`${FOLDER}/${file}.js`))) {
    const session = new ProgramSession(loaded, { memory: 'js', ablated: [] });
    const strategy = createStrategy({ kind: 'random', seed: 1 }, session);
    const range = { from: 0, to: executions, deadline: Infinity, stopAt: 'forbidden' } as const;
    const { tally } = exploreRange(session, strategy, range);
    const found = tally.outcomes.find(({ grade }) => grade === 'forbidden');
    const steps = Math.round(tally.steps / tally.executions);
    const what = found === undefined ? 'clean' : `${found.key}: ${found.detail} ${found.token}`;
    console.log(`${loaded.name}: ${tally.executions} executions of ${steps} steps: ${what}`);
    isClean &&= found === undefined;
  }
  return isClean;
}

if (!existsSync(fileOf(`${FOLDER}/node_modules`))) {
  throw new Error(`run npm ci in ${FOLDER} first`);
}
const executions = Number(process.argv[2] ?? 100_000);
const chosen = process.argv.slice(3);
const results = (chosen.length > 0 ? chosen : FILES).map((file) => explore(file, executions));
process.exitCode = results.every(Boolean) ? 0 : 1;
