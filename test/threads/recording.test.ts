import test from 'ava';
import { DEFAULT_MIX } from '../../src/catalog/stress.js';
import { playRecording } from '../../src/campaign/recording/played-task.js';
import { recordingFile } from '../../src/campaign/recording/recording-file.js';
import { recordedScenario, recordPlan } from '../../src/campaign/stress/stress-record.js';
import { runOnThreads } from '../../src/threads/engine.js';

const STRESS = new URL('../../src/catalog/stress.js', import.meta.url).href;

test.serial('every operation of a clean run is executed again, over snapshots too', async (t) => {
  const options = { cpus: 3, tasks: 40, seed: 5, mix: DEFAULT_MIX };
  const run = await runOnThreads({
    ...{ workload: STRESS, options, durationMs: 5000, jiffiesPerMs: 16 },
    record: { ...recordPlan(5), snapshotMs: 400 },
  });
  const { periods, operations } = run.recorded!;
  t.is(periods.length, 2, 'a snapshot was taken');
  const finding = { key: '', detail: '' };
  const scenario = recordedScenario(options);
  const names = { finding, scenario, memory: 'atomics', changedBy: null, fingerprint: '' } as const;
  const file = recordingFile(run.recorded!, names);
  const request = { file, replace: undefined, operations: 100, token: '', command: '' };
  const played = await playRecording(request);
  t.is(played.divergence, undefined);
  t.is(played.finding, undefined);
  t.true(played.operations > 1000 && played.operations <= operations);
  const again = await playRecording(request);
  t.is(again.hash, played.hash);
});

test.serial('an operation that is not the one recorded is named by turn and CPU', async (t) => {
  const options = { cpus: 2, tasks: 16, seed: 6, mix: DEFAULT_MIX };
  const run = await runOnThreads({
    ...{ workload: STRESS, options, durationMs: 500, jiffiesPerMs: 16, record: recordPlan(6) },
  });
  const { periods, ...rest } = run.recorded!;
  const turns = Int32Array.from(periods.at(-1)!.turns);
  const middle = 3 * Math.floor(turns.length / 6);
  const changed = [...turns.keys()].find((i) => i >= middle && i % 3 === 0 && turns[i] !== -1)!;
  turns[changed + 2]! ^= 1;
  const names = {
    ...{ finding: { key: '', detail: '' }, scenario: recordedScenario(options) },
    ...({ memory: 'atomics', changedBy: null, fingerprint: '' } as const),
  } as const;
  const file = recordingFile({ ...rest, periods: [{ image: undefined, turns }] }, names);
  const request = { file, replace: undefined, operations: 0, token: '', command: '' };
  const { divergence } = await playRecording(request);
  t.regex(divergence ?? '', /turn \d+.*CPU \d, after its operation \d+: one of its \d+ operations/);
});

test.serial(
  'a transition that is under way at the end is a stall only where threads saw one',
  async (t) => {
    const options = { cpus: 2, tasks: 64, seed: 7, mix: DEFAULT_MIX };
    const run = await runOnThreads({
      ...{ workload: STRESS, options, durationMs: 500, jiffiesPerMs: 16, record: recordPlan(7) },
    });
    const { periods, ...rest } = run.recorded!;
    const { image, turns } = periods.at(-1)!;
    const endsAt = async (part: number, key: string): Promise<string | undefined> => {
      const length = 3 * Math.floor((part * turns.length) / 3);
      const cut = { ...rest, periods: [{ image, turns: Int32Array.from(turns.slice(0, length)) }] };
      const names = {
        ...{ finding: { key, detail: '' }, scenario: recordedScenario(options) },
        ...({ memory: 'atomics', changedBy: null, fingerprint: '' } as const),
      } as const;
      const request = { replace: undefined, operations: 0, token: '', command: '' };
      return (await playRecording({ file: recordingFile(cut, names), ...request })).finding?.key;
    };
    let stalled: number | undefined;
    for (let twentieth = 4; stalled === undefined && twentieth < 20; twentieth++) {
      if ((await endsAt(twentieth / 20, 'stall')) === 'stall') stalled = twentieth / 20;
    }
    t.not(stalled, undefined, 'one of these moments is in the middle of a transition');
    t.is(await endsAt(stalled!, ''), undefined);
  },
);
