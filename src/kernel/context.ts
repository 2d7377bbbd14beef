/** What every CPU knows of its machine: addresses of the tables and the function tables, fixed at boot. */

import type { Cache } from './alloc.js';
import type { KernelHooks } from './hooks.js';
import type { Message } from './message.js';
import type { Addr, Cpu } from './types.js';
import type { ModuleImage } from './image.js';
import type { KernelFacts, KernelVersion, Preemption } from './versions.js';

/** Immutable facts and function tables of the simulated kernel; equal on every CPU. */
export interface KernelContext {
  readonly version: KernelVersion;
  /** What differs in that release. */
  readonly facts: KernelFacts;
  readonly preemption: Preemption;
  /** Number of possible CPUs. */
  readonly cpus: number;
  /** Base of the {@link KERNEL} words. */
  readonly globals: Addr;
  /** Base of the {@link PERCPU} structs. */
  readonly percpu: Addr;
  /** Base of the task table; its first `cpus` entries are the idle tasks. */
  readonly tasks: Addr;
  /** Words from one task to the next. */
  readonly taskStride: number;
  /** Entries of the task table, idle tasks included. */
  readonly taskCount: number;
  /** Return addresses that fit on a kernel stack. */
  readonly stackWords: number;
  /** Base of the symbol table and its number of entries. */
  readonly symbols: Addr;
  readonly symbolCount: number;
  /** Base of the module table and its number of entries. */
  readonly modules: Addr;
  readonly moduleCount: number;
  /** Module text: `moduleSlots` slots of `slotWords` words. */
  readonly moduleText: Addr;
  readonly slotWords: number;
  readonly moduleSlots: number;
  /** printk ring: base and number of records. */
  readonly printk: Addr;
  readonly printkRecords: number;
  /** Table of objects that wait for a grace period. */
  readonly rcuPending: Addr;
  /** One counter per WARN site. */
  readonly warnCounts: Addr;
  /** Pool of the batches of schedule_on_each_cpu(). */
  readonly batches: Cache;
  /** Pool of the ftrace_ops that are not embedded in something else. */
  readonly ftraceOps: Cache;
  /** Address of the instruction that every return to user mode goes through. */
  readonly exitToUserText: Addr;
  /** Address of the function that a task dies in when a signal has killed it. */
  readonly doExitText: Addr;
  /** Whether stack_trace_save_tsk_reliable() exists on this architecture. */
  readonly reliableStacks: boolean;
  /** Whether this is PREEMPT_RT, as far as it matters here: who holds an rwlock_t can be preempted. */
  readonly preemptRt: boolean;
  /** CONFIG_PRINTK: whether there is a log. Without one nothing is printed, and printk() orders nothing. */
  readonly configPrintk: boolean;
  /** Whether modules are built outside of the kernel's tree and have no signature. */
  readonly outsideModules: boolean;
  /** Whether an idle CPU may poll when it is interrupted for changed text, so that it goes round its loop. */
  readonly idlePolls: boolean;
  /** Instructions a task may run before the scheduler looks for another. */
  readonly quantum: number;
  /** Interned strings; index 0 is the empty one. */
  readonly names: readonly string[];
  readonly messages: readonly Message[];
  /** Modules that can be loaded, by index. */
  readonly images: readonly ModuleImage[];
  /** Work functions by id. */
  readonly workFns: readonly ((cpu: Cpu, work: Addr) => void)[];
  /** ftrace handlers by id. */
  readonly ftraceFns: readonly FtraceFn[];
  /** kobject release functions by id. */
  readonly ktypes: readonly ((cpu: Cpu, kobj: Addr) => void)[];
  /** Stores the return addresses of a task, newest first; their number, or -EINVAL. */
  readonly archStackWalkReliable: (cpu: Cpu, task: Addr, store: Addr, size: number) => number;
  /** Runs `cpu.current` until another task is current: the interpreter of kernel text, or the idle loop. */
  readonly runCurrent: (cpu: Cpu) => void;
  /** Functions that text can call out to (`KCALL`), by id. */
  readonly natives: readonly ((cpu: Cpu, arg: number) => void)[];
  /** Init and exit functions of modules, by id: 0 or a negative errno. */
  readonly moduleFns: readonly ModuleFn[];
}

/** An init or exit function of a module, which may sleep; only that of init returns something. */
export type ModuleFn = (cpu: Cpu, mod: Addr) => number;

/** An ftrace handler: may change the instruction pointer in `fregs`. */
export type FtraceFn = (cpu: Cpu, ip: Addr, parentIp: Addr, ops: Addr, fregs: Addr) => void;

declare module '../memory/cpu.js' {
  interface CpuContext {
    readonly kernel: KernelContext;
    readonly hooks: KernelHooks;
  }
}
