import test from 'ava';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { explore } from '../../src/campaign/explore.js';
import { SITE_COUNT } from '../../src/memory/sites.js';

const folder = mkdtempSync(join(tmpdir(), 'mistakes-'));

const HEAD = `import { race, MemoryMap, claimLocal, struct } from 'klp-smp';
const map = new MemoryMap();
const localBase = claimLocal(map, 2);
const WORDS = struct('words', { x: 1, y: 1 });
const W = map.claim('words', WORDS);
const X = W + WORDS.x;
const real = new Int32Array(new SharedArrayBuffer(64));
let count = 0;
const other = (cpu) => cpu.writeOnce(X, 1);
const outcomes = { done: { grade: 'acceptable', reason: 'it ended' } };
const common = { name: 'it', description: 'A mistake.', observe: () => 'done', outcomes };
const build = () => ({ ctx: {}, map, localBase, bodies: [other, body] });
`;
/** Line of what follows {@link HEAD}. */
const LINE = HEAD.split('\n').length;

const files: string[] = [];
function write(code: string): string {
  const file = join(folder, `mistake-${files.length}.js`);
  files.push(file);
  writeFileSync(file, HEAD + code);
  return file;
}

const declared = 'export const it = race({ ...common, build });\n';

/** A mistake, and what is said about it; every complaint names the file and the line. */
const BODIES: Readonly<Record<string, [code: string, message: RegExp]>> = {
  'a parameter that is not named cpu': [
    'function body(c) { c.writeOnce(X, 1); }',
    /body body is no kernel code: its first parameter has to be named cpu$/,
  ],
  'a parameter of another name, in an arrow': [
    'const body = (self) => self.writeOnce(X, 1);',
    /body body is no kernel code/,
  ],
  'a field that does not exist': [
    'function body(cpu) { cpu.writeOnce(W + WORDS.z, 1); }',
    /NaN is no address/,
  ],
  'no address at all': ['function body(cpu) { cpu.readOnce(); }', /undefined is no address/],
  'an address that is no integer': ['function body(cpu) { cpu.set(X + 0.5, 1); }', /is no address/],
  'a fraction as a value': ['function body(cpu) { cpu.write(X, 1.5); }', /1\.5 is no value/],
  'a value beyond 32 bits': [
    'function body(cpu) { cpu.fetchAdd(X, 2 ** 40); }',
    /1099511627776 is no value of a word: words hold integers of 32 bits/,
  ],
  'a text as a value': ["function body(cpu) { cpu.xchg(X, 'one'); }", /'one' is no value/],
  'no value': ['function body(cpu) { cpu.storeRelease(X); }', /undefined is no value/],
  'an expected value that is none': [
    'function body(cpu) { cpu.cmpxchg(X, NaN, 1); }',
    /NaN is no value/,
  ],
  'no control value of a sleep': ['function body(cpu) { cpu.halt(X); }', /undefined is no value/],
  'no control value of a spin': ['function body(cpu) { cpu.relax(X); }', /undefined is no value/],
  'a bit that no word has': ['function body(cpu) { cpu.setBit(X, 40); }', /40 is no bit/],
  'a negative bit': ['function body(cpu) { cpu.testAndClearBit(X, -1); }', /-1 is no bit/],
  'a time-out that is none': [
    'function body(cpu) { cpu.wait(X, 0, NaN); }',
    /NaN is no time-out: milliseconds from 0 on, or none to sleep for ever/,
  ],
  'a negative time-out': ['function body(cpu) { cpu.halt(X, 0, -5); }', /-5 is no time-out/],
  'a number of sleepers that is none': [
    "function body(cpu) { cpu.wake(X, 'all'); }",
    /'all' is no number of sleepers: wake\(\) takes an integer from 0 on, and wakeAll\(\) wakes all/,
  ],
  'a text that is traced': [
    "function body(cpu) { cpu.trace(1, 'x'); cpu.readOnce(X); }",
    /'x' is no value/,
  ],
  'a fraction that is traced': [
    'function body(cpu) { cpu.trace(1, 0, 0.5); cpu.readOnce(X); }',
    /0\.5 is no value/,
  ],
  'a kick of no word': [
    'function body(cpu) { cpu.readOnce(X); cpu.kick(); }',
    /undefined is no address/,
  ],
  'the name of an ordering site': [
    "function body(cpu) { cpu.readOnce(X); cpu.smpWmb('O-04'); }",
    /'O-04' is no ordering site: operations take its number, 1 \(O-01\) to /,
  ],
  'an ordering site that does not exist': [
    'function body(cpu) { cpu.storeRelease(X, 1, 99); }',
    /99 is no ordering site/,
  ],
  'an address as an ordering site': [
    'function body(cpu) { cpu.xchg(X, 1, X); }',
    /no ordering site/,
  ],
  'site 0': ['function body(cpu) { cpu.preemptDisable(0); cpu.readOnce(X); }', /0 is no ordering/],
  'a mistake that the code catches': [
    'function body(cpu) { try { cpu.readOnce(NaN); } catch { cpu.readOnce(X); } }',
    /NaN is no address/,
  ],
  'a text that is thrown': [
    "function body(cpu) { cpu.readOnce(X); throw 'no'; }",
    /its code throws: 'no'$/,
  ],
  'nothing that is thrown': [
    'function body(cpu) { cpu.readOnce(X); throw undefined; }',
    /its code throws: undefined$/,
  ],
  'a helper whose parameter is not named cpu': [
    'const help = (c) => c.readOnce(X); function body(cpu) { cpu.readOnce(X); help(cpu); }',
    /passes cpu to a function that is no kernel code: its first parameter has to be named cpu \(/,
  ],
  'an error of the code': [
    'function body(cpu) { cpu.readOnce(X); nope(); }',
    /its code throws: ReferenceError: nope is not defined/,
  ],
  'real Atomics instead of cpu': [
    'function body(cpu) { Atomics.add(real, 0, 1); }',
    /:\d+: uses Atomics: kernel code accesses memory through its cpu/,
  ],
  'a loop around every operation that is never entered': [
    'function body(cpu) { for (let i = 0; i < count; i++) cpu.readOnce(X); }',
    /body body executes no operation of its cpu/,
  ],
};

for (const [what, [code, message]] of Object.entries(BODIES)) {
  test.serial(`the user's mistake, with file and line: ${what}`, async (t) => {
    const scenario = write(`${code}\n${declared}`);
    const error = await t.throwsAsync(explore({ scenario, executions: 20, threads: 1 }), {
      code: 'ERR_USAGE',
      message,
    });
    t.true(error.message.includes(`${scenario}:${LINE}`), error.message);
    t.false(error.message.includes('\n'));
  });
}

const NONDETERMINISTIC: Readonly<Record<string, string>> = {
  'Math.random()': 'function body(cpu) { cpu.writeOnce(X, Math.floor(Math.random() * 1e9)); }',
  'the clock':
    'function body(cpu) { cpu.writeOnce(X, Number(process.hrtime.bigint() & 0xffffn)); }',
  'a variable of its module': 'function body(cpu) { cpu.writeOnce(X, ++count); }',
};

for (const [what, code] of Object.entries(NONDETERMINISTIC)) {
  test.serial(`a scenario that depends on ${what} is named as not deterministic`, async (t) => {
    const scenario = write(`${code}\n${declared}`);
    for (const strategy of ['random', 'pct', 'dfs'] as const) {
      await t.throwsAsync(explore({ scenario, strategy, executions: 64 }), {
        code: 'ERR_USAGE',
        message: /^scenario it is not deterministic: one schedule led to two executions/,
      });
    }
  });
}

test.serial('an observe() that returns no text is named with its line', async (t) => {
  const body = 'function body(cpu) { cpu.readOnce(X); }';
  const scenario = write(
    `${body}\nconst seen = () => 3;\nexport const it = race({ ...common, build, observe: seen });`,
  );
  await t.throwsAsync(explore({ scenario, executions: 10 }), {
    code: 'ERR_USAGE',
    message: /\.js:\d+: scenario it: observe\(\) has to return a text, not 3$/,
  });
});

test.serial('a variable that changes late is noticed too', async (t) => {
  const scenario = write(
    `function body(cpu) { cpu.writeOnce(X, ++count > 60 ? count : 0); }\n${declared}`,
  );
  await t.throwsAsync(explore({ scenario, executions: 4000, threads: 1 }), {
    code: 'ERR_USAGE',
    message: /not deterministic/,
  });
});

const body = 'function body(cpu) { cpu.readOnce(X); }\n';
const DECLARATIONS: Readonly<Record<string, [code: string, message: RegExp]>> = {
  'an unknown key': [
    'export const it = race({ ...common, build, outcome: {} });',
    /race\(\): scenario it: has an unknown key 'outcome'; known are kind, name, /,
  ],
  'a grade that there is not': [
    "export const it = race({ ...common, build, outcomes: { done: { grade: 'ok', reason: 'r' } } });",
    /'outcomes\.done\.grade' has to be one of 'acceptable', 'interesting', 'forbidden'/,
  ],
  'an outcome without a reason': [
    "export const it = race({ ...common, build, outcomes: { done: { grade: 'forbidden' } } });",
    /'outcomes\.done\.reason' has to be a text/,
  ],
  'no outcomes': [
    'export const it = race({ ...common, build, outcomes: {} });',
    /'outcomes' has to list at least one outcome/,
  ],
  'no observe()': [
    'export const it = race({ ...common, build, observe: undefined });',
    /'observe' has to be a function/,
  ],
  'bounds that are none': [
    'export const it = race({ ...common, build, bounds: { steps: NaN } });',
    /'bounds\.steps' has to be an integer above 0/,
  ],
  'an ordering site that there is not': [
    "export const it = race({ ...common, build, ablations: [{ sites: [99], finds: 'x', why: 'y' }] });",
    new RegExp(`'ablations\\.0\\.sites\\.0' has to be an ordering site, 1 to ${SITE_COUNT}\\b`),
  ],
  'a name with a space': [
    "export const it = race({ ...common, build, name: 'my race' });",
    /'name' has to be a name of lower-case letters, digits and hyphens/,
  ],
  'a machine without bodies': [
    'export const it = race({ ...common, build: () => ({ ctx: {}, map, localBase }) });',
    /mistake-\d+\.js:\d+: scenario it: what build\(\) returns: 'bodies' has to be an array/,
  ],
  'a machine of no CPUs': [
    'export const it = race({ ...common, build: () => ({ ctx: {}, map, localBase, bodies: [] }) });',
    /mistake-\d+\.js:\d+: scenario it has 0 CPUs; accepted are 1 to 31/,
  ],
  'a number instead of a struct': [
    "map.claim('w', 16);\nexport const it = race({ ...common, build });",
    /map\.claim\('w', 16\): the second argument is what struct\(\) returns; .*mistake-\d+\.js:\d+\)$/,
  ],
  'a region without a size': [
    "map.claimWords('w');\nexport const it = race({ ...common, build });",
    /region w of the map has no size: undefined × 1 words .*mistake-\d+\.js:\d+\)$/,
  ],
  'a struct with a broken field': [
    "struct('s', { a: 'one' });\nexport const it = race({ ...common, build });",
    /struct\('s'\): the field a has one words; .*mistake-\d+\.js:\d+\)$/,
  ],
};

for (const [what, [code, message]] of Object.entries(DECLARATIONS)) {
  test.serial(`refused when it is declared: ${what}`, async (t) => {
    const scenario = write(`${body}${code}\n`);
    await t.throwsAsync(explore({ scenario, executions: 20, threads: 1 }), {
      code: 'ERR_USAGE',
      message,
    });
  });
}
