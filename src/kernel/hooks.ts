/** The functions of kernel/livepatch that the rest of the kernel calls; livepatch fills them in at boot. */

import type { Cpu, ModuleRef, TaskRef } from './types.js';

/** Places that print a stack without a WARN. */
export type DumpSite = 'sysfs_warn_dup' | 'do_init_module';

/** Call-outs from entry, idle, scheduler, fork and module loader. */
export interface KernelHooks {
  /** From the exit-to-user loop and the idle loop, when `TIF_PATCH_PENDING` is set. */
  readonly klpUpdatePatchState: (cpu: Cpu, task: TaskRef) => void;
  /** From cond_resched(), behind its static key. */
  readonly __klpSchedTrySwitch: (cpu: Cpu) => void;
  /** From copy_process(), under the tasklist write lock. */
  readonly klpCopyProcess: (cpu: Cpu, child: TaskRef) => void;
  /** From prepare_coming_module(); 0 or a negative errno that makes the load fail. */
  readonly klpModuleComing: (cpu: Cpu, mod: ModuleRef) => number;
  /** From load_module(), the module coming: the parameters that it was given. 0 or a negative errno; left out: there are none. */
  readonly parseArgs?: (cpu: Cpu, mod: ModuleRef) => number;
  /** On the way to user mode, when the task is to stop: it continues in text that does so. Left out: nobody stops tasks. */
  readonly doSignalStop?: (cpu: Cpu, task: TaskRef) => void;
  /** dump_stack(): left out, nothing is printed. */
  readonly dumpStack?: (cpu: Cpu, where: DumpSite) => void;
  /** From delete_module() and the error paths of load_module(). */
  readonly klpModuleGoing: (cpu: Cpu, mod: ModuleRef) => void;
  /** When a livepatch module's image is loaded: builds its klp_patch; 0 when there is no memory. */
  readonly klpBuildPatch: (cpu: Cpu, mod: ModuleRef, imageIndex: number) => number;
  /** The init function of a livepatch module: klp_enable_patch(). */
  readonly klpModuleInit: (cpu: Cpu, mod: ModuleRef) => number;
  /** When a livepatch module's memory is freed. */
  readonly klpFreePatch: (cpu: Cpu, mod: ModuleRef) => void;
}
