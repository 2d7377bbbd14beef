import test, { type ExecutionContext } from 'ava';
import { raceTest, type RaceTestOptions } from '../../src/testing/ava.js';
import { seedOf } from '../../src/testing/check-race.js';
import { raceTest as nodeTest } from '../../src/testing/node-test.js';
import { raceTest as vitest } from '../../src/testing/vitest.js';

const scenario = new URL('./mailbox.scenario.js', import.meta.url);

test(
  'a mailbox with its fences delivers whole messages',
  raceTest(scenario, { scenario: 'mailbox' }),
);

test(
  'without the fence of the sender a message arrives torn',
  raceTest(scenario, { scenario: 'mailbox-unfenced', finds: 'torn' }),
);

test(
  'on a sequentially consistent machine nobody misses the fence',
  raceTest(scenario, { scenario: 'mailbox-unfenced', memory: 'sc' }),
);

/** A test that only notes how it fails. */
function noting(title?: string): { readonly failures: string[]; readonly t: ExecutionContext } {
  const failures: string[] = [];
  const t = {
    title,
    pass: () => undefined,
    log: () => undefined,
    fail: (message?: string) => failures.push(message ?? ''),
  } as unknown as ExecutionContext;
  return { failures, t };
}

test('a failing race says what was found, where, and how to see it again', async (t) => {
  const { failures, t: inner } = noting();
  await raceTest(scenario, { scenario: 'mailbox-unfenced' })(inner);
  t.is(failures.length, 1);
  t.regex(
    failures[0]!,
    /^torn: the mailbox is full.*\nexecution \d+ of mailbox-unfenced, seed 1, memory lkmm\nreplay: npx klp-smp replay klp\d+\.\S+ --file \S+mailbox\.scenario\.js\n/,
  );
  t.regex(
    failures[0]!,
    /\nCPU \d\n[^]*read mailbox\.message → 0 \(old value .*mailbox\.scenario\.ts:\d+/,
  );
});

test('the seed is that of the title, whatever other tests there are', async (t) => {
  const found = async (title: string): Promise<string> => {
    const { failures, t: inner } = noting(title);
    await raceTest(scenario, { scenario: 'mailbox-unfenced' })(inner);
    return failures[0] ?? '';
  };
  const [one, again, other] = [await found('one'), await found('one'), await found('other')];
  t.is(one, again);
  t.regex(one, new RegExp(`seed ${seedOf('one')},`));
  t.regex(other, new RegExp(`seed ${seedOf('other')},`));
});

for (const options of [
  { executions: 0 },
  { executions: -5 },
  { executions: NaN },
  { executions: '7' },
  { budgetMs: 0 },
  { executons: 10 },
  { memory: 'tso' },
  { seed: 1.5 },
  { without: ['O-77'] },
  { finds: '' },
]) {
  test(`a test that would check nothing fails: ${JSON.stringify(options)}`, async (t) => {
    for (const make of [raceTest, nodeTest, vitest] as unknown as (typeof raceTest)[]) {
      const run = make(scenario, { scenario: 'mailbox', ...options } as RaceTestOptions);
      const context = { ...noting().t, diagnostic: () => undefined, task: { name: 'x' } };
      await t.throwsAsync(async () => run(context as unknown as ExecutionContext), {
        code: 'ERR_USAGE',
        message: new RegExp(Object.keys(options)[0]!),
      });
    }
  });
}

test('a file with several scenarios needs the name of one', async (t) => {
  const error = await t.throwsAsync(async () => raceTest(scenario)(t), { code: 'ERR_USAGE' });
  t.regex(error.message, /several scenarios: give .*'mailbox', 'mailbox-unfenced'/);
});
