/** The shell in the simulated machine: its files, its commands, and what the kernel answers. */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import test from 'ava';
import { complete, interact } from '../../src/shell/interactive.js';
import { startShell } from './machine.js';

const shell = await startShell();
const run = (script: string) => shell.script(script, './x.sh', '/root');
const P = '/sys/kernel/livepatch/test_klp_livepatch';

test.serial('a livepatch is loaded, seen in every file, disabled and removed', async (t) => {
  const { stdout, exitCode } = await run(`
    insmod test_klp_livepatch
    wait-for grep -q 0 ${P}/transition
    cat ${P}/enabled ${P}/transition ${P}/vmlinux/patched
    ls ${P}/vmlinux
    cat /proc/cmdline /sys/module/test_klp_livepatch/refcnt
    lsmod | grep -c livepatch
    echo 0 > ${P}/enabled
    wait-for [ ! -e ${P} ]
    rmmod test_klp_livepatch
    ls /sys/module
    exit 5
  `);
  t.is(
    stdout,
    '1\n0\n1\ncmdline_proc_show,1\npatched\n' +
      'test_klp_livepatch: this has been live patched\n1\n1\n',
  );
  t.is(exitCode, 5);
});

test.serial('a refused write has a status and a reason, and the script goes on', async (t) => {
  const { stdout, stderr } = await run(`
    insmod test_klp_livepatch
    for value in 2 '' x; do echo "$value" > ${P}/enabled; echo $?; done
    echo 0 > ${P}/transition || echo refused
    if echo 1 > ${P}/nothing; then echo wrong; else echo no file; fi
    cat ${P}/force; echo $?
    wait-for grep -q 0 ${P}/transition
    echo 0 > ${P}/enabled && echo disabled
    wait-for rmmod test_klp_livepatch
  `);
  t.is(stdout, '1\n1\n1\nrefused\nno file\n1\ndisabled\n');
  t.is(stderr.match(/write error: Invalid argument/g)?.length, 3);
  t.true(stderr.includes(`${P}/transition: Permission denied`));
  t.true(stderr.includes(`cat: ${P}/force: Permission denied`));
});

test.serial('loading and unloading fail as the tools say it', async (t) => {
  const { stderr } = await run(`
    insmod nothing
    rmmod test_klp_livepatch
    modprobe nothing
    insmod test_klp_atomic_replace replace=nonsense
    insmod test_klp_livepatch
    insmod test_klp_livepatch
    rmmod test_klp_livepatch
    wait-for grep -q 0 ${P}/transition
    echo 0 > ${P}/enabled
    wait-for [ ! -e ${P} ]
    wait-for rmmod test_klp_livepatch
  `);
  t.deepEqual(stderr.trim().split('\n').slice(0, 6), [
    'insmod: ERROR: could not load module nothing: No such file or directory',
    'rmmod: ERROR: Module test_klp_livepatch is not currently loaded',
    'modprobe: FATAL: Module nothing not found in directory /lib/modules/6.5.0-klp',
    'insmod: ERROR: could not insert module test_klp_atomic_replace: Invalid parameters',
    'insmod: ERROR: could not insert module test_klp_livepatch: File exists',
    'rmmod: ERROR: Module test_klp_livepatch is in use',
  ]);
});

test.serial(
  'tasks are seen with their states and stacks, and a child of the shell can be killed',
  async (t) => {
    const { stdout } = await run(`
    ps -e | grep -c kdevice
    task kdevice
    pid=$(ps -e | grep kpoll | awk '{print $1}')
    cat /proc/$pid/comm /proc/$pid/patch_state
    cat /proc/$pid/stack | head -2 | tail -1
    new=$(task start daemon)
    sleep 1
    kill $new && sleep 1
    [ -e /proc/$new ] || echo gone
    kill 99999 || echo no such process
  `);
    const lines = stdout.split('\n');
    t.is(lines[0], '1');
    t.regex(lines[1]!, /^\d+ kdevice D patch_state -1: wait_for_device\+0x3\/0x9 < device_thread/);
    t.deepEqual(lines.slice(2, 4), ['kpoll', '-1']);
    t.regex(lines[4]!, /^\[<0>\] polling_thread\+/);
    t.deepEqual(lines.slice(5, 7), ['gone', 'no such process']);
  },
);

test.serial('lines before a syntax error run, and it is told as by bash', async (t) => {
  for (const script of [
    'echo one\nif true; then\necho two\n',
    'echo one\nif true; then\necho two\nfi fi\necho three\n',
    'echo one\necho "two\necho three\n',
  ]) {
    const file = join(mkdtempSync(join(tmpdir(), 'klp-syntax-')), 'script.sh');
    writeFileSync(file, script);
    const { stdout, stderr, status } = spawnSync('bash', [file], { encoding: 'utf8' });
    const ours = await shell.script(script, file, '/root');
    t.deepEqual(ours, { stdout, stderr, exitCode: status ?? 0 });
  }
});

test.serial('debug lines are switched on and off by site, and read back', async (t) => {
  const { stdout } = await run(`
    C=/sys/kernel/debug/dynamic_debug/control
    grep -c '=p' $C
    echo 'file kernel/livepatch/* +p; func klp_try_switch_task -p' > $C
    grep -c '=p' $C
    echo 'func klp_init_transition -p' > $C
    grep 'klp_init_transition' $C | grep -c '=_'
    echo 'nonsense' > $C || echo refused
    echo 'file kernel/livepatch/* -p' > $C
  `);
  t.is(stdout, '0\n4\n1\nrefused\n');
});

test.serial('ftrace is turned off and on by sysctl and by its file', async (t) => {
  const { stdout } = await run(`
    sysctl kernel.ftrace_enabled
    sysctl -q kernel.ftrace_enabled=0 && sysctl --values kernel.ftrace_enabled
    insmod test_klp_livepatch 2>&1
    echo 1 > /proc/sys/kernel/ftrace_enabled
    cat /proc/sys/kernel/ftrace_enabled
    sysctl kernel.nothing || echo none
  `);
  t.is(
    stdout,
    'kernel.ftrace_enabled = 1\n0\n' +
      'insmod: ERROR: could not insert module test_klp_livepatch: Device or resource busy\n1\nnone\n',
  );
});

test.serial('the log is written, read and cleared', async (t) => {
  const { stdout } = await run(`
    dmesg -C
    echo 'first line' > /dev/kmsg
    grep second /dev/null > /dev/kmsg
    printf 'a\\nb\\n' > /dev/kmsg
    dmesg | sed 's/^\\[[ 0-9.]*\\] //'
    dmesg | cut -c1-14 | sort -u | wc -l
  `);
  t.is(stdout.replace(/ +/g, ''), 'firstline\na\nb\n3\n');
});

test.serial('a CPU goes offline and comes back', async (t) => {
  const { stdout } = await run(`
    wait-for cpu 1 down && cpu
    cat /sys/devices/system/cpu/cpu1/online
    echo 1 > /sys/devices/system/cpu/cpu1/online && cpu
    cpu 7 up || echo no
  `);
  t.is(stdout, 'cpu0 online\ncpu1 offline\n0\ncpu0 online\ncpu1 online\nno\n');
});

test.serial('a script that does not end is given up in one line, with status 2', async (t) => {
  const { stderr, exitCode } = await run('while true; do :; done');
  t.is(exitCode, 2);
  t.is(stderr, 'bash: the script does not come to an end: too many commands executed (>200000)\n');
});

test.serial('lines of a prompt keep variables, functions and the folder', async (t) => {
  await shell.line('x=5');
  await shell.line('f() { echo "f $x"; }');
  await shell.line('cd /sys/kernel');
  t.is((await shell.line('f; pwd')).stdout, 'f 5\n/sys/kernel\n');
});

test.serial(
  'lines of a prompt keep arrays and the status, and go on in the next line',
  async (t) => {
    await shell.line('a=(1 "2 3"); declare -A m=([k]="v w"); false');
    t.is((await shell.line('echo $? "${a[1]}" "${m[k]}"')).stdout, '1 2 3 v w\n');
    t.regex(
      (await shell.line('echo a | | b')).stderr,
      /^bash: syntax error near unexpected token `\|'\n/,
    );
    let printed = '';
    const sink = new Writable({
      write: (text: Buffer, _encoding, done) => {
        printed += String(text);
        done();
      },
    });
    const typed = 'for i in 1 2\ndo echo "n\n$i"\ndone\ncat <<E\nx $?\nE\necho a \\\nb; false\n';
    const { exitCode } = await interact(shell, Readable.from([typed]), sink);
    t.is(printed, 'n\n1\nn\n2\nx 0\na b\n');
    t.is(exitCode, 1);
  },
);

test.serial('commands and paths of the machine are completed', async (t) => {
  t.deepEqual(await complete(shell, 'rmm'), [['rmmod '], 'rmm']);
  t.deepEqual(await complete(shell, 'cat /proc/sys/kernel/ft'), [
    ['/proc/sys/kernel/ftrace_enabled '],
    '/proc/sys/kernel/ft',
  ]);
  t.deepEqual(await complete(shell, 'ls /sys/ker'), [['/sys/kernel/'], '/sys/ker']);
  t.deepEqual(await complete(shell, 'rmmod test_klp_l'), [['test_klp_livepatch '], 'test_klp_l']);
  await shell.line('cd /sys');
  t.deepEqual(await complete(shell, 'ls ker'), [['kernel/'], 'ker']);
});

test.serial('a script that is interrupted keeps what it has printed', async (t) => {
  const controller = new AbortController();
  setTimeout(() => {
    controller.abort();
  }, 200);
  const script = `
    echo first
    f() { echo inside; { while :; do sleep .1; done; }; }
    f
    echo never
  `;
  const result = await shell.script(script, './x.sh', '/root', controller.signal);
  t.deepEqual(result, {
    ...{ stdout: 'first\ninside\n', stderr: '', exitCode: 130, interrupted: true },
  });
  t.like(await run('echo again'), { stdout: 'again\n', exitCode: 0 });
});
