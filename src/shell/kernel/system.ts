/** What else runs on the shell's machine: a few daemons and kernel threads, with functions that can be patched. */

import type { InitialTask } from '../../kernel/boot.js';
import { KERNEL } from '../../kernel/layout.js';
import { TASK } from '../../kernel/task.js';
import { asm, type FunctionSource } from '../../kernel/text.js';
import type { BootedMachine } from '../../scenario/boot.js';

/** Functions of vmlinux that a livepatch of one's own may replace, and the programs that call them. */
export const SYSTEM_FUNCTIONS: readonly FunctionSource[] = [
  { name: 'vfs_read', code: [asm.spin(3), asm.ret] },
  { name: 'poll_schedule_timeout.constprop.0', code: [asm.sleepFreezable(300), asm.ret] },
  { name: 'do_sys_poll', code: [asm.call('poll_schedule_timeout.constprop.0'), asm.ret] },
  { name: 'do_nanosleep', code: [asm.sleepFreezable(50), asm.ret] },
  { name: 'kthread_poll', code: [asm.sleep(100), asm.ret] },
  { name: 'wait_for_device', code: [asm.sleepUninterruptible(4000), asm.ret] },
  { name: 'ksys_read', code: [asm.call('vfs_read'), asm.ret] },
  { name: '__x64_sys_read', code: [asm.call('ksys_read'), asm.ret] },
  { name: '__x64_sys_poll', code: [asm.call('do_sys_poll'), asm.ret] },
  { name: 'hrtimer_nanosleep', code: [asm.call('do_nanosleep'), asm.ret] },
  { name: 'common_nsleep', code: [asm.call('hrtimer_nanosleep'), asm.ret] },
  { name: '__x64_sys_clock_nanosleep', code: [asm.call('common_nsleep'), asm.ret] },
  {
    name: 'daemon',
    traceable: false,
    code: [
      asm.at('loop', asm.syscall('__x64_sys_read')),
      asm.syscall('__x64_sys_poll'),
      asm.jump('loop'),
    ],
  },
  {
    name: 'ticker',
    traceable: false,
    code: [
      asm.at('loop', asm.syscall('__x64_sys_clock_nanosleep')),
      asm.syscall('__x64_sys_read'),
      asm.jump('loop'),
    ],
  },
  {
    name: 'sleeper',
    traceable: false,
    code: [asm.at('loop', asm.syscall('__x64_sys_clock_nanosleep')), asm.jump('loop')],
  },
  { name: 'kthreadd', code: [asm.at('loop', asm.sleep(0)), asm.jump('loop')] },
  {
    name: 'polling_thread',
    code: [asm.at('loop', asm.call('kthread_poll')), asm.condResched, asm.jump('loop')],
  },
  {
    name: 'device_thread',
    code: [asm.at('loop', asm.call('wait_for_device')), asm.condResched, asm.jump('loop')],
  },
];

/** Pids of the first program and of the kernel thread that makes the others. */
export const INIT = 1;
export const KTHREADD = 2;

/** Tasks of the machine besides the shell. */
export const SYSTEM_TASKS: readonly InitialTask[] = [
  { comm: 'init', program: 'daemon' },
  { comm: 'kthreadd', thread: 'kthreadd', sleepingIn: ['kthreadd'] },
  { comm: 'sshd', program: 'daemon' },
  { comm: 'cron', program: 'ticker' },
  { comm: 'kpoll', thread: 'polling_thread' },
  { comm: 'kdevice', thread: 'device_thread' },
];

/** Number the tasks as a system that has started does: init, kthreadd, kernel threads, programs. */
export function numberTasks(words: Int32Array, { kernel }: BootedMachine): void {
  const rank = (task: number): number => {
    const comm = kernel.names[words[task + TASK.comm] ?? 0] ?? '';
    if (comm === 'init') return 0;
    if (comm === 'kthreadd') return 1;
    return comm.startsWith('k') ? 2 : 3;
  };
  const tasks: number[] = [];
  let task = words[kernel.globals + KERNEL.taskList] ?? 0;
  for (; task !== 0; task = words[task + TASK.tasksNext] ?? 0) tasks.push(task);
  const pid = (of: number): number => words[of + TASK.pid] ?? 0;
  tasks.sort((a, b) => rank(a) - rank(b) || pid(a) - pid(b));
  tasks.forEach((of, i) => (words[of + TASK.pid] = i + 1));
}
