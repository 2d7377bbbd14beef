/** What real kernels 6.1.192, 6.12.117 and 7.3.4 answered at a prompt, errors included, and what the machine of each release answers. */

import test from 'ava';
import { KERNEL_VERSIONS } from '../../src/kernel/versions.js';
import type { ShellSession } from '../../src/shell/session.js';
import { startShells } from './machine.js';

const PATCH = '/sys/kernel/livepatch/test_klp_livepatch';
const load = `modprobe test_klp_livepatch; wait-for grep -q 0 ${PATCH}/transition; `;
const unload = `; echo 0 > ${PATCH}/enabled; wait-for [ ! -e ${PATCH} ]; wait-for rmmod test_klp_livepatch 2>/dev/null`;
const refused = 'bash: echo: write error: Invalid argument';
const REPLACE = '/sys/module/test_klp_atomic_replace/parameters/replace';

const CONTROL = '/sys/kernel/debug/dynamic_debug/control';
/** A command of dynamic debug, what the log says of it, and how many lines of livepatch are printed after it. */
const dyndbg = (query: string): string =>
  `dmesg -C; echo '${query}' > ${CONTROL}; dmesg -t; grep livepatch/ ${CONTROL} | grep -c '=p'`;

const DEMO = '/sys/kernel/livepatch/test_klp_callbacks_demo';
const PARAMETER = '/sys/module/test_klp_callbacks_demo/parameters/pre_patch_ret';
const LOAD_DEMO = `modprobe test_klp_callbacks_demo; wait-for grep -q 0 ${DEMO}/transition; `;
const UNLOAD_DEMO = `echo 0 > ${DEMO}/enabled; wait-for [ ! -e ${DEMO} ]; wait-for rmmod test_klp_callbacks_demo 2>/dev/null`;

/** Without a patch: commands, and what they print. */
const BARE: Readonly<Record<string, readonly string[]>> = {
  'modprobe test_klp_nosuch': [
    'modprobe: FATAL: Module test_klp_nosuch not found in directory /lib/modules/REL',
  ],
  'insmod /nosuch.ko': [
    'insmod: ERROR: could not load module /nosuch.ko: No such file or directory',
  ],
  insmod: ['insmod: ERROR: missing filename.'],
  modprobe: ['modprobe: ERROR: missing parameters. See -h.'],
  rmmod: ['rmmod: ERROR: missing module name.'],
  'rmmod test_klp_state': ['rmmod: ERROR: Module test_klp_state is not currently loaded'],
  'modprobe -r test_klp_state; echo $?': ['0'],
  'modprobe -r nosuch': ['modprobe: FATAL: Module nosuch not found.'],
  [`${load}rmmod -f test_klp_livepatch; echo $?; grep -o '(.*)' /proc/modules; cat /sys/module/test_klp_livepatch/{taint,refcnt,initstate}${unload}`]:
    [
      "rmmod: ERROR: ../libkmod/libkmod-module.c:856 kmod_module_remove_module() could not remove 'test_klp_livepatch': Resource temporarily unavailable",
      'rmmod: ERROR: could not remove module test_klp_livepatch: Resource temporarily unavailable',
      ...['1', '(OEK)', 'OEK', '1', 'live'],
    ],
  "modinfo test_klp_livepatch | grep -o '^[a-z]*' | xargs": [
    'filename description author livepatch license depends retpoline name vermagic',
  ],
  'echo old > /dev/kmsg; sleep 30; echo new > /dev/kmsg; dmesg -t --since "9 sec ago"; dmesg -t --until "9 s ago" | tail -n 1; dmesg --since never; echo $?':
    ['new', 'old', 'dmesg: invalid time value "never"', '1'],
  'dmesg -w; echo $?': ['dmesg: -w would wait for ever here: use timeout SECONDS dmesg -w', '1'],
  'modinfo nosuch': ['modinfo: ERROR: Module nosuch not found.'],
  'modinfo -F livepatch test_klp_livepatch': ['Y'],
  'modinfo test_klp_atomic_replace | grep parm': [
    'parm:           replace:replace (default=0) (int)',
  ],
  'modprobe test_klp_atomic_replace replace=abc; dmesg -t | tail -n 1': [
    "modprobe: ERROR: could not insert 'test_klp_atomic_replace': Invalid argument",
    "test_klp_atomic_replace: `abc' invalid for parameter `replace'",
  ],
  'insmod test_klp_atomic_replace.ko replace=abc': [
    'insmod: ERROR: could not insert module test_klp_atomic_replace.ko: Invalid parameters',
  ],
  'modprobe test_klp_callbacks_busy block_transition=maybe; dmesg -t | tail -n 1': [
    "modprobe: ERROR: could not insert 'test_klp_callbacks_busy': Invalid argument",
    "test_klp_callbacks_busy: `maybe' invalid for parameter `block_transition'",
  ],
  [`modprobe test_klp_atomic_replace nosuch=1; dmesg -t | grep nosuch; echo x > ${REPLACE}; echo 0x10 > ${REPLACE}; cat ${REPLACE}`]:
    ["test_klp_atomic_replace: unknown parameter 'nosuch' ignored", refused, '16'],
  'wait-for grep -q 0 /sys/kernel/livepatch/test_klp_atomic_replace/transition; echo 0 > /sys/kernel/livepatch/test_klp_atomic_replace/enabled; wait-for [ ! -e /sys/kernel/livepatch/test_klp_atomic_replace ]; wait-for rmmod test_klp_atomic_replace 2>/dev/null':
    [],
  'sysctl kernel.nosuch; echo $?': [
    'sysctl: cannot stat /proc/sys/kernel/nosuch: No such file or directory',
    '1',
  ],
  'echo x > /proc/sys/kernel/ftrace_enabled': [refused],
  'cat /proc/99999/patch_state': ['cat: /proc/99999/patch_state: No such file or directory'],
  'cat /proc/self/patch_state /proc/1/patch_state': ['-1', '-1'],
  'stat -c %A /proc/1/patch_state /proc/1/comm': ['-r--------', '-rw-r--r--'],
  'echo 1 > /proc/1/patch_state': [refused],
  'ls /sys/module/nosuch; echo $?': [
    "ls: cannot access '/sys/module/nosuch': No such file or directory",
    '2',
  ],
  'echo nonsense > /sys/kernel/debug/dynamic_debug/control; dmesg -t | tail -n 2': [
    refused,
    'dyndbg: bad flag-op n, at start of nonsense',
    'dyndbg: flags parse failed',
  ],
  [dyndbg('module livepatch nosuch x +p')]: [
    ...[refused, 'dyndbg: unknown keyword "nosuch"', 'dyndbg: query parse failed', '0'],
  ],
  [dyndbg('func a func b +p')]: [
    ...[
      refused,
      'dyndbg: match-spec:func val:a overridden by b',
      'dyndbg: query parse failed',
      '0',
    ],
  ],
  [dyndbg('module livepatch line abc +p')]: [
    ...[refused, 'dyndbg: bad line-number: abc', 'dyndbg: query parse failed', '0'],
  ],
  [dyndbg('module livepatch line 5-3 +p')]: [
    ...[refused, 'dyndbg: last-line:3 < 1st-line:5', 'dyndbg: query parse failed', '0'],
  ],
  [dyndbg('func klp_try_switch_task +q')]: [
    ...[refused, "dyndbg: unknown flag 'q'", 'dyndbg: flags parse failed', '0'],
  ],
  [dyndbg('func klp_try_switch_task =pmf')]: ['4'],
  [dyndbg('func klp_try_switch_task -mf')]: ['4'],
  [dyndbg('file transition.c:klp_init_transition +p')]: ['5'],
  [dyndbg('format "is running" =_')]: ['4'],
  [dyndbg('module livepatch =_')]: ['0'],
  'echo "func nosuch +p" > /sys/kernel/debug/dynamic_debug/control; echo $?': ['0'],
  'sysctl kernel/ftrace_enabled; sysctl -n kernel.ftrace_enabled kernel.nosuch': [
    ...['kernel.ftrace_enabled = 1', '1'],
    'sysctl: cannot stat /proc/sys/kernel/nosuch: No such file or directory',
  ],
  'sysctl -e kernel.nosuch; sysctl -N kernel.tainted': ['kernel.tainted'],
  'modprobe -q nosuch; modprobe -rq nosuch; echo $?': ['1'],
  'modprobe -nv test_klp_state; modprobe -D test_klp_state': [
    'insmod /lib/modules/REL ',
    'insmod /lib/modules/REL ',
  ],
  'rmmod nosuch test-klp-state': [
    'rmmod: ERROR: Module nosuch is not currently loaded',
    'rmmod: ERROR: Module test_klp_state is not currently loaded',
  ],
  'insmod /root': ['insmod: ERROR: could not insert module /root: Is a directory'],
  'echo text > /root/x; insmod /root/x; dmesg -t | tail -n 1': [
    'insmod: ERROR: could not insert module /root/x: Invalid module format',
    String.raw`Invalid ELF header magic: != \x7fELF`,
  ],
  'modprobe /root/nosuch.ko': [
    'modprobe: FATAL: Module /root/nosuch.ko not found in directory /lib/modules/REL',
  ],
  'kill -0 99999; kill abc; kill -FOO 1; kill -l 9': [
    'bash: kill: (99999) - No such process',
    'bash: kill: abc: arguments must be process or job IDs',
    ...['bash: kill: FOO: invalid signal specification', 'KILL'],
  ],
  [`${LOAD_DEMO}for v in abc 0x10 010 99999999999 '5 6' +7; do echo "$v" > ${PARAMETER}; done; cat ${PARAMETER}`]:
    [refused, 'bash: echo: write error: Numerical result out of range', ...[refused, '7']],
  [UNLOAD_DEMO]: [],
  'cd /sys/devices/system/cpu; cat online present possible; ls cpu0': ['0-1', '0-1', '0-1'],
  'cd /sys/devices/system/cpu; for v in 1 2 x y; do echo $v > cpu1/online; done; cat cpu1/online': [
    ...[refused, refused, '1'],
  ],
  'dmesg -C; echo "<3>bad" > /dev/kmsg; printf "a\\nb" > /dev/kmsg; dmesg -t; dmesg -tl err; dmesg -tx':
    [
      // The end of a line that has none yet is seen when the next line has come.
      ...['bad', 'a', 'bad'],
      ...['user  :err   : bad', 'user  :warn  : a'],
    ],
};

/** With a patch on. */
const PATCHED: Readonly<Record<string, readonly string[]>> = {
  [`echo 1 > ${PATCH}/enabled; echo $?`]: [refused, '1'],
  [`for v in 2 x "" " 0" -1 o; do echo "$v" > ${PATCH}/enabled; done`]:
    Array<string>(6).fill(refused),
  [`echo 1 > ${PATCH}/transition`]: [`bash: ${PATCH}/transition: Permission denied`],
  [`echo 1 > ${PATCH}/vmlinux/patched`]: [`bash: ${PATCH}/vmlinux/patched: Permission denied`],
  [`echo 1 > ${PATCH}/nosuch`]: [`bash: ${PATCH}/nosuch: Permission denied`],
  'echo 1 > /sys/kernel/livepatch/no/enabled': [
    'bash: /sys/kernel/livepatch/no/enabled: No such file or directory',
  ],
  [`echo 1 > ${PATCH}`]: [`bash: ${PATCH}: Is a directory`],
  [`cat ${PATCH}/force`]: [`cat: ${PATCH}/force: Permission denied`],
  [`cat ${PATCH}`]: [`cat: ${PATCH}: Is a directory`],
  'mkdir /sys/kernel/livepatch/x': [
    "mkdir: cannot create directory '/sys/kernel/livepatch/x': Operation not permitted",
  ],
  [`rm ${PATCH}/enabled`]: [`rm: cannot remove '${PATCH}/enabled': Operation not permitted`],
  [`rmdir ${PATCH}`]: [`rmdir: failed to remove '${PATCH}': Operation not permitted`],
  'touch /sys/kernel/livepatch/x': [
    "touch: cannot touch '/sys/kernel/livepatch/x': Permission denied",
  ],
  [`touch ${PATCH}/enabled; echo $?`]: ['0'],
  [`echo 1 | tee ${PATCH}/enabled`]: ['1', `tee: ${PATCH}/enabled: Invalid argument`],
  [`cp ${PATCH}/enabled copy; cat copy`]: ['1'],
  [`eval "echo 1 > ${PATCH}/enabled"; echo $?`]: [refused, '1'],
  [`for v in 1 0 x; do echo $v > ${PATCH}/force; done`]: [refused, refused],
  'modprobe test_klp_livepatch; echo $?': ['0'],
  'insmod test_klp_livepatch.ko': [
    'insmod: ERROR: could not insert module test_klp_livepatch.ko: File exists',
  ],
  'rmmod test_klp_livepatch': ['rmmod: ERROR: Module test_klp_livepatch is in use'],
  'modprobe -r test_klp_livepatch': ['modprobe: FATAL: Module test_klp_livepatch is in use.'],
  [`stat -c '%A %n' ${PATCH}/force ${PATCH}/enabled ${PATCH}/vmlinux`]: [
    `--w------- ${PATCH}/force`,
    `-rw-r--r-- ${PATCH}/enabled`,
    `drwxr-xr-x ${PATCH}/vmlinux`,
  ],
  [`wc -c < ${PATCH}/enabled`]: ['2'],
  [`wc ${PATCH}/enabled`]: [`   1    1    2 ${PATCH}/enabled`],
  [`chmod 600 ${PATCH}/enabled; stat -c %a ${PATCH}/enabled; chmod 644 ${PATCH}/enabled`]: ['600'],
  [`mv ${PATCH}/enabled ${PATCH}/x`]: [
    `mv: cannot move '${PATCH}/enabled' to '${PATCH}/x': Operation not permitted`,
  ],
  [`ln -s ${PATCH}/enabled ${PATCH}/y`]: [
    `ln: failed to create symbolic link '${PATCH}/y': Operation not permitted`,
  ],
  [`cp /dev/null ${PATCH}/enabled; echo $?`]: ['0'],
  [`rm -r ${PATCH}/vmlinux`]: [
    `rm: cannot remove '${PATCH}/vmlinux/patched': Operation not permitted`,
    `rm: cannot remove '${PATCH}/vmlinux/cmdline_proc_show,1': Operation not permitted`,
  ],
  [`cat ${PATCH}/enabled ${PATCH}/nosuch*`]: [
    ...['1', `cat: '${PATCH}/nosuch*': No such file or directory`],
  ],
  [`ls ${PATCH}/vmlinux ${PATCH}/enabled`]: [
    ...[`${PATCH}/enabled`, '', `${PATCH}/vmlinux:`, 'cmdline_proc_show,1', 'patched'],
  ],
  'modprobe --first-time test_klp_livepatch': [
    "modprobe: ERROR: could not insert 'test_klp_livepatch': Module already in kernel",
  ],
  'modprobe -rv test_klp_livepatch': ['modprobe: FATAL: Module test_klp_livepatch is in use.'],
  'modprobe -a test_klp_livepatch nosuch': [
    'modprobe: WARNING: Module nosuch not found in directory /lib/modules/REL',
  ],
  'rmmod nosuch test-klp-livepatch': [
    'rmmod: ERROR: Module nosuch is not currently loaded',
    'rmmod: ERROR: Module test_klp_livepatch is in use',
  ],
  'ls /sys/module/test_klp_livepatch': [
    ...['coresize', 'holders', 'initsize', 'initstate', 'notes'],
    ...['refcnt', 'sections', 'taint', 'uevent'],
  ],
};

/** What a command prints, without the release's name. */
async function printed(shell: ShellSession, command: string): Promise<string> {
  const { stdout, stderr } = await shell.script(command, 'bash', '/root');
  return (stdout + stderr).replaceAll(/\/lib\/modules\/\S+/g, '/lib/modules/REL');
}

const shells = await startShells(KERNEL_VERSIONS, true);

for (const [version, shell] of shells) {
  test.serial(`${version}: without a patch commands answer as on a real kernel`, async (t) => {
    for (const [command, lines] of Object.entries(BARE)) {
      t.is(await printed(shell, command), lines.map((line) => `${line}\n`).join(''), command);
    }
  });

  test.serial(`${version}: with a patch on commands answer as on a real kernel`, async (t) => {
    t.is((await shell.script(load, 'bash', '/root')).exitCode, 0);
    for (const [command, lines] of Object.entries(PATCHED)) {
      t.is(await printed(shell, command), lines.map((line) => `${line}\n`).join(''), command);
    }
    t.is((await shell.script(unload.slice(2), 'bash', '/root')).exitCode, 0);
  });
}

const FTRACE = 'sysctl kernel.ftrace_enabled';
for (const [version, shell] of shells) {
  const isRefusedAlways = version === '7.3';
  test.serial(`${version}: what switching ftrace off answers`, async (t) => {
    const why = isRefusedAlways ? 'Operation not supported' : 'Device or resource busy';
    const before = await shell.script(`${FTRACE}=2; ${FTRACE}; ${FTRACE}=1`, 'bash', '/root');
    if (!isRefusedAlways) {
      t.is(before.stdout, [2, 2, 1].map((n) => `kernel.ftrace_enabled = ${n}\n`).join(''));
    }
    const { stdout } = await shell.script(`${load}${FTRACE}=0; echo $?`, 'bash', '/root');
    t.is(stdout, `sysctl: setting key "kernel.ftrace_enabled": ${why}\n1\n`);
    const log = await shell.script('dmesg -t | grep ftrace_enabled', 'bash', '/root');
    const said = 'The ftrace_enabled file is deprecated and no longer disables ftrace';
    t.is(log.stdout.split('\n')[0], isRefusedAlways ? said : '');
    t.is((await shell.script(unload.slice(2), 'bash', '/root')).exitCode, 0);
  });
}
