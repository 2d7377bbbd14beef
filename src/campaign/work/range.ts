/** Executes a range of a campaign's executions in this thread and counts what they show. */

import { SimulatorBug, UsageError } from '../../errors.js';
import { configOf, portfolioOf, type StrategyConfig } from '../../explorer/engine/config.js';
import { DfsStrategy } from '../../explorer/strategies/dfs.js';
import { FeedbackStrategy } from '../../explorer/strategies/feedback.js';
import { PctStrategy, type PctParameters } from '../../explorer/strategies/pct.js';
import { PctwmStrategy } from '../../explorer/strategies/pctwm.js';
import { PortfolioStrategy } from '../../explorer/strategies/portfolio.js';
import { PosStrategy } from '../../explorer/strategies/pos.js';
import { profileOf, type Profile } from '../../explorer/strategies/profile.js';
import { RandomStrategy } from '../../explorer/strategies/random.js';
import { SurwStrategy } from '../../explorer/strategies/surw.js';
import { Session } from '../../explorer/engine/session.js';
import { ReplayStrategy } from '../../explorer/strategies/replay.js';
import { DEFAULT_SCHEDULE } from '../../explorer/engine/schedule.js';
import type { Explorable } from '../../explorer/engine/explorable.js';
import type { Strategy } from '../../explorer/engine/strategy.js';
import { askAxioms } from '../../explorer/findings/axioms.js';
import {
  addAxioms,
  countAgain,
  countFirst,
  digestOf,
  emptyTally,
  endsSearch,
  type StopAt,
  type Tally,
} from './tally.js';

/** Operations between two looks at the clock. */
const CLOCK_STEPS = 2000;

/** The first executions, all candidates for a second run. Later: those that show something new, ever fewer others. */
const REPEATED = 8;

type ProfiledConfig = Exclude<
  StrategyConfig,
  { readonly kind: 'random' | 'pct' | 'dfs' | 'portfolio' }
>;

/** Depth and history of those strategies of a portfolio that have them. */
const PORTFOLIO = { depth: 3, history: 3 } as const;

/** What to execute. */
export interface Range {
  /** First execution and the one after the last. */
  readonly from: number;
  readonly to: number;
  /** `performance.now()` at which to stop early. */
  readonly deadline: number;
  /** Stop after an execution with this outcome. */
  readonly stopAt: StopAt;
  /** Ask the axioms of LKMM about every execution; the session keeps its log. Default false. */
  readonly axioms?: boolean;
}

/** What was executed of a range. */
export interface RangeResult {
  readonly tally: Tally;
  /** Executions `from` … `next` - 1 are counted. */
  readonly next: number;
  /** Exhaustive search: nothing is left to try. */
  readonly exhausted: boolean;
  /** A bound of the search has left something out. */
  readonly bounded: boolean;
}

/** n, k and d of a priority-based exploration: k is measured by one execution without preemption. */
export function pctParameters(session: Explorable, depth: number): PctParameters {
  const strategy = new ReplayStrategy(DEFAULT_SCHEDULE);
  session.execute(strategy);
  return { n: session.execution.cpus.length, k: session.execution.steps, d: depth };
}

/** What the CPUs of a session share. */
type Look = (session: Session) => Profile;

/** Looks once, however many strategies want to know. */
function lookOnce(): Look {
  let profile: Profile | undefined;
  return (session) => (profile ??= profileOf(session, session.execution.image.length));
}

/** A strategy that knows what the CPUs share. */
function createProfiled(config: ProfiledConfig, session: Explorable, look: Look): Strategy {
  const { kind, seed } = config;
  if (!(session instanceof Session)) {
    throw new UsageError(
      `--strategy ${kind} explores kernel code; give a program random, pct or dfs`,
    );
  }
  if (config.kind === 'feedback') return new FeedbackStrategy(seed);
  if (config.kind === 'pctwm') return new PctwmStrategy(seed, config, look(session));
  if (kind === 'pos') return new PosStrategy(seed, look(session));
  return new SurwStrategy(seed, look(session), session.execution.image.length);
}

/** Races are short, so it pays to look first at what their CPUs share. */
function createRandom(seed: number, session: Explorable, look: Look): RandomStrategy {
  if (!(session instanceof Session) || session.scenario.kind === 'system') {
    return new RandomStrategy(seed);
  }
  return new RandomStrategy(seed, look(session), session.execution.image.length);
}

function createPortfolio(seed: number, session: Explorable, look: Look): PortfolioStrategy {
  const names = portfolioOf(session instanceof Session ? session.memoryKind : undefined);
  return new PortfolioStrategy(
    names.map((kind) => createStrategy(configOf(kind, { ...PORTFOLIO, seed }), session, look)),
  );
}

/**
 * Make the strategy that a configuration asks for.
 *
 * @param look finds out what the CPUs share; default for this strategy alone
 * @throws UsageError when it cannot explore this
 */
export function createStrategy(
  config: StrategyConfig,
  session: Explorable,
  look = lookOnce(),
): Strategy {
  if (config.kind === 'random') return createRandom(config.seed, session, look);
  if (config.kind === 'portfolio') return createPortfolio(config.seed, session, look);
  if (config.kind === 'pct') {
    return new PctStrategy(config.seed, pctParameters(session, config.depth));
  }
  if (config.kind !== 'dfs') return createProfiled(config, session, look);
  if (session.scenario.kind === 'system') {
    throw new UsageError(
      '--strategy dfs explores races; a whole machine is explored with random or pct',
    );
  }
  const { workers = 0, cpus } = session.execution;
  // The reduction does not know steps by which agents affect each other outside memory: then it tries every order.
  const isOpen = workers > 0 || session.mayGrow === true;
  const { preemptions = isOpen ? Infinity : undefined } = config;
  const bounds = { ...config, ...(preemptions === undefined ? {} : { preemptions }) };
  return new DfsStrategy(cpus.length, bounds);
}

/** Ask the axioms about the execution that has just ended. */
function countAxioms(tally: Tally, session: Explorable, run: number): void {
  if (!(session instanceof Session)) throw new SimulatorBug('a program has no axioms of LKMM');
  const { events, violated } = askAxioms(session);
  const rejected = violated === null ? null : { axiom: violated, run, token: session.token() };
  addAxioms(tally, { accepted: violated === null ? 1 : 0, events, rejected });
}

/** Execute a range. A strategy with state, such as an exhaustive one, continues where it stopped. */
export function exploreRange(session: Explorable, strategy: Strategy, range: Range): RangeResult {
  const tally = emptyTally();
  const { execution } = session;
  let run = range.from;
  let exhausted = false;
  let clock = CLOCK_STEPS;
  for (; run < range.to; run++) {
    if (clock <= 0) {
      if (performance.now() >= range.deadline) break;
      clock = CLOCK_STEPS;
    }
    exhausted = !strategy.begin(run);
    if (exhausted) break;
    const verdict = session.execute(strategy);
    clock -= execution.steps;
    if (verdict === undefined || (strategy instanceof DfsStrategy && strategy.isElsewhere)) {
      tally.redundant++;
      continue;
    }
    tally.executions++;
    tally.steps += execution.steps;
    // No CPU began: there was nothing to execute.
    tally.switches += Math.max(0, execution.switches);
    tally.digest = (tally.digest + digestOf(execution.hash, run)) >>> 0;
    if (execution.wasFair) tally.overlong++;
    const isNew = !countAgain(tally, verdict, run);
    if (isNew) countFirst(tally, verdict, run, session.token());
    if (range.axioms === true) countAxioms(tally, session, run);
    const isCandidate = isNew || run === range.from || run < REPEATED || (run & (run - 1)) === 0;
    if (session instanceof Session) session.spotCheck(verdict, isCandidate);
    if (endsSearch(range.stopAt, verdict)) {
      run++;
      break;
    }
  }
  if ((session.asked?.length ?? 0) > 0) tally.asked = session.asked as readonly string[];
  const bounded = strategy instanceof DfsStrategy && strategy.bounded;
  return { tally, next: run, exhausted, bounded };
}
