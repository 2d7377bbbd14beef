// The locks of this package: two threads, one after the other.
import { program } from 'klp-smp/javascript';
import { Mutex } from '../../dist/src/sync/index.js';

export const mutex = program({
  shared: () => ({ lock: Mutex.init(), data: new Int32Array(new SharedArrayBuffer(4)) }),
  threads: [1, 2].map((id) => ({ lock, data }) => {
    Mutex.lock(lock, id);
    data[0] = data[0] + 1;
    Mutex.unlock(lock, id);
  }),
  outcome: (_, { data }) => data[0],
  acceptable: { 2: 'both counted' },
});
