/**
 * `npm run bench:litmus -- FOLDER [--against DIR] [--rounds N]`: the corpus on the axioms, cold, in this build and in another in turn;
 * and the wall time of `klp-smp conformance` with one worker and with two.
 */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { median } from 'simple-statistics';
import { UsageError } from '../src/errors.js';
import { renderTable } from '../src/report/table.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const CORPUS = fileURLToPath(new URL('./litmus-corpus.js', import.meta.url));
const SLOWEST = 10;

interface Timed {
  readonly name: string;
  readonly ms: number;
}

interface Pass {
  readonly total: number;
  /** Sum over the tests that are slowest in the first build. */
  readonly slowest: number;
}

function pass(build: string, folder: string): readonly Timed[] {
  const output = execFileSync(process.execPath, [CORPUS, build, folder], { encoding: 'utf8' });
  return JSON.parse(output) as Timed[];
}

const sum = (times: readonly Timed[]): number => times.reduce((s, { ms }) => s + ms, 0);

function summary(times: readonly Timed[], slow: ReadonlySet<string>): Pass {
  return { total: sum(times), slowest: sum(times.filter(({ name }) => slow.has(name))) };
}

/** Wall time of a whole run, in ms. */
function wall(build: string, folder: string, engine: string, workers: number): number {
  const main = join(build, 'dist', 'src', 'cli', 'main.js');
  const start = performance.now();
  const options = ['--on', engine, '--workers', String(workers), '--json'];
  execFileSync(process.execPath, [main, 'conformance', folder, ...options], {
    maxBuffer: 2 ** 28,
  });
  return performance.now() - start;
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { against: { type: 'string' }, rounds: { type: 'string', default: '5' } },
});
const [folder] = positionals;
const rounds = Number(values.rounds);
if (folder === undefined || !existsSync(folder) || !Number.isInteger(rounds) || rounds < 1) {
  throw new UsageError('give a folder of litmus tests with verdicts.jsonl, and --rounds from 1');
}
const builds = [...(values.against === undefined ? [] : [values.against]), ROOT];
const tests = existsSync(join(folder, 'tests')) ? join(folder, 'tests') : folder;
const first = pass(builds[0] ?? ROOT, tests);
const slow = new Set(
  [...first]
    .sort((a, b) => b.ms - a.ms)
    .slice(0, SLOWEST)
    .map(({ name }) => name),
);
const passes = builds.map((): Pass[] => []);
const walls = builds.map(() => new Map<string, number[]>());
for (let round = 0; round < rounds; round++) {
  builds.forEach((build, i) => {
    passes[i]?.push(summary(pass(build, tests), slow));
    for (const engine of ['axioms', 'machine']) {
      for (const workers of [1, 2]) {
        const key = `${engine}, ${workers} worker${workers === 1 ? '' : 's'}`;
        const known = walls[i]?.get(key) ?? [];
        walls[i]?.set(key, [...known, wall(build, folder, engine, workers)]);
      }
    }
  });
}

const cells = (value: (i: number) => number): string[] => {
  const all = builds.map((_, i) => value(i));
  const ratio = (all.at(-1) ?? 0) / (all[0] ?? 1);
  return [...all.map((ms) => ms.toFixed(0)), ...(all.length > 1 ? [ratio.toFixed(2)] : [])];
};
const of = (i: number, value: (p: Pass) => number): number => median((passes[i] ?? []).map(value));
const right = { align: 'right' as const };
const titles = builds.length > 1 ? ['other build, ms', 'this build, ms', 'ratio'] : ['ms'];
console.log(
  renderTable(
    [{ title: 'litmus' }, ...titles.map((title) => ({ title, ...right }))],
    [
      [`axioms, ${first.length} tests, summed`, ...cells((i) => of(i, (p) => p.total))],
      [`axioms, the slowest ${SLOWEST}, summed`, ...cells((i) => of(i, (p) => p.slowest))],
      ...[...(walls[0]?.keys() ?? [])].map((key) => [
        `conformance wall: ${key}`,
        ...cells((i) => median(walls[i]?.get(key) ?? [0])),
      ]),
    ],
  ),
);
const own = walls.at(-1);
for (const engine of ['axioms', 'machine']) {
  const two = median(own?.get(`${engine}, 2 workers`) ?? [0]);
  const one = median(own?.get(`${engine}, 1 worker`) ?? [1]);
  console.log(`${engine}: two workers take ${(two / one).toFixed(2)} of the time of one`);
}
console.log(`medians of ${rounds} rounds in turn, Node ${process.version}`);
