/** What a CPU of the explorer can do, as the strategies, the trace hash and the story see it. */

/** How an operation interferes with those of other CPUs; the partial-order reduction rests on it. */
export const ACCESS_NONE = 0;
export const ACCESS_READ = 1;
export const ACCESS_WRITE = 2;
export const ACCESS_LOCK = 3;
/** A lock that was found held: the CPU is blocked and has not done anything yet. */
export const ACCESS_ATTEMPT = 4;
/** The end of a wait: caused by the last write. */
export const ACCESS_WAITED = 5;
/** An unordered look at a word, part of the step of the operation before it. */
export const ACCESS_PEEK = 6;

/** A store that is part of the same step as the operation after it. */
export const ACCESS_ALSO_WRITE = 7;

/** A try to take a lock: a write, and like {@link ACCESS_LOCK} something that who takes the lock later might have come before. */
export const ACCESS_TRYLOCK = 8;

/**
 * Numbers above all addresses, for things that are no words of the memory: the wait queue of a word, which sleepers
 * read and wakers write, and for each CPU the wake-up that it was given.
 */
const QUEUES = 2 ** 40;
const WAKE_UPS = 2 ** 41;

/** Stand-in for the wait queue of a word. */
export function queueOf(addr: number): number {
  return QUEUES + addr;
}

/** Stand-in for the wake-up of a CPU. */
export function wakeUpOf(cpu: number): number {
  return WAKE_UPS + cpu;
}

/** A kind of operation. */
export interface Operation {
  readonly code: number;
  /** What stories call it: the name in the source. */
  readonly name: string;
  readonly access: number;
}

const table: Operation[] = [];

function operation(name: string, access: number): Operation {
  const entry = { code: table.length, name, access };
  table.push(entry);
  return entry;
}

export const OP_READ = operation('read', ACCESS_READ);
export const OP_WRITE = operation('write', ACCESS_WRITE);
export const OP_READ_ONCE = operation('readOnce', ACCESS_READ);
export const OP_WRITE_ONCE = operation('writeOnce', ACCESS_WRITE);
export const OP_MB = operation('smpMb', ACCESS_NONE);
export const OP_RMB = operation('smpRmb', ACCESS_NONE);
export const OP_WMB = operation('smpWmb', ACCESS_NONE);
export const OP_LOAD_ACQUIRE = operation('loadAcquire', ACCESS_READ);
export const OP_STORE_RELEASE = operation('storeRelease', ACCESS_WRITE);
export const OP_XCHG = operation('xchg', ACCESS_WRITE);
export const OP_CMPXCHG = operation('cmpxchg', ACCESS_WRITE);
export const OP_FETCH_ADD = operation('fetchAdd', ACCESS_WRITE);
export const OP_ATOMIC_ADD = operation('atomicAdd', ACCESS_WRITE);
export const OP_SET_BIT = operation('setBit', ACCESS_WRITE);
export const OP_CLEAR_BIT = operation('clearBit', ACCESS_WRITE);
export const OP_TEST_BIT = operation('testBit', ACCESS_READ);
export const OP_TEST_AND_SET_BIT = operation('testAndSetBit', ACCESS_WRITE);
export const OP_TEST_AND_CLEAR_BIT = operation('testAndClearBit', ACCESS_WRITE);
export const OP_RCU_ASSIGN = operation('rcuAssignPointer', ACCESS_WRITE);
export const OP_RCU_DEREFERENCE = operation('rcuDereference', ACCESS_READ);
export const OP_LOCK = operation('spinLock', ACCESS_LOCK);
export const OP_TRYLOCK = operation('spinTrylock', ACCESS_TRYLOCK);
export const OP_UNLOCK = operation('spinUnlock', ACCESS_WRITE);
export const OP_PREEMPT_DISABLE = operation('preemptDisable', ACCESS_WRITE);
export const OP_PREEMPT_ENABLE = operation('preemptEnable', ACCESS_WRITE);
export const OP_RELAX = operation('relax', ACCESS_WAITED);
export const OP_MWAIT = operation('mwait', ACCESS_WAITED);
/** A sleep: begins, ends, does not begin since the word held something else, ends for no reason or by its time-out. */
export const OP_SLEEP = operation('halt (sleeps)', ACCESS_READ);
export const OP_AWAKE = operation('halt', ACCESS_WAITED);
export const OP_HALT_NOT = operation('halt (returns at once)', ACCESS_READ);
export const OP_HALT_EARLY = operation('halt (ends early)', ACCESS_READ);
export const OP_WAKE = operation('wake', ACCESS_WRITE);
export const OP_WAKE_ALL = operation('wakeAll', ACCESS_WRITE);
export const OP_LOCK_WAIT = operation('spinLock (held)', ACCESS_ATTEMPT);
/** A body or an interrupt returned. */
export const OP_END = operation('end', ACCESS_NONE);
/** Not operations of their own: substrate accesses, for data races and stories. */
export const OP_GET = operation('get', ACCESS_NONE);
export const OP_SET = operation('set', ACCESS_NONE);
export const OP_PEEK = operation('peek', ACCESS_NONE);
/** A lock taken with its site ablated, and any other fence or section that an ablation removed. */
export const OP_ABLATED = operation('(ablated)', ACCESS_NONE);

/** All operations by code. */
export const OPERATIONS: readonly Operation[] = table;

/** Operations on the wait queue of a word, by code. */
export const QUEUE_OPERATIONS: ReadonlySet<number> = new Set(
  [OP_SLEEP, OP_HALT_EARLY, OP_WAKE, OP_WAKE_ALL].map(({ code }) => code),
);
