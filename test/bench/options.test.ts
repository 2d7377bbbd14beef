/** Options of the benchmarks in pairs: each of two has its effect beside the other, or both are refused in one line. */

import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import type { AgainstReport } from '../../bench/against.js';
import { drawChart } from '../../bench/chart.js';
import type { Change } from '../../bench/compare.js';
import { environmentOf, type Report } from '../../bench/results.js';
import { runEntry } from '../cli/child.js';
import { sameBuild } from './builds.js';

const EXAMPLE = fileURLToPath(new URL('./example.bench.js', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'bench-options-'));
const at = (name: string): string => join(folder, name);

/** What a run left. */
interface Left {
  readonly stdout: string;
  readonly saved: unknown;
}

/** Options, and what each of them leaves. */
const EFFECTS: Readonly<Record<string, readonly [given: string, has: (left: Left) => boolean]>> = {
  rounds: ['--rounds=4', ({ saved }) => (saved as Report).environment.rounds === 4],
  time: ['--time=3ms', ({ saved }) => (saved as Report).environment.timeMs === 3],
  only: [
    '--only=count,together',
    ({ saved }) => (saved as Report).results.every(({ name }) => name !== 'sum'),
  ],
  row: [
    '--row=se',
    ({ saved }) =>
      (saved as Report).results.map(({ rows }) => rows.map((r) => r.task).join()).join(' ') ===
      'all,seeded one,first,second',
  ],
  save: [`--save=${at('saved.json')}`, ({ saved }) => saved !== undefined],
  chart: [
    `--chart=${at('chart.svg')}`,
    () => readFileSync(at('chart.svg'), 'utf8').includes('seeded'),
  ],
  compare: [
    `--compare=${at('before.json')}`,
    ({ saved }) =>
      (saved as { changes?: readonly Change[] }).changes?.some(
        ({ task, verdict, now }) => task === 'seeded' && verdict !== 'new' && now === 0.75,
      ) === true,
  ],
  seed: ['--seed=3', ({ saved }) => (saved as Report).environment.seed === 3],
  json: [
    '--json',
    ({ stdout, saved }) => JSON.stringify(JSON.parse(stdout)) === JSON.stringify(saved),
  ],
};

writeFileSync(
  at('before.json'),
  JSON.stringify({
    results: [{ name: 'count', rows: [{ task: 'seeded', ratio: 0.75, ratioSpread: 0 }] }],
  }),
);

async function leaves(args: readonly string[]) {
  const { exitCode, stdout, stderr } = await runEntry(EXAMPLE, [...args]);
  const file = at('saved.json');
  const saved: unknown = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined;
  return { exitCode, stderr, left: { stdout, saved } };
}

test.serial('every option has its effect beside every other but --against', async (t) => {
  const { exitCode, stderr, left } = await leaves(Object.values(EFFECTS).map(([given]) => given));
  t.deepEqual([exitCode, stderr], [0, '']);
  for (const [name, [, has]] of Object.entries(EFFECTS)) t.true(has(left), name);
});

test.serial('without --json the table is printed, and says where the chart is', async (t) => {
  const args = ['--rounds=3', '--time=2ms', '--only=count', `--chart=${at('second.svg')}`];
  const { stdout } = await runEntry(EXAMPLE, args);
  t.regex(stdout, /^seeded +0\.250 /m);
  t.true(stdout.includes(`chart: ${at('second.svg')}`));
});

/** What --against leaves of the options that it has an effect beside. */
const BESIDE_AGAINST: readonly (readonly [
  given: string,
  has: (report: AgainstReport) => boolean,
])[] = [
  ['--rounds=4', ({ pairs }) => pairs === 4],
  ['--time=3ms', ({ environment }) => environment.timeMs === 3],
  ['--only=count', ({ results }) => results.length === 1],
  ['--seed=3', ({ results }) => results[0]?.rows[1]?.now === 3072],
];

test.serial('--against has its effect beside the options that it takes', async (t) => {
  const given = BESIDE_AGAINST.map(([option]) => option);
  const file = at('against.json');
  const args = [...given, `--against=${sameBuild(EXAMPLE)}`, `--save=${file}`, '--json'];
  const { exitCode, stdout, stderr } = await runEntry(EXAMPLE, args);
  t.deepEqual([exitCode, stderr], [0, '']);
  const report = JSON.parse(stdout) as AgainstReport;
  t.deepEqual(JSON.parse(readFileSync(file, 'utf8')), report);
  for (const [option, has] of BESIDE_AGAINST) t.true(has(report), option);
});

const REFUSED: readonly (readonly [args: string, says: RegExp])[] = [
  ['--against=. --chart=x.svg', /--chart has no effect beside --against/],
  ['--against=. --row=se', /--row has no effect beside --against/],
  [`--against=. --compare=${at('before.json')}`, /--compare has no effect beside --against/],
  ['--only=sum --seed=3', /--seed has no effect with --only sum: nothing is drawn/],
  ['--against=. --only=sum --seed=3', /--seed has no effect with --only sum/],
  [
    `--only=sum --compare=${at('before.json')}`,
    /--compare has no effect: '.*before\.json' has none of the rows to be measured/,
  ],
  [`--row=second --compare=${at('before.json')}`, /--compare has no effect/],
  ['--only=count --row=first', /--row: no row of count has a name with 'first' in it/],
  [`--save=${at('one')} --chart=${folder}/./one`, /--save and --chart both write to '.*one'/],
  ['--only=count,count', /--only: 'count' is given twice/],
  ['--only=count --only=sum', /--only is given twice; give all its items at once, with commas/],
];

for (const [args, says] of REFUSED) {
  test(`refused before anything is measured: ${args.replaceAll(folder, '')}`, async (t) => {
    const { exitCode, stdout, stderr } = await runEntry(EXAMPLE, args.split(' '));
    t.regex(stderr, says);
    t.deepEqual([exitCode, stdout, stderr.trim().split('\n').length], [2, '', 1]);
  });
}

test('a chart has room for the longest name of a row, and draws a round that took no time', async (t) => {
  const name = 'in transition, TypeScript on wasm, 4 CPUs, and some more';
  const row = { value: 1, spread: 0, ratioSpread: 0 };
  const svg = await drawChart({
    environment: environmentOf(1, 3, 1),
    results: [
      {
        ...{ name: 'long', unit: 'ns', better: 'lower' },
        rows: [
          { ...row, task: 'one', ratio: 1 },
          { ...row, task: name, ratio: 2, ratioRange: [2, Infinity] },
        ],
      },
    ],
  });
  const [, end] = new RegExp(`transform="translate\\((\\d+)[^>]*>${name}<`).exec(svg) ?? [];
  t.true(Number(end) > 6.5 * name.length, end);
  t.true(svg.includes('2.00 ×'));
  t.notRegex(svg, /NaN|Infinity/);
});
