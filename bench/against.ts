/** The same benchmark in two builds, run in turn, so that both meet the same state of the machine. */

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { median } from 'simple-statistics';
import { DEFAULT_SEED } from '../src/campaign/options/bench-options.js';
import { SimulatorBug, UsageError } from '../src/errors.js';
import { formatNumber, renderTable } from '../src/report/table.js';
import { toleranceOf, type Tolerances } from './compare.js';
import {
  environmentOf,
  relativeSpread,
  type Environment,
  type Report,
  type Result,
  type Row,
} from './results.js';

/** Rounds of one child: the fewest that a run takes. */
const CHILD_ROUNDS = 3;
/** Exit status of a child that was called with options it does not know. */
const USAGE = 2;

/** One task in both builds. What only one of them has is absent. */
export interface AgainstRow {
  readonly task: string;
  /** Medians over the pairs of runs, in the benchmark's unit. */
  readonly before?: number;
  readonly now?: number;
  /** The same as ratios to the benchmark's baseline in the same run. */
  readonly ratioBefore?: number;
  readonly ratioNow?: number;
  /** How many times better it is now: median over the pairs. 2 is half the time, or twice the rate. */
  readonly gain?: number;
  /** Interquartile range of the gain over its median. */
  readonly gainSpread?: number;
}

/** One benchmark in both builds. */
export interface AgainstResult {
  readonly name: string;
  readonly unit: string;
  readonly better: Result['better'];
  readonly rows: readonly AgainstRow[];
}

/** What `--against` prints. */
export interface AgainstReport {
  readonly environment: Environment;
  /** The build that this one was run against. */
  readonly against: string;
  readonly pairs: number;
  readonly results: readonly AgainstResult[];
  /** Present if the run was interrupted: it rests on fewer pairs. */
  readonly isInterrupted?: true;
}

/** How to run both builds. */
export interface AgainstPlan {
  /** The other build's folder, which holds its `dist`. */
  readonly directory: string;
  /** Entry file of the benchmark in this build, such as `…/dist/bench/dispatch.bench.js`. */
  readonly entry: string;
  readonly pairs: number;
  readonly timeMs: number;
  /** Handed on if it was given. */
  readonly seed?: number;
  /** Benchmarks to run. */
  readonly names: readonly string[];
  readonly signal: AbortSignal;
  readonly onRun: (runs: number) => void;
}

interface Ended {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function runChild(file: string, args: readonly string[], signal: AbortSignal): Promise<Ended> {
  return new Promise((done, failed) => {
    const child = spawn(process.execPath, [...process.execArgv, file, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const end = (): void => void child.kill('SIGINT');
    signal.addEventListener('abort', end, { once: true });
    const [out, err]: [string[], string[]] = [[], []];
    child.stdout.setEncoding('utf8').on('data', (text: string) => out.push(text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => err.push(text));
    child.on('error', failed);
    child.on('close', (exitCode) => {
      signal.removeEventListener('abort', end);
      done({ exitCode, stdout: out.join(''), stderr: err.join('') });
    });
  });
}

/** One of the two builds. */
class Build {
  readonly #file: string;
  readonly #plan: AgainstPlan;
  names: readonly string[];

  constructor(file: string, plan: AgainstPlan) {
    this.#file = file;
    this.#plan = plan;
    this.names = plan.names;
  }

  #arguments(names: readonly string[], timeMs: number): string[] {
    const { seed } = this.#plan;
    const options = [`--rounds=${CHILD_ROUNDS}`, `--time=${timeMs}ms`];
    const drawn = seed === undefined ? [] : [`--seed=${seed}`];
    return ['--json', ...options, ...drawn, `--only=${names.join()}`];
  }

  /** Leave out the benchmarks that this build does not have. */
  async probe(): Promise<void> {
    const known: string[] = [];
    for (const name of this.names) {
      const args = this.#arguments([name], 1).filter((arg) => !arg.startsWith('--time'));
      // Help comes after the options are checked, and before anything is measured.
      const { exitCode } = await runChild(this.#file, [...args, '--help'], this.#plan.signal);
      if (exitCode !== USAGE) known.push(name);
    }
    this.names = known;
  }

  async run(): Promise<Report | undefined> {
    const { timeMs, signal } = this.#plan;
    const args = this.#arguments(this.names, timeMs);
    const { exitCode, stdout, stderr } = await runChild(this.#file, args, signal);
    if (signal.aborted) return undefined;
    try {
      return JSON.parse(stdout) as Report;
    } catch (cause) {
      const what = `${this.#file} printed no report; it ended with status ${String(exitCode)}`;
      const whole = `${what}: ${stderr.trim()}`;
      if (this.#file === this.#plan.entry) throw new SimulatorBug(whole, { cause });
      throw new UsageError(`--against: ${whole}`, { cause });
    }
  }
}

/** Reports of the two builds, one of each, taken one right after the other. */
export interface Pair {
  readonly before: Report;
  readonly now: Report;
}

const rowIn = (report: Report, name: string, task: string): Row | undefined =>
  report.results.find((result) => result.name === name)?.rows.find((row) => row.task === task);

function sideOf(rows: readonly (Row | undefined)[]): { value: number; ratio: number } | undefined {
  const found = rows.filter((row) => row !== undefined);
  if (found.length === 0) return undefined;
  return {
    value: median(found.map(({ value }) => value)),
    ratio: median(found.map(({ ratio }) => ratio)),
  };
}

function againstRow(pairs: readonly Pair[], result: Result, task: string): AgainstRow {
  const { name, better } = result;
  const [before, now] = [
    pairs.map((pair) => rowIn(pair.before, name, task)),
    pairs.map((pair) => rowIn(pair.now, name, task)),
  ];
  const gains = pairs.flatMap((_, i) => {
    const [old, fresh] = [before[i]?.value, now[i]?.value];
    if (old === undefined || fresh === undefined) return [];
    return [better === 'lower' ? old / fresh : fresh / old];
  });
  const [was, is] = [sideOf(before), sideOf(now)];
  return {
    task,
    ...(was === undefined ? {} : { before: was.value, ratioBefore: was.ratio }),
    ...(is === undefined ? {} : { now: is.value, ratioNow: is.ratio }),
    ...(gains.length === 0 ? {} : { gain: median(gains), gainSpread: relativeSpread(gains) }),
  };
}

/** Compare what pairs of runs found, benchmark by benchmark; what only the other build has comes last. */
export function compareBuilds(pairs: readonly Pair[]): AgainstResult[] {
  const [first] = pairs;
  if (first === undefined) return [];
  const ours = first.now.results;
  const all = [
    ...ours,
    ...first.before.results.filter(({ name }) => ours.every((result) => result.name !== name)),
  ];
  return all.map((result) => {
    const { name, unit, better } = result;
    const old = first.before.results.find((other) => other.name === name)?.rows ?? [];
    const tasks = new Set([...result.rows, ...old].map(({ task }) => task));
    const rows = [...tasks].map((task) => againstRow(pairs, result, task));
    return { name, unit, better, rows };
  });
}

/** Entry of the same benchmark in the other build. */
function otherEntry({ directory, entry }: AgainstPlan): string {
  const file = join(resolve(directory), 'dist', 'bench', basename(entry));
  if (existsSync(file)) return file;
  throw new UsageError(
    `--against: '${directory}' is no built checkout: it has no dist/bench/${basename(entry)}; ` +
      'give the folder of one, after npm run build there',
  );
}

/**
 * Run both builds in turn, each in a process of its own: old, new, new, old, and so on.
 *
 * @throws {UsageError} when the folder holds no build with that benchmark, or one that does not run
 * @throws {SimulatorBug} when a run of this build prints no report
 */
export async function runAgainst(plan: AgainstPlan): Promise<AgainstReport> {
  const before = new Build(otherEntry(plan), plan);
  const now = new Build(plan.entry, plan);
  await before.probe();
  const pairs: Pair[] = [];
  let runs = 0;
  const take = async (build: Build): Promise<Report | undefined> => {
    const none = {
      environment: environmentOf(plan.seed ?? DEFAULT_SEED, 0, plan.timeMs),
      results: [],
    };
    const report = build.names.length === 0 ? none : await build.run();
    plan.onRun(++runs);
    return report;
  };
  for (let n = 0; n < plan.pairs && !plan.signal.aborted; n++) {
    const isOldFirst = n % 2 === 0;
    const one = await take(isOldFirst ? before : now);
    const two = await take(isOldFirst ? now : before);
    if (one === undefined || two === undefined) break;
    pairs.push(isOldFirst ? { before: one, now: two } : { before: two, now: one });
  }
  return {
    environment: environmentOf(plan.seed ?? DEFAULT_SEED, CHILD_ROUNDS, plan.timeMs),
    against: resolve(plan.directory),
    pairs: pairs.length,
    results: compareBuilds(pairs),
    ...(plan.signal.aborted && { isInterrupted: true as const }),
  };
}

/** Rows that got worse by more than their tolerance, and whose spread does not exceed it. */
export function lostRows({ results }: AgainstReport, tolerances: Tolerances): string[] {
  return results.flatMap(({ name, rows }) =>
    rows.flatMap(({ task, gain, gainSpread }) => {
      if (gain === undefined || gainSpread === undefined) return [];
      const tolerance = toleranceOf(tolerances, name, task);
      if (gainSpread > tolerance || 1 / gain - 1 <= tolerance) return [];
      return [`worse: ${name}, ${task}: ${formatNumber(1 / gain)} × of what it was`];
    }),
  );
}

const cell = (value: number | undefined): string =>
  value === undefined ? '–' : formatNumber(value);

function renderResult({ name, unit, better, rows }: AgainstResult): string {
  const columns = [
    { title: 'task' },
    { title: 'gain', align: 'right' },
    { title: 'spread', align: 'right' },
    { title: `${unit} before`, align: 'right' },
    { title: 'now', align: 'right' },
    { title: 'ratio before', align: 'right' },
    { title: 'now', align: 'right' },
  ] as const;
  const cells = rows.map((row) => [
    row.task,
    row.gain === undefined ? '–' : `${formatNumber(row.gain)} ×`,
    row.gainSpread === undefined ? '' : `±${formatNumber(row.gainSpread * 50)} %`,
    cell(row.before),
    cell(row.now),
    cell(row.ratioBefore),
    cell(row.ratioNow),
  ]);
  return `${name} (${better} is better)\n${renderTable(columns, cells)}`;
}

/** The report for people. A gain above 1 is better now, whichever way the unit goes. */
export function renderAgainst(report: AgainstReport): string {
  const { environment, against, pairs, results, isInterrupted } = report;
  const { node, cpuCount, cpuModel, platform, seed, timeMs } = environment;
  const where =
    `against ${against}: ${pairs} pairs of runs, in turn; Node ${node}, ${cpuCount} × ${cpuModel}, ` +
    `${platform}, seed ${seed}, ${CHILD_ROUNDS} rounds of ${formatNumber(timeMs)} ms a task`;
  const end = isInterrupted === true ? `${where}, interrupted before the end` : where;
  return [...results.map(renderResult), end].join('\n\n');
}
