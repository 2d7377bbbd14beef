import test from 'ava';
import type { AblationRow } from '../../src/campaign/ablate/ablate.js';
import { Workers } from '../../src/campaign/work/workers.js';
import { findScenario } from '../../src/campaign/scenarios/find-scenario.js';
import { decodeToken, encodeToken } from '../../src/explorer/findings/token.js';
import { runMain } from './child.js';

const SEEDS = 3;

test('a row of the matrix: found with every seed, shrunk, and every token replays', async (t) => {
  const args = ['ablate', 'O-22', '--seeds', String(SEEDS), '--shrink', '--json'];
  const { exitCode, stdout } = await runMain(...args);
  t.is(exitCode, 0);
  const { rows } = JSON.parse(stdout) as { rows: AblationRow[] };
  const [row, ...rest] = rows;
  t.is(rest.length, 0);
  t.is(row!.scenario, 'wake-while-checked');
  t.deepEqual(
    row!.found,
    Array.from({ length: SEEDS }, () => 'freed'),
  );
  t.true(row!.asExpected);
  t.true(row!.replays);
  t.is(row!.shrinkings.length, SEEDS);
  for (const { found, shrunk } of row!.shrinkings) t.true(shrunk <= found);

  const token = row!.token!;
  const contents = decodeToken(token);
  const { file } = findScenario(contents.scenario);
  const session = {
    scenario: { file, name: contents.scenario },
    memory: contents.memory,
    ablated: contents.ablated,
  } as const;
  const workers = new Workers(1);
  t.teardown(() => workers.close());
  t.is(await workers.run('repeat', { session, token }), 'freed');
  // The same schedule does not count as a replay when it led elsewhere before.
  const other = encodeToken({ ...contents, hash: contents.hash ^ 1 });
  t.is(await workers.run('repeat', { session, token: other }), undefined);
});
