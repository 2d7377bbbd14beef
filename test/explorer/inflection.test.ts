import test from 'ava';
import { replay } from '../../src/campaign/replay.js';
import { createStrategy, exploreRange } from '../../src/campaign/work/range.js';
import { findScenario } from '../../src/campaign/scenarios/find-scenario.js';
import { loadScenario, Session } from '../../src/explorer/engine/session.js';
import { inflectionOf } from '../../src/explorer/findings/inflection.js';
import { minimise } from '../../src/explorer/findings/minimise.js';
import { decodeToken } from '../../src/explorer/findings/token.js';
import { O_04 } from '../../src/memory/sites.js';

async function sessionOf(name: string, ablated: readonly number[]): Promise<Session> {
  const loaded = await loadScenario({ file: findScenario(name).file, name });
  return new Session(loaded, { memory: 'lkmm', ablated });
}

async function shrunk(): Promise<{ session: Session; token: string }> {
  const session = await sessionOf('disable-switch', [O_04]);
  const range = { from: 0, to: 1000, deadline: Infinity, stopAt: { key: 'freed' } } as const;
  const strategy = createStrategy({ kind: 'random', seed: 1 }, session);
  const { tally } = exploreRange(session, strategy, range);
  const { token = '' } = tally.outcomes.find(({ key }) => key === 'freed') ?? {};
  minimise(session, decodeToken(token).schedule, 'freed');
  return { session, token: session.token() };
}

test('a finding is told by its decisive steps, and from which on it is no longer avoided: the stale read', async (t) => {
  const { token } = await shrunk();
  const { inflection, decisive, lines } = await replay({ token });
  t.true(lines.length > 1000);
  t.true((decisive?.length ?? Infinity) < 40);
  t.is(inflection?.tried, 128);
  t.regex(inflection?.text ?? '', /klp_func\[0\]\.transition → 0 \(old value.*klpFtraceHandler/);
  t.true(decisive?.some((line) => line.startsWith(`${inflection?.line}`.padStart(5))));
});

test('an inflection point is the same each time, and before it the finding is avoided', async (t) => {
  const { session, token } = await shrunk();
  const { schedule } = decodeToken(token);
  const found = inflectionOf(session, schedule);
  t.deepEqual(inflectionOf(session, schedule), found);
  t.true((found?.operations ?? 0) > 0);
  t.true((found?.operations ?? Infinity) < (found?.of ?? 0));
});
