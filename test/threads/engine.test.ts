import test from 'ava';
import { DEFAULT_MIX, type StressOptions } from '../../src/catalog/stress.js';
import { findingOutcomes } from '../../src/campaign/stress/machine-outcomes.js';
import { runOnThreads, type ThreadResult } from '../../src/threads/engine.js';
import type { FixtureOptions } from './fixtures.js';

const FIXTURES = new URL('./fixtures.js', import.meta.url).href;
const STRESS = new URL('../../src/catalog/stress.js', import.meta.url).href;

const fixture = (fault: FixtureOptions['fault'], more = {}): Promise<ThreadResult> =>
  runOnThreads({ workload: FIXTURES, options: { fault }, durationMs: 60_000, ...more });

test.serial(
  'a CPU whose thread throws ends the run as a simulator bug that names it',
  async (t) => {
    await t.throwsAsync(fixture('throws'), {
      code: 'ERR_SIMULATOR_BUG',
      message: /CPU \d died: TypeError: a mistake of the simulator/,
    });
  },
);

test.serial('a CPU that stops answering is named with its task and its last events', async (t) => {
  await t.throwsAsync(fixture('hangs', { silenceMs: 1500 }), {
    code: 'ERR_SIMULATOR_BUG',
    message:
      /CPU \d has taken no interrupt for 1500 ms; current task culprit:\d+; its last events:\n.*sched_switch/s,
  });
});

test.serial('an oops of the simulated kernel is a finding, not a bug of ours', async (t) => {
  const result = await fixture('executes nothing');
  const [oops] = findingOutcomes(result);
  t.is(oops?.grade, 'forbidden');
  t.regex(oops?.reason ?? '', /executes freed text \(word 0x63\)/);
});

test.serial('an interrupted run returns what it has', async (t) => {
  const controller = new AbortController();
  const result = await fixture('idles', {
    signal: controller.signal,
    onProgress: () => {
      controller.abort();
    },
  });
  t.true(result.interrupted);
  t.true(result.elapsedMs < 60_000);
  t.deepEqual(result.findings, []);
});

const stress = (more: Partial<StressOptions>, durationMs: number): Promise<ThreadResult> =>
  runOnThreads({
    workload: STRESS,
    options: { cpus: 3, tasks: 48, seed: 7, mix: DEFAULT_MIX, ...more } satisfies StressOptions,
    durationMs,
  });

test.serial('unmodified code shows no forbidden outcome under stress (seed 7)', async (t) => {
  const result = await stress({}, 8000);
  const found = findingOutcomes(result);
  for (const { trace } of found) t.log((trace ?? []).slice(-60).join('\n'));
  t.deepEqual(
    found.map(({ name, reason }) => `${name}: ${reason}`),
    [],
  );
  t.true(result.ends.every((end) => end.status === 'stopped'));
  t.deepEqual(
    result.outcomes.filter((o) => o.grade === 'forbidden' && o.count > 0),
    [],
  );
  t.true(result.outcomes.some((o) => o.count > 0));
});

/** On a slow machine that has other work a run of the rarest has taken 90 s: chance must have time. */
const MOST_MS = 600_000;

for (const sabotage of ['noSync', 'stackCheckPasses', 'noCopyProcess', 'noTasklistLock'] as const) {
  test.serial(`sabotage is found: ${sabotage} (seed 7)`, async (t) => {
    t.timeout(MOST_MS + 60_000);
    // Nothing but transitions: how soon one is caught depends on how many there are, and on what else the machine does.
    const mix = { ...DEFAULT_MIX, enable: 60, disable: 60, target: 0, hotplug: 0, ftrace: 0 };
    // Without synchronisation a CPU has to stand still inside a handler: many threads on few cores do.
    const size = sabotage === 'noSync' ? { cpus: 12, tasks: 64 } : { cpus: 4, tasks: 96 };
    const result = await stress({ sabotage: { [sabotage]: true }, ...size, mix }, MOST_MS);
    t.not(findingOutcomes(result).length, 0);
  });
}
