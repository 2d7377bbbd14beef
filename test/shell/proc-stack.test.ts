/** What /proc shows of tasks on each release: stacks with their outer frames, wchan, and the letters of modules that taint. */

import test from 'ava';
import { KERNEL_VERSIONS } from '../../src/kernel/versions.js';
import { startShells } from './machine.js';

const SYSTEM_CALL = ['do_syscall_64', 'entry_SYSCALL_64_after_hwframe'];
const names = (stack: string): string[] =>
  stack
    .trim()
    .split('\n')
    .map((line) => line.replace(/^\[<0>\] ([^+]+)\+0x[0-9a-f]+\/0x[0-9a-f]+/, '$1'));

for (const [version, shell] of await startShells(KERNEL_VERSIONS)) {
  const run = async (text: string): Promise<string> =>
    (await shell.script(text, 'bash', '/root')).stdout;
  const entry = version === '6.1' ? ['ret_from_fork'] : ['ret_from_fork', 'ret_from_fork_asm'];

  test.serial(
    `${version}: a stack goes on to the system call, or to where the thread began`,
    async (t) => {
      const stack = async (comm: string): Promise<string[]> =>
        names(await run(`cat /proc/$(pgrep -x ${comm})/stack`));
      const poll = ['poll_schedule_timeout.constprop.0', 'do_sys_poll', '__x64_sys_poll'];
      t.deepEqual(await stack('init'), [...poll, ...SYSTEM_CALL]);
      t.deepEqual(await stack('kthreadd'), ['kthreadd', ...entry]);
      t.deepEqual(await stack('kworker/0:0'), ['worker_thread', 'kthread', ...entry]);
      t.deepEqual(await stack('kdevice'), [
        'wait_for_device',
        'device_thread',
        'kthread',
        ...entry,
      ]);
      const waiting = ['do_wait', 'kernel_wait4', '__do_sys_wait4'];
      t.deepEqual(await stack('bash'), [...waiting, ...SYSTEM_CALL]);
    },
  );

  test.serial(`${version}: functions of the scheduler are in no stack of /proc`, async (t) => {
    const stack = await run('sleep 100 & sleep 1; cat /proc/$!/stack /proc/$!/wchan; kill $!');
    const sleep = ['hrtimer_nanosleep', 'common_nsleep', '__x64_sys_clock_nanosleep'];
    t.deepEqual(names(stack), [...sleep, ...SYSTEM_CALL, 'hrtimer_nanosleep']);
  });

  test.serial(
    `${version}: a running task has no stack, and the shell is no kernel thread`,
    async (t) => {
      const out = await run(
        'task start getpid_loop > /tmp/pid; sleep 1; cat /proc/$(cat /tmp/pid)/stack | wc -l; kill $(cat /tmp/pid); ' +
          "ps -o comm,args,ppid= -p $$; tr -d '\\000' < /proc/self/cmdline",
      );
      t.deepEqual(out.split(/\s+/), ['0', 'COMMAND', 'COMMAND', 'bash', 'bash', '1', 'bash']);
    },
  );

  test.serial(
    `${version}: modules from outside of the tree taint with O and E, livepatches with K`,
    async (t) => {
      const out = await run(
        'insmod test_klp_callbacks_mod.ko; cat /proc/sys/kernel/tainted; insmod test_klp_livepatch.ko; ' +
          "cat /proc/sys/kernel/tainted /sys/module/*/taint; grep -o '(.*)' /proc/modules; dmesg -t | grep taint",
      );
      t.deepEqual(out.trim().split('\n'), [
        ...['12288', '45056', 'OE', 'OEK', '(OEK)', '(OE)'],
        'test_klp_callbacks_mod: loading out-of-tree module taints kernel.',
        'test_klp_callbacks_mod: module verification failed: signature and/or required key missing - tainting kernel',
        'test_klp_livepatch: tainting kernel with TAINT_LIVEPATCH',
      ]);
    },
  );
}
