/** Which writes of each CPU happen before something that a CPU has read. It serves to find return edges. */

import type { Message } from './location.js';
import type { Processor } from './processor.js';

/** Whether a message tells of writes that a CPU does not know. */
export function teaches(cpu: Processor, message: Message): boolean {
  return (cpu.known[message.writer] as number) < message.index;
}

/** Take over what a message of another CPU knows. */
export function learn(cpu: Processor, message: Message): void {
  if (!teaches(cpu, message)) return;
  learnAll(cpu, message.known);
  cpu.known[message.writer] = message.index;
}

/** Take over an index of a known write for each CPU. */
export function learnAll(processor: Processor, indices: readonly number[]): void {
  const { known } = processor;
  for (let cpu = 0; cpu < indices.length; cpu++) {
    const index = indices[cpu] as number;
    if ((known[cpu] as number) < index) known[cpu] = index;
  }
  processor.knowledge++;
}

/** Let a message know what its writer knows. */
export function teach(processor: Processor, message: Message): void {
  // A message keeps its array, since a new array each time would only make garbage.
  for (let cpu = 0; cpu < processor.known.length; cpu++)
    message.known[cpu] = processor.known[cpu] as number;
}
