/** A scenario as a test: explored with a fixed seed and budget, failing with its story and a command that shows it again. */

import { fileURLToPath } from 'node:url';
import { checkOptions, type Filled, type OptionTable } from '../campaign/options/option-table.js';
import { createStrategy, exploreRange } from '../campaign/work/range.js';
import { shellWord } from '../campaign/options/replay-command.js';
import {
  choiceOf,
  duration,
  integerIn,
  orderingSites,
  seed,
  textOf,
} from '../campaign/options/rules.js';
import { unendedComplaint, type OutcomeCount, type Tally } from '../campaign/work/tally.js';
import { UsageError } from '../errors.js';
import type { ScenarioInfo } from '../campaign/scenarios/scenario-index.js';
import { tellProgram } from '../javascript/engine/story.js';
import { isProgramSession, listFile, openSession } from '../campaign/scenarios/programs.js';
import { SetUps } from '../campaign/scenarios/set-up.js';
import { checkWorlds } from '../campaign/scenarios/worlds.js';
import type { AnySession } from '../campaign/work/kept.js';
import { minimise } from '../explorer/findings/minimise.js';
import { storyLines, tell } from '../explorer/findings/story.js';
import { decodeToken } from '../explorer/findings/token.js';

/** How a scenario is explored by a test. */
export interface RaceTestOptions {
  /** Which scenario of the file; needed when it exports several. */
  readonly scenario?: string;
  /** Seed of the random exploration. Default made of the test's title, so that no other test changes it. */
  readonly seed?: number;
  /** Executions. Default 2000, or as many as fit `budgetMs`. */
  readonly executions?: number;
  /** Time to spend, in ms. Default unbounded. */
  readonly budgetMs?: number;
  /** Memory model: the kernel's (default for kernel code), that of ECMAScript (default for programs), or sequentially consistent. */
  readonly memory?: 'lkmm' | 'sc' | 'js';
  /** Ordering sites to remove, for a negative control, such as `['O-04']`. Default none. */
  readonly without?: readonly (number | string)[];
  /** Outcome that must be found; left out: nothing forbidden may be. */
  readonly finds?: string;
}

const RACE_TEST_OPTIONS = {
  scenario: { rule: textOf('the name of a scenario'), about: 'which scenario of the file' },
  seed: { rule: seed, about: 'seed of the random exploration' },
  executions: { rule: integerIn({ min: 1, max: Number.MAX_SAFE_INTEGER }), about: 'executions' },
  budgetMs: { rule: duration, about: 'time to spend' },
  memory: { rule: choiceOf(['lkmm', 'sc', 'js']), about: 'memory model' },
  without: { rule: orderingSites, about: 'ordering sites to remove', fallback: [] },
  finds: { rule: textOf('the key of an outcome'), about: 'outcome that must be found' },
} as const satisfies OptionTable<RaceTestOptions>;

type Checked = Filled<RaceTestOptions, typeof RACE_TEST_OPTIONS>;

/** Executions of a test that gives neither their number nor a time. */
const EXECUTIONS = 2000;
/** Lines of a story that a failing test prints. */
const MOST_LINES = 60;

/** Outcomes that a failing test prints, when the one that it needs is not among them. */
const MOST_OUTCOMES = 20;

/** How a test ended. */
export interface RaceCheck {
  /** What was explored, in a line. */
  readonly note: string;
  /** Why the test fails; undefined: it passes. */
  readonly failure: string | undefined;
}

/** A seed made of a title: FNV-1a over its UTF-16 code units. */
export function seedOf(title: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < title.length; i++) {
    hash = Math.imul(hash ^ title.charCodeAt(i), 0x01000193);
  }
  return hash >>> 0;
}

/**
 * Explore a scenario as a test of this title asks.
 *
 * @param title the test's; undefined: seed 1
 * @param file the file that exports the scenario, compiled JavaScript or TypeScript
 * @throws UsageError for options that are not accepted, when the file has no such scenario, or when nothing was executed
 */
export async function checkRace(
  title: string | undefined,
  file: URL | string,
  options: RaceTestOptions,
): Promise<RaceCheck> {
  const checked = checkOptions('raceTest', options, RACE_TEST_OPTIONS);
  const path = typeof file === 'string' ? file : fileURLToPath(file);
  const loaded = await chosenOf(path, checked.scenario);
  const from = checked.seed ?? (title === undefined ? 1 : seedOf(title));
  const memory = checked.memory ?? (loaded.kind === 'program' ? 'js' : 'lkmm');
  const where = `${loaded.name}, seed ${from}, memory ${memory}`;
  const ablated = checked.without as readonly number[];
  const scenario = { file: path, name: loaded.name };
  const session = await openSession({ scenario, memory, ablated });
  if (!isProgramSession(session)) await new SetUps().check(scenario, session.loaded);
  const tally = explored(session, from, checked);
  if (tally.executions === 0) throw new UsageError(`nothing was executed of ${where}`);
  const note = `${tally.executions} executions of ${where}`;
  return { note, failure: failureOf(session, tally, where, path, checked.finds) };
}

async function chosenOf(path: string, name: string | undefined): Promise<ScenarioInfo> {
  const { scenarios: all, varies } = await listFile(path);
  const fitting = all.filter((info) => name === undefined || info.name === name);
  const [loaded] = fitting;
  if (loaded !== undefined && fitting.length === 1) {
    if (varies) await checkWorlds({ file: path, name: loaded.name });
    return loaded;
  }
  const names = all.map((info) => `'${info.name}'`).join(', ');
  throw new UsageError(
    name === undefined
      ? `raceTest: ${path} has several scenarios: give { scenario: … }, one of ${names}`
      : `raceTest: scenario: ${path} has no '${name}'; it has ${names}`,
  );
}

function explored(session: AnySession, from: number, options: Checked): Tally {
  const { budgetMs, executions, finds } = options;
  const strategy = createStrategy({ kind: 'random', seed: from }, session);
  return exploreRange(session, strategy, {
    from: 0,
    to: executions ?? (budgetMs === undefined ? EXECUTIONS : Number.MAX_SAFE_INTEGER),
    deadline: budgetMs === undefined ? Infinity : performance.now() + budgetMs,
    stopAt: finds === undefined ? 'forbidden' : { key: finds },
  }).tally;
}

function failureOf(
  session: AnySession,
  tally: Tally,
  where: string,
  path: string,
  finds: string | undefined,
): string | undefined {
  const { outcomes } = tally;
  if (finds === undefined) {
    const found = outcomes.find(({ grade }) => grade === 'forbidden');
    if (found !== undefined) return findingText(session, found, where, path);
    return unendedComplaint(where, tally);
  }
  if (outcomes.some(({ key }) => key === finds)) return undefined;
  const frequent = [...outcomes].sort((a, b) => b.count - a.count).slice(0, MOST_OUTCOMES);
  const seen = frequent.map(({ key, count, grade }) => `  ${key}: ${count} (${grade})`);
  const more = outcomes.length - seen.length;
  const rest = more > 0 ? [`  and ${more} more outcomes`] : [];
  return [`${finds} was not found in ${where}:`, ...seen, ...rest].join('\n');
}

function findingText(
  session: AnySession,
  found: OutcomeCount,
  where: string,
  path: string,
): string {
  const { schedule } = decodeToken(found.token);
  const shrunk = minimise(session, schedule, found.key);
  const token = session.token();
  const lines = isProgramSession(session)
    ? tellProgram(session, shrunk.schedule).lines
    : storyLines(tell(session, shrunk.schedule), session.prepared.machine.map, { decisive: true });
  const more = lines.length - MOST_LINES;
  return [
    `${found.key}: ${found.detail}`,
    `execution ${found.firstRun} of ${where}`,
    `replay: npx klp-smp replay ${token} --file ${shellWord(path)}`,
    'the decisive steps of the shrunk schedule:',
    ...lines.slice(0, MOST_LINES),
    ...(more > 0 ? [`and ${more} more lines`] : []),
  ].join('\n');
}
