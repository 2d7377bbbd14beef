import test from 'ava';
import { DfsStrategy } from '../../src/explorer/strategies/dfs.js';
import { exploreRange } from '../../src/campaign/work/range.js';
import type { MemoryKind } from '../../src/explorer/engine/explorer-memory.js';
import { RandomStrategy } from '../../src/explorer/strategies/random.js';
import { tell } from '../../src/explorer/findings/story.js';
import type { StopAt } from '../../src/campaign/work/tally.js';
import { fixture, runAll, sessionOf } from './sessions.js';

const broken = fixture('broken');

async function keysOf(name: string, memory: MemoryKind = 'sc'): Promise<string[]> {
  const session = await sessionOf(broken, name, memory);
  const { keys } = runAll(session, new DfsStrategy(session.execution.cpus.length));
  return [...keys.keys()].sort();
}

test('two locks taken in two orders deadlock, and the report says who waits for what', async (t) => {
  t.deepEqual(await keysOf('deadlock'), ['deadlock', 'ended']);
  const session = await sessionOf(broken, 'deadlock', 'sc');
  const strategy = new DfsStrategy(2);
  let detail = '';
  while (strategy.begin()) {
    const verdict = session.execute(strategy);
    if (verdict?.key !== 'deadlock') continue;
    ({ detail } = verdict);
    const story = tell(session, session.execution.log.schedule());
    t.is(story.blocked.length, 2);
    t.regex(story.blocked[0]?.stack[0] ?? '', /^lockAb .*broken\.ts:\d+$/);
    break;
  }
  t.regex(
    detail,
    /^CPU 0 waits for the lock data\[3\] in lockAb .*broken\.ts:\d+; CPU 1 waits for the lock data\[2\] in lockBa .*broken\.ts:\d+$/,
  );
});

test('a loop that never ends is a livelock, also one of fences alone', async (t) => {
  const session = await sessionOf(broken, 'livelock', 'sc');
  t.deepEqual([...runAll(session, new RandomStrategy(1), 3).keys.keys()], ['livelock']);
  const fencing = await sessionOf(broken, 'fencing', 'sc');
  t.deepEqual([...runAll(fencing, new RandomStrategy(1), 3).keys.keys()], ['livelock']);
});

test('a spin wait that another CPU ends is no livelock, one that nobody ends is a deadlock', async (t) => {
  t.deepEqual(await keysOf('waiting'), ['ended']);
  t.deepEqual(await keysOf('waiting', 'lkmm'), ['ended']);
  t.deepEqual(await keysOf('forgotten'), ['deadlock']);
});

test('unordered stores of substrate data race; a lock or a pair of fences orders them', async (t) => {
  t.deepEqual(await keysOf('unordered'), ['data race']);
  t.deepEqual(await keysOf('ordered'), ['ended']);
  t.deepEqual(await keysOf('fenced'), ['ended']);
  t.deepEqual(await keysOf('unfenced'), ['data race', 'ended']);
});

test('an access through a null pointer is an oops', async (t) => {
  t.deepEqual(await keysOf('oops'), ['oops']);
});

test('an error of the scenario itself is the user’s to correct', async (t) => {
  const session = await sessionOf(broken, 'throwing', 'sc');
  const error = t.throws(() => runAll(session, new RandomStrategy(1), 1));
  t.is((error as unknown as { code: string }).code, 'ERR_USAGE');
  t.regex(error.message, /scenario throwing: its code throws: TypeError: not my day/);
  t.regex(error.message, /broken\.ts:\d+/);
});

test('a timer that has expired on one CPU is armed anew on another without a race', async (t) => {
  const session = await sessionOf(fixture('timers'), 'rearmed');
  const { keys } = runAll(session, new RandomStrategy(1), 3000);
  t.deepEqual([...keys.keys()], ['ended']);
});

test('a CPU whose kernel code begins or ends to sleep gets tasks from another without a race', async (t) => {
  const session = await sessionOf(fixture('balance'), 'balance');
  const { keys } = runAll(session, new RandomStrategy(1), 1000);
  t.deepEqual([...keys.keys()], ['ended']);
});

test('a lock in freed memory, or released unheld, is an oops on both memories', async (t) => {
  for (const memory of ['sc', 'lkmm'] as const) {
    t.deepEqual(await keysOf('unheld', memory), ['oops']);
    t.deepEqual(await keysOf('freed-held', memory), ['oops']);
    t.true((await keysOf('freed-lock', memory)).includes('oops'));
    t.true((await keysOf('freed-trylock', memory)).includes('oops'));
    t.false((await keysOf('freed-lock', memory)).includes('deadlock'));
  }
});

test('an exchange after a wait sees what ended the wait, so that polling comes to an end', async (t) => {
  const session = await sessionOf(broken, 'exchange', 'lkmm');
  const strategy = new RandomStrategy(1);
  let longest = 0;
  for (let run = 0; run < 3000; run++) {
    strategy.begin(run);
    t.is(session.execute(strategy)?.key, 'ended');
    longest = Math.max(longest, session.execution.steps);
  }
  t.true(longest <= 12, `${longest} operations`);
});

test('a search for one outcome goes past other findings', async (t) => {
  const session = await sessionOf(broken, 'unfenced', 'lkmm');
  const range = { from: 0, to: 1000, deadline: Infinity } as const;
  const search = (stopAt: StopAt) => {
    const { tally, next } = exploreRange(session, new RandomStrategy(1), { ...range, stopAt });
    return { next, keys: tally.outcomes.map(({ key }) => key).sort() };
  };
  const first = search('forbidden');
  t.true(first.keys.includes('data race'));
  const ended = search({ key: 'ended' });
  t.true(ended.keys.includes('ended'));
  t.true(ended.next < range.to);
  for (const stopAt of ['nothing', { key: 'WARN 99' }] as const) {
    t.deepEqual(search(stopAt), { next: range.to, keys: ['data race', 'ended'] });
  }
});
