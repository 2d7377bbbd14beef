/** What an exploring worker does for a campaign: short slices of work over sessions that it keeps. */

import { SimulatorBug, UsageError } from '../../errors.js';
import type { SessionConfig } from '../../explorer/engine/config.js';
import { showPulse } from '../../explorer/engine/pulse.js';
import type { Schedule } from '../../explorer/engine/schedule.js';
import { prepare } from '../../explorer/engine/prepare.js';
import { loadScenario, Session } from '../../explorer/engine/session.js';
import { minimise } from '../../explorer/findings/minimise.js';
import { inflectionOf } from '../../explorer/findings/inflection.js';
import { askAxioms } from '../../explorer/findings/axioms.js';
import { CoverageCounter, type CoverageCounts } from '../../explorer/findings/coverage.js';
import { exhaust } from '../../explorer/states/exhaust.js';
import { record } from '../../explorer/findings/record.js';
import type { Recording } from '../../explorer/findings/recording.js';
import { ablatedLines, inflectionStep, storyLines, tell } from '../../explorer/findings/story.js';
import { decodeToken } from '../../explorer/findings/token.js';
import { pctBound } from '../../explorer/strategies/pct.js';
import { replayScript, type HistoryVerdict } from '../../scenario/history.js';
import type { LatentScriptResult } from '../../scenario/latent.js';
import type { ScenarioReference } from '../../scenario/reference.js';
import { tellProgram, weakenedLines } from '../../javascript/engine/story.js';
import { Sessions } from './kept.js';
import { atomicsOf, isProgramSession, listFile, racesOf } from '../scenarios/programs.js';
import { setUpIn } from '../scenarios/set-up.js';
import { playRecording } from '../recording/played-task.js';
import { searchKeeper } from '../verify/saved-search.js';
import { exploreParts } from './parts.js';
import { createStrategy, exploreRange } from './range.js';
import { isOfCatalogue } from '../options/replay-command.js';
import type { FileListing } from '../scenarios/scenario-index.js';
import type {
  Answer,
  CoverageRequest,
  MinimisedFinding,
  ProgramOperation,
  ReplayReport,
  SliceRequest,
  SliceResult,
  TaskMap,
  TaskMessage,
  TaskName,
  TokenRequest,
} from './task.js';

const sessions = new Sessions();

const HANDLERS: {
  readonly [K in TaskName]: (
    request: TaskMap[K]['request'],
  ) => Promise<TaskMap[K]['result']> | TaskMap[K]['result'];
} = {
  slice,
  parts: async (request) => exploreParts(await sessions.session(request.session), request),
  cpus: async (config) => (await sessions.session(config)).execution.cpus.length,
  list,
  setUp: setUpIn,
  image,
  minimise: shrink,
  operations,
  races,
  tell: retell,
  record: write,
  play: playRecording,
  repeat,
  coverage,
  exhaust: async (request) => {
    await sessions.checkSetUp(request.scenario);
    const { keep } = request;
    return exhaust(request, keep === undefined ? undefined : searchKeeper(keep));
  },
  history,
  latent,
};

/** Carry out one task. */
export async function runTask<K extends TaskName>({
  task,
  request,
  pulse,
}: TaskMessage<K>): Promise<Answer<TaskMap[K]['result']>> {
  showPulse(pulse);
  try {
    return { result: await HANDLERS[task](request) };
  } catch (error) {
    if (error instanceof UsageError) return { usage: error.message };
    throw error;
  }
}

async function slice(request: SliceRequest): Promise<SliceResult> {
  // Loading the scenario, at first, is part of the slice's time.
  const deadline = performance.now() + request.ms;
  const { from, to, stopAt } = request;
  const session = await sessions.session(request.session);
  const kept = sessions.strategy(session, request.session, request.strategy, from);
  const { strategy, pct } = kept;
  const result = exploreRange(session, strategy, {
    ...{ from, to, deadline, stopAt },
    axioms: request.session.axioms === true,
  });
  kept.next = result.next;
  return pct ? { ...result, pct: { ...pct, bound: pctBound(pct) } } : result;
}

function list({ file, replace }: TaskMap['list']['request']): Promise<FileListing> {
  return listFile(file, replace);
}

/** Uses a separate session: a session that keeps the memory's log is slow. */
async function write({
  session: config,
  token,
  command,
}: TaskMap['record']['request']): Promise<Recording> {
  const session = new Session(await loadScenario(config.scenario), config, { log: true });
  return record(session, token, { command });
}

/** Executions that are looked at for coverage, whatever time they take. */
const LEAST_COVERED = 3;

/** Uses a separate session: a session that reports sites and keeps a log is slow. */
async function coverage({
  session: config,
  strategy: wanted,
  executions,
  ms,
}: CoverageRequest): Promise<CoverageCounts | undefined> {
  if (isProgramSession(await sessions.session(config))) return undefined;
  const counter = new CoverageCounter();
  const options = { log: true, onSite: (site: number) => counter.site(site) };
  const session = new Session(await loadScenario(config.scenario), config, options);
  const strategy = createStrategy(wanted, session);
  // Loading is not counted, and at least one execution is looked at, however slow it is.
  const deadline = performance.now() + ms;
  for (let run = 0; run < executions; run++) {
    if (run >= LEAST_COVERED && performance.now() >= deadline) break;
    if (!strategy.begin(run)) break;
    if (session.execute(strategy) !== undefined) counter.add(session);
  }
  return counter.counts();
}

async function image(scenario: ScenarioReference): Promise<Int32Array> {
  return prepare((await loadScenario(scenario)).scenario).image;
}

/** Executions by which the operations and data races of a program are looked for. */
const LOOKS = 500;

async function operations(config: SessionConfig): Promise<readonly ProgramOperation[]> {
  const session = await sessions.session(config);
  if (!isProgramSession(session))
    throw new UsageError('only programs over SharedArrayBuffers are weakened');
  return atomicsOf(session, LOOKS);
}

async function races(config: SessionConfig): Promise<readonly string[]> {
  const session = await sessions.session(config);
  return isProgramSession(session) ? racesOf(session, LOOKS) : [];
}

async function shrink({ session: config, token }: TokenRequest): Promise<MinimisedFinding> {
  const session = await sessions.session(config);
  const { schedule, hash } = decodeToken(token);
  const verdict = session.replay(schedule);
  if (!isProgramSession(session) && session.execution.hash >>> 0 !== hash) {
    throw session.notDeterministic();
  }
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

/** Restore one ablated site at a time. If that makes the schedule harmless, the finding needs the site to be absent. */
async function neededSites(
  config: SessionConfig,
  schedule: Schedule,
  key: string,
): Promise<number[]> {
  const needed: number[] = [];
  for (const site of config.ablated) {
    const rest = config.ablated.filter((other) => other !== site);
    const session = await sessions.session({ ...config, ablated: rest });
    if (session.replay(schedule).key !== key) needed.push(site);
  }
  return needed;
}

async function retell({
  session: config,
  token,
  all,
}: TaskMap['tell']['request']): Promise<ReplayReport> {
  const session = await sessions.session(config);
  const { schedule } = decodeToken(token);
  const verdict = session.replay(schedule);
  const hash = session.execution.hash >>> 0;
  const { fingerprint } = session;
  if (isProgramSession(session)) {
    const { verdict: again, hash: second, lines } = tellProgram(session, schedule);
    if (second !== hash || again.key !== verdict.key) {
      throw new UsageError(
        `program ${session.scenario.name} is not deterministic: one schedule led to two executions. It depends on what is not drawn from the seed, such as the text of error.stack`,
      );
    }
    return {
      ...{ verdict, hash, repeats: true, fingerprint, lines, decisive: null, inflection: null },
      ablated: weakenedLines(session),
    };
  }
  const axioms = config.axioms === true ? askAxioms(session) : undefined;
  const story = tell(session, schedule);
  if (story.hash !== hash && !isOfCatalogue(config.scenario.file)) throw session.notDeterministic();
  const { map } = session.prepared.machine;
  const inflection =
    verdict.grade === 'forbidden' ? inflectionOf(session, story.schedule) : undefined;
  return {
    verdict,
    hash,
    repeats: story.hash === hash && story.verdict.key === verdict.key,
    fingerprint,
    lines: storyLines(story, map, { all }),
    decisive: storyLines(story, map, { all, decisive: true, inflection }),
    inflection: inflection === undefined ? null : inflectionStep(story, map, inflection, { all }),
    ablated: ablatedLines(story),
    ...(axioms === undefined ? {} : { axioms }),
  };
}

/** Key of the outcome, if both executions are the one that the token was made of; else undefined. */
async function repeat({ session: config, token }: TokenRequest): Promise<string | undefined> {
  const session = await sessions.session(config);
  const { schedule, hash } = decodeToken(token);
  const [first, second] = [0, 1].map(() => {
    const { key } = session.replay(schedule);
    return session.execution.hash >>> 0 === hash ? key : undefined;
  });
  return first === second ? first : undefined;
}

async function history({ id }: { readonly id: string }): Promise<HistoryVerdict> {
  const { HISTORY } = await import('../../catalog/history.js');
  const bug = HISTORY.find((other) => other.id === id);
  if (bug?.kind !== 'script') throw new SimulatorBug(`${id} is no script`);
  return replayScript(bug);
}

async function latent(request: TaskMap['latent']['request']): Promise<LatentScriptResult> {
  const { id, attempt, seed, kernel } = request;
  const { LATENT } = await import('../../catalog/latent.js');
  const script = LATENT.find((issue) => issue.id === id)?.attempts[attempt];
  if (script?.kind !== 'script') throw new SimulatorBug(`${id} has no script ${attempt}`);
  return script.run(seed, kernel);
}
