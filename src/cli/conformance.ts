/** `klp-smp conformance`: compares each engine's final states with recorded verdicts of herd7, test by test. */
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Command } from 'commander';
import { UsageError } from '../errors.js';
import { ENGINE_NAMES } from '../litmus/engines.js';
import type { LitmusFailure, LitmusJob, LitmusReport } from '../litmus/job.js';
import { canonicalState, type MissingState } from '../litmus/missing.js';
import { renderTable } from '../report/table.js';
import { interruptible } from './interrupt.js';
import { DEFAULT_WORKERS, divide, runLitmusJobs } from './litmus-pool.js';
import {
  choiceOf,
  duration,
  integerIn,
  jsonOption,
  listOf,
  option,
  seedOption,
  writableFile,
} from './options.js';
import { missingTable } from './missing-table.js';
import { emit } from './output.js';

interface ConformanceOptions {
  readonly on: readonly string[];
  readonly limit: number;
  readonly runs: number;
  readonly seek: number;
  readonly seed: number;
  readonly workers: number;
  readonly missing?: string;
  readonly list: boolean;
  readonly json: boolean;
}

/** A line of `verdicts.jsonl`. */
interface RecordedVerdict {
  /** Path under the folder of tests. */
  readonly test: string;
  readonly states: readonly string[];
  readonly flags: readonly string[];
  /** Executions that satisfy the condition, and those that do not. */
  readonly positive: number;
  readonly negative: number;
  readonly herdSeconds: number;
  /** True if herd7 gives the test no answer: it accesses what is no location, or computes what has no value. */
  readonly refused: boolean;
}

/** Why a test's state set differs. */
interface Difference {
  readonly test: string;
  readonly outside: readonly string[];
  readonly missing: readonly MissingState[];
  readonly complete: boolean;
  readonly runs: number;
  /** States recorded. */
  readonly states: number;
}

/** One engine against the recorded verdicts. */
interface EngineConformance {
  readonly engine: string;
  readonly tests: number;
  readonly run: number;
  readonly equal: number;
  readonly states: number;
  /** States not shown, and tests that lack some, by the reason. */
  readonly missing: Readonly<
    Record<'poRf' | 'poRfPbRb' | 'other', { states: number; tests: number }>
  >;
  /** States shown that herd does not list. */
  readonly outside: number;
  readonly sameVerdict: number;
  /** Tests with as many executions for and against; null for engines that do not enumerate them. */
  readonly sameCounts: number | null;
  /** Tests that herd7 refuses, and how many of them the engine refused; null for engines that may never come to the place. */
  readonly refused: { readonly expected: number; readonly met: number } | null;
  /** Tests with the same flags; null for engines that raise none. */
  readonly sameFlags: number | null;
  readonly cutShort: number;
  readonly skipped: readonly { readonly reason: string; readonly tests: number }[];
  /** Files that were not understood although herd7 answers them, and tests that ended in a bug of ours. */
  readonly complaints: { readonly errors: number; readonly bugs: number };
  readonly seconds: number;
  /** Processor time of this process meanwhile, all workers and their compilation included. */
  readonly cpuSeconds: number;
  readonly herdSeconds: number;
  readonly medianRatio: number;
  readonly differences: readonly Difference[];
}

/** Engines compared unless `--on` names others; real threads show what one machine does, which takes long. */
const DEFAULT_ENGINES = ENGINE_NAMES.filter((name) => !name.startsWith('threads'));

/** Add the command to the program. */
export function registerConformance(program: Command): void {
  program
    .command('conformance')
    .description("compare each engine's final states with recorded verdicts of herd7")
    .argument('<dir>', 'a folder with verdicts.jsonl, and the tests beside it or under tests/')
    .addOption(
      option('--on <engines>', 'engines to compare', listOf(choiceOf(ENGINE_NAMES)), {
        value: DEFAULT_ENGINES,
        shown: DEFAULT_ENGINES.join(','),
      }),
    )
    .addOption(
      option('--limit <time>', 'time limit of each test', duration, {
        value: 30_000,
        shown: '30s',
      }),
    )
    .addOption(
      option(
        '--runs <n>',
        'runs of each test, for engines that sample',
        integerIn({ min: 1, max: 1e9 }),
        {
          value: 2500,
        },
      ),
    )
    .addOption(
      option(
        '--seek <n>',
        'runs of a search directed at each state that the machine has missed',
        integerIn({ min: 0, max: 1e9 }),
        { value: 0 },
      ),
    )
    .addOption(seedOption())
    .addOption(
      option('--workers <n>', 'worker threads', integerIn({ min: 1, max: 256 }), {
        value: DEFAULT_WORKERS,
        shown: 'the cores less one',
      }),
    )
    .addOption(
      option('--missing <file>', 'write the tests that lack states, as Markdown', writableFile),
    )
    .option('--list', 'list every test whose states differ', false)
    .addOption(jsonOption())
    .action((dir: string, options: ConformanceOptions) => runConformance(dir, options));
}

async function runConformance(dir: string, options: ConformanceOptions): Promise<void> {
  const { verdicts, tests } = readVerdicts(dir);
  const results = await interruptible(async (signal) => {
    const all: EngineConformance[] = [];
    for (const engine of options.on) {
      if (!signal.aborted) all.push(await runEngine(engine, verdicts, tests, options, signal));
    }
    return all;
  });
  if (options.missing !== undefined) writeFileSync(options.missing, missingTable(results, options));
  emit(options, results, () => textOf(results, options.list));
  process.exitCode = Math.max(0, ...results.map(statusOfEngine));
}

/** 1 where an answer is wrong, 2 where files were not understood or nothing ran, 3 where a bug of ours kept one from it. */
function statusOfEngine(result: EngineConformance): number {
  const { outside, run, sameVerdict, sameCounts, sameFlags, refused, complaints } = result;
  if (complaints.bugs > 0) return 3;
  if (run === 0 || complaints.errors > 0) return 2;
  const enumerated = [sameCounts, sameFlags, sameCounts === null ? null : sameVerdict];
  const wrong = enumerated.some((same) => same !== null && same + result.cutShort < run);
  const accepted = refused !== null && refused.met < refused.expected;
  return outside > 0 || wrong || accepted ? 1 : 0;
}

/** The verdicts of `dir`, and the folder that their paths start from. */
function readVerdicts(dir: string): { verdicts: RecordedVerdict[]; tests: string } {
  const isFile = (path: string): boolean =>
    statSync(path, { throwIfNoEntry: false })?.isFile() === true;
  const home = [dir, dirname(join(dir, '.'))].find((d) => isFile(join(d, 'verdicts.jsonl')));
  if (home === undefined) {
    throw new UsageError(
      `'${dir}' has no verdicts.jsonl: give a folder of tests with recorded verdicts`,
    );
  }
  const file = join(home, 'verdicts.jsonl');
  const lines = readFileSync(file, 'utf8').split('\n');
  const verdicts = lines.flatMap((line, i) =>
    line.trim() === '' ? [] : [parseVerdict(file, line, i + 1)],
  );
  const nested = statSync(join(home, 'tests'), { throwIfNoEntry: false })?.isDirectory() === true;
  return { verdicts, tests: nested ? join(home, 'tests') : home };
}

function parseVerdict(file: string, line: string, number: number): RecordedVerdict {
  const bad = (problem: string): UsageError => new UsageError(`${file}:${number}: ${problem}`);
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw bad('not a line of JSON');
  }
  const record = value as Partial<RecordedVerdict> | null;
  const refused = (record as { verdict?: unknown } | null)?.verdict === 'REFUSED';
  if (typeof record?.test !== 'string' || !(refused || Array.isArray(record.states))) {
    throw bad('expected an object with "test" and "states"');
  }
  return {
    test: record.test,
    states: record.states ?? [],
    flags: record.flags ?? [],
    positive: record.positive ?? 0,
    negative: record.negative ?? 0,
    herdSeconds: record.herdSeconds ?? 0,
    refused,
  };
}

async function runEngine(
  engine: string,
  verdicts: readonly RecordedVerdict[],
  tests: string,
  { limit, runs, seek, seed, workers }: ConformanceOptions,
  signal: AbortSignal,
): Promise<EngineConformance> {
  const jobs = verdicts.map(({ test, states }): LitmusJob => {
    const file = join(tests, test);
    return { file, engine, timeLimitMs: limit, runs, seek, seed, why: false, expected: states };
  });
  const before = process.cpuUsage();
  const results = await runLitmusJobs(jobs, { workers, signal, label: `conformance (${engine})` });
  const { user, system } = process.cpuUsage(before);
  const { reports, failures: all } = divide(results);
  const byFile = new Map(verdicts.map((verdict) => [join(tests, verdict.test), verdict]));
  const isRefused = ({ file }: { file: string }): boolean => byFile.get(file)?.refused === true;
  const pairs = reports.flatMap((report) => {
    const verdict = byFile.get(report.file);
    return verdict === undefined || verdict.refused ? [] : [{ report, verdict }];
  });
  const failures = all.filter((failure) => !(failure.kind === 'error' && isRefused(failure)));
  const number = (kind: string): number => failures.filter((f) => f.kind === kind).length;
  const expected = verdicts.filter(({ refused }) => refused).length;
  return {
    ...compare(engine, pairs),
    tests: verdicts.length,
    refused: engine === 'axioms' ? { expected, met: all.length - failures.length } : null,
    complaints: { errors: number('error'), bugs: number('bug') },
    skipped: reasons(failures),
    cpuSeconds: (user + system) / 1e6,
  };
}

interface Pair {
  readonly report: LitmusReport;
  readonly verdict: RecordedVerdict;
}

function difference({ report, verdict }: Pair): Difference {
  const known = new Set(verdict.states.map(canonicalState));
  const outside = report.states
    .map(({ state }) => state)
    .filter((s) => !known.has(canonicalState(s)));
  const { complete, runs, missing = [] } = report;
  const { test, states } = verdict;
  return { test, outside, missing, complete, runs, states: states.length };
}

function observed(positive: number, negative: number): string {
  if (positive === 0) return 'Never';
  return negative === 0 ? 'Always' : 'Sometimes';
}

function compare(
  engine: string,
  pairs: readonly Pair[],
): Omit<EngineConformance, 'tests' | 'skipped' | 'complaints' | 'refused' | 'cpuSeconds'> {
  const all = pairs.map(difference);
  const differences = all.filter(({ outside, missing }) => outside.length + missing.length > 0);
  const missing = (reach: string): { states: number; tests: number } => {
    const counts = all
      .map((d) => d.missing.filter((m) => m.reach === reach).length)
      .filter(Boolean);
    return { states: counts.reduce((a, b) => a + b, 0), tests: counts.length };
  };
  const count = (test: (pair: Pair) => boolean): number => pairs.filter(test).length;
  const sum = (value: (pair: Pair) => number): number =>
    pairs.reduce((s, pair) => s + value(pair), 0);
  const ratios = pairs
    .map(({ report, verdict }) => (verdict.herdSeconds * 1000) / report.elapsedMs)
    .sort((a, b) => a - b);
  return {
    engine,
    run: pairs.length,
    equal: pairs.length - differences.length,
    states: sum(({ verdict }) => verdict.states.length),
    missing: {
      poRf: missing('po-rf-cycle'),
      poRfPbRb: missing('po-rf-pb-rb-cycle'),
      other: missing('none'),
    },
    outside: all.reduce((s, { outside }) => s + outside.length, 0),
    sameVerdict: count(
      ({ report, verdict }) => report.observation === observed(verdict.positive, verdict.negative),
    ),
    sameCounts:
      engine === 'axioms'
        ? count(
            ({ report, verdict }) =>
              report.positive === verdict.positive && report.negative === verdict.negative,
          )
        : null,
    sameFlags:
      engine === 'axioms'
        ? count(({ report, verdict }) => report.flags.join() === [...verdict.flags].sort().join())
        : null,
    cutShort: count(({ report }) => !report.complete),
    seconds: sum(({ report }) => report.elapsedMs) / 1000,
    herdSeconds: sum(({ verdict }) => verdict.herdSeconds),
    medianRatio: ratios[ratios.length >> 1] ?? 0,
    differences,
  };
}

/** Failures by reason; reasons that name a file and place count as one. */
function reasons(failures: readonly LitmusFailure[]): { reason: string; tests: number }[] {
  const counts = new Map<string, number>();
  for (const { kind, reason } of failures) {
    const bare = reason.replace(/^.*?:\d+:\d+: /, '');
    const key = kind === 'skipped' ? bare : 'not understood, see --json';
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return [...counts].map(([reason, tests]) => ({ reason, tests }));
}

function textOf(results: readonly EngineConformance[], list: boolean): string {
  const rows: [string, (r: EngineConformance) => string][] = [
    ['tests', (r) => String(r.tests)],
    ['run', (r) => String(r.run)],
    ['equal state sets', (r) => `${r.equal} (${percent(r.equal, r.run)})`],
    ['same verdict', (r) => String(r.sameVerdict)],
    ['same number of executions', (r) => String(r.sameCounts ?? '–')],
    [
      'refused, as by herd7',
      (r) => (r.refused === null ? '–' : `${r.refused.met} of ${r.refused.expected}`),
    ],
    ['same flags', (r) => String(r.sameFlags ?? '–')],
    ['states of herd7 in these', (r) => String(r.states)],
    ['missing: needs a po;rf cycle', (r) => inTests(r.missing.poRf)],
    ['missing: needs a po;rf;pb;rb cycle', (r) => inTests(r.missing.poRfPbRb)],
    ['missing: other', (r) => inTests(r.missing.other)],
    ['states outside (must be 0)', (r) => String(r.outside)],
    ['cut short by the limit', (r) => String(r.cutShort)],
    ['skipped', (r) => String(r.skipped.reduce((s, { tests }) => s + tests, 0))],
    ['our seconds, summed over tests', (r) => r.seconds.toFixed(2)],
    ['our CPU seconds, all workers', (r) => r.cpuSeconds.toFixed(2)],
    ["herd7's seconds", (r) => r.herdSeconds.toFixed(2)],
    ['times faster in total', (r) => (r.herdSeconds / r.seconds).toFixed(1)],
    ['times faster, median test', (r) => r.medianRatio.toFixed(1)],
  ];
  const columns = results.map(({ engine }) => ({ title: engine, align: 'right' as const }));
  const table = renderTable(
    [{ title: '' }, ...columns],
    rows.map(([title, cell]) => [title, ...results.map(cell)]),
  );
  return [table, ...results.flatMap((r) => notes(r, list))].join('\n');
}

function notes(result: EngineConformance, list: boolean): string[] {
  const skipped = result.skipped.map(
    ({ reason, tests }) => `${result.engine} skipped ${tests}: ${reason}`,
  );
  const shown = result.differences.filter(({ outside }) => list || outside.length > 0);
  const lines = shown.map(({ test, outside, missing, complete }) => {
    const cut = complete ? '' : ', cut short';
    return `${result.engine}: ${test}: ${outside.length} outside, ${missing.length} missing${cut}`;
  });
  return [...skipped, ...lines];
}

function inTests({ states, tests }: { states: number; tests: number }): string {
  return states === 0 ? '0' : `${states} in ${tests} tests`;
}

function percent(part: number, whole: number): string {
  return whole === 0 ? '–' : `${((100 * part) / whole).toFixed(2)} %`;
}
