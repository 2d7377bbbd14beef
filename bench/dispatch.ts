/** The benchmarks of the dispatch hot path: alone, the handler, several CPUs at once, and while patches come and go. */

import { designs, dispatchCalls, handlers } from './dispatch-alone.js';
import { ftraceUsers } from './dispatch-users.js';
import { churn, perProcessor, throughput } from './dispatch-threads.js';
import type { Benchmark } from './harness.js';

/** All of them. */
export const dispatchBenchmarks: readonly Benchmark[] = [
  dispatchCalls,
  designs,
  ...handlers,
  ftraceUsers,
  ...throughput,
  ...perProcessor,
  ...churn,
];
