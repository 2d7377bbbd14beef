/** Asks real engines what the programs print: `node on-node.js [runs [node…]]` (default 3 runs of this Node). Ends with 1 where an answer is new. */

import { spawnSync } from 'node:child_process';
import { written } from '../programs.js';
import { answersOf, HEAD, WAITING_PROGRAMS, type WaitingProgram } from './programs.js';

/** What a program prints, with its lines in one, and its status. */
function answerOf(node: string, { code, isModule = false }: WaitingProgram): string {
  const file = written(isModule ? code : HEAD + code, isModule ? 'main.mjs' : 'main.cjs');
  const { status, stdout } = spawnSync(node, [file], { encoding: 'utf8', timeout: 60_000 });
  return `${status ?? 'killed'}: ${stdout.trimEnd().split('\n').join(' | ')}`;
}

const runs = Number(process.argv[2] ?? 3);
const nodes = process.argv.slice(3);
for (const node of nodes.length > 0 ? nodes : [process.execPath]) {
  const version = spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout.trim();
  for (const program of WAITING_PROGRAMS) {
    const known = answersOf(program, version);
    const answers = new Set(Array.from({ length: runs }, () => answerOf(node, program)));
    const isNew = [...answers].some((answer) => !known.includes(answer));
    if (isNew) process.exitCode = 1;
    const what = isNew ? `: ${[...answers].join(' /// ')}` : '';
    console.log(`${version} ${isNew ? 'NEW' : 'ok '} ${program.title}${what}`);
  }
}
