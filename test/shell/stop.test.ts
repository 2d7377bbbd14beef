/** Programs that a signal stops, as on real kernels 6.1.192 and 6.12.117; and what else was compared with those. */

import test from 'ava';
import { KERNEL_VERSIONS, type KernelVersion } from '../../src/kernel/versions.js';
import type { ShellSession } from '../../src/shell/session.js';
import { startShells } from './machine.js';

const PATCH = '/sys/kernel/livepatch/test_klp_livepatch';
const state = 'sleep .3; grep State /proc/$S/status';
const START = 'sleep 1000 & S=$!; sleep .3; ';

async function lines(shell: ShellSession, command: string): Promise<string[]> {
  const { stdout, stderr } = await shell.script(command, 'bash', '/root');
  return (stdout + stderr).trimEnd().split('\n');
}

const isOld = (version: KernelVersion): boolean => version === '6.1' || version === '6.5';

for (const [version, shell] of await startShells(KERNEL_VERSIONS, true)) {
  test.serial(
    `${version}: do_signal_stop: a program that is stopped neither runs nor keeps a transition from its end`,
    async (t) => {
      t.deepEqual(
        await lines(
          shell,
          `${START}kill -STOP $S; ${state}; ps -o stat=,comm= -p $S; cut -d+ -f1 /proc/$S/stack`,
        ),
        [
          'State:\tT (stopped)',
          'T    sleep',
          ...['[<0>] do_signal_stop', '[<0>] get_signal', '[<0>] arch_do_signal_or_restart'],
          ...(isOld(version) ? ['[<0>] exit_to_user_mode_prepare'] : []),
          '[<0>] syscall_exit_to_user_mode',
          ...['[<0>] do_syscall_64', '[<0>] entry_SYSCALL_64_after_hwframe'],
        ],
      );
      const unloaded = `echo 0 > ${PATCH}/enabled; wait-for [ ! -e ${PATCH} ]; wait-for rmmod test_klp_livepatch 2>/dev/null`;
      t.deepEqual(
        await lines(
          shell,
          `${START}kill -STOP $S; sleep .3; insmod test_klp_livepatch.ko; wait-for grep -q 0 ${PATCH}/transition; echo $?; cat ${PATCH}/enabled; ${state}; ${unloaded}; echo $?`,
        ),
        ['0', '1', 'State:\tT (stopped)', '0'],
      );
    },
  );

  test.serial(
    `${version}: prepare_signal: a program that is stopped goes on with CONT, and ends at once with KILL only`,
    async (t) => {
      const all = `kill -CONT $S; ${state}; kill -TSTP $S; sleep .3; kill -TERM $S; ${state}; kill -CONT $S; wait $S; echo $?`;
      t.deepEqual(await lines(shell, `${START}kill -STOP $S; ${all}`), [
        ...['State:\tS (sleeping)', 'State:\tT (stopped)', '143'],
      ]);
      t.deepEqual(
        await lines(shell, `${START}kill -STOP $S; sleep .3; kill -KILL $S; wait $S; echo $?`),
        ['137'],
      );
      // What is not handled is ignored, and kernel threads ignore everything.
      t.deepEqual(
        await lines(
          shell,
          `${START}kill -WINCH $S; kill -CHLD $S; ${state}; kill $S; kill -STOP 2; grep State /proc/2/status`,
        ),
        ['State:\tS (sleeping)', 'State:\tS (sleeping)'],
      );
      t.deepEqual(await lines(shell, 'kill -STOP $$; echo $?'), [
        ...['bash: kill: the shell and its functions cannot be stopped here', '1'],
      ]);
    },
  );
}
