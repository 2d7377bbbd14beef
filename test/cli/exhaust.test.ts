import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { exhaust } from '../../src/campaign/verify/exhaust.js';
import { catalogueScenarios } from '../../src/campaign/scenarios/scenarios.js';
import { exhaust as searchStates, joinReports } from '../../src/explorer/states/exhaust.js';
import { replay } from '../../src/campaign/replay.js';
import { runMain } from './child.js';

interface Row {
  readonly states: number;
  readonly digest: string | null;
  readonly again: string | null;
  readonly says: string;
  readonly scenario: string;
}

test('verify --exhaust proves a race, with equal counts every time', async (t) => {
  const run = async (): Promise<Row[]> => {
    const names = ['disable-call', 'idle-cpu'];
    const { exitCode, stdout } = await runMain(
      'verify',
      ...names,
      '--exhaust',
      '--again',
      '--json',
    );
    t.is(exitCode, 0);
    return (JSON.parse(stdout) as { rows: Row[] }).rows;
  };
  const first = await run();
  t.deepEqual(
    first.map(({ scenario, says }) => `${scenario} ${says}`),
    ['disable-call proved', 'idle-cpu proved'],
  );
  for (const { digest, again } of first) {
    t.regex(digest ?? '', /^[0-9a-f]{16}$/);
    t.is(again, digest);
  }
  const found = ({ states, digest }: Row): string => `${states} ${digest}`;
  t.deepEqual((await run()).map(found), first.map(found));
});

test('under the memory of the kernel, a race is proved and what the removal of a fence shows replays', async (t) => {
  const chosen = catalogueScenarios().find(({ name }) => name === 'disable-protocol-1');
  const { file = '', name = '' } = chosen ?? {};
  const request = { scenario: { file, name }, memory: 'lkmm', ms: 60_000 } as const;
  const whole = await searchStates({ ...request, ablated: [] });
  t.true(whole.exhausted);
  t.deepEqual(
    whole.outcomes.map(({ key }) => key),
    ['pending-new', 'switched-old'],
  );
  const { outcomes } = await searchStates({ ...request, ablated: [1] });
  const token = outcomes.find(({ grade }) => grade === 'forbidden')?.token ?? '';
  const { verdict } = await replay({ token });
  t.is(verdict.key, 'warn');
});

test('a race that is not searched to its end is not called proved, and what is left is estimated', async (t) => {
  const { rows } = await exhaust({ scenarios: ['coming-enable'], budgetMs: 1500, threads: 1 });
  t.true(rows[0]?.says === 'searched' || rows[0]?.says === 'bounded');
  t.false(rows[0]?.exhausted);
  const { share = 2, error = -1 } = rows[0]?.seen ?? {};
  t.true(share >= 0 && share < 1 && error >= 0);
});

/** What depends on how the work is divided. */
const UNCOUNTED = { seconds: 0, steps: 0, boundedStates: 0 };

test('one race is searched by two threads at the same time, without bounds and within them', async (t) => {
  const search = async (name: string, threads: number, budgetMs: number) =>
    (await exhaust({ scenarios: [name], budgetMs, threads })).rows[0];
  const [one, two] = [
    await search('disable-call', 1, 60_000),
    await search('disable-call', 2, 60_000),
  ];
  t.is(two?.says, 'proved');
  t.is(two?.digest, one?.digest);
  t.deepEqual(
    two?.outcomes.map(({ key }) => key),
    one?.outcomes.map(({ key }) => key),
  );
  const refuted = await search('hook-module-coming', 2, 60_000);
  t.is(refuted?.says, 'refuted');
});

test('a search without bounds and one within bounds join to what one search finds', async (t) => {
  const chosen = catalogueScenarios().find(({ name }) => name === 'disable-protocol-2');
  const { file = '', name = '' } = chosen ?? {};
  const request = { scenario: { file, name }, memory: 'lkmm', ablated: [], ms: 60_000 } as const;
  const [both, whole, bounded] = [
    await searchStates(request),
    await searchStates({ ...request, part: 'whole' }),
    await searchStates({ ...request, part: 'bounded' }),
  ];
  t.true(bounded.boundedStates > 1 && bounded.states <= 1 && whole.boundedStates === 0);
  const joined = joinReports(whole, bounded);
  t.deepEqual({ ...joined, ...UNCOUNTED }, { ...both, ...UNCOUNTED });
  t.true(joined.exhausted && joined.digest !== null);
  t.is(
    joinReports({ ...whole, exhausted: false }, { ...bounded, exhausted: false }).within,
    bounded.within,
  );
});

test('a search that is told to stop reports what it has', async (t) => {
  const chosen = catalogueScenarios().find(({ name }) => name === 'disable-call');
  const { file = '', name = '' } = chosen ?? {};
  const stop = new Int32Array(new SharedArrayBuffer(4)).fill(1);
  const stopped = await searchStates({ scenario: { file, name }, ablated: [], ms: 60_000, stop });
  t.false(stopped.exhausted);
  t.is(stopped.within, null);
  const whole = await searchStates({ scenario: { file, name }, ablated: [], ms: 60_000 });
  t.true(whole.exhausted);
  t.true(stopped.states < whole.states);
});

test('races that a checkpoint has are not searched again', async (t) => {
  const checkpoint = join(mkdtempSync(join(tmpdir(), 'klp-exhaust-')), 'races.json');
  const first = await exhaust({ scenarios: ['shadow-get'], threads: 1, checkpoint });
  // A search of another race leaves it there.
  await exhaust({ scenarios: ['shadow-alloc'], threads: 1, checkpoint });
  const again = await exhaust({ scenarios: ['shadow-get', 'switch-self'], threads: 1, checkpoint });
  t.deepEqual(again.rows[0], first.rows[0]);
  t.is(again.rows.length, 2);
  t.is((JSON.parse(readFileSync(checkpoint, 'utf8')) as { rows: unknown[] }).rows.length, 3);
  writeFileSync(checkpoint, '{}');
  await t.throwsAsync(() => exhaust({ scenarios: ['shadow-get'], threads: 1, checkpoint }), {
    code: 'ERR_USAGE',
    message: /no checkpoint/,
  });
});

test('what a search refutes replays from its token, with the real engine', async (t) => {
  const { rows } = await exhaust({ scenarios: ['hook-module-coming'], threads: 1 });
  t.is(rows[0]?.says, 'refuted');
  const token = rows[0]?.outcomes.find(({ key }) => key === 'oops')?.token ?? '';
  const { verdict } = await replay({ token });
  t.is(verdict.key, 'oops');
});

test('what has no states to search, or no effect, is refused', async (t) => {
  await t.throwsAsync(() => exhaust({ scenarios: ['system-enable-disable'] }), {
    code: 'ERR_USAGE',
    message: /whole machine/,
  });
  const { exitCode, stderr } = await runMain('verify', '--exhaust', '--runs', '5');
  t.is(exitCode, 2);
  t.regex(stderr, /--runs/);
});
