/** What real kernels 6.1.192 and 6.12.117 answered when modules were refused, and when their parameters were. */

import test from 'ava';
import { KERNEL_VERSIONS } from '../../src/kernel/versions.js';
import type { ShellSession } from '../../src/shell/session.js';
import { startShells } from './machine.js';

const DEMO = 'test_klp_callbacks_demo';
const refused = (why: string): string[] => [
  `insmod: ERROR: could not insert module ${DEMO}.ko: ${why}`,
  '1',
];
const withValue = (value: string): string =>
  `dmesg -C; insmod ${DEMO}.ko pre_patch_ret${value}; echo $?`;
const refusedPatch = [
  `livepatch: enabling patch '${DEMO}'`,
  `${DEMO}: pre_patch_callback: vmlinux`,
  "livepatch: pre-patch callback failed for object 'vmlinux'",
  `livepatch: failed to enable patch '${DEMO}'`,
  `livepatch: '${DEMO}': unpatching complete`,
];
const wrong = 'bash: echo: write error: Invalid argument';

/** In this order: commands, and what they print. */
const ANSWERS: readonly (readonly [command: string, lines: readonly string[]])[] = [
  // The module taints the kernel although its parameter is refused: that is looked at later.
  [
    `${withValue('=abc')}; cat /proc/sys/kernel/tainted; dmesg -t`,
    [
      ...refused('Invalid parameters'),
      '45056',
      `${DEMO}: loading out-of-tree module taints kernel.`,
      `${DEMO}: tainting kernel with TAINT_LIVEPATCH`,
      `${DEMO}: module verification failed: signature and/or required key missing - tainting kernel`,
      `${DEMO}: \`abc' invalid for parameter \`pre_patch_ret'`,
    ],
  ],
  [withValue('=99999999999'), refused('Numerical result out of range')],
  [withValue('=1x'), refused('Invalid parameters')],
  [
    `${withValue('')}; dmesg -t`,
    [...refused('Invalid parameters'), `${DEMO}: \`' invalid for parameter \`pre_patch_ret'`],
  ],
  [
    'insmod test_klp_callbacks_busy.ko block_transition=2; echo $?',
    ['insmod: ERROR: could not insert module test_klp_callbacks_busy.ko: Invalid parameters', '1'],
  ],
  [withValue('=-1'), refused('Operation not permitted')],
  [withValue('=-110'), refused('Connection timed out')],
  [
    `modprobe ${DEMO} pre_patch_ret=-28`,
    [`modprobe: ERROR: could not insert '${DEMO}': No space left on device`],
  ],
  // kmod loads it again: it takes the error for a kernel without finit_module().
  [
    `${withValue('=-38')}; dmesg -t`,
    [...refused('Function not implemented'), ...refusedPatch, ...refusedPatch],
  ],
  [
    `${withValue('=16')}; dmesg -t | head -n 7; rmmod ${DEMO}; echo $?`,
    [
      '0',
      ...refusedPatch,
      `do_init_module: '${DEMO}'->init suspiciously returned 16, it should follow 0/-E convention`,
      'do_init_module: loading module anyway...',
      '0',
    ],
  ],
  // livepatch has seen the module come before its parameters are read.
  [
    `insmod ${DEMO}.ko; wait-for grep -q 0 /sys/kernel/livepatch/${DEMO}/transition; dmesg -C; insmod test_klp_callbacks_busy.ko block_transition=maybe; dmesg -t`,
    [
      'insmod: ERROR: could not insert module test_klp_callbacks_busy.ko: Invalid parameters',
      `livepatch: applying patch '${DEMO}' to loading module 'test_klp_callbacks_busy'`,
      `${DEMO}: pre_patch_callback: test_klp_callbacks_busy -> [MODULE_STATE_COMING] Full formed, running module_init`,
      `${DEMO}: post_patch_callback: test_klp_callbacks_busy -> [MODULE_STATE_COMING] Full formed, running module_init`,
      "test_klp_callbacks_busy: `maybe' invalid for parameter `block_transition'",
      `${DEMO}: pre_unpatch_callback: test_klp_callbacks_busy -> [MODULE_STATE_GOING] Going away`,
      `livepatch: reverting patch '${DEMO}' on unloading module 'test_klp_callbacks_busy'`,
      `${DEMO}: post_unpatch_callback: test_klp_callbacks_busy -> [MODULE_STATE_GOING] Going away`,
    ],
  ],
  [
    `cd /sys/module/${DEMO}/parameters; for v in ' 7' 7 '7 '; do echo "$v" > pre_patch_ret; done; cat pre_patch_ret`,
    [...[wrong, wrong, '7']],
  ],
  // Messages name a file as the command did.
  [
    `cd /sys/module/${DEMO}; echo 1 > refcnt; f=./taint; echo 1 >> $f; echo 1 > ../nosuch/x`,
    [
      'bash: refcnt: Permission denied',
      'bash: ./taint: Permission denied',
      'bash: ../nosuch/x: No such file or directory',
    ],
  ],
  [
    "dmesg -n 5; cat /proc/sys/kernel/printk; echo '3 4' > /proc/sys/kernel/printk; sysctl kernel.printk; echo x > /proc/sys/kernel/printk",
    [...['5\t4\t1\t7', 'kernel.printk = 3\t4\t1\t7', wrong]],
  ],
  [
    'dmesg -D; cat /proc/sys/kernel/printk; dmesg -E; cat /proc/sys/kernel/printk; dmesg -n err; cat /proc/sys/kernel/printk',
    [...['1\t4\t1\t7', '3\t4\t1\t7', '4\t4\t1\t7']],
  ],
  [
    'dmesg -n; dmesg --level',
    [
      "dmesg: option requires an argument -- 'n'",
      "Try 'dmesg --help' for more information.",
      "dmesg: option '--level' requires an argument",
      "Try 'dmesg --help' for more information.",
    ],
  ],
  ["echo '<>most urgent' > /dev/kmsg; dmesg -tx -l emerg", ['user  :emerg : most urgent']],
  // Errors of a refused write go where the command's errors go, those of a file that cannot be opened where they went until then.
  [
    'T=/proc/sys/kernel/tainted; N=/sys/kernel/nosuch; echo x > $T 2>/dev/null; echo $?; echo x > $N 2>/dev/null; echo x 2>/dev/null > $N; echo x > $T 2> err; cat err; echo x &> $T; echo $?; echo x > $T 2>&1; echo x 2>&1 > $T; cat <<< x > $T; { sed p <<< x; } > $T',
    [
      '1',
      'bash: /sys/kernel/nosuch: Permission denied',
      ...[wrong, '1', wrong],
      'cat: write error: Invalid argument',
      "sed: couldn't flush stdout: Invalid argument",
    ],
  ],
  [
    "printf 'a\\nb\\n' > c1; printf 'a\\n' > c2; cmp c1 c2; printf 'a\\nbc' > c3; cmp c1 c3; cmp -s c1 c1; echo $?; depmod -a; depmod nosuch; echo $?",
    [
      'cmp: EOF on c2 after byte 2, line 1',
      ...['c1 c3 differ: char 4, line 2', '0'],
      ...['depmod: ERROR: Bad version passed nosuch', '1'],
    ],
  ],
  [
    "sleep 1000 & tr '\\0' ' ' < /proc/$!/cmdline; echo; ps -o args= -p $!; grep -E '^(Umask|SigIgn|Cpus_allowed_list)' /proc/2/status; kill $!",
    [
      ...['sleep 1000 ', 'sleep 1000', 'Umask:\t0022'],
      ...['SigIgn:\tffffffffffffffff', 'Cpus_allowed_list:\t0-1'],
    ],
  ],
  [
    `sysctl kernel.modules_disabled=1; sysctl kernel.modules_disabled=0; insmod test_klp_livepatch.ko; rmmod ${DEMO} 2>&1 | tail -n 1`,
    [
      'kernel.modules_disabled = 1',
      'sysctl: setting key "kernel.modules_disabled": Invalid argument',
      'insmod: ERROR: could not insert module test_klp_livepatch.ko: Operation not permitted',
      `rmmod: ERROR: Module ${DEMO} is in use`,
    ],
  ],
];

async function printed(shell: ShellSession, command: string): Promise<string> {
  const { stdout, stderr } = await shell.script(command, 'bash', '/root');
  return stdout + stderr;
}

for (const [version, shell] of await startShells(KERNEL_VERSIONS, true)) {
  test.serial(`${version}: a load that is refused answers as on a real kernel`, async (t) => {
    for (const [command, lines] of ANSWERS) {
      t.is(await printed(shell, command), lines.map((line) => `${line}\n`).join(''), command);
    }
  });
}
