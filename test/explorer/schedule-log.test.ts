/** What is recorded of an execution so that it can be replayed. */

import test from 'ava';
import { findScenario } from '../../src/campaign/scenarios/find-scenario.js';
import { ScheduleLog } from '../../src/explorer/engine/schedule.js';
import { loadScenario, Session, type SessionOptions } from '../../src/explorer/engine/session.js';
import { RandomStrategy } from '../../src/explorer/strategies/random.js';

test('a log that is full says so, and hands out no part of a schedule', (t) => {
  const log = new ScheduleLog(3);
  log.switch(-1, 0, 1);
  log.choice(1, 4, 0, 2);
  log.switch(1, 9, 0);
  t.true(log.isWhole);
  t.deepEqual(log.schedule(), {
    switches: [
      { cpu: -1, at: 0, to: 1 },
      { cpu: 1, at: 9, to: 0 },
    ],
    choices: [{ cpu: 1, step: 4, index: 0, value: 2 }],
  });
  log.switch(0, 12, 1);
  t.false(log.isWhole);
  t.throws(() => log.schedule(), { code: 'ERR_USAGE', message: /more than 3 decisions.*--steps/ });
  log.clear();
  log.choice(0, 1, 0, 1);
  t.deepEqual(log.schedule(), { switches: [], choices: [{ cpu: 0, step: 1, index: 0, value: 1 }] });
});

test('looking for data races from the first execution on finds the same, in the same executions', async (t) => {
  const loaded = await loadScenario({
    file: findScenario('system-enable-disable').file,
    name: 'system-enable-disable',
  });
  const seen = (options: SessionOptions): unknown[] => {
    const session = new Session(loaded, { memory: 'lkmm', ablated: [22] }, options);
    const strategy = new RandomStrategy(1);
    return Array.from({ length: 6 }, (_, run) => {
      strategy.begin(run);
      const { key, detail } = session.execute(strategy) ?? {};
      return [key, detail, session.execution.hash];
    });
  };
  const found = seen({ racesAtOnce: true });
  t.deepEqual(found, seen({}));
  t.true(found.some((one) => (one as unknown[])[0] === 'data race'));
});
