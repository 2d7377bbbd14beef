/** How a race or a system scenario is declared: bodies of kernel code, a prepared memory, and outcomes with grades. */

import type { KernelVersion } from '../kernel/versions.js';
import type { Cpu, CpuContext } from '../memory/cpu.js';
import type { MemoryMap } from '../memory/map.js';
import type { SiteId } from '../memory/sites.js';
import type { Addr, CpuId } from '../memory/struct.js';
import { checkScenario } from './validate.js';
import type { EventTrace, TraceEvent } from './event-trace.js';

export type { EventTrace, TraceEvent } from './event-trace.js';

/** Kernel code that one CPU executes from beginning to end. */
export type KernelBody = (cpu: Cpu) => void;

/** What an outcome means: expected, worth knowing, or a bug. */
export type Grade = 'acceptable' | 'interesting' | 'forbidden';

/** A grade and why it is that one. */
export interface OutcomeRule {
  readonly grade: Grade;
  /** One sentence: what happened, or why it cannot. */
  readonly reason: string;
}

/** Look at the memory from outside: the newest value of every word. */
export interface StateView {
  /** The newest value of the word at `addr`. */
  read(addr: Addr): number;
}

/** {@link StateView} for the hooks of a machine that may change it: virtual time. */
export interface StateAccess extends StateView {
  /** Make `value` the only value of the word; ordered by something else. */
  write(addr: Addr, value: number): void;
  /** Set bits of a word that CPUs change at the same time. */
  setBits(addr: Addr, bits: number): void;
}

/** What an execution left behind. */
export interface Ending extends StateView {
  /** Everything that `cpu.trace()` recorded, in the order of the execution. */
  readonly events: readonly TraceEvent[];
  /** The same without an object for each. */
  readonly traced: EventTrace;
}

/** Interrupts that a CPU takes between two operations while it is preemptible. */
export interface MachineInterrupt {
  /** Whether CPU `id` has something to do; asked outside of kernel code, must not modify anything. */
  pending(id: CpuId, state: StateView): boolean;
  /** What the CPU then executes, on top of whatever it was doing. */
  readonly body: KernelBody;
}

/** Time that passes while CPUs are busy; while all of them wait it passes by {@link Machine.advanceTime}. */
export interface BusyTime {
  /** Operations on all CPUs together in one jiffy. */
  readonly operations: number;
  /** One jiffy passes. Returns false when no more time passes while CPUs are busy. */
  pass(state: StateAccess): boolean;
}

/**
 * Listens to every `cpu.trace()` of a machine, on behalf of checks: CPU, event and three values.
 *
 * @throws InvariantViolated which ends the execution with that finding
 */
export type MachineListener = (id: CpuId, event: number, a: number, b: number, c: number) => void;

/** What a check found. */
export interface CheckFinding {
  /** `I-8`, `WARN 34`, … */
  readonly key: string;
  readonly detail: string;
}

/** Checks of a machine whose CPUs run at the same time. */
export interface ConcurrentChecks {
  /** Listen to the traces of one CPU, on its thread. `onFinding` is called after one was written to the memory. */
  listen(
    words: Int32Array,
    id: CpuId,
    hooks: { readonly onFinding: () => void; readonly quiesce: () => void },
  ): (event: number, a: number, b: number, c: number) => void;
  /** What was found, in the order in which it was found. */
  findings(words: Int32Array): readonly CheckFinding[];
}

/** A machine that is ready to run: what {@link Scenario.build} returns. */
export interface Machine {
  /** Members that the kernel code of the scenario does not use may be missing. */
  readonly ctx: Partial<CpuContext>;
  /** Every region of the memory; the first ones are those of `claimLocal`. */
  readonly map: MemoryMap;
  /** Base of the per-CPU lines, as returned by `claimLocal`. */
  readonly localBase: Addr;
  /** What each CPU executes; their number is the number of CPUs. */
  readonly bodies: readonly KernelBody[];
  /** The task each CPU executes at first: its `current`. */
  readonly current?: readonly Addr[];
  /** Write the initial contents of the memory as raw words. */
  readonly init?: (words: Int32Array) => void;
  /** Kernel code that CPU 0 executes alone, before all bodies and after `init`. */
  readonly prepare?: KernelBody;
  /** What the other CPUs execute while CPU 0 executes `prepare`; default nothing. */
  readonly idle?: KernelBody;
  /** Task that a CPU executes while it executes `idle`. */
  readonly idleCurrent?: (id: number) => Addr;
  /** Last changes to the memory after `prepare`. */
  readonly settle?: (words: Int32Array) => void;
  /** Called when no CPU can go on and some are halted: let virtual time pass. False: nothing will ever happen. */
  readonly advanceTime?: (state: StateAccess) => boolean;
  readonly busyTime?: BusyTime;
  /** Whether the machine waits for something from outside: asked in the explorer, whose execution goes on later. */
  readonly isSuspended?: () => boolean;
  /** Whether the execution is at its regular end although CPUs could go on: asked where {@link isSuspended} is. */
  readonly isOver?: () => boolean;
  /**
   * Make the checks of one execution, before it begins. `words` holds the newest value of every word of the memory, at
   * any time; words that only the checks use may be written there.
   */
  readonly listen?: (words: Int32Array) => MachineListener;
  /** The same checks where CPUs do not take turns. */
  readonly concurrentChecks?: ConcurrentChecks;
  readonly interrupt?: MachineInterrupt;
  /** All CPUs halted for ever is the regular end, not a deadlock. */
  readonly haltEnds?: boolean;
  /** Name of a task or of what a CPU waits for, for a deadlock report. */
  readonly describe?: (state: StateView, id: CpuId) => string;
  /** Name of a task, for pages and traces. */
  readonly nameOfTask?: (state: StateView, task: Addr) => string;
}

/** A property that must hold whenever an execution has ended. */
export interface Invariant {
  /** For instance `I-8`. */
  readonly id: string;
  /** What is wrong, or undefined when it holds. */
  check(end: Ending): string | undefined;
}

/** What the removal of ordering sites must lead to: a scenario's own negative control. */
export interface PredictedFinding {
  readonly sites: readonly SiteId[];
  /** Key of the outcome, or the name of a verdict such as `deadlock`. */
  readonly finds: string;
  /** One sentence. */
  readonly why: string;
}

/** Limits of one execution. */
export interface Bounds {
  /** Operations on all CPUs together before an execution counts as one that makes no progress. */
  readonly steps?: number;
  /**
   * Sleeps of each CPU that may end without a wake-up in one execution, by a time-out or for no reason, while something
   * else could have gone on. Default 1. Time-outs end in any case when nobody can go on.
   */
  readonly earlyWakeups?: number;
}

interface ScenarioCommon {
  /** What commands and tokens call it: lower case with hyphens. */
  readonly name: string;
  /** One sentence. */
  readonly description: string;
  /** Lay out a machine; called once for many executions. Not kernel code: no CPU, no memory yet. */
  build(): Machine;
  /** Key into {@link outcomes} of an execution that ended, on the machine that {@link build} laid out for it. */
  observe(end: Ending, machine: Machine): string;
  /** Grade of each key. A key that is not listed is forbidden. */
  readonly outcomes: Readonly<Record<string, OutcomeRule>>;
  readonly invariants?: readonly Invariant[];
  readonly bounds?: Bounds;
  readonly ablations?: readonly PredictedFinding[];
  /** The same on another release of the kernel, named `NAME@RELEASE`. Left out: it knows of no kernel. */
  readonly forKernel?: (version: KernelVersion) => Scenario;
  /** The same with other parameters, named `NAME:PARAMETERS`; throws UsageError for some that it does not know. Left out: it has none. */
  readonly withParameters?: (text: string) => Scenario;
}

/** A body of kernel code per CPU, over a prepared state. */
export interface RaceScenario extends ScenarioCommon {
  readonly kind: 'race';
}

/** A whole machine: every CPU runs its scheduler, and tasks, patches and an admin's script do the rest. */
export interface SystemScenario extends ScenarioCommon {
  readonly kind: 'system';
  /** The admin's actions in words, in order. */
  readonly script: readonly string[];
}

/** What can be explored, stressed and verified: a race of a few bodies, or a whole machine. */
export type Scenario = RaceScenario | SystemScenario;

/** Rule of an outcome; one that is not declared is forbidden. */
export function gradeOf(scenario: Scenario, outcome: string): OutcomeRule {
  // Names that every object inherits, such as `constructor` and `valueOf`, are not listed.
  const listed = Object.hasOwn(scenario.outcomes, outcome) ? scenario.outcomes[outcome] : undefined;
  return listed ?? { grade: 'forbidden', reason: 'an outcome that the scenario does not list' };
}

/** Declare a race. @throws UsageError for a declaration that is not complete, or has keys that are not known */
export function race(scenario: Omit<RaceScenario, 'kind'>): RaceScenario {
  const declared = { kind: 'race', ...scenario } as const;
  checkScenario(declared);
  return declared;
}

/** Declare a system scenario. @throws UsageError as {@link race} */
export function system(scenario: Omit<SystemScenario, 'kind'>): SystemScenario {
  const declared = { kind: 'system', ...scenario } as const;
  checkScenario(declared);
  return declared;
}
