import test from 'ava';
import { DEFAULT_SCHEDULE } from '../../src/explorer/engine/schedule.js';
import { sessionOf, written } from './programs.js';

const HEAD = "import { program } from 'klp-smp/javascript';\n";
const OTHER = 'export function other() { return other.calls ?? 0; }\nexport class Box {}\n';
const withThreads = (top: string, threads: string): string =>
  `${HEAD}${top}\nexport const it = program({ shared: () => new Int32Array(new SharedArrayBuffer(8)), threads: [${threads}] });`;
const reading = (expression: string): string =>
  `(w) => { Atomics.add(w, 0, 1); return ${expression}; }, (w) => Atomics.load(w, 0)`;

/** Modules of which one instance serves all threads and executions. */
const SHARED: readonly string[] = [
  withThreads(
    'const LIST = [1, 2]; const TABLE = { a: 1, f: (x) => x + 1 };',
    reading('LIST[0] + TABLE.f(TABLE.a) + LIST.length'),
  ),
  withThreads(
    'const LIST = [1, 2];',
    reading('LIST.map((x) => x + 1).includes(3) ? [...LIST].length : 0'),
  ),
  withThreads(
    'const LIST = [1, 2];',
    '(w) => { for (const x of LIST) w[x - 1] = x; return 1 in LIST; }, (w) => w[0]',
  ),
  withThreads(
    'const STATE = Object.freeze({ IDLE: 0, BUSY: 1 }); export const OPEN = Object.freeze([1]);',
    reading('STATE.BUSY + OPEN[0]'),
  ),
  withThreads(
    'const { load, add } = Atomics; const MAX = 1 > 0 ? 2 : 3;',
    '(w) => add(w, 0, MAX), (w) => load(w, 0)',
  ),
  withThreads(
    'const adds = (n) => { const twice = 2 * n; return (w) => Atomics.add(w, 0, twice); };',
    'adds(1), adds(2)',
  ),
  withThreads(
    "import { other, Box } from './other.js';",
    reading('other() + (new Box() instanceof Box ? 1 : 0)'),
  ),
];

/** Modules that could keep something: each thread of each execution gets its own. What the first thread returns is that of fresh modules. */
const FRESH: Readonly<Record<string, string>> = {
  'a variable': withThreads('let n = 0;', reading('++n')),
  'a list that grows': withThreads('const list = [1];', reading('list.push(2)')),
  'a list that is handed on': withThreads(
    'const list = [1]; const grow = (x) => x.push(2);',
    reading('grow(list)'),
  ),
  'a list by another name': withThreads(
    'const list = [1]; const same = list;',
    reading('same.push(2)'),
  ),
  'a list as the third argument': withThreads(
    'const list = [1];',
    reading('list.map((x, i, all) => all.push(1))[0]'),
  ),
  'a table whose function changes it': withThreads(
    'const table = { n: 0, next: function () { return ++this.n; } };',
    reading('table.next()'),
  ),
  'a member that is deleted': withThreads(
    'const table = { n: 1 };',
    reading("(delete table.n, 'n' in table ? 2 : Object.keys(table).length)"),
  ),
  'a member that a pattern assigns': withThreads(
    'const table = { n: 0 };',
    reading('(([table.n] = [table.n + 1]), table.n)'),
  ),
  'a list within a list': withThreads('const table = { list: [] };', reading('table.list.push(1)')),
  'a map': withThreads('const map = new Map();', reading('map.set(map.size, 1).size')),
  'an expression with a place of its own': withThreads(
    'const word = /a/g;',
    reading("word.test('aa') ? word.lastIndex : 9"),
  ),
  'a closure in the declaration': withThreads(
    'const counter = () => { let n = 0; return (w) => Atomics.add(w, 0, 1) + ++n; };',
    'counter(), (w) => w[1]',
  ),
  'a closure over a list': withThreads(
    'const counter = () => { const all = []; return (w) => Atomics.add(w, 0, 1) + all.push(1); };',
    'counter(), (w) => w[1]',
  ),
  'a parameter that changes': withThreads(
    'const counter = (n) => (w) => Atomics.add(w, 0, 1) + ++n;',
    'counter(0), (w) => w[1]',
  ),
  'a closure of a called function': withThreads(
    'const inner = () => { let n = 0; return () => ++n; }; const outer = () => { const next = inner(); return (w) => Atomics.add(w, 0, 1) + next(); };',
    'outer(), (w) => w[1]',
  ),
  'a function of another module': withThreads(
    "import { other } from './other.js';",
    reading('(other.calls = other() + 1)'),
  ),
  'a class of another module': withThreads(
    "import { Box } from './other.js';",
    reading('(Box.made = (Box.made ?? 0) + 1)'),
  ),
  'a class by its static method': withThreads(
    'class Ids { static next() { this.n = (this.n ?? 0) + 1; return this.n; } }',
    reading('Ids.next()'),
  ),
};

const sessionOfText = (text: string) =>
  sessionOf(written(text, 'program.js', { 'other.js': OTHER }), 'sc');

test('modules that nothing can change are evaluated once', (t) => {
  for (const text of SHARED) {
    const session = sessionOfText(text);
    t.true(session.compiled.isStateless, text);
    const [first, second] = [0, 1].map(() => session.replay(DEFAULT_SCHEDULE).key);
    t.is(first, second);
  }
});

for (const [what, text] of Object.entries(FRESH)) {
  test(`fresh in every execution: ${what}`, (t) => {
    const session = sessionOfText(text);
    t.false(session.compiled.isStateless);
    const keys = [0, 1, 2].map(() => session.replay(DEFAULT_SCHEDULE).key);
    t.is(new Set(keys).size, 1, keys.join(' | '));
  });
}
