/** What a request of a CPU does to the word that it names. */

import * as ask from './requests.js';

/** The bits that an access depends on or changes. */
export function bitsOf(kind: number, a: number): number {
  if (kind === ask.ASK_BIT || kind === ask.ASK_SET_BIT || kind === ask.ASK_CLEAR_BIT) return 1 << a;
  if (kind === ask.ASK_OR) return a;
  return kind === ask.ASK_AND ? ~a : -1;
}

/** Whether an access changes the word, for others. */
export function writes(kind: number): boolean {
  return (
    kind !== ask.ASK_READ &&
    kind !== ask.ASK_BIT &&
    kind !== ask.ASK_RELAX &&
    kind !== ask.ASK_MWAIT &&
    kind !== ask.ASK_GET
  );
}

/** Whether what an access returns depends on the word. */
export function reads(kind: number): boolean {
  return !(
    kind === ask.ASK_WRITE ||
    kind === ask.ASK_SET ||
    kind === ask.ASK_PREEMPT ||
    kind === ask.ASK_OR ||
    kind === ask.ASK_AND ||
    kind === ask.ASK_ADD ||
    kind === ask.ASK_UNLOCK
  );
}

/** Whether an access reads a message of a weak memory, with all that the message tells, even if it returns nothing. */
export function takesIn(kind: number): boolean {
  return reads(kind) || kind === ask.ASK_OR || kind === ask.ASK_AND || kind === ask.ASK_ADD;
}

/** Whether a request accesses a word at all. */
export function accesses(kind: number): boolean {
  return kind !== ask.ASK_END && kind !== ask.ASK_THROW && kind !== ask.ASK_TRACE;
}

/** Whether what becomes of an access depends on the word: what it returns, or whether it can be carried out. */
export function dependsOn(kind: number): boolean {
  return reads(kind) || kind === ask.ASK_UNLOCK;
}

/** Whether an access puts a value in the place of the old one, whatever that was. */
export function overwrites(kind: number): boolean {
  return kind === ask.ASK_WRITE || kind === ask.ASK_SET || kind === ask.ASK_PREEMPT;
}

/** Whether an access replaces a word under any memory, so that its old value can no longer be seen. */
export function replaces(kind: number): boolean {
  return kind === ask.ASK_SET || kind === ask.ASK_PREEMPT;
}

/** What a read-modify-write leaves in the place of `old`. */
export function modified(kind: number, old: number, a: number, b: number): number {
  switch (kind) {
    case ask.ASK_XCHG:
      return a;
    case ask.ASK_CMPXCHG:
      return old === a ? b : old;
    case ask.ASK_OR:
      return old | a;
    case ask.ASK_AND:
      return old & a;
    case ask.ASK_SET_BIT:
      return old | (1 << a);
    case ask.ASK_CLEAR_BIT:
      return old & ~(1 << a);
    default:
      return (old + a) | 0;
  }
}
