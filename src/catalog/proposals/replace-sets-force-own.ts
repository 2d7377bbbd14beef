/** As replace-sets, with the mistake that review found: forcing marks the patch of the transition too. */

import { KLP_PATCH } from '../../livepatch/layout.js';
import { klpForEachObject, klpForEachPatch } from '../../livepatch/for-each.js';
import { klpFreePatchAsync } from '../../livepatch/core-free.js';
import { klpAddObjectNops as addObjectNops } from '../../livepatch/core-init.js';
import { klpUnpatchObjects } from '../../livepatch/patch.js';
import { klpForceTransition as force } from '../../livepatch/transition.js';
import type { Cpu } from '../../memory/cpu.js';
import { NULL, type Addr } from '../../memory/struct.js';

const setOf = (cpu: Cpu, patch: Addr): number => cpu.get(patch + KLP_PATCH.replace);

/** The listed patch that an object belongs to. */
function patchOfObject(cpu: Cpu, wanted: Addr): Addr {
  let patch = NULL;
  while ((patch = klpForEachPatch(cpu, patch)) !== NULL) {
    let obj = NULL;
    while ((obj = klpForEachObject(cpu, patch, obj)) !== NULL) if (obj === wanted) return patch;
  }
  return NULL;
}

/** Nops stand for functions of the own set alone. */
export function klpAddObjectNops(cpu: Cpu, patch: Addr, oldObj: Addr): number {
  const old = patchOfObject(cpu, oldObj);
  return setOf(cpu, old) === setOf(cpu, patch) ? addObjectNops(cpu, patch, oldObj) : 0;
}

/** Only the older patches of the set go. */
export function klpUnpatchReplacedPatches(cpu: Cpu, newPatch: Addr): void {
  let old = NULL;
  while ((old = klpForEachPatch(cpu, old)) !== NULL) {
    if (old === newPatch) return;
    if (setOf(cpu, old) !== setOf(cpu, newPatch)) continue;
    cpu.write(old + KLP_PATCH.enabled, 0);
    klpUnpatchObjects(cpu, old);
  }
}

/** Only those are freed, which changes the list: the search begins again after each. */
export function klpFreeReplacedPatchesAsync(cpu: Cpu, newPatch: Addr): void {
  for (;;) {
    let old = NULL;
    while ((old = klpForEachPatch(cpu, old)) !== NULL && old !== newPatch) {
      if (setOf(cpu, old) === setOf(cpu, newPatch)) break;
    }
    if (old === newPatch || old === NULL) return;
    klpFreePatchAsync(cpu, old);
  }
}

/** Forcing marks all patches of the own set. */
export function klpForceTransition(cpu: Cpu): void {
  const patch = cpu.read(cpu.ctx.klp.transitionPatch);
  force(cpu);
  let other = NULL;
  while ((other = klpForEachPatch(cpu, other)) !== NULL) {
    cpu.set(other + KLP_PATCH.forced, setOf(cpu, other) === setOf(cpu, patch) ? 1 : 0);
  }
}
