/** The writer thread of the handler's differential test: changes the state over and over, and counts the changes. */

import { workerData } from 'node:worker_threads';
import { StateWriter, type Arena } from './handler-states.js';

const { arena, seed } = workerData as { arena: Arena; seed: number };
const words = new Int32Array(arena.buffer);
const writer = new StateWriter(arena, seed);
while (Atomics.load(words, arena.stop) === 0) {
  Atomics.add(words, arena.sequence, 1);
  writer.any();
  Atomics.add(words, arena.sequence, 1);
  // Room for a reader to see one state twice.
  for (let i = 0; i < 50; i++) Atomics.load(words, arena.sequence);
}
