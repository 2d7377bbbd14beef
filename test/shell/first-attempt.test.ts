/** How often the first attempt of a transition completes it on a quiet machine, as seen on real kernels of two CPUs. */

import test from 'ava';
import { KERNEL_VERSIONS, type KernelVersion } from '../../src/kernel/versions.js';
import { startShells } from './machine.js';

const P = '/sys/kernel/livepatch/test_klp_livepatch';
const RUNS = 20;
/** Prints for each transition how many hundredths of a second passed between its start and its end, and what held it up. */
const SCRIPT = `
echo 'func klp_try_switch_task +p' > /sys/kernel/debug/dynamic_debug/control
for i in $(seq ${RUNS}); do
  sleep 0.$((i * 7 % 90 + 10))
  dmesg -C
  insmod test_klp_livepatch.ko
  cat ${P}/transition
  dmesg -t | grep -o 'swapper/[0-9]*:0 is running' | head -n 1
  wait-for grep -q 0 ${P}/transition
  echo 0 > ${P}/enabled
  wait-for [ ! -e ${P} ]
  wait-for rmmod test_klp_livepatch 2> /dev/null
done`;

/** Of 20: least and most first attempts that complete. Seen: 2 of 25; 28 of 29; 8 of 30 and 11 of 30. */
const EXPECTED: Readonly<Record<KernelVersion, readonly [least: number, most: number]>> = {
  '6.1': [0, 5],
  '6.5': [14, RUNS],
  '6.12': [14, RUNS],
  '7.3': [1, 14],
};

for (const [version, shell] of await startShells(KERNEL_VERSIONS)) {
  test.serial(
    `${version}: call_function_single_prep_ipi: the first attempt of a transition completes it as often as on a real kernel; else an idle task runs`,
    async (t) => {
      const { stdout } = await shell.script(SCRIPT, 'bash', '/root');
      const lines = stdout.trim().split('\n');
      const first = lines.filter((line) => line === '0').length;
      const later = lines.filter((line) => line === '1').length;
      t.is(first + later, RUNS);
      const [least, most] = EXPECTED[version];
      t.true(first >= least && first <= most, `${first} of ${RUNS}`);
      const held = lines.filter((line) => line.startsWith('swapper/')).length;
      // A program of the machine may run at that moment too, so a few say nothing.
      t.true(later < 5 || held >= later * 0.7, `${held} of ${later}`);
    },
  );
}
