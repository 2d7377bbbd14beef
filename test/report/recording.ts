/** A finding for the tests of pages and traces: disable-call without O-01, found again with the current code. */

import { exploreRange } from '../../src/campaign/work/range.js';
import { findScenario } from '../../src/campaign/scenarios/find-scenario.js';
import { loadScenario, Session } from '../../src/explorer/engine/session.js';
import { record } from '../../src/explorer/findings/record.js';
import type { Recording } from '../../src/explorer/findings/recording.js';
import { RandomStrategy } from '../../src/explorer/strategies/random.js';

/** Token of a WARN 34, and what is recorded of it. */
export async function recordedWarn(): Promise<{ token: string; recording: Recording }> {
  const { file } = findScenario('disable-call');
  const loaded = await loadScenario({ file, name: 'disable-call' });
  const session = new Session(loaded, { memory: 'lkmm', ablated: [1] }, { log: true });
  // Seen in 1.7 % of the executions.
  const { tally } = exploreRange(session, new RandomStrategy(1), {
    from: 0,
    to: 3000,
    deadline: Infinity,
    stopAt: 'forbidden',
  });
  const token = tally.outcomes.find(({ key }) => key === 'WARN 34')?.token;
  if (token === undefined) throw new Error('no WARN 34 in 3,000 executions');
  return { token, recording: record(session, token, { command: `klp-smp replay ${token}` }) };
}
