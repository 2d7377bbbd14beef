import { join } from 'node:path';
import test from 'ava';
import { ablate, explore } from '../../src/index.js';
import { ROOT } from '../docs/rooms.js';

const example = (name: string): string => join(ROOT, 'examples', name);
const few = { budgetMs: 60_000, threads: 1, minimise: false } as const;

test('a race of one’s own says what the removal of a site leads to, and ablate finds it', async (t) => {
  const { rows } = await ablate({ scenario: example('disable.js'), threads: 1 });
  t.deepEqual(
    rows.map(({ removed, found, asExpected }) => ({ removed, found, asExpected })),
    [{ removed: ['O-01'], found: ['WARN 34'], asExpected: true }],
  );
});

test('with all, a race of one’s own is searched with nothing removed too', async (t) => {
  const scenario = `${example('disable.js')}#disable`;
  const { rows } = await ablate({ scenario, all: true, threads: 1, harmlessMs: 300 });
  t.deepEqual(
    rows.map(({ removed, asExpected }) => ({ removed, asExpected })),
    [
      { removed: ['O-01'], asExpected: true },
      { removed: [], asExpected: true },
    ],
  );
});

test('a prediction on another kernel', async (t) => {
  const scenario = example('disable.js');
  const { rows } = await ablate({ scenario, sites: ['O-01'], kernel: '6.1', threads: 1 });
  t.is(rows[0]?.scenario, `${scenario}#disable@6.1`);
  t.true(rows[0]?.asExpected);
});

for (const [scenario, sites] of [
  ['disable.js', ['O-04']],
  ['mailbox.js', undefined],
] as const) {
  test(`nothing is ablated of ${scenario} that it does not predict: ${String(sites)}`, async (t) => {
    const options = { scenario: example(scenario), ...(sites === undefined ? {} : { sites }) };
    await t.throwsAsync(ablate(options), {
      code: 'ERR_USAGE',
      message: /predicts nothing of these/,
    });
  });
}

for (const scenario of ['disable.js@7.3', 'disable.js#disable@7.3']) {
  test(`${scenario} is that race on that kernel`, async (t) => {
    const result = await explore({ scenario: example(scenario), executions: 3, ...few });
    t.is(result.scenario, 'disable@7.3');
  });
}

test('a file with one race takes --kernel', async (t) => {
  const result = await explore({
    ...{ scenario: example('disable.js'), kernel: '6.12', executions: 3 },
    ...few,
  });
  t.is(result.scenario, 'disable@6.12');
});

test('a file with several races says how each is named', async (t) => {
  const scenario = example('ring-buffer.js');
  const names = new RegExp(`several scenarios: give one of ${scenario}#ring-buffer, `);
  await t.throwsAsync(explore({ scenario }), { code: 'ERR_USAGE', message: names });
  const none = { code: 'ERR_USAGE', message: /has no scenario ring: give one of/ };
  await t.throwsAsync(explore({ scenario: `${scenario}#ring` }), none);
});
