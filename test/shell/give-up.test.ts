/** Scripts that wait for ever are given up after a stated time, with one line that says what they waited for. */

import { mkdtempSync, renameSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { renderSelftests, selftests } from '../../src/shell/run-selftests.js';
import { withShell, type ShellOptions } from '../../src/shell/run-shell.js';
import { runMain } from '../cli/child.js';

const OPTIONS: ShellOptions = {
  cpus: 2,
  version: '6.5',
  memory: 'atomics',
  seed: 1,
  patches: [],
  isLive: false,
  giveUp: 30,
};
const execute = (text: string, more: Partial<ShellOptions> = {}) =>
  withShell({ ...OPTIONS, ...more }, (session) => session.script(text, './x.sh', '/root'));

const WAITS_FOR_BUSY = `
  modprobe test_klp_callbacks_busy block_transition=Y
  modprobe test_klp_callbacks_demo
  echo begun
  while grep -q 1 /sys/kernel/livepatch/test_klp_callbacks_demo/transition; do sleep 1; done
  echo never
`;

test('a script that waits for a transition names the task, its function and what would unblock it', async (t) => {
  const { stdout, stderr, exitCode, gaveUp } = await execute(WAITS_FOR_BUSY);
  t.is(stdout, 'begun\n');
  t.is(exitCode, 2);
  t.true(gaveUp);
  t.regex(
    stderr,
    /^bash: given up after 30 s of the machine's time \(--give-up\): it waited in '(?:sleep 1|grep [^']*)'; the transition of test_klp_callbacks_demo to patched waits for kworker\S+ patch_state 0, pending, sleeping uninterruptibly, in msleep < busymod_work_func < process_one_work; busymod_work_func is in the way; would unblock it: the end of what it waits for, after which it has to leave busymod_work_func; no signal wakes it\n$/,
  );
});

test('a command that waits longer than that is given up too, and what was printed is kept', async (t) => {
  const { stdout, stderr, exitCode } = await execute('echo a; echo b >&2; sleep 1000; echo c');
  t.is(stdout, 'a\n');
  t.is(
    stderr,
    "b\nbash: given up after 30 s of the machine's time (--give-up): it waited in 'sleep 1000'\n",
  );
  t.is(exitCode, 2);
});

test('a loop that only looks sees what changes', async (t) => {
  const { stdout } = await execute(`
    modprobe test_klp_livepatch
    until [ "$(cat /proc/1/patch_state)" = -1 ]; do :; done
    until ! grep -q 1 /sys/kernel/livepatch/test_klp_livepatch/transition; do :; done
    echo seen
  `);
  t.is(stdout, 'seen\n');
});

test('a recursion without end is given up in one line, also where errors are among the output', async (t) => {
  const { stdout, stderr, exitCode } = await execute('echo a; f() { f; }; f', { isTogether: true });
  t.is(stdout, 'a\n');
  t.regex(stderr, /^bash: the script does not come to an end: .*recursion.*\n$/);
  t.is(exitCode, 2);
});

test('a function that starts itself in the background again and again is given up', async (t) => {
  const { stdout, stderr, exitCode } = await execute('echo a; f() { f | f & }; f; wait');
  t.is(stdout, 'a\n');
  t.is(stderr, 'bash: the script does not come to an end: it started 500 jobs\n');
  t.is(exitCode, 2);
});

test('a pattern without an expression is told in one line', async (t) => {
  const { stderr, exitCode } = await execute('shopt -s extglob; case p in a!(b)) ;; esac');
  t.regex(stderr, /^bash: a pattern is not known here: .*\n$/);
  t.is(exitCode, 2);
});

test('the command that is printed for a schedule has the folder in quotes, and the time', async (t) => {
  const folder = folderWith('echo "TEST: a ... not ok"; exit 1');
  const spaced = `${folder} with blanks`;
  renameSync(folder, spaced);
  const report = await selftests({
    ...OPTIONS,
    kernel: '6.12',
    folder: spaced,
    schedules: 1,
    giveUp: 40,
  });
  t.is(
    report.scripts[0]?.replay,
    `klp-smp selftests '${spaced}' --kernel 6.12 --only test-forever.sh --seed 1 --give-up 40 --schedule 0`,
  );
});

/** A folder of selftests with a script that waits for ever. */
function folderWith(text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'klp-selftests-'));
  writeFileSync(join(folder, 'test-forever.sh'), text);
  return folder;
}

for (const schedules of [undefined, 1]) {
  const where = schedules === undefined ? 'on threads' : 'in virtual time';
  test(`a selftest that waits for ever ${where} is given up`, async (t) => {
    const folder = folderWith(`echo "TEST: forever ... "${WAITS_FOR_BUSY}`);
    const report = await selftests({ ...OPTIONS, kernel: '6.12', folder, schedules });
    const [result] = report.scripts;
    t.is(result?.outcome, 'not ok');
    t.true(result?.gaveUp);
    t.regex(
      renderSelftests(report),
      /# begun\n# bash: given up after 30 s .*busymod_work_func.*\n/,
    );
  });
}

const MISTAKES: readonly (readonly [string, readonly string[], RegExp])[] = [
  ['a script that does not exist', ['shell', 'no-such-file.sh'], /no file no-such-file\.sh/],
  ['a script that is a program', ['shell', '/bin/true'], /true is a binary file, not a script/],
  ['a script that is a folder', ['shell', tmpdir()], /is a folder/],
  ['a folder that does not exist', ['selftests', 'no-such-folder'], /no folder no-such-folder/],
  [
    'a file for a folder',
    ['selftests', 'package.json'],
    /package\.json is a file: give its folder, and --only package\.json/,
  ],
  ['a folder without scripts', ['selftests', join(import.meta.dirname, '../docs')], /no test-\*/],
  ['a time that is none', ['shell', '-c', ':', '--give-up', '0'], /--give-up/],
  ['a transcript that does not exist', ['shell', '-c', ':', '--against', 'none.txt'], /none\.txt/],
  ['a folder for a transcript', ['shell', '-c', ':', '--against', tmpdir()], /against/],
  ['a transcript without a script', ['shell', '--against', 'package.json'], /needs a script/],
];

for (const [what, args, says] of MISTAKES) {
  test(`${what} is one line and status 2`, async (t) => {
    const { exitCode: code, stderr } = await runMain(...args);
    t.is(code, 2);
    t.regex(stderr, says);
    t.is(stderr.trimEnd().split('\n').length, 1);
  });
}

test('a selftest that loops ends the command with status 2', async (t) => {
  const folder = folderWith('while :; do sleep 1; done');
  const { exitCode: code, stdout } = await runMain('selftests', folder, '--give-up', '20');
  t.is(code, 2);
  t.regex(stdout, /not ok 1 selftests: livepatch: test-forever\.sh # exit=2/);
});
