/** `klp-smp litmus` and `klp-smp conformance` as a user calls them. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import type { LitmusReport } from '../../src/litmus/job.js';
import { shape, SHAPES, SHAPES_FOLDER } from '../litmus/shapes.js';
import { runMain } from './child.js';

const folder = mkdtempSync(join(tmpdir(), 'klp-smp-litmus-'));
test.after.always(() => rmSync(folder, { recursive: true, force: true }));

test('a forbidden outcome comes with its cycle and the fences it rests on', async (t) => {
  const { exitCode, stdout } = await runMain('litmus', shape('MP+wmb+rmb').file);
  t.is(exitCode, 0);
  t.regex(stdout, /^Test MP\+wmb\+rmb Allowed\nStates 3\n/);
  t.regex(stdout, /\nObservation MP\+wmb\+rmb Never 0 3\n/);
  t.regex(stdout, /→ wmb: smp_wmb\(\), line \d+/);
  t.regex(stdout, /It would be allowed\n {2}P0, line \d+: without smp_wmb\(\)/);
});

test('--json of a test holds its states, verdict and reason, and --no-why leaves the reason out', async (t) => {
  const { stdout } = await runMain('litmus', shape('SB+onces').file, '--json');
  const report = JSON.parse(stdout) as LitmusReport;
  t.is(report.observation, 'Sometimes');
  t.is(report.states.length, 4);
  t.like(report.why?.data, { allowed: true });
  const bare = await runMain('litmus', shape('SB+onces').file, '--json', '--no-why');
  t.false('why' in (JSON.parse(bare.stdout) as object));
});

test('--dot and --svg draw the execution, the cycle of a forbidden one in red', async (t) => {
  const [dot, svg] = [join(folder, 'a.dot'), join(folder, 'a.svg')];
  const { exitCode } = await runMain('litmus', shape('SB+mbs').file, '--dot', dot, '--svg', svg);
  t.is(exitCode, 0);
  t.regex(readFileSync(dot, 'utf8'), /label=" {2}fr {2}", color=red/);
  t.regex(readFileSync(svg, 'utf8'), /<svg[^]*WRITE_ONCE[^]*<\/svg>/);
});

test('a folder runs on a pool of workers: a line a test, a bad file among them, a summary', async (t) => {
  const mixed = join(folder, 'mixed');
  mkdirSync(mixed);
  for (const { name, source } of SHAPES.slice(0, 6))
    writeFileSync(join(mixed, `${name}.litmus`), source);
  writeFileSync(join(mixed, 'zz.litmus'), 'C zz\n{}\nP0(int *x) { smp_mbx(); }\nexists (x=1)\n');
  const { exitCode, stdout, stderr } = await runMain('litmus', mixed, '--workers', '2');
  t.is(exitCode, 2, 'a file that failed is no success');
  t.is(stderr, '');
  t.is(stdout.match(/^Observation /gm)?.length, 6);
  t.regex(stdout, /error: .*zz\.litmus:3:14: unknown primitive smp_mbx\(\)/);
  t.regex(stdout, /refused +1\n/);
  t.regex(stdout, /bugs of ours +0\n/);
});

test('--model chooses the kernel version whose memory model judges', async (t) => {
  const file = join(folder, 'relseq.litmus');
  writeFileSync(
    file,
    `C relseq\n{}\nP0(int *x, atomic_t *y) { WRITE_ONCE(*x, 1); smp_wmb(); atomic_set(y, 1); }
P1(atomic_t *y) { int r0 = atomic_fetch_add_relaxed(1, y); }
P2(int *x, atomic_t *y) { int r0 = atomic_read_acquire(y); int r1 = READ_ONCE(*x); }
exists (1:r0=1 /\\ 2:r0=2 /\\ 2:r1=0)\n`,
  );
  t.regex((await runMain('litmus', file)).stdout, /\nObservation relseq Sometimes 1 /);
  const later = await runMain('litmus', file, '--model', '7.3');
  t.regex(later.stdout, /\nObservation relseq Never 0 /);
  t.regex(later.stdout, /is read, and overwritten, by read-modify-writes up to/);
});

test('--models compares the models and names the rule that makes the difference', async (t) => {
  const dir = join(folder, 'models');
  mkdirSync(dir);
  writeFileSync(
    join(dir, 'relseq.litmus'),
    `C relseq\n{}\nP0(int *x, atomic_t *y) { WRITE_ONCE(*x, 1); smp_wmb(); atomic_set(y, 1); }
P1(atomic_t *y) { int r0 = atomic_fetch_add_relaxed(1, y); }
P2(int *x, atomic_t *y) { int r0 = atomic_read_acquire(y); int r1 = READ_ONCE(*x); }
exists (1:r0=1 /\\ 2:r0=2 /\\ 2:r1=0)\n`,
  );
  writeFileSync(join(dir, 'sb.litmus'), shape('SB+mbs').source);
  const one = await runMain('litmus', join(dir, 'relseq.litmus'), '--models', 'all');
  t.is(one.exitCode, 0);
  t.regex(one.stdout, /\n6\.1 +Sometimes +1 /);
  t.regex(one.stdout, /\n7\.3 +Never +0 /);
  t.regex(one.stdout, /From 6\.1 to 6\.12 the difference is made by\n {2}rmw-sequence: /);
  t.regex(one.stdout, /\n {2}only in 6\.1: 1:r0=1; 2:r0=2; 2:r1=0;\n/);
  const all = await runMain('litmus', dir, '--models', '6.1,7.3');
  t.regex(
    all.stdout,
    /^relseq: 6\.1 Sometimes .*, 7\.3 Never .* {2}\(6\.1 to 7\.3 by rmw-sequence\)\n/,
  );
  t.regex(all.stdout, /models disagree +1\n/);
});

const wrong: readonly (readonly [why: string, args: readonly string[], message: RegExp])[] = [
  ['no such file', ['litmus', '/nowhere.litmus'], /'\/nowhere\.litmus' does not exist/],
  ['unknown engine', ['litmus', SHAPES_FOLDER, '--on', 'magic'], /--on: 'magic' is not accepted/],
  [
    'a drawing of a folder',
    ['litmus', SHAPES_FOLDER, '--svg', join(tmpdir(), 'x.svg')],
    /is a folder/,
  ],
  ['unknown model', ['litmus', SHAPES_FOLDER, '--model', '5.4'], /--model: '5\.4' is not accepted/],
  [
    'a model that the engine does not have',
    ['litmus', SHAPES_FOLDER, '--model', '7.3', '--on', 'machine'],
    /--model has no effect with --on machine; it needs axioms/,
  ],
  ['a folder without verdicts', ['conformance', SHAPES_FOLDER], /has no verdicts\.jsonl/],
  [
    'a test that is none',
    ['litmus', fileURLToPath(import.meta.url)],
    /:\d+:1: this is a test for \w+: expected a C litmus test/,
  ],
];

for (const [why, args, message] of wrong) {
  test(`wrong usage ends with 2 and one line: ${why}`, async (t) => {
    const { exitCode, stderr } = await runMain(...args);
    t.is(exitCode, 2);
    t.regex(stderr, message);
    t.is(stderr.trim().split('\n').length, 1);
  });
}

/** A folder with recorded verdicts for three shapes, one of them changed by `edit`. */
function recorded(name: string, edit: (states: string[]) => string[]): string {
  const dir = join(folder, name);
  mkdirSync(join(dir, 'tests'), { recursive: true });
  const states: Record<string, string[]> = {
    'MP+onces': ['1:r0=0; 1:r1=0;', '1:r0=0; 1:r1=1;', '1:r0=1; 1:r1=0;', '1:r0=1; 1:r1=1;'],
    'LB+onces': ['0:r0=0; 1:r0=0;', '0:r0=0; 1:r0=1;', '0:r0=1; 1:r0=0;', '0:r0=1; 1:r0=1;'],
    'SB+mbs': edit(['0:r0=0; 1:r0=1;', '0:r0=1; 1:r0=0;', '0:r0=1; 1:r0=1;']),
  };
  const lines = Object.entries(states).map(([test, list]) => {
    writeFileSync(join(dir, 'tests', `${test}.litmus`), shape(test).source);
    const [positive, negative] = test === 'SB+mbs' ? [0, 3] : [1, 3];
    return JSON.stringify({
      test: `${test}.litmus`,
      states: list,
      flags: [],
      positive,
      negative,
      herdSeconds: 1,
    });
  });
  writeFileSync(join(dir, 'verdicts.jsonl'), lines.join('\n'));
  return dir;
}

test('conformance counts equal state sets and ends with 0 when no state is outside', async (t) => {
  const dir = recorded('equal', (states) => states);
  const { exitCode, stdout } = await runMain('conformance', dir, '--on', 'axioms');
  t.is(exitCode, 0);
  t.regex(stdout, /equal state sets +3 \(100\.00 %\)/);
  t.regex(stdout, /states outside \(must be 0\) +0\n/);
});

test('conformance ends with 1 when an engine shows a state that was not recorded', async (t) => {
  const dir = recorded('outside', (states) => states.slice(1));
  const { exitCode, stdout } = await runMain('conformance', dir, '--on', 'axioms');
  t.is(exitCode, 1);
  t.regex(stdout, /states outside \(must be 0\) +1\n/);
  t.regex(stdout, /axioms: SB\+mbs\.litmus: 1 outside, 0 missing/);
});

test('conformance counts recorded states that an engine does not show', async (t) => {
  const dir = recorded('missing', (states) => [...states, '0:r0=0; 1:r0=0;']);
  const { exitCode, stdout } = await runMain('conformance', dir, '--on', 'axioms');
  t.is(exitCode, 1);
  t.regex(stdout, /missing: other +1 in 1 tests/);
  t.regex(stdout, /equal state sets +2 /);
});

test('conformance ends with 1 when herd7 counts other executions, or refuses a test that has an answer here', async (t) => {
  const line = { states: ['[x]=1;'], flags: [], positive: 2, negative: 0, herdSeconds: 1 };
  const verdicts = (name: string, ...lines: object[]): string => {
    const dir = join(folder, name);
    mkdirSync(dir);
    for (const test of ['one.litmus', 'two.litmus', 'null.litmus']) {
      const body = test !== 'null.litmus' ? 'WRITE_ONCE(*x, 1);' : 'int r0 = READ_ONCE(*r1);';
      writeFileSync(join(dir, test), `C t\n{}\nP0(int *x) { ${body} }\nexists (x=1)\n`);
    }
    writeFileSync(join(dir, 'verdicts.jsonl'), lines.map((l) => JSON.stringify(l)).join('\n'));
    return dir;
  };
  const codeOf = async (dir: string): Promise<number | null> =>
    (await runMain('conformance', dir, '--on', 'axioms')).exitCode;
  const refused = { test: 'null.litmus', verdict: 'REFUSED' };
  const right = { ...line, test: 'one.litmus', positive: 1 };
  t.is(await codeOf(verdicts('right', right, refused)), 0);
  t.is(await codeOf(verdicts('counts', { ...line, test: 'one.litmus' }, refused)), 1);
  t.is(await codeOf(verdicts('answered', right, { ...refused, test: 'two.litmus' })), 1);
  t.is(await codeOf(verdicts('answer', right, { ...line, test: 'null.litmus' })), 2);
});

test('conformance --missing lists the tests that lack states, with what is shown of how many', async (t) => {
  const dir = recorded('listed', (states) => [...states, '0:r0=7; 1:r0=7;']);
  const file = join(folder, 'missing.md');
  const args = ['--on', 'machine', '--seek', '100', '--missing', file];
  const { exitCode } = await runMain('conformance', dir, ...args);
  t.is(exitCode, 0);
  const lines = readFileSync(file, 'utf8').split('\n');
  t.is(lines[0], '# States that `machine` did not show');
  t.deepEqual(
    lines.filter((line) => line.startsWith('| `')),
    ['| `SB+mbs.litmus` | 3 / 4        | 2500 |'],
  );
});

for (const [what, body, end] of [
  ['a filter that nothing passes', 'r0 = READ_ONCE(*x);', 'filter (0:r0=7)\nexists (0:r0=1)'],
  ['a lock that is never given back', 'spin_lock(s); spin_lock(s);', 'exists (x=1)'],
] as const) {
  test(`${what} leaves no execution: nothing is explained, and nothing was tested`, async (t) => {
    const file = join(mkdtempSync(join(tmpdir(), 'klp-litmus-')), 'none.litmus');
    writeFileSync(file, `C none\n{}\nP0(int *x, spinlock_t *s) { int r0; ${body} }\n${end}\n`);
    const { exitCode, stdout, stderr } = await runMain('litmus', file);
    t.is(exitCode, 2);
    t.regex(stdout, /\nStates 0\n[^]*No execution at all/);
    t.notRegex(stdout, /carries|Why not/);
    t.regex(stderr, /^klp-smp: .*none\.litmus: there is no execution: nothing was checked\n$/);
  });
}

test('a folder on the axioms and on the machine leaves standard error empty: V8 knows the flag that it is given', async (t) => {
  for (const on of ['axioms', 'machine']) {
    const { exitCode, stderr } = await runMain('litmus', 'test/litmus/shapes', '--on', on);
    t.deepEqual([exitCode, stderr], [0, ''], on);
  }
});
