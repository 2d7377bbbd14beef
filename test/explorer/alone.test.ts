import test from 'ava';
import { RandomStrategy } from '../../src/explorer/strategies/random.js';
import type { MemoryKind } from '../../src/explorer/engine/explorer-memory.js';
import { catalogSession, runAll } from './sessions.js';

/** As the random strategy, but asked after every operation, even when no other CPU can go on. */
class AskedAlways extends RandomStrategy {
  override readonly restsAlone = false;
}

const SEED = 11;

/** Races in which CPUs wait for locks, for words and for interrupts, and a whole machine. */
const SCENARIOS = [
  { name: 'disable-switch', runs: 60 },
  { name: 'two-admins', runs: 60 },
  { name: 'hotplug-idle', runs: 60 },
  { name: 'idle-cpu', runs: 60 },
  { name: 'system-enable-disable', runs: 3 },
] as const;

for (const { name, runs } of SCENARIOS) {
  for (const memory of ['sc', 'lkmm'] satisfies MemoryKind[]) {
    test.serial(
      `${name}, ${memory}: asking nobody while one CPU is alone changes no execution`,
      async (t) => {
        t.log(`seed ${SEED}`);
        const session = await catalogSession(name, name, memory);
        const seldom = runAll(session, new RandomStrategy(SEED), runs);
        const always = runAll(session, new AskedAlways(SEED), runs);
        t.is(seldom.hashes.length, runs);
        t.deepEqual(seldom.hashes, always.hashes);
      },
    );
  }
}
