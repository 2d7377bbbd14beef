import test from 'ava';
import { explore } from '../../src/campaign/explore.js';
import { replay } from '../../src/campaign/replay.js';
import { programText, explored, keysOf, sessionOf, written } from './programs.js';

const look = '(sab) => Atomics.load(new Int32Array(sab), 0)';
const draw =
  '(sab) => { const low = Math.random() < 0.5; Atomics.store(new Int32Array(sab), 0, low ? 1 : 2); return low; }';
const drawing = written(programText(16, [draw, look]));

test('Math.random is drawn anew in each random execution, from the seed', (t) => {
  const all = ['false, 0', 'false, 2', 'true, 0', 'true, 1'];
  const digestOf = (seed: number): number => {
    const { tally } = explored(sessionOf(drawing), { kind: 'random', seed }, 200);
    t.deepEqual(keysOf(tally.outcomes), all);
    t.deepEqual(tally.asked, ['Math.random']);
    return tally.digest;
  };
  t.not(digestOf(1), digestOf(2));
  t.is(digestOf(1), digestOf(1));
});

test('each token replays the execution with the numbers that it drew', async (t) => {
  const { outcomes } = await explore({ scenario: drawing, executions: 100 });
  t.is(outcomes.length, 4);
  for (const { key, token } of outcomes) {
    const { verdict, changed } = await replay({ token, file: drawing });
    t.is(verdict.key, key);
    t.is(changed, null);
  }
});

test('an exhaustive search says that it is one for one value', async (t) => {
  const { exhausted, fixed, outcomes } = await explore({ scenario: drawing, strategy: 'dfs' });
  t.true(exhausted);
  t.deepEqual(fixed, ['Math.random']);
  t.is(outcomes.length, 2);
});

test('what a thread draws does not depend on the others', (t) => {
  const both =
    '(sab) => { const r = Math.random(); Atomics.load(new Int32Array(sab), 0); return r; }';
  const { tally } = explored(sessionOf(written(programText(16, [both, both]))));
  t.is(tally.outcomes.length, 1);
});

for (const [what, threads, message] of [
  ['no thread', ['() => 1', '() => 2'], /no thread accesses shared memory/],
  ['one thread', [look, '() => 2'], /thread 1 does not access shared memory/],
] as const) {
  test(`a program of which ${what} accesses shared memory is refused`, (t) => {
    t.throws(() => sessionOf(written(programText(16, threads))), { code: 'ERR_USAGE', message });
  });
}

test('a notifier accesses shared memory, and so does a sleeper', (t) => {
  const notify = '(sab) => Atomics.notify(new Int32Array(sab), 0)';
  const sleep = '(sab) => Atomics.wait(new Int32Array(sab), 0, 0, 5)';
  t.notThrows(() => sessionOf(written(programText(16, [notify, sleep]))));
});

test('a file is an ES module where only that can be meant, whatever lies around it', (t) => {
  const text = programText(16, [look, look]);
  const json = (type?: string) => ({ 'package.json': JSON.stringify(type ? { type } : {}) });
  t.notThrows(() => sessionOf(written(text, 'plain.js', json())));
  const cjs = text.replace(/import .*;/, "const { program } = require('klp-smp/javascript');");
  const common = cjs.replace('export const it =', 'exports.it =');
  t.notThrows(() => sessionOf(written(common, 'common.js', json())));
  t.throws(() => sessionOf(written(text, 'forced.js', json('commonjs'))), {
    message: /forced\.js:1: .*; "type" in .*package\.json makes it CommonJS$/,
  });
  t.throws(() => sessionOf(written(text, 'x.cjs')), { message: /x\.cjs:1: .*\.cjs makes it/ });
  t.throws(() => sessionOf(written(text, 'p.js', { 'package.json': '{' })), {
    code: 'ERR_USAGE',
    message: /package\.json: is not JSON/,
  });
});

test('threads that spin for ever are told from those that count', (t) => {
  const run = (body: string) => {
    const file = written(
      programText(16, [`(s) => { const a = new Int32Array(s); ${body} }`], 'steps: 300,'),
    );
    return keysOf(explored(sessionOf(file), { kind: 'random', seed: 1 }, 3).tally.outcomes);
  };
  t.deepEqual(run('while (Atomics.load(a, 0) === 0);'), ['livelock']);
  t.deepEqual(run('do {} while (!Atomics.load(a, 0) && Atomics.load(a, 1) < 3);'), ['livelock']);
  t.deepEqual(run('let n = 0; while (Atomics.load(a, 0) === 0) n++;'), [
    'no end within 900 operations',
  ]);
  t.deepEqual(run('for (let i = 0; i < 1000; i++) Atomics.load(a, 0);'), [
    'no end within 900 operations',
  ]);
});

const RANDOM = `(sab) => {
  const shared = new Uint16Array(sab);
  const words = crypto.getRandomValues(new Uint32Array(64));
  const filled = nodeCrypto.randomFillSync(new Uint8Array(8), 2, 3);
  crypto.getRandomValues(shared);
  return [
    Math.max(...words) > 0xffff, Math.max(...shared) > 0xff, filled[1] === 0 && filled[5] === 0,
    /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(nodeCrypto.randomUUID()),
    nodeCrypto.randomBytes(40).length, nodeCrypto.webcrypto === crypto, nodeCrypto.randomInt(5) < 5,
    nodeCrypto.randomInt(7, 8), Date() === new Date().toString(), Date.now(), structuredClone(new Date(5)) instanceof Date,
    new Intl.DateTimeFormat('en', { timeZone: 'UTC' }).format(), performance.now(),
    Intl.DateTimeFormat('en', { timeZone: 'UTC' }).format(0),
    typeof Temporal === 'undefined' ? 1577836800000 : Temporal.Now.instant().epochMilliseconds,
    tried(() => crypto.getRandomValues(new Float32Array(1))), tried(() => nodeCrypto.randomInt(5, 4)), tried(() => nodeCrypto.randomBytes(-1)),
    words.join('') + shared.join('') + nodeCrypto.randomBytes(9).toString('hex') + nodeCrypto.randomInt(2 ** 40),
  ].join(' ');
}`;

const randomFile = written(
  `import nodeCrypto from 'node:crypto';
  const tried = (f) => { try { return f(); } catch (e) { return e.name; } };
  ${programText(256, [RANDOM])}`,
  'program.mjs',
);

test('whatever crypto draws comes from the seed, and time is virtual', (t) => {
  const draw = (seed: number): string => {
    const { tally } = explored(sessionOf(randomFile), { kind: 'random', seed }, 1);
    t.deepEqual(tally.asked, ['Date', 'crypto', 'performance']);
    return tally.outcomes[0]?.key ?? '';
  };
  const first = draw(1);
  t.is(draw(1), first);
  t.not(draw(2), first);
  t.regex(
    first,
    /^"true true true true 40 true true 7 true 1577836800000 true 1\/1\/2020 0 1\/1\/1970 1577836800000 TypeMismatchError RangeError RangeError /,
  );
});

test('random values that are asked for with a callback come later, from the seed too', (t) => {
  const thread = `async (sab) => {
    Atomics.load(new Int32Array(sab), 0);
    let isLater = false;
    const bytes = await new Promise((done) => {
      nodeCrypto.randomBytes(4, (error, value) => done([isLater, value.toString('hex')]));
      isLater = true;
    });
    return [...bytes, await new Promise((done) => nodeCrypto.randomInt(2 ** 30, (e, n) => done(n)))].join();
  }`;
  const file = written(`import nodeCrypto from 'node:crypto';\n${programText(8, [thread])}`);
  const key = (): string =>
    explored(sessionOf(file), { kind: 'random', seed: 3 }, 1).tally.outcomes[0]?.key ?? '';
  t.regex(key(), /^"true,[0-9a-f]{8},\d+"$/);
  t.is(key(), key());
});
