import test from 'ava';
import { spawnSync } from 'node:child_process';
import { DEFAULT_SCHEDULE } from '../../src/explorer/engine/schedule.js';
import { sessionOf, written } from './programs.js';

/** Expressions over a Uint8Array `u` of `1, 2, 3, 0, …` and its buffer `s`: what they give, and what they leave in the buffer, is that of the language. */
const EXPRESSIONS: readonly string[] = [
  ...['u.toString()', "u.join('-')", '[...u]', 'Array.from(u)', 'Math.max(...u)'],
  ...['Array.prototype.slice.call(u)', 'Array.prototype.indexOf.call(u, 2)'],
  ...["Array.prototype.join.call(u, '+')", 'Array.prototype.includes.call(u, 3)'],
  ...['Array.prototype.reverse.call(u)[0]', 'Array.prototype.fill.call(u, 3)[7]'],
  ...['Array.prototype.at.call(u, 1)', 'Array.prototype.lastIndexOf.call(u, 2)'],
  ...['Array.prototype.map.call(u, (x) => x + 1)', 'Array.prototype.slice.bind(u)()'],
  ...[
    'Reflect.apply(Array.prototype.slice, u, [1])',
    'Array.prototype.values.call(u).next().value',
  ],
  ...["u['1']", "u['01']", 'u[-1]', 'u[1.5]', "u['-0']", "(u['1'] = 5, u[1])", "u['1']++ + u[1]"],
  ...['(() => { const { 0: a, length } = u.subarray(1).slice(); return [a, length]; })()'],
  ...[
    '[...u.toReversed()]',
    '[...u.toSorted((a, b) => b - a)]',
    '[...u.toSorted()]',
    '[...u.with(0, 7)]',
  ],
  ...['[...u.copyWithin(3, 0, 3)]', '[...u.fill(6, 2, 4)]', '(u.set([7, 8], 2), [...u])'],
  ...['(u.set(u.subarray(0, 2), 1), [...u])', '[...u.reverse()]', '[...u.sort((a, b) => b - a)]'],
  ...[
    's.slice(1, 4).byteLength',
    '[...new Uint8Array(s.slice(1, 4))]',
    '[...new Uint8Array(s.slice(-7, -5))]',
  ],
  ...[
    "new TextEncoder().encodeInto('aß€', u)",
    "(new TextEncoder().encodeInto('aß€', u.subarray(1)), [...u])",
  ],
  ...[
    "new TextEncoder().encodeInto('aß€', u.subarray(5)).written",
    'new TextDecoder().decode(u.subarray(0, 3))',
  ],
  ...["Buffer.concat([Buffer.from(s), Buffer.from([1])]).toString('hex')"],
  ...["Buffer.from(s).toString('hex')", "Buffer.from(u).toString('hex')"],
  ...['new DataView(s).getUint16(0)', 'new DataView(s).getInt32(1, true)'],
  ...[
    '(new DataView(s).setFloat32(0, 1.5), [...u])',
    '(new DataView(s).setBigInt64(0, 5n, true), [...u])',
  ],
  ...['structuredClone({ u }).u[1]', 'u.slice().buffer instanceof SharedArrayBuffer'],
  ...["typeof Float16Array === 'undefined' ? 0 : [...new Float16Array(s)]"],
  ...["typeof Float16Array === 'undefined' ? 0 : (new DataView(s).setFloat16(0, 1.5), [...u])"],
  ...["typeof u.toHex === 'undefined' ? 0 : u.toHex() + u.toBase64()"],
  ...['u.values().next().value', 'u[Symbol.iterator]().next()', 'u.entries().next().value.join()'],
  ...['(u[7] = 255.7, u[7])', "(u[7] = '5', u[7])", '(u[7] = -1, u[7])', '(u[9] = 1, u.length)'],
  ...['Object.keys(u).length', '9 in u', 'Object.hasOwn(u, 2)', 'u.propertyIsEnumerable(0)'],
];

const body = (expression: string): string =>
  `(s) => { const u = new Uint8Array(s); u[0] = 1; u[1] = 2; u[2] = 3; return JSON.stringify([${expression}]); }`;

test('what the language does with views is what it does with shared memory, in every byte', (t) => {
  const programs = EXPRESSIONS.map(
    (expression, i) => `export const p${i} = program({ shared: () => new SharedArrayBuffer(8),
  threads: [${body(expression)}], outcome: ([text], s) => text + ' ' + new Uint8Array(s) });`,
  );
  const file = written(`import { program } from 'klp-smp/javascript';\n${programs.join('\n')}`);
  const bodies = EXPRESSIONS.map((expression) => body(expression)).join(',\n');
  const script = `for (const f of [${bodies}]) { const s = new SharedArrayBuffer(8); console.log(f(s) + ' ' + new Uint8Array(s)); }`;
  const { stdout } = spawnSync(process.execPath, ['--no-warnings', '-e', script], {
    encoding: 'utf8',
  });
  const native = stdout.trimEnd().split('\n');
  t.is(native.length, EXPRESSIONS.length);
  for (const [i, expression] of EXPRESSIONS.entries()) {
    const { key } = sessionOf(file, 'sc', { name: `p${i}` }).replay(DEFAULT_SCHEDULE);
    t.is(key, native[i]!, expression);
  }
});

test('outcome() sees what was written last in every way of looking at it', (t) => {
  const looks = [
    '`${u}`',
    "u + ''",
    'u.join()',
    'JSON.stringify([u])',
    'Object.values(u)',
    'new Set(u).size',
  ];
  const file = written(`import { program } from 'klp-smp/javascript';
export const it = program({ shared: () => new SharedArrayBuffer(3), threads: [(s) => { new Uint8Array(s)[1] = 7; }],
  outcome: (_, s) => { const u = new Uint8Array(s); return [${looks.join()}].join(' '); } });`);
  t.is(
    sessionOf(file).replay(DEFAULT_SCHEDULE).key,
    '0,7,0 0,7,0 0,7,0 [{"0":0,"1":7,"2":0}] 0,7,0 2',
  );
});
