import test from 'ava';
import { DEMONSTRATIONS, isProvedMasked } from '../../src/catalog/demonstrations.js';
import { siteName } from '../../src/catalog/orderings.js';
import { findScenario } from '../../src/campaign/scenarios/find-scenario.js';
import { createStrategy } from '../../src/campaign/work/range.js';
import { exhaust } from '../../src/explorer/states/exhaust.js';
import { loadScenario, Session } from '../../src/explorer/engine/session.js';
import { O_02, O_03, O_09, O_11, O_12, O_15, type SiteId } from '../../src/memory/sites.js';

interface Searched {
  readonly exhausted: boolean;
  readonly executions: number;
  readonly forbidden: string | undefined;
}

/** Search a race exhaustively within bounds, up to the first forbidden outcome. */
async function search(
  name: string,
  ablated: readonly SiteId[],
  bounds: { readonly preemptions: number; readonly choices: number },
): Promise<Searched> {
  const { file } = findScenario(name);
  const session = new Session(await loadScenario({ file, name }), { memory: 'lkmm', ablated });
  const strategy = createStrategy({ kind: 'dfs', ...bounds }, session);
  for (let run = 0; run < 50_000; run++) {
    if (!strategy.begin(run)) return { exhausted: true, executions: run, forbidden: undefined };
    const verdict = session.execute(strategy);
    if (verdict?.grade === 'forbidden') {
      return { exhausted: false, executions: run + 1, forbidden: verdict.key };
    }
  }
  return { exhausted: false, executions: 50_000, forbidden: undefined };
}

/** Harmless rows, and what masks the site. */
const CASES = [
  { site: O_03, mask: O_12 },
  { site: O_09, mask: O_11 },
  { site: O_11, mask: O_09 },
] as const;

const rowOf = (site: SiteId) =>
  DEMONSTRATIONS.find((d) => d.exhausted !== undefined && d.sites.join() === String(site))!;

test.serial('all executions within the bounds are harmless without O-03', async (t) => {
  const { scenario, exhausted } = rowOf(O_03);
  const alone = await search(scenario, [O_03], exhausted!);
  t.like(alone, { exhausted: true, forbidden: undefined });
  t.true(alone.executions > 1000, `${alone.executions} executions`);
});

for (const { site, mask } of CASES) {
  const names = `${siteName(site)} and ${siteName(mask)}`;
  test.serial(`the removal of ${names} is found within the bounds of the former`, async (t) => {
    const { scenario, exhausted } = rowOf(site);
    t.truthy((await search(scenario, [site, mask], exhausted!)).forbidden);
  });
}

for (const { scenario, sites } of DEMONSTRATIONS.filter(({ isProved }) => isProved === true)) {
  const names = sites.map(siteName).join('+');
  test.serial(`no state of ${scenario} without ${names} ends in anything forbidden`, async (t) => {
    const { file } = findScenario(scenario);
    const { exhausted, outcomes } = await exhaust({
      scenario: { file, name: scenario },
      ablated: sites,
      memory: 'lkmm',
      ms: 240_000,
    });
    t.true(exhausted);
    t.deepEqual(
      outcomes.map(({ grade }) => grade),
      ['acceptable'],
    );
  });
}

test('every masked site has a harmless row, and so has what masks it', (t) => {
  const harmless = DEMONSTRATIONS.filter(({ finds }) => finds === undefined);
  for (const site of [O_02, O_03, O_09, O_11, O_15]) {
    t.true(
      harmless.some(({ sites }) => sites.join() === String(site)),
      siteName(site),
    );
  }
  t.true([O_03, O_09, O_11].every(isProvedMasked));
  t.false(isProvedMasked(O_02));
});
