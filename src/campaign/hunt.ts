/** Looks for a forbidden outcome of a catalogue scenario with ordering sites removed: one cell of the ablation matrix. */

import { Interrupted } from '../errors.js';
import type { SessionConfig } from '../explorer/engine/config.js';
import { Campaign, type CampaignLimits, type CampaignPlan } from './work/campaign.js';
import { findScenario } from './scenarios/find-scenario.js';
import { replacing } from './scenarios/replace.js';
import type { Workers } from './work/workers.js';

/** What to look for, and for how long. */
export interface Hunt {
  /** Name of a scenario of the catalogue. */
  readonly scenario: string;
  /** Numbers of the sites that are removed. */
  readonly removed: readonly number[];
  readonly seed: number;
  /** File that replaces kernel functions. */
  readonly replace?: string | undefined;
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
  /** Ends it early. */
  readonly signal?: AbortSignal | undefined;
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

function planOf(wanted: Hunt): CampaignPlan {
  const { file, name } = findScenario(wanted.scenario);
  return {
    session: {
      scenario: { file, name: name ?? wanted.scenario, ...replacing(wanted.replace) },
      memory: wanted.memory,
      ablated: wanted.removed,
    },
    strategy:
      wanted.bounds === undefined
        ? { kind: 'random', seed: wanted.seed }
        : { kind: 'dfs', ...wanted.bounds },
  };
}

/**
 * Explore until something forbidden is found or the budget is used up.
 *
 * @throws UsageError when there is no such scenario
 * @throws Interrupted when the signal ended it
 */
export async function hunt(workers: Workers, wanted: Hunt): Promise<HuntResult> {
  const plan = planOf(wanted);
  const { signal } = wanted;
  const limits: CampaignLimits = {
    from: 0,
    executions: wanted.executions ?? Number.MAX_SAFE_INTEGER,
    budgetMs: wanted.budgetMs,
    threads: wanted.threads,
    stopAt: wanted.finds === undefined ? 'forbidden' : { key: wanted.finds },
    signal,
  };
  const started = performance.now();
  const { tally, exhausted, failure } = await new Campaign(workers, plan, limits).run();
  const seconds = (performance.now() - started) / 1000;
  if (failure !== undefined) throw failure;
  if (signal?.aborted === true) throw new Interrupted();
  const found = tally.outcomes
    .filter(({ grade }) => grade === 'forbidden')
    .sort((a, b) => a.firstRun - b.firstRun);
  const catches: Catch[] = [];
  for (const { key, detail, firstRun, token } of found) {
    const caught = { key, detail, executions: firstRun + 1, token };
    const shown =
      wanted.shrink === true ? await shrunk(workers, plan.session, caught, signal) : caught;
    const request = { session: plan.session, token: shown.token };
    const repeated = await workers.run('repeat', request, { ms: SHRINK_MS, signal });
    catches.push({ ...shown, replays: repeated === key });
  }
  const outcomes = Object.fromEntries(tally.outcomes.map(({ key, count }) => [key, count]));
  return { executions: tally.executions, exhausted, seconds, catches, outcomes };
}

async function shrunk(
  workers: Workers,
  session: SessionConfig,
  found: Omit<Catch, 'replays'>,
  signal: AbortSignal | undefined,
): Promise<Omit<Catch, 'replays'>> {
  const request = { session, token: found.token };
  const limits = { ms: SHRINK_MS, signal };
  const { token, needed, before, after } = await workers.run('minimise', request, limits);
  const switches = { found: before.switches, shrunk: after.switches };
  return { ...found, token, needed, switches };
}
