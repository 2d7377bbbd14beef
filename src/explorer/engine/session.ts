/** A scenario loaded, prepared and ready to be executed with one configuration: what explore and replay share. */

import { readFileSync } from 'node:fs';
import { UsageError } from '../../errors.js';
import { KERNEL_VERSIONS } from '../../kernel/versions.js';
import { Ablation, type SiteId } from '../../memory/sites.js';
import type { EventLog } from '../../view-machine/log.js';
import type { Rule } from '../../view-machine/options.js';
import { ViewMachine } from '../../view-machine/view-machine.js';
import type { Scenario } from '../../scenario/declare.js';
import type { ScenarioReference } from '../../scenario/reference.js';
import type { SessionConfig } from './config.js';
import { Execution } from './execution.js';
import type { ExplorerMemory, MemoryKind } from './explorer-memory.js';
import { locateBlocked } from './blocked.js';
import { checkExecuted, ForeignBody } from './bodies.js';
import { suspectsIn } from '../build/foreign-state.js';
import { loadResumable } from '../build/modules.js';
import { parseModule } from '../build/transform.js';
import { stripTypes } from '../build/typescript.js';
import { prepare } from './prepare.js';
import type { Prepared } from './prepared.js';
import { RaceDetector, type DataRace } from './race-detector.js';
import { Repetition } from './repetition.js';
import { ReplayStrategy } from '../strategies/replay.js';
import type { Schedule } from './schedule.js';
import { ScMemory } from './sc-memory.js';
import { SpotChecks } from './spot-checks.js';
import type { Strategy } from './strategy.js';
import { encodeToken } from '../findings/token.js';
import type { StopReason } from './turns.js';
import { Judge, type Verdict } from './verdict.js';

/** Operations of one execution on all CPUs when a scenario sets no bound of its own. */
export const DEFAULT_STEPS = 20_000;

/** Sleeps of each CPU that end without a wake-up in one execution, when a scenario sets no bound of its own. */
const DEFAULT_EARLY_WAKEUPS = 1;

/** Kinds of deadlock whose places are looked for. */
const MOST_DEADLOCKS = 16;

/** A scenario and the fingerprint of its code. */
export interface LoadedScenario {
  readonly scenario: Scenario;
  readonly fingerprint: string;
  /** Kernel functions that were replaced. Default none. */
  readonly replaced?: readonly string[];
  /** File that exports it, for messages. */
  readonly file?: string;
  /** Whether loading it may give something else each time. Default no. */
  readonly varies?: boolean;
}

function isScenario(value: unknown): value is Scenario {
  const kind = (value as { kind?: unknown } | null)?.kind;
  return (kind === 'race' || kind === 'system') && typeof (value as Scenario).build === 'function';
}

/** Load every scenario that a file exports. @throws UsageError when it exports none */
export async function loadScenarios(
  file: string,
  replace?: string,
  frames = false,
): Promise<LoadedScenario[]> {
  const { exports, fingerprint, replaced, varies } = await loadResumable(file, replace, frames);
  const scenarios = Object.values(exports).filter(isScenario);
  if (scenarios.length === 0) {
    throw new UsageError(`${file} exports no scenario: export what race() or system() returns`);
  }
  return scenarios.map((scenario) => ({ scenario, fingerprint, replaced, file, varies }));
}

/** The same scenario on another release of the kernel. @throws UsageError when there is none */
function onKernel(loaded: LoadedScenario, text: string): LoadedScenario {
  const { scenario } = loaded;
  const version = KERNEL_VERSIONS.find((known) => known === text);
  if (version === undefined) {
    throw new UsageError(`there is no kernel ${text}; give one of ${KERNEL_VERSIONS.join(', ')}`);
  }
  if (scenario.forKernel === undefined) {
    throw new UsageError(`scenario ${scenario.name} runs on one kernel only`);
  }
  return { ...loaded, scenario: scenario.forKernel(version) };
}

/** The same scenario with other parameters. @throws UsageError when it has none, or not these */
function withParameters(loaded: LoadedScenario, text: string): LoadedScenario {
  const { scenario } = loaded;
  if (scenario.withParameters === undefined) {
    throw new UsageError(`scenario ${scenario.name} has no parameters: '${text}'`);
  }
  return { ...loaded, scenario: scenario.withParameters(text) };
}

/** Load one scenario; `frames`: with what tells local states apart. @throws UsageError naming those that there are */
export async function loadScenario(
  reference: ScenarioReference,
  { frames = false }: { readonly frames?: boolean } = {},
): Promise<LoadedScenario> {
  const { file, name, replace } = reference;
  const all = await loadScenarios(file, replace, frames);
  const [whole = name, version] = name.split('@', 2);
  const [base, ...parameters] = whole.split(':');
  const found = all.find(({ scenario }) => scenario.name === base);
  if (found && parameters.length > 0) return withParameters(found, parameters.join(':'));
  if (found) return version === undefined ? found : onKernel(found, version);
  const names = all.map(({ scenario }) => scenario.name).join(', ');
  throw new UsageError(`${file} has no scenario ${name}; it has: ${names}`);
}

/**
 * How much may stay unordered before the machine fences by itself. A transition writes dozens of words between a fence
 * and the publication that it orders: with the machine's own defaults the removal of O-12 is never seen.
 */
const CAPS = { windowCap: 32, viewCap: 64 } as const;

/** Make a memory of a kind for a machine. */
function createMemory(
  kind: MemoryKind,
  cpus: number,
  words: number,
  { log = false, without = [] }: SessionOptions = {},
): ExplorerMemory {
  return kind === 'sc' ? new ScMemory() : new ViewMachine({ cpus, words, ...CAPS, log, without });
}

/** Add the place to the error for a body that cannot be explored. */
function placed<T>(file: string | undefined, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw error instanceof ForeignBody && file !== undefined ? error.in(file) : error;
  }
}

/** Places in a file that may make its scenarios nondeterministic: in kernel code, or everywhere. */
function suspectsOf(file: string, everywhere: boolean): string[] {
  try {
    const code = readFileSync(file, 'utf8');
    const source = { file, code: /\.[cm]?ts$/.test(file) ? stripTypes(file, code).code : code };
    return suspectsIn(parseModule(source), everywhere).map(
      ({ line, what }) => `${file}:${line} ${what}`,
    );
  } catch {
    return []; // It was loaded before: what cannot be read again just gives no hint.
  }
}

/** What is not the same twice, and what must not depend on more. */
const TWICE = {
  schedule: ['one schedule led to two executions', 'Its code may depend on nothing but its cpu'],
  setUp: [
    'set up twice, it is not the same',
    'Modules, build(), init() and checks may depend on nothing that changes',
  ],
} as const;

/** What to say of a scenario that is not the same twice. */
export function notDeterministic(
  name: string,
  file: string | undefined,
  what: keyof typeof TWICE,
): UsageError {
  const suspects = file === undefined ? [] : suspectsOf(file, what === 'setUp');
  const [seen, rule] = TWICE[what];
  return new UsageError(
    `scenario ${name} is not deterministic: ${seen}. ${rule}: no Math.random(), no clock, ` +
      `no variable that outlives an execution${suspects.map((s) => `; ${s}`).join('')}`,
  );
}

/** What a session's memory does besides. */
export interface SessionOptions {
  /** Keep a log of each execution; default false. */
  readonly log?: boolean;
  /** Rules of the `lkmm` memory that are removed: for tests only. */
  readonly without?: readonly Rule[];
  /** Called for each ordering site that code reaches; slow. */
  readonly onSite?: (site: number) => void;
  /** Look for data races from the first execution on, which is not repeated for them. Default: once substrate data was touched. */
  readonly racesAtOnce?: boolean;
}

/** One prepared scenario, executed any number of times. */
export class Session {
  /** What it executes, as its file was loaded. */
  readonly loaded: LoadedScenario;
  readonly prepared: Prepared;
  readonly execution: Execution;
  readonly fingerprint: string;
  /** Log of the memory, where it was asked for and the memory keeps one. */
  readonly log: EventLog | undefined;
  /** The memory that its executions have. */
  readonly memoryKind: MemoryKind;
  readonly #ablated: readonly number[];
  #isChecked = false;
  readonly #judge: Judge;
  readonly #deadlocks = new Map<string, Verdict>();
  readonly #spotChecks = new SpotChecks();
  #races: RaceDetector | undefined;

  /** The data race of the last execution, if one was found. */
  get race(): DataRace | undefined {
    return this.#races?.found;
  }

  constructor(
    loaded: LoadedScenario,
    config: Omit<SessionConfig, 'scenario'>,
    options: SessionOptions = {},
  ) {
    const { scenario, fingerprint, file } = loaded;
    this.loaded = loaded;
    this.fingerprint = fingerprint;
    this.prepared = placed(file, () => prepare(scenario));
    this.memoryKind = config.memory;
    this.#ablated = config.ablated;
    const { bodies } = this.prepared.machine;
    const { length } = this.prepared.image;
    const memory = createMemory(config.memory, bodies.length, length, options);
    this.log = memory instanceof ViewMachine ? (memory.log ?? undefined) : undefined;
    this.execution = new Execution(this.prepared, {
      memory,
      fencesInteract: config.memory === 'lkmm',
      onSite: options.onSite,
      ablation: new Ablation(config.ablated as readonly SiteId[]),
      steps: config.steps ?? scenario.bounds?.steps ?? DEFAULT_STEPS,
      earlyWakeups: scenario.bounds?.earlyWakeups ?? DEFAULT_EARLY_WAKEUPS,
    });
    this.#judge = new Judge(this.prepared, file);
    if (options.racesAtOnce === true) this.#races = this.#detector();
  }

  #detector(): RaceDetector {
    const { execution } = this;
    const races = new RaceDetector(execution.cpus.length, execution.image.length);
    execution.attach(races);
    return races;
  }

  get scenario(): Scenario {
    return this.prepared.scenario;
  }

  /** Execute once; undefined when the strategy abandoned the execution as redundant. */
  execute(strategy: Strategy): Verdict | undefined {
    return this.#ended(strategy, this.execution.run(strategy));
  }

  /** Execute once as {@link execute} does; yields whenever the machine waits for something from outside. */
  *executing(strategy: Strategy): Generator<undefined, Verdict | undefined> {
    const { execution } = this;
    let reason = execution.start(strategy);
    while (reason === 'suspended') {
      yield;
      reason = execution.proceed();
    }
    return this.#ended(strategy, reason);
  }

  #ended(strategy: Strategy, reason: StopReason): Verdict | undefined {
    const { execution } = this;
    strategy.end();
    if (reason === 'abandoned') return undefined;
    if (!this.#isChecked) this.#check();
    if (execution.substrate && this.#races === undefined) {
      // The first execution that touches substrate data: repeat it with the detector, which costs time, switched on.
      this.#races = this.#detector();
      return this.replay(execution.log.schedule());
    }
    const { stepLimit } = execution;
    const givenUp = reason === 'unended' ? { stepLimit, repeats: this.#repeats() } : undefined;
    const verdict = this.#judge.judge(execution, reason, this.#races?.found, givenUp);
    return reason === 'deadlock' && execution.log.isWhole ? this.#located(verdict) : verdict;
  }

  /** Whether the execution that was just given up would go on for ever. Another execution shows it. */
  #repeats(): boolean {
    const { execution } = this;
    const { machine, image } = this.prepared;
    // Time could still pass, but nothing here lets it pass.
    if (machine.busyTime !== undefined || machine.advanceTime !== undefined) return false;
    if (!execution.log.isWhole) return false;
    const watch = new Repetition(machine.ctx, {
      memory: execution.memory,
      words: image.length,
      cpus: execution.cpus.length,
      bound: execution.bound,
    });
    const strategy = new ReplayStrategy(execution.log.schedule());
    execution.attach(watch);
    const { hash } = execution;
    execution.run(strategy);
    strategy.end();
    execution.detach(watch);
    return execution.hash === hash && watch.period !== undefined;
  }

  /** After the first execution: whether every body did something. */
  #check(): void {
    this.#isChecked = true;
    const { scenario, machine } = this.prepared;
    placed(this.loaded.file, () => checkExecuted(scenario, machine, this.execution.cpus));
  }

  /**
   * Count the execution that has just ended, and repeat it if it is due for that.
   *
   * @param isCandidate whether it is to be repeated if that does not take too much time; the first of each outcome
   * always is
   * @throws UsageError as {@link checkRepeats} does
   */
  spotCheck(verdict: Verdict, isCandidate: boolean): void {
    const isDue = this.#spotChecks.count(verdict.key, this.execution.steps, isCandidate);
    if (isDue) this.checkRepeats(verdict);
  }

  /**
   * Repeat the execution that has just ended.
   *
   * @throws UsageError when the repetition differs: the scenario depends on something besides its schedule
   */
  checkRepeats({ key }: Verdict): void {
    const { execution } = this;
    const { hash } = execution;
    const again = this.replay(execution.log.schedule());
    if (again.key === key && execution.hash === hash) return;
    throw this.notDeterministic();
  }

  /** What to say when one schedule leads to two executions. */
  notDeterministic(): UsageError {
    return notDeterministic(this.scenario.name, this.loaded.file, 'schedule');
  }

  /** A deadlock with the places where its CPUs wait, which one more execution shows; once for each kind of deadlock. */
  #located(verdict: Verdict): Verdict {
    const known = this.#deadlocks.get(verdict.detail);
    if (known !== undefined) return known;
    if (this.#deadlocks.size >= MOST_DEADLOCKS) return verdict;
    const detail = locateBlocked(this.execution, this.prepared.machine);
    const located = { ...verdict, detail };
    this.#deadlocks.set(verdict.detail, located);
    return located;
  }

  /** Execute one schedule. */
  replay(schedule: Schedule): Verdict {
    const verdict = this.execute(new ReplayStrategy(schedule));
    if (verdict === undefined) throw new RangeError('a replay cannot be abandoned');
    return verdict;
  }

  /** Token of the execution that has just ended. */
  token(): string {
    return encodeToken({
      scenario: this.scenario.name,
      fingerprint: this.fingerprint,
      memory: this.memoryKind,
      ablated: this.#ablated,
      replaced: this.loaded.replaced ?? [],
      schedule: this.execution.log.schedule(),
      hash: this.execution.hash >>> 0,
    });
  }
}
