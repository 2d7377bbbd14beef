/** A machine whose CPUs call the functions of the dispatch benchmarks, as told by words that the benchmark writes. */

import { readlinkSync, readFileSync } from 'node:fs';
import { findModule, deleteModule, loadModule, MODULE } from '../src/kernel/module.js';
import { TASK } from '../src/kernel/task.js';
import { asm, INSTRUCTION_WORDS, symbol } from '../src/kernel/text.js';
import { ENABLED, klpSysfsWrite } from '../src/livepatch/core-sysfs.js';
import { KLP_FUNC, KLP_OPS, KLP_PATCH, KLP_UNDEFINED } from '../src/livepatch/layout.js';
import type { Decide } from '../src/livepatch/wasm-handler.js';
import { LIST } from '../src/kernel/list.js';
import type { Cpu } from '../src/memory/cpu.js';
import type { NativeCpu } from '../src/memory/native.js';
import type { NativeBoot } from '../src/memory/native-boot.js';
import { struct, type Addr } from '../src/memory/struct.js';
import { NATIVE_BODY, bodyNative } from '../src/live/bodies.js';
import { bootMachine, type BootedMachine } from '../src/scenario/boot.js';
import { Dispatcher } from '../src/live/dispatch.js';
import type { Workload } from '../src/scenario/workload.js';
import * as cases from './dispatch-cases.js';
import { direct, patchable, type FnSite } from './dispatch-loop.js';
import { cpuOn, dispatcherFor, loopOf, VARIANTS } from './dispatch-variants.js';
import { count, HISTOGRAM_WORDS } from './histogram.js';

/** What the callers are told. */
export const CONTROL = struct('benchControl', {
  /** Callers that call; the others sleep. */
  active: 1,
  /** Index of a case, {@link DIRECT} or {@link REAL}. */
  case: 1,
  /** Whose handler: 0 is ours, n the one of variant n - 1. */
  handler: 1,
  /** Non-zero: patches come and go. */
  churn: 1,
  /** Non-zero: fill the histograms. */
  isTimed: 1,
  /** A caller that finds a new number clears its histogram. */
  epoch: 1,
  /** Patches enabled, disabled and removed so far. */
  steps: 1,
  pad: 9,
});

/** What a caller tells. */
export const CALLER = struct('benchCaller', {
  /** Batches of {@link BATCH} calls. */
  batches: 1,
  epoch: 1,
  /** Non-zero while it is in a system call's worth of calls. */
  isBusy: 1,
  /** Now and then: batches so far, and time on a processor in µs, 0 where the system does not tell. */
  cpuBatches: 1,
  cpuUs: 1,
  pad: 11,
  histogram: HISTOGRAM_WORDS,
});

/** `case`: calls through a function table. */
export const DIRECT = -2;
/** `case`: calls through the real sites. */
export const REAL = -1;
/** Calls of a batch. */
export const BATCH = 512;
/** Calls that are timed together: the clock costs more than one. */
export const SLICE = 32;

const BATCHES = 16;
/** Visits from one look at the processor's clock to the next: it costs as much as a thousand calls. */
const VISITS_A_LOOK = 32;
const NATIVE_CALLER = 40;
const NATIVE_CHURN = 41;

/** Callers of the machine; plain data. */
export interface DispatchWorkloadOptions {
  readonly callers: number;
  /** The handler takes the newest version, whatever the task's patch state is: a fault for the checks to find. */
  readonly isBlind?: boolean;
}

/** The faulty handler of {@link DispatchWorkloadOptions.isBlind}. */
const blindDecide =
  (words: Int32Array): Decide =>
  (fops) => {
    const node = words[fops - KLP_OPS.fops + KLP_OPS.funcStack + LIST.next] as number;
    return words[node - KLP_FUNC.stackNode + KLP_FUNC.newFunc] as number;
  };

/** Time this thread was on a processor, in µs; 0 where the system does not tell. */
function threadCpuUs(): number {
  try {
    const [onCpu] = readFileSync(
      `/proc/${readlinkSync('/proc/thread-self')}/schedstat`,
      'utf8',
    ).split(' ');
    return Math.round(Number(onCpu) / 1000);
  } catch {
    return 0; // No Linux: rows that need it say so.
  }
}

/** Code of each variant's own. */
const theirs = await Promise.all(
  VARIANTS.map(async ({ name, memory, handler }) => ({
    memory,
    handler,
    dispatcherOf: await dispatcherFor(name),
    patchable: (await loopOf(name)).patchable,
  })),
);

/** A handler that calls can go through: the loop, and the functions' sites in each case. */
interface Way {
  readonly cpu: NativeCpu;
  readonly dispatcher: Dispatcher;
  readonly patchable: typeof patchable;
  readonly cases: FnSite[][];
}

/** The caller of one CPU. */
class Caller {
  readonly #words: Int32Array;
  readonly #control: Addr;
  readonly #mine: Addr;
  readonly #dispatcher: Dispatcher;
  readonly #real: FnSite[];
  readonly #ways: readonly Way[];
  #x = 1;
  #visits = 0;

  constructor(cpu: NativeCpu, boot: NativeBoot, booted: BootedMachine, isBlind: boolean) {
    this.#words = boot.words;
    this.#control = booted.symbol('bench_control');
    this.#mine = callerOf(booted, cpu.id);
    const { PROGRAM, ran } = cases;
    this.#dispatcher = new Dispatcher(cpu, boot, booted, PROGRAM, {
      ran,
      ...(isBlind ? { handler: blindDecide(boot.words) } : {}),
    });
    this.#real = cases.realSites(this.#dispatcher);
    const base = booted.symbol('bench_cases');
    const sites = (dispatcher: Dispatcher): FnSite[][] =>
      cases.CASES.map((_, at) => cases.caseSites(dispatcher, base, at));
    const ours = { cpu, dispatcher: this.#dispatcher, patchable, cases: sites(this.#dispatcher) };
    this.#ways = [
      ours,
      ...theirs.map((they) => {
        const own = cpuOn(they.memory, cpu, boot);
        const dispatcher = they.dispatcherOf(own, boot, booted, { handler: they.handler });
        return { cpu: own, dispatcher, patchable: they.patchable, cases: sites(dispatcher) };
      }),
    ];
  }

  #told(field: number): number {
    return Atomics.load(this.#words, this.#control + field);
  }

  /** A system call's worth of calls; false when this CPU is not to call. */
  run(cpu: Cpu): boolean {
    // Busy first: whoever stops the callers can then see which of them still call.
    Atomics.store(this.#words, this.#mine + CALLER.isBusy, 1);
    const isActive = cpu.id <= this.#told(CONTROL.active);
    if (isActive) this.#visit(cpu, this.#told(CONTROL.case));
    Atomics.store(this.#words, this.#mine + CALLER.isBusy, 0);
    return isActive;
  }

  #visit(cpu: Cpu, at: number): void {
    const spec = cases.CASES[at];
    const patchState = cpu.current + TASK.patchState;
    // The hand-written states say what the task's patch state is; no real transition is in progress then.
    if (spec !== undefined) cpu.set(patchState, cases.patchStateIn(spec));
    const way = this.#ways[this.#told(CONTROL.handler)] as Way;
    way.cpu.current = cpu.current;
    this.#begin();
    const isTimed = this.#told(CONTROL.isTimed) !== 0;
    for (let i = 0; i < BATCHES; i++) {
      if (isTimed) this.#timed(at);
      else this.#calls(way, at, BATCH);
      Atomics.add(this.#words, this.#mine + CALLER.batches, 1);
    }
    if (spec !== undefined) cpu.set(patchState, KLP_UNDEFINED);
    if (at === REAL) this.#dispatcher.report();
    else cases.ran.fill(0);
  }

  #calls(way: Way, at: number, calls: number): void {
    if (at === DIRECT) this.#x = direct(cases.TABLE, calls, this.#x);
    else this.#x = way.patchable(way.cases[at] ?? this.#real, calls, this.#x);
  }

  #timed(at: number): void {
    const [ours] = this.#ways as [Way];
    const histogram = this.#mine + CALLER.histogram;
    for (let done = 0; done < BATCH; done += SLICE) {
      const from = performance.now();
      this.#calls(ours, at, SLICE);
      const ns = (performance.now() - from) * 1e6;
      count(this.#words, histogram, Math.min(ns, 0x7fffffff) | 0);
    }
  }

  #begin(): void {
    const epoch = this.#told(CONTROL.epoch);
    if (this.#visits++ % VISITS_A_LOOK === 0) {
      Atomics.store(this.#words, this.#mine + CALLER.cpuUs, threadCpuUs());
      const batches = Atomics.load(this.#words, this.#mine + CALLER.batches);
      Atomics.store(this.#words, this.#mine + CALLER.cpuBatches, batches);
    }
    if (this.#words[this.#mine + CALLER.epoch] === epoch) return;
    const from = this.#mine + CALLER.histogram;
    this.#words.fill(0, from, from + HISTOGRAM_WORDS);
    Atomics.store(this.#words, this.#mine + CALLER.epoch, epoch);
  }
}

/** Address of the {@link CALLER} words of a CPU. */
export function callerOf(booted: BootedMachine, cpu: number): Addr {
  return booted.symbol('bench_callers') + (cpu - 1) * CALLER.size;
}

const enabledOf = (cpu: Cpu, mod: Addr): boolean =>
  cpu.readOnce(cpu.get(mod + MODULE.image) + KLP_PATCH.enabled) !== 0;

function disable(cpu: Cpu, mod: Addr): void {
  klpSysfsWrite(cpu, cpu.get(mod + MODULE.image) + KLP_PATCH.kobj, ENABLED, '0');
}

/** The next step of the admin: fix, then replace the fix by the other patch, then nothing, and again. */
function churnStep(cpu: Cpu, booted: BootedMachine, isOn: boolean): boolean {
  if (cpu.readOnce(booted.klp.transitionPatch) !== 0) return false;
  const [fixName, allName] = cases.PATCHES;
  const fix = findModule(cpu, booted.nameId(fixName));
  const all = findModule(cpu, booted.nameId(allName));
  if (fix === 0 && all === 0) {
    if (isOn) loadModule(cpu, booted.imageIndex(fixName));
    return isOn;
  }
  if (fix !== 0 && !enabledOf(cpu, fix)) deleteModule(cpu, booted.nameId(fixName));
  else if (fix !== 0 && all === 0 && isOn) loadModule(cpu, booted.imageIndex(allName));
  else if (fix !== 0) disable(cpu, fix);
  else if (enabledOf(cpu, all)) disable(cpu, all);
  else deleteModule(cpu, booted.nameId(allName));
  return true;
}

function text() {
  return [
    {
      name: 'sys_call',
      code: [asm.kcall(NATIVE_CALLER), asm.sleep(40), asm.ret],
    },
    {
      name: 'caller_main',
      traceable: false,
      code: [asm.at('loop', asm.syscall('sys_call')), asm.jump('loop')],
    },
    {
      name: 'churn_admin',
      code: [
        asm.at('loop', asm.kcall(NATIVE_CHURN, symbol('bench_control'))),
        asm.sleep(20),
        asm.jump('loop'),
      ],
    },
  ];
}

/** Each initial task is on the CPU of its number, and stays there. */
function pin(words: Int32Array, booted: BootedMachine): void {
  const { kernel } = booted;
  const first = 3 * kernel.cpus;
  for (let n = 0; n < kernel.cpus; n++) {
    words[kernel.tasks + (first + n) * kernel.taskStride + TASK.pinned] = n;
  }
}

/** Lay the machine out: CPU 0 is the admin's, the others call. */
export function build({ callers, isBlind = false }: DispatchWorkloadOptions): Workload {
  const state: { caller?: Caller } = {};
  const natives: ((cpu: Cpu, arg: number) => void)[] = [];
  natives[NATIVE_BODY] = bodyNative(cases.PROGRAM.bodies);
  natives[NATIVE_CALLER] = (cpu) => {
    if (state.caller?.run(cpu) !== true) return;
    const pc = cpu.current + TASK.pc;
    cpu.set(pc, cpu.get(pc) + INSTRUCTION_WORDS); // Skip the sleep.
  };
  natives[NATIVE_CHURN] = (cpu, control) => {
    const isOn = cpu.readOnce(control + CONTROL.churn) !== 0;
    if (churnStep(cpu, booted, isOn)) cpu.atomicAdd(control + CONTROL.steps, 1);
  };
  const booted = bootMachine({
    cpus: callers + 1,
    vmlinux: {
      functions: [...cases.PROGRAM.functions, ...text()],
      data: {
        bench_cases: cases.CASE_WORDS,
        bench_control: CONTROL.size,
        bench_callers: callers * CALLER.size,
      },
    },
    modules: cases.PROGRAM.modules,
    natives,
    initialTasks: [
      { comm: 'admin', thread: 'churn_admin', sleepsInKernelCode: true },
      ...Array.from({ length: callers }, () => ({ comm: 'caller', program: 'caller_main' })),
    ],
  });
  return {
    booted,
    prepare: (words) => {
      pin(words, booted);
      cases.writeCases(words, booted.symbol('bench_cases'));
    },
    attach: (cpu, boot) => {
      if (cpu.id > 0) state.caller = new Caller(cpu, boot, booted, isBlind);
    },
    outcomes: () => [],
  };
}
