/** Running a folder of selftests: scripts of our own in the form that the kernel's have. */

import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { MEMORY_KINDS } from '../../src/memory/backend.js';
import { KERNEL_VERSIONS } from '../../src/kernel/versions.js';
import {
  renderSelftests,
  selftests,
  type SelftestsOptions,
} from '../../src/shell/run-selftests.js';

const HELPERS = `
start() { echo -n "TEST: $1 ... "; dmesg -C; }
expect() {
  if [ "$(dmesg -t | grep -e 'livepatch:' -e 'test_klp' | grep -v 'taint[^ ]* kernel')" = "$1" ]; then echo ok
  else echo 'not ok'; exit 1; fi
}
`;
const PASSES = `
. $(dirname $0)/helpers.sh
start 'enable and disable'
insmod test_klp_callbacks_demo2
wait-for grep -q 0 /sys/kernel/livepatch/test_klp_callbacks_demo2/transition
expect "livepatch: enabling patch 'test_klp_callbacks_demo2'
test_klp_callbacks_demo2: pre_patch_callback: vmlinux
livepatch: 'test_klp_callbacks_demo2': starting patching transition
test_klp_callbacks_demo2: post_patch_callback: vmlinux
livepatch: 'test_klp_callbacks_demo2': patching complete"
exit 0
`;
const FAILS = PASSES.replace('post_patch_callback: vmlinux', 'post_patch_callback: somewhere');

function folderOf(scripts: Readonly<Record<string, string>>): string {
  const folder = join(mkdtempSync(join(tmpdir(), 'klp-selftests-')), 'livepatch');
  mkdirSync(folder);
  writeFileSync(join(folder, 'helpers.sh'), HELPERS);
  for (const [name, text] of Object.entries(scripts)) writeFileSync(join(folder, name), text);
  return folder;
}

const run = (folder: string, more: Partial<SelftestsOptions> = {}) =>
  selftests({ folder, kernel: '6.5', memory: 'atomics', cpus: 2, seed: 1, ...more });

const FOLDER = folderOf({ 'test-passes.sh': PASSES });

for (const memory of MEMORY_KINDS) {
  test.serial(`a script passes on ${memory}`, async (t) => {
    const { scripts } = await run(FOLDER, { memory });
    t.deepEqual(
      scripts.map(({ outcome, findings }) => [outcome, findings]),
      [['ok', []]],
    );
  });
}

for (const kernel of KERNEL_VERSIONS) {
  test.serial(`a script passes on ${kernel}`, async (t) => {
    const { scripts } = await run(FOLDER, { kernel });
    t.is(scripts[0]?.outcome, 'ok');
  });
}

test.serial(
  'a script fails when its log differs, says nothing, or has no helpers; and it is skipped with 4',
  async (t) => {
    const report = await run(
      folderOf({
        'test-a-differs.sh': FAILS,
        'test-b-silent.sh': 'exit 0\n',
        'test-c-lost.sh': '. $(dirname $0)/nothing.sh\nstart x\nexit 0\n',
        'test-d-skipped.sh': 'exit 4\n',
      }),
    );
    t.deepEqual(
      report.scripts.map(({ outcome }) => outcome),
      ['not ok', 'not ok', 'not ok', 'skip'],
    );
    const lines = renderSelftests(report).split('\n');
    t.deepEqual(lines.slice(0, 2), ['TAP version 13', '1..4']);
    t.deepEqual(
      lines.filter((line) => /^(not )?ok/.test(line)),
      [
        'not ok 1 selftests: livepatch: test-a-differs.sh # exit=1',
        'not ok 2 selftests: livepatch: test-b-silent.sh # exit=0',
        'not ok 3 selftests: livepatch: test-c-lost.sh # exit=0',
        'ok 4 selftests: livepatch: test-d-skipped.sh # SKIP',
      ],
    );
  },
);

test('a folder that is missing or without scripts is wrong usage', async (t) => {
  await t.throwsAsync(run('/no/such/folder'), {
    code: 'ERR_USAGE',
    message: 'there is no folder /no/such/folder',
  });
  const file = fileURLToPath(import.meta.url);
  await t.throwsAsync(run(file), { code: 'ERR_USAGE', message: /is a file: give its folder/ });
  await t.throwsAsync(run(tmpdir(), { only: 'x' }), {
    code: 'ERR_USAGE',
    message: /has no test-\*\.sh/,
  });
  await t.throwsAsync(run(FOLDER, { only: 'none' }), {
    code: 'ERR_USAGE',
    message: /no script is called/,
  });
});

test.serial(
  'a script passes under schedules of the explorer, and one that fails says under which',
  async (t) => {
    const passed = await run(FOLDER, { schedules: 4 });
    t.deepEqual(
      passed.scripts.map(({ outcome, schedules }) => [outcome, schedules]),
      [['ok', 4]],
    );
    const failed = await run(folderOf({ 'test-differs.sh': FAILS }), { schedules: 4 });
    t.deepEqual(
      failed.scripts.map(({ outcome, schedules, findings }) => [outcome, schedules, findings]),
      [['not ok', 1, ['schedule 0 of seed 1: the script fails']]],
    );
    t.regex(failed.scripts[0]?.replay ?? '', / --only test-differs.sh --seed 1 --schedule 0$/);
    const again = await run(FOLDER, { schedule: 3 });
    t.deepEqual(
      again.scripts.map(({ outcome, schedules }) => [outcome, schedules]),
      [['ok', 1]],
    );
  },
);

test.serial('a script that is interrupted is no failure', async (t) => {
  for (const more of [{}, { schedules: 4 }]) {
    const stop = new AbortController();
    const folder = folderOf({ 'test-waits.sh': 'echo "TEST: x ... "\nsleep 100000\nexit 1\n' });
    setTimeout(() => {
      stop.abort();
    }, 1500);
    const { scripts, interrupted } = await run(folder, { ...more, signal: stop.signal });
    t.deepEqual([scripts.length, interrupted], [0, true]);
  }
});
