/** Worker entry: runs litmus jobs for the pool of the litmus use cases. */
import { runLitmusBatch, type LitmusBatch, type LitmusResult } from '../src/litmus/batch.js';

/** Run the first jobs of a batch. */
export default function run(batch: LitmusBatch): Promise<LitmusResult[]> {
  return runLitmusBatch(batch);
}
