import test from 'ava';
import { spawnSync } from 'node:child_process';
import { DEFAULT_SCHEDULE } from '../../src/explorer/engine/schedule.js';
import { explored, keysOf, programText, sessionOf, written } from './programs.js';

/** Sloppy code that makes globals in every way. */
const SLOPPY = `
exports.all = () => [
  bump(), bump(), self() === globalThis, byThis(), strict(), absent(), deleted(), unpacked(), called(), shadowed(3),
].map(String).join(' ');
function bump() { counter = typeof counter === 'undefined' ? 1 : counter + 1; return counter; }
function self() { return this; }
function byThis() { (function () { this.fromThis = 5; })(); return [typeof fromThis, fromThis, globalThis.fromThis]; }
function strict() { 'use strict'; try { nope = 1; return 'made'; } catch (e) { return e; } }
function absent() { try { return missing; } catch (e) { return e; } }
function deleted() { zz = 3; return [typeof zz, delete zz, typeof zz]; }
function unpacked() {
  [aa, { bb, cc: dd, ee = 9 }] = [1, { bb: 2, cc: 3 }];
  for (kk of [7]);
  for (jj in { p: 1 });
  aa += 10; bb++; ff = 0; ff ||= 4;
  return [aa, bb, dd, ee, kk, jj, ff, { aa }.aa];
}
function called() { made = function () { return this === globalThis; }; return [made(), made.name]; }
function shadowed(counter) { var x = counter; { let counter = 8; x += counter; } return x; }
`;

const USES = `(sab) => {
  Atomics.add(new Int32Array(sab), 0, 1);
  list.push(sab.byteLength);
  return [all(), list.length, typeof list, globalThis.list === list, setTimeout(), typeof nothing].join(' ');
}`;

const TOP = `import { all } from './sloppy.cjs';
globalThis.list = [];
globalThis.setTimeout = () => 'ours';
`;

test('globals that a program makes are found by their bare names, and are new for each agent and execution', (t) => {
  const file = written(
    `${TOP}${programText(8, [USES, USES], 'outcome: (r) => [...r, list.length].join("|")')}`,
    'program.mjs',
    { 'sloppy.cjs': SLOPPY, 'alone.mjs': `${TOP}console.log((${USES})(new SharedArrayBuffer(8)))` },
  );
  const { stdout } = spawnSync(process.execPath, [file.replace('program', 'alone')]);
  const alone = String(stdout).trim();
  t.regex(alone, /^1 2 true number,5,5 ReferenceError: nope/);
  const { tally } = explored(sessionOf(file, 'sc'), { kind: 'random', seed: 1 }, 50);
  t.deepEqual(keysOf(tally.outcomes), [`${alone}|${alone}|0`]);
});

test('a worker has globals of its own', (t) => {
  const file = written(
    `import { program } from 'klp-smp/javascript';
    export const it = program({ main: './main.mjs', outcome: ([{ stdout }]) => stdout.trim() });`,
    'program.mjs',
    {
      'main.mjs': `import { Worker } from 'node:worker_threads';
      globalThis.mine = 1;
      new Worker(new URL('./worker.mjs', import.meta.url)).on('message', (m) => console.log(mine, m));`,
      'worker.mjs': `import { parentPort } from 'node:worker_threads';
      parentPort.postMessage(typeof mine);
      globalThis.mine = 2;`,
    },
  );
  t.is(sessionOf(file, 'sc').replay(DEFAULT_SCHEDULE).key, '1 undefined');
});

test('a program that changes a global of the language in a way that its text does not show is refused', (t) => {
  const thread =
    '(sab) => { const name = "Array"; globalThis[name] = 1; return Atomics.load(new Int32Array(sab), 0); }';
  t.throws(() => sessionOf(written(programText(8, [thread]))), {
    code: 'ERR_USAGE',
    message: /program\.js:4: changes the global Array where the text does not name it/,
  });
});

test('a changed global of the language is found by all modules of its agent', (t) => {
  const thread =
    '(sab) => [Atomics.load(new Int32Array(sab), 0), structuredClone(1), other(2), typeof BigInt].join()';
  const top =
    'import { other } from "./other.mjs";\nglobalThis.structuredClone = (x) => `copy of ${x}`;\ndelete globalThis.BigInt;\n';
  const file = written(top + programText(8, [thread]), 'program.mjs', {
    'other.mjs': 'export const other = (x) => structuredClone(x);',
  });
  t.is(sessionOf(file, 'sc').replay(DEFAULT_SCHEDULE).key, '"0,copy of 1,copy of 2,undefined"');
  t.is(structuredClone(1), 1);
});

test('an imported name that its module changes may stand for a property', (t) => {
  const file = written(
    `import { count, next } from './count.mjs';
    ${programText(8, ['(sab) => { next(); return { count, n: Atomics.load(new Int32Array(sab), 0) }; }'])}`,
    'program.mjs',
    { 'count.mjs': 'export let count = 0;\nexport function next() { count++; }' },
  );
  t.is(sessionOf(file, 'sc').replay(DEFAULT_SCHEDULE).key, '{"count":1,"n":0}');
});

const endless = `(sab) => {
  Atomics.load(new Int32Array(sab), 0);
  const same = { done: false, value: 1 };
  for (const x of { [Symbol.iterator]: () => ({ next: () => same }) });
}`;

test('a loop over values that never end is named', (t) => {
  t.throws(() => sessionOf(written(programText(8, [endless]))), {
    code: 'ERR_USAGE',
    message: /program\.js:7: this loop does not end/,
  });
});

for (const name of ['toResizableBuffer', 'toFixedLengthBuffer']) {
  const has = name in WebAssembly.Memory.prototype;
  test(`${name}() of a shared memory is ${has ? 'refused with its line' : 'unknown, as to this Node'}`, (t) => {
    const thread = `(memory) => { Atomics.load(new Int32Array(memory.buffer), 0); try { return memory.${name}().byteLength; } catch (e) { return e.name; } }`;
    const file = written(
      programText(8, [thread]).replace(
        'new SharedArrayBuffer(8)',
        'new WebAssembly.Memory({ initial: 1, maximum: 2, shared: true })',
      ),
    );
    if (has) {
      const message = new RegExp(
        `program\\.js:4: ${name}\\(\\) of a shared memory is not available`,
      );
      t.throws(() => sessionOf(file), { code: 'ERR_USAGE', message });
    } else {
      t.is(sessionOf(file).replay(DEFAULT_SCHEDULE).key, '"TypeError"');
    }
  });
}
