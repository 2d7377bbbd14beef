/** The dispatch hot path: what a call of a patchable function costs, alone, with other CPUs, and while patches come and go. */

import { dispatchCalls, handlers } from './dispatch-alone.js';
import { churn, perProcessor, throughput } from './dispatch-threads.js';
import { main } from './harness.js';

await main([dispatchCalls, ...handlers, ...throughput, perProcessor, ...churn]);
