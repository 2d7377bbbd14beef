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

/** The same, over an Int32Array `i` of the buffer, with functions of the program that built-ins call. */
const CALLING: readonly string[] = [
  '[3, 1, 2].sort((a, b) => (i[0]++, a - b)).concat(i[0])',
  'Array.from({ length: 90 }, (_, k) => (k * 37) % 91).sort((a, b) => (i[0]++, a - b))[7] + i[0]',
  '[3, undefined, 1, , 2].sort((a, b) => (Atomics.add(i, 0, 1), a - b)).concat(i[0])',
  '[...i.sort((a, b) => (i[15]++, b - a))].length + i[15]',
  'typeof [].toSorted === "function" && [3, 1, 2].toSorted((a, b) => (i[0]++, a - b)).concat(i[0])',
  '(() => { try { i.sort(5); } catch (e) { return e.message; } })()',
  `JSON.parse('[1,2,{"a":3}]', (k, v) => (Atomics.add(i, 0, 1), typeof v === 'number' ? v + i[0] : v))`,
  `JSON.parse('{"a":1,"b":[2]}', function (k, v) { i[0]++; return k === 'a' ? undefined : v; })`,
  'JSON.stringify({ a: 1, b: [2, undefined] }, (k, v) => (i[0]++, v)) + i[0]',
  'JSON.stringify({ toJSON: () => i[0] + 3, x: 1 }, null, 2)',
  'JSON.stringify({ get b() { return Atomics.add(i, 0, 1); }, c: new Date(0), d: Object(1n) instanceof BigInt })',
  '(() => { const o = { toJSON() { return o; } }; o.o = [o]; try { JSON.stringify({ o: [o], get b() { return i[0]; } }); } catch (e) { return e.name; } })()',
  `'a1b22'.replace(/\\d+/g, (m) => Atomics.add(i, 0, Number(m)) + '!') + i[0]`,
  `'a1b2'.replaceAll(/(?<n>\\d)/g, (m, n, at, all, { n: same }) => m + n + at + all + same + i[0])`,
  `'aXbX'.replace('X', (m, at) => m + at + Atomics.add(i, 0, 2)) + 'aXbX'.replaceAll('X', () => i[0])`,
  'Object.assign({}, { get x() { return Atomics.add(i, 0, 1) + 7; } }).x + i[0]',
  'Object.assign((x) => i[0] + x, Object.assign((x) => Atomics.add(i, 0, x), { meta: 1 }))(5) + i[0]',
  'Object.assign([], i.subarray(0, 2))',
  'Object.getOwnPropertySymbols(() => i[0]).length + Reflect.ownKeys(i).length',
  'Object.prototype.toString.call(i) + Object.prototype.toString.call(i.values())',
  '((t, ...v) => t.join("|") + v.map((x) => x + Atomics.add(i, 0, 1)).join())`a${1}b${i[0]}c`',
  '({ k: "k", tag(t, v) { return this.k + v + t.raw[0] + Atomics.add(i, 0, 1); } }).tag`\\n${i[0]}`',
  '(() => { i[0] = 1; i[1] = 2; [i[0], i[1]] = [i[1], i[0]]; return [...i]; })()',
  '(() => { let k = 0; [i[k++], i[k++], ...i.rest] = [4, 5, 6]; ({ a: i[i[1]], b: [i[3] = 8] } = { a: 9, b: [] }); return [...i, ...i.rest]; })()',
  '(() => { const log = []; const it = { *[Symbol.iterator]() { try { yield i[0]; yield i[1]++; yield 9; } finally { log.push(i[1]); } } }; [i[2], i[3]] = it; return [...i, ...log]; })()',
  '[...{ [Symbol.iterator]() { let n = Atomics.add(i, 0, 1); return { next: () => ({ done: n++ > 2, value: i[0]++ }) }; } }]',
  '(() => { class V extends Int32Array { sum() { return this.reduce((a, x) => a + x, 0); } } const v = new V(s); v[0] = 4; return [v.slice(0, 2).sum(), v.filter((x) => x).sum(), v.map((x) => x + 1).sum(), V.from(v).sum(), V.of(2).sum()]; })()',
  '(() => { class V extends Uint8Array { static get [Symbol.species]() { return Uint16Array; } } return new V(s).map(() => 300)[0]; })()',
  '(() => { const f = new Float64Array(s); f[0] = NaN; return [...new Uint8Array(s)]; })()',
  '(() => { const b = Buffer.from(s); b.writeInt32LE(77, 4); b.writeDoubleBE(1.5, 8); b.writeUIntBE(515, 1, 3); b.writeBigInt64LE(-3n, 16); return [b.readInt32LE(4), b.readDoubleBE(8), b.readUIntBE(1, 3), String(b.readBigInt64LE(16))]; })()',
  '(() => { const b = Buffer.from(s, 8, 8); b.fill("ab", 1, 5); b.swap16(); return [b.indexOf("b"), b.includes(97), b.equals(Buffer.alloc(8)), Buffer.compare(b, Buffer.alloc(8)), b.toJSON().data]; })()',
  '(() => { try { Buffer.from(s).writeInt32LE(1, 61); } catch (e) { return e.message; } })()',
  '(() => { class C { static m = new Map([[1, i]]); static #p = (x) => this.m.get(x); static get(x) { return C.#p(x)[0]; } } return C.get(1); })()',
  '(() => { const C = class D { static b = new SharedArrayBuffer(8); static v = new Int32Array(D.b); static x = class {}.name; }; C.v[0] = 3; return [C.name, new Int32Array(C.b)[0]]; })()',
  '(() => { const o = { b: 1, get a() { return i[0]; }, c: function () { return i[0]; }, "d e": () => i[0] }; return [Object.keys(o), o.c.name, o["d e"].name]; })()',
  '(() => { const d = new (process.getBuiltinModule?.("string_decoder") ?? require("string_decoder")).StringDecoder(); i[0] = 0x61829ce2; return d.write(new Uint8Array(s, 1, 2)) + d.write(new Uint8Array(s, 0, 1)) + d.end(new Uint8Array(s, 3, 1)); })()',
  '(() => { const f = () => i[0]; const m = { m() { return i[0]; } }.m; try { new m(); } catch (e) { return [f.prototype, m.prototype, e.name]; } })()',
];

test('functions that built-ins call are called as the language calls them', (t) => {
  const body = (expression: string): string =>
    `(s) => { const i = new Int32Array(s); i[9] = 0; return JSON.stringify([${expression}]); }`;
  const programs = CALLING.map(
    (expression, n) => `export const p${n} = program({ shared: () => new SharedArrayBuffer(64),
  threads: [${body(expression)}], outcome: ([text], s) => text + ' ' + new Uint8Array(s) });`,
  );
  const file = written(`import { program } from 'klp-smp/javascript';\n${programs.join('\n')}`);
  const bodies = CALLING.map((expression) => body(expression)).join(',\n');
  const script = `for (const f of [${bodies}]) { const s = new SharedArrayBuffer(64); console.log(f(s) + ' ' + new Uint8Array(s)); }`;
  const { stdout } = spawnSync(
    process.execPath,
    ['--no-warnings', '--input-type=module', '-e', script],
    { encoding: 'utf8' },
  );
  const native = stdout.trimEnd().split('\n');
  t.is(native.length, CALLING.length);
  for (const [n, expression] of CALLING.entries()) {
    const { key } = sessionOf(file, 'sc', { name: `p${n}` }).replay(DEFAULT_SCHEDULE);
    t.is(key, native[n]!, expression);
  }
});

/** A `log` of what the traps of proxies are asked for, and what comes of it. */
const PROXIES: readonly string[] = [
  'const p = new Proxy({ a: 1 }, { get(t, k, r) { log.push(String(k)); return Reflect.get(t, k, r); } }); return [p.a, p.b, i[0]];',
  'const p = new Proxy(function () { return 5; }, { get(t, k, r) { log.push(String(k)); return Reflect.get(t, k, r); } }); return [p(), p.call(null), typeof new p()];',
  'const p = new Proxy({}, { getOwnPropertyDescriptor(t, k) { log.push(k); }, has(t, k) { log.push(k); }, getPrototypeOf() { log.push("proto"); return null; } }); return [[p][0] === p, ((x) => x)(p) === p, i[0]];',
  'const p = new Proxy(() => 0, { apply: (t, self, args) => Atomics.add(i, 0, args[0]) }); return [p(3), p.call(null, 4), [5].map(p), i[0]];',
  'const p = new Proxy(class A { constructor(x) { this.x = x + i[0]; } }, { construct: (t, args, n) => Reflect.construct(t, [Atomics.add(i, 0, args[0]) + 2], n) }); return [new p(4).x, new p(1) instanceof p];',
  'class B extends new Proxy(class A { constructor() { this.v = Atomics.add(i, 0, 1); } get w() { return i[0]; } }, {}) { y = 2; } const b = new B(); return [b.v, b.w, b.y, b instanceof B];',
  'const far = (path) => new Proxy(() => 0, { get: (_, k) => (log.push(String(k)), far([...path, k])), apply: (_, __, args) => path.concat(args, Atomics.add(i, 0, 1)) }); return [far([]).a.b(1), far(["x"])(2)];',
  'const { proxy, revoke } = Proxy.revocable({ a: i }, {}); proxy.a[0] = 4; revoke(); try { proxy.a; } catch (e) { return [e.name, i[0]]; }',
  'const p = new Proxy([1, 2, 3], {}); return [p.map((x) => x + Atomics.add(i, 0, 1)), p.length, Array.isArray(p), [...p]];',
  'const wrap = (x) => new Proxy(x, { get: (t, k) => (typeof t[k] === "function" ? t[k].bind(t) : t[k]) }); class Q { #a = i; push(x) { return Atomics.add(this.#a, 0, x); } } return [wrap(new Q()).push(3), i[0]];',
];

test('traps of proxies see what the program does, and nothing of ours', (t) => {
  const body = (code: string): string =>
    `(s) => { const i = new Int32Array(s), log = []; i[1] = 0; const r = (() => { ${code} })(); return JSON.stringify([r, log, i[0]]); }`;
  for (const code of PROXIES) {
    const file = written(
      `import { program } from 'klp-smp/javascript';
export const it = program({ shared: () => new SharedArrayBuffer(8), threads: [${body(code)}], outcome: ([text]) => text });`,
    );
    const script = `console.log((${body(code)})(new SharedArrayBuffer(8)))`;
    const { stdout } = spawnSync(process.execPath, ['-e', script], { encoding: 'utf8' });
    t.is(sessionOf(file, 'sc').replay(DEFAULT_SCHEDULE).key, stdout.trimEnd(), code);
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
