/** The torture of `npm run torture` in short, with nothing left to time: fixed inputs, and workers that end at a fixed message. */

import test from 'ava';
import { disturbed, isJson } from './command.js';
import { Mutator } from './mutate.js';
import { Parsers, torture } from './parsers.js';

/** Mutated inputs of each parser. */
const INPUTS = 300;

test('every parser reads its right inputs, and reads or refuses what they are mutated into', (t) => {
  const parsers = new Parsers();
  try {
    for (const parser of parsers.all) {
      for (const right of parser.seeds) t.notThrows(() => parser.read(right), parser.name);
      const { faults, accepted, refused } = torture(parser, INPUTS, new Mutator(1));
      t.deepEqual(faults, [], parser.name);
      t.is(accepted + refused, INPUTS);
    }
  } finally {
    parsers.close();
  }
});

const codes: (number | null)[] = [];

for (const [thread, message, ...words] of [
  [1, 1, 'explore disable-protocol-2 --runs 2000 --threads 2 --json'],
  [2, 2, 'explore disable-protocol-2 --runs 2000 --threads 2 --json'],
  [1, 2, 'verify shadow-get --runs 300 --json'],
  [1, 2, 'litmus test/litmus/shapes --workers 2 --json'],
  [2, 1, 'litmus test/litmus/shapes --workers 2 --json'],
  [1, 2, 'ablate O-26 --budget 1s --json'],
  [2, 1, 'stress --cpus 2 --tasks 16 --duration 500ms --json'],
] as const) {
  const command = words.join(' ');
  test.serial(`worker ${thread} ends in the place of message ${message}: ${command}`, async (t) => {
    const { code, signal, hangs, stdout, stderr } = await disturbed(command.split(' '), {
      kind: 'message',
      thread,
      message,
    });
    codes.push(code);
    t.false(hangs);
    t.is(signal, null);
    t.true([0, 3].includes(code ?? -1), `${String(code)}: ${stderr}`);
    t.true(isJson(stdout), stderr);
    // An error of ours is never silent, and an intact result prints nothing.
    t.is(code === 3, stderr.includes('[simulator bug]'), stderr);
  });
}

test.serial('some of these lost a worker that they needed', (t) => {
  t.log(codes.join(', '));
  t.true(codes.filter((code) => code === 3).length >= 2);
});
