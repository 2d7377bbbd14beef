import test from 'ava';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { DEFAULT_SCHEDULE } from '../../../src/explorer/engine/schedule.js';
import { fileOf, sessionOf, written } from '../programs.js';
import { ARGUMENTS, moduleOf, PAUSES } from './arguments.js';

const recorded = (name: string): string[] =>
  readFileSync(fileOf(`test/javascript/waiting/${name}.txt`), 'utf8').split('\n');

function explored(expressions: readonly string[]): string[] {
  const file = written(
    `import { program } from 'klp-smp/javascript';
    export const it = program({ main: './main.cjs', steps: 100_000, outcome: ([{ stdout }]) => stdout });`,
    'program.mjs',
    { 'main.cjs': moduleOf(expressions) },
  );
  return sessionOf(file, 'js').replay(DEFAULT_SCHEDULE).key.split('\n');
}

test('arguments of all kinds come to what they come to in Node 20, 24 and 26, errors included', (t) => {
  const answers = recorded('arguments');
  t.is(answers.length, ARGUMENTS.length + 1);
  t.deepEqual(explored(ARGUMENTS), answers);
});

test('this Node still gives the answers that are recorded', (t) => {
  const file = written(moduleOf(ARGUMENTS), 'main.cjs');
  const { stdout } = spawnSync(process.execPath, [file], { encoding: 'utf8' });
  t.deepEqual(stdout.split('\n'), recorded('arguments'));
});

test('pause takes what it takes in Node 24 and 26, on every Node', (t) => {
  const isCall = (line: string): boolean => line.startsWith('Atomics.pause(');
  const calls = recorded('pauses').filter(isCall);
  t.is(calls.length, 21);
  t.deepEqual(explored(PAUSES).filter(isCall), calls);
});
