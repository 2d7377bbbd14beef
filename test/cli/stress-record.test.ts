import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { replay } from '../../src/campaign/replay.js';
import { stress } from '../../src/campaign/stress/stress.js';
import { runMain } from './child.js';

const folder = await mkdtemp(join(tmpdir(), 'klp-smp-record-'));
test.after.always(() => rm(folder, { recursive: true, force: true }));

for (const memory of ['atomics', 'wasm'] as const) {
  test.serial(
    `what threads on ${memory} showed is executed again, and ends in the same`,
    async (t) => {
      const record = join(folder, `${memory}.json`);
      const sabotage = 'stackCheckPasses';
      const found = await stress({ tasks: 96, durationMs: 120_000, memory, sabotage, record });
      const { recording } = found;
      t.truthy(recording);
      const again = await replay({ token: record });
      t.is(again.verdict.key, recording!.key);
      t.true(again.repeats);
      t.is(again.changed, null);
      t.true(again.lines.length > 10);
    },
  );
}

test.serial('a recording is a file that replay and its reports take', async (t) => {
  const record = join(folder, 'finding.json');
  const args = ['--tasks', '64', '--duration', '60s', '--sabotage', 'noCopyProcess'];
  const junit = join(folder, 'report.xml');
  const found = await runMain('stress', ...args, '--record', record, '--junit', junit);
  t.is(found.exitCode, 1, found.stderr);
  t.true((await readFile(junit, 'utf8')).includes(`replay: klp-smp replay ${record}`));
  t.regex(found.stdout, /the last [\d,]+ operations, [\d,]+ turns lead to (I|WARN|oops)/);
  const page = join(folder, 'page.html');
  const replayed = await runMain('replay', record, '--html', page);
  t.is(replayed.exitCode, 1, replayed.stderr);
  t.regex(replayed.stdout, /replayed twice, trace hash [0-9a-f]{8}/);
  t.regex(await readFile(page, 'utf8'), /<!doctype html>/i);
  const refused = await runMain('replay', record, '--steps', '5');
  t.is(refused.exitCode, 2);
  t.regex(refused.stderr, /--steps has no effect on a recording of stress/);
});

test.serial('a recording that was tampered with leads nowhere, and that is said', async (t) => {
  const record = join(folder, 'whole.json');
  await stress({ tasks: 48, durationMs: 120_000, sabotage: 'noCopyProcess', record });
  const whole = JSON.parse(await readFile(record, 'utf8')) as Record<string, unknown>;
  const broken = join(folder, 'broken.json');
  const change = (what: object): Promise<void> =>
    writeFile(broken, JSON.stringify({ ...whole, ...what }));
  await change({ periods: [{ image: null, turns: 'xx' }] });
  await t.throwsAsync(replay({ token: broken }), { message: /the recording is damaged/ });
  await change({ version: 2 });
  await t.throwsAsync(replay({ token: broken }), {
    message: /has version 2; this is for version 1/,
  });
  await change({ endedBy: -1 });
  await t.throwsAsync(replay({ token: broken }), { message: /does not lead to/ });
  const scenario = String(whole['scenario']).replace('seed=1', 'seed=2');
  await change({ scenario });
  await t.throwsAsync(replay({ token: broken }), {
    message: /does not lead to .*turn \d+.*CPU \d/,
  });
});

test.serial('a recorded run without a finding is clean, and writes nothing', async (t) => {
  const record = join(folder, 'none.json');
  const { recording, outcomes } = await stress({ tasks: 48, durationMs: 3000, record });
  t.is(recording, undefined);
  t.deepEqual(
    outcomes.filter(({ grade, count }) => grade === 'forbidden' && count > 0),
    [],
  );
  await t.throwsAsync(readFile(record), { code: 'ENOENT' });
});

for (const [args, says] of [
  ['--memory weak', /--record has no effect with --memory weak/],
  ['--ablate O-04', /--record has no effect/],
  ['--on explorer', /--record has no effect with --on explorer/],
  ['--cpus 40', /a recorded machine has at most 24 CPUs/],
] as const) {
  test(`recording with ${args} is refused`, async (t) => {
    const record = join(folder, 'refused.json');
    const { exitCode, stderr } = await runMain('stress', '--record', record, ...args.split(' '));
    t.is(exitCode, 2);
    t.regex(stderr, says);
  });
}
