/** Which CPUs can go on, and how. */

import type { GlobalState } from './global-state.js';

/** Choices in a state, as bits: the next operation of a CPU, a trylock of it that fails late, its interrupt. */
export function choicesOf(state: GlobalState): number {
  const n = state.cpuCount;
  let choices = 0;
  for (let cpu = 0; cpu < n; cpu++) {
    if (state.canGoOn(cpu)) {
      choices |= 1 << cpu;
      if (state.mayFail(cpu)) choices |= 1 << (n + cpu);
    }
    if (state.isInterrupted(cpu)) choices |= 1 << (2 * n + cpu);
  }
  return choices;
}
