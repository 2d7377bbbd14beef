/** The task of the shell: it does in the kernel what the user asks for at the prompt. */

import { cpuDown, cpuUp } from '../../kernel/cpuhp.js';
import { EAGAIN, EINVAL, ENODEV, ENOMEM, ESRCH } from '../../kernel/errno.js';
import { dupTaskStruct, linkChild } from '../../kernel/fork.js';
import { ftraceEnableSysctl } from '../../kernel/ftrace.js';
import { callFromNative } from '../../kernel/interp.js';
import { forEachChild, KOBJECT } from '../../kernel/kobject.js';
import { kallsymsNthSymbol } from '../../kernel/kallsyms.js';
import { KERNEL } from '../../kernel/layout.js';
import { deleteModule, loadModule } from '../../kernel/module.js';
import { printk } from '../../kernel/printk.js';
import { readLock, readUnlock } from '../../kernel/rwlock.js';
import { schedule } from '../../kernel/sched.js';
import { continueTask, killTask, sendSignal, stopTask } from '../../kernel/signal.js';
import { PF_KTHREAD, TASK, TASK_INTERRUPTIBLE } from '../../kernel/task.js';
import { addTimer, delTimer, TIMER_WAKE } from '../../kernel/timer.js';
import { setCurrentState } from '../../kernel/wait.js';
import { klpSysfsRead, klpSysfsWrite, PATCH_FILES, PATCHED } from '../../livepatch/core-sysfs.js';
import type { PatchFile } from '../../livepatch/versions.js';
import type { Cpu } from '../../memory/cpu.js';
import { NULL, type Addr } from '../../memory/struct.js';
import { OP, SHELL, SIGNAL } from './layout.js';
import { switchKprobes } from './kprobe.js';
import { KMSG } from './messages.js';
import { forEachProcessThread } from '../../livepatch/for-each.js';

/** Files of a patch by the number that requests carry. */
export const FILES: readonly PatchFile[] = [
  'enabled',
  'transition',
  'force',
  'replace',
  'stack_order',
];

/** Base of the shell's words. */
export function shellOf(cpu: Cpu): Addr {
  return cpu.ctx.shell ?? NULL;
}

/** Sleep in the kernel for some jiffies. */
function msleep(cpu: Cpu, jiffies: number): void {
  const timer = cpu.current + TASK.timer;
  setCurrentState(cpu, TASK_INTERRUPTIBLE);
  addTimer(cpu, timer, TIMER_WAKE, cpu.current, jiffies);
  schedule(cpu);
  delTimer(cpu, timer);
}

/** The directory of that name below another, or `NULL`. */
function child(cpu: Cpu, parent: Addr, name: number): Addr {
  const lock = cpu.ctx.kernel.globals + KERNEL.kobjectLock;
  cpu.spinLock(lock);
  let kobj = NULL;
  while ((kobj = forEachChild(cpu, parent, kobj)) !== NULL) {
    if (cpu.get(kobj + KOBJECT.name) === name) break;
  }
  cpu.spinUnlock(lock);
  return kobj;
}

function writeFile(cpu: Cpu, args: Addr): number {
  const kobj = child(cpu, cpu.ctx.klp.root, cpu.get(args));
  const file = FILES[cpu.get(args + 1)];
  if (kobj === NULL || file === undefined) return -ENODEV;
  const length = cpu.get(args + 2);
  let text = '';
  for (let i = 0; i < length; i++) text += String.fromCharCode(cpu.get(args + 3 + i));
  return klpSysfsWrite(cpu, kobj, PATCH_FILES[file], text);
}

function readFile(cpu: Cpu, args: Addr): number {
  const kobj = child(cpu, cpu.ctx.klp.root, cpu.get(args));
  const file = FILES[cpu.get(args + 1)];
  if (kobj === NULL || file === undefined) return -ENODEV;
  return klpSysfsRead(cpu, kobj, PATCH_FILES[file]);
}

function readObject(cpu: Cpu, args: Addr): number {
  const patch = child(cpu, cpu.ctx.klp.root, cpu.get(args));
  const kobj = patch === NULL ? NULL : child(cpu, patch, cpu.get(args + 1));
  return kobj === NULL ? -ENODEV : klpSysfsRead(cpu, kobj, PATCHED);
}

/** A new task: a user program, or a kernel thread when `userPc` is 0. Its pid, or -ENOMEM. */
export function spawn(cpu: Cpu, comm: number, pc: Addr, userPc: Addr): number {
  const born = dupTaskStruct(cpu);
  if (born === NULL) return -ENOMEM;
  cpu.set(born + TASK.flags, userPc === NULL ? PF_KTHREAD : 0);
  cpu.set(born + TASK.comm, comm);
  linkChild(cpu, born, pc, userPc);
  return cpu.get(born + TASK.pid);
}

function deliver(cpu: Cpu, task: Addr, effect: number): void {
  if (effect === SIGNAL.end) sendSignal(cpu, task);
  else if (effect === SIGNAL.kill) killTask(cpu, task);
  else if (effect === SIGNAL.stop) stopTask(cpu, task);
  else if (effect === SIGNAL.continue) continueTask(cpu, task);
}

/** The text in which a task stops. */
export function doSignalStop(cpu: Cpu, task: Addr): void {
  const { names } = cpu.ctx.kernel;
  cpu.set(task + TASK.pc, kallsymsNthSymbol(cpu, 0, names.indexOf('do_signal_stop'), 1));
}

/** It goes on: back to the way to user mode, where the next signal is looked for. */
export function leaveStop(cpu: Cpu, _arg: number): void {
  cpu.set(cpu.current + TASK.pc, cpu.ctx.kernel.exitToUserText);
}

function kill(cpu: Cpu, pid: number, effect: number): number {
  const { globals } = cpu.ctx.kernel;
  readLock(cpu, globals + KERNEL.tasklistLock);
  let task = NULL;
  while ((task = forEachProcessThread(cpu, task)) !== NULL) {
    if (cpu.get(task + TASK.pid) === pid) break;
  }
  if (task !== NULL && (cpu.read(task + TASK.flags) & PF_KTHREAD) === 0) {
    deliver(cpu, task, effect);
  }
  readUnlock(cpu, globals + KERNEL.tasklistLock);
  return task === NULL ? -ESRCH : 0;
}

function insmod(cpu: Cpu, args: Addr): number {
  const ret = loadModule(cpu, cpu.get(args));
  return ret < 0 ? ret : 0;
}

/** Take the parameters that came with the request to load a module: what is wrong with them is said, and makes the load fail. */
export function parseArgs(cpu: Cpu, _mod: Addr): number {
  const shell = shellOf(cpu);
  if (cpu.get(shell + SHELL.op) !== OP.insmod) return 0;
  let at = shell + SHELL.args + 1;
  const pairs = cpu.get(at++);
  for (let i = 0; i < pairs; i++, at += 2) cpu.set(cpu.get(at), cpu.get(at + 1));
  const error = cpu.get(at++);
  const lines = cpu.get(at++);
  for (let i = 0; i < lines; i++) printk(cpu, KMSG, cpu.get(at + i));
  return error;
}

/** Take a CPU offline. -EAGAIN if the shell's own task has to leave it first: it does so before the next request. */
function leaveAndTakeDown(cpu: Cpu, n: number): number {
  const pinned = cpu.current + TASK.pinned;
  if (n === cpu.id && cpu.ctx.kernel.cpus > 1) {
    cpu.set(pinned, (n + 1) % cpu.ctx.kernel.cpus);
    return -EAGAIN;
  }
  cpu.set(pinned, -1);
  return cpuDown(cpu, n);
}

function perform(cpu: Cpu, op: number, args: Addr): number {
  const first = cpu.get(args);
  switch (op) {
    case OP.insmod:
      return insmod(cpu, args);
    case OP.unload:
      return deleteModule(cpu, first);
    case OP.write:
      return writeFile(cpu, args);
    case OP.read:
      return readFile(cpu, args);
    case OP.readObject:
      return readObject(cpu, args);
    case OP.ftraceEnabled:
      return ftraceEnableSysctl(cpu, first !== 0);
    case OP.kmsg:
      printk(cpu, KMSG, first);
      return 0;
    case OP.sleep:
      msleep(cpu, first);
      return 0;
    case OP.spawn:
      return spawn(cpu, cpu.get(args + 1), NULL, first);
    case OP.kill:
      return kill(cpu, first, cpu.get(args + 1));
    case OP.set:
      cpu.set(first, cpu.get(args + 1));
      return 0;
    case OP.kprobes:
      return switchKprobes(cpu, first !== 0);
    case OP.debug:
      cpu.writeOnce(cpu.ctx.klp.debug, first);
      return 0;
    case OP.cpuDown:
      return leaveAndTakeDown(cpu, first);
    case OP.cpuUp:
      return cpuUp(cpu, first);
    default:
      return -EINVAL;
  }
}

/** Begin the next request, if there is one. What calls a function goes on in that function's text. */
export function takeRequest(cpu: Cpu, shell: Addr): void {
  // Pairs with the release of whoever asks: the request is in memory.
  const request = cpu.loadAcquire(shell + SHELL.request);
  if (request === cpu.get(shell + SHELL.done)) return;
  cpu.set(shell + SHELL.taken, request);
  const op = cpu.get(shell + SHELL.op);
  cpu.set(shell + SHELL.result, 0);
  if (op === OP.call) callFromNative(cpu, cpu.get(shell + SHELL.args));
  else cpu.set(shell + SHELL.result, perform(cpu, op, shell + SHELL.args));
}

/** The request that was begun has been answered. */
export function endRequest(cpu: Cpu, shell: Addr): void {
  const taken = cpu.get(shell + SHELL.taken);
  // Pairs with the acquire of whoever asked: the result is in memory.
  if (taken !== cpu.get(shell + SHELL.done)) cpu.storeRelease(shell + SHELL.done, taken);
}
