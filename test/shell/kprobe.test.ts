/** A livepatch and a kprobe on one function: with a post handler only one of them can have it. */

import test from 'ava';
import { startShell } from './machine.js';

const shell = await startShell('7.3', true);
const PATCH = '/sys/kernel/livepatch/test_klp_livepatch';
const KPROBES = '/sys/kernel/debug/kprobes/enabled';

const run = async (script: string): Promise<string> => {
  const { stdout, stderr } = await shell.script(script, 'bash', '/root');
  return stdout + stderr;
};
const LOAD = `insmod test_klp_livepatch.ko && wait-for grep -q 0 ${PATCH}/transition; `;
const UNLOAD = `echo 0 > ${PATCH}/enabled; wait-for [ ! -e ${PATCH} ]; wait-for rmmod test_klp_livepatch 2>/dev/null; `;
const BUSY =
  'insmod: ERROR: could not insert module test_klp_livepatch.ko: Device or resource busy\n';

test.serial(
  '7.3: a livepatch of a function with a kprobe that has a post handler is refused',
  async (t) => {
    const printed = await run(`
    echo "file kernel/livepatch/* +p; func klp_try_switch_task -p" > /sys/kernel/debug/dynamic_debug/control
    insmod test_klp_kprobe.ko has_post_handler=true
    dmesg -C
    insmod test_klp_livepatch.ko
    rmmod test_klp_kprobe
    dmesg -t | grep -v tainting`);
    t.is(
      printed,
      `${BUSY}${[
        "livepatch: enabling patch 'test_klp_livepatch'",
        "livepatch: 'test_klp_livepatch': initializing patching transition",
        "livepatch: failed to register ftrace handler for function 'cmdline_proc_show' (-16)",
        "livepatch: failed to patch object 'vmlinux'",
        "livepatch: failed to enable patch 'test_klp_livepatch'",
        "livepatch: 'test_klp_livepatch': canceling patching transition, going to unpatch",
        "livepatch: 'test_klp_livepatch': completing unpatching transition",
        "livepatch: 'test_klp_livepatch': unpatching complete",
      ].join('\n')}\n`,
    );
  },
);

test.serial(
  '7.3: a kprobe without a post handler and a livepatch share the function',
  async (t) => {
    const printed = await run(
      `insmod test_klp_kprobe.ko has_post_handler=false; ${LOAD} cat /proc/cmdline; ${UNLOAD} rmmod test_klp_kprobe; cat /proc/cmdline`,
    );
    t.is(
      printed,
      'test_klp_livepatch: this has been live patched\nBOOT_IMAGE=/vmlinuz root=/dev/klp ro\n',
    );
  },
);

test.serial(
  '7.3: a kprobe with a post handler is refused while a livepatch has the function',
  async (t) => {
    const printed = await run(
      `${LOAD} insmod test_klp_kprobe.ko; lsmod | grep -c kprobe; ${UNLOAD}`,
    );
    t.is(
      printed,
      'insmod: ERROR: could not insert module test_klp_kprobe.ko: Device or resource busy\n0\n',
    );
  },
);

test.serial('7.3: a kprobe that is switched off leaves the function to a livepatch', async (t) => {
  const printed = await run(
    `insmod test_klp_kprobe.ko; echo 0 > ${KPROBES}; cat ${KPROBES}; ${LOAD} cat /proc/cmdline; ` +
      `echo 1 > ${KPROBES}; echo $?; ${UNLOAD} rmmod test_klp_kprobe; echo nonsense > ${KPROBES}; echo 1 > ${KPROBES}`,
  );
  t.is(
    printed,
    '0\ntest_klp_livepatch: this has been live patched\nbash: echo: write error: Device or resource busy\n1\n',
  );
});
