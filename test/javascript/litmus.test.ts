import test from 'ava';
import { explored, keysOf, programText, sessionOf, written } from './programs.js';

/** Threads over `p` (plain 32-bit words), `h` (plain 16-bit ones) and `Atomics` on `p`: what the machine shows, by exhaustion. */
const VIEWS = 'const p = new Int32Array(s), h = new Uint16Array(s);';
const thread = (body: string): string => `(s) => { ${VIEWS} ${body} }`;
const shown = (...threads: string[]): string[] =>
  keysOf(explored(sessionOf(written(programText(16, threads.map(thread))))).tally.outcomes);

test('message passing with plain data: the data may be missed; not behind an atomic flag', (t) => {
  t.deepEqual(shown('p[0] = 1; p[1] = 1;', 'return [p[1], p[0]].join("");'), [
    ...['-, "00"', '-, "01"', '-, "10"', '-, "11"'],
  ]);
  const atomic = shown(
    'p[0] = 1; Atomics.store(p, 1, 1);',
    'return [Atomics.load(p, 1), p[0]].join("");',
  );
  t.deepEqual(atomic, ['-, "00"', '-, "01"', '-, "11"']);
});

test('a plain flag brings nothing along, on either side', (t) => {
  const stored = shown('p[0] = 1; p[1] = 1;', 'return [Atomics.load(p, 1), p[0]].join("");');
  const loaded = shown('p[0] = 1; Atomics.store(p, 1, 1);', 'return [p[1], p[0]].join("");');
  for (const outcomes of [stored, loaded]) t.true(outcomes.includes('-, "10"'));
});

test('store buffering: both may miss each other with plain accesses, not with atomic ones', (t) => {
  const plain = shown('p[0] = 1; return p[1];', 'p[1] = 1; return p[0];');
  t.deepEqual(plain, ['0, 0', '0, 1', '1, 0', '1, 1']);
  const atomic = shown(
    'Atomics.store(p, 0, 1); return Atomics.load(p, 1);',
    'Atomics.store(p, 1, 1); return Atomics.load(p, 0);',
  );
  t.deepEqual(atomic, ['0, 1', '1, 0', '1, 1']);
});

test('readers of independent atomic writes agree on their order', (t) => {
  const read = (a: number, b: number): string =>
    `return [Atomics.load(p, ${a}), Atomics.load(p, ${b})].join("");`;
  const outcomes = shown(
    'Atomics.store(p, 0, 1);',
    'Atomics.store(p, 1, 1);',
    read(0, 1),
    read(1, 0),
  );
  t.false(outcomes.includes('-, -, "10", "10"'));
  t.is(outcomes.length, 15);
});

test('two plain reads of one word may go back in time; atomic ones may not', (t) => {
  t.true(shown('p[0] = 1;', 'return [p[0], p[0]].join("");').includes('-, "10"'));
  const atomic = shown(
    'Atomics.store(p, 0, 1);',
    'return [Atomics.load(p, 0), Atomics.load(p, 0)].join("");',
  );
  t.deepEqual(atomic, ['-, "00"', '-, "01"', '-, "11"']);
});

test('mixed sizes: a word is put together from halves, but no word is half of another', (t) => {
  const halves = shown('h[0] = 1; h[1] = 1;', 'return p[0];');
  t.deepEqual(halves, ['-, 0', '-, 1', '-, 65536', '-, 65537']);
  t.deepEqual(shown('p[0] = 65537;', 'return p[0];'), ['-, 0', '-, 65537']);
  const read = shown('p[0] = 65537;', 'return [h[0], h[1]].join("");');
  t.deepEqual(read, ['-, "00"', '-, "01"', '-, "10"', '-, "11"']);
});

test('an atomic store of another size synchronizes with nobody', (t) => {
  const outcomes = shown(
    'p[1] = 1; Atomics.store(h, 0, 1);',
    'return [Atomics.load(p, 0), p[1]].join("");',
  );
  t.deepEqual(outcomes, ['-, "00"', '-, "01"', '-, "10"', '-, "11"']);
});

test('exchanges of one word are in one order: nobody takes what another has', (t) => {
  const take = 'return Atomics.exchange(p, 0, 1);';
  t.deepEqual(shown(take, take), ['0, 1', '1, 0']);
});

test('a plain write behind an atomic load of it is ordered by a chain of three threads', (t) => {
  const outcomes = shown(
    'p[0] = 1; Atomics.store(p, 1, 1);',
    'if (Atomics.load(p, 1) === 1) Atomics.store(p, 2, 1);',
    'return [Atomics.load(p, 2), p[0]].join("");',
  );
  t.deepEqual(outcomes, ['-, -, "00"', '-, -, "01"', '-, -, "11"']);
});
