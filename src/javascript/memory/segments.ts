/** How a load is put together from the writes of its bytes. */

import type { Block, Message } from './message.js';

/** The facts about a load that a choice among writes needs. */
export interface Request {
  readonly agent: number;
  readonly address: number;
  readonly size: number;
  readonly isSeqCst: boolean;
  readonly isWhole: boolean;
}

/** Bytes of a load that one write supplies. */
export interface Part {
  readonly block: Block;
  readonly from: number;
  readonly size: number;
  message: Message;
}

/** The newest write to a byte. */
export function newestAt(block: Block, address: number): Message {
  return block.messages.findLast((m) => m.covers(address)) as Message;
}

/** J-6: part of the load comes from another write of its own range already. */
export function isMixture(message: Message, request: Request, parts: readonly Part[]): boolean {
  if (!request.isWhole || !message.isWhole || !message.hasRange(request.address, request.size)) {
    return false;
  }
  return parts.some(
    ({ message: other }) =>
      !isSameWrite(other, message) &&
      other.isWhole &&
      other.hasRange(request.address, request.size),
  );
}

/** A write that crosses a block's border is one message in each. */
function isSameWrite(a: Message, b: Message): boolean {
  return a === b || (a.agent === b.agent && a.stamp === b.stamp && a.agent >= 0);
}

/** Whether a write of a block, or a tear in the middle, divides a range. */
export function isDivided(block: Block, from: number, size: number, tears: boolean): boolean {
  if (tears && size > 1) return true;
  const end = from + size;
  for (const { address, size: length } of block.messages) {
    const next = address + length;
    if ((address > from && address < end) || (next > from && next < end)) return true;
  }
  return false;
}

/** Where the writes of a block, or a tear in the middle, divide a range. */
export function segmentEnds(block: Block, from: number, size: number, tears: boolean): number[] {
  const end = from + size;
  const ends = new Set([end]);
  for (const { address, size: length } of block.messages) {
    for (const at of [address, address + length]) if (at > from && at < end) ends.add(at);
  }
  if (tears && size > 1) ends.add(from + (size >> 1));
  return [...ends].sort((a, b) => a - b);
}
