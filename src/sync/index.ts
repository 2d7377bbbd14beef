/**
 * Synchronisation of the harness's own threads: the classes, names and static methods of the npm package atomics-sync 1.0, which the
 * registry does not hand out here. With the package in place, this file is where its classes would be re-exported; what ours promise
 * beyond it is said at each. Locks of the simulated kernel are not these: they belong to `src/kernel`.
 */

export { Barrier, type BarrierObject } from './barrier.js';
export { Condition } from './condition.js';
export { DeadlockError, InvalidError, PermissionError } from './errors.js';
export { Mutex } from './mutex.js';
export { Once } from './once.js';
export { Semaphore } from './semaphore.js';
export { SpinLock } from './spin-lock.js';
export { INT32_MAX_VALUE, INT32_MIN_VALUE, type SharedWords } from './words.js';
