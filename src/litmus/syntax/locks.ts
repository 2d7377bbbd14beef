/** Which locations of a test are used as locks: to the model, what else accesses them reads and writes past the lock. */
import type { Instruction, LitmusTest, LocationId } from './ast.js';
import { locationOf } from './values.js';
import { instructionsOf } from './walk.js';

/** Is this one of the operations on locks? */
export function isLockOperation({ kind }: Instruction): boolean {
  return kind === 'lock' || kind === 'unlock' || kind === 'trylock' || kind === 'is-locked';
}

/** The first ordinary access to a location that some thread uses as a lock; undefined if there is none. Looks at addresses
 * that are written down, not at pointers that a test computes. */
export function mixedLockAccess(test: LitmusTest): Instruction | undefined {
  const locks = lockLocations(test);
  return instructions(test).find((i) => !isLockOperation(i) && locks.has(target(test, i)));
}

const instructions = (test: LitmusTest): Instruction[] =>
  test.threads.flatMap(({ body }) => [...instructionsOf(body)]);

/** The location that an instruction accesses by an address that is written down, or -1. */
function target(test: LitmusTest, instruction: Instruction): number {
  const address = 'address' in instruction ? instruction.address : undefined;
  return address?.kind === 'constant' ? locationOf(test, address.value) : -1;
}

/** The locations that some thread uses as a lock, whatever their type, as far as addresses are written down. */
export function lockLocations(test: LitmusTest): ReadonlySet<LocationId> {
  const locks = new Set(
    instructions(test)
      .filter(isLockOperation)
      .map((i) => target(test, i)),
  );
  locks.delete(-1);
  return locks;
}
