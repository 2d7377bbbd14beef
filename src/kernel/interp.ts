/** The interpreter: a CPU executes the text of its current task, instruction by instruction, until it is switched. */

import { KernelOops } from '../memory/fault.js';
import { exitToUserMode, handleIrq } from './entry.js';
import { dupTaskStruct, linkChild, unhashProcess } from './fork.js';
import { ftraceCaller } from './ftrace-list.js';
import { FREGS } from './ftrace-ops.js';
import { runIdle } from './idle.js';
import { percpu, PERCPU } from './layout.js';
import { condResched, isUrgent, scheduleNext, tryToWakeUp } from './sched.js';
import { signalPending } from './signal.js';
import {
  isIdleTask,
  PF_KTHREAD,
  stackOf,
  TASK,
  TASK_DEAD,
  TASK_FREEZABLE,
  TASK_INTERRUPTIBLE,
  TASK_RUNNING,
  TASK_UNINTERRUPTIBLE,
  taskRandom,
  TIF_NEED_RESCHED,
} from './task.js';
import {
  INSTRUCTION_WORDS,
  OP_CALL,
  OP_CALL_RANDOM,
  OP_COND_RESCHED,
  OP_DIE,
  OP_EXIT_TO_USER,
  OP_FENTRY,
  OP_FORK_DUP,
  OP_FORK_LINK,
  OP_JUMP,
  OP_JUMP_RANDOM,
  OP_KCALL,
  OP_MARK,
  OP_RET,
  OP_SCHEDULE,
  OP_SLEEP,
  OP_SPIN,
  OP_SYSCALL,
  OP_UNHASH,
  OP_WAIT,
  OP_WAKE_RANDOM,
} from './text.js';
import { addTimer, delTimer, TIMER_WAKE } from './timer.js';
import { TRACE_EXIT, TRACE_MARK } from './trace.js';
import { setCurrentState } from './wait.js';
import { NULL, type Addr, type Cpu, type TaskRef } from './types.js';

/** Run `cpu.current` until another task is current (or, for the idle task, once through its loop). */
export function runCurrent(cpu: Cpu): void {
  if (isIdleTask(cpu.ctx.kernel, cpu.current)) runIdle(cpu);
  else runText(cpu, cpu.current);
}

/** Run a CPU for ever. @kernel cpu_startup_entry, kernel/sched/idle.c:394 (v6.1) */
export function cpuStartupEntry(cpu: Cpu): never {
  for (;;) runCurrent(cpu);
}

function runText(cpu: Cpu, task: TaskRef): void {
  const { kernel } = cpu.ctx;
  const pc = percpu(kernel, cpu.id);
  let budget = kernel.quantum;
  let mayRest = true;
  // A round may be waiting for the work of a worker; any other task can wait until the round is over.
  const canWait = !isUrgent(cpu, task);
  if (canWait) cpu.giveWay(pc + PERCPU.ipi);
  while (cpu.current === task) {
    if (cpu.peek(pc + PERCPU.ipi) !== 0) takeInterrupt(cpu, task);
    const preempt = --budget < 0 && cpu.peek(pc + PERCPU.nrQueued) > 0;
    if (mayRest && !preempt) {
      cpu.mayRest();
      mayRest = false;
    }
    const due = preempt || cpu.testBit(task + TASK.tiFlags, TIF_NEED_RESCHED);
    if (due && mayPreempt(cpu, task)) {
      scheduleNext(cpu, true);
      budget = kernel.quantum;
    } else {
      const left = step(cpu, task);
      if (left !== NULL) blockingStep(cpu, task, left);
      if (budget < 0 && budget % kernel.quantum === 0) {
        if (canWait) cpu.giveWay(pc + PERCPU.ipi);
        mayRest = true;
      }
    }
  }
}

/** Whether the task may be preempted where it is. */
function mayPreempt(cpu: Cpu, task: TaskRef): boolean {
  const { preemption, exitToUserText } = cpu.ctx.kernel;
  if (preemption === 'full' || cpu.get(task + TASK.userMode) !== 0) return true;
  if (cpu.get(task + TASK.pc) === exitToUserText) return true;
  return (
    preemption === 'lazy' && cpu.get(percpu(cpu.ctx.kernel, cpu.id) + PERCPU.tickResched) !== 0
  );
}

/** An interrupt; from user mode the way back leads through the exit-to-user loop. */
function takeInterrupt(cpu: Cpu, task: TaskRef): void {
  handleIrq(cpu);
  if (cpu.get(task + TASK.userMode) === 0) return;
  cpu.set(task + TASK.userMode, 0);
  cpu.set(task + TASK.pc, cpu.ctx.kernel.exitToUserText);
}

function push(cpu: Cpu, task: TaskRef, address: Addr): void {
  const depth = cpu.get(task + TASK.depth);
  if (depth >= cpu.ctx.kernel.stackWords) {
    throw new KernelOops(cpu.id, stackOf(task) + depth, 'kernel stack overflow');
  }
  cpu.set(stackOf(task) + depth, address);
  cpu.set(task + TASK.depth, depth + 1);
}

/** Make the current task call the function at `addr` from where it stands; for natives that decide whom to call. */
export function callFromNative(cpu: Cpu, addr: Addr): void {
  push(cpu, cpu.current, cpu.get(cpu.current + TASK.pc));
  cpu.set(cpu.current + TASK.pc, addr);
}

/** Where a return goes: the caller, or the exit loop from the first function of a system call. */
function popReturn(cpu: Cpu, task: TaskRef): Addr {
  const depth = cpu.get(task + TASK.depth);
  if (depth === 0) {
    if (cpu.get(task + TASK.flags) & PF_KTHREAD) {
      throw new KernelOops(cpu.id, cpu.get(task + TASK.pc), 'return from a kernel thread');
    }
    return cpu.ctx.kernel.exitToUserText;
  }
  cpu.set(task + TASK.depth, depth - 1);
  return cpu.get(stackOf(task) + depth - 1);
}

/** A traced function's entry: the handler may send the task somewhere else. */
function callFtrace(cpu: Cpu, task: TaskRef, ip: Addr, ops: Addr): Addr {
  const fregs = percpu(cpu.ctx.kernel, cpu.id) + PERCPU.fregs;
  const depth = cpu.get(task + TASK.depth);
  const parent = depth === 0 ? NULL : cpu.get(stackOf(task) + depth - 1);
  ftraceCaller(cpu, ip, parent, ops, fregs);
  const direct = cpu.get(fregs + FREGS.direct);
  if (direct === NULL) return cpu.get(fregs + FREGS.ip);
  // A direct call: the trampoline returns to where the function goes on.
  push(cpu, task, cpu.get(fregs + FREGS.ip));
  return direct;
}

/**
 * Execute an instruction that touches nothing but its own task: most of them, and without a scheduling point.
 *
 * @returns `NULL`, or, with nothing done, the address of an instruction for {@link blockingStep}
 */
function step(cpu: Cpu, task: TaskRef): Addr {
  const user = cpu.get(task + TASK.userMode) !== 0;
  const pc = cpu.get(task + (user ? TASK.userPc : TASK.pc));
  const op = cpu.fetch(pc);
  const a = cpu.fetch(pc + 1);
  const next = pc + INSTRUCTION_WORDS;
  switch (op) {
    case OP_FENTRY:
      if (a !== 0) return pc;
      cpu.set(task + TASK.pc, next);
      return NULL;
    case OP_CALL:
      push(cpu, task, next);
      cpu.set(task + TASK.pc, a);
      return NULL;
    case OP_RET:
      cpu.set(task + TASK.pc, popReturn(cpu, task));
      return NULL;
    case OP_MARK:
      cpu.trace(TRACE_MARK, task, a);
      break;
    case OP_SPIN:
      spin(a);
      break;
    case OP_JUMP:
      cpu.set(task + (user ? TASK.userPc : TASK.pc), a);
      return NULL;
    case OP_JUMP_RANDOM:
      if ((taskRandom(cpu, task) & 1023) < cpu.fetch(pc + 2)) {
        cpu.set(task + (user ? TASK.userPc : TASK.pc), a);
        return NULL;
      }
      break;
    case OP_CALL_RANDOM:
      push(cpu, task, next);
      cpu.set(task + TASK.pc, cpu.fetch(a + 1 + (taskRandom(cpu, task) % cpu.fetch(a))));
      return NULL;
    case OP_SYSCALL:
      cpu.set(task + TASK.userPc, next);
      cpu.set(task + TASK.userMode, 0);
      cpu.set(task + TASK.depth, 0);
      cpu.set(percpu(cpu.ctx.kernel, cpu.id) + PERCPU.rcuWatching, 1);
      cpu.set(task + TASK.pc, a);
      return NULL;
    default:
      return pc;
  }
  cpu.set(task + (user ? TASK.userPc : TASK.pc), next);
  return NULL;
}

/** The instructions that others can notice, and those that may switch, create or end tasks. */
function blockingStep(cpu: Cpu, task: TaskRef, pc: Addr): void {
  const op = cpu.fetch(pc);
  const a = cpu.fetch(pc + 1);
  const next = pc + INSTRUCTION_WORDS;
  switch (op) {
    case OP_FENTRY:
      // Another CPU may have switched the site off since step() looked.
      cpu.set(task + TASK.pc, a === 0 ? next : callFtrace(cpu, task, pc, a));
      return;
    case OP_EXIT_TO_USER:
      if (exitToUserMode(cpu, task)) cpu.set(task + TASK.userMode, 1);
      return;
    case OP_SLEEP:
      sleepStep(cpu, task, next, a, SLEEP_STATES[cpu.fetch(pc + 2)] ?? TASK_INTERRUPTIBLE);
      return;
    case OP_WAIT:
      waitStep(cpu, task, next, a, SLEEP_STATES[cpu.fetch(pc + 2)] ?? TASK_INTERRUPTIBLE);
      return;
    case OP_COND_RESCHED:
      cpu.set(task + TASK.pc, next);
      condResched(cpu);
      return;
    case OP_KCALL:
      cpu.set(task + TASK.pc, next);
      cpu.ctx.kernel.natives[a]?.(cpu, cpu.fetch(pc + 2));
      return;
    case OP_SCHEDULE:
      cpu.set(task + TASK.pc, next);
      scheduleNext(cpu, false);
      return;
    case OP_FORK_DUP:
      cpu.set(task + TASK.child, dupTaskStruct(cpu));
      break;
    case OP_FORK_LINK:
      forkLink(cpu, task, cpu.fetch(pc + 2), a);
      break;
    case OP_UNHASH:
      unhashProcess(cpu);
      break;
    case OP_DIE:
      cpu.trace(TRACE_EXIT, task);
      cpu.writeOnce(task + TASK.state, TASK_DEAD);
      scheduleNext(cpu, false);
      return;
    case OP_WAKE_RANDOM:
      wakeRandom(cpu, task, a);
      break;
    default:
      badText(cpu, task, pc, op);
  }
  cpu.set(task + TASK.pc, next);
}

function badText(cpu: Cpu, task: TaskRef, pc: Addr, op: number): never {
  const pid = cpu.get(task + TASK.pid);
  throw new KernelOops(
    cpu.id,
    pc,
    `use after free: task ${pid} executes freed text (word 0x${(op >>> 0).toString(16)})`,
  );
}

function spin(turns: number): number {
  let x = turns;
  for (let i = 0; i < turns; i++) x = (Math.imul(x, 1103515245) + 12345) | 0;
  return x;
}

/** States that a sleep can be in, by operand b: interruptible, uninterruptible, interruptible and freezable. */
const SLEEP_STATES = [
  TASK_INTERRUPTIBLE,
  TASK_UNINTERRUPTIBLE,
  TASK_INTERRUPTIBLE | TASK_FREEZABLE,
] as const;

/** Sleep in two phases, so that the timer is disarmed when the task runs again, wherever that is. */
function sleepStep(cpu: Cpu, task: TaskRef, next: Addr, timeout: number, state: number): void {
  if (cpu.get(task + TASK.phase) !== 0) {
    delTimer(cpu, task + TASK.timer);
    cpu.set(task + TASK.phase, 0);
    cpu.set(task + TASK.pc, next);
    return;
  }
  cpu.set(task + TASK.phase, 1);
  setCurrentState(cpu, state);
  if (timeout !== 0) addTimer(cpu, task + TASK.timer, TIMER_WAKE, task, timeout);
  scheduleNext(cpu, false);
}

function waitStep(cpu: Cpu, task: TaskRef, next: Addr, word: Addr, state: number): void {
  setCurrentState(cpu, state);
  const interrupted = (state & TASK_INTERRUPTIBLE) !== 0 && signalPending(cpu, task);
  if (interrupted || cpu.readOnce(word) !== 0) {
    cpu.writeOnce(task + TASK.state, TASK_RUNNING);
    cpu.set(task + TASK.pc, next);
    return;
  }
  scheduleNext(cpu, false);
}

function forkLink(cpu: Cpu, task: TaskRef, kernelPc: Addr, userPc: Addr): void {
  const child = cpu.get(task + TASK.child);
  cpu.set(task + TASK.child, NULL);
  if (child !== NULL) linkChild(cpu, child, kernelPc, userPc);
}

/** Wake one of the first `among` tasks of the list, if it sleeps interruptibly: the event that it waited for has come. */
function wakeRandom(cpu: Cpu, task: TaskRef, among: number): void {
  const { kernel } = cpu.ctx;
  const index = kernel.cpus + (taskRandom(cpu, task) % among);
  if (index >= kernel.taskCount) return;
  const target = kernel.tasks + index * kernel.taskStride;
  if ((cpu.readOnce(target + TASK.state) & TASK_INTERRUPTIBLE) !== 0) {
    tryToWakeUp(cpu, target, TASK_INTERRUPTIBLE);
  }
}
