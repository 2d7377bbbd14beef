/** Pools of worker threads. */

import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';

/** What all threads load first, see there. */
const FIRST = fileURLToPath(new URL('../workers/pool.cjs', import.meta.url));

/** How a pool is made; the rest is Piscina's own. */
type PoolOptions = Omit<
  NonNullable<ConstructorParameters<typeof Piscina>[0]>,
  'filename' | 'name' | 'workerData'
>;

/** Make a pool of threads that run the default export of an ES module, given as a URL. */
export function createPool<T, R>(entry: string | URL, options: PoolOptions): Piscina<T, R> {
  return new Piscina<T, R>({
    ...options,
    filename: FIRST,
    workerData: { entry: String(entry) },
  });
}
