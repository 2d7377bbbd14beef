/** Tasks of the machine as /proc and ps show them. */

import { SYMBOL } from '../kernel/kallsyms.js';
import { KERNEL } from '../kernel/layout.js';
import {
  PF_KTHREAD,
  TASK,
  TASK_INTERRUPTIBLE,
  TASK_NOLOAD,
  TASK_STOPPED,
  TASK_UNINTERRUPTIBLE,
} from '../kernel/task.js';
import type { Addr } from '../memory/struct.js';
import { INIT, KTHREADD } from './kernel/system.js';
import type { ShellMachine } from './machine.js';

/** Name of the shell's task. */
export const SHELL_COMM = 'bash';

/** One task. */
export interface TaskView {
  readonly addr: Addr;
  readonly pid: number;
  readonly comm: string;
  readonly isKernelThread: boolean;
  /** R, S, D, T if it is stopped, or I for a worker that has nothing to do. */
  readonly state: string;
  readonly patchState: number;
  /** CPU on which it runs, or last ran. */
  readonly cpu: number;
  /** Whether a CPU executes it now. */
  readonly isOnCpu: boolean;
  /** Functions on its kernel stack, innermost first; empty while it is in user mode. */
  readonly stack: readonly string[];
}

/** Name of the function that an address is in, with its offset in words. */
function symbolAt(machine: ShellMachine, address: Addr): string {
  const { words } = machine;
  const { kernel } = machine.booted;
  for (let i = 0; i < kernel.symbolCount; i++) {
    const at = kernel.symbols + i * SYMBOL.size;
    const start = words[at + SYMBOL.addr] ?? 0;
    const size = words[at + SYMBOL.words] ?? 0;
    if ((words[at + SYMBOL.name] ?? 0) === 0 || address < start || address >= start + size)
      continue;
    const object = words[at + SYMBOL.object] ?? 0;
    const where = object === 0 ? '' : ` [${machine.name(object)}]`;
    const offset = (address - start).toString(16);
    return `${machine.name(words[at + SYMBOL.name] ?? 0)}+0x${offset}/0x${size.toString(16)}${where}`;
  }
  return `0x${address.toString(16)}`;
}

function viewOf(machine: ShellMachine, addr: Addr): TaskView {
  const { words } = machine;
  const word = (field: number): number => words[addr + field] ?? 0;
  const state = word(TASK.state);
  const comm = machine.name(word(TASK.comm));
  const frames = word(TASK.userMode) !== 0 ? [] : [word(TASK.pc)];
  if (frames.length > 0) {
    for (let i = word(TASK.depth) - 1; i >= 0; i--) frames.push(word(TASK.size + i));
  }
  const letter =
    (state & TASK_STOPPED) !== 0
      ? 'T'
      : (state & TASK_INTERRUPTIBLE) !== 0
        ? 'S'
        : (state & TASK_UNINTERRUPTIBLE) === 0
          ? 'R'
          : (state & TASK_NOLOAD) !== 0
            ? 'I'
            : 'D';
  return {
    addr,
    pid: word(TASK.pid),
    comm,
    // The shell's task executes the machine's code in the kernel; to everybody else it is a program.
    isKernelThread: (word(TASK.flags) & PF_KTHREAD) !== 0 && comm !== SHELL_COMM,
    state: letter,
    patchState: word(TASK.patchState),
    cpu: word(TASK.cpu),
    isOnCpu: word(TASK.onCpu) !== 0,
    stack: frames.map((frame) => symbolAt(machine, frame)),
  };
}

/** All tasks, the oldest first. */
export function tasksOf(machine: ShellMachine): TaskView[] {
  const { words } = machine;
  const found: TaskView[] = [];
  let task = words[machine.booted.kernel.globals + KERNEL.taskList] ?? 0;
  while (task !== 0 && found.length < 10_000) {
    found.push(viewOf(machine, task));
    task = words[task + TASK.tasksNext] ?? 0;
  }
  return found.sort((a, b) => a.pid - b.pid);
}

/** Pid of the task that made another: init's for programs, kthreadd's for kernel threads. */
export function parentOf(machine: ShellMachine, { pid, isKernelThread }: TaskView): number {
  if (pid <= KTHREADD) return 0;
  const hasThem = tasksOf(machine).some(({ comm }) => comm === 'kthreadd');
  return hasThem ? (isKernelThread ? KTHREADD : INIT) : 0;
}

/** Pid of the shell. */
export const shellPid = (machine: ShellMachine): number =>
  tasksOf(machine).find(({ comm }) => comm === SHELL_COMM)?.pid ?? 1;
