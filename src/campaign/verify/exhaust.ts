/** Use case: search every state of the races, so that "nothing forbidden" is proved. */

import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { UsageError, withPartial } from '../../errors.js';
import { BROKEN_RACES, LATENT_RACES } from '../../catalog/races.js';
import {
  joinReports,
  type ExhaustedOutcome,
  type ExhaustReport,
} from '../../explorer/states/exhaust.js';
import type { ExhaustPart } from '../../explorer/states/search-keeper.js';
import { readJsonFile, replaceFile } from '../options/files.js';
import { checkOptions, type OptionTable } from '../options/option-table.js';
import { WATCHING, type Watching } from '../options/progress.js';
import {
  choiceOf,
  duration,
  flag,
  integerIn,
  listOf,
  textOf,
  writableFile,
} from '../options/rules.js';
import { catalogueScenarios, chooseScenario, type Chosen } from '../scenarios/scenarios.js';
import type { Rows } from '../options/sets.js';
import { replayCommand } from '../options/replay-command.js';
import type { TaskMap } from '../work/task.js';
import { Workers } from '../work/workers.js';
import { dropSearches, hasSearches, keptBeside, type KeptAt } from './saved-search.js';

/** What {@link exhaust} is asked to do. */
export interface ExhaustOptions extends Watching {
  /** Names of races of the catalogue. Default all that must be clean. */
  readonly scenarios?: readonly string[];
  /** `sc` (the default): sequentially consistent memory. Otherwise what LKMM allows, except load buffering. */
  readonly memory?: 'sc' | 'lkmm';
  /** Milliseconds for each race at most. Default 10 minutes. */
  readonly budgetMs?: number;
  /**
   * File that lists the races that are done. They are not searched again, unless they ran out of a smaller budget; races
   * that finish are added to it. Files beside it keep searches under way, and those that ran out of time.
   */
  readonly checkpoint?: string;
  /** Search each race that is proved once more, and compare the states. Default no. */
  readonly again?: boolean;
  /** Worker threads: as many races are searched at a time, a single one by two. Default one for each core. */
  readonly threads?: number;
}

/** The options of {@link exhaust}. */
export const EXHAUST_OPTIONS = {
  ...WATCHING,
  scenarios: {
    rule: listOf(textOf('a name of the catalogue')),
    about: 'names of the catalogue (default: all races that must be clean)',
    flags: '[scenarios...]',
  },
  memory: {
    rule: choiceOf(['sc', 'lkmm']),
    about: 'sequentially consistent memory, or what the memory model of the kernel allows',
    fallback: 'sc',
    flags: '--memory <kind>',
  },
  budgetMs: {
    rule: duration,
    about: 'for each race at most',
    fallback: 600_000,
    shown: '10m',
    flags: '--budget <time>',
  },
  checkpoint: {
    rule: writableFile,
    about: 'keep what is done in a file and others beside it, and go on from there',
    flags: '--checkpoint <file>',
  },
  again: {
    rule: flag,
    about: 'search each race that is proved once more, and compare the states',
  },
  threads: {
    rule: integerIn({ min: 1, max: 256 }),
    about: 'worker threads',
    fallback: availableParallelism(),
    flags: '--threads <n>',
  },
} as const satisfies OptionTable<ExhaustOptions>;

/** One race, searched. */
export interface ExhaustedRace extends ExhaustReport {
  /** With the command line that shows it again, where there is a token. */
  readonly outcomes: readonly (ExhaustedOutcome & { readonly replay?: string })[];
  readonly scenario: string;
  readonly memory: 'sc' | 'lkmm';
  /**
   * `proved`: every state was searched, none ends in anything forbidden. `bounded`: every execution within a number of
   * preemptions was searched. `searched`: not even those were all searched.
   */
  readonly says: 'proved' | 'bounded' | 'searched' | 'refuted';
  readonly fingerprint: string;
  /** The digest of a second search; null when there was none. */
  readonly again: string | null;
}

/** Whether a second search of a race gave another result than the first. */
export function differs({ digest, again }: ExhaustedRace): boolean {
  return again !== null && again !== digest;
}

/** What a search of races showed; plain data. */
export type ExhaustResult = Rows<ExhaustedRace>;

/** Milliseconds that a search may go on beyond its time. */
const UNCLOCKED_MS = 60_000;

/** Version of checkpoints. */
const VERSION = 2;

const FAILING: ReadonlySet<string> = new Set(
  [...BROKEN_RACES, ...LATENT_RACES].map(({ name }) => name),
);

/**
 * Search the states of races, as many at a time as there are threads.
 *
 * @throws UsageError for an unknown name, and for a scenario that is not a race
 */
export async function exhaust(options: ExhaustOptions = {}): Promise<ExhaustResult> {
  const checked = checkOptions('exhaust', options, EXHAUST_OPTIONS);
  const { scenarios = [], memory, threads, checkpoint, signal, onProgress } = checked;
  const isTwice = checked.again === true;
  const workers = new Workers(threads);
  try {
    const all: Chosen[] = [];
    for (const name of scenarios) all.push(await chooseScenario(workers, name, signal));
    if (scenarios.length === 0) {
      all.push(...catalogueScenarios().filter((s) => s.kind === 'race' && !FAILING.has(s.name)));
    }
    const whole = all.find(({ kind }) => kind !== 'race');
    if (whole) throw new UsageError(`${whole.name} is a whole machine: races are exhausted`);
    const saved = checkpoint === undefined ? [] : savedRows(checkpoint);
    const keptAt = checkpoint === undefined ? () => undefined : keptBeside(checkpoint, memory);
    const rows = keptRows(saved, all, checked, keptAt);
    const kept = new Set(rows.map(({ scenario }) => scenario));
    const queue = all.filter(({ name }) => !kept.has(name));
    const isAlone = queue.length === 1 && threads > 1;
    const isWanted = (): boolean => signal?.aborted !== true;
    const lane = async (): Promise<void> => {
      for (let info = queue.shift(); info !== undefined; info = queue.shift()) {
        if (!isWanted()) return;
        const keep = keptAt(info);
        const row = await searched(workers, info, { ...checked, keep }, isAlone);
        const second = isTwice && row.digest !== null && isWanted();
        const other = second ? await searched(workers, info, checked, isAlone) : undefined;
        // Nothing to compare if the second search was cut short.
        rows.push({ ...row, again: isWanted() ? (other?.digest ?? null) : null });
        // A search that was cut short is done again.
        if (checkpoint !== undefined && isWanted()) {
          saveRows(checkpoint, [...rows, ...without(saved, rows)]);
          if (keep !== undefined && isDecided(row)) dropSearches(keep.file);
        }
        onProgress?.({ done: rows.length, total: all.length, unit: 'races', note: info.name });
      }
    };
    await Promise.all(Array.from({ length: threads }, lane)).catch((error: unknown) => {
      if (isWanted()) throw withPartial(error as Error, resultOf(rows, false));
    });
    return resultOf(rows, !isWanted());
  } finally {
    await workers.close();
  }
}

const resultOf = (rows: readonly ExhaustedRace[], interrupted: boolean): ExhaustResult => ({
  rows: [...rows].sort((a, b) => (a.scenario < b.scenario ? -1 : 1)),
  interrupted,
});

/** The options that determine how a race is searched. */
interface Searching {
  readonly memory: 'sc' | 'lkmm';
  readonly budgetMs: number;
  readonly signal?: AbortSignal | undefined;
  readonly keep?: KeptAt | undefined;
}

async function searched(
  workers: Workers,
  { file, name, fingerprint }: Chosen,
  { memory, budgetMs: ms, signal, keep }: Searching,
  isAlone: boolean,
): Promise<ExhaustedRace> {
  const kept = keep === undefined ? {} : { keep };
  const request = { scenario: { file, name }, memory, ablated: [], ms, ...kept };
  const search = new Search(workers, signal);
  try {
    const report = isAlone ? await search.inParts(request) : await search.run(request);
    const outcomes = report.outcomes.map((outcome) => {
      const { token } = outcome;
      return token === undefined ? outcome : { ...outcome, replay: replayCommand(token, file) };
    });
    const says = saysOf(report);
    return { scenario: name, memory, says, fingerprint, again: null, ...report, outcomes };
  } finally {
    search.end();
  }
}

/** The searches of one race. */
class Search {
  readonly #workers: Workers;
  readonly #signal: AbortSignal | undefined;
  /** What ends them: see {@link ExhaustRequest.stop}. */
  readonly #stops: Int32Array[] = [];
  readonly #stopAll = (): void => this.#stops.forEach((stop) => Atomics.store(stop, 0, 1));

  constructor(workers: Workers, signal: AbortSignal | undefined) {
    this.#workers = workers;
    this.#signal = signal;
    signal?.addEventListener('abort', this.#stopAll, { once: true });
  }

  async run(request: TaskMap['exhaust']['request']): Promise<ExhaustReport> {
    const stop = new Int32Array(new SharedArrayBuffer(4));
    this.#stops.push(stop);
    // A search may take long between two looks at the clock.
    const ms = 3 * request.ms + UNCLOCKED_MS;
    return this.#workers.run('exhaust', { ...request, stop }, { ms, signal: this.#signal });
  }

  /** Search without bounds and within bounds at the same time. What decides the race ends the other. */
  async inParts(request: TaskMap['exhaust']['request']): Promise<ExhaustReport> {
    const part = async (which: ExhaustPart): Promise<ExhaustReport> => {
      const report = await this.run({ ...request, part: which });
      if (report.exhausted || saysOf(report) === 'refuted') this.#stopAll();
      return report;
    };
    const [whole, bounded] = await Promise.all([part('whole'), part('bounded')]);
    return joinReports(whole, bounded);
  }

  end(): void {
    this.#signal?.removeEventListener('abort', this.#stopAll);
  }
}

function saysOf({ outcomes, exhausted, within }: ExhaustReport): ExhaustedRace['says'] {
  if (outcomes.some(({ grade }) => grade === 'forbidden')) return 'refuted';
  if (exhausted) return 'proved';
  return within === null ? 'searched' : 'bounded';
}

/** Races in a checkpoint. @throws UsageError when the file is not a checkpoint */
function savedRows(file: string): ExhaustedRace[] {
  if (!existsSync(file)) return [];
  const saved = readJsonFile('checkpoint', file) as { version?: unknown; rows?: unknown } | null;
  if (saved?.version !== VERSION || !Array.isArray(saved.rows)) {
    throw new UsageError(`${file} is no checkpoint of verify --exhaust of this version`);
  }
  return saved.rows as ExhaustedRace[];
}

/** Rows that no row of others replaces. */
function without(
  rows: readonly ExhaustedRace[],
  others: readonly ExhaustedRace[],
): ExhaustedRace[] {
  const keyOf = ({ scenario, memory }: ExhaustedRace): string => `${memory} ${scenario}`;
  const replaced = new Set(others.map(keyOf));
  return rows.filter((row) => !replaced.has(keyOf(row)));
}

function saveRows(file: string, rows: readonly ExhaustedRace[]): void {
  replaceFile('checkpoint', file, JSON.stringify({ version: VERSION, rows }, null, 2));
}

/** Whether more time could change nothing. */
function isDecided({ says }: ExhaustedRace): boolean {
  return says === 'proved' || says === 'refuted';
}

/** The races of a checkpoint that are wanted, have not changed since, and cannot use more time. */
function keptRows(
  rows: readonly ExhaustedRace[],
  wanted: readonly Chosen[],
  { memory, budgetMs }: Searching,
  keptAt: (race: Chosen) => KeptAt | undefined,
): ExhaustedRace[] {
  const infoOf = new Map(wanted.map((info) => [info.name, info]));
  return rows.filter((row) => {
    const info = infoOf.get(row.scenario);
    if (row.memory !== memory || info?.fingerprint !== row.fingerprint) return false;
    if (isDecided(row) || row.seconds * 1000 >= budgetMs) return true;
    const keep = keptAt(info);
    return keep === undefined || !hasSearches(keep);
  });
}
