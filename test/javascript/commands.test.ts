import test from 'ava';
import { spawnSync } from 'node:child_process';
import { explore } from '../../src/campaign/explore.js';
import { replay } from '../../src/campaign/replay.js';
import { weaken } from '../../src/campaign/weaken.js';
import { checkRace } from '../../src/testing/check-race.js';
import { fileOf, programText, written } from './programs.js';

const HEAD = "import { program } from 'klp-smp/javascript';\n";
const sharedBytes = (body: string): string =>
  `${HEAD}export const it = program({ shared: () => new SharedArrayBuffer(8), threads: [(s) => {\n${body}\n}] });`;

/** User errors: the file, and the one-line message that the user gets. */
const BAD: Readonly<Record<string, readonly [string, RegExp]>> = {
  'a file without a program': [`${HEAD}export const x = 1;`, /exports no program/],
  'a syntax error': [`${HEAD}export const = 1;`, /program\.js:2: Unexpected token/],
  'a missing import': [`${HEAD}import './gone.js';`, /program\.js:2: cannot import '\.\/gone\.js'/],
  'a missing package': [
    `${HEAD}import 'no-such-package';`,
    /program\.js:2: cannot import 'no-such-pack/,
  ],
  'a native addon': [
    `${HEAD}import './addon.node';`,
    /program\.js:2: '\.\/addon\.node' is a native addon/,
  ],
  'a body that throws': [
    sharedBytes("throw new Error('own');"),
    /program\.js:3: thread 0 of it throws by itself: Error: own/,
  ],
  'a body that never ends': [
    sharedBytes('for (;;) {}'),
    /program\.js:3: this loop does not end: 50,000,000 rounds$/,
  ],
  'no threads': [
    `${HEAD}export const it = program({ threads: [] });`,
    /program\.js:2: .*1 to 31 functions/,
  ],
  'a rejection that the program takes itself': [
    `${HEAD}export const it = program({ threads: [async () => {
  process.on('unhandledRejection', () => undefined);
  throw new Error('mine');
}] });`,
    /it: thread 0 throws at .*program\.js:4: Error: mine, by itself$/,
  ],
  'a main module that is missing': [
    `${HEAD}\nexport const it = program({ main: './gone.js' });`,
    /program\.js:3: `main` names a file that is not there: \.\/gone\.js$/,
  ],
  'await at the top of a module': [
    `${HEAD}await null;\nexport const it = program({ threads: [() => 1] });`,
    /program\.js:2: await at the top of a module that declares threads/,
  ],
  'an optional chain in parentheses that is called': [
    sharedBytes('const o = { f() { return s; } };\nreturn (o?.f)().byteLength;'),
    /program\.js:4: calls an optional chain in parentheses/,
  ],
  'an assignment to a property of super in a constructor': [
    sharedBytes(
      'class A {}\nclass B extends A { constructor() { super(); super.v = s; } }\nnew B();',
    ),
    /program\.js:4: an assignment to a property of `super` in a constructor/,
  ],
  'eval() in a chain': [
    sharedBytes("return eval('new Map').size;"),
    /program\.js:3: eval\(\) makes code/,
  ],
  'eval() by another name': [
    sharedBytes("typeof eval;\n(0, eval)('1');"),
    /program\.js:4: eval\(\) makes code/,
  ],
  'eval()': [sharedBytes("eval('1');"), /program\.js:3: eval\(\) makes code/],
  'shared memory handed to a built-in': [
    sharedBytes('const v = new Uint8Array(s);\nreturn JSON.stringify(v);'),
    /program\.js:4: .* hands shared memory to stringify/,
  ],
  'text that the language makes of shared memory': [
    sharedBytes('const v = new Uint8Array(s);\nreturn `${v}`;'),
    /program\.js:4: makes text of shared memory where that cannot be interrupted/,
  ],
  'JSON of what holds shared memory': [
    sharedBytes('const v = new Uint8Array(s);\nreturn JSON.stringify({ a: v });'),
    /program\.js:4: makes JSON of shared memory/,
  ],
  'shared memory in a list that is handed to a built-in': [
    sharedBytes('const v = new Uint8Array(s);\nreturn new Blob([v]).size;'),
    /program\.js:4: new Blob\(\[v\]\) hands shared memory to Blob/,
  ],
  'shared memory that a parameter takes apart': [
    sharedBytes('return (({ 0: a }) => a)(new Uint8Array(s));'),
    /program\.js:3: .* accesses shared memory inside/,
  ],
  'a SharedArrayBuffer that each thread makes for itself': [
    `${HEAD}const v = new Int32Array(new SharedArrayBuffer(4));\n` +
      'export const it = program({ threads: [() => Atomics.store(v, 0, 1), () => Atomics.load(v, 0)] });',
    /program\.js:2: new SharedArrayBuffer\(4\) is executed by each thread for itself/,
  ],
  BroadcastChannel: [
    sharedBytes("new Uint8Array(s)[0] = 1;\nnew BroadcastChannel('a');"),
    /program\.js:4: BroadcastChannel is not available in the explorer/,
  ],
  'BroadcastChannel of node:worker_threads': [
    sharedBytes("new Uint8Array(s)[0] = 1;\nnew BroadcastChannel('a');").replace(
      HEAD,
      `${HEAD}import { BroadcastChannel } from 'node:worker_threads';\n`,
    ),
    /program\.js:5: BroadcastChannel of node:worker_threads is not available/,
  ],
  'an environment that a worker shares and changes': [
    sharedBytes(
      "new Uint8Array(s)[0] = 1;\nnew Worker('process.env.A = 1', { eval: true, env: SHARE_ENV });",
    ).replace(HEAD, `${HEAD}import { SHARE_ENV, Worker } from 'node:worker_threads';\n`),
    /worker eval \w+\]:1: changes process\.env, which threads share \(SHARE_ENV\)/,
  ],
  AsyncLocalStorage: [
    sharedBytes('new Uint8Array(s)[0] = 1;\nnew AsyncLocalStorage();').replace(
      HEAD,
      `${HEAD}import { AsyncLocalStorage } from 'node:async_hooks';\n`,
    ),
    /program\.js:5: AsyncLocalStorage of node:async_hooks is not available/,
  ],
  'WebAssembly code that gets shared memory': [
    `${HEAD}export const it = program({ shared: () => new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true }), threads: [(memory) => {\n` +
      'new Uint8Array(memory.buffer)[0] = 1;\n' +
      'new WebAssembly.Instance(new WebAssembly.Module(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0, 2, 9, 1, 1, 97, 1, 98, 2, 3, 1, 1])), { a: { b: memory } });\n}] });',
    /program\.js:4: hands shared memory to WebAssembly code/,
  ],
  'shared memory that grows by more than there is room for': [
    `${HEAD}export const it = program({ shared: () => new SharedArrayBuffer(8, { maxByteLength: 2 ** 24 }), threads: [(s) => {\n` +
      'new Uint8Array(s)[0] = 1;\ns.grow(2 ** 23);\n}] });',
    /program\.js:4: s\.grow\(2 \*\* 23\): shared memory grows by at most 64 pages/,
  ],
  'shared memory in a callback that cannot be interrupted': [
    sharedBytes('const v = new Uint8Array(s);\nreturn +{ valueOf: () => v[0] };'),
    /program\.js:4: v\[0\] accesses shared memory inside a call/,
  ],
  'shared memory in a pattern': [
    sharedBytes('const v = new Uint8Array(s);\nreturn (({ 0: a }) => a)(v);'),
    /program\.js:4: .* accesses shared memory/,
  ],
  'shared memory in an accessor whose name only the program knows': [
    sharedBytes('const v = new Uint8Array(s);\nreturn { get [`a${1}`]() { return v[0]; } }.a1;'),
    /program\.js:4: v\[0\] accesses shared memory inside a call/,
  ],
  'shared memory in a static initialiser': [
    sharedBytes('const v = new Uint8Array(s);\nreturn class { static a = v.at(0); }.a;'),
    /program\.js:4: v\.at\(0\) accesses shared memory inside a call/,
  ],
  'shared memory in a static block': [
    sharedBytes('const v = new Uint8Array(s);\nclass A { static { Atomics.add(v, 0, 1); } }'),
    /program\.js:4: Atomics\.add\(v, 0, 1\) accesses shared memory inside a call/,
  ],
  'a Proxy of shared memory': [
    sharedBytes('const v = new Uint8Array(s);\nreturn new Proxy(v, {})[0];'),
    /program\.js:4: a Proxy of shared memory is not available/,
  ],
  'a module of Node that depends on more than the program': [
    sharedBytes('return createServer();').replace(
      HEAD,
      `${HEAD}import { createServer } from 'node:http';\n`,
    ),
    /program\.js:4: createServer of node:http is not available in the explorer/,
  ],
};

for (const [what, [text, message]] of Object.entries(BAD)) {
  test(`${what} gives one line with file and line`, async (t) => {
    const file = written(text, 'program.js', { 'addon.node': '' });
    const error = await t.throwsAsync(checkRace(undefined, file, { executions: 10 }));
    t.is((error as { code?: string }).code, 'ERR_USAGE');
    t.regex(error.message, message);
    t.false(error.message.includes('\n'));
  });
}

test('the command line ends with status 2 and one line for what the user got wrong', (t) => {
  const file = written(BAD['a body that throws']![0]);
  const main = fileOf('dist/src/cli/main.js');
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, 'explore', file], {
    encoding: 'utf8',
  });
  t.is(status, 2);
  t.is(stdout, '');
  t.regex(stderr, /^klp-smp: .*program\.js:3: thread 0 of it throws by itself: Error: own\n$/);
});

test('explore finds, shrinks and prints a command; replay tells the story', async (t) => {
  const scenario = fileOf('examples/javascript/ring-broken.js');
  const result = await explore({ scenario, executions: 2000, threads: 1 });
  t.is(result.memory, 'js');
  const [finding] = result.findings;
  t.truthy(finding);
  t.true(finding!.replay.includes('ring-broken.js'));
  const told = await replay({ token: finding!.token, file: scenario });
  t.is(told.verdict.key, finding!.verdict.key);
  t.is(told.changed, null);
  t.regex(told.lines.join('\n'), /ring-buffer-broken\.js:\d+ push/);
});

test('a data race names both lines; it is a finding where that is asked for, and its token replays', async (t) => {
  const scenario = written(
    programText(8, [
      '(s) => { new Int32Array(s)[0] = 1; }',
      '(s) => { return new Int32Array(s)[0]; }',
    ]),
  );
  const warned = await explore({ scenario, executions: 200, threads: 1 });
  t.false(warned.outcomes.some(({ grade }) => grade === 'forbidden'));
  t.true(warned.races.length > 0);
  t.regex(warned.races[0]!, /program\.js:4 .*program\.js:5 |program\.js:5 .*program\.js:4 /);
  const failed = await explore({ scenario, executions: 200, threads: 1, races: 'error' });
  const [finding] = failed.findings;
  t.is(finding!.verdict.key, 'data race');
  const told = await replay({ token: finding!.token, file: scenario });
  t.is(told.verdict.key, 'data race');
});

test('a data race is seen where two words of a DataView overlap beyond eight bytes', async (t) => {
  const scenario = written(
    programText(16, [
      '(s) => { new DataView(s).setInt32(6, 1); }',
      '(s) => { return new DataView(s).getInt32(8); }',
    ]),
  );
  const { races } = await explore({ scenario, executions: 50, threads: 1 });
  t.regex(races[0] ?? '', /program\.js:4 .*program\.js:5 |program\.js:5 .*program\.js:4 /);
});

test('programs without data races report none', async (t) => {
  const scenario = fileOf('examples/javascript/ring.js');
  const result = await explore({ scenario, executions: 500, threads: 1, races: 'error' });
  t.deepEqual(result.races, []);
  t.false(result.outcomes.some(({ grade }) => grade === 'forbidden'));
});

test('weaken says which operations a queue needs, with a command for each', async (t) => {
  const scenario = fileOf('examples/javascript/ring.js');
  const { operations } = await weaken({ scenario, executions: 1500 });
  const standing = (text: string): string | undefined =>
    operations.find((operation) => operation.text.startsWith(text))?.standing;
  t.is(standing('Atomics.store(this.#meta, 1, tail + 1)'), 'needed');
  t.is(standing('Atomics.load(this.#meta, 1) === 9'), undefined);
  t.true(operations.some((operation) => operation.standing === 'not found to be needed'));
  for (const { replay: command, standing: is } of operations)
    t.is(command !== null, is === 'needed');
});

test('raceTest takes programs', async (t) => {
  const broken = await checkRace('t', fileOf('examples/javascript/ring-broken.js'), {});
  t.regex(broken.failure ?? '', /npx klp-smp replay klp/);
  const sound = await checkRace('t', fileOf('examples/javascript/ring.js'), { executions: 500 });
  t.is(sound.failure, undefined);
});
