/** Data races as the standard defines them: conflicting accesses that nothing orders, not both atomic on one range. */

import type { DataRace } from './memory.js';
import type { Access } from './message.js';

/**
 * Compare an access with earlier ones, and remember a copy of it among them.
 *
 * @param clock what happens before the access, by agent
 * @returns the first race with one of another agent
 */
export function raceOf(
  accesses: Access[],
  access: Access,
  clock: Int32Array,
): DataRace | undefined {
  let mine = -1;
  let race: DataRace | undefined;
  for (let i = 0; i < accesses.length; i++) {
    const other = accesses[i] as Access;
    if (other.agent !== access.agent) {
      if (race === undefined && isRace(other, access, clock)) {
        const { address, size } = access;
        race = { first: { ...other }, second: { ...access }, address, size };
      }
    } else if (isRepetition(other, access)) {
      mine = i;
    }
  }
  const known = accesses[mine];
  if (known === undefined) accesses.push({ ...access });
  else {
    known.stamp = access.stamp;
    known.site = access.site;
  }
  return race;
}

function isRepetition(other: Access, access: Access): boolean {
  return (
    other.isStore === access.isStore &&
    other.isSeqCst === access.isSeqCst &&
    other.address === access.address &&
    other.size === access.size
  );
}

function isRace(other: Access, access: Access, clock: Int32Array): boolean {
  if (!other.isStore && !access.isStore) return false;
  if (other.address >= access.address + access.size) return false;
  if (access.address >= other.address + other.size) return false;
  if ((clock[other.agent] as number) >= other.stamp) return false;
  const isOneRange = other.address === access.address && other.size === access.size;
  return !(other.isSeqCst && access.isSeqCst && isOneRange);
}
