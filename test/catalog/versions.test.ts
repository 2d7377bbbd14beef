import test from 'ava';
import { DEMONSTRATIONS } from '../../src/catalog/demonstrations.js';
import { ORDERINGS, siteName } from '../../src/catalog/orderings.js';
import {
  demonstrationsIn,
  hasSite,
  rowFor,
  siteRemark,
} from '../../src/catalog/orderings/versions.js';
import { catalogModule } from '../../src/explorer/build/modules.js';
import { loadScenario } from '../../src/explorer/engine/session.js';
import { KERNEL_VERSIONS } from '../../src/kernel/versions.js';
import { O_05, O_06, O_08, O_23, O_30, O_32 } from '../../src/memory/sites.js';

const reference = (name: string, module = 'hook-switch') => ({ file: catalogModule(module), name });

test('6.1 lacks the sites of the hook, the fence of the reverse and a buffer for each CPU; the others lack none', (t) => {
  for (const version of KERNEL_VERSIONS) {
    const missing = ORDERINGS.filter(({ id }) => !hasSite(version, id)).map(({ id }) => id);
    t.deepEqual(missing, version === '6.1' ? [O_06, O_08, O_23, O_32] : []);
  }
  t.regex(siteRemark('7.3', O_08) ?? '', /the only one/);
  t.is(siteRemark('6.12', O_08), undefined);
});

test('the matrix of a release has its races on that release, and no row of a site that it lacks', (t) => {
  for (const version of KERNEL_VERSIONS) {
    const rows = DEMONSTRATIONS.flatMap((row) => rowFor(version, row) ?? []);
    t.true(rows.length > 30, `${version}: ${rows.length}`);
    for (const { scenario, sites } of rows) {
      t.is(scenario.endsWith(`@${version}`), version !== '6.5');
      t.true(
        sites.every((site) => hasSite(version, site)),
        sites.map(siteName).join(),
      );
    }
  }
});

for (const version of KERNEL_VERSIONS) {
  test(`${version}: races about how often the hook reads the flag are those of a kernel that reads it so often`, (t) => {
    const rows = DEMONSTRATIONS.flatMap((row) => rowFor(version, row) ?? []);
    const races = rows.map(({ scenario }) => scenario).filter((it) => it.startsWith('hook-flag'));
    const expected = { '6.1': [], '6.5': ['second'], '6.12': ['second@6.12'], '7.3': ['once@7.3'] };
    t.deepEqual(
      races,
      expected[version].map((it) => `hook-flag-${it}`),
    );
  });
}

test('every site of a release is shown by a race of that release', (t) => {
  for (const version of KERNEL_VERSIONS) {
    for (const { id } of ORDERINGS.filter((it) => hasSite(version, it.id))) {
      const rows = demonstrationsIn(version, id);
      t.true(
        rows.some(({ finds }) => finds !== undefined),
        siteName(id),
      );
    }
  }
  const scenarios = demonstrationsIn('6.1', O_05).map(({ scenario }) => scenario);
  t.deepEqual(scenarios, ['reverse-switch@6.1']);
  t.true(demonstrationsIn('6.1', O_30).length > 0);
});

test('NAME@RELEASE is the scenario on that kernel, and its machine is that kernel’s', async (t) => {
  const { scenario } = await loadScenario(reference('hook-switch-reverse@7.3'));
  t.is(scenario.name, 'hook-switch-reverse@7.3');
  t.is(scenario.build().ctx.kernel?.version, '7.3');
  const own = await loadScenario(reference('hook-switch-reverse'));
  t.is(own.scenario.build().ctx.kernel?.version, '6.5');
});

test('a kernel that is not there, and a scenario without one, are wrong usage', async (t) => {
  await t.throwsAsync(loadScenario(reference('hook-switch-reverse@9.9')), {
    code: 'ERR_USAGE',
    message: 'there is no kernel 9.9; give one of 6.1, 6.5, 6.12, 7.3',
  });
  await t.throwsAsync(
    loadScenario(reference('system-enable-disable@7.3', 'system-enable-disable')),
    { code: 'ERR_USAGE', message: /runs on one kernel only/ },
  );
});
