/** `klp-smp verify`: every scenario with nothing removed: nothing forbidden happens, and equal runs are equal. */

import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import { BROKEN_RACES, LATENT_RACES } from '../catalog/races.js';
import { SimulatorBug, UsageError } from '../errors.js';
import { Workers } from '../campaign/campaign.js';
import { catalogFiles } from '../campaign/find-scenario.js';
import type { ExploreConfig } from '../explorer/engine/config.js';
import { catalogModule } from '../explorer/build/modules.js';
import type { OutcomeCount, Tally } from '../campaign/tally.js';
import { renderTable } from '../report/table.js';
import { chooseScenario, scenariosOf, type Chosen } from './explore.js';
import { readJsonFile } from './input.js';
import { interruptible } from './interrupt.js';
import {
  existingFile,
  integerIn,
  jsonOption,
  option,
  seedOption,
  writableFile,
} from './options.js';
import { emit } from './output.js';
import { startProgress } from './progress.js';
import { runSaved } from './saved-campaign.js';

/** A whole machine takes some fifty times as long as a race. */
const RACES_TO_A_SYSTEM = 50;

interface VerifyOptions {
  readonly runs: number;
  readonly systemRuns?: number;
  readonly broken?: boolean;
  readonly twice?: boolean;
  readonly seed: number;
  readonly threads: number;
  readonly checkpoint?: string;
  readonly save?: string;
  readonly compare?: string;
  readonly json: boolean;
}

/** One scenario, verified. */
export interface VerifiedScenario {
  readonly scenario: string;
  /** `fails`: the code of an older kernel, or a latent issue; what it shows is no finding. */
  readonly expected: 'clean' | 'fails';
  readonly fingerprint: string;
  readonly seed: number;
  readonly executions: number;
  readonly operations: number;
  readonly seconds: number;
  /** Hash over the traces of all executions, eight hexadecimal digits. */
  readonly digest: string;
  /** The same of a second time; null: it was executed once. */
  readonly again: string | null;
  readonly outcomes: readonly Pick<OutcomeCount, 'key' | 'grade' | 'count' | 'token'>[];
}

const FAILING: ReadonlySet<string> = new Set(
  [...BROKEN_RACES, ...LATENT_RACES].map(({ name }) => name),
);

const hex = (n: number): string => n.toString(16).padStart(8, '0');

/** The scenarios that a user names, or all. @throws UsageError when there is none of a name */
async function chosen(
  workers: Workers,
  names: readonly string[],
  broken: boolean,
): Promise<Chosen[]> {
  const all: Chosen[] = [];
  if (names.length === 0) {
    for (const file of catalogFiles()) {
      const infos = await scenariosOf(workers, catalogModule(file));
      all.push(...infos.filter(({ name }) => broken || !FAILING.has(name)));
    }
  }
  for (const name of names) all.push(await chooseScenario(workers, name));
  return all;
}

/** Runs campaigns, one after the other, until one is interrupted. */
class Verifier {
  readonly #workers: Workers;
  readonly #options: VerifyOptions;
  readonly #signal: AbortSignal;

  constructor(workers: Workers, options: VerifyOptions, signal: AbortSignal) {
    this.#workers = workers;
    this.#options = options;
    this.#signal = signal;
  }

  async verify(info: Chosen, onProgress: (done: number) => void): Promise<VerifiedScenario> {
    const { seed, twice } = this.#options;
    const started = performance.now();
    const tally = await this.#tally(info, true, onProgress);
    const seconds = (performance.now() - started) / 1000;
    const complete = tally.executions >= this.#runsOf(info);
    const again = twice === true && complete ? await this.#tally(info, false, onProgress) : null;
    return {
      scenario: info.name,
      expected: FAILING.has(info.name) ? 'fails' : 'clean',
      fingerprint: info.fingerprint,
      seed,
      executions: tally.executions,
      operations: tally.steps,
      seconds,
      digest: hex(tally.digest),
      again: again && again.executions === tally.executions ? hex(again.digest) : null,
      outcomes: tally.outcomes.map(({ key, grade, count, token }) => ({
        key,
        grade,
        count,
        token,
      })),
    };
  }

  #runsOf({ kind }: Chosen): number {
    const { runs, systemRuns = Math.ceil(runs / RACES_TO_A_SYSTEM) } = this.#options;
    return kind === 'system' ? systemRuns : runs;
  }

  async #tally(info: Chosen, resumes: boolean, onProgress: (done: number) => void): Promise<Tally> {
    const { seed, threads, checkpoint } = this.#options;
    const { file, name, fingerprint } = info;
    const config: ExploreConfig = {
      scenario: { file, name },
      memory: 'lkmm',
      strategy: { kind: 'random', seed },
      ablated: [],
    };
    const { tally, failure } = await runSaved(this.#workers, {
      config,
      fingerprint,
      limits: { executions: this.#runsOf(info), budgetMs: Infinity, threads, stopAt: 'nothing' },
      checkpoint:
        checkpoint === undefined || !resumes ? undefined : join(checkpoint, `${name}.json`),
      signal: this.#signal,
      onProgress: ({ next }) => onProgress(next),
    });
    if (failure !== undefined) throw failure;
    return tally;
  }
}

function forbiddenIn({ outcomes }: VerifiedScenario): VerifiedScenario['outcomes'] {
  return outcomes.filter(({ grade }) => grade === 'forbidden');
}

/** Forbidden outcomes of scenarios that must have none. */
export function findingsOf(rows: readonly VerifiedScenario[]): VerifiedScenario['outcomes'] {
  return rows.filter(({ expected }) => expected === 'clean').flatMap(forbiddenIn);
}

function sawOf(row: VerifiedScenario): string {
  const forbidden = forbiddenIn(row);
  if (forbidden.length === 0) return 'nothing forbidden';
  const keys = forbidden.map(({ key, count }) => `${key} (${count})`).join(', ');
  return row.expected === 'fails' ? `as expected: ${keys}` : `FORBIDDEN: ${keys}`;
}

function text(rows: readonly VerifiedScenario[]): string {
  const table = renderTable(
    [
      { title: 'scenario' },
      { title: 'executions', align: 'right' },
      { title: 'M operations', align: 'right' },
      { title: 's', align: 'right' },
      { title: 'trace hash' },
      { title: '' },
    ],
    rows.map((r) => [
      r.scenario,
      String(r.executions),
      (r.operations / 1e6).toFixed(1),
      r.seconds.toFixed(1),
      r.again === null ? r.digest : `${r.digest} ${r.again === r.digest ? '=' : '≠'} ${r.again}`,
      sawOf(r),
    ]),
  );
  const tokens = findingsOf(rows).map(({ key, token }) => `${key}: klp-smp replay ${token}`);
  return [table, ...tokens].join('\n');
}

/** Rows of a saved report. @throws UsageError when the file is none */
function savedRows(path: string): VerifiedScenario[] {
  const rows = readJsonFile('report', path);
  const isReport =
    Array.isArray(rows) &&
    rows.every((row) => typeof (row as Partial<VerifiedScenario> | null)?.digest === 'string');
  if (!isReport) throw new UsageError(`'${path}' is not what verify --save writes`);
  return rows as VerifiedScenario[];
}

/**
 * Compare reports of the same executions.
 *
 * @returns one line for each scenario whose traces differ
 * @throws UsageError when they are not of the same executions
 */
export function differences(
  rows: readonly VerifiedScenario[],
  saved: readonly VerifiedScenario[],
): string[] {
  return rows.flatMap((row) => {
    const other = saved.find(({ scenario }) => scenario === row.scenario);
    if (other === undefined) throw new UsageError(`the saved report has no ${row.scenario}`);
    for (const what of ['fingerprint', 'seed', 'executions'] as const) {
      if (other[what] === row[what]) continue;
      throw new UsageError(
        `${row.scenario}: the saved report has ${what} ${other[what]}, this run ${row[what]}`,
      );
    }
    return other.digest === row.digest
      ? []
      : [`${row.scenario}: trace hash ${row.digest}, saved ${other.digest}`];
  });
}

async function run(names: readonly string[], options: VerifyOptions): Promise<void> {
  const saved = options.compare === undefined ? undefined : savedRows(options.compare);
  if (options.checkpoint !== undefined) mkdirSync(options.checkpoint, { recursive: true });
  const workers = new Workers(options.threads);
  const rows: VerifiedScenario[] = [];
  try {
    await interruptible(async (signal) => {
      const all = await chosen(workers, names, options.broken === true);
      const bar = startProgress({ label: 'verifying', total: all.length, unit: 'scenarios' });
      const verifier = new Verifier(workers, options, signal);
      try {
        for (const info of all) {
          if (signal.aborted) break;
          const show = (done: number): void => bar.update(rows.length, `${info.name} ${done}`);
          rows.push(await verifier.verify(info, show));
        }
      } finally {
        bar.stop();
      }
    });
  } finally {
    await workers.close();
    if (options.save !== undefined)
      writeFileSync(options.save, `${JSON.stringify(rows, undefined, 2)}\n`);
    emit(options, rows, text);
  }
  if (findingsOf(rows).length > 0) process.exitCode = 1;
  const differing = [
    ...rows.flatMap((r) =>
      r.again === null || r.again === r.digest ? [] : [`${r.scenario}: twice`],
    ),
    ...(saved === undefined ? [] : differences(rows, saved)),
  ];
  if (differing.length > 0) throw new SimulatorBug(`equal runs differ: ${differing.join('; ')}`);
}

const count = integerIn({ min: 1, max: 1e12 });

/** Add the command to a program. */
export function registerVerify(program: Command): void {
  program
    .command('verify')
    .description(
      'execute every scenario with nothing removed, and see that nothing forbidden happens',
    )
    .argument('[scenarios...]', 'names of the catalogue (default: all that must be clean)')
    .addOption(option('--runs <n>', 'executions of each race', count, { value: 1000 }))
    .addOption(
      option(
        '--system-runs <n>',
        `executions of each whole machine (default: a ${RACES_TO_A_SYSTEM}th)`,
        count,
      ),
    )
    .option('--broken', 'also what fails as it is: older kernels and latent issues')
    .option('--twice', 'execute everything twice, and compare the trace hashes')
    .addOption(option('--save <file>', 'write the rows as JSON', writableFile))
    .addOption(
      option(
        '--compare <file>',
        'compare the trace hashes with saved rows, of another Node version for instance',
        existingFile,
      ),
    )
    .option('--checkpoint <folder>', 'save the progress of each scenario there, and go on from it')
    .addOption(
      option('--threads <n>', 'worker threads', integerIn({ min: 1, max: 256 }), {
        value: availableParallelism(),
      }),
    )
    .addOption(seedOption())
    .addOption(jsonOption())
    .action(run);
}
