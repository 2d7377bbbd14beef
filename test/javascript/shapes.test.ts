/** Litmus programs that everybody knows: the machine shows nothing that the axioms forbid, and what it misses is counted. */

import test from 'ava';
import {
  allowedOutcomes,
  sourceOf,
  type GeneratedOperation,
  type GeneratedProgram,
} from '../../src/javascript/memory/generated.js';
import { explored, sessionOf, written } from './programs.js';

const KINDS: Readonly<Record<string, GeneratedOperation['kind']>> = {
  ...{ W: 'write', R: 'read', S: 'store', L: 'load', X: 'exchange' },
};

/** Threads are divided by bars. An operation is its kind (plain, or in `Atomics`), the bytes of its element, and where it is. */
const SHAPES: Readonly<Record<string, readonly string[]>> = {
  'message passing': [
    ...['W40 W44 | R44 R40', 'W40 S44 | L44 R40', 'S40 W44 | R44 L40', 'W40 X44 | L44 R40'],
    ...['W40 S44 | X44 R40', 'W40 S44 | R44 R40', 'W40 S44 W40 | L44 R40', 'W40 W44 S40 | L40 R44'],
  ],
  'store buffering': [
    ...['W40 R44 | W44 R40', 'S40 L44 | S44 L40', 'S40 R44 | S44 R40', 'X40 R44 | X44 R40'],
    ...['W40 X44 R40 | W40 X44 R40', 'X40 R44 | W44 X40'],
  ],
  'load buffering': ['R40 W44 | R44 W40', 'L40 S44 | L44 S40', 'L40 W44 | L44 W40'],
  'S, R and 2+2W': [
    ...['W40 S44 | L44 W40 R40', 'W40 S44 | S44 R40', 'W40 W44 | W44 W40 R44 R40'],
    'S40 S44 | S44 S40 L44',
  ],
  'three and four threads': [
    ...['W40 | R40 S44 | L44 R40', 'S40 | L40 S44 | L44 L40', 'W40 | L40 S44 | L44 R40'],
    ...['S40 | S44 | L40 L44 | L44 L40', 'W40 | W44 | R40 R44 | R44 R40'],
    ...['S40 | S44 | L40 R44 | L44 R40', 'W40 S44 | L44 S40 | L40'],
  ],
  coherence: [
    ...['W40 | R40 R40', 'S40 | L40 L40', 'W40 | L40 R40', 'W40 W40 | R40 R40', 'W40 R40 | W40'],
    ...['R40 W40 | W40 R40', 'S40 S40 | L40 L40', 'X40 X40 | X40'],
  ],
  'mixed sizes': [
    ...['W20 W22 | R40', 'W40 | R20 R22', 'S40 | L20 L22', 'S20 S22 | L40', 'W10 W11 W12 | R40'],
    ...['X40 | R10 R11', 'S40 W44 | L20 R44', 'W44 S20 | L40 R44', 'W44 S40 | L40 R24'],
    ...['W40 W22 | R40', 'W22 | S40 R22'],
  ],
};

/** Outcomes that the axioms allow and the machine does not show: load buffering, and an atomic store that waits for a plain one. */
const MISSED: Readonly<Record<string, number>> = {
  'S40 W44 | R44 L40': 1,
  'R40 W44 | R44 W40': 1,
  'L40 W44 | L44 W40': 1,
};

function programOf(shape: string): GeneratedProgram {
  let byte = 1;
  return shape.split(' | ').map((thread) =>
    thread.split(' ').map((text) => {
      const [kind = '', size = '', address = ''] = text;
      let value = 0;
      for (let n = 0; n < Number(size); n++) value += byte++ * 2 ** (8 * n);
      const known = KINDS[kind] as GeneratedOperation['kind'];
      return { kind: known, size: Number(size), address: Number(address), value };
    }),
  );
}

for (const [name, shapes] of Object.entries(SHAPES)) {
  test(`${name}: ${shapes.length} programs`, (t) => {
    for (const shape of shapes) {
      const program = programOf(shape);
      const { tally, exhausted } = explored(sessionOf(written(sourceOf(program))));
      t.true(exhausted);
      const shown = new Set(tally.outcomes.map(({ key }) => key));
      const { outcomes } = allowedOutcomes(program);
      t.deepEqual(
        [...shown].filter((outcome) => !outcomes.has(outcome)),
        [],
        shape,
      );
      t.is(outcomes.size - shown.size, MISSED[shape] ?? 0, shape);
    }
  });
}
