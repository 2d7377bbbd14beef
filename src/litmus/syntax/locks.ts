/** Which locations of a test are used as locks: to the model, what else accesses them reads and writes past the lock. */
import type { Instruction, LitmusTest } from './ast.js';
import { locationOf } from './values.js';
import { instructionsOf } from './walk.js';

function isLockOperation({ kind }: Instruction): boolean {
  return kind === 'lock' || kind === 'unlock' || kind === 'trylock' || kind === 'is-locked';
}

/** The first ordinary access to a location that some thread uses as a lock; undefined if there is none. Looks at addresses
 * that are written down, not at pointers that a test computes. */
export function mixedLockAccess(test: LitmusTest): Instruction | undefined {
  const all = test.threads.flatMap(({ body }) => [...instructionsOf(body)]);
  const target = (instruction: Instruction): number => {
    const address = 'address' in instruction ? instruction.address : undefined;
    return address?.kind === 'constant' ? locationOf(test, address.value) : -1;
  };
  const locks = new Set(all.filter(isLockOperation).map(target));
  locks.delete(-1);
  return all.find((i) => !isLockOperation(i) && locks.has(target(i)));
}
