/**
 * `npm run bench:stress -- [--against DIR]`: what `klp-smp stress` covers in a second, and how soon it finds what is broken on
 * purpose, in this build and in another in turn. Both builds run as commands, so that the other may be of any age.
 */

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { median } from 'simple-statistics';
import { duration, existingFolder, integerIn, seed } from '../src/campaign/options/rules.js';
import { WATCHING, type Watching } from '../src/campaign/options/progress.js';
import { fillCommand, JSON_OPTION, type Given } from '../src/cli/command.js';
import { runProgram } from '../src/cli/program.js';
import { runUseCase } from '../src/cli/use-case.js';
import { SimulatorBug, UsageError } from '../src/errors.js';
import { formatNumber, renderTable, type Column } from '../src/report/table.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const MACHINE = ['--cpus=4', '--tasks=256'];
/** Runs in which something is broken, with what breaks it. */
const BROKEN: Readonly<Record<string, readonly string[]>> = {
  stackCheckPasses: ['--sabotage=stackCheckPasses'],
  noCopyProcess: ['--sabotage=noCopyProcess'],
  noTasklistLock: ['--sabotage=noTasklistLock'],
  noSync: ['--sabotage=noSync'],
  'without O-04, weak memory': ['--ablate=O-04', '--memory=weak'],
};
/** Results by which a transition begins or turns round, and a CPU goes; earlier builds call success 0. */
const TRANSITION = /^(?:enable|disable|reverse|force): (?:0|ok)$/;
const CPU_DOWN = /^cpu down: (?:0|ok)$/;

const TABLE = {
  ...WATCHING,
  rounds: {
    rule: integerIn({ min: 1, max: 1000 }),
    about: 'runs of the intact machine in each build',
    fallback: 3,
    flags: '--rounds <n>',
  },
  durationMs: {
    rule: duration,
    about: 'such a run',
    fallback: 10_000,
    shown: '10s',
    flags: '--duration <time>',
  },
  seeds: {
    rule: integerIn({ min: 0, max: 1000 }),
    about: 'runs of each broken machine in each build',
    fallback: 5,
    flags: '--seeds <n>',
  },
  patienceMs: {
    rule: duration,
    about: 'how long to look for a finding',
    fallback: 60_000,
    shown: '60s',
    flags: '--patience <time>',
  },
  seed: { rule: seed, about: 'first seed', fallback: 1, flags: '--seed <n>' },
  against: {
    rule: existingFolder,
    about: 'run another build in turn with this one',
    flags: '--against <dir>',
  },
  ...JSON_OPTION,
} as const;

interface Table {
  readonly seconds: number;
  readonly totals: { readonly observed: number };
  readonly outcomes: readonly { readonly name: string; readonly count: number }[];
}

/** One row: a value of each run in each build, this build's last. */
interface StressRow {
  readonly what: string;
  readonly unit: 'per s' | 's';
  /** By build. A finding that did not come in time is null. */
  readonly values: readonly (readonly (number | null)[])[];
}

interface StressReport {
  readonly node: string;
  readonly builds: readonly string[];
  readonly rows: readonly StressRow[];
  readonly isInterrupted?: true;
}

/** Run `stress` of one build; its table, and whether it found something. Undefined when it was interrupted. */
async function runStress(
  build: string,
  args: readonly string[],
  signal: AbortSignal | undefined,
): Promise<{ table: Table; found: boolean } | undefined> {
  const file = join(build, 'dist', 'src', 'cli', 'main.js');
  const child = spawn(process.execPath, [file, 'stress', '--json', ...MACHINE, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const stop = (): void => void child.kill('SIGINT');
  signal?.addEventListener('abort', stop, { once: true });
  const [out, err]: [string[], string[]] = [[], []];
  child.stdout.setEncoding('utf8').on('data', (text: string) => out.push(text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => err.push(text));
  const exitCode = await new Promise((done) => child.on('close', done));
  signal?.removeEventListener('abort', stop);
  if (signal?.aborted === true) return undefined;
  if (exitCode !== 0 && exitCode !== 1) {
    const what = `${file} stress ${args.join(' ')} ended with status ${String(exitCode)}`;
    const whole = `${what}: ${err.join('').trim()}`;
    throw build === ROOT ? new SimulatorBug(whole) : new UsageError(`--against: ${whole}`);
  }
  return { table: JSON.parse(out.join('')) as Table, found: exitCode === 1 };
}

const rate = ({ seconds, outcomes }: Table, which: RegExp): number =>
  outcomes.reduce((sum, { name, count }) => sum + (which.test(name) ? count : 0), 0) / seconds;

type Options = Given<typeof TABLE> & Watching;

/** All runs in turn: other build, this build, this build, other build, … */
async function measure(options: Options): Promise<StressReport> {
  const {
    rounds = 3,
    durationMs = 10_000,
    seeds = 5,
    patienceMs = 60_000,
    seed: first = 1,
  } = options;
  const { against, signal, onProgress } = options;
  const builds = [...(against === undefined ? [] : [resolve(against)]), ROOT];
  for (const build of builds) {
    if (existsSync(join(build, 'dist', 'src', 'cli', 'main.js'))) continue;
    throw new UsageError(`--against: '${build}' is no built checkout: run npm run build there`);
  }
  const jobs = [
    ...Array.from({ length: rounds }, (_, i) => ({
      what: '',
      args: [`--duration=${durationMs}ms`, `--seed=${first + i}`],
    })),
    ...Object.entries(BROKEN).flatMap(([what, broken]) =>
      Array.from({ length: seeds }, (_, i) => ({
        what,
        args: [`--duration=${patienceMs}ms`, `--seed=${first + i}`, ...broken],
      })),
    ),
  ];
  const rows = new Map<string, StressRow & { values: (number | null)[][] }>();
  const add = (
    what: string,
    unit: StressRow['unit'],
    build: number,
    value: number | null,
  ): void => {
    const row = rows.get(what) ?? { what, unit, values: builds.map(() => []) };
    rows.set(what, row);
    row.values[build]?.push(value);
  };
  let done = 0;
  for (const [n, { what, args }] of jobs.entries()) {
    const order = builds.map((_, i) => (n % 2 === 0 ? i : builds.length - 1 - i));
    for (const i of order) {
      const run = await runStress(builds[i] ?? ROOT, args, signal);
      if (run === undefined) return { ...report(builds, rows), isInterrupted: true };
      onProgress?.({ done: ++done, total: jobs.length * builds.length, unit: 'runs', note: what });
      const { table, found } = run;
      if (what !== '') {
        add(`found: ${what}`, 's', i, found ? table.seconds : null);
        continue;
      }
      if (found) throw new SimulatorBug(`${builds[i] ?? ''}: the intact machine has a finding`);
      add('graded results', 'per s', i, table.totals.observed / table.seconds);
      add('transitions begun', 'per s', i, rate(table, TRANSITION));
      add('CPUs taken down', 'per s', i, rate(table, CPU_DOWN));
    }
  }
  return report(builds, rows);
}

const report = (builds: readonly string[], rows: ReadonlyMap<string, StressRow>): StressReport => ({
  node: process.version,
  builds,
  rows: [...rows.values()],
});

/** The median; what did not come in time counts as longer than everything, and has no number. */
function middle(values: readonly (number | null)[]): number {
  return values.length === 0 ? NaN : median(values.map((value) => value ?? Infinity));
}

function render({ node, builds, rows, isInterrupted }: StressReport): string {
  const right: Column['align'] = 'right';
  const sides = builds.length > 1 ? ['before', 'now'] : ['now'];
  const columns: Column[] = [
    { title: 'on 4 CPUs, 256 tasks' },
    { title: 'unit' },
    ...sides.map((title) => ({ title, align: right })),
    ...(builds.length > 1 ? [{ title: 'gain', align: right }] : []),
    ...sides.map((title) => ({ title: `found ${title}`, align: right })),
  ];
  const cells = rows.map(({ what, unit, values }) => {
    const middles = values.map(middle);
    const [before = NaN, now = NaN] = middles;
    const gain = unit === 's' ? before / now : now / before;
    return [
      what,
      unit,
      ...middles.map(formatNumber),
      ...(builds.length > 1 ? [Number.isNaN(gain) ? '–' : `${formatNumber(gain)} ×`] : []),
      ...values.map((runs) =>
        unit === 's' ? `${runs.filter((run) => run !== null).length} of ${runs.length}` : '',
      ),
    ];
  });
  const end = isInterrupted === true ? ', interrupted before the end' : '';
  const against = builds.length > 1 ? `; before: ${builds[0] ?? ''}` : '';
  return `${renderTable(columns, cells)}\n\nmedians of runs in turn, Node ${node}${against}${end}`;
}

const program = new Command('stress.bench');
fillCommand(program, {
  table: TABLE,
  run: async (given) => {
    await runUseCase({ label: 'measuring', json: given.json, text: render }, (watching) =>
      measure({ ...given, ...watching }),
    );
  },
});
await runProgram(program, process.argv.slice(2));
