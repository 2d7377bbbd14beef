/** The thread engine: a machine whose CPUs are worker threads, its clock, its watchdog, and what is left at the end. */

import type { Piscina } from 'piscina';
import { SimulatorBug, withPartial } from '../errors.js';
import { readFindings, type FindingRecord } from '../check/findings.js';
import { readFlight, taskName, type FlightEvent } from '../check/flight.js';
import { claimCheck, type CheckLayout } from '../check/layout.js';
import { percpu, PERCPU } from '../kernel/layout.js';
import { dmesg, type LogLine } from '../kernel/printk.js';
import { HZ } from '../kernel/timer.js';
import type { MemoryKind } from '../memory/backend.js';
import { MACHINE, MACHINE_BASE } from '../memory/local.js';
import { createSharedMemory } from '../memory/map.js';
import { ENDED_OUTSIDE } from '../memory/recorded/control.js';
import type { WeakOptions } from '../memory/native-boot.js';
import type { SiteId } from '../memory/sites.js';
import type { OutcomeCount, Workload, WorkloadModule } from '../scenario/workload.js';
import { createPool } from '../pool.js';
import { cpuModules, type CpuModules } from './bundle.js';
import type { CpuBoot, CpuEnd } from './messages.js';
import { OwnTime } from './own-time.js';
import { interruptCounts, pingAll, switchOff, tick } from './power.js';
import type { ReplacedModules } from './replaced-modules.js';
import { MachineRecorder, type RecordedRun, type RecordPlan } from './recording.js';
import { LongestHoldUp, type HoldUp } from './hold-up.js';
import { StallDetector, type Stall } from './stall.js';
import type { WasmMemory } from '../memory/wasm-memory.js';

/** What to run, and for how long; a member left out has its default. */
export interface ThreadRun {
  /** URL of the workload module, and the options of its `build`. */
  readonly workload: string;
  readonly options: unknown;
  /** Default `atomics`. */
  readonly kind?: MemoryKind;
  readonly ablation?: readonly SiteId[];
  readonly weak?: WeakOptions;
  /** Modules with replaced kernel functions. */
  readonly replaced?: ReplacedModules;
  readonly durationMs: number;
  /** Jiffies per millisecond of real time. Default 4. */
  readonly jiffiesPerMs?: number;
  /** While this returns true, no time passes in the machine. Default never. */
  readonly isPaused?: () => boolean;
  /** A transition without progress for so long, while this process could run, is a stall. Default 20,000. */
  readonly stallMs?: number;
  /** A CPU that takes no interrupt for so long, while this process could run, is dead. Default 10,000. */
  readonly silenceMs?: number;
  /** End at the first finding. Default true. */
  readonly stopOnFinding?: boolean;
  /** Record the last operations, so that the explorer can execute them again. Default no. */
  readonly record?: RecordPlan;
  /** Ends the run early when it aborts; what was gathered is kept. */
  readonly signal?: AbortSignal;
  /** Called once, when the machine's memory is there and its CPUs start. */
  readonly onBoot?: (words: Int32Array, check: CheckLayout) => void;
  /** Called about four times a second. */
  readonly onProgress?: (elapsedMs: number, words: Int32Array) => void;
}

/** What a run left behind. */
export interface ThreadResult {
  readonly elapsedMs: number;
  readonly outcomes: readonly OutcomeCount[];
  readonly findings: readonly FindingRecord[];
  readonly ends: readonly CpuEnd[];
  readonly stall: Stall | undefined;
  /** The transition that took longest, if one was stuck for a while. */
  readonly heldUp: HoldUp | undefined;
  readonly interrupted: boolean;
  /** Sum of what the CPUs' memories reordered. */
  readonly statistics: Readonly<Record<string, number>>;
  readonly log: readonly LogLine[];
  /** The last events of all CPUs, oldest first. */
  readonly events: readonly FlightEvent[];
  readonly words: Int32Array;
  readonly check: CheckLayout;
  /** The last operations, where they were recorded. */
  readonly recorded?: RecordedRun;
}

/** Longest time between two ticks, for a clock of up to HZ jiffies a millisecond … */
const TICK_MS = 1;
/** … and shortest, for a fast clock: each tick wakes this thread, which takes a core away from the CPUs. */
const SHORTEST_TICK_MS = 0.2;
/** The most time that a late tick makes up for, so that a busy host does not make simulated time jump. */
const LONGEST_TICK_MS = 25;
const PING_MS = 250;
/** How often a transition that is stuck is looked for. */
const LOOK_MS = 20;
/** How often a recorded machine's clock checks whether it was given the turn without asking for it. */
const LET_GO_MS = 20;
/** The most time that one look at a recorded machine at rest counts, in ms: its clock may wait long for the turn. */
const RECORDED_IDLE_MS = 100;
/** Starting threads all load and compile code at once: allow so many silences of a running CPU, plus one per thread. */
const START_SILENCES = 6;
const LATE = 'some CPUs did not switch off within 5 s';

/** A machine that is running. */
class RunningMachine {
  readonly words: Int32Array;
  readonly check: CheckLayout;
  readonly workload: Workload;
  readonly recorder: MachineRecorder | undefined;
  readonly #run: ThreadRun;
  readonly #pool: Piscina;
  readonly #modules: CpuModules;
  readonly #ends: Promise<PromiseSettledResult<CpuEnd>[]>;
  #settled = 0;
  #stopped = false;

  constructor(run: ThreadRun, workload: Workload) {
    const { booted } = workload;
    this.#run = run;
    this.workload = workload;
    this.check = claimCheck(booted.map, booted.kernel, booted.klp, booted.localBase);
    const { memory, words } = createSharedMemory(booted.map.words);
    this.words = words;
    booted.init(words);
    workload.prepare?.(words);
    const { cpus } = booted.kernel;
    this.recorder = run.record && new MachineRecorder(run.record, words, booted.kernel);
    this.#modules = cpuModules(run.workload, run.replaced !== undefined);
    this.#pool = createPool(this.#modules.worker, {
      minThreads: cpus,
      maxThreads: cpus,
      concurrentTasksPerWorker: 1,
      atomics: 'disabled',
    });
    const boots = Array.from({ length: cpus }, (_, cpu) => this.#start(cpu, memory));
    this.#ends = Promise.allSettled(boots);
  }

  async #start(cpu: number, memory: WasmMemory): Promise<CpuEnd> {
    const { options, kind = 'atomics', ablation = [], weak, replaced } = this.#run;
    const { workload } = this.#modules;
    const boot: CpuBoot = {
      cpu,
      memory,
      workload,
      options,
      kind,
      ablation,
      stopOnFinding: this.#run.stopOnFinding ?? true,
      ...(this.recorder === undefined ? {} : { record: this.recorder.boot(cpu) }),
      ...(weak === undefined ? {} : { weak }),
      ...(replaced === undefined ? {} : { replaced }),
    };
    try {
      return (await this.#pool.run(boot)) as CpuEnd;
    } catch (error) {
      this.stop();
      throw error;
    } finally {
      this.#settled++;
    }
  }

  /** Whether all CPUs are up. */
  get isUp(): boolean {
    return Atomics.load(this.words, MACHINE_BASE + MACHINE.ready) >= this.check.kernel.cpus;
  }

  /** Whether some CPU has ended, by itself or on request. */
  get hasEnded(): boolean {
    return this.#settled > 0 || Atomics.load(this.words, MACHINE_BASE + MACHINE.stop) !== 0;
  }

  /** Let jiffies pass. */
  tick(jiffies: number): void {
    if (this.recorder === undefined) tick(this.words, this.check.kernel, jiffies);
    else this.recorder.tick(jiffies);
  }

  /** Interrupt every CPU: each that answers counts its interrupts up. */
  ping(): void {
    if (this.recorder === undefined) pingAll(this.words, this.check.kernel);
    else this.recorder.tick(0);
  }

  /** Switch off; returns at once. */
  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    if (!this.hasEnded) this.recorder?.end(ENDED_OUTSIDE);
    switchOff(this.words, this.check.kernel);
  }

  /** Wait until all threads are gone; those that do not answer are terminated. */
  async join(graceMs: number): Promise<PromiseSettledResult<CpuEnd>[] | undefined> {
    this.stop();
    const time = new OwnTime(LET_GO_MS);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<undefined>((resolve) => {
      timer = setInterval(() => {
        this.recorder?.letGo();
        if (time.look() > graceMs) resolve(undefined);
      }, LET_GO_MS);
    });
    const ends = await Promise.race([this.#ends, late]);
    clearInterval(timer);
    void this.#ends.catch(() => undefined);
    await this.#pool.destroy();
    return ends;
  }
}

/** What every CPU is doing, a line each. */
function cpuLines({ words, check }: RunningMachine): string[] {
  return Array.from({ length: check.kernel.cpus }, (_, n) => {
    const word = (field: number): number => Atomics.load(words, percpu(check.kernel, n) + field);
    const context = word(PERCPU.context);
    return (
      `  CPU ${n}: ${taskName(words, check, word(PERCPU.curr))}, ${word(PERCPU.nrQueued)} queued, ` +
      `${word(PERCPU.irqs)} interrupts, pending ${word(PERCPU.ipi)}, online ${word(PERCPU.online)}, ` +
      `hotplug request ${word(PERCPU.hotplugRequest)}` +
      (context === 0 ? '' : `, suspended ${taskName(words, check, context)}`)
    );
  });
}

/** Raised against a CPU that takes no interrupts. */
function deadCpu(machine: RunningMachine, cpu: number, silenceMs: number): SimulatorBug {
  const { words, check } = machine;
  const curr = Atomics.load(words, percpu(check.kernel, cpu) + PERCPU.curr);
  const events = readFlight(words, check, Infinity, 4000).filter((e) => e.cpu === cpu);
  const last = events.slice(-12).map((e) => `  ${e.seq} ${e.task} ${e.name} ${e.detail}`);
  return new SimulatorBug(
    `CPU ${cpu} has taken no interrupt for ${silenceMs} ms; current task ` +
      `${taskName(words, check, curr)}; its last events:\n${last.join('\n')}\n` +
      `all CPUs:\n${cpuLines(machine).join('\n')}`,
  );
}

/** Watches over interrupts: which CPU has not answered for how long. */
class Watchdog {
  #counts: number[];
  readonly #since: number[];

  constructor(machine: RunningMachine, now: number) {
    this.#counts = interruptCounts(machine.words, machine.check.kernel);
    this.#since = this.#counts.map(() => now);
  }

  /** CPU that has been silent for longer than `silenceMs`, or -1. */
  look(machine: RunningMachine, now: number, silenceMs: number): number {
    const counts = interruptCounts(machine.words, machine.check.kernel);
    counts.forEach((count, cpu) => {
      if (count !== this.#counts[cpu]) this.#since[cpu] = now;
    });
    this.#counts = counts;
    return this.#since.findIndex((since) => now - since > silenceMs);
  }
}

interface Supervision {
  readonly elapsedMs: number;
  readonly stall: Stall | undefined;
  readonly heldUp: HoldUp | undefined;
  readonly bug: SimulatorBug | undefined;
}

/**
 * Let real time pass until the next tick: a simulated second has at least one. Timers of the event loop are no finer than
 * a millisecond, so a faster clock sleeps in this thread, and looks at the event loop after each tick.
 */
async function untilNextTick(words: Int32Array, jiffiesPerMs: number): Promise<void> {
  const ms = Math.max(SHORTEST_TICK_MS, HZ / jiffiesPerMs);
  if (ms >= TICK_MS) return new Promise((resolve) => void setTimeout(resolve, TICK_MS));
  Atomics.wait(words, MACHINE_BASE + MACHINE.stop, 0, ms);
  return new Promise((resolve) => void setImmediate(resolve));
}

/** Let time pass until the run is over, for whatever reason. */
async function supervise(machine: RunningMachine, run: ThreadRun): Promise<Supervision> {
  const holdUps = new LongestHoldUp(machine.words, machine.check);
  const ended = await superviseUntilOver(machine, run, holdUps);
  return { ...ended, heldUp: holdUps.longest };
}

async function superviseUntilOver(
  machine: RunningMachine,
  run: ThreadRun,
  holdUps: LongestHoldUp,
): Promise<Omit<Supervision, 'heldUp'>> {
  const { words, check } = machine;
  const { jiffiesPerMs = 4, stallMs = 20_000, silenceMs = 10_000 } = run;
  const started = performance.now();
  let upSince = 0;
  let ticked = started;
  let pinged = started;
  let looked = started;
  const time = new OwnTime(machine.recorder && RECORDED_IDLE_MS);
  let watchdog = new Watchdog(machine, 0);
  const startMs = silenceMs * (START_SILENCES + check.kernel.cpus);
  const stalls = new StallDetector(words, check, stallMs);
  for (;;) {
    await untilNextTick(words, upSince === 0 ? 1 : jiffiesPerMs);
    const now = performance.now();
    const own = time.look();
    if (machine.isUp && upSince === 0) {
      upSince = now;
      watchdog = new Watchdog(machine, own);
    }
    const elapsedMs = upSince === 0 ? 0 : now - upSince;
    const over = elapsedMs >= run.durationMs || run.signal?.aborted === true;
    if (over || machine.hasEnded) return { elapsedMs, stall: undefined, bug: undefined };
    if (run.isPaused?.() === true) ticked = now;
    const jiffies = Math.floor((now - ticked) * jiffiesPerMs);
    if (jiffies > 0 && upSince !== 0)
      machine.tick(Math.min(jiffies, LONGEST_TICK_MS * jiffiesPerMs));
    if (jiffies > 0) ticked = now;
    if (now - looked >= LOOK_MS) {
      looked = now;
      holdUps.look();
    }
    if (now - pinged < PING_MS) continue;
    pinged = now;
    machine.ping();
    if (upSince !== 0) machine.recorder?.mayWantSnapshot(elapsedMs);
    run.onProgress?.(elapsedMs, words);
    const mostMs = upSince === 0 ? startMs : silenceMs;
    const silent = watchdog.look(machine, own, mostMs);
    if (silent >= 0) {
      return { elapsedMs, stall: undefined, bug: deadCpu(machine, silent, mostMs) };
    }
    const { recorder } = machine;
    const stall = recorder ? recorder.lookAtRest(() => stalls.look(own, true)) : stalls.look(own);
    if (stall) return { elapsedMs, stall, bug: undefined };
  }
}

function sumStatistics(ends: readonly CpuEnd[]): Record<string, number> {
  const sum: Record<string, number> = {};
  for (const { statistics } of ends) {
    for (const [name, count] of Object.entries(statistics)) sum[name] = (sum[name] ?? 0) + count;
  }
  return sum;
}

function rejectionOf(results: readonly PromiseSettledResult<CpuEnd>[]): SimulatorBug | undefined {
  const index = results.findIndex((result) => result.status === 'rejected');
  if (index < 0) return undefined;
  const reason: unknown = (results[index] as PromiseRejectedResult).reason;
  if (reason instanceof Error && reason.name === 'UsageError') throw reason;
  const text = reason instanceof Error ? (reason.stack ?? reason.message) : String(reason);
  return new SimulatorBug(`CPU ${index} died: ${text}`, { cause: reason });
}

/**
 * Run a workload on worker threads, one per CPU.
 *
 * @throws {UsageError} when the workload cannot be built
 * @throws {SimulatorBug} when a CPU's thread dies or stops answering; names the CPU, its task and its last events, and carries
 *   what was gathered as its partial result
 */
export async function runOnThreads(run: ThreadRun): Promise<ThreadResult> {
  const module = (await import(run.workload)) as WorkloadModule<unknown>;
  const machine = new RunningMachine(run, module.build(run.options));
  run.onBoot?.(machine.words, machine.check);
  const { elapsedMs, stall, heldUp, bug } = await supervise(machine, run);
  const interrupted = run.signal?.aborted === true;
  const results = await machine.join(bug || interrupted ? 500 : 5000);
  const { words, check, workload } = machine;
  // At a requested end, threads that are still starting are not waited for; they have counted nothing.
  const late = results || interrupted ? undefined : new SimulatorBug(LATE);
  const failure = bug ?? (results && rejectionOf(results)) ?? late;
  const ends = (results ?? []).flatMap((r) => (r.status === 'fulfilled' ? [r.value] : []));
  const findings = readFindings(words, check);
  const upTo = findings[0] === undefined ? Infinity : findings[0].seq + 40;
  const result: ThreadResult = {
    elapsedMs,
    outcomes: workload.outcomes(words),
    findings,
    ends,
    stall,
    heldUp,
    interrupted,
    statistics: sumStatistics(ends),
    log: dmesg(words, check.kernel),
    events: readFlight(words, check, upTo),
    words,
    check,
    ...(machine.recorder === undefined ? {} : { recorded: machine.recorder.collect() }),
  };
  if (failure) throw withPartial(failure, result);
  return result;
}
