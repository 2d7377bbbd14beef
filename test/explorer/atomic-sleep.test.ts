/** A sleep with a spin lock held, or with preemption off, is a finding in every engine; the same code put right is clean. */

import test from 'ava';
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { decodeToken } from '../../src/explorer/findings/token.js';
import { minimise } from '../../src/explorer/findings/minimise.js';
import type { MemoryKind } from '../../src/explorer/engine/explorer-memory.js';
import { DfsStrategy } from '../../src/explorer/strategies/dfs.js';
import { RandomStrategy } from '../../src/explorer/strategies/random.js';
import { ATOMIC_SLEEP } from '../../src/memory/fault.js';
import { fixture, runAll, sessionOf } from './sessions.js';

const MAIN = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));
const FILE = fixture('atomic');

const WRONG = {
  'under-lock': /: sleeping function called from invalid context: halt\(\) with a spin lock held$/,
  'under-two': /: wait\(\) with 2 spin locks held and preemption disabled$/,
  'after-one-of-two': /: wait\(\) with preemption disabled$/,
  'under-try': /: wait\(\) with a spin lock held$/,
  'says-so': /: refill\(\) with preemption disabled$/,
  seldom: /: wait\(\) with a spin lock held$/,
} as const;
const RIGHT = ['after-lock', 'after-both', 'after-try', 'beside'];

for (const memory of ['sc', 'lkmm'] as MemoryKind[]) {
  for (const [name, detail] of Object.entries(WRONG)) {
    test(`${memory}: ${name} is found by the search, says what is held, and its token replays twice`, async (t) => {
      const session = await sessionOf(FILE, name, memory);
      const strategy = new DfsStrategy(session.execution.cpus.length);
      let found = strategy.begin() ? session.execute(strategy) : null;
      while (found?.key !== ATOMIC_SLEEP && strategy.begin()) found = session.execute(strategy);
      t.is(found?.key, ATOMIC_SLEEP);
      t.is(found?.grade, 'forbidden');
      t.regex(found?.detail ?? '', detail);
      minimise(session, session.execution.log.schedule(), ATOMIC_SLEEP);
      const { schedule, hash } = decodeToken(session.token());
      for (let i = 0; i < 2; i++) {
        t.is(session.replay(schedule).key, ATOMIC_SLEEP);
        t.is(session.execution.hash >>> 0, hash);
      }
    });
  }

  for (const name of RIGHT) {
    test(`${memory}: ${name} is exhausted and clean`, async (t) => {
      const session = await sessionOf(FILE, name, memory);
      const { keys } = runAll(session, new DfsStrategy(session.execution.cpus.length));
      t.deepEqual([...keys.keys()], ['done']);
    });
  }

  for (const [name, key] of [
    ['mutex-under-lock', ATOMIC_SLEEP],
    ['mutex-after-lock', 'done'],
    ['synchronize-in-reader', ATOMIC_SLEEP],
    ['synchronize-after-reader', 'done'],
  ] as const) {
    test(`${memory}: in the kernel, ${name} shows ${key}`, async (t) => {
      const { keys } = runAll(await sessionOf(FILE, name, memory), new RandomStrategy(1), 50);
      t.deepEqual([...keys], [[key, 50]]);
    });
  }
}

test('explore names the finding, and the command that it prints replays it', (t) => {
  const klp = (...args: string[]): { status: number | null; stdout: string } =>
    spawnSync(process.execPath, [MAIN, ...args], { encoding: 'utf8' });
  const { status, stdout } = klp('explore', `${FILE}#seldom`, '--runs', '200');
  t.is(status, 1);
  t.regex(stdout, /forbidden +atomic sleep +\d+ +CPU 1: sleeping function called from invalid/);
  const printed = /replay: klp-smp (.*)/.exec(stdout)?.[1] ?? '';
  const replayed = klp(...printed.split(' '));
  t.is(replayed.status, 1);
  t.regex(replayed.stdout, /^forbidden: atomic sleep: CPU 1: /m);
});
