import test from 'ava';
import { exhaust } from '../../src/campaign/exhaust.js';
import { replay } from '../../src/campaign/replay.js';
import { runMain } from './child.js';

interface Row {
  readonly states: number;
  readonly says: string;
  readonly scenario: string;
}

test('verify --exhaust proves a race, with equal counts every time', async (t) => {
  const run = async (): Promise<Row[]> => {
    const names = ['disable-call', 'idle-cpu'];
    const { exitCode, stdout } = await runMain('verify', ...names, '--exhaust', '--json');
    t.is(exitCode, 0);
    return (JSON.parse(stdout) as { rows: Row[] }).rows;
  };
  const first = await run();
  t.deepEqual(
    first.map(({ scenario, says }) => `${scenario} ${says}`),
    ['disable-call proved', 'idle-cpu proved'],
  );
  t.deepEqual(
    (await run()).map(({ states }) => states),
    first.map(({ states }) => states),
  );
});

test('a race that is not searched to its end is not called proved', async (t) => {
  const { rows } = await exhaust({ scenarios: ['coming-enable'], budgetMs: 1500, threads: 1 });
  t.is(rows[0]?.says, 'searched');
  t.false(rows[0]?.exhausted);
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
