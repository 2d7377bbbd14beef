/** Expressions over `Atomics` and shared views with all kinds of arguments; what they come to in real engines is recorded in `arguments.txt`. */

const VIEWS =
  'new Int8Array(sab); new Uint8Array(sab); new Uint8ClampedArray(sab); new Int16Array(sab); new Uint16Array(sab); a; new Uint32Array(sab); new Float32Array(sab); new Float64Array(sab); b; new BigUint64Array(sab); new Int32Array(4); new BigInt64Array(2); new Uint8Array(2); new Float64Array(2); new DataView(sab); sab; []; ({}); null; undefined; 1';
const TIMEOUTS =
  '0; -1; -0; -Infinity; null; "0"; "-5"; ""; []; [-1]; false; 1n; Symbol(); ({ valueOf: () => -3 }); 0.4';
const NO_TIMEOUTS = 'undefined; NaN; Infinity; "x"; ({}); 1e300; -1; 0; 1n; Symbol()';
const INDICES =
  '0; 15; 16; -1; -0; -0.5; 0.9; 15.9; NaN; "1"; "x"; null; undefined; Infinity; -Infinity; 2**53; 1n; Symbol(); ({ valueOf: () => 2 }); [3]; true';
const VALUES =
  '0; 2**32; -(2**32); 2**31; 2**53 + 2; -(2**60); 1.5; "0"; "1"; "x"; null; undefined; NaN; Infinity; -0; 0n; Symbol(); ({}); [0]; true; false';
const BIG_VALUES =
  '0n; -1n; 2n**64n; 2n**64n + 5n; -(2n**64n); 1n; 0; 1.5; "0"; "7"; "x"; null; undefined; true; false; Symbol(); []';
const COUNTS =
  'undefined; 0; 1; NaN; Infinity; -Infinity; -1; -0.5; 0.9; "2"; "x"; null; 1n; Symbol(); ({}); []';
const INTEGERS = 'Int8Array; Uint8Array; Int16Array; Uint16Array; Int32Array; Uint32Array';
const SUMS = 'add; sub; and; or; xor; exchange';
const EVERY = 'load; store; add; exchange; compareExchange; wait; waitAsync; notify';

const split = (list: string): string[] => list.split('; ');

/** Each expression with each of the words put in for `_`. */
const over = (list: string, ...expressions: readonly string[]): string[] =>
  split(list).flatMap((word) => expressions.map((text) => text.replaceAll('_', word)));

const isBig = (view: string): boolean => /Big|^b$/.test(view);

/** An object that says when it is converted. */
const telling = (name: string, value: number): string =>
  `{ valueOf() { order.push("${name}"); return ${value}; } }`;
const ORDERS = [
  `Atomics.wait({}, ${telling('i', 0)}, ${telling('v', 1)}, ${telling('t', 0)})`,
  `Atomics.wait(a, ${telling('i', 0)}, ${telling('v', 1)}, ${telling('t', 0)})`,
  `Atomics.wait(a, ${telling('i', 99)}, ${telling('v', 1)}, 0)`,
  `Atomics.notify(a, ${telling('i', 0)}, ${telling('c', 1)})`,
  `Atomics.notify(new Int32Array(1), ${telling('i', 0)}, ${telling('c', 1)})`,
  `Atomics.notify(a, 99, ${telling('c', 1)})`,
  `Atomics.compareExchange(a, ${telling('i', 1)}, ${telling('e', 1)}, ${telling('v', 1)})`,
  `d.setInt32(${telling('i', 0)}, ${telling('v', 1)}, ${telling('l', 1)})`,
  `d.setInt32(${telling('i', 99)}, ${telling('v', 1)})`,
  `d.setInt32(${telling('i', -1)}, ${telling('v', 1)})`,
];

/** All expressions, in order: some leave something for the next. */
export const ARGUMENTS: readonly string[] = [
  ...split(VIEWS).flatMap((view) => {
    const value = isBig(view) ? '1n' : '1';
    return over('wait; waitAsync', `Atomics._(${view}, 0, ${value}, 0)`).concat([
      `Atomics.notify(${view}, 0)`,
      `Atomics.notify(${view}, 0, 1)`,
    ]);
  }),
  ...over(TIMEOUTS, 'Atomics.wait(a, 0, 0, _)', 'Atomics.waitAsync(a, 0, 0, _)'),
  ...over(NO_TIMEOUTS, 'Atomics.wait(a, 0, 5, _)', 'Atomics.waitAsync(a, 0, 5, _)'),
  ...over(INDICES, 'Atomics.wait(a, _, 5, 0)', 'Atomics.waitAsync(a, _, 5, 0)'),
  ...over(INDICES, 'Atomics.notify(a, _)', 'Atomics.notify(new Int32Array(16), _)'),
  ...over(INDICES, 'Atomics.load(a, _)', 'Atomics.store(a, _, 0)'),
  ...over(INDICES, 'Atomics.compareExchange(a, _, 0, 0)', 'd.getInt8(_)', 'd.setInt8(_, 0)'),
  ...over(VALUES, 'Atomics.wait(a, 8, _, 0)'),
  ...over(BIG_VALUES, 'Atomics.wait(b, 4, _, 0)', 'Atomics.waitAsync(b, 4, _, 0)'),
  ...over(COUNTS, 'Atomics.notify(a, 0, _)', 'Atomics.notify(new Int32Array(4), 0, _)'),
  ...over(COUNTS, 'Atomics.notify(b, 0, _)'),
  ...['Atomics.wait()', 'Atomics.notify()', 'Atomics.waitAsync()', 'Atomics.notify(a)'],
  ...[
    'new Atomics.wait(a, 0, 1)',
    'Atomics.wait.call(null, a, 0, 1)',
    'Atomics.wait(...[a, 0, 1])',
  ],
  ...['Reflect.apply(Atomics.wait, null, [a, 0, 1])', 'Atomics.wait.bind(null, a)(0, 1)'],
  ...['(({ wait }) => wait(a, 0, 1))(Atomics)', 'Atomics["wa" + "it"](a, 0, 1)'],
  ...['[1].map(Atomics.wait.bind(Atomics, a, 0))', 'globalThis.Atomics.wait(a, 0, 1)'],
  ...['Atomics?.wait?.(a, 0, 1)', '[a].map((v) => Atomics.wait(v, 0, 1))'],
  ...over(EVERY, 'typeof Atomics._', 'Atomics._.length', 'Atomics._.name'),
  ...['Object.prototype.toString.call(Atomics)', 'Object.keys(Atomics).length'],
  ...over('1; 2; 3; 4; 8; "4"; 0; undefined', 'Atomics.isLockFree(_)'),
  ...ORDERS.flatMap((text) => [`(order = [], ${text})`, 'order.join()']),
  ...over(VALUES, 'Atomics.store(a, 2, _)', 'Atomics.load(a, 2)', 'Atomics.store(a, 2, 77)'),
  ...over(VALUES, 'Atomics.add(a, 2, _)', 'Atomics.sub(a, 2, _)', 'Atomics.or(a, 2, _)', 'a[2]'),
  ...over(VALUES, 'Atomics.exchange(a, 2, _)', 'Atomics.compareExchange(a, 2, _, _)', 'a[2]'),
  ...over(VALUES, 'a[2] = _', 'a[2]', 'a.fill(_, 2, 3).length', 'a[2]', 'a.set([_], 2)', 'a[2]'),
  ...over(
    VALUES,
    'd.setInt16(4, _)',
    'd.getUint16(4)',
    'd.setFloat64(8, _, true)',
    'd.getFloat64(8, 1)',
  ),
  ...over(
    BIG_VALUES,
    'Atomics.store(b, 2, _)',
    'Atomics.load(b, 2)',
    'Atomics.add(b, 2, _)',
    'b[2]',
  ),
  ...over(BIG_VALUES, 'Atomics.compareExchange(b, 2, _, _)', 'b[2] = _', 'b[2]'),
  ...over(BIG_VALUES, 'u[2] = _', 'u[2]', 'Atomics.sub(u, 2, 7n)', 'Atomics.load(u, 2)'),
  ...over(BIG_VALUES, 'd.setBigInt64(16, _)', 'd.getBigUint64(16)', 'b.fill(_, 1, 2).length'),
  ...over(INTEGERS, 'Atomics.store(new _(sab), 5, 200)', 'Atomics.load(new _(sab), 5)'),
  ...split(INTEGERS).flatMap((type) =>
    over(
      SUMS,
      `Atomics.store(new ${type}(sab), 5, 200)`,
      `Atomics._(new ${type}(sab), 5, 70000)`,
    ).concat(`new ${type}(sab)[5]`),
  ),
  ...split(VIEWS).flatMap((view) =>
    over('load; store; add; compareExchange', `Atomics._(${view}, 0, 0, 0)`),
  ),
];

/** What `Atomics.pause` makes of its arguments, where an engine has it. */
export const PAUSES: readonly string[] = [
  ...[
    'Atomics.pause.length',
    'Atomics.pause.name',
    'Atomics.pause()',
    'Atomics.pause.call(null, 1)',
  ],
  ...over(
    'undefined; 0; 1; -1; -0; 100; 2**40; 2**64; 1.5; NaN; Infinity; "1"; null; true; 1n; Symbol(); ({}); [1]; ({ valueOf: () => 1 }); new Number(1)',
    'Atomics.pause(_)',
  ),
];

/** A CommonJS module that prints a line for each expression. */
export function moduleOf(expressions: readonly string[]): string {
  const lines = expressions.map((text) => `at(${JSON.stringify(text)}, () => (${text}));`);
  return `const sab = new SharedArrayBuffer(64);
const a = new Int32Array(sab), b = new BigInt64Array(sab), u = new BigUint64Array(sab), d = new DataView(sab);
let order = [];
const show = (v) => {
  if (typeof v === 'bigint') return v + 'n';
  if (typeof v !== 'object' || v === null) return Object.is(v, -0) ? '-0' : typeof v === 'string' ? JSON.stringify(v) : String(v);
  return 'async' in v ? \`{ \${v.async}, \${typeof v.value === 'string' ? v.value : Object.prototype.toString.call(v.value)} }\` : JSON.stringify(v);
};
const at = (text, f) => {
  let answer;
  try { answer = show(f()); } catch (e) { answer = \`\${e.name}: \${e.message}\`; }
  console.log(\`\${text} -> \${answer}\`);
};
${lines.join('\n')}
`;
}
