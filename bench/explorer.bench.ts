/** Rate of the explorer: operations a second of CPU time, on one thread, over both memories. */

import type { MemoryKind } from '../src/explorer/engine/explorer-memory.js';
import { catalogModule } from '../src/explorer/build/modules.js';
import { loadScenario, Session } from '../src/explorer/engine/session.js';
import { main, type Benchmark, type MeasuredTask, type Settings } from './harness.js';
import { randomRate } from './random-rate.js';

/** Measures the rate in random mode: millions of operations for each second that this process was given a processor. */
async function rateTask(
  label: string,
  file: string,
  name: string,
  memory: MemoryKind,
  settings: Settings,
  aim?: number,
): Promise<MeasuredTask> {
  const loaded = await loadScenario({ file: catalogModule(file), name });
  const session = new Session(loaded, { memory, ablated: [] });
  return {
    name: label,
    ...(aim === undefined ? {} : { aim }),
    isBusy: true,
    measure: randomRate(session, settings.seed, (tally) => tally.steps),
  };
}

/** 4 CPUs, 16 tasks, one enable and one disable. */
const SYSTEM = 'system-enable-disable';

const rate: Benchmark = {
  name: 'explorer rate',
  unit: 'M operations/s',
  better: 'higher',
  baseline: 'protocol, 2 tasks, sc',
  tasks: async (settings) => [
    await rateTask(
      'protocol, 2 tasks, sc',
      'disable-protocol',
      'disable-protocol-2',
      'sc',
      settings,
      5,
    ),
    await rateTask(
      'protocol, 2 tasks, lkmm',
      'disable-protocol',
      'disable-protocol-2',
      'lkmm',
      settings,
    ),
    await rateTask('kernel race, sc', 'disable-switch', 'disable-switch', 'sc', settings, 0.5),
    await rateTask('kernel race, lkmm', 'disable-switch', 'disable-switch', 'lkmm', settings),
    await rateTask('whole machine, sc', SYSTEM, SYSTEM, 'sc', settings, 0.5),
    await rateTask('whole machine, lkmm', SYSTEM, SYSTEM, 'lkmm', settings),
  ],
};

await main([rate]);
