import test from 'ava';
import { DEFAULT_SCHEDULE } from '../../src/explorer/engine/schedule.js';
import { LANGUAGE_CASES } from './language-cases.js';
import { fileOf, sessionOf, written } from './programs.js';

const FILE = fileOf('test/javascript/fixtures/language.js');

test('instrumented code computes what the language computes, over all its constructs', async (t) => {
  const { everything } = (await import(FILE)) as { everything: () => string };
  const native = JSON.parse(everything()) as unknown[][];
  const session = sessionOf(FILE, 'sc');
  const instrumented = JSON.parse(session.replay(DEFAULT_SCHEDULE).key) as unknown[][];
  t.deepEqual(instrumented, native);
  t.true(native.flat().length >= 140);
});

test('module state is fresh in every execution', (t) => {
  const session = sessionOf(FILE, 'sc');
  const [first, second] = [0, 1].map(() => session.replay(DEFAULT_SCHEDULE).key);
  t.false(session.compiled.isStateless);
  t.is(first, second);
});

test('statements may end without semicolons', async (t) => {
  const file = fileOf('test/javascript/fixtures/language-bare.js');
  const { everything } = (await import(file)) as { everything: () => string };
  t.is(sessionOf(file, 'sc').replay(DEFAULT_SCHEDULE).key, everything());
});

test('classes, generators, closures and built-ins in many styles mean what they mean in the language', async (t) => {
  for (const [top, expression] of LANGUAGE_CASES) {
    const code = `${top}\nexport const result = () => (${expression});`;
    const file = written(
      `import { program } from 'klp-smp/javascript';
      import { result } from './code.mjs';
      export const it = program({
        shared: () => new SharedArrayBuffer(8),
        threads: [(s) => { Atomics.load(new Int32Array(s), 0); return result(); }],
      });`,
      'program.mjs',
      { 'code.mjs': code },
    );
    const native = (await import(file.replace('program.mjs', 'code.mjs'))) as {
      result: () => unknown;
    };
    t.is(sessionOf(file, 'sc').replay(DEFAULT_SCHEDULE).key, JSON.stringify(native.result()), top);
  }
});

test('private names belong to their module', (t) => {
  const file = written(
    `import { program } from 'klp-smp/javascript';
    import { A } from './a.mjs';
    class B { #v = 5; go() { return this.#v++ + this.#v; } }
    export const it = program({
      shared: () => new SharedArrayBuffer(8),
      threads: [(s) => Atomics.load(new Int32Array(s), 0) + new A().go() + new B().go()],
    });`,
    'program.mjs',
    { 'a.mjs': 'export class A { get #v() { return 1; } go() { return this.#v; } }' },
  );
  t.is(sessionOf(file, 'sc').replay(DEFAULT_SCHEDULE).key, '12');
});
