/** The words of the live-patching subsystem: its globals, its structures, and where a machine keeps them. */

import { SimulatorBug } from '../errors.js';
import { claimCache, type Cache } from '../kernel/alloc.js';
import { COMPLETION } from '../kernel/completion.js';
import { FTRACE_OPS } from '../kernel/ftrace.js';
import { KOBJECT } from '../kernel/kobject.js';
import { LIST } from '../kernel/list.js';
import { MUTEX } from '../kernel/mutex.js';
import { DELAYED_WORK, WORK } from '../kernel/workqueue.js';
import type { Cpu } from '../memory/cpu.js';
import type { MemoryMap } from '../memory/map.js';
import { struct, type Addr } from '../memory/struct.js';
import type { KlpFacts } from './versions.js';

/** No transition (from 6.10 on: KLP_TRANSITION_IDLE): value of `patchState` and `klp_target_state` outside one. */
export const KLP_UNDEFINED = -1;
/** The task must not use code of the patch in transition. */
export const KLP_UNPATCHED = 0;
/** The task must use code of the patch in transition. */
export const KLP_PATCHED = 1;

/** Capacity of the buffer of a stack walk; a stack that fills it counts as unreliable. */
export const MAX_STACK_ENTRIES = 100;
/** Attempts to complete a transition between two rounds of signals. */
export const SIGNALS_TIMEOUT = 15;
/** Length that a function's name must stay under, in characters. */
export const KSYM_NAME_LEN = 512;
/** Length that a module's name must stay under, in characters. */
export const MODULE_NAME_LEN = 56;

/** Address of a {@link KLP_PATCH}. */
export type KlpPatchRef = Addr;
/** Address of a {@link KLP_OBJECT}. */
export type KlpObjectRef = Addr;
/** Address of a {@link KLP_FUNC}. */
export type KlpFuncRef = Addr;
/** Address of a {@link KLP_OPS}. */
export type KlpOpsRef = Addr;
/** Address of a {@link KLP_STATE}. */
export type KlpStateRef = Addr;

/** What the pointer to an empty array holds: it is not NULL, but the first element is the terminator. */
export const EMPTY_ARRAY = 1;

/**
 * `struct klp_func`: one replaced function. `node` is first, so that a link of `funcList` is the function's address.
 */
export const KLP_FUNC = struct('klp_func', {
  /** Link in the object's `funcList`. */
  node: LIST.size,
  /** Link in the {@link KLP_OPS} stack of its original function, newest first. */
  stackNode: LIST.size,
  /** Address of the replacement; a nop gets the original's while its object is loaded. */
  newFunc: 1,
  /** Address of the original, 0 while its object is not loaded. */
  oldFunc: 1,
  /** Words of the original and of the replacement. */
  oldSize: 1,
  newSize: 1,
  /** Whether it is being applied or reverted. */
  transition: 1,
  /** Whether it means "run the original again". */
  nop: 1,
  /** Whether it is on a stack. */
  patched: 1,
  /** Name of the original. */
  oldName: 1,
  /** 0: the name must be unique in its object; n: the n-th symbol of that name. */
  oldSympos: 1,
  /** Next element of the static array, 0 after the last. */
  next: 1,
  kobj: KOBJECT.size,
});

/** `struct klp_callbacks`: numbers of {@link KlpContext.callbacks}, 0 = none. */
export const KLP_CALLBACKS = struct('klp_callbacks', {
  prePatch: 1,
  postPatch: 1,
  preUnpatch: 1,
  postUnpatch: 1,
  /** Whether the last pre_patch succeeded, so that post_unpatch is owed. */
  postUnpatchEnabled: 1,
});

/** `struct klp_object`: vmlinux or one module. `node` is first. */
export const KLP_OBJECT = struct('klp_object', {
  /** Link in the patch's `objList`. */
  node: LIST.size,
  /** Static functions first, nops behind them. */
  funcList: LIST.size,
  /** Name of the module, 0 = vmlinux. */
  name: 1,
  /** First element of the static array, {@link EMPTY_ARRAY}, or 0 = NULL. */
  funcs: 1,
  /** The loaded module, or 0. No reference is held. */
  mod: 1,
  /** Whether it only exists to hold nops. */
  dynamic: 1,
  /** Whether all its functions are on their stacks. */
  patched: 1,
  /** Relocations of the livepatch that refer to its symbols, and whether they have been written. */
  relocs: 1,
  relocated: 1,
  /** Next element of the static array, 0 after the last. */
  next: 1,
  callbacks: KLP_CALLBACKS.size,
  kobj: KOBJECT.size,
});

/** `struct klp_patch`. `list` is first. */
export const KLP_PATCH = struct('klp_patch', {
  /** Link in `klp_patches`, self-linked when not listed. */
  list: LIST.size,
  /** Static objects first, dynamic ones behind them. */
  objList: LIST.size,
  /** The livepatch module; its name is the patch's. */
  mod: 1,
  /** First element of the static array, {@link EMPTY_ARRAY}, or 0 = NULL. */
  objs: 1,
  /** First {@link KLP_STATE}, 0 = none. */
  states: 1,
  /** Whether it replaces all patches before it. */
  replace: 1,
  /** The administrator's intent. */
  enabled: 1,
  /** Whether it was being removed by a forced transition, so that its module may never go. */
  forced: 1,
  freeWork: WORK.size,
  finish: COMPLETION.size,
  kobj: KOBJECT.size,
});

/** `struct klp_ops`: one patched original function. `node` is first. */
export const KLP_OPS = struct('klp_ops', {
  /** Link in `klp_ops`. */
  node: LIST.size,
  /** RCU list of {@link KLP_FUNC}, newest first. */
  funcStack: LIST.size,
  fops: FTRACE_OPS.size,
});

/** `struct klp_state`. */
export const KLP_STATE = struct('klp_state', {
  id: 1,
  version: 1,
  /** Free word of the callbacks. */
  data: 1,
  /** Next element of the array, 0 after the last. */
  next: 1,
});

/** Words of user data that one shadow variable can hold. */
export const KLP_SHADOW_DATA_WORDS = 8;

/** `struct klp_shadow`: a shadow variable in its hash bucket. */
export const KLP_SHADOW = struct('klp_shadow', {
  next: 1,
  /** Address of the word that points here. */
  pprev: 1,
  obj: 1,
  id: 1,
  data: KLP_SHADOW_DATA_WORDS,
});

/** The globals of transition.c, core.c, patch.c and shadow.c. The words that lock-free code reads come first. */
export const KLP = struct('klp', {
  targetState: 1,
  transitionPatch: 1,
  /** Head of the list of {@link KLP_OPS}. */
  ops: LIST.size,
  /** Not in the kernel: modules whose functions are about to join or leave the stacks, see candidates.ts. */
  modulesInFlux: 1,
  pad: 11,
  mutex: MUTEX.size,
  /** Head of the list of patches in the order of enabling. */
  patches: LIST.size,
  signalsCnt: 1,
  /** `klp_root_kobj`: address of `root` once it exists, else 0. */
  rootKobj: 1,
  root: KOBJECT.size,
  transitionWork: DELAYED_WORK.size,
  shadowLock: 1,
  /** Which debug messages are printed: bit n for the n-th of DEBUG_MESSAGES, see debug.ts. */
  debug: 1,
});

/** What transition.c keeps for each CPU. */
export const KLP_CPU = struct('klp_cpu', {
  /** `klp_stack_entries`. */
  stackEntries: MAX_STACK_ENTRIES,
  /** The local `old_name` of klp_try_switch_task(): its callees run on the CPU that entered it. */
  oldName: 1,
});

/** Numbers of the work functions, see KLP_WORK_FNS. */
export const KLP_WORK_TRANSITION = 16;
export const KLP_WORK_SYNC = 17;
export const KLP_WORK_FREE_PATCH = 18;

/** Numbers of the kobject types, see KLP_KTYPES. */
export const KLP_KTYPE_PATCH = 8;
export const KLP_KTYPE_OBJECT = 9;
export const KLP_KTYPE_FUNC = 10;
export const KLP_KTYPE_ROOT = 11;

/** A callback of an object; only that of pre_patch returns something: 0 or a negative errno. */
export type KlpCallback = (cpu: Cpu, obj: KlpObjectRef) => number;

/** An attempt to switch a task: whether it is in the target state. */
export type TrySwitchTask = (cpu: Cpu, task: Addr) => boolean;

/** Switches that break the subsystem on purpose, for tests of the checks. */
export interface Sabotage {
  /** `klp_synchronize_transition` returns at once. */
  readonly noSync: boolean;
  /** `klp_check_stack` always passes. */
  readonly stackCheckPasses: boolean;
  /** `klp_copy_process` does nothing. */
  readonly noCopyProcess: boolean;
  /** The task loops do not take `tasklist_lock`. */
  readonly noTasklistLock: boolean;
}

/** No sabotage. */
export const NO_SABOTAGE: Sabotage = {
  noSync: false,
  stackCheckPasses: false,
  noCopyProcess: false,
  noTasklistLock: false,
};

/** Texts that livepatch prints or names sysfs directories with, as numbers of the machine's name table. */
export interface KlpNames {
  readonly vmlinux: number;
  readonly patching: number;
  readonly unpatching: number;
  readonly patchingToUnpatching: number;
  readonly unpatchingToPatching: number;
}

/** How large the tables of livepatch are. */
export interface KlpSize {
  readonly cpus: number;
  readonly patches: number;
  /** Objects of all patches together, dynamic ones included. */
  readonly objects: number;
  /** Functions of all patches together, nops included. */
  readonly funcs: number;
  /** Original functions that can be patched at the same time. */
  readonly ops: number;
  readonly states: number;
  readonly shadows: number;
  /** Binary logarithm of the number of shadow hash buckets, 0 to 16; 12 in the kernel. */
  readonly shadowBits: number;
}

/** What is configured besides sizes; a member left out has its default. */
export interface KlpConfig {
  /** The machine's name table, which must hold {@link KLP_NAMES}. */
  readonly names: readonly string[];
  /** Callbacks by number, index 0 unused; default none. */
  readonly callbacks?: readonly (KlpCallback | undefined)[];
  /** Default {@link NO_SABOTAGE}. */
  readonly sabotage?: Sabotage;
  /** Whether the other dynamic debug lines of livepatch are switched on at first; default false. */
  readonly dynamicDebug?: boolean;
  /** Whether klp_try_switch_task() says at first why a task was not switched (its dynamic debug); default false. */
  readonly debugTrySwitchTask?: boolean;
  /** What the kernel's release does differently. */
  readonly facts: KlpFacts;
}

/** Immutable facts of a machine's livepatch subsystem: addresses, caches, configuration. */
export interface KlpContext {
  readonly mutex: Addr;
  readonly patches: Addr;
  readonly ops: Addr;
  readonly transitionPatch: Addr;
  readonly targetState: Addr;
  readonly signalsCnt: Addr;
  readonly modulesInFlux: Addr;
  readonly transitionWork: Addr;
  readonly rootKobj: Addr;
  readonly root: Addr;
  readonly shadowLock: Addr;
  readonly shadowHash: Addr;
  readonly shadowBits: number;
  /** First {@link KLP_CPU}. */
  readonly perCpu: Addr;
  readonly patchCache: Cache;
  readonly objectCache: Cache;
  readonly funcCache: Cache;
  readonly opsCache: Cache;
  readonly stateCache: Cache;
  readonly shadowCache: Cache;
  readonly names: KlpNames;
  readonly callbacks: readonly (KlpCallback | undefined)[];
  readonly sabotage: Sabotage;
  readonly dynamicDebug: boolean;
  readonly debugTrySwitchTask: boolean;
  /** Address of the dynamic debug switches of livepatch. */
  readonly debug: Addr;
  readonly facts: KlpFacts;
  /** In place of klpTrySwitchTask(); must do the same. */
  readonly trySwitchTask?: TrySwitchTask;
  /** In place of klpTrySwitchTasks(), the pass over the task list; must do the same. */
  readonly trySwitchTasks?: TrySwitchTask;
}

declare module '../memory/cpu.js' {
  interface CpuContext {
    readonly klp: KlpContext;
  }
}

const TEXTS: Readonly<Record<keyof KlpNames, string>> = {
  vmlinux: 'vmlinux',
  patching: 'patching',
  unpatching: 'unpatching',
  patchingToUnpatching: 'patching to unpatching',
  unpatchingToPatching: 'unpatching to patching',
};

/** Texts that a machine's name table must hold for livepatch. */
export const KLP_NAMES: readonly string[] = Object.values(TEXTS);

function nameIds(table: readonly string[]): KlpNames {
  const id = (text: string): number => {
    const found = table.indexOf(text);
    if (found <= 0) throw new SimulatorBug(`the name table lacks '${text}'`);
    return found;
  };
  return {
    vmlinux: id(TEXTS.vmlinux),
    patching: id(TEXTS.patching),
    unpatching: id(TEXTS.unpatching),
    patchingToUnpatching: id(TEXTS.patchingToUnpatching),
    unpatchingToPatching: id(TEXTS.unpatchingToPatching),
  };
}

/**
 * Claim the regions and caches of livepatch, and collect what a CPU has to know about them.
 *
 * @param map map of the machine that is being laid out
 * @param size sizes of the tables, in elements
 * @param config names, callbacks and test switches
 * @throws {SimulatorBug} when the name table lacks one of {@link KLP_NAMES}
 */
export function claimKlp(map: MemoryMap, size: KlpSize, config: KlpConfig): KlpContext {
  const base = map.claim('klp', KLP);
  const shadowBits = size.shadowBits;
  return {
    mutex: base + KLP.mutex,
    patches: base + KLP.patches,
    ops: base + KLP.ops,
    transitionPatch: base + KLP.transitionPatch,
    targetState: base + KLP.targetState,
    signalsCnt: base + KLP.signalsCnt,
    modulesInFlux: base + KLP.modulesInFlux,
    transitionWork: base + KLP.transitionWork,
    rootKobj: base + KLP.rootKobj,
    root: base + KLP.root,
    shadowLock: base + KLP.shadowLock,
    debug: base + KLP.debug,
    shadowHash: map.claimWords('klp_shadow_hash', 1 << shadowBits),
    shadowBits,
    perCpu: map.claim('klp_cpu', KLP_CPU, size.cpus),
    patchCache: claimCache(map, 'klp_patch', KLP_PATCH, size.patches),
    objectCache: claimCache(map, 'klp_object', KLP_OBJECT, size.objects),
    funcCache: claimCache(map, 'klp_func', KLP_FUNC, size.funcs),
    opsCache: claimCache(map, 'klp_ops', KLP_OPS, size.ops),
    stateCache: claimCache(map, 'klp_state', KLP_STATE, size.states),
    shadowCache: claimCache(map, 'klp_shadow', KLP_SHADOW, size.shadows),
    names: nameIds(config.names),
    callbacks: config.callbacks ?? [],
    sabotage: config.sabotage ?? NO_SABOTAGE,
    dynamicDebug: config.dynamicDebug ?? false,
    debugTrySwitchTask: config.debugTrySwitchTask ?? false,
    facts: config.facts,
  };
}
