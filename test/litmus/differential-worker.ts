/** Worker of `npm run differential`. */
import { differential, type Differential } from './differential.js';

/** Run a range of seeds. */
export default function run({ from, to }: { from: number; to: number }): Differential {
  return differential(from, to);
}
