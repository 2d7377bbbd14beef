/** A program loaded, set up and ready to be executed with one configuration. */

import { UsageError } from '../../errors.js';
import { Realm } from '../async/realm.js';
import type { Explorable } from '../../explorer/engine/explorable.js';
import type { MemoryKind } from '../../explorer/engine/explorer-memory.js';
import type { Schedule } from '../../explorer/engine/schedule.js';
import type { Strategy } from '../../explorer/engine/strategy.js';
import type { Verdict } from '../../explorer/engine/verdict.js';
import { encodeToken } from '../../explorer/findings/token.js';
import { ReplayStrategy } from '../../explorer/strategies/replay.js';
import { compileProgram, SCRIPT, type CompiledProgram } from '../build/compile.js';
import type { SharedMemory } from '../memory/memory.js';
import { JsMemory } from '../memory/js-memory.js';
import { ScBytes } from '../memory/sc-bytes.js';
import { isProgram, type Program, type ThreadBody } from '../program.js';
import type { Asked } from '../runtime/determinism.js';
import type { Instance } from '../runtime/instance.js';
import type { Coroutine } from '../runtime/keys.js';
import { copyForAgent } from '../runtime/sharing.js';
import { UINT8 } from '../runtime/views.js';
import type { Agent } from './agent.js';
import { collect, evaluated, mainOf, mayStartWorkers, nothing, start } from './bodies.js';
import { Execution } from './execution.js';
import { firstLine } from './first-line.js';
import { Judge, placeOf, THROWS } from './judge.js';
import { Machine } from './machine.js';
import { LookingStrategy, ModuleBuffers } from './module-buffers.js';
import type { Workers } from './workers.js';

/** Steps of one execution when a program sets no bound of its own. */
const DEFAULT_STEPS = 20_000;

/** Workers that one execution may start when a program sets no bound of its own. */
const DEFAULT_WORKERS = 6;

/**
 * Stands among the numbers of weakened sites, where 0 is no site, and says that data races are findings. That way
 * tokens hold it.
 */
const RACES_ARE_ERRORS = 0;

/** Up to this many bytes, the real buffers are checked after each execution. */
const CHECKED_BYTES = 4096;
/** Larger buffers are checked only once in so many executions. */
const CHECK_EVERY = 64;

/** A program and where it comes from. */
export interface LoadedProgram {
  readonly compiled: CompiledProgram;
  /** Name of the export, and of the program. */
  readonly exported: string;
  readonly name: string;
  readonly description: string;
  /** As the file declared it when it was loaded. */
  readonly program: Program;
}

/** What a session is made with. */
export interface ProgramConfig {
  readonly memory: MemoryKind;
  /** Sites whose operation is weakened. */
  readonly ablated: readonly number[];
  readonly steps?: number;
  /** A data race is a finding. */
  readonly racesAreErrors?: boolean;
}

/** Memories by kind. */
export const MEMORIES: Partial<Record<MemoryKind, () => SharedMemory>> = {
  sc: () => new ScBytes(),
  js: () => new JsMemory(),
};

/** Whether a file declares programs. Such a file is loaded here, and not as kernel code. */
export function declaresPrograms(code: string): boolean {
  return /['"]klp-smp\/javascript['"]/.test(code);
}

/** Load every program that a file exports. @throws UsageError with file and line */
export function loadPrograms(file: string): LoadedProgram[] {
  return programsOf(file, compileProgram(file), 0);
}

/** Rounds of looking for modules that a program asks for when it runs. */
const MOST_ROUNDS = 4;

/**
 * Modules that a program asks for only at run time are instrumented with the rest, so that the second round knows their
 * accessors too.
 */
function programsOf(file: string, compiled: CompiledProgram, round: number): LoadedProgram[] {
  const programs = declaredIn(file, compiled);
  const isOpen = programs.some(
    (loaded) => loaded.program.main !== undefined || mayStartWorkers(compiled),
  );
  if (!isOpen || round === MOST_ROUNDS) return programs;
  for (const loaded of programs) new ProgramSession(loaded, { memory: 'sc', ablated: [] });
  const { extra } = compiled;
  if (extra.length === 0) return programs;
  return programsOf(file, compileProgram(file, [...compiled.given, ...extra]), round + 1);
}

function declaredIn(file: string, compiled: CompiledProgram): LoadedProgram[] {
  const exports = evaluate(compiled, new Machine(compiled));
  const programs = Object.entries(exports).filter(([, value]) => isProgram(value)) as [
    string,
    Program,
  ][];
  if (programs.length === 0) {
    throw new UsageError(`${file} exports no program: export what program() returns`);
  }
  return programs.map(([exported, program]) => ({
    compiled,
    exported,
    name: program.name ?? exported,
    description: program.description ?? describe(exported, program),
    program,
  }));
}

function describe(name: string, { main, threads }: Program): string {
  const parts =
    main === undefined ? `${threads.length} threads` : `the main module ${String(main)}`;
  return `program ${name} of ${parts}`;
}

function evaluate(
  compiled: CompiledProgram,
  { factory, runtime }: Machine,
): Readonly<Record<string, unknown>> {
  try {
    const evaluation = factory.instance().evaluate(compiled.entry);
    return runtime.drive(evaluated(evaluation, runtime)) as Record<string, unknown>;
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(
      `${placeOf(compiled, error)}: throws while it is loaded: ${String(error)}`,
    );
  }
}

/** One program, executed any number of times. */
export class ProgramSession implements Explorable {
  readonly execution: Execution;
  readonly fingerprint: string;
  readonly scenario: { readonly name: string; readonly kind: string };
  readonly program: Program;
  readonly machine: Machine;
  readonly compiled: CompiledProgram;
  readonly #loaded: LoadedProgram;
  readonly #config: ProgramConfig;
  readonly #judge: Judge;
  readonly #image: Uint8Array;
  /** Whether the memory that the threads share may grow. */
  readonly mayGrow: boolean;
  #shared: unknown;
  readonly #regions: number;
  readonly #real: readonly Uint8Array[];
  readonly #before: readonly Uint8Array[];
  #runs = 0;
  /** Kinds of deadlocks whose stacks were seen. */
  readonly #told = new Set<string>();

  get #racesAreErrors(): boolean {
    const { racesAreErrors = false, ablated } = this.#config;
    return racesAreErrors || ablated.includes(RACES_ARE_ERRORS);
  }

  constructor(loaded: LoadedProgram, config: ProgramConfig) {
    const { compiled } = loaded;
    this.#loaded = loaded;
    this.#config = config;
    this.compiled = compiled;
    this.fingerprint = compiled.fingerprint;
    this.machine = new Machine(compiled);
    this.program = this.#instance();
    this.scenario = { name: loaded.name, kind: 'program' };
    const make = MEMORIES[config.memory];
    if (make === undefined) {
      throw new UsageError(
        `--memory ${config.memory}: a program runs over ${Object.keys(MEMORIES).join(' or ')}`,
      );
    }
    const { runtime, regions } = this.machine;
    const steps = config.steps ?? this.program.steps ?? DEFAULT_STEPS;
    const declared = Math.max(this.program.threads.length, 1);
    const isOpen = this.program.main !== undefined || mayStartWorkers(compiled);
    const workers = this.program.workers ?? (isOpen ? DEFAULT_WORKERS : 0);
    this.execution = new Execution(runtime, make(), { declared, workers, steps });
    this.execution.isMain = this.program.main !== undefined;
    this.machine.attach(this.execution);
    this.machine.seed = () => this.execution.drawSeed();
    for (const site of config.ablated) {
      if (site >= runtime.weakened.length) {
        throw new UsageError(`${loaded.name} has no operation ${site} to weaken: it has changed`);
      }
      if (site !== RACES_ARE_ERRORS) runtime.weakened[site] = 1;
    }
    this.#shared = this.#makeShared();
    this.#regions = regions.list.length;
    this.mayGrow = regions.list.some(({ buffer, capacity }) => capacity > buffer.byteLength);
    this.#image = this.#snapshot();
    this.#real = regions.list.map(({ buffer }) => new Uint8Array(buffer));
    this.#before = this.#real.map((bytes) => bytes.slice());
    this.#judge = new Judge(compiled, this.program, this.execution, this.machine.printed);
    this.#checkBodies();
    this.#told.clear();
  }

  #instance(): Program {
    const exports = evaluate(this.compiled, this.machine);
    return exports[this.#loaded.exported] as Program;
  }

  #makeShared(): unknown {
    const { runtime } = this.machine;
    const { memory, stepper } = runtime;
    memory.reset(new Uint8Array(0), 1, { choose: () => 0 });
    runtime.stepper = this.machine.outside;
    try {
      const shared = runtime.drive(runtime.invoke(this.program.shared ?? nothing, undefined, []));
      collect(shared, this.machine.regions);
      return shared;
    } catch (error) {
      throw new UsageError(`${placeOf(this.compiled, error)}: shared() throws: ${String(error)}`);
    } finally {
      runtime.stepper = stepper;
    }
  }

  /** The bytes that every execution starts from: what `shared` has written, and what the buffers held before. */
  #snapshot(): Uint8Array {
    const { regions, runtime } = this.machine;
    const image = new Uint8Array(regions.end);
    runtime.memory.extend(regions.end);
    for (const { buffer, base } of regions.list) {
      const real = new Uint8Array(buffer);
      for (let i = 0; i < real.length; i++) {
        const written = Number(runtime.memory.newest(base + i, UINT8));
        image[base + i] = written === 0 ? (real[i] as number) : written;
      }
    }
    return image;
  }

  /** A failure without any interference is a mistake in the program, not a finding. */
  #checkBodies(): void {
    const { runtime } = this.machine;
    const strategy = new LookingStrategy();
    const buffers = new ModuleBuffers(runtime, this.execution);
    const verdict = this.execute(strategy);
    runtime.madeBuffer = nothing;
    const { thrown, thrower } = this.execution;
    if (verdict === undefined) return;
    if (thrown === undefined) {
      if (verdict.key.startsWith(THROWS)) {
        throw new UsageError(`${this.scenario.name}: ${verdict.detail}, by itself`);
      }
      if (!mayStartWorkers(this.compiled)) buffers.check(runtime, strategy);
      this.#checkShared();
      return;
    }
    throw new UsageError(
      `${placeOf(this.compiled, thrown)}: thread ${thrower} of ${this.scenario.name} throws by itself: ${firstLine(thrown)}`,
    );
  }

  /** Threads that share nothing cannot race: nothing would be tested. */
  #checkShared(): void {
    const { threads, main } = this.program;
    if (main !== undefined) return;
    const idle = this.execution.cpus.slice(0, threads.length).filter((a) => !a.isSharing);
    const isAll = idle.length === threads.length;
    // A thread that does nothing because of randomness or time may do something in another execution.
    if (idle.length === 0 || (this.machine.determinism.used.size > 0 && !isAll)) return;
    const who = isAll ? 'no thread' : `thread ${idle.map(({ id }) => id).join(' and ')}`;
    const verb = isAll ? 'accesses' : 'does not access';
    throw new UsageError(
      `${this.compiled.modules.get(this.compiled.entry)?.source.shown ?? SCRIPT}: ${this.scenario.name}: ${who} ${verb} shared memory, so there is nothing to explore: threads are handed what shared() returns`,
    );
  }

  /** What the program has asked of the outside world so far: randomness and time. */
  get asked(): readonly Asked[] {
    return [...this.machine.determinism.used].sort();
  }

  execute(strategy: Strategy): Verdict | undefined {
    const { execution, machine } = this;
    const hasGrown = machine.regions.haveGrown(this.#regions);
    machine.restart(hasGrown ? 0 : this.#regions);
    // A buffer that has grown does not shrink again.
    if (hasGrown) this.#shared = this.#makeShared();
    const reason = execution.run(strategy, this.#image, () => this.#bodies());
    strategy.end();
    if (reason === 'abandoned') return undefined;
    if (this.#runs++ % CHECK_EVERY === 0 || this.#image.length <= CHECKED_BYTES)
      this.#checkBuffers();
    const verdict = this.#judge.judge(reason, this.#shared, this.#racesAreErrors);
    return reason === 'deadlock' ? this.#withStacks(verdict) : verdict;
  }

  /** The first deadlock of its kind is executed again, to see from where its threads were called. */
  #withStacks(verdict: Verdict): Verdict {
    if (this.execution.keepsStacks || this.#told.has(verdict.key)) return verdict;
    this.#told.add(verdict.key);
    return this.replay(this.execution.log.schedule());
  }

  /** What makes the code of each agent. */
  #bodies(): ((agent: Agent) => Coroutine)[] {
    const { machine, program } = this;
    if (program.main !== undefined) return [(agent) => this.#main(agent)];
    return program.threads.map((body, i) => {
      const shared = copyForAgent(this.#shared, machine.regions);
      if (this.compiled.isStateless) return () => start(body, shared, i, machine.runtime);
      return (agent) => this.#thread(agent, shared, i);
    });
  }

  /** A thread has modules of its own, which it evaluates first. */
  #thread(agent: Agent, shared: unknown, index: number): Coroutine {
    const { machine, compiled } = this;
    const instance = machine.factory.instance();
    this.#begin(agent, instance, index + 1, false);
    agent.stages.push((exports) => {
      const { threads } = (exports as Record<string, Program>)[this.#loaded.exported] as Program;
      return start(threads[index] as ThreadBody, shared, index, machine.runtime);
    });
    return evaluated(instance.evaluate(compiled.entry), machine.runtime);
  }

  #main(agent: Agent): Coroutine {
    const { machine, compiled } = this;
    const instance = machine.factory.instance();
    this.#begin(agent, instance, 0, true);
    const path = mainOf(compiled.entry, this.program);
    const workers = machine.workers as Workers;
    return workers.run(agent, instance, { path, preloads: [] });
  }

  #begin(agent: Agent, instance: Instance, threadId: number, isMainThread: boolean): void {
    if (!mayStartWorkers(this.compiled) && !isMainThread) return;
    const realm = (agent.realm = new Realm(agent.id));
    realm.own.set('instance', instance);
    this.machine.workers?.describe(realm, { threadId, isMainThread });
  }

  /** Instrumented code never writes to the real buffers. If they changed, code without instrumentation has done it. */
  #checkBuffers(): void {
    for (let i = 0; i < this.#regions; i++) {
      const before = this.#before[i] as Uint8Array;
      const real = this.#real[i] as Uint8Array;
      for (let at = 0; at < before.length; at++) {
        if (before[at] !== real[at]) throw this.#writtenTo(i);
      }
    }
  }

  #writtenTo(region: number): UsageError {
    const name = this.machine.regions.list[region]?.name ?? '';
    return new UsageError(
      `${this.scenario.name}: code that is not instrumented has written to the buffer '${name}'; this execution proves nothing`,
    );
  }

  replay(schedule: Schedule): Verdict {
    this.execution.keepsStacks = true;
    const verdict = this.execute(new ReplayStrategy(schedule));
    this.execution.keepsStacks = false;
    if (verdict === undefined) throw new RangeError('a replay cannot be abandoned');
    return verdict;
  }

  /** The data race that the last execution has shown, in words; empty for none. */
  describeRace(): string {
    return this.#judge.describeRace();
  }

  token(): string {
    return encodeToken({
      scenario: this.scenario.name,
      fingerprint: this.fingerprint,
      memory: this.#config.memory,
      ablated: this.#racesAreErrors
        ? [RACES_ARE_ERRORS, ...this.#config.ablated.filter((site) => site !== RACES_ARE_ERRORS)]
        : this.#config.ablated,
      replaced: [],
      schedule: this.execution.log.schedule(),
      hash: this.execution.hash >>> 0,
    });
  }
}
