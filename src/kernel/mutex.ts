/** struct mutex: an owner word, and a queue of sleepers behind a spinlock. */

import { struct } from '../memory/struct.js';
import { TASK, TASK_RUNNING, TASK_UNINTERRUPTIBLE } from './task.js';
import {
  dequeueWaiter,
  enqueueWaiter,
  setCurrentState,
  sleepOnQueue,
  WAIT_QUEUE,
  wakeFirst,
} from './wait.js';
import type { Addr, Cpu, SiteId } from './types.js';

/** Words of a mutex. `queue` is a {@link WAIT_QUEUE}. */
export const MUTEX = struct('mutex', { owner: 1, queue: WAIT_QUEUE.size, pad: 1 });

/** Lowest bit of the owner: a task sleeps until it gets the mutex. Tasks are aligned, so the bit is free. */
const WAITERS_BIT = 0;
const WAITERS = 1 << WAITERS_BIT;

/** `mutex_trylock()`. */
export function mutexTrylock(cpu: Cpu, mutex: Addr): boolean {
  return cpu.cmpxchgAcquire(mutex + MUTEX.owner, 0, cpu.current) === 0;
}

/** `mutex_lock()`: sleeps. With an ablated site the mutex is not taken.
 * @kernel mutex_lock, kernel/locking/mutex.c:281 (v6.1) */
export function mutexLock(cpu: Cpu, mutex: Addr, site?: SiteId): void {
  if (site !== undefined && cpu.ablates(site)) return;
  cpu.mightSleep('mutex_lock()');
  if (cpu.cmpxchgAcquire(mutex + MUTEX.owner, 0, cpu.current) === 0) return;
  lockSlowpath(cpu, mutex);
}

function lockSlowpath(cpu: Cpu, mutex: Addr): void {
  const queue = mutex + MUTEX.queue;
  cpu.spinLock(queue + WAIT_QUEUE.lock);
  enqueueWaiter(cpu, queue);
  cpu.setBit(mutex + MUTEX.owner, WAITERS_BIT);
  for (;;) {
    setCurrentState(cpu, TASK_UNINTERRUPTIBLE);
    if (cpu.cmpxchgAcquire(mutex + MUTEX.owner, WAITERS, cpu.current | WAITERS) === WAITERS) break;
    sleepOnQueue(cpu, queue);
  }
  dequeueWaiter(cpu, queue, cpu.current);
  if (cpu.get(queue + WAIT_QUEUE.first) === 0) cpu.clearBit(mutex + MUTEX.owner, WAITERS_BIT);
  cpu.writeOnce(cpu.current + TASK.state, TASK_RUNNING);
  cpu.spinUnlock(queue + WAIT_QUEUE.lock);
}

/** `mutex_unlock()`.
 * @kernel mutex_unlock, kernel/locking/mutex.c:541 (v6.1) */
export function mutexUnlock(cpu: Cpu, mutex: Addr, site?: SiteId): void {
  if (site !== undefined && cpu.ablates(site)) return;
  const { current } = cpu;
  // Pairs with the acquiring cmpxchg of the next owner.
  if (cpu.cmpxchgRelease(mutex + MUTEX.owner, current, 0) === current) return;
  const queue = mutex + MUTEX.queue;
  cpu.spinLock(queue + WAIT_QUEUE.lock);
  cpu.storeRelease(mutex + MUTEX.owner, WAITERS);
  wakeFirst(cpu, queue);
  cpu.spinUnlock(queue + WAIT_QUEUE.lock);
}
