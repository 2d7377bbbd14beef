/** Rate of the explorer: operations a second of CPU time, on one thread, over both memories. */

import type { MemoryKind } from '../src/explorer/engine/explorer-memory.js';
import { catalogModule } from '../src/explorer/build/modules.js';
import { loadScenario, Session } from '../src/explorer/engine/session.js';
import { DEFAULT_SCHEDULE } from '../src/explorer/engine/schedule.js';
import type { Strategy } from '../src/explorer/engine/strategy.js';
import { RandomStrategy } from '../src/explorer/strategies/random.js';
import { ReplayStrategy } from '../src/explorer/strategies/replay.js';
import { main, type Benchmark, type MeasuredTask, type Settings } from './harness.js';
import { explorationRate } from './exploration-rate.js';

/** How a rate is measured. */
interface Rated {
  readonly aim?: number;
  /** Default: executions at random. */
  readonly strategy?: Strategy;
}

/** Measures a rate: millions of operations for each second that this process was given a processor. */
async function rateTask(
  label: string,
  file: string,
  name: string,
  memory: MemoryKind,
  settings: Settings,
  { aim, strategy = new RandomStrategy(settings.seed) }: Rated = {},
): Promise<MeasuredTask> {
  const loaded = await loadScenario({ file: catalogModule(file), name });
  const session = new Session(loaded, { memory, ablated: [] });
  return {
    name: label,
    ...(aim === undefined ? {} : { aim }),
    isBusy: true,
    measure: explorationRate(session, strategy, (tally) => tally.steps),
  };
}

const RACE = 'disable-switch';
/** 4 CPUs, 16 tasks, one enable and one disable. */
const SYSTEM = 'system-enable-disable';

const rate: Benchmark = {
  name: 'explorer rate',
  unit: 'M operations/s',
  better: 'higher',
  baseline: 'protocol, 2 tasks, sc',
  isSeeded: true,
  tasks: async (settings) => [
    await rateTask(
      'protocol, 2 tasks, sc',
      'disable-protocol',
      'disable-protocol-2',
      'sc',
      settings,
      { aim: 5 },
    ),
    await rateTask(
      'protocol, 2 tasks, lkmm',
      'disable-protocol',
      'disable-protocol-2',
      'lkmm',
      settings,
    ),
    await rateTask('kernel race, sc', RACE, RACE, 'sc', settings, { aim: 0.5 }),
    await rateTask('kernel race, lkmm', RACE, RACE, 'lkmm', settings),
    await rateTask('kernel race, sc, never preempted', RACE, RACE, 'sc', settings, {
      strategy: new ReplayStrategy(DEFAULT_SCHEDULE),
    }),
    await rateTask('kernel race, lkmm, never preempted', RACE, RACE, 'lkmm', settings, {
      strategy: new ReplayStrategy(DEFAULT_SCHEDULE),
    }),
    await rateTask('whole machine, sc', SYSTEM, SYSTEM, 'sc', settings, { aim: 0.5 }),
    await rateTask('whole machine, lkmm', SYSTEM, SYSTEM, 'lkmm', settings),
  ],
};

await main([rate]);
