import test from 'ava';
import { UsageError } from '../../src/errors.js';
import { DEFAULT_SCHEDULE } from '../../src/explorer/engine/schedule.js';
import { sessionOf, written } from './programs.js';

/** Patterns and spreads over a shared Uint8Array `u` of `7, 8, 0, …`. Each either means what it means in the language, or is refused with its line. */
const RIGHT: readonly string[] = [
  "((k, {[k]: a}) => a)('0', {0: 4})",
  '((k, {[k]: a}) => a)(1, [4, 5])',
  '(({length}) => length)(u)',
  '(({length, ...r}) => [length, r])({length: 3, b: u[0]})',
  '(({x: {...r}, ...s}) => [r, s])({x: {y: u[1]}, z: 1})',
  '(() => { const [a, ...r] = u; return [a, r]; })()',
  '(({x = u[0]}) => x)({})',
  '(([x = u[0]]) => x)([])',
  '(() => { for (const {...r} of [{a: u[0]}]) return r; })()',
  '(() => { const o = {}; ({a: {...o.x}} = {a: {b: u[1]}}); return o; })()',
  '(() => { try { throw {code: u[0]}; } catch ({code, ...more}) { return [code, more]; } })()',
  '[{a: u[0], b: 1}].map(({a, ...rest}) => [a, rest])',
  '({a: 1, ...{b: u[1]}})',
  '(function ({...a}, b) {}).length',
];
const REFUSED: readonly string[] = [
  '(({0: a}) => a)(u)',
  "(({'0': a}) => a)(u)",
  "(({['0']: a}) => a)(u)",
  '((k, {[k]: a}) => a)(0, u)',
  '(({...r}) => r[0])(u)',
  '(({length, ...r}) => r[0])(u)',
  '(() => { const {a: {...r}} = {a: u}; return r[0]; })()',
  '(() => { let x; ({a: {0: x}} = {a: u}); return x; })()',
  '(() => { const o = {}; ({a: {...o.x}} = {a: u}); return o.x[0]; })()',
  '(() => { for (const {...r} of [u]) return r[0]; })()',
  '(() => { const k = 0; for (const {[k]: a} of [u]) return a; })()',
  '(() => { let a; const k = 0; for ({[k]: a} of [u]) return a; })()',
  '(() => { for (const {a: {...r}} of [{a: u}]) return r[0]; })()',
  '(() => { try { throw u; } catch ({0: a}) { return a; } })()',
  '(() => { try { throw u; } catch ([a]) { return a; } })()',
  '(() => { class A { m({...a}) { return a[0]; } } return new A().m(u); })()',
  '(() => { class A { constructor({...a}) { this.v = a[0]; } } return new A(u).v; })()',
  '[u].map(({...a}) => a[0])[0]',
  '({...u})[0]',
  '(([a]) => a)(u)',
];

const fileOfExpression = (expression: string): string =>
  written(`import { program } from 'klp-smp/javascript';
    export const it = program({ shared: () => new SharedArrayBuffer(8), threads: [(s) => {
      const u = new Uint8Array(s); u[0] = 7; u[1] = 8;
      return ${expression};
    }] });`);

const native = (expression: string): unknown => {
  const u = Uint8Array.of(7, 8, 0, 0, 0, 0, 0, 0);
  // eslint-disable-next-line @typescript-eslint/no-implied-eval, @typescript-eslint/no-unsafe-call -- what the language makes of it
  return new Function('u', `return ${expression};`)(u);
};

test('patterns that take elements mean what they mean in the language', (t) => {
  for (const expression of RIGHT) {
    const { key } = sessionOf(fileOfExpression(expression), 'sc').replay(DEFAULT_SCHEDULE);
    t.deepEqual(JSON.parse(key), native(expression), expression);
  }
});

test('patterns that would take elements of shared memory unseen are refused with their line', (t) => {
  for (const expression of REFUSED) {
    t.not(native(expression), undefined);
    const error = t.throws(
      () => sessionOf(fileOfExpression(expression), 'sc'),
      undefined,
      expression,
    );
    t.true(error instanceof UsageError, expression);
    t.regex(String(error), /program\.js:4: /, expression);
  }
});

test('what observes an execution is looked at as well', (t) => {
  const text = `import { program } from 'klp-smp/javascript';
    export const it = program({ shared: () => new SharedArrayBuffer(8), threads: [(s) => { new Uint8Array(s)[0] = 7; }],
      outcome: (returned, s) => { const { 0: a } = new Uint8Array(s); return a; } });`;
  t.throws(() => sessionOf(written(text)), {
    message: /outcome\(\) throws: .*cannot be interrupted/,
  });
});
