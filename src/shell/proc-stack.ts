/** A task's kernel stack as /proc shows it: with the frames outside of the functions that the machine executes. */

import type { KernelVersion } from '../kernel/versions.js';
import type { ShellMachine } from './machine.js';
import { SHELL_COMM, type TaskView } from './tasks.js';

/** Offset and size are those of one build; they differ in every other. */
const SYSTEM_CALL = ['do_syscall_64+0x5c/0xc0', 'entry_SYSCALL_64_after_hwframe+0x6e/0xd8'];
/** Where a shell is that waits for a command. */
const WAITING = ['do_wait+0x160/0x310', 'kernel_wait4+0xaf/0x150', '__do_sys_wait4+0x85/0x90'];

/** How a kernel thread begins: since 6.5 ret_from_fork() is written in C, and called by a stub. */
const threadEntry = (version: KernelVersion): readonly string[] =>
  version === '6.1'
    ? ['ret_from_fork+0x1f/0x30']
    : ['ret_from_fork+0x34/0x50', 'ret_from_fork_asm+0x1a/0x30'];

/** Functions of the machine that the kernel does not have, and what a stack has in their place. */
const OWN_NAMES: Readonly<Record<string, string>> = { worker_thread_sleepable: 'worker_thread' };
/** Functions in the section of the scheduler: /proc leaves them out. */
const SCHEDULER: readonly string[] = ['do_nanosleep'];

const nameOf = (frame: string): string => /^[^+]+/.exec(frame)?.[0] ?? frame;

/** Where a task has come from that a signal stops. */
const stopFrames = (version: KernelVersion): readonly string[] => [
  'get_signal+0x24d/0x990',
  'arch_do_signal_or_restart+0x3e/0x830',
  ...(version === '6.1' || version === '6.5' ? ['exit_to_user_mode_prepare+0x1b2/0x240'] : []),
  'syscall_exit_to_user_mode+0x17/0x40',
];

function threadFrames(frames: readonly string[], version: KernelVersion): readonly string[] {
  const outermost = nameOf(frames[frames.length - 1] ?? '');
  // The first thread is not started by kthread().
  if (outermost === 'kthreadd') return threadEntry(version);
  const worker = outermost === 'process_one_work' ? ['worker_thread+0x53/0x3b0'] : [];
  return [...worker, 'kthread+0xda/0x100', ...threadEntry(version)];
}

/**
 * Frames of `/proc/<pid>/stack`, innermost first; empty while the task runs, or is in user mode.
 *
 * Source: fs/proc/base.c `proc_pid_stack()`, kernel/stacktrace.c `stack_trace_consume_entry_nosched()`.
 */
export function procStack(machine: ShellMachine, task: TaskView): readonly string[] {
  if (task.comm === SHELL_COMM) return [...WAITING, ...SYSTEM_CALL];
  if (task.isOnCpu || task.stack.length === 0) return [];
  const frames = task.stack.map((frame) => {
    const own = OWN_NAMES[nameOf(frame)];
    return own === undefined ? frame : frame.replace(/^[^+]+/, own);
  });
  const { version } = machine.booted.kernel;
  const isStopping = nameOf(frames[frames.length - 1] ?? '') === 'do_signal_stop';
  const program = [...(isStopping ? stopFrames(version) : []), ...SYSTEM_CALL];
  const outer = task.isKernelThread ? threadFrames(frames, version) : program;
  return [...frames.filter((frame) => !SCHEDULER.includes(nameOf(frame))), ...outer];
}

/** Function that a task sleeps in, for `wchan`; `undefined` while it does not sleep. */
export function waitChannel(machine: ShellMachine, task: TaskView): string | undefined {
  const [innermost] = task.state === 'R' ? [] : procStack(machine, task);
  return innermost === undefined ? undefined : nameOf(innermost);
}
