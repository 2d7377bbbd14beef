/** System states that patches modify and hand on to their successors, a port of kernel/livepatch/state.c. */

import { warnOnOnce } from '../kernel/warn.js';
import type { Cpu } from '../memory/cpu.js';
import { NULL } from '../memory/struct.js';
import { klpForEachPatch, klpForEachState } from './for-each.js';
import { KLP_PATCH, KLP_STATE, type KlpPatchRef, type KlpStateRef } from './layout.js';
import { WARN_PREV_STATE_NO_TRANSITION } from './warn-sites.js';

/** The entry of `patch` for state `id`, or `NULL`.
 * @kernel klp_get_state, kernel/livepatch/state.c:31 (v6.1) */
export function klpGetState(cpu: Cpu, patch: KlpPatchRef, id: number): KlpStateRef {
  let state = NULL;
  while ((state = klpForEachState(cpu, patch, state)) !== NULL) {
    if (cpu.get(state + KLP_STATE.id) === id) break;
  }
  return state;
}

/** The latest entry for state `id` among the patches before the one in transition, or `NULL`; for callbacks.
 * @kernel klp_get_prev_state, kernel/livepatch/state.c:64 (v6.1) */
export function klpGetPrevState(cpu: Cpu, id: number): KlpStateRef {
  const transitionPatch = cpu.read(cpu.ctx.klp.transitionPatch);
  if (warnOnOnce(cpu, transitionPatch === NULL, WARN_PREV_STATE_NO_TRANSITION)) return NULL;

  let last = NULL;
  let patch = NULL;
  while ((patch = klpForEachPatch(cpu, patch)) !== NULL) {
    if (patch === transitionPatch) break;
    const state = klpGetState(cpu, patch, id);
    if (state !== NULL) last = state;
  }
  return last;
}

/** Whether `patch` can take over `oldState`; a patch that replaces must know every state.
 * @kernel klp_is_state_compatible, kernel/livepatch/state.c:87 (v6.1) */
function klpIsStateCompatible(cpu: Cpu, patch: KlpPatchRef, oldState: KlpStateRef): boolean {
  const state = klpGetState(cpu, patch, cpu.get(oldState + KLP_STATE.id));
  if (state === NULL) return cpu.get(patch + KLP_PATCH.replace) === 0;
  return cpu.get(state + KLP_STATE.version) >= cpu.get(oldState + KLP_STATE.version);
}

/** Whether `patch` can take over all states of all listed patches.
 * @kernel klp_is_patch_compatible, kernel/livepatch/state.c:106 (v6.1) */
export function klpIsPatchCompatible(cpu: Cpu, patch: KlpPatchRef): boolean {
  let old = NULL;
  while ((old = klpForEachPatch(cpu, old)) !== NULL) {
    let state = NULL;
    while ((state = klpForEachState(cpu, old, state)) !== NULL) {
      if (!klpIsStateCompatible(cpu, patch, state)) return false;
    }
  }
  return true;
}
