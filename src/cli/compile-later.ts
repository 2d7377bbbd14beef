/** Makes V8 optimise code later, for commands whose workers execute the same code, each compiling it for itself. */

import { setFlagsFromString } from 'node:v8';

/** About three times Node 20's own budget. Later versions have no such flag, and a second compiler in between. */
const BUDGET = '--interrupt-budget=400000';
const V8_OF_NODE_20 = '11.';

/**
 * Let functions run longer before they are optimised. Compilers run beside the workers: on two cores two workers then take a
 * quarter less time over a folder of litmus tests, and one takes no more. For the whole process, so only for a command.
 */
export function compileLater(): void {
  if (process.versions.v8.startsWith(V8_OF_NODE_20)) setFlagsFromString(BUDGET);
}
