/** Boot of the kernel room: claim its tables, and write their first contents before any CPU runs. */

import { UsageError } from '../errors.js';
import type { MemoryMap } from '../memory/map.js';
import { POISON, struct } from '../memory/struct.js';
import { claimCache, initCache } from './alloc.js';
import type { KernelContext } from './context.js';
import { WORK_FN_NOP } from './ftrace.js';
import { KERNEL_FTRACE_FNS } from './ftrace-list.js';
import { FTRACE_FN_LIST, FTRACE_OPS, FTRACE_OPS_FL_SAVE_REGS } from './ftrace-ops.js';
import type { ModuleImage } from './image.js';
import { runCurrent } from './interp.js';
import { SYMBOL } from './kallsyms.js';
import { KERNEL, percpu, PERCPU } from './layout.js';
import { MODULE } from './module.js';
import { PRINTK_RECORD, type Message } from './printk.js';
import { RCU_PENDING, RCU_PENDING_MAX, rcuWorkFn, WORK_FN_RCU } from './rcu.js';
import { idleTask, PF_IDLE, PF_KCODE, PF_KTHREAD, PF_WQ_WORKER, TASK, TASK_IDLE } from './task.js';
import type { Addr, Cpu, TaskRef } from './types.js';
import { KERNEL_FACTS, type KernelVersion, type Preemption } from './versions.js';
import {
  initText,
  NATIVE_WORKER,
  placeVmlinux,
  type KernelLayout,
  type Vmlinux,
} from './vmlinux.js';
import { WARN_SITES } from './warn.js';
import { POOL_ATOMIC, POOL_NORMAL, WORK } from './work-list.js';
import { batchLayout, batchWorkFn, workerThread, WORK_FN_BATCH } from './workqueue.js';

/** How large the tables of a machine are. */
export interface KernelSize {
  /** Possible CPUs, 1 to 128. */
  readonly cpus: number;
  /** Tasks besides idle tasks and kworkers. */
  readonly tasks: number;
  /** Return addresses per kernel stack. */
  readonly stackWords: number;
  /** Entries of the symbol table that modules can use. */
  readonly moduleSymbols: number;
  /** Modules loaded at once. */
  readonly modules: number;
  /** Words of text a module may have. */
  readonly slotWords: number;
  readonly printkRecords: number;
}

/** Function tables and options that boot adds to the kernel's own. */
export interface KernelParts {
  readonly version: KernelVersion;
  /** Default: as distributions configure that release. */
  readonly preemption?: Preemption | undefined;
  readonly reliableStacks: boolean;
  readonly preemptRt: boolean;
  readonly configPrintk: boolean;
  /** Whether modules are built outside of the kernel's tree, without a signature. Default false. */
  readonly outsideModules?: boolean;
  readonly idlePolls?: boolean;
  readonly quantum: number;
  readonly messages: readonly Message[];
  readonly images: readonly ModuleImage[];
  readonly names: readonly string[];
  /** Work functions by number. */
  readonly workFns: KernelContext['workFns'];
  readonly ftraceFns: KernelContext['ftraceFns'];
  /** What releases a kobject, by type. */
  readonly ktypes: KernelContext['ktypes'];
  /** TypeScript functions that kernel text calls, by number. */
  readonly natives: KernelContext['natives'];
  readonly moduleFns: KernelContext['moduleFns'];
  /** How a stack is walked. */
  readonly archStackWalkReliable: KernelContext['archStackWalkReliable'];
}

/** Reserve a cache line multiple, so that task references have free low bits. */
const roundUp = (words: number): number => (words + 15) & ~15;

/**
 * Claim all tables of the kernel room.
 *
 * @throws {UsageError} when a size is out of range
 */
export function claimKernel(
  map: MemoryMap,
  size: KernelSize,
  vmlinux: Vmlinux,
  parts: KernelParts,
): KernelLayout {
  checkSize(size);
  const taskCount = 3 * size.cpus + size.tasks;
  const globals = map.claim('kernel', KERNEL);
  const percpuBase = map.claim('percpu', PERCPU, size.cpus);
  const taskStride = roundUp(TASK.size + size.stackWords);
  const taskLayout = struct('task', { ...taskFields(), stack: taskStride - TASK.size });
  const tasks = map.claim('task', taskLayout, taskCount);
  const { placed, sources, text, tables } = placeVmlinux(map, vmlinux);
  // One symbol for each function, also for those that share a name.
  const symbolCount = sources.length + size.moduleSymbols;
  const moduleSlots = size.modules + 2;
  const exitToUser = placed.get('exit_to_user_mode_loop');
  const context: KernelContext = {
    ...parts,
    outsideModules: parts.outsideModules ?? false,
    idlePolls: parts.idlePolls ?? false,
    facts: KERNEL_FACTS[parts.version],
    preemption: parts.preemption ?? KERNEL_FACTS[parts.version].preemption,
    cpus: size.cpus,
    globals,
    percpu: percpuBase,
    tasks,
    taskStride,
    taskCount,
    stackWords: size.stackWords,
    symbols: map.claim('symbol', SYMBOL, symbolCount),
    symbolCount,
    modules: map.claim('module', MODULE, size.modules),
    moduleCount: size.modules,
    moduleText: map.claimWords('moduleText', moduleSlots * size.slotWords),
    slotWords: size.slotWords,
    moduleSlots,
    printk: map.claim('printkRecord', PRINTK_RECORD, size.printkRecords),
    printkRecords: size.printkRecords,
    warnCounts: map.claimWords('warnCount', WARN_SITES),
    rcuPending: map.claim('rcuPending', RCU_PENDING, RCU_PENDING_MAX),
    batches: claimCache(map, 'syncBatch', batchLayout(size.cpus), 2 * size.cpus + 8),
    exitToUserText: exitToUser?.addr ?? 0,
    doExitText: placed.get('do_exit')?.addr ?? 0,
    workFns: withOwn(parts.workFns, [
      [WORK_FN_BATCH, batchWorkFn],
      [WORK_FN_NOP, nopWorkFn],
      [WORK_FN_RCU, rcuWorkFn],
    ]),
    ftraceOps: claimCache(map, 'ftraceOps', FTRACE_OPS, FTRACE_USERS),
    ftraceFns: Object.assign([...KERNEL_FTRACE_FNS], parts.ftraceFns),
    natives: withOwn(parts.natives, [[NATIVE_WORKER, workerThread]]),
    runCurrent,
  };
  return { context, vmlinux: placed, sources, text, tables };
}

/** ftrace_ops that can be allocated at once, besides those of livepatches. */
const FTRACE_USERS = 8;

/** A million tasks, and room for what they fork. */
const MOST_TASKS = 1_100_000;

function checkSize(size: KernelSize): void {
  if (!(size.cpus >= 1 && size.cpus <= 128)) {
    throw new UsageError(`${size.cpus} CPUs: a machine has 1 to 128`);
  }
  if (!(size.tasks >= 0 && size.tasks <= MOST_TASKS)) {
    throw new UsageError(`${size.tasks} tasks: a machine has 0 to ${MOST_TASKS}`);
  }
}

function taskFields(): Record<string, number> {
  const fields: Record<string, number> = {};
  const entries = Object.entries(TASK).filter(([name]) => name !== 'size');
  entries.forEach(([name, offset], i) => {
    fields[name] = (entries[i + 1]?.[1] ?? TASK.size) - offset;
  });
  return fields;
}

function withOwn<T>(table: readonly T[], own: readonly (readonly [number, T])[]): T[] {
  const merged = [...table];
  for (const [id, entry] of own) merged[id] = entry;
  return merged;
}

function nopWorkFn(_cpu: Cpu, _work: Addr): void {
  // There is nothing to do: it is enough that this CPU has scheduled.
}

/** Write the first contents of the kernel's tables. */
export function initKernel(words: Int32Array, layout: KernelLayout, onlineCpus: number): void {
  const kernel = layout.context;
  words[kernel.globals + KERNEL.ftraceEnabled] = 1;
  words[kernel.globals + KERNEL.onlineCpus] = onlineCpus;
  words[kernel.globals + KERNEL.rcuWork + WORK.fn] = WORK_FN_RCU;
  words.fill(POISON, kernel.moduleText, kernel.moduleText + kernel.moduleSlots * kernel.slotWords);
  initCache(words, kernel.batches);
  initCache(words, kernel.ftraceOps);
  const callers = [
    [KERNEL.ftraceCaller, 0],
    [KERNEL.ftraceRegsCaller, FTRACE_OPS_FL_SAVE_REGS],
  ] as const;
  for (const [caller, flags] of callers) {
    words[kernel.globals + caller + FTRACE_OPS.func] = FTRACE_FN_LIST;
    words[kernel.globals + caller + FTRACE_OPS.flags] = flags;
  }
  initText(words, layout);
  for (let n = 0; n < kernel.cpus; n++) initCpu(words, layout, n, n < onlineCpus);
  const first = 3 * kernel.cpus;
  for (let i = kernel.taskCount - 1; i >= first; i--) {
    const task = kernel.tasks + i * kernel.taskStride;
    words[task + TASK.rqNext] = words[kernel.globals + KERNEL.taskPool] ?? 0;
    words[kernel.globals + KERNEL.taskPool] = task;
  }
}

function initCpu(words: Int32Array, layout: KernelLayout, n: number, online: boolean): void {
  const kernel = layout.context;
  const pc = percpu(kernel, n);
  const idle = idleTask(kernel, n);
  blankTask(words, kernel, idle, kernel.names.indexOf(`swapper/${n}`), PF_KTHREAD | PF_IDLE);
  words[idle + TASK.cpu] = n;
  words[idle + TASK.pinned] = n;
  words[idle + TASK.onRq] = 1;
  words[idle + TASK.onCpu] = 1;
  words[pc + PERCPU.curr] = idle;
  words[pc + PERCPU.online] = online ? 1 : 0;
  for (const pool of [POOL_ATOMIC, POOL_NORMAL]) {
    const task = kernel.tasks + (kernel.cpus + 2 * n + pool) * kernel.taskStride;
    const flags = PF_KTHREAD | PF_WQ_WORKER | (pool === POOL_NORMAL ? PF_KCODE : 0);
    blankTask(words, kernel, task, kernel.names.indexOf(`kworker/${n}:${pool}`), flags);
    const entry = pool === POOL_ATOMIC ? 'worker_thread' : 'worker_thread_sleepable';
    words[task + TASK.pc] = layout.vmlinux.get(entry)?.addr ?? 0;
    words[task + TASK.cpu] = n;
    words[task + TASK.pinned] = n;
    words[task + TASK.state] = TASK_IDLE;
    words[pc + PERCPU.kworkers + pool] = task;
    publishTask(words, kernel, task);
  }
}

/** Initial contents of a task: never switched, nowhere queued. */
export function blankTask(
  words: Int32Array,
  kernel: KernelContext,
  task: TaskRef,
  comm: number,
  flags: number,
): void {
  words.fill(0, task, task + kernel.taskStride);
  words[task + TASK.comm] = comm;
  words[task + TASK.flags] = flags;
  words[task + TASK.patchState] = -1;
  words[task + TASK.pinned] = -1;
  words[task + TASK.context] = -1;
  words[task + TASK.rng] = (Math.imul(task, 0x9e3779b1) ^ 0x5bd1e995) | 1;
}

/** Put a task on the task list and number it; before any CPU runs. */
export function publishTask(words: Int32Array, kernel: KernelContext, task: TaskRef): void {
  const first = words[kernel.globals + KERNEL.taskList] ?? 0;
  words[task + TASK.tasksNext] = first;
  if (first !== 0) words[first + TASK.tasksPrev] = task;
  words[kernel.globals + KERNEL.taskList] = task;
  const pid = (words[kernel.globals + KERNEL.lastPid] ?? 0) + 1;
  words[kernel.globals + KERNEL.lastPid] = pid;
  words[task + TASK.pid] = pid;
  words[kernel.globals + KERNEL.tasksAlive] = (words[kernel.globals + KERNEL.tasksAlive] ?? 0) + 1;
}

/** A task that exists when the machine starts. */
export interface InitialTask {
  readonly comm: string;
  /** So many equal tasks. Default 1. */
  readonly count?: number;
  /** User program to run; absent for a kernel thread. */
  readonly program?: string;
  /** Function a kernel thread runs. */
  readonly thread?: string;
  /** The task calls kernel code that may sleep. */
  readonly sleepsInKernelCode?: boolean;
  /** Sleeps from the start until somebody wakes it, with these functions on its stack, innermost last. */
  readonly sleepingIn?: readonly string[];
  readonly unreliableStack?: boolean;
}

/** Create a task before any CPU runs; the run queue of CPU `n` gets it unless it sleeps. Returns it. */
export function spawnInitial(
  words: Int32Array,
  layout: KernelLayout,
  spec: InitialTask,
  n: number,
): TaskRef {
  const kernel = layout.context;
  const task = words[kernel.globals + KERNEL.taskPool] ?? 0;
  if (task === 0)
    throw new UsageError(`no room for task ${spec.comm}: ${kernel.taskCount} tasks exist`);
  words[kernel.globals + KERNEL.taskPool] = words[task + TASK.rqNext] ?? 0;
  const thread = spec.program === undefined ? PF_KTHREAD : 0;
  const flags = thread | (spec.sleepsInKernelCode === true ? PF_KCODE : 0);
  blankTask(words, kernel, task, kernel.names.indexOf(spec.comm), flags);
  words[task + TASK.cpu] = n;
  words[task + TASK.unreliable] = spec.unreliableStack === true ? 1 : 0;
  if (spec.program !== undefined) {
    words[task + TASK.userPc] = addressOf(layout, spec.program);
    words[task + TASK.userMode] = 1;
  } else if (spec.thread !== undefined) {
    words[task + TASK.pc] = addressOf(layout, spec.thread);
  }
  publishTask(words, kernel, task);
  if (spec.sleepingIn) putToSleep(words, layout, task, spec.sleepingIn);
  else queueInitial(words, kernel, task, n);
  return task;
}

function addressOf(layout: KernelLayout, name: string): Addr {
  const found = layout.vmlinux.get(name);
  if (!found) throw new UsageError(`a task refers to ${name}, which does not exist`);
  return found.addr;
}

/** The task called each of the functions in turn and now sleeps in the last, right after its entry. */
function putToSleep(
  words: Int32Array,
  layout: KernelLayout,
  task: TaskRef,
  functions: readonly string[],
): void {
  const inside = functions.map((name) => addressOf(layout, name) + 3);
  words[task + TASK.state] = 1;
  words[task + TASK.userMode] = 0;
  words[task + TASK.depth] = inside.length - 1;
  words.set(inside.slice(0, -1), task + TASK.size);
  words[task + TASK.pc] = inside[inside.length - 1] ?? 0;
}

function queueInitial(words: Int32Array, kernel: KernelContext, task: TaskRef, n: number): void {
  const rq = percpu(kernel, n);
  const last = words[rq + PERCPU.rqLast] ?? 0;
  words[task + TASK.onRq] = 1;
  words[task + TASK.rqPrev] = last;
  if (last === 0) words[rq + PERCPU.rqFirst] = task;
  else words[last + TASK.rqNext] = task;
  words[rq + PERCPU.rqLast] = task;
  words[rq + PERCPU.nrQueued] = (words[rq + PERCPU.nrQueued] ?? 0) + 1;
}
