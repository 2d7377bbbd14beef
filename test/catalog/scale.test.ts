import test from 'ava';
import { build, SCALE_STATE, SCALE_SYMBOL, SCALE_WORK } from '../../src/catalog/scale.js';
import { runOnThreads } from '../../src/threads/engine.js';

const workload = new URL('../../src/catalog/scale.js', import.meta.url).href;

for (const work of SCALE_WORK) {
  test(`${work}: is done again and again, and never fails`, async (t) => {
    const options = { work, cpus: 2, tasks: 20 };
    const counter = build(options).booted.symbol(SCALE_SYMBOL) + SCALE_STATE.done;
    const enough = new AbortController();
    const { outcomes, findings, stall } = await runOnThreads({
      workload,
      options,
      durationMs: 60_000,
      signal: enough.signal,
      onProgress: (_, words) => {
        if (Atomics.load(words, counter) > 2) enough.abort();
      },
    });
    const [done, failed] = outcomes;
    t.true((done?.count ?? 0) > 2);
    t.is(failed?.count, 0);
    t.deepEqual([findings.length, stall], [0, undefined]);
  });
}
