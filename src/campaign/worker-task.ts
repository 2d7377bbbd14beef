/** What an exploring worker does for a campaign: short slices of work over sessions that it keeps. */

import { UsageError } from '../errors.js';
import type { ExploreConfig } from '../explorer/engine/config.js';
import { createStrategy, exploreRange, pctParameters, type RangeResult } from './explore.js';
import { pctBound, type PctParameters } from '../explorer/strategies/pct.js';
import type { Schedule } from '../explorer/engine/schedule.js';
import { loadScenario, loadScenarios, Session } from '../explorer/engine/session.js';
import type { Strategy } from '../explorer/engine/strategy.js';
import { minimise } from '../explorer/findings/minimise.js';
import { decodeToken } from '../explorer/findings/token.js';
import { ablatedLines, storyLines, tell } from '../explorer/findings/story.js';
import type { StopAt } from './tally.js';
import type { Verdict } from '../explorer/engine/verdict.js';

/** Slice of a campaign. */
export interface SliceTask {
  readonly task: 'slice';
  readonly config: ExploreConfig;
  readonly from: number;
  readonly to: number;
  /** Milliseconds after which the slice ends early. */
  readonly ms: number;
  readonly stopAt: StopAt;
}

/** List the scenarios of a file. */
export interface ListTask {
  readonly task: 'list';
  readonly file: string;
}

/** Shrink the finding that a token holds. */
export interface MinimiseTask {
  readonly task: 'minimise';
  readonly config: ExploreConfig;
  readonly token: string;
}

/** Execute what a token holds, twice, and tell it. */
export interface TellTask {
  readonly task: 'tell';
  readonly config: ExploreConfig;
  readonly token: string;
  readonly all: boolean;
}

/** Execute what a token holds, twice, without telling it. */
export interface RepeatTask {
  readonly task: 'repeat';
  readonly config: ExploreConfig;
  readonly token: string;
}

export type WorkerTask = SliceTask | ListTask | MinimiseTask | TellTask | RepeatTask;

/** One scenario of a file, as commands list it. */
export interface ScenarioInfo {
  readonly name: string;
  readonly kind: string;
  readonly description: string;
  readonly fingerprint: string;
}

/** A shrunk finding. */
export interface MinimisedFinding {
  readonly token: string;
  readonly verdict: Verdict;
  readonly before: { readonly switches: number; readonly choices: number };
  readonly after: { readonly switches: number; readonly choices: number };
  readonly executions: number;
  readonly isMinimal: boolean;
  /** Ablated sites without which the finding goes away. */
  readonly needed: readonly number[];
}

/** What a replay showed. */
export interface ReplayReport {
  readonly verdict: Verdict;
  readonly hash: number;
  /** The second execution was equal to the first. */
  readonly repeats: boolean;
  readonly fingerprint: string;
  readonly lines: readonly string[];
  readonly ablated: readonly string[];
}

interface Kept {
  readonly session: Session;
  readonly strategy: Strategy;
  readonly pct: PctParameters | undefined;
}

/** A slice's counts, and the guarantee of a priority-based exploration. */
export interface SliceResult extends RangeResult {
  readonly pct?: PctParameters & { readonly bound: number };
}

const kept = new Map<string, Promise<Kept>>();

function keep(config: ExploreConfig): Promise<Kept> {
  const key = JSON.stringify(config);
  let found = kept.get(key);
  if (!found) {
    found = open(config);
    kept.set(key, found);
  }
  return found;
}

async function open(config: ExploreConfig): Promise<Kept> {
  const session = new Session(await loadScenario(config.scenario), config);
  const strategy = createStrategy(config.strategy, session);
  const { strategy: wanted } = config;
  const pct = wanted.kind === 'pct' ? pctParameters(session, wanted.depth) : undefined;
  return { session, strategy, pct };
}

/** What a worker answers; errors lose their class on the way between threads, so the user's mistakes are values. */
export type Answer = { readonly result: unknown } | { readonly usage: string };

/** Carry out one task. */
export async function runTask(task: WorkerTask): Promise<Answer> {
  try {
    return { result: await carryOut(task) };
  } catch (error) {
    if (error instanceof UsageError) return { usage: error.message };
    throw error;
  }
}

async function carryOut(task: WorkerTask): Promise<unknown> {
  switch (task.task) {
    case 'slice':
      return slice(task);
    case 'list':
      return list(task.file);
    case 'minimise':
      return shrink(task);
    case 'tell':
      return replay(task);
    case 'repeat':
      return repeats(task);
  }
}

async function slice(task: SliceTask): Promise<SliceResult> {
  // Loading the scenario, at first, is part of the slice's time.
  const deadline = performance.now() + task.ms;
  const { session, strategy, pct } = await keep(task.config);
  const result = exploreRange(session, strategy, {
    from: task.from,
    to: task.to,
    deadline,
    stopAt: task.stopAt,
  });
  return pct ? { ...result, pct: { ...pct, bound: pctBound(pct) } } : result;
}

async function list(file: string): Promise<ScenarioInfo[]> {
  const all = await loadScenarios(file);
  return all.map(({ scenario: { name, kind, description }, fingerprint }) => ({
    name,
    kind,
    description,
    fingerprint,
  }));
}

async function shrink({ config, token }: MinimiseTask): Promise<MinimisedFinding> {
  const { session } = await keep(config);
  const { schedule } = decodeToken(token);
  const verdict = session.replay(schedule);
  const before = sizesOf(session.execution.log.schedule());
  const minimised = minimise(session, session.execution.log.schedule(), verdict.key);
  return {
    token: session.token(),
    verdict,
    before,
    after: sizesOf(minimised.schedule),
    executions: minimised.executions,
    isMinimal: minimised.isMinimal,
    needed: await neededSites(config, minimised.schedule, verdict.key),
  };
}

function sizesOf(schedule: Schedule): { switches: number; choices: number } {
  return { switches: schedule.switches.length, choices: schedule.choices.length };
}

/** Restore one ablated site at a time: those whose return makes the schedule harmless are to blame. */
async function neededSites(
  config: ExploreConfig,
  schedule: Schedule,
  key: string,
): Promise<number[]> {
  const needed: number[] = [];
  for (const site of config.ablated) {
    const rest = config.ablated.filter((other) => other !== site);
    const { session } = await keep({ ...config, ablated: rest });
    if (session.replay(schedule).key !== key) needed.push(site);
  }
  return needed;
}

async function replay({ config, token, all }: TellTask): Promise<ReplayReport> {
  const { session } = await keep(config);
  const { schedule } = decodeToken(token);
  const verdict = session.replay(schedule);
  const hash = session.execution.hash >>> 0;
  const story = tell(session, schedule);
  return {
    verdict,
    hash,
    repeats: story.hash === hash && story.verdict.key === verdict.key,
    fingerprint: session.fingerprint,
    lines: storyLines(story, session.prepared.machine.map, { all }),
    ablated: ablatedLines(story),
  };
}

/** Key of the outcome, if both executions are the one that the token was made of; else undefined. */
async function repeats({ config, token }: RepeatTask): Promise<string | undefined> {
  const { session } = await keep(config);
  const { schedule, hash } = decodeToken(token);
  const [first, second] = [0, 1].map(() => {
    const { key } = session.replay(schedule);
    return session.execution.hash >>> 0 === hash ? key : undefined;
  });
  return first === second ? first : undefined;
}
