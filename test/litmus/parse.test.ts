/** The litmus front end: what it understands, and where it reports that it does not understand. */
import test from 'ava';
import fc from 'fast-check';
import type { Statement } from '../../src/litmus/syntax/ast.js';
import { addressOf } from '../../src/litmus/syntax/values.js';
import { checkLitmus } from '../../src/litmus/axioms/checker.js';
import { parseLitmus } from '../../src/litmus/syntax/parse.js';
import { PRIMITIVES } from '../../src/litmus/syntax/primitives.js';
import { LitmusSyntaxError } from '../../src/litmus/syntax/syntax-error.js';
import { SHAPES } from './shapes.js';

const program = (body: string, init = '', condition = 'exists (x=1)'): string =>
  `C t\n{ ${init} }\nP0(int *x, int *y)\n{\n${body}\n}\n${condition}\n`;

const parsed = (body: string, init?: string, condition?: string): readonly Statement[] =>
  parseLitmus(program(body, init, condition)).threads[0]!.body;

const kinds = (statements: readonly Statement[]): string[] => statements.map(({ kind }) => kind);

for (const [end, where, problem] of [
  ['exists (0:r0=1 /\\ 0:r2=0)', '7:21', 'there is no register r2 in P0; the nearest: r0, r1, x'],
  ['forall (0:r7=1)', '7:11', 'there is no register r7 in P0; the nearest: r0, r1, x'],
  ['~exists (z=1)', '7:10', 'there is no variable z; the nearest: x, y'],
  ['exists (x=1 /\\ y=zz)', '7:18', 'there is no variable zz; the nearest: x, y'],
  [
    'locations [0:r8; x]\nexists (x=1)',
    '7:14',
    'there is no register r8 in P0; the nearest: r0, r1, x',
  ],
  ['locations [xx]\nexists (x=1)', '7:12', 'there is no variable xx; the nearest: x, y'],
  [
    'filter (0:r9=1)\nexists (x=1)',
    '7:11',
    'there is no register r9 in P0; the nearest: r0, r1, x',
  ],
  ['exists ([w]=1)', '7:10', 'there is no variable w; the nearest: x, y'],
  ['exists (0:r0=&w)', '7:15', 'there is no variable w; the nearest: x, y'],
  ['exists (x[1]=1)', '7:9', 'there is no variable x[1]; the nearest: x, y'],
] as const) {
  test(`a name that nothing else has is refused, with its place: ${end}`, (t) => {
    const body = 'int r0; int r1; r0 = READ_ONCE(*x); r1 = READ_ONCE(*y);';
    t.throws(() => parseLitmus(program(body, '', end), 'f'), {
      instanceOf: LitmusSyntaxError,
      message: `f:${where}: ${problem}`,
    });
  });
}

test('what a thread or the initial state names may stand in a condition, set or not', (t) => {
  const at = (init: string, end: string) => () =>
    parseLitmus(program('int r0; int r1;', init, end));
  t.notThrows(at('', 'exists (0:r1=0)'));
  t.notThrows(at('0:r5=3;', 'exists (0:r5=3)'));
  t.notThrows(at('int z[2];', 'exists (z[1]=0)'));
  t.notThrows(at('', 'exists (0:x=x)'));
});

test('a comment in the header nests, one in the code does not swallow (*x)', (t) => {
  const source =
    'C n (* a (* b { *) *)\n"doc {"\nKey=Value\n{ x=3; }\n' +
    'P0(int *x) { /* c */ WRITE_ONCE(*x, 1); // d\n int r0 = READ_ONCE((*x)); }\nexists (0:r0=1)';
  const { name, locations, threads } = parseLitmus(source);
  t.is(name, 'n');
  t.like(locations[0], { name: 'x', init: 3 });
  t.deepEqual(kinds(threads[0]!.body), ['store', 'load']);
});

test('initial values may be pointers, typed, atomic, negative, or of a register', (t) => {
  const init = 'int *p = &x; atomic_t a = ATOMIC_INIT(2); q = y; int z = -4; 0:r5 = x; [w]=9;';
  const { locations, threads } = parseLitmus(program('int r0 = r5;', init));
  const value = Object.fromEntries(locations.map(({ name, init: v }) => [name, v]));
  const id = (name: string): number => locations.findIndex((l) => l.name === name);
  t.is(value['p'], addressOf(id('x')));
  t.is(value['q'], addressOf(id('y')));
  t.deepEqual([value['a'], value['z'], value['w']], [2, -4, 9]);
  t.like(threads[0]!.registers[0], { name: 'r5', init: addressOf(id('x')) });
});

test('an array is a row of locations', (t) => {
  const source =
    'C t\n{ int a[2] = { 5, 6 }; }\nP0(int *a) { int r0 = READ_ONCE(a[1]); }\nexists (0:r0=6)';
  const { states } = checkLitmus(parseLitmus(source));
  t.deepEqual(
    states.map(({ state }) => state),
    [[6]],
  );
});

test('a nested expression becomes one instruction an access, inner ones first', (t) => {
  t.deepEqual(kinds(parsed('WRITE_ONCE(*x, READ_ONCE(*y) + *x);')), ['load', 'load', 'store']);
  t.deepEqual(kinds(parsed('int r0 = atomic_dec_and_test(x);')), ['rmw', 'assign']);
  t.deepEqual(kinds(parsed('smp_store_mb(*x, 1);')), ['store', 'fence']);
});

test('&& runs its right side only if the left one holds', (t) => {
  const [load, branch] = parsed('if (READ_ONCE(*x) && READ_ONCE(*y)) { WRITE_ONCE(*x, 1); }');
  t.is(load!.kind, 'load');
  t.true(branch?.kind === 'if' && branch.then.some(({ kind }) => kind === 'load'));
  t.true(branch?.kind === 'if' && branch.otherwise.every(({ kind }) => kind === 'assign'));
});

test('every primitive of the table is callable with its own number of arguments', (t) => {
  for (const [name, { parameters }] of PRIMITIVES) {
    const args = parameters.map((p) => ({ pointer: 'x', place: '*x', value: '1' })[p]).join(', ');
    t.notThrows(() => parsed(`${name}(${args});`), name);
    t.throws(() => parsed(`${name}(${[args, '1', '2', '3', '4'].filter(Boolean).join(', ')});`), {
      instanceOf: LitmusSyntaxError,
      message: /takes \d argument/,
    });
  }
  t.true(PRIMITIVES.size > 80);
});

test('conditions nest, negate, compare registers with each other and with addresses', (t) => {
  const condition =
    'locations [x; 0:r1] filter (0:r1=1) ~exists (not (x=1 \\/ 0:r0=y) /\\ 0:r0=0:r1 => true)';
  const { condition: c, filter, observed } = parseLitmus(program('int r0; int r1;', '', condition));
  t.is(c.quantifier, 'not-exists');
  t.is(c.text, 'not ([x]=1 \\/ 0:r0=y) /\\ 0:r0=0:r1 => true');
  t.is(filter?.kind, 'equal');
  t.is(observed.length, 3);
});

const malformed: readonly (readonly [why: string, source: string, message: RegExp])[] = [
  ['not a C test', 'PPC MP\n{}\n', /^f:1:1: this is a test for PPC: expected a C litmus test/],
  ['no name', 'C\n{}\n', /^f:2:1: expected the name of the test/],
  ['no initial state', 'C t\nP0(int *x) ', /expected "\{" to open the initial state/],
  ['no thread', 'C t\n{}\nexists (x=1)', /^f:3:1: expected a thread such as P0/],
  ['threads out of order', 'C t\n{}\nP1(int *x) {}\nexists (x=1)', /^f:3:1: expected P0, found P1/],
  [
    'body not closed',
    'C t\n{}\nP0(int *x) { smp_mb();',
    /^f:3:23: expected a statement or "}", found the end/,
  ],
  ['comment not closed', 'C t\n{}\n(* P0', /^f:3:1: this comment is never closed/],
  ['strange character', program('int r0 = @;'), /^f:5:10: unexpected character "@"/],
  [
    'unknown primitive',
    program('smp_mbb();'),
    /^f:5:1: unknown primitive smp_mbb\(\): expected .*smp_mb/,
  ],
  ['value of a statement', program('int r0 = smp_mb();'), /^f:5:10: smp_mb\(\) gives no value/],
  ['no place', program('WRITE_ONCE(x, 1);'), /^f:5:12: WRITE_ONCE\(\) needs a place in memory/],
  [
    'a loop without condition',
    program('while () {}'),
    /^f:5:8: expected an expression, found "\)"/,
  ],
  ['missing semicolon', program('smp_mb()'), /^f:6:1: expected ";" after smp_mb/],
  [
    'thread that is none',
    program('', '', 'exists (7:r0=1)'),
    /there is no thread 7: expected 0 to 0/,
  ],
  [
    'no comparison',
    program('', '', 'exists (x)'),
    /expected "=" or "!=" after a register or location/,
  ],
  [
    'text after the condition',
    program('', '', 'exists (x=1) y'),
    /expected .* the end of the file/,
  ],
  ['a number out of range', program('WRITE_ONCE(*x, 9999999999999999);'), /is out of range/],
  [
    'too many elements',
    'C t\n{ int a[1] = {1,2}; }\nP0() {}\nexists (true)',
    /expected "}" after 1 elements/,
  ],
  ['too deep', program(`int r0 = ${'('.repeat(5000)}`), /nested less than/],
];

for (const [why, source, message] of malformed) {
  test(`an error names file, line, column and what was expected: ${why}`, (t) => {
    const error = t.throws(() => parseLitmus(source, 'f'), {
      instanceOf: LitmusSyntaxError,
      message,
    });
    t.is(error.code, 'ERR_USAGE');
  });
}

/** One edit of a source. */
const edit = fc.record({
  at: fc.noBias(fc.integer({ min: 0, max: 9999 })),
  cut: fc.integer({ min: 0, max: 6 }),
  insert: fc.oneof(
    fc.constantFrom(
      '',
      '(',
      ')',
      '{',
      '}',
      ';',
      '*',
      '=',
      '/\\',
      '(*',
      '*)',
      '/*',
      'if',
      'P0',
      '0:',
      '-',
      '9',
    ),
    fc.string({ maxLength: 3 }),
  ),
});

test('400 mutations of valid files give a located error or a result, never a crash or a hang', (t) => {
  const seed = 20_260_101;
  t.log(`seed ${seed}`);
  let [errors, results] = [0, 0];
  fc.assert(
    fc.property(
      fc.constantFrom(...SHAPES),
      fc.array(edit, { minLength: 1, maxLength: 3 }),
      (shape, edits) => {
        let source = shape.source;
        for (const { at, cut, insert } of edits) {
          const offset = Math.floor((at / 10_000) * source.length);
          source = source.slice(0, offset) + insert + source.slice(offset + cut);
        }
        try {
          const verdict = checkLitmus(parseLitmus(source, 'f'), { timeLimitMs: 2000 });
          results++;
          return verdict.candidates >= 0;
        } catch (error) {
          errors++;
          return error instanceof LitmusSyntaxError && /^f:\d+:\d+: ./.test(error.message);
        }
      },
    ),
    { seed, numRuns: 400 },
  );
  t.true(errors > 50 && results > 50, `${errors} errors, ${results} results`);
});
