import test from 'ava';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { watch } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fixture } from './sessions.js';

const main = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function run(...args: string[]): Promise<Ended> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    let [out, err] = ['', ''];
    child.stdout.on('data', (data: Buffer) => (out += data.toString()));
    child.stderr.on('data', (data: Buffer) => (err += data.toString()));
    child.on('close', (code) => resolve({ code, out, err }));
  });
}

interface Report {
  readonly executions: number;
  readonly digest: string;
  readonly outcomes: readonly { readonly key: string; readonly count: number }[];
  readonly findings: readonly { readonly token: string; readonly needed: string[] }[];
}

const explore = ['explore', 'disable-protocol-2', '--json', '--budget', '10m'];

test.serial(
  'a finding ends with status 1, a token that replays, and the site that allowed it',
  async (t) => {
    const { code, out } = await run(
      ...explore,
      '--runs',
      '500',
      '--ablate',
      'O-01',
      '--threads',
      '1',
    );
    t.is(code, 1);
    const report = JSON.parse(out) as Report;
    t.is(report.executions, 500);
    const [finding] = report.findings;
    t.deepEqual(finding?.needed, ['O-01']);
    const replay = await run('replay', finding?.token ?? '');
    t.is(replay.code, 1, replay.err);
    t.regex(replay.out, /forbidden: warn: patch_state is undefined/);
    t.regex(
      replay.out,
      /O-01 was ablated in disablePatch src\/catalog\/races\/disable-protocol\.ts:\d+/,
    );
    t.regex(replay.out, /replayed twice/);
  },
);

test.serial('threads and a resume from a checkpoint change no count', async (t) => {
  const file = join(mkdtempSync(join(tmpdir(), 'klp-smp-')), 'checkpoint.json');
  const whole = await run(...explore, '--runs', '800', '--threads', '1');
  t.is(whole.code, 0, whole.err);
  t.is((await run(...explore, '--runs', '300', '--threads', '2', '--checkpoint', file)).code, 0);
  const resumed = await run(...explore, '--runs', '800', '--threads', '2', '--checkpoint', file);
  const [a, b] = [whole, resumed].map(({ out }) => JSON.parse(out) as Report);
  t.is(b?.executions, 800);
  t.is(b?.digest, a?.digest ?? '');
  const sorted = (report?: Report): string[] =>
    (report?.outcomes ?? []).map(({ key, count }) => `${key} ${count}`).sort();
  t.deepEqual(sorted(b), sorted(a));
  writeFileSync(file, readFileSync(file, 'utf8').replace('"seed": 1', '"seed": 2'));
  const other = await run(...explore, '--runs', '800', '--checkpoint', file);
  t.is(other.code, 2);
  t.regex(other.err, /belongs to another campaign/);
});

test.serial('an interrupt ends an exploration with what it has counted', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'klp-smp-'));
  const file = join(directory, 'checkpoint.json');
  const args = [...explore, '--threads', '2', '--checkpoint', file];
  const child = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  let out = '';
  child.stdout.on('data', (data: Buffer) => (out += data.toString()));
  const ended = once(child, 'close');
  // The first checkpoint says that counting is under way.
  const isWritten = (): boolean => (statSync(file, { throwIfNoEntry: false })?.size ?? 0) > 0;
  for await (const { filename } of watch(directory)) {
    if (filename === 'checkpoint.json' && isWritten()) break;
  }
  child.kill('SIGINT');
  await ended;
  const report = JSON.parse(out) as Report;
  t.true(report.executions > 0);
  t.is(
    report.outcomes.reduce((sum, { count }) => sum + count, 0),
    report.executions,
  );
  const { next } = JSON.parse(readFileSync(file, 'utf8')) as { next: number };
  t.is(next, report.executions);
});

test.serial('a worker that dies ends with status 3, after what was counted', async (t) => {
  const args = ['explore', `${fixture('broken')}#crashing`, '--json', '--threads', '1'];
  const { code, out, err } = await run(...args, '--budget', '10m');
  t.is(code, 3);
  t.regex(err, /a worker failed/);
  t.true((JSON.parse(out) as Report).executions > 0);
});

test.serial('an exhaustive search says so, and in how many executions', async (t) => {
  const { code, out } = await run('explore', 'disable-protocol-1', '--strategy', 'dfs');
  t.is(code, 0);
  t.regex(out, /exhausted: all interleavings .* in 5 executions/);
});

test.serial('pct prints n, k, d and its bound', async (t) => {
  const args = [
    'explore',
    'disable-protocol-1',
    '--strategy',
    'pct',
    '--depth',
    '2',
    '--runs',
    '50',
  ];
  const { code, out } = await run(...args);
  t.is(code, 0);
  t.regex(out, /n = 2, k = \d+, d = 2, each execution finds a bug of that depth with p ≥ \S+e-\d/);
});

test.serial(
  'scenario files that throw, loop or do not exist end with status 2 and one clear line',
  async (t) => {
    const broken = fixture('broken');
    const throwing = await run('explore', `${broken}#throwing`, '--budget', '5s');
    t.is(throwing.code, 2);
    t.regex(throwing.err, /^klp-smp: scenario throwing: its code throws: TypeError: not my day/);
    const missing = await run('explore', './no-such-file.js');
    t.is(missing.code, 2);
    t.is(missing.err, 'klp-smp: there is no scenario file ./no-such-file.js\n');
    const below = await run('explore', './package.json/scenario.js');
    t.is(below.err, 'klp-smp: there is no scenario file ./package.json/scenario.js\n');
    const folder = await run('explore', './test');
    t.is(folder.code, 2);
    t.is(folder.err, 'klp-smp: ./test is a folder: give a scenario file\n');
    const looping = await run('explore', `${broken}#looping`, '--budget', '1s');
    t.is(looping.code, 2);
    t.regex(
      looping.err,
      /code of scenario looping in \S+broken\.js executed no operation for 8 s: it loops for ever/,
    );
    const bad = join(mkdtempSync(join(tmpdir(), 'klp-smp-')), 'bad.js');
    writeFileSync(bad, '\nexport async function f(cpu) {}\n');
    const forbidden = await run('explore', bad);
    t.is(forbidden.code, 2);
    t.is(forbidden.err, `klp-smp: ${bad}:2: is kernel code and async\n`);
  },
);
