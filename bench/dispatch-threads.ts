/** The rows of several CPUs: throughput of 1, 2 and 4 at once, and times while patches come and go. */

import { setTimeout as sleep } from 'node:timers/promises';
import { InvariantViolated } from '../src/errors.js';
import { CHECK } from '../src/check/layout.js';
import { runOnThreads, type ThreadResult } from '../src/threads/engine.js';
import type { BootedMachine } from '../src/scenario/boot.js';
import { CASES } from './dispatch-cases.js';
import {
  BATCH,
  build,
  CALLER,
  callerOf,
  CONTROL,
  DIRECT,
  REAL,
  SLICE,
  type DispatchWorkloadOptions,
} from './dispatch-workload.js';
import { VARIANTS } from './dispatch-variants.js';
import type { Benchmark, MeasuredTask, Settings } from './harness.js';
import { quantiles } from './histogram.js';

const CALLERS = 4;
const FOR_EVER_MS = 24 * 3_600_000;
/** Simulated jiffies in a real millisecond: transitions are retried every second of simulated time. */
const JIFFIES_PER_MS = 40;
/** Steps of the admin that a measurement of the churn lasts at least. */
const LEAST_STEPS = 12;

/** What the callers do during a measurement. */
interface Told {
  readonly active: number;
  readonly case: number;
  /** Default 0: ours. */
  readonly handler?: number;
  readonly isTimed?: boolean;
  readonly churn?: boolean;
}

/** What they did. */
interface Window {
  /** Calls per second of real time. */
  readonly perSecond: number;
  /** Sum over the callers of calls per second that it was on a processor; NaN where the system does not tell. */
  readonly perCpuSecond: number;
  /** Patches enabled, disabled or removed. */
  readonly steps: number;
  /** Median, p99 and p99.9 of the time of a call, in ns. */
  readonly ns: readonly number[];
}

/** The machine of all measurements; it runs until the process ends. */
export class DispatchMachine {
  readonly #booted: BootedMachine;
  readonly #words: Int32Array;
  readonly #notes: number;
  readonly #running: Promise<ThreadResult>;
  readonly #callerCount: number;
  readonly #off: AbortController;
  #hasEnded = false;
  #epoch = 0;

  private constructor(
    booted: BootedMachine,
    words: Int32Array,
    callers: number,
    running: Promise<ThreadResult>,
    off: AbortController,
  ) {
    this.#callerCount = callers;
    this.#off = off;
    this.#booted = booted;
    this.#words = words;
    this.#notes = booted.map.words; // The checks' words are the first after the machine's.
    this.#running = running;
    const end = (): void => void (this.#hasEnded = true);
    running.then(end, end);
  }

  /** Boot it, with all callers asleep. */
  static async start(
    options: DispatchWorkloadOptions = { callers: CALLERS },
  ): Promise<DispatchMachine> {
    const off = new AbortController();
    const { booted } = build(options);
    const { promise, resolve, reject } = withResolvers<Int32Array>();
    const running = runOnThreads({
      workload: new URL('./dispatch-workload.js', import.meta.url).href,
      options,
      kind: 'wasm',
      durationMs: FOR_EVER_MS,
      signal: off.signal,
      jiffiesPerMs: JIFFIES_PER_MS,
      onProgress: (_elapsed, words) => resolve(words),
    });
    running.catch(reject);
    const words = await promise;
    return new DispatchMachine(booted, words, options.callers, running, off);
  }

  /** Switch it off, and wait until its threads are gone. */
  async stop(): Promise<ThreadResult> {
    this.#off.abort();
    return this.#running;
  }

  #tell(field: number, value: number): void {
    Atomics.store(this.#words, this.#booted.symbol('bench_control') + field, value);
  }

  #steps(): number {
    return Atomics.load(this.#words, this.#booted.symbol('bench_control') + CONTROL.steps);
  }

  #callers(active: number): number[] {
    return Array.from({ length: active }, (_, i) => callerOf(this.#booted, i + 1));
  }

  #sum(active: number, field: number): number {
    return this.#callers(active).reduce((n, at) => n + Atomics.load(this.#words, at + field), 0);
  }

  /** The consistency oracle judges every version that ran; a finding ends the machine and the benchmark. */
  async #mustRun(): Promise<void> {
    const found = Atomics.load(this.#words, this.#notes + CHECK.findings);
    if (found === 0 && !this.#hasEnded) return;
    const { findings, stall, ends } = await this.#running;
    const what: unknown = findings[0] ?? stall ?? ends.find(({ status }) => status === 'oops');
    const detail = `the machine stopped: ${JSON.stringify(what)}`;
    throw new InvariantViolated({ invariant: 'dispatch', detail });
  }

  async #until(what: () => boolean): Promise<void> {
    while (!what()) {
      await this.#mustRun();
      await sleep(2);
    }
  }

  /** Let the callers call for a while. */
  async measure(told: Told, timeMs: number): Promise<Window> {
    const { active } = told;
    this.#tell(CONTROL.case, told.case);
    this.#tell(CONTROL.handler, told.handler ?? 0);
    this.#tell(CONTROL.isTimed, told.isTimed === true ? 1 : 0);
    this.#tell(CONTROL.churn, told.churn === true ? 1 : 0);
    this.#tell(CONTROL.active, active);
    await this.#warm(active, told.churn === true);
    const before = { at: performance.now(), calls: this.#sum(active, CALLER.batches) };
    const steps = this.#steps();
    const looks = await this.#looks(active);
    await sleep(timeMs);
    if (told.churn === true) await this.#until(() => this.#steps() >= steps + LEAST_STEPS);
    const seconds = (performance.now() - before.at) / 1000;
    const calls = (this.#sum(active, CALLER.batches) - before.calls) * BATCH;
    const now = told.isTimed === true ? looks : await this.#looks(active);
    const rates = now.map(({ batches, us }, i) => {
      const [was, usWas] = [looks[i]?.batches ?? NaN, looks[i]?.us ?? NaN];
      return ((batches - was) * BATCH) / ((us - usWas) / 1e6);
    });
    const histograms = this.#callers(active).map((at) => at + CALLER.histogram);
    const ns = quantiles(this.#words, histograms, [0.5, 0.99, 0.999]).map((v) => v / SLICE);
    const stepped = this.#steps() - steps;
    await this.#rest();
    const perCpuSecond = rates.reduce((sum, rate) => sum + rate, 0);
    return { perSecond: calls / seconds, perCpuSecond, steps: stepped, ns };
  }

  /** The next look of each caller at its processor's clock. */
  async #looks(active: number): Promise<{ readonly batches: number; readonly us: number }[]> {
    const of = (at: number, field: number): number => Atomics.load(this.#words, at + field);
    const callers = this.#callers(active);
    const before = callers.map((at) => of(at, CALLER.cpuBatches));
    // The time is written first: once the batches are new, both are.
    await this.#until(() => callers.every((at, i) => of(at, CALLER.cpuBatches) !== before[i]));
    return callers.map((at) => ({
      us: of(at, CALLER.cpuUs),
      batches: of(at, CALLER.cpuBatches),
    }));
  }

  /** All callers have begun with empty histograms, and are past their first calls. */
  async #warm(active: number, isChurning: boolean): Promise<void> {
    await sleep(20);
    this.#tell(CONTROL.epoch, ++this.#epoch);
    const from = this.#steps();
    await this.#until(() =>
      this.#callers(active).every(
        (at) => Atomics.load(this.#words, at + CALLER.epoch) === this.#epoch,
      ),
    );
    if (isChurning) await this.#until(() => this.#steps() > from);
  }

  /** All callers asleep, no patch left. */
  async #rest(): Promise<void> {
    const { klp } = this.#booted;
    this.#tell(CONTROL.churn, 0);
    await this.#until(
      () =>
        Atomics.load(this.#words, klp.transitionPatch) === 0 &&
        Atomics.load(this.#words, klp.patches) === klp.patches,
    );
    this.#tell(CONTROL.active, 0);
    await this.#until(() => this.#sum(this.#callerCount, CALLER.isBusy) === 0);
    await this.#mustRun();
  }
}

/** `Promise.withResolvers()`, which Node 20 lacks. */
function withResolvers<T>() {
  let resolve: (value: T) => void = () => undefined;
  let reject: (reason: unknown) => void = () => undefined;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}

/** One machine for all benchmarks of the process. */
const shared: { machine?: Promise<DispatchMachine> } = {};

const theMachine = (): Promise<DispatchMachine> => (shared.machine ??= DispatchMachine.start());

/** What callers do, by name. */
interface Kind {
  readonly kind: string;
  readonly case: number;
  readonly handler?: number;
  readonly churn?: boolean;
}

const KINDS: readonly Kind[] = [
  { kind: 'direct', case: DIRECT },
  { kind: 'unpatched', case: REAL },
  ...CASES.map(({ name }, at) => ({ kind: name, case: at })),
];

/** The other handlers: a stack of 1, and in transition. */
const OTHERS: readonly Kind[] = VARIANTS.flatMap(({ name }, i) => [
  { kind: `stack of 1, ${name}`, case: 0, handler: i + 1 },
  { kind: `in transition, ${name}`, case: 4, handler: i + 1 },
]);

/** All functions while patches come and go. */
const CHURNING: Kind = { kind: 'churn', case: REAL, churn: true };

function throughputTask(
  { kind, ...told }: Kind,
  active: number,
  of: keyof Window,
  aimRatio?: number,
): MeasuredTask {
  return {
    name: `${kind}, ${active} ${active === 1 ? 'CPU' : 'CPUs'}`,
    measure: async ({ timeMs }) => {
      const machine = await theMachine();
      return ((await machine.measure({ active, ...told }, timeMs))[of] as number) / 1e6;
    },
    ...(active === 2 && aimRatio !== undefined ? { aimRatio } : {}),
  };
}

function throughputOf(kind: Kind, aimRatio?: number): Benchmark {
  return {
    name: `at once: ${kind.kind.replaceAll(',', '')}`,
    unit: 'M calls/s',
    better: 'higher',
    baseline: `${kind.kind}, 1 CPU`,
    tasks: () => [1, 2, 4].map((active) => throughputTask(kind, active, 'perSecond', aimRatio)),
  };
}

/** Calls per second of 1, 2 and 4 CPUs at once: in each state, with each handler, and while patches come and go. */
export const throughput: readonly Benchmark[] = [
  ...KINDS.map((kind) => throughputOf(kind, 1.8)),
  ...OTHERS.map((kind) => throughputOf(kind)),
  throughputOf(CHURNING),
];

const perProcessorOf = (kind: Kind): Benchmark => ({
  name: `per processor: ${kind.kind.replaceAll(',', '')}`,
  unit: 'M calls/s',
  better: 'higher',
  baseline: `${kind.kind}, 1 CPU`,
  tasks: () => [1, 2, 4].map((active) => throughputTask(kind, active, 'perCpuSecond', 1.8)),
});

/** The same per second of processor time: what CPUs cost each other, whatever else the machine does. Linux only. */
export const perProcessor: readonly Benchmark[] = KINDS.slice(1, 3).map(perProcessorOf);

/** Three rows of one measurement. */
function timedRows(name: string, told: Told, aimRatio?: number): readonly MeasuredTask[] {
  let last: Window | undefined;
  const first = async ({ timeMs }: Settings): Promise<number> => {
    last = await (await theMachine()).measure({ ...told, isTimed: true }, timeMs);
    return last.ns[0] ?? NaN;
  };
  const measuredBy = `${name}, p50`;
  const other = (what: string, of: (seen: Window) => number | undefined): MeasuredTask => ({
    name: `${name}, ${what}`,
    measuredBy,
    measure: () => (last === undefined ? NaN : (of(last) ?? NaN)),
  });
  return [
    { name: measuredBy, measure: first, ...(aimRatio === undefined ? {} : { aimRatio }) },
    other('p99', ({ ns }) => ns[1]),
    other('p99.9', ({ ns }) => ns[2]),
    ...(told.churn === true ? [other('steps', ({ steps }) => steps)] : []),
  ];
}

/** What a call costs while an admin on another CPU enables, replaces, disables and removes patches without a pause. */
export const churn: readonly Benchmark[] = [1, 2, 4].map((active) => ({
  name: `churn: ${active} ${active === 1 ? 'CPU' : 'CPUs'}`,
  unit: 'ns/call',
  better: 'lower',
  baseline: 'quiet, patched, p50',
  tasks: () => [
    ...timedRows('quiet, patched', { active, case: 0 }),
    ...timedRows('quiet, unpatched', { active, case: REAL }),
    ...timedRows('churn', { active, case: REAL, churn: true }, 1.5),
  ],
}));
