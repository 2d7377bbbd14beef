import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { explore } from '../../src/campaign/explore.js';

const folder = mkdtempSync(join(tmpdir(), 'klp-foreign-'));

/** A file with a race of two CPUs that execute `body`; the code begins on line 6. */
function written(name: string, code: string): string {
  const file = join(folder, `${name}.mjs`);
  writeFileSync(
    file,
    `import { claimLocal, MemoryMap, race } from 'klp-smp';
// Math.random and Date.now stand here, and in build(): neither is to blame.
const map = new MemoryMap();
const localBase = claimLocal(map, 2);
const X = map.claimWords('x', 1);
${code}
const bodies = [body, body];
export const it = race({
  name: 'it',
  description: 'A race.',
  build: () => (Math.random(), { ctx: {}, map, localBase, bodies }),
  observe: () => 'done',
  outcomes: { done: { grade: 'acceptable', reason: 'fine' } },
});
`,
  );
  return file;
}

const explored = (file: string) => explore({ scenario: file, executions: 50, memory: 'sc' });

const SHARED = 'const shared = new Int32Array(new SharedArrayBuffer(16));';

for (const [what, code, place] of [
  [
    'Atomics',
    `${SHARED}\nfunction body(cpu) { cpu.readOnce(X); Atomics.add(shared, 0, 1); }`,
    '7: uses Atomics',
  ],
  [
    'Atomics in a loop',
    `${SHARED}\nfunction body(cpu) { for (let i = 0; i < 2; i++) Atomics.load(shared, i); }`,
    '7: uses Atomics',
  ],
  [
    'Atomics in a helper',
    `${SHARED}\nconst help = () => Atomics.load(shared, 0);\nfunction body(cpu) { cpu.readOnce(X); help(); }`,
    '7: uses Atomics',
  ],
  [
    'an element of a shared array',
    `${SHARED}\nfunction body(cpu) { cpu.readOnce(X); shared[0]++; }`,
    '7: uses shared',
  ],
  [
    'a buffer of its own',
    'function body(cpu) { cpu.readOnce(X); new SharedArrayBuffer(4); }',
    '6: uses SharedArrayBuffer',
  ],
] as const) {
  test(`kernel code that uses ${what} is refused with file and line`, async (t) => {
    const file = written(what.replaceAll(' ', '-'), code);
    const message = `${file}:${place}: kernel code accesses memory through its cpu, and nothing else is explored`;
    await t.throwsAsync(explored(file), { code: 'ERR_USAGE', message });
  });
}

const HELPERS = `const shared = new Int32Array(new SharedArrayBuffer(16));
function inner() { return Atomics.load(shared, 0); }
export function help() { return inner(); }
export default function other() { return inner(); }
export const unused = () => Atomics.add(shared, 0, 1);
`;

for (const [what, line, call] of [
  ['a name', "import { help } from './helpers.mjs';", 'help()'],
  ['another name', "import { help as aid } from './helpers.mjs';", 'aid()'],
  ['the whole module', "import * as helpers from './helpers.mjs';", 'helpers.help()'],
  ['the default', "import other from './helpers.mjs';", 'other()'],
  ['a module between', "import { passed } from './between.mjs';", 'passed()'],
] as const) {
  test(`Atomics in a function imported by ${what} are refused where they stand`, async (t) => {
    const helpers = join(folder, 'helpers.mjs');
    writeFileSync(helpers, HELPERS);
    writeFileSync(join(folder, 'between.mjs'), "export { help as passed } from './helpers.mjs';\n");
    const code = `${line}\nfunction body(cpu) { cpu.readOnce(X); ${call}; }`;
    const message = `${helpers}:2: uses Atomics: kernel code accesses memory through its cpu, and nothing else is explored`;
    await t.throwsAsync(explored(written(what.replaceAll(' ', '-'), code)), {
      code: 'ERR_USAGE',
      message,
    });
  });
}

test('a helper of another file that uses none is accepted, whatever stands beside it', async (t) => {
  writeFileSync(join(folder, 'beside.mjs'), `${HELPERS}export const three = () => 3;\n`);
  const code =
    "import { three } from './beside.mjs';\nfunction body(cpu) { cpu.writeOnce(X, three()); }";
  const { executions } = await explored(written('beside-it', code));
  t.is(executions, 50);
});

test('shared memory that kernel code does not use, and tables of its own, are accepted', async (t) => {
  const code = `${SHARED}\nAtomics.store(shared, 0, 1);\nconst table = new Int32Array([3, 4]);
function body(cpu) { cpu.writeOnce(X, table[1]); }`;
  const { outcomes } = await explored(written('accepted', code));
  t.deepEqual(
    outcomes.map(({ count }) => count),
    [50],
  );
});

for (const [what, code, culprit] of [
  [
    'chance',
    'function body(cpu) { for (let i = Math.floor(Math.random() * 9); i > 0; i--) cpu.readOnce(X); cpu.writeOnce(X, 1); }',
    '6 uses Math.random',
  ],
  [
    'a clock in a helper',
    'const late = () => Math.floor(performance.now() * 1e3) % 9;\nfunction body(cpu) { for (let i = late(); i > 0; i--) cpu.readOnce(X); cpu.writeOnce(X, 1); }',
    '6 uses performance.now',
  ],
  [
    'state of the module',
    'let runs = 0;\nfunction body(cpu) { for (let i = 0; i < (runs % 5); i++) cpu.readOnce(X); runs++; cpu.writeOnce(X, 1); }',
    '7 assigns runs, which outlives an execution',
  ],
] as const) {
  test(`the culprit of nondeterminism is named, and nobody else: ${what}`, async (t) => {
    const file = written(`culprit-${what.replaceAll(' ', '-')}`, code);
    const error = await t.throwsAsync(explored(file), { code: 'ERR_USAGE' });
    t.regex(error.message, /^scenario it is not deterministic/);
    t.deepEqual(error.message.split('; ').slice(1), [`${file}:${culprit}`]);
  });
}
