/** Use case: weaken the operations of `Atomics` in a program one at a time, and see which the program needs. */

import { UsageError } from '../errors.js';
import { Campaign } from './work/campaign.js';
import { checkOptions, type Filled, type OptionTable } from './options/option-table.js';
import { WATCHING, type Watching } from './options/progress.js';
import { replayCommand } from './options/replay-command.js';
import { integerIn, seed, textOf } from './options/rules.js';
import { chooseScenario, type Chosen } from './scenarios/scenarios.js';
import type { ProgramOperation } from './work/task.js';
import { Workers } from './work/workers.js';

/** Milliseconds that shrinking one finding may take. */
const MINIMISE_MS = 60_000;

/** What {@link weaken} is asked to do. */
export interface WeakenOptions extends Watching {
  /** `FILE` or `FILE#NAME`. */
  readonly scenario: string;
  /** Executions for each operation. Default 5000. */
  readonly executions?: number;
  /** Seed of every random choice. Default 1. */
  readonly seed?: number;
}

/** The options of {@link weaken}. */
export const WEAKEN_OPTIONS = {
  ...WATCHING,
  scenario: {
    rule: textOf('FILE or FILE#NAME'),
    about: 'FILE or FILE#NAME of a program',
    required: true,
    flags: '<program>',
  },
  executions: {
    rule: integerIn({ min: 1, max: 1e9 }),
    about: 'executions for each operation',
    fallback: 5000,
    flags: '--runs <n>',
  },
  seed: { rule: seed, about: 'seed of every random choice', fallback: 1, flags: '--seed <n>' },
} as const satisfies OptionTable<WeakenOptions>;

/** What came of weakening one operation. */
export interface WeakenedOperation {
  readonly place: string;
  readonly text: string;
  /** `needed`: something forbidden was found without it; `not found to be needed`; `not reached`. */
  readonly standing: 'needed' | 'not found to be needed' | 'not reached';
  /** The forbidden outcome, and the command that shows it. */
  readonly finds: string | null;
  readonly replay: string | null;
}

/** What weakening a program has shown; plain data. */
export interface WeakenResult {
  readonly scenario: string;
  readonly executions: number;
  readonly operations: readonly WeakenedOperation[];
  readonly interrupted: boolean;
}

type Checked = Filled<WeakenOptions, typeof WEAKEN_OPTIONS>;

/**
 * Weaken each operation of `Atomics` in turn: a load or store becomes a plain access, a read-modify-write a plain load and a plain
 * store, and a notify wakes nobody.
 *
 * @throws UsageError when the program is not there, cannot be run, uses no `Atomics`, or fails as it is
 */
export async function weaken(options: WeakenOptions): Promise<WeakenResult> {
  const checked = checkOptions('weaken', options, WEAKEN_OPTIONS);
  const workers = new Workers(1);
  try {
    const info = await chooseScenario(workers, checked.scenario, checked.signal);
    if (info.kind !== 'program') {
      throw new UsageError(
        `weaken is for programs over SharedArrayBuffers; ${info.name} is kernel code: ablate removes its ordering sites`,
      );
    }
    return await weakenAll(workers, info, checked);
  } finally {
    await workers.close();
  }
}

async function weakenAll(workers: Workers, info: Chosen, options: Checked): Promise<WeakenResult> {
  const { signal, onProgress, executions } = options;
  const scenario = { file: info.file, name: info.name };
  const usual = { scenario, memory: 'js', ablated: [] } as const;
  const found = await workers.run('operations', usual, { ms: MINIMISE_MS, signal });
  if (found.length === 0) throw new UsageError(`${info.name} uses no operation of Atomics`);
  const whole = await findingWithout(workers, info, [], options);
  if (whole !== undefined) {
    throw new UsageError(
      `${info.name} fails as it is (${whole.key}), so nothing can be said about what it needs`,
    );
  }
  const operations: WeakenedOperation[] = [];
  for (const operation of found) {
    if (signal?.aborted === true) break;
    onProgress?.({ done: operations.length, total: found.length, unit: 'operations', note: '' });
    operations.push(await weakenOne(workers, info, operation, options));
  }
  return { scenario: info.name, executions, operations, interrupted: signal?.aborted === true };
}

async function weakenOne(
  workers: Workers,
  info: Chosen,
  { site, place, text, isReached }: ProgramOperation,
  options: Checked,
): Promise<WeakenedOperation> {
  const nothing = { finds: null, replay: null };
  if (!isReached) return { place, text, standing: 'not reached', ...nothing };
  const found = await findingWithout(workers, info, [site], options);
  if (found === undefined) return { place, text, standing: 'not found to be needed', ...nothing };
  return { place, text, standing: 'needed', finds: found.key, replay: found.replay };
}

/** The first forbidden outcome without some operations, shrunk. */
async function findingWithout(
  workers: Workers,
  { file, name }: Chosen,
  ablated: readonly number[],
  { executions, seed: from, signal }: Checked,
): Promise<{ readonly key: string; readonly replay: string } | undefined> {
  const session = { scenario: { file, name }, memory: 'js', ablated } as const;
  const limits = {
    ...{ from: 0, executions, budgetMs: MINIMISE_MS, threads: 1, signal },
    stopAt: 'forbidden' as const,
  };
  const plan = { session, strategy: { kind: 'random', seed: from } } as const;
  const state = await new Campaign(workers, plan, limits).run();
  if (state.failure !== undefined) throw state.failure;
  const found = state.tally.outcomes.find(({ grade }) => grade === 'forbidden');
  if (found === undefined) return undefined;
  const request = { session, token: found.token };
  const { token } = await workers.run('minimise', request, { ms: MINIMISE_MS, signal });
  return { key: found.key, replay: replayCommand(token, file) };
}
