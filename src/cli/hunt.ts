/** Looks for a forbidden outcome of a catalogue scenario with ordering sites removed: one cell of the ablation matrix. */

import { Campaign, type CampaignLimits, type Workers } from '../campaign/campaign.js';
import { findScenario } from '../campaign/find-scenario.js';
import type { ExploreConfig } from '../explorer/engine/config.js';
import type { MinimisedFinding } from '../campaign/worker-task.js';

/** What to look for, and for how long. */
export interface Hunt {
  /** Name of a scenario of the catalogue. */
  readonly scenario: string;
  /** Numbers of the sites that are removed. */
  readonly removed: readonly number[];
  readonly seed: number;
  readonly memory: 'sc' | 'lkmm';
  readonly budgetMs: number;
  readonly threads: number;
  /** Search exhaustively within these bounds instead of at random. */
  readonly bounds?: { readonly preemptions: number; readonly choices: number };
  /** Executions at most; default as many as fit. */
  readonly executions?: number;
  /** Shrink the finding. Default false. */
  readonly shrink?: boolean;
  /** Go on until an outcome with this key is found. Default: any forbidden one will do. */
  readonly finds?: string | undefined;
}

/** What a hunt found. */
export interface Catch {
  readonly key: string;
  readonly detail: string;
  /** Executions up to and including the one that showed it first. */
  readonly executions: number;
  readonly token: string;
  /** Whether the token, executed twice, led to this outcome by the same trace both times. */
  readonly replays: boolean;
  /** Removed sites whose return makes the shrunk schedule harmless; only when it was shrunk. */
  readonly needed?: readonly number[];
  /** Context switches as it was found, and after shrinking; only when it was shrunk. */
  readonly switches?: { readonly found: number; readonly shrunk: number };
}

/** How a hunt ended. */
export interface HuntResult {
  readonly executions: number;
  /** Nothing is left within the bounds. */
  readonly exhausted: boolean;
  readonly seconds: number;
  /** Forbidden outcomes, the earliest first. */
  readonly catches: readonly Catch[];
  /** All outcomes and how often each was seen. */
  readonly outcomes: Readonly<Record<string, number>>;
}

/** The predicted finding of a hunt, or else its first; undefined when it found nothing. */
export function predictedCatch(
  { catches }: HuntResult,
  key: string | undefined,
): Catch | undefined {
  return catches.find((caught) => caught.key === key) ?? catches[0];
}

/** Milliseconds that shrinking one finding may take. */
const SHRINK_MS = 60_000;

/**
 * Explore until something forbidden is found or the budget is used up.
 *
 * @throws UsageError when there is no such scenario
 */
export async function hunt(workers: Workers, wanted: Hunt): Promise<HuntResult> {
  const { file, name } = findScenario(wanted.scenario);
  const config: ExploreConfig = {
    scenario: { file, name: name ?? wanted.scenario },
    memory: wanted.memory,
    strategy:
      wanted.bounds === undefined
        ? { kind: 'random', seed: wanted.seed }
        : { kind: 'dfs', ...wanted.bounds },
    ablated: wanted.removed,
  };
  const limits: CampaignLimits = {
    from: 0,
    executions: wanted.executions ?? Number.MAX_SAFE_INTEGER,
    budgetMs: wanted.budgetMs,
    threads: wanted.threads,
    stopAt: wanted.finds === undefined ? 'forbidden' : { key: wanted.finds },
  };
  const started = performance.now();
  const { tally, exhausted, failure } = await new Campaign(
    workers,
    config,
    limits,
    () => undefined,
  ).run();
  const seconds = (performance.now() - started) / 1000;
  if (failure !== undefined) throw failure;
  const found = tally.outcomes
    .filter(({ grade }) => grade === 'forbidden')
    .sort((a, b) => a.firstRun - b.firstRun);
  const catches: Catch[] = [];
  for (const { key, detail, firstRun, token } of found) {
    const caught = { key, detail, executions: firstRun + 1, token };
    const shown = wanted.shrink === true ? await shrunk(workers, config, caught) : caught;
    const task = { task: 'repeat', config, token: shown.token } as const;
    const repeated = await workers.run<string | undefined>(task, SHRINK_MS);
    catches.push({ ...shown, replays: repeated === key });
  }
  const outcomes = Object.fromEntries(tally.outcomes.map(({ key, count }) => [key, count]));
  return { executions: tally.executions, exhausted, seconds, catches, outcomes };
}

async function shrunk(
  workers: Workers,
  config: ExploreConfig,
  found: Omit<Catch, 'replays'>,
): Promise<Omit<Catch, 'replays'>> {
  const task = { task: 'minimise', config, token: found.token } as const;
  const { token, needed, before, after } = await workers.run<MinimisedFinding>(task, SHRINK_MS);
  const switches = { found: before.switches, shrunk: after.switches };
  return { ...found, token, needed, switches };
}
