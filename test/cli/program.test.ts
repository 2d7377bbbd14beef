import { readFileSync } from 'node:fs';
import { spawn } from 'node:child_process';
import test, { type ExecutionContext } from 'ava';
import { PROBE, runMain, runProbe, type Ended } from './child.js';

/** Exit status 2, nothing on stdout, and exactly one line on stderr that says `expected`. */
function assertUsage(t: ExecutionContext, ended: Ended, expected: RegExp): void {
  t.is(ended.exitCode, 2, ended.stderr);
  t.is(ended.stdout, '');
  t.regex(ended.stderr, /^klp-smp: [^\n]+\n$/);
  t.regex(ended.stderr, expected);
}

const badInput: readonly (readonly [title: string, args: readonly string[], says: RegExp])[] = [
  ['an unknown option', ['probe', '--nonsense'], /unknown option '--nonsense'/],
  ['a misspelt option', ['probe', '--cpu', '4'], /'--cpu' \(Did you mean --cpus\?\)/],
  ['an unknown command', ['prob'], /unknown command 'prob' \(Did you mean probe\?\)/],
  ['a missing argument', ['needs'], /missing required argument 'argument'/],
  ['an argument too many', ['probe', 'extra'], /too many arguments/],
  ['a missing option value', ['probe', '--cpus'], /'--cpus <n>' argument missing/],
  ['0 CPUs', ['probe', '--cpus', '0'], /--cpus: '0' is not accepted; give an integer from 1 to 64/],
  ['65 CPUs', ['probe', '--cpus', '65'], /--cpus: '65' is not accepted/],
  ['half a CPU', ['probe', '--cpus=1.5'], /--cpus: '1.5' is not accepted/],
  ['a negative duration', ['probe', '--duration', '-5s'], /--duration: '-5s' is not accepted/],
  ['a duration of nothing', ['probe', '--duration', '0s'], /--duration: '0s' is not accepted/],
  ['a duration with no unit', ['probe', '--duration', '60'], /a time with its unit/],
  ['an ordering site past the last', ['probe', '--ablate', 'O-39'], /sites from O-01 to O-38/],
  ['an empty item in a list', ['probe', '--mix', 'fork,'], /--mix: 'fork,' is not accepted/],
  ['a file that does not exist', ['probe', '--file', '/no/such'], /'\/no\/such' is not accepted/],
  ['a directory for a file', ['probe', '--file', '/'], /--file: '\/' is not accepted/],
  ['a result in no folder', ['probe', '--out', '/no/such/f'], /a path that can be written/],
  ['a folder for a result', ['probe', '--out', '/'], /a path that can be written/],
  ['an input that cannot be read', ['probe', '--input', '/no/such'], /scenario file .* cannot be/],
  ['an input that is not JSON', ['probe', '--input', PROBE], /scenario file .* is not JSON/],
];

for (const [title, args, says] of badInput) {
  test(`${title} ends with 2 and one line`, async (t) => {
    assertUsage(t, await runProbe(...args), says);
  });
}

test('a usage error of several lines is folded into one', async (t) => {
  const ended = await runProbe('probe', '--end-with=usage');
  t.is(ended.exitCode, 2);
  t.is(ended.stderr, 'klp-smp: nothing to do\n');
});

test('no command at all shows the help on stderr and ends with 2', async (t) => {
  const ended = await runProbe();
  t.is(ended.exitCode, 2);
  t.is(ended.stdout, '');
  t.regex(ended.stderr, /^Usage: klp-smp/);
});

test('help is shown on stdout with every default and ends with 0', async (t) => {
  const ended = await runProbe('probe', '--help');
  t.is(ended.exitCode, 0);
  t.is(ended.stderr, '');
  t.regex(ended.stdout.replace(/\s+/g, ' '), /an integer from 1 to 64 \(default: 4\)/);
  t.regex(ended.stdout.replace(/\s+/g, ' '), /2h \(default: 60s\)/);
});

test('the version is that of the package', async (t) => {
  const manifest = readFileSync(new URL('../../../package.json', import.meta.url), 'utf8');
  const ended = await runMain('--version');
  t.deepEqual(ended, {
    exitCode: 0,
    stdout: `${(JSON.parse(manifest) as { version: string }).version}\n`,
    stderr: '',
  });
});

test('the shipped program rejects an unknown option with one line', async (t) => {
  assertUsage(t, await runMain('--nonsense'), /unknown option '--nonsense'/);
});

test('a finding ends with 1 and says how to see it again', async (t) => {
  const ended = await runProbe('probe', '--end-with=finding');
  t.is(ended.exitCode, 1);
  t.is(ended.stderr, 'I-8: two tasks\nreplay: klp-smp x\n');
});

test('a simulator bug ends with 3 and a stack that names the cause', async (t) => {
  const ended = await runProbe('probe', '--end-with=bug');
  t.is(ended.exitCode, 3);
  t.regex(
    ended.stderr,
    /\[simulator bug\] CPU 1 died\n +at [^]*caused by: Error: the cause\n +at /,
  );
});

for (const ending of ['unforeseen', 'late']) {
  test(`an error that nobody foresaw (${ending}) ends with 3, never with 1`, async (t) => {
    const ended = await runProbe('probe', `--end-with=${ending}`);
    t.is(ended.exitCode, 3);
    t.regex(ended.stderr, /^\[simulator bug\] TypeError: undefined is not a function\n +at /);
  });
}

test('a command may ask for exit status 1 and still have printed its result', async (t) => {
  const ended = await runProbe('probe', '--end-with=one', '--json');
  t.is(ended.exitCode, 1);
  t.is((JSON.parse(ended.stdout) as { endWith: string }).endWith, 'one');
});

test('options are parsed to values, and a pipe sees no progress', async (t) => {
  const args = ['--cpus=8', '--duration=1.5s', '--ablate=O-05,o-4', '--rate=.25'];
  const ended = await runProbe('probe', ...args, '--mix=fork,enable', '--seed=0xff', '--json');
  t.is(ended.stderr, '');
  t.deepEqual(JSON.parse(ended.stdout), {
    cpus: 8,
    duration: 1500,
    rate: 0.25,
    ablate: [5, 4],
    mix: ['fork', 'enable'],
    lines: 0,
    seed: 255,
    json: true,
  });
});

test('a large result reaches a pipe whole', async (t) => {
  const ended = await runProbe('probe', '--lines=300000');
  t.is(ended.exitCode, 0);
  t.is(ended.stdout.split('\n').length, 300_002);
});

test('a reader that goes away ends the program without a complaint', async (t) => {
  const child = spawn(process.execPath, [PROBE, 'probe', '--lines=1000000']);
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  child.stdout.once('data', () => child.stdout.destroy());
  const exitCode = await new Promise((resolve) => child.on('close', resolve));
  t.deepEqual([exitCode, stderr], [0, '']);
});

test('an interrupted command prints what it has gathered', async (t) => {
  const child = spawn(process.execPath, [PROBE, 'probe', '--end-with=interrupt']);
  let stdout = '';
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
    if (stdout === 'waiting\n') child.kill('SIGINT');
  });
  const exitCode = await new Promise((resolve) => child.on('close', resolve));
  t.deepEqual([exitCode, stdout], [130, 'waiting\ngathered\n']);
});
