/** The members of `cpu` for the resumable build: which calls are scheduling points, and which names stay unchanged. */

/** Operations with a scheduling point after them. */
export const SCHEDULING: ReadonlySet<string> = new Set([
  'read',
  'write',
  'readOnce',
  'writeOnce',
  'smpMb',
  'smpRmb',
  'smpWmb',
  'loadAcquire',
  'storeRelease',
  'xchg',
  'xchgRelaxed',
  'xchgAcquire',
  'xchgRelease',
  'cmpxchg',
  'cmpxchgRelaxed',
  'cmpxchgAcquire',
  'cmpxchgRelease',
  'fetchAdd',
  'fetchAddRelaxed',
  'fetchAddAcquire',
  'fetchAddRelease',
  'atomicAdd',
  'setBit',
  'clearBit',
  'testBit',
  'testAndSetBit',
  'testAndClearBit',
  'rcuAssignPointer',
  'rcuDereference',
  'spinLock',
  'spinTrylock',
  'spinUnlock',
  'preemptDisable',
  'preemptEnable',
  'relax',
  'mwait',
  'halt',
  'wait',
  'wake',
  'wakeAll',
]);

/** Calls that stay as they are. */
export const IMMEDIATE: ReadonlySet<string> = new Set([
  'get',
  'set',
  'peek',
  'fetch',
  'kick',
  'roundBegins',
  'roundEnds',
  'giveWay',
  'mayRest',
  'answersAsleep',
  'syncCore',
  'mightSleep',
  'trace',
  'ablates',
]);

/** Data members. */
export const DATA: ReadonlySet<string> = new Set(['id', 'ctx', 'current']);

/** Methods that call a function for each element: kernel code cannot be passed to them. */
export const ITERATING: ReadonlySet<string> = new Set([
  'forEach',
  'map',
  'filter',
  'some',
  'every',
  'find',
  'findIndex',
  'reduce',
  'flatMap',
  'sort',
  'then',
]);
