import test, { type ExecutionContext } from 'ava';
import { raceTest } from '../../src/testing/ava.js';

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

test('a failing race says what was found, where, and how to see it again', async (t) => {
  const failures: string[] = [];
  const inner = {
    pass: () => undefined,
    log: () => undefined,
    fail: (message?: string) => failures.push(message ?? ''),
  } as unknown as ExecutionContext;
  await raceTest(scenario, { scenario: 'mailbox-unfenced' })(inner);
  t.is(failures.length, 1);
  t.regex(
    failures[0]!,
    /^torn: the mailbox is full.*\nexecution \d+ of mailbox-unfenced, seed 1, memory lkmm\nreplay: klp-smp replay klp2\./,
  );
});

test('a file with several scenarios needs the name of one', async (t) => {
  const error = await t.throwsAsync(async () => raceTest(scenario)(t), { code: 'ERR_USAGE' });
  t.regex(error.message, /mailbox, mailbox-unfenced/);
});
