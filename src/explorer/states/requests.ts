/** What a CPU asks of the memory, as numbers: the alphabet of its local states. */

import { RMW_FULL } from '../../memory/model.js';

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
/** A strong fence: as far as others can tell, an access of one word that all strong fences change. */
export const ASK_FENCE = 19;
/** From here on accesses without a scheduling point: part of the step before them. */
export const ASK_GET = 20;
export const ASK_SET = 21;
/** A `cpu.trace()`: its four numbers follow in a table of their own. */
export const ASK_TRACE = 22;

/** The word that stands for the order of strong fences. No code can access it. */
export const FENCE_WORD = 0;

/** Of the order of a request, the `LOAD_*`, `STORE_*` or `RMW_*` part. */
export const ORDER = 7;
/** The operation begins with `smp_rmb()`, with `smp_wmb()`, with the fence that a fully ordered operation still owes. */
export const READ_FENCE = 8;
export const WRITE_FENCE = 16;
export const OWES_FENCE = 32;
/** A load of the newest value: its CPU was told that the word has changed. */
export const FRESH = 64;

/** Whether a request is part of the step before it. */
export function isImmediate(kind: number): boolean {
  return kind >= ASK_GET;
}

/** Whether a request is a load of a CPU, with a scheduling point. */
export function isLoad(kind: number): boolean {
  return kind === ASK_READ || kind === ASK_BIT;
}

/** Whether a request is a read-modify-write. */
export function isModify(kind: number): boolean {
  return kind >= ASK_XCHG && kind <= ASK_CLEAR_BIT;
}

/** Whether a request sees the newest value of its word, and no other. */
export function looks(kind: number, order: number): boolean {
  return kind === ASK_GET || kind === ASK_RELAX || kind === ASK_MWAIT || (order & FRESH) !== 0;
}

/** Whether an operation of this order executes a strong fence, or may. */
export function isFenced(kind: number, order: number): boolean {
  return (order & OWES_FENCE) !== 0 || (isModify(kind) && (order & ORDER) === RMW_FULL);
}
