import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { compareTranscript, transcriptText } from '../../src/shell/transcript.js';
import { runMain } from '../cli/child.js';

const KERNEL = `[   12.345678] livepatch: enabling patch 'test_klp_livepatch'\r
[   12.345701] [T742] livepatch: 'test_klp_livepatch': starting patching transition

1
`;

test('time stamps, callers, carriage returns, addresses and empty lines make no difference', (t) => {
  const printed = `[    0.100000] livepatch: enabling patch 'test_klp_livepatch'
[    0.100000] livepatch: 'test_klp_livepatch': starting patching transition
1`;
  t.is(compareTranscript(KERNEL, printed), undefined);
  t.is(transcriptText(undefined, KERNEL), 'equal: 3 lines');
  t.is(compareTranscript('at 00000000deadbeef', 'at 0000000012345678'), undefined);
});

test('the first line that differs is shown with the lines before it', (t) => {
  const difference = compareTranscript(KERNEL, KERNEL.replace('\n1\n', '\n0\n'));
  t.is(difference?.line, 4);
  t.is(
    transcriptText(difference, KERNEL),
    `line 4 differs
  livepatch: enabling patch 'test_klp_livepatch'
  livepatch: 'test_klp_livepatch': starting patching transition
- 1
+ 0`,
  );
});

test('what is missing at the end differs, on either side', (t) => {
  t.like(compareTranscript('a\nb\n', 'a\n'), { line: 2, expected: 'b', actual: undefined });
  t.like(compareTranscript('a\n', 'a\nb\n'), { line: 2, expected: undefined, actual: 'b' });
});

const folder = mkdtempSync(join(tmpdir(), 'transcript-'));
const SCRIPT = join(folder, 'enable.sh');
writeFileSync(
  SCRIPT,
  `insmod test_klp_livepatch
cat /sys/kernel/livepatch/test_klp_livepatch/enabled
echo 2 > /sys/kernel/livepatch/test_klp_livepatch/enabled || echo refused
`,
);

test.serial('a script equals its transcript, and ends with 0', async (t) => {
  const transcript = join(folder, 'equal.txt');
  writeFileSync(
    transcript,
    `1
bash: line 3: echo: write error: Invalid argument
refused
`,
  );
  const { exitCode, stdout } = await runMain('shell', SCRIPT, '--against', transcript);
  t.is(stdout, 'equal: 3 lines\n');
  t.is(exitCode, 0);
});

test.serial('a script that prints something else ends with 1 and the line', async (t) => {
  const transcript = join(folder, 'differs.txt');
  writeFileSync(transcript, '0\n');
  const { exitCode, stdout } = await runMain('shell', SCRIPT, '--against', transcript);
  t.is(exitCode, 1);
  t.is(stdout, 'line 1 differs\n- 0\n+ 1\n');
});

test.serial('without a script there is nothing to compare', async (t) => {
  const { exitCode, stderr } = await runMain('shell', '--against', SCRIPT);
  t.is(exitCode, 2);
  t.regex(stderr, /--against: needs a script or commands/);
});

test('offsets in functions and folders of modules make no difference', (t) => {
  t.is(compareTranscript('[<0>] kthreadd+0x2d3/0x2f0', '[<0>] kthreadd+0x3/0x9'), undefined);
  const real =
    'modprobe: FATAL: Module no not found in directory /lib/modules/6.12.117+deb12-amd64';
  t.is(compareTranscript(real, real.replace('6.12.117+deb12-amd64', '6.12.0-klp')), undefined);
  t.not(compareTranscript('kthreadd+0x2d3/0x2f0', 'kthread+0x3/0x9'), undefined);
});

test('names that a terminal shows in columns are the same names in a line each', (t) => {
  const names = 'coresize\nholders\ninitsize\ninitstate\nnotes\nparameters\nrefcnt\n';
  const columns = 'coresize  initsize   notes\t refcnt\nholders   initstate  parameters\n';
  t.is(compareTranscript(`a\n${columns}b\n`, `a\n${names}b\n`), undefined);
  const other = compareTranscript(`a\n${columns}b\n`, `a\n${names.replace('notes', 'note')}b\n`);
  t.like(other, { line: 2, actual: 'coresize' });
  t.like(compareTranscript('a b\n', 'a\nb\n'), { line: 1 });
});

test.serial('6.12: what 6.12.117 answered to some 320 groups of commands', async (t) => {
  const files = 'test/shell/transcripts/6.12-tools';
  const { exitCode, stdout } = await runMain(
    ...(['shell', `${files}.sh`, '--kernel', '6.12', '--against', `${files}.txt`] as const),
  );
  t.is(stdout, 'equal: 829 lines\n');
  t.is(exitCode, 0);
});

const DUPLICATE = join(folder, 'duplicate.json');
writeFileSync(DUPLICATE, '{ "name": "klp_dup", "functions": ["vfs_read", "vfs_read"] }');

for (const [version, count] of [
  ['6.1', 578],
  ['6.12', 593],
] as const) {
  test.serial(
    `${version}: refused loads, parameters, replacements, traced functions and stacks in the log answer as ${version}'s last release did`,
    async (t) => {
      const transcripts = 'test/shell/transcripts';
      const { exitCode, stdout } = await runMain(
        ...(['shell', `${transcripts}/loads.sh`, '--kernel', version] as const),
        ...(['--patch', DUPLICATE, '--against', `${transcripts}/${version}-loads.txt`] as const),
      );
      t.is(stdout, `equal: ${count} lines\n`);
      t.is(exitCode, 0);
    },
  );
}
