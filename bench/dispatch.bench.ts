/** What a call of a patchable function costs. */

import { dispatchBenchmarks } from './dispatch.js';
import { main } from './harness.js';

await main(dispatchBenchmarks);
