/** What livepatch contributes to the kernel's function tables and hooks, for the boot code to merge. */

import type { FtraceFn } from '../kernel/context.js';
import { ENOMEM } from '../kernel/errno.js';
import type { KernelHooks } from '../kernel/hooks.js';
import { MODULE } from '../kernel/module.js';
import type { Cpu } from '../memory/cpu.js';
import { NULL, type Addr } from '../memory/struct.js';
import { klpEnablePatch } from './core.js';
import {
  klpFreePatchWorkFn,
  klpKobjReleaseFunc,
  klpKobjReleaseObject,
  klpKobjReleasePatch,
} from './core-free.js';
import { klpModuleComing, klpModuleGoing } from './core-module.js';
import { klpBuildImage, klpFreeImage, type PatchSpec } from './image.js';
import {
  KLP_KTYPE_FUNC,
  KLP_KTYPE_OBJECT,
  KLP_KTYPE_PATCH,
  KLP_KTYPE_ROOT,
  KLP_WORK_FREE_PATCH,
  KLP_WORK_SYNC,
  KLP_WORK_TRANSITION,
} from './layout.js';
import { klpFtraceHandler } from './patch.js';
import {
  __klpSchedTrySwitch,
  klpCopyProcess,
  klpSync,
  klpTransitionWorkFn,
  klpUpdatePatchState,
} from './transition.js';

/** The root directory is never released. */
function klpKobjReleaseRoot(_cpu: Cpu, _kobj: Addr): void {
  // Static memory.
}

/** Work functions by number. */
export const KLP_WORK_FNS: Readonly<Record<number, (cpu: Cpu, work: Addr) => void>> = {
  [KLP_WORK_TRANSITION]: klpTransitionWorkFn,
  [KLP_WORK_SYNC]: klpSync,
  [KLP_WORK_FREE_PATCH]: klpFreePatchWorkFn,
};

/** Release functions of kobject types by number. */
export const KLP_KTYPES: Readonly<Record<number, (cpu: Cpu, kobj: Addr) => void>> = {
  [KLP_KTYPE_PATCH]: klpKobjReleasePatch,
  [KLP_KTYPE_OBJECT]: klpKobjReleaseObject,
  [KLP_KTYPE_FUNC]: klpKobjReleaseFunc,
  [KLP_KTYPE_ROOT]: klpKobjReleaseRoot,
};

/** The handler behind FTRACE_FN_KLP. */
export const KLP_FTRACE_FN: FtraceFn = klpFtraceHandler;

/** Build the patch of a livepatch module that was just laid out. 0, or -ENOMEM. */
function klpBuildPatch(cpu: Cpu, mod: Addr, imageIndex: number): number {
  const spec = cpu.ctx.kernel.images[imageIndex]?.patch as PatchSpec | undefined;
  const patch = spec === undefined ? NULL : klpBuildImage(cpu, mod, spec);
  cpu.set(mod + MODULE.image, patch);
  return patch === NULL ? -ENOMEM : 0;
}

/** The init function of a livepatch module. */
function klpModuleInit(cpu: Cpu, mod: Addr): number {
  return klpEnablePatch(cpu, cpu.get(mod + MODULE.image));
}

/** Free the patch of a livepatch module whose memory goes. */
function klpFreePatch(cpu: Cpu, mod: Addr): void {
  klpFreeImage(cpu, cpu.get(mod + MODULE.image));
}

/** What the kernel calls; a module image's `patch` is a {@link PatchSpec}. */
export const KLP_HOOKS: KernelHooks = {
  klpUpdatePatchState,
  __klpSchedTrySwitch,
  klpCopyProcess,
  klpModuleComing,
  klpModuleGoing,
  klpBuildPatch,
  klpModuleInit,
  klpFreePatch,
};
