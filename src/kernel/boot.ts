/** Boot of the kernel room: claim its tables, and write their first contents before any CPU runs. */

import { UsageError } from '../errors.js';
import type { MemoryMap } from '../memory/map.js';
import { POISON, struct } from '../memory/struct.js';
import { claimCache, initCache } from './alloc.js';
import type { KernelContext } from './context.js';
import { WORK_FN_NOP } from './ftrace.js';
import type { ModuleImage } from './image.js';
import { runCurrent } from './interp.js';
import { SYMBOL } from './kallsyms.js';
import { KERNEL, percpu, PERCPU } from './layout.js';
import { MODULE } from './module.js';
import { PRINTK_RECORD, type Message } from './printk.js';
import { RCU_PENDING, RCU_PENDING_MAX, rcuWorkFn, WORK_FN_RCU } from './rcu.js';
import { idleTask, PF_IDLE, PF_KCODE, PF_KTHREAD, PF_WQ_WORKER, TASK, TASK_IDLE } from './task.js';
import {
  asm,
  assemble,
  functionWords,
  OP_EXIT_TO_USER,
  type FunctionSource,
  type TableSource,
} from './text.js';
import type { Addr, Cpu, TaskRef } from './types.js';
import { KERNEL_FACTS, type KernelVersion, type Preemption } from './versions.js';
import { WARN_SITES } from './warn.js';
import { POOL_ATOMIC, POOL_NORMAL, WORK } from './work-list.js';
import { batchLayout, batchWorkFn, workerThread, WORK_FN_BATCH } from './workqueue.js';

/** How large the tables of a machine are. */
export interface KernelSize {
  /** Possible CPUs, 1 to 64. */
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

/** The code and data that are linked into the kernel. */
export interface Vmlinux {
  readonly functions: readonly FunctionSource[];
  readonly tables?: readonly TableSource[];
  /** Data words, by symbol. */
  readonly data?: Readonly<Record<string, number>>;
}

/** Function tables and options that boot adds to the kernel's own. */
export interface KernelParts {
  readonly version: KernelVersion;
  /** Default: as distributions configure that release. */
  readonly preemption?: Preemption | undefined;
  readonly reliableStacks: boolean;
  readonly preemptRt: boolean;
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

/** Native that serves a work list; scenarios' natives start at {@link FIRST_SCENARIO_NATIVE}. */
export const NATIVE_WORKER = 1;
export const FIRST_SCENARIO_NATIVE = 16;

/** Functions that every kernel has, unless it declares its own of that name. */
const BUILT_IN: readonly FunctionSource[] = [
  { name: 'exit_to_user_mode_loop', traceable: false, code: [{ op: OP_EXIT_TO_USER }] },
  { name: 'do_exit', traceable: false, code: [asm.unhash, asm.die] },
  workerText('worker_thread', POOL_ATOMIC),
  workerText('worker_thread_sleepable', POOL_NORMAL),
];

function workerText(name: string, pool: number): FunctionSource {
  return {
    name,
    code: [asm.at('loop', asm.kcall(NATIVE_WORKER, pool)), asm.schedule, asm.jump('loop')],
  };
}

/** Names that the kernel's own text and tasks use. */
export function kernelNames(vmlinux: Vmlinux, cpus: number): string[] {
  const kworkers = Array.from({ length: cpus }, (_, n) => [
    `kworker/${n}:0`,
    `kworker/${n}:1`,
    `swapper/${n}`,
  ]);
  return [
    ...BUILT_IN.map((f) => f.name),
    ...vmlinux.functions.map((f) => f.name),
    ...(vmlinux.tables ?? []).map((t) => t.name),
    ...Object.keys(vmlinux.data ?? {}),
    ...kworkers.flat(),
  ];
}

/** Where a symbol of vmlinux is. */
export interface Placed {
  readonly addr: Addr;
  readonly words: number;
}

/** Everything of the kernel context that is an address or a size, and the symbols of vmlinux. */
export interface KernelLayout {
  readonly context: KernelContext;
  /** By name; of several functions with one name, the first. */
  readonly vmlinux: ReadonlyMap<string, Placed>;
  readonly sources: readonly FunctionSource[];
  /** Where each of the sources is. */
  readonly text: readonly Placed[];
  readonly tables: readonly TableSource[];
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
  const own = new Set(vmlinux.functions.map(({ name }) => name));
  const sources = [...BUILT_IN.filter(({ name }) => !own.has(name)), ...vmlinux.functions];
  const tables = vmlinux.tables ?? [];
  const taskCount = 3 * size.cpus + size.tasks;
  const globals = map.claim('kernel', KERNEL);
  const percpuBase = map.claim('percpu', PERCPU, size.cpus);
  const taskStride = roundUp(TASK.size + size.stackWords);
  const taskLayout = struct('task', { ...taskFields(), stack: taskStride - TASK.size });
  const tasks = map.claim('task', taskLayout, taskCount);
  const placed = new Map<string, Placed>();
  const text = sources.map((source) => {
    const words = functionWords(source);
    const at = { addr: map.claimWords(`text:${source.name}`, words), words };
    if (!placed.has(source.name)) placed.set(source.name, at);
    return at;
  });
  for (const table of tables) {
    const words = 1 + table.symbols.length;
    placed.set(table.name, { addr: map.claimWords(`table:${table.name}`, words), words });
  }
  for (const [name, words] of Object.entries(vmlinux.data ?? {})) {
    placed.set(name, { addr: map.claimWords(`data:${name}`, words), words });
  }
  // One symbol for each function, also for those that share a name.
  const symbolCount = sources.length + size.moduleSymbols;
  const moduleSlots = size.modules + 2;
  const exitToUser = placed.get('exit_to_user_mode_loop');
  const context: KernelContext = {
    ...parts,
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
    natives: withOwn(parts.natives, [[NATIVE_WORKER, workerThread]]),
    runCurrent,
  };
  return { context, vmlinux: placed, sources, text, tables };
}

/** A million tasks, and room for what they fork. */
const MOST_TASKS = 1_100_000;

function checkSize(size: KernelSize): void {
  if (!(size.cpus >= 1 && size.cpus <= 64)) {
    throw new UsageError(`${size.cpus} CPUs: a machine has 1 to 64`);
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
  // Having scheduled is all that matters.
}

/** Write the first contents of the kernel's tables. */
export function initKernel(words: Int32Array, layout: KernelLayout, onlineCpus: number): void {
  const k = layout.context;
  words[k.globals + KERNEL.ftraceEnabled] = 1;
  words[k.globals + KERNEL.onlineCpus] = onlineCpus;
  words[k.globals + KERNEL.rcuWork + WORK.fn] = WORK_FN_RCU;
  words.fill(POISON, k.moduleText, k.moduleText + k.moduleSlots * k.slotWords);
  initCache(words, k.batches);
  initText(words, layout);
  for (let n = 0; n < k.cpus; n++) initCpu(words, layout, n, n < onlineCpus);
  const first = 3 * k.cpus;
  for (let i = k.taskCount - 1; i >= first; i--) {
    const task = k.tasks + i * k.taskStride;
    words[task + TASK.rqNext] = words[k.globals + KERNEL.taskPool] ?? 0;
    words[k.globals + KERNEL.taskPool] = task;
  }
}

function initText(words: Int32Array, layout: KernelLayout): void {
  const resolve = (name: string): number => {
    const found = layout.vmlinux.get(name);
    if (!found) throw new UsageError(`kernel text refers to ${name}, which does not exist`);
    return found.addr;
  };
  for (const table of layout.tables) {
    words.set([table.symbols.length, ...table.symbols.map(resolve)], resolve(table.name));
  }
  const k = layout.context;
  layout.sources.forEach((source, i) => {
    const { addr, words: length } = layout.text[i] ?? { addr: 0, words: 0 };
    words.set(assemble(source, addr, resolve), addr);
    const at = k.symbols + i * SYMBOL.size;
    words[at + SYMBOL.name] = k.names.indexOf(source.name);
    words[at + SYMBOL.addr] = addr;
    words[at + SYMBOL.words] = length;
  });
}

function initCpu(words: Int32Array, layout: KernelLayout, n: number, online: boolean): void {
  const k = layout.context;
  const pc = percpu(k, n);
  const idle = idleTask(k, n);
  blankTask(words, k, idle, k.names.indexOf(`swapper/${n}`), PF_KTHREAD | PF_IDLE);
  words[idle + TASK.cpu] = n;
  words[idle + TASK.pinned] = n;
  words[idle + TASK.onRq] = 1;
  words[idle + TASK.onCpu] = 1;
  words[pc + PERCPU.curr] = idle;
  words[pc + PERCPU.online] = online ? 1 : 0;
  for (const pool of [POOL_ATOMIC, POOL_NORMAL]) {
    const task = k.tasks + (k.cpus + 2 * n + pool) * k.taskStride;
    const flags = PF_KTHREAD | PF_WQ_WORKER | (pool === POOL_NORMAL ? PF_KCODE : 0);
    blankTask(words, k, task, k.names.indexOf(`kworker/${n}:${pool}`), flags);
    const entry = pool === POOL_ATOMIC ? 'worker_thread' : 'worker_thread_sleepable';
    words[task + TASK.pc] = layout.vmlinux.get(entry)?.addr ?? 0;
    words[task + TASK.cpu] = n;
    words[task + TASK.pinned] = n;
    words[task + TASK.state] = TASK_IDLE;
    words[pc + PERCPU.kworkers + pool] = task;
    publishTask(words, k, task);
  }
}

/** Initial contents of a task: never switched, nowhere queued. */
export function blankTask(
  words: Int32Array,
  k: KernelContext,
  task: TaskRef,
  comm: number,
  flags: number,
): void {
  words.fill(0, task, task + k.taskStride);
  words[task + TASK.comm] = comm;
  words[task + TASK.flags] = flags;
  words[task + TASK.patchState] = -1;
  words[task + TASK.pinned] = -1;
  words[task + TASK.context] = -1;
  words[task + TASK.rng] = (Math.imul(task, 0x9e3779b1) ^ 0x5bd1e995) | 1;
}

/** Put a task on the task list and number it; before any CPU runs. */
export function publishTask(words: Int32Array, k: KernelContext, task: TaskRef): void {
  const first = words[k.globals + KERNEL.taskList] ?? 0;
  words[task + TASK.tasksNext] = first;
  if (first !== 0) words[first + TASK.tasksPrev] = task;
  words[k.globals + KERNEL.taskList] = task;
  const pid = (words[k.globals + KERNEL.lastPid] ?? 0) + 1;
  words[k.globals + KERNEL.lastPid] = pid;
  words[task + TASK.pid] = pid;
  words[k.globals + KERNEL.tasksAlive] = (words[k.globals + KERNEL.tasksAlive] ?? 0) + 1;
}

/** A task that exists when the machine starts. */
export interface InitialTask {
  readonly comm: string;
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
  const k = layout.context;
  const task = words[k.globals + KERNEL.taskPool] ?? 0;
  if (task === 0) throw new UsageError(`no room for task ${spec.comm}: ${k.taskCount} tasks exist`);
  words[k.globals + KERNEL.taskPool] = words[task + TASK.rqNext] ?? 0;
  const thread = spec.program === undefined ? PF_KTHREAD : 0;
  const flags = thread | (spec.sleepsInKernelCode === true ? PF_KCODE : 0);
  blankTask(words, k, task, k.names.indexOf(spec.comm), flags);
  words[task + TASK.cpu] = n;
  words[task + TASK.unreliable] = spec.unreliableStack === true ? 1 : 0;
  if (spec.program !== undefined) {
    words[task + TASK.userPc] = addressOf(layout, spec.program);
    words[task + TASK.userMode] = 1;
  } else if (spec.thread !== undefined) {
    words[task + TASK.pc] = addressOf(layout, spec.thread);
  }
  publishTask(words, k, task);
  if (spec.sleepingIn) putToSleep(words, layout, task, spec.sleepingIn);
  else queueInitial(words, k, task, n);
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

function queueInitial(words: Int32Array, k: KernelContext, task: TaskRef, n: number): void {
  const rq = percpu(k, n);
  const last = words[rq + PERCPU.rqLast] ?? 0;
  words[task + TASK.onRq] = 1;
  words[task + TASK.rqPrev] = last;
  if (last === 0) words[rq + PERCPU.rqFirst] = task;
  else words[last + TASK.rqNext] = task;
  words[rq + PERCPU.rqLast] = task;
  words[rq + PERCPU.nrQueued] = (words[rq + PERCPU.nrQueued] ?? 0) + 1;
}
