/** Which steps of an execution decide its outcome, as far as a schedule can tell. */

import type { StoryStep } from '../engine/recorder.js';

/** The steps around every change of CPU, those with a weak answer or a removed order, and the last of all. */
export function decisiveSteps(steps: readonly StoryStep[]): Set<number> {
  const decisive = new Set<number>();
  let last = -1;
  steps.forEach((step, i) => {
    if (step.name === 'get' || step.name === 'set' || step.name === 'peek') return;
    const before = steps[last];
    if (before !== undefined && before.cpu !== step.cpu) decisive.add(last).add(i);
    const isWeak = step.choices.some((choice) => choice.value !== 0);
    if (isWeak || step.ablated.length > 0) decisive.add(i);
    last = i;
  });
  if (last >= 0) decisive.add(last);
  return decisive;
}
