/** Atomic replace, once all tasks run the new patch: the replaced patches and the nops go, from core.c. */

import type { Cpu } from '../memory/cpu.js';
import { NULL } from '../memory/struct.js';
import { klpFreeObjectsDynamic } from './core-free.js';
import { klpForEachPatch } from './for-each.js';
import { KLP_PATCH, type KlpPatchRef } from './layout.js';
import { klpUnpatchObjects, klpUnpatchObjectsDynamic } from './patch.js';

/** Unpatch every patch before `newPatch`. No handler chooses their functions any more, unless the transition was forced.
 * @kernel klp_unpatch_replaced_patches, kernel/livepatch/core.c:1113 (v6.1) */
export function klpUnpatchReplacedPatches(cpu: Cpu, newPatch: KlpPatchRef): void {
  let old = NULL;
  while ((old = klpForEachPatch(cpu, old)) !== NULL) {
    if (old === newPatch) return;
    cpu.write(old + KLP_PATCH.enabled, 0);
    klpUnpatchObjects(cpu, old);
  }
}

/** Remove the nops, which are alone on their stacks now. Must follow {@link klpUnpatchReplacedPatches} at once.
 * @kernel klp_discard_nops, kernel/livepatch/core.c:1142 (v6.1) */
export function klpDiscardNops(cpu: Cpu, _newPatch: KlpPatchRef): void {
  const patch = cpu.read(cpu.ctx.klp.transitionPatch);
  klpUnpatchObjectsDynamic(cpu, patch);
  klpFreeObjectsDynamic(cpu, patch);
}
