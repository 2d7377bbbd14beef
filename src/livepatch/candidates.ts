/**
 * Candidate fixes of latent issues: ours, not the kernel's. A machine takes them as overrides; the port stays as the
 * kernel is.
 */

import type { KernelHooks } from '../kernel/hooks.js';
import { synchronizeRcu } from '../kernel/rcu.js';
import type { Cpu } from '../memory/cpu.js';
import { O_03 } from '../memory/sites.js';
import type { Addr } from '../memory/struct.js';
import { patchObjects } from './core.js';
import { klpModuleComing, klpModuleGoing } from './core-module.js';
import { KLP_PATCH, KLP_PATCHED, type KlpPatchRef } from './layout.js';
import {
  __klpSchedTrySwitch,
  klpInitTransition,
  klpStartTransition,
  klpTryCompleteTransition,
} from './transition.js';

/** From the return of this function no cond_resched() hook walks the lists of the transition, and none begins to. */
function keepHooksOut(cpu: Cpu): void {
  cpu.fetchAdd(cpu.ctx.klp.modulesInFlux, 1);
  // Hooks that read the old count run with preemption disabled: this waits for them.
  synchronizeRcu(cpu);
}

/** Hooks may walk the lists again, as they are now. */
function letHooksIn(cpu: Cpu): void {
  // Pairs with the acquire of schedTrySwitchGuarded().
  cpu.fetchAddRelease(cpu.ctx.klp.modulesInFlux, -1);
}

/** The hook of cond_resched() that does nothing while a module comes or goes: the task can switch at other points. */
export function schedTrySwitchGuarded(cpu: Cpu): void {
  cpu.preemptDisable();
  // Pairs with the release of letHooksIn(), and by the grace period with keepHooksOut().
  if (cpu.loadAcquire(cpu.ctx.klp.modulesInFlux) === 0) __klpSchedTrySwitch(cpu);
  cpu.preemptEnable();
}

/** A klp_module_coming() during which no hook runs. */
export function moduleComingGuarded(cpu: Cpu, mod: Addr): number {
  keepHooksOut(cpu);
  const ret = klpModuleComing(cpu, mod);
  letHooksIn(cpu);
  return ret;
}

/** A klp_module_going() during which no hook runs. */
export function moduleGoingGuarded(cpu: Cpu, mod: Addr): void {
  keepHooksOut(cpu);
  klpModuleGoing(cpu, mod);
  letHooksIn(cpu);
}

/** Candidate fix of L-1: the hook of cond_resched() follows lists that a coming or going module changes under it. */
export const FIX_L_1: Partial<KernelHooks> = {
  __klpSchedTrySwitch: schedTrySwitchGuarded,
  klpModuleComing: moduleComingGuarded,
  klpModuleGoing: moduleGoingGuarded,
};

/** Candidate fix of L-9: __klp_enable_patch() that orders the function stacks before TIF_PATCH_PENDING.
 * For objects that can be patched. */
export function enablePatchOrdered(cpu: Cpu, patch: KlpPatchRef): void {
  klpInitTransition(cpu, patch, KLP_PATCHED);
  cpu.smpWmb(O_03);
  patchObjects(cpu, patch);
  // Pairs with the test-and-clear of klpUpdatePatchState() and the smpRmb() of __klpSchedTrySwitch().
  cpu.smpWmb();
  klpStartTransition(cpu);
  cpu.write(patch + KLP_PATCH.enabled, 1);
  klpTryCompleteTransition(cpu);
}
