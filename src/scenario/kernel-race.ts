/** Races over the real kernel: a booted machine whose CPUs, instead of scheduling, execute one kernel function each. */

import { SimulatorBug } from '../errors.js';
import { handleIrq } from '../kernel/entry.js';
import { ftraceCaller } from '../kernel/ftrace-list.js';
import { FREGS } from '../kernel/ftrace-ops.js';
import { cpuStartupEntry } from '../kernel/interp.js';
import { KERNEL, percpu, PERCPU } from '../kernel/layout.js';
import { scheduleNext } from '../kernel/sched.js';
import { TASK, TASK_INTERRUPTIBLE, TIF_NEED_RESCHED } from '../kernel/task.js';
import { INSTRUCTION_WORDS } from '../kernel/text.js';
import { addTimer, delTimer, TIMER_WAKE } from '../kernel/timer.js';
import { setCurrentState } from '../kernel/wait.js';
import { WARN_SITES } from '../kernel/warn.js';
import type { KernelContext } from '../kernel/context.js';
import { O_17, O_37 } from '../memory/sites.js';
import type { Cpu } from '../memory/cpu.js';
import { NULL, type Addr } from '../memory/struct.js';
import { bootMachine, taskCount, type BootedMachine, type MachineDeclaration } from './boot.js';
import {
  race,
  type Ending,
  type KernelBody,
  type Machine,
  type MachineInterrupt,
  type RaceScenario,
  type StateView,
} from './declare.js';
import { taskLabel } from './task-name.js';
import { jumpToTimer } from './virtual-time.js';

/** What the bodies of a race know of their machine. */
export interface RaceContext {
  /** Address of a symbol of vmlinux. */
  readonly symbol: (name: string) => Addr;
  /** Number of a name. */
  readonly nameId: (name: string) => number;
  /** Tasks: the declared initial ones, then one for each role. */
  readonly tasks: readonly Addr[];
}

declare module '../memory/cpu.js' {
  interface CpuContext {
    /** Present in races only. */
    readonly race?: RaceContext;
  }
}

/** The race that a CPU takes part in. @throws {SimulatorBug} outside of races */
export function raceContext(cpu: Cpu): RaceContext {
  const { race } = cpu.ctx;
  if (!race) throw new SimulatorBug('this CPU takes part in no race');
  return race;
}

/** Jiffies that preparing a machine may take. */
const PREPARE_JIFFIES = 1000;

/** A CPU of a race: the task it stands for, and what that task does. */
export interface Role {
  readonly comm: string;
  /** Functions on the task's stack while the machine is prepared, innermost last; none of them afterwards. */
  readonly sleepingIn: readonly string[];
  readonly body: KernelBody;
}

/** A race over a booted machine. */
export interface KernelRace {
  /** Without CONFIG_PRINTK unless it says otherwise: the barriers of printk() would stand in for those that a race is about. */
  readonly declaration: Omit<MachineDeclaration, 'cpus' | 'onlineCpus'>;
  /** One CPU each; CPU 0 also executes `prepare`. */
  readonly roles: readonly Role[];
  /** Kernel code that CPU 0 executes first, while all other tasks sleep; the machine then comes to rest. */
  readonly prepare: KernelBody;
  /** Last changes to the prepared memory: for instance, tasks that have meanwhile left a function. */
  readonly settle?:
    ((words: Int32Array, machine: BootedMachine, tasks: readonly Addr[]) => void) | undefined;
  /** Jiffies that may pass during the race while all CPUs wait. Default 0. */
  readonly jiffies?: number | undefined;
}

/** A race that is laid out. `tasks` are the declared initial tasks, then one for each role. */
export interface BootedRace extends Machine {
  readonly booted: BootedMachine;
  readonly tasks: readonly Addr[];
}

/** An interrupt in the middle of preemptible kernel code, or a tick that finds others queued: let them run. */
function preemptibleIrq(cpu: Cpu): void {
  const self = cpu.current;
  handleIrq(cpu);
  if (cpu.peek(percpu(cpu.ctx.kernel, cpu.id) + PERCPU.nrQueued) > 0) {
    cpu.setBit(self + TASK.tiFlags, TIF_NEED_RESCHED);
  }
  if (!cpu.testBit(self + TASK.tiFlags, TIF_NEED_RESCHED)) return;
  scheduleNext(cpu, true);
  while (cpu.current !== self) cpu.ctx.kernel.runCurrent(cpu);
}

/** The current task sleeps where it is, until somebody wakes it; its CPU goes on with other work for ever. */
export function sleepHere(cpu: Cpu): void {
  setCurrentState(cpu, TASK_INTERRUPTIBLE);
  scheduleNext(cpu, false);
  cpuStartupEntry(cpu);
}

/** The current task sleeps for so many jiffies; its CPU runs others meanwhile. */
export function restFor(cpu: Cpu, jiffies: number): void {
  const self = cpu.current;
  setCurrentState(cpu, TASK_INTERRUPTIBLE);
  addTimer(cpu, self + TASK.timer, TIMER_WAKE, self, jiffies);
  scheduleNext(cpu, false);
  while (cpu.current !== self) cpu.ctx.kernel.runCurrent(cpu);
  delTimer(cpu, self + TASK.timer);
}

/**
 * The current task calls a traced function.
 *
 * @param entry address of the function
 * @returns where the task is after the ftrace site: in the function itself or in a replacement
 */
export function callTraced(cpu: Cpu, entry: Addr): Addr {
  const { kernel } = cpu.ctx;
  const fregs = percpu(kernel, cpu.id) + PERCPU.fregs;
  // A task must not be preempted on the way from the site into the handler, nor from there to the chosen version: the
  // registers are the CPU's own. Without O-17 or O-37 nothing holds preemption off.
  const isPinned = !cpu.ablates(O_17) && !cpu.ablates(O_37);
  if (isPinned) cpu.preemptDisable();
  const ops = cpu.fetch(entry + 1);
  if (ops === NULL) cpu.set(fregs + FREGS.ip, entry + INSTRUCTION_WORDS);
  else ftraceCaller(cpu, entry, NULL, ops, fregs);
  const target = cpu.get(fregs + FREGS.ip);
  cpu.set(cpu.current + TASK.pc, target);
  if (isPinned) cpu.preemptEnable();
  return target;
}

/** Make a task the one that a CPU executes, and keep it there. */
function makeCurrent(words: Int32Array, kernel: KernelContext, n: number, task: Addr): void {
  const pc = percpu(kernel, n);
  words[(words[pc + PERCPU.curr] ?? 0) + TASK.onCpu] = 0;
  words[pc + PERCPU.curr] = task;
  words[pc + PERCPU.rcuWatching] = 1;
  words[task + TASK.state] = 0;
  words[task + TASK.onRq] = 1;
  words[task + TASK.onCpu] = 1;
  words[task + TASK.cpu] = n;
  words[task + TASK.pinned] = n;
}

/** Whether a CPU has an interrupt to take in its role's task; the scheduler's own loops look for interrupts themselves. */
function hasInterrupt(kernel: KernelContext, own: readonly Addr[]): MachineInterrupt['pending'] {
  return (id, state) => {
    const pc = percpu(kernel, id);
    if (state.read(pc + PERCPU.curr) !== own[id]) return false;
    return state.read(pc + PERCPU.ipi) !== 0 || state.read(pc + PERCPU.nrQueued) > 0;
  };
}

/** Lay out a race. */
function bootKernelRace(spec: KernelRace): BootedRace {
  const { declaration, roles } = spec;
  const declared = declaration.initialTasks ?? [];
  const booted = bootMachine({
    configPrintk: false,
    ...declaration,
    cpus: roles.length,
    initialTasks: [
      ...declared,
      ...roles.map(({ comm, sleepingIn }) => ({
        comm,
        thread: 'worker_thread',
        // Only the role's own coroutine may execute the task: the scheduler then never runs it on top of another.
        sleepsInKernelCode: true,
        sleepingIn: ['worker_thread', ...sleepingIn],
      })),
    ],
  });
  const { kernel } = booted;
  const tasks = tasksOf(booted);
  const own = tasks.slice(taskCount(declared));
  let limit = PREPARE_JIFFIES;
  return {
    booted,
    tasks,
    map: booted.map,
    localBase: booted.localBase,
    ctx: { ...booted.ctx, race: { symbol: booted.symbol, nameId: booted.nameId, tasks } },
    bodies: roles.map(({ body }) => body),
    current: own,
    haltEnds: true,
    init(words) {
      booted.init(words);
      makeCurrent(words, kernel, 0, own[0] ?? 0);
    },
    prepare: spec.prepare,
    idle: cpuStartupEntry,
    idleCurrent: (n) => kernel.tasks + n * kernel.taskStride,
    settle(words) {
      own.forEach((task, n) => {
        makeCurrent(words, kernel, n, task);
        words[task + TASK.depth] = 0;
        words[task + TASK.pc] = booted.symbol('worker_thread') + INSTRUCTION_WORDS;
      });
      spec.settle?.(words, booted, tasks);
      limit = (words[kernel.globals + KERNEL.jiffies] ?? 0) + (spec.jiffies ?? 0);
    },
    advanceTime: (state) => jumpToTimer(kernel, limit, state),
    interrupt: { pending: hasInterrupt(kernel, own), body: preemptibleIrq },
    describe: (state, id) => {
      const task = state.read(percpu(kernel, id) + PERCPU.curr);
      return kernel.names[state.read(task + TASK.comm)] ?? 'no task';
    },
    nameOfTask: (state, task) => taskLabel(kernel, state, task),
  };
}

/** A race over a booted machine together with its outcomes. */
export interface KernelRaceSpec
  extends KernelRace, Omit<RaceScenario, 'kind' | 'build' | 'observe'> {
  /** Key into the outcomes of an execution that ended, on its machine. */
  readonly observe: (end: Ending, race: BootedRace) => string;
}

/** Declare a race over a booted machine. */
export function kernelRace(spec: KernelRaceSpec): RaceScenario {
  const { declaration, roles, prepare, settle, jiffies, observe, ...scenario } = spec;
  return race({
    ...scenario,
    build: () => bootKernelRace({ declaration, roles, prepare, settle, jiffies }),
    observe: (end, machine) => observe(end, machine as BootedRace),
    forKernel: (version) =>
      kernelRace({
        ...spec,
        name: `${spec.name}@${version}`,
        declaration: { ...declaration, version },
      }),
  });
}

/** The WARN that fired, as a key for an outcome: `WARN n` with the lowest n; undefined when none did. */
export function firedWarn(end: StateView, kernel: KernelContext): string | undefined {
  for (let id = 0; id < WARN_SITES; id++) {
    if (end.read(kernel.warnCounts + id) !== 0) return `WARN ${id}`;
  }
  return undefined;
}

/** Addresses of the initial tasks: init() always hands out the same. */
function tasksOf(booted: BootedMachine): Addr[] {
  return booted.init(new Int32Array(booted.map.words));
}
