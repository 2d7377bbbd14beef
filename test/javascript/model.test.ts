import test from 'ava';
import { violated, type Candidate, type MemoryEvent } from '../../src/javascript/memory/axioms.js';
import { RULE_NAMES } from '../../src/javascript/memory/rules.js';
import { compare } from './model-run.js';
import { explored, keysOf, programText, sessionOf, written } from './programs.js';

test('on generated programs the machine shows nothing that the axioms forbid (seed 1)', (t) => {
  const four = compare(100, 4);
  t.is(four.forbidden, 0, four.firstForbidden);
  t.true(four.shown > 250);
  const five = compare(40, 5);
  t.is(five.forbidden, 0, five.firstForbidden);
  t.log({ four, five });
});

for (const without of RULE_NAMES) {
  test(`the comparison notices when rule ${without} is left out`, (t) => {
    t.true(compare(400, 5, { without }, true).forbidden > 0);
  });
}

const WITH = {
  plain: { write: (i: number, v: number) => `a[${i}] = ${v};`, read: (i: number) => `a[${i}]` },
  atomic: {
    write: (i: number, v: number) => `Atomics.store(a, ${i}, ${v});`,
    read: (i: number) => `Atomics.load(a, ${i})`,
  },
} as const;

const thread = (body: string): string => `(sab) => { const a = new Int32Array(sab); ${body} }`;

/** Outcomes of message passing: data at 0, flag at 1. */
function messagePassing(data: 'plain' | 'atomic', flag: 'plain' | 'atomic'): string[] {
  const text = programText(8, [
    thread(`${WITH[data].write(0, 1)} ${WITH[flag].write(1, 1)}`),
    thread(`const f = ${WITH[flag].read(1)}; return [f, ${WITH[data].read(0)}];`),
  ]);
  const { tally, exhausted } = explored(sessionOf(written(text)));
  return exhausted ? keysOf(tally.outcomes) : [];
}

test('message passing: plain data behind an atomic flag arrives, behind a plain flag it may not', (t) => {
  t.deepEqual(messagePassing('plain', 'atomic'), ['-, [0,0]', '-, [0,1]', '-, [1,1]']);
  t.deepEqual(messagePassing('atomic', 'atomic'), ['-, [0,0]', '-, [0,1]', '-, [1,1]']);
  t.true(messagePassing('plain', 'plain').includes('-, [1,0]'));
});

test('store buffering is forbidden between atomics', (t) => {
  const text = programText(8, [
    thread('Atomics.store(a, 0, 1); return Atomics.load(a, 1);'),
    thread('Atomics.store(a, 1, 1); return Atomics.load(a, 0);'),
  ]);
  t.deepEqual(keysOf(explored(sessionOf(written(text))).tally.outcomes), ['0, 1', '1, 0', '1, 1']);
});

test('load buffering is allowed by the axioms and never shown by the machine', (t) => {
  const text = programText(8, [
    thread('const r = a[0]; a[1] = 1; return r;'),
    thread('const r = a[1]; a[0] = 1; return r;'),
  ]);
  t.deepEqual(keysOf(explored(sessionOf(written(text))).tally.outcomes), ['0, 0', '0, 1', '1, 0']);
  const event = (agent: number, address: number, isRead: boolean): MemoryEvent => ({
    ...{ agent, address, size: 4, order: 'unordered', noTear: true },
    ...{ isRead, isWrite: !isRead },
  });
  const init: MemoryEvent = {
    ...{ agent: -1, address: 0, size: 8, order: 'init', noTear: false, isRead: false },
    isWrite: true,
  };
  const candidate: Candidate = {
    events: [init, event(0, 0, true), event(0, 4, false), event(1, 4, true), event(1, 0, false)],
    readsBytesFrom: [[], [4, 4, 4, 4], [], [2, 2, 2, 2], []],
    host: [],
  };
  t.is(violated(candidate), undefined);
});

test('a plain 64-bit load may be torn, a 32-bit load through an integer array may not', (t) => {
  const torn = programText(8, [
    '(sab) => { new BigInt64Array(sab)[0] = -1n; }',
    '(sab) => new BigInt64Array(sab)[0]',
  ]);
  const outcomes = keysOf(explored(sessionOf(written(torn))).tally.outcomes);
  t.deepEqual(outcomes, ['-, -1n', '-, -4294967296n', '-, 0n', '-, 4294967295n'].sort());
  const whole = programText(8, [
    '(sab) => { new Int32Array(sab)[0] = -1; }',
    '(sab) => new Int32Array(sab)[0]',
  ]);
  t.deepEqual(keysOf(explored(sessionOf(written(whole))).tally.outcomes), ['-, -1', '-, 0']);
});

test('mixed sizes: a load of two bytes may see one byte of each of two stores', (t) => {
  const text = programText(8, [
    '(sab) => { new Uint8Array(sab)[0] = 1; }',
    '(sab) => { new Uint8Array(sab)[1] = 1; }',
    '(sab) => new Uint16Array(sab)[0]',
  ]);
  t.deepEqual(keysOf(explored(sessionOf(written(text))).tally.outcomes), [
    '-, -, 0',
    '-, -, 1',
    '-, -, 256',
    '-, -, 257',
  ]);
});

test('the ARMv8 counterexample to the model before 2020 is allowed: a plain store may pass an atomic one', (t) => {
  // Store buffering with an atomic store and a plain load on each side: the old model's compilation forbade too much.
  const text = programText(8, [
    thread('Atomics.store(a, 0, 1); return a[1];'),
    thread('Atomics.store(a, 1, 1); return a[0];'),
  ]);
  t.true(keysOf(explored(sessionOf(written(text))).tally.outcomes).includes('0, 0'));
});
