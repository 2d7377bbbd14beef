/** The axioms of LKMM accept what the explorer shows of kernel code, and reject what a broken memory would show. */

import test from 'ava';
import { catalogueScenarios } from '../../src/campaign/scenarios/scenarios.js';
import { exploreRange } from '../../src/campaign/work/range.js';
import { emptyTally, addTally, type Tally } from '../../src/campaign/work/tally.js';
import { askAxioms } from '../../src/explorer/findings/axioms.js';
import { decodeToken } from '../../src/explorer/findings/token.js';
import { loadScenario, Session, type SessionOptions } from '../../src/explorer/engine/session.js';
import { RandomStrategy } from '../../src/explorer/strategies/random.js';
import { EVENT_READ } from '../../src/view-machine/log.js';
import type { Axiom } from '../../src/view-machine/validate/literal.js';
import type { Rule } from '../../src/view-machine/options.js';
import { judged } from '../../src/campaign/replay.js';
import type { VerifiedScenario } from '../../src/campaign/verify/verified.js';
import { judgeAxioms } from '../../src/campaign/verify/verify.js';
import { SimulatorBug } from '../../src/errors.js';
import { runMain } from '../cli/child.js';

const SEED = 1;

async function sessionOf(name: string, options: SessionOptions, ablated: number[] = []) {
  const { file } = catalogueScenarios().find((info) => info.name === name)!;
  return new Session(await loadScenario({ file, name }), { memory: 'lkmm', ablated }, options);
}

function explore(session: Session, runs: number, axioms: boolean): Tally {
  const range = { from: 0, to: runs, deadline: Infinity, stopAt: 'nothing' } as const;
  return exploreRange(session, new RandomStrategy(SEED), { ...range, axioms }).tally;
}

// Substrate that is poked, locks, grace periods, callbacks, code that fails as it is.
const RACES: readonly (readonly [string, number])[] = [
  ['disable-call', 15],
  ['hook-switch-flip', 8],
  ['hook-module-coming', 8],
  ['exit-loop', 5],
  ['task-loops', 5],
  ['free-unload', 15],
  ['two-admins', 6],
  ['shadow-old', 200],
  ['switch-self', 50],
];

for (const [name, runs] of RACES) {
  test(`${name}: the axioms accept each of ${runs} executions, which the log does not change`, async (t) => {
    const { axioms, ...counts } = explore(await sessionOf(name, { log: true }), runs, true);
    t.is(axioms!.accepted, runs);
    t.is(axioms!.rejected, null);
    t.true(axioms!.events > runs);
    t.deepEqual(counts, explore(await sessionOf(name, {}), runs, false));
  });
}

const REMOVED: readonly (readonly [Rule, Axiom])[] = [
  ['V-7', 'happens-before'],
  ['V-11', 'atomicity'],
];

for (const [rule, axiom] of REMOVED) {
  test(`without the rule ${rule}, executions of kernel code are rejected by ${axiom} (seed ${SEED})`, async (t) => {
    const session = await sessionOf('disable-protocol-2', { log: true, without: [rule] });
    const { axioms, executions } = explore(session, 200, true);
    t.true(axioms!.accepted < executions);
    t.is(axioms!.rejected!.axiom, axiom);
    session.replay(decodeToken(axioms!.rejected!.token).schedule);
    t.is(askAxioms(session).violated, axiom);
  });
}

test('a log that says something else than what happened is rejected', async (t) => {
  const session = await sessionOf('disable-protocol-2', { log: true });
  explore(session, 1, true);
  const log = session.log!;
  t.is(askAxioms(session).violated, null);
  const read = log.kind.findIndex((kind, i) => kind === EVENT_READ && log.from[i]! >= 0);
  log.value[read]! ^= 1;
  t.is(askAxioms(session).violated, 'coherence');
});

test('an execution without a log is never accepted', async (t) => {
  const session = await sessionOf('shadow-get', {});
  t.throws(() => askAxioms(session), { message: /there is no log/ });
});

test('counts of two parts add up, and the earliest rejection is kept', (t) => {
  const part = (run: number, accepted: number): Tally => ({
    ...emptyTally(),
    axioms: { accepted, events: 10, rejected: { axiom: 'rcu', run, token: `t${run}` } },
  });
  const total = emptyTally();
  addTally(total, part(7, 2));
  addTally(total, part(3, 4));
  addTally(total, emptyTally());
  t.deepEqual(total.axioms, {
    accepted: 6,
    events: 20,
    rejected: { axiom: 'rcu', run: 3, token: 't3' },
  });
});

test('verify --axioms says how many executions of each scenario they accepted', async (t) => {
  const args = ['verify', 'shadow-get', 'switch-self', '--runs', '40', '--twice', '--axioms'];
  const { exitCode, stdout } = await runMain(...args);
  t.is(exitCode, 0);
  t.regex(stdout, /shadow-get: 40 executions accepted by the axioms, \d+ events/);
  t.regex(stdout, /switch-self: 40 executions accepted by the axioms, \d+ events/);
});

test('replay --axioms says that the execution was accepted, in text and in JSON', async (t) => {
  const session = await sessionOf('switch-self', {});
  explore(session, 1, false);
  const token = session.token();
  const { stdout } = await runMain('replay', token, '--axioms');
  const [, events] = /^accepted by the axioms: (\d+) events$/m.exec(stdout) ?? [];
  t.true(Number(events) > 0);
  const { axioms } = JSON.parse((await runMain('replay', token, '--axioms', '--json')).stdout) as {
    axioms: unknown;
  };
  t.deepEqual(axioms, { events: Number(events), violated: null });
  t.notRegex((await runMain('replay', token)).stdout, /axioms/);
});

test('replay --axioms of a token of sc memory is refused', async (t) => {
  const { file } = catalogueScenarios().find(({ name }) => name === 'switch-self')!;
  const loaded = await loadScenario({ file, name: 'switch-self' });
  const session = new Session(loaded, { memory: 'sc', ablated: [] });
  explore(session, 1, false);
  const { exitCode, stderr } = await runMain('replay', session.token(), '--axioms');
  t.is(exitCode, 2);
  t.regex(stderr, /--axioms is for executions over lkmm memory.*sc memory/s);
});

test('verify --axioms --exhaust is refused', async (t) => {
  const { exitCode, stderr } = await runMain('verify', 'shadow-get', '--axioms', '--exhaust');
  t.is(exitCode, 2);
  t.regex(stderr, /axioms/);
});

test('a rejected execution of a verification or of a replay is our own fault, and names the axiom', async (t) => {
  const session = await sessionOf('disable-protocol-2', { log: true, without: ['V-7'] });
  const { axioms, executions } = explore(session, 100, true);
  const row = { scenario: 'disable-protocol-2', executions, axioms } as VerifiedScenario;
  const verifying = (rows: VerifiedScenario[]) => judgeAxioms({ rows, interrupted: false });
  const { message } = t.throws(() => verifying([row]), { instanceOf: SimulatorBug });
  t.true(message.includes('happens-before') && message.includes(axioms!.rejected!.token));
  t.notThrows(() => verifying([{ ...row, axioms: null }]));
  const unasked = { ...row, axioms: { accepted: executions - 1, events: 1, rejected: null } };
  t.throws(() => verifying([unasked]), { message: /were checked/ });

  const { token } = axioms!.rejected!;
  const contents = decodeToken(token);
  const verdict = session.replay(contents.schedule);
  const { hash, fingerprint } = contents;
  const told = { lines: [], decisive: null, inflection: null, ablated: [] };
  const report = { verdict, hash, fingerprint, repeats: true, ...told };
  t.notThrows(() => judged(contents, report));
  t.throws(() => judged(contents, { ...report, axioms: askAxioms(session) }), {
    instanceOf: SimulatorBug,
    message: /reject an execution of disable-protocol-2: happens-before/,
  });
});
