/**
 * `npm run bench:litmus -- FOLDER [--against DIR] [--rounds N]`: the corpus on the axioms, cold, in this build and in another in turn;
 * and the wall time of `klp-smp conformance` with one worker and with two.
 */
import { execFile, type ExecFileException } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Command } from 'commander';
import { median } from 'simple-statistics';
import { existingFolder, integerIn } from '../src/campaign/options/rules.js';
import { WATCHING, type Watching } from '../src/campaign/options/progress.js';
import { fillCommand, JSON_OPTION, type Given } from '../src/cli/command.js';
import { runProgram } from '../src/cli/program.js';
import { runUseCase } from '../src/cli/use-case.js';
import { SimulatorBug, UsageError } from '../src/errors.js';
import { renderTable } from '../src/report/table.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const CORPUS = fileURLToPath(new URL('./litmus-corpus.js', import.meta.url));
const SLOWEST = 10;
const ENGINES = ['axioms', 'machine'] as const;
const WORKERS = [1, 2] as const;

const TABLE = {
  ...WATCHING,
  folder: {
    rule: existingFolder,
    about: 'folder of litmus tests with verdicts.jsonl',
    flags: '<folder>',
    required: true,
  },
  rounds: {
    rule: integerIn({ min: 1, max: 1000 }),
    about: 'rounds in each build',
    fallback: 5,
    flags: '--rounds <n>',
  },
  against: {
    rule: existingFolder,
    about: 'run another build in turn with this one',
    flags: '--against <dir>',
  },
  ...JSON_OPTION,
} as const;

type Options = Given<typeof TABLE> & Watching;

/** One row: ms of each round in each build, this build's last. */
interface LitmusRow {
  readonly what: string;
  readonly values: readonly number[][];
}

interface LitmusReport {
  readonly node: string;
  readonly builds: readonly string[];
  readonly tests: number;
  readonly rows: readonly LitmusRow[];
  readonly isInterrupted?: true;
}

interface Timed {
  readonly name: string;
  readonly ms: number;
}

const sum = (times: readonly Timed[]): number => times.reduce((total, { ms }) => total + ms, 0);

/** Runs the measured processes of one measurement. */
class Measurement {
  readonly #rows = new Map<string, LitmusRow>();
  readonly #builds: readonly string[];
  readonly #signal: AbortSignal | undefined;
  readonly #folder: string;
  /** The tests that are slowest in the first build. */
  #slow: ReadonlySet<string> | undefined;
  #tests = 0;

  constructor(folder: string, builds: readonly string[], signal: AbortSignal | undefined) {
    this.#folder = folder;
    this.#builds = builds;
    this.#signal = signal;
  }

  /** Run a program of a build; what it prints. A conformance that is not complete ends with 1. */
  async #run(at: string, args: readonly string[]): Promise<string> {
    const options = {
      maxBuffer: 2 ** 28,
      ...(this.#signal === undefined ? {} : { signal: this.#signal }),
    };
    try {
      return (await promisify(execFile)(process.execPath, args, options)).stdout;
    } catch (error) {
      const { code, stdout = '', stderr = '' } = error as Partial<ExecFileException>;
      if (code === 1 && stdout !== '') return stdout;
      if (this.#signal?.aborted === true) throw error;
      const what = `${args.join(' ')} ended with status ${code}: ${stderr.trim()}`;
      throw at === ROOT ? new SimulatorBug(what) : new UsageError(`--against: ${what}`);
    }
  }

  #add(what: string, build: number, ms: number): void {
    const row = this.#rows.get(what) ?? { what, values: this.#builds.map(() => []) };
    this.#rows.set(what, row);
    row.values[build]?.push(ms);
  }

  /** One round in one build. */
  async round(build: number): Promise<void> {
    const at = this.#builds[build] ?? ROOT;
    const inner = join(this.#folder, 'tests');
    const output = await this.#run(at, [CORPUS, at, existsSync(inner) ? inner : this.#folder]);
    const times = JSON.parse(output) as Timed[];
    this.#tests = times.length;
    const bySlowness = [...times].sort((a, b) => b.ms - a.ms);
    const slow = (this.#slow ??= new Set(bySlowness.slice(0, SLOWEST).map(({ name }) => name)));
    this.#add('axioms, summed', build, sum(times));
    const slowest = times.filter(({ name }) => slow.has(name));
    this.#add(`axioms, the slowest ${SLOWEST}, summed`, build, sum(slowest));
    const main = join(at, 'dist', 'src', 'cli', 'main.js');
    for (const engine of ENGINES) {
      for (const workers of WORKERS) {
        const options = ['--on', engine, '--workers', String(workers), '--json'];
        const start = performance.now();
        await this.#run(at, [main, 'conformance', this.#folder, ...options]);
        const what = `conformance, ${engine}, ${workers} worker${workers === 1 ? '' : 's'}`;
        this.#add(what, build, performance.now() - start);
      }
    }
  }

  get report(): LitmusReport {
    return {
      node: process.version,
      builds: this.#builds,
      tests: this.#tests,
      rows: [...this.#rows.values()],
    };
  }
}

async function measure(options: Options): Promise<LitmusReport> {
  const { folder = '', rounds = 5, against, signal, onProgress } = options;
  const builds = [...(against === undefined ? [] : [resolve(against)]), ROOT];
  for (const build of builds) {
    if (existsSync(join(build, 'dist', 'src', 'cli', 'main.js'))) continue;
    throw new UsageError(`--against: '${build}' is no built checkout: run npm run build there`);
  }
  const measurement = new Measurement(folder, builds, signal);
  const total = rounds * builds.length;
  try {
    for (let done = 0; done < total; done++) {
      await measurement.round(done % builds.length);
      onProgress?.({ done: done + 1, total, unit: 'rounds', note: '' });
    }
  } catch (error) {
    if (signal?.aborted !== true) throw error;
    return { ...measurement.report, isInterrupted: true };
  }
  return measurement.report;
}

/** The median; NaN when there is nothing, as in a run that was interrupted. */
const middle = (times: readonly number[] | undefined): number =>
  times === undefined || times.length === 0 ? NaN : median([...times]);

const shown = (value: number, digits: number): string =>
  Number.isNaN(value) ? '–' : value.toFixed(digits);

function render({ node, builds, tests, rows, isInterrupted }: LitmusReport): string {
  const right = { align: 'right' as const };
  const titles = builds.length > 1 ? ['before, ms', 'now, ms', 'now / before'] : ['ms'];
  const cells = rows.map(({ what, values }) => {
    const all = values.map(middle);
    const [before = NaN, now = NaN] = all;
    const ratio = all.length > 1 ? [shown(now / before, 2)] : [];
    return [what, ...all.map((ms) => shown(ms, 0)), ...ratio];
  });
  const own = (what: string): number =>
    middle(rows.find((row) => row.what === what)?.values.at(-1));
  const parallel = ENGINES.map((engine) => {
    const share =
      own(`conformance, ${engine}, 2 workers`) / own(`conformance, ${engine}, 1 worker`);
    return Number.isNaN(share)
      ? ''
      : `${engine}: two workers take ${share.toFixed(2)} of one's time`;
  });
  const against = builds.length > 1 ? `; before: ${builds[0] ?? ''}` : '';
  const end = isInterrupted === true ? ', interrupted before the end' : '';
  return [
    renderTable(
      [{ title: `${tests} tests` }, ...titles.map((title) => ({ title, ...right }))],
      cells,
    ),
    ...parallel.filter((line) => line !== ''),
    `medians of rounds in turn, Node ${node}${against}${end}`,
  ].join('\n');
}

const program = new Command('litmus.bench');
fillCommand(program, {
  table: TABLE,
  run: async (given) => {
    await runUseCase({ label: 'measuring', json: given.json, text: render }, (watching) =>
      measure({ ...given, ...watching }),
    );
  },
});
await runProgram(program, process.argv.slice(2));
