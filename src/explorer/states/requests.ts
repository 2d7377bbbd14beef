/** What a CPU asks of the memory, as numbers: the alphabet of its local states. */

/** The code is over. */
export const ASK_END = 0;
/** The code threw. */
export const ASK_THROW = 1;
/** Loads: a word, and one bit of it. */
export const ASK_READ = 2;
export const ASK_BIT = 3;
export const ASK_WRITE = 4;
/** Read-modify-writes that return the old word. */
export const ASK_XCHG = 5;
export const ASK_CMPXCHG = 6;
export const ASK_FETCH_ADD = 7;
/** Read-modify-writes that return nothing. */
export const ASK_ADD = 8;
export const ASK_OR = 9;
export const ASK_AND = 10;
/** Read-modify-writes that return the old bit. */
export const ASK_SET_BIT = 11;
export const ASK_CLEAR_BIT = 12;
export const ASK_LOCK = 13;
export const ASK_TRYLOCK = 14;
export const ASK_UNLOCK = 15;
/** Preemption is switched off or on; a store of the CPU's own count. */
export const ASK_PREEMPT = 16;
/** Waits until a word is no longer what was seen: in a loop, or with nothing else to do. */
export const ASK_RELAX = 17;
export const ASK_MWAIT = 18;
/** From here on accesses without a scheduling point: part of the step before them. */
export const ASK_GET = 19;
export const ASK_SET = 20;
/** A `cpu.trace()`: its four numbers follow in a table of their own. */
export const ASK_TRACE = 21;

/** Whether a request is part of the step before it. */
export function isImmediate(kind: number): boolean {
  return kind >= ASK_GET;
}
