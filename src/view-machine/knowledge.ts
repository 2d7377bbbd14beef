/** Which writes of each CPU happen before something that a CPU has read: what return edges are found by. */

import type { Message } from './location.js';
import type { Processor } from './processor.js';

/** Whether reading a message would tell a CPU of writes it does not know. */
export function teaches(p: Processor, m: Message): boolean {
  return (p.known[m.writer] as number) < m.index;
}

/** Take over what a message of another CPU knows. */
export function learn(p: Processor, m: Message): void {
  if (!teaches(p, m)) return;
  learnAll(p, m.known);
  p.known[m.writer] = m.index;
}

/** Take over an index of a known write for each CPU. */
export function learnAll(p: Processor, indices: readonly number[]): void {
  const { known } = p;
  for (let cpu = 0; cpu < indices.length; cpu++) {
    const index = indices[cpu] as number;
    if ((known[cpu] as number) < index) known[cpu] = index;
  }
  p.knowledge++;
}

/** Let a message know what its writer knows. */
export function teach(p: Processor, m: Message): void {
  // A message keeps its array: another one for each would be garbage soon.
  for (let cpu = 0; cpu < p.known.length; cpu++) m.known[cpu] = p.known[cpu] as number;
}
