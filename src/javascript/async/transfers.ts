/** What may be handed over with a message, checked in the order and with the texts of Node. */

import { versions } from 'node:process';
import { types } from 'node:util';

/** Node 20 has codes of its own where later versions throw a `DataCloneError`. */
const HAS_OWN_CODES = Number.parseInt(versions.node, 10) < 22;

function cloneError(text: string, code?: string): Error {
  if (code === undefined || !HAS_OWN_CODES) return new DOMException(text, 'DataCloneError');
  return Object.assign(new TypeError(text), { code });
}

/** The error for an object that a message may only carry when it is handed over. */
export function untransferred(): Error {
  return cloneError(
    'Object that needs transfer was found in message but not listed in transferList',
    'ERR_MISSING_TRANSFERABLE_IN_TRANSFER_LIST',
  );
}

/** What is known of ports. */
export interface PortFacts {
  isPort(item: object): boolean;
  /** It was a port of this agent, and has been handed over or closed. */
  isDetached(item: object): boolean;
  /** The message is sent through it. */
  isSource(item: object): boolean;
}

/**
 * Check a list of what is handed over.
 *
 * @throws DOMException or TypeError, as Node does
 */
export function checkTransfers(list: readonly unknown[], ports: PortFacts): void {
  const seen = new Set<unknown>();
  for (const item of list) {
    if (types.isArrayBuffer(item)) {
      if (seen.has(item)) throw cloneError('Transfer list contains duplicate ArrayBuffer');
      if (!HAS_OWN_CODES && isGone(item)) {
        throw cloneError('Cannot transfer object of unsupported type.');
      }
    } else checkPort(item, seen, ports);
    seen.add(item);
  }
}

function checkPort(item: unknown, seen: ReadonlySet<unknown>, ports: PortFacts): void {
  const object = typeof item === 'object' ? item : null;
  if (object !== null && ports.isDetached(object)) {
    throw cloneError('MessagePort in transfer list is already detached');
  }
  if (object === null || !ports.isPort(object)) {
    throw HAS_OWN_CODES
      ? cloneError('Found invalid object in transferList', 'ERR_INVALID_TRANSFER_OBJECT')
      : cloneError('Found invalid value in transferList.');
  }
  if (ports.isSource(object)) throw cloneError('Transfer list contains source port');
  if (seen.has(object)) throw cloneError('Transfer list contains duplicate MessagePort');
}

/** Whether a buffer was handed over. */
function isGone(buffer: ArrayBuffer): boolean {
  try {
    new Uint8Array(buffer);
    return false;
  } catch {
    return true;
  }
}
