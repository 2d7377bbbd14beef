/** `npm run bench:find`: executions and seconds until each strategy finds each bug, in this build or beside another. */

import { fork, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import {
  choiceOf,
  existingFolder,
  integerIn,
  listOf,
  textOf,
} from '../src/campaign/options/rules.js';
import type { Watching } from '../src/campaign/options/progress.js';
import { fillCommand, JSON_OPTION, type Given } from '../src/cli/command.js';
import { runProgram } from '../src/cli/program.js';
import { runUseCase } from '../src/cli/use-case.js';
import { Interrupted, UsageError } from '../src/errors.js';
import { DRAWING } from '../src/explorer/engine/config.js';
import type { FindMessage } from './find-child.js';
import type { FindRequest, FindRow, FindRun } from './find-rows.js';
import * as table from './find-table.js';

/** The strategy that `explore` takes by default, in this build and in those before. */
const DEFAULT_STRATEGY = 'random';
const OWN = fileURLToPath(new URL('../..', import.meta.url));
const CHILD = fileURLToPath(new URL('./find-child.js', import.meta.url));

const TABLE = {
  strategies: {
    rule: listOf(choiceOf(DRAWING)),
    about: 'strategies',
    shown: `all of them; ${DEFAULT_STRATEGY} with --against`,
    flags: '--strategies <names>',
  },
  rows: {
    rule: listOf(textOf('part of the name of a bug')),
    about: 'only these',
    shown: 'all bugs',
    flags: '--rows <names>',
  },
  seeds: {
    rule: integerIn({ min: 1, max: 1000 }),
    about: 'seeds',
    fallback: 20,
    flags: '--seeds <n>',
  },
  most: {
    rule: integerIn({ min: 1, max: 1e9 }),
    about: 'executions after which a seed is given up',
    fallback: 50_000,
    flags: '--most <n>',
  },
  against: {
    rule: existingFolder,
    about: 'measure another build in turn with this one',
    flags: '--against <dir>',
  },
  ...JSON_OPTION,
} as const;

/** What is printed. */
interface FindReport {
  readonly figures: readonly table.FindFigures[];
  readonly comparisons: readonly table.FindComparison[];
  readonly summary: table.FindSummary | undefined;
  /** It was stopped before everything was measured. */
  readonly isInterrupted: boolean;
}

/** A build that is measured in a process of its own. */
class Measured {
  readonly #child: ChildProcess;

  constructor(root: string) {
    this.#child = fork(CHILD, [resolve(root)], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  }

  #ask<T>(message: FindMessage): Promise<T> {
    return new Promise((done, failed) => {
      const onExit = (): void => failed(new Interrupted());
      this.#child.once('exit', onExit);
      this.#child.once('message', (answer: { result: T } | { error: string }) => {
        this.#child.off('exit', onExit);
        if ('error' in answer) failed(new UsageError(answer.error));
        else done(answer.result);
      });
      this.#child.send(message);
    });
  }

  rows(): Promise<FindRow[]> {
    return this.#ask('rows');
  }

  find(request: FindRequest): Promise<FindRun[]> {
    return this.#ask(request);
  }

  end(): void {
    this.#child.kill();
  }
}

function otherBuild(directory: string): string {
  const needed = join(directory, 'dist', 'src', 'catalog', 'demonstrations.js');
  if (existsSync(needed)) return directory;
  throw new UsageError(`--against: '${directory}' is no built checkout: it has no ${needed}`);
}

function chosenRows(all: readonly FindRow[], parts: readonly string[] | undefined): FindRow[] {
  const rows = all.filter(({ name }) => parts?.some((part) => name.includes(part)) ?? true);
  if (rows.length > 0) return rows;
  throw new UsageError(
    `--rows: there is no such bug; there are ${all.map((r) => r.name).join(', ')}`,
  );
}

async function measure(given: Given<typeof TABLE>, { signal, onProgress }: Watching) {
  const { against, seeds = TABLE.seeds.fallback, most = TABLE.most.fallback } = given;
  const ours = new Measured(OWN);
  const other = against === undefined ? undefined : new Measured(otherBuild(against));
  const stop = (): void => [ours, other].forEach((build) => build?.end());
  signal?.addEventListener('abort', stop);
  const figures: table.FindFigures[] = [];
  const comparisons: table.FindComparison[] = [];
  try {
    const rows = chosenRows(await ours.rows(), given.rows);
    const has = new Set(((await other?.rows()) ?? []).map(({ name }) => name));
    const strategies = given.strategies ?? (other ? [DEFAULT_STRATEGY] : DRAWING);
    const all = rows.flatMap((row) => strategies.map((strategy) => ({ row, strategy })));
    for (const [done, { row, strategy }] of all.entries()) {
      onProgress?.({ done, total: all.length, unit: 'searches', note: row.name });
      const request = { row, strategy, seeds, most };
      // Earlier builds have one default strategy, whatever this build is asked for.
      const before = has.has(row.name)
        ? await other?.find({ ...request, strategy: DEFAULT_STRATEGY })
        : undefined;
      const now = table.figuresOf(row.name, strategy, await ours.find(request));
      figures.push(now);
      if (before === undefined) continue;
      const was = table.figuresOf(row.name, DEFAULT_STRATEGY, before);
      comparisons.push(table.compareFigures(was, now));
    }
  } catch (error) {
    if (signal?.aborted !== true) throw error;
  } finally {
    signal?.removeEventListener('abort', stop);
    stop();
  }
  const isInterrupted = signal?.aborted === true;
  return { figures, comparisons, summary: table.summarise(comparisons), isInterrupted };
}

const program = new Command('bench:find');
fillCommand(program, {
  table: TABLE,
  run: async (given) => {
    const text = ({ figures, comparisons, isInterrupted }: FindReport): string =>
      [
        table.renderFigures(figures),
        ...(comparisons.length === 0 ? [] : [table.renderComparisons(comparisons)]),
        ...(isInterrupted ? ['interrupted before the end'] : []),
      ].join('\n\n');
    await runUseCase<FindReport>({ label: 'finding', json: given.json, text }, (watching) =>
      measure(given, watching),
    );
  },
});
await runProgram(program, process.argv.slice(2));
