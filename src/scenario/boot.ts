/** Boot: put kernel, livepatch and a workload together into one machine, the same for every engine. */

import { UsageError } from '../errors.js';
import {
  claimKernel,
  initKernel,
  spawnInitial,
  type InitialTask,
  type KernelParts,
  type KernelSize,
} from '../kernel/boot.js';
import type { KernelContext } from '../kernel/context.js';
import { FTRACE_FN_KLP } from '../kernel/ftrace.js';
import type { KernelHooks } from '../kernel/hooks.js';
import type { ModuleImage } from '../kernel/image.js';
import { KERNEL_MESSAGES } from '../kernel/messages.js';
import type { Message } from '../kernel/printk.js';
import { archStackWalkReliable } from '../kernel/stacktrace.js';
import { functionWords, type FunctionSource } from '../kernel/text.js';
import { DEFAULT_KERNEL_VERSION, type KernelVersion, type Preemption } from '../kernel/versions.js';
import { kernelNames, type KernelLayout, type Vmlinux } from '../kernel/vmlinux.js';
import { initKlp } from '../livepatch/boot.js';
import {
  claimKlp,
  KLP_NAMES,
  NO_SABOTAGE,
  type KlpCallback,
  type KlpContext,
  type KlpSize,
  type Sabotage,
} from '../livepatch/layout.js';
import type { CallbacksSpec, PatchSpec } from '../livepatch/image.js';
import { KLP_MESSAGES } from '../livepatch/messages.js';
import { KLP_FACTS } from '../livepatch/versions.js';
import { KLP_FTRACE_FN, KLP_HOOKS, KLP_KTYPES, KLP_WORK_FNS } from '../livepatch/tables.js';
import type { CpuContext } from '../memory/cpu.js';
import { claimLocal } from '../memory/local.js';
import { MemoryMap } from '../memory/map.js';
import type { Addr } from '../memory/struct.js';

/** A function that a livepatch replaces, by names. */
export interface FuncDeclaration {
  readonly oldName: string;
  /** Function of the livepatch module; left out: none. */
  readonly newName?: string;
  readonly oldSympos?: number;
}

/** What a livepatch does to vmlinux or one module, by names. */
export interface ObjectDeclaration {
  /** Module; left out: vmlinux. */
  readonly name?: string;
  readonly funcs?: readonly FuncDeclaration[];
  readonly callbacks?: CallbacksSpec;
  /** Relocations of the livepatch that refer to symbols of the module. Default 0. */
  readonly relocations?: number;
}

/** A livepatch as its author writes it. */
export interface PatchDeclaration {
  /** A number is that of a set, which only the proposal of sets tells from `true`. */
  readonly replace?: boolean | number;
  readonly objects?: readonly ObjectDeclaration[];
  readonly states?: PatchSpec['states'];
}

/** A module that the machine can load. */
export interface ModuleDeclaration {
  readonly name: string;
  readonly functions?: readonly FunctionSource[];
  /** Present: a livepatch module. */
  readonly patch?: PatchDeclaration;
  /** Numbers of the machine's `moduleFns`. */
  readonly init?: number;
  readonly exit?: number;
}

/** Everything that distinguishes one machine from another; each member left out has the default named. */
export interface MachineDeclaration {
  /** Possible CPUs. Default 1. */
  readonly cpus?: number;
  /** CPUs that are online from the start. Default: all. */
  readonly onlineCpus?: number;
  /** Room for tasks besides idle tasks and kworkers. Default: the initial ones and 64 more. */
  readonly tasks?: number;
  /** Return addresses per kernel stack. Default 64. */
  readonly stackWords?: number;
  readonly vmlinux: Vmlinux;
  readonly modules?: readonly ModuleDeclaration[];
  readonly initialTasks?: readonly InitialTask[];
  /** Functions that text calls by number, from `FIRST_SCENARIO_NATIVE`. */
  readonly natives?: KernelContext['natives'];
  readonly callbacks?: readonly (KlpCallback | undefined)[];
  /** Formats besides those of kernel and livepatch. */
  readonly messages?: readonly Message[];
  /** Names that only scripts and messages use. */
  readonly names?: readonly string[];
  /** Default 6.5. */
  readonly version?: KernelVersion;
  /** With the fixes that late stable releases of the version carry: symbol positions 0 and 1 are equal. Default false. */
  readonly stableFixes?: boolean;
  /** When kernel code is preempted. Default: as distributions configure the version. */
  readonly preemption?: Preemption;
  /** Init and exit functions of modules, by number; 0 is none. */
  readonly moduleFns?: KernelContext['moduleFns'];
  /** Default true. */
  readonly reliableStacks?: boolean;
  /** Whether this is PREEMPT_RT: who holds an rwlock_t can be preempted; only races can tell. Default false. */
  readonly preemptRt?: boolean;
  /** CONFIG_PRINTK. Without it there is no log, and no barrier where a line would be printed. Default true; false in races. */
  readonly configPrintk?: boolean;
  /**
   * Whether modules are built outside of the kernel's tree and not signed, as those for a distribution's kernel are: the first
   * one taints it, which the log says in two lines. Default false.
   */
  readonly outsideModules?: boolean;
  /**
   * Whether an idle CPU may poll when it is interrupted for changed text, as real ones do: it then goes round its loop, and its
   * idle task is switched by the way. How often a first attempt completes a transition hangs on that. Default false.
   */
  readonly idlePolls?: boolean;
  /** Whether the pr_debug() lines of livepatch are printed, save those of each attempt on a task. Default false. */
  readonly dynamicDebug?: boolean;
  /** Instructions per turn of a task. Default 400. */
  readonly quantum?: number;
  readonly sabotage?: Partial<Sabotage>;
  readonly debugTrySwitchTask?: boolean;
  /** Records of the printk ring. Default 512. */
  readonly printkRecords?: number;
  /** Room for livepatch structs; defaults follow from the modules. */
  readonly klp?: Partial<KlpSize>;
  /** Other versions of kernel functions that are called through tables. */
  readonly overrides?: KernelOverrides;
}

/** Replacements for entries of the kernel's function tables: how a machine runs an older or a broken algorithm. */
export interface KernelOverrides {
  readonly hooks?: Partial<KernelHooks>;
  /** Work functions by number. */
  readonly workFns?: Readonly<Record<number, KernelContext['workFns'][number]>>;
  /** ftrace handlers by number. */
  readonly ftraceFns?: Readonly<Record<number, KernelContext['ftraceFns'][number]>>;
  /** How a stack is walked. */
  readonly archStackWalkReliable?: KernelContext['archStackWalkReliable'];
}

/** A machine that is laid out: its addresses and tables, and how its memory begins. */
export interface BootedMachine {
  readonly map: MemoryMap;
  readonly localBase: Addr;
  readonly ctx: CpuContext;
  readonly kernel: KernelContext;
  readonly klp: KlpContext;
  readonly layout: KernelLayout;
  readonly declaration: MachineDeclaration;
  /** Number of a name; throws {@link UsageError} for one that no declaration mentions. */
  readonly nameId: (name: string) => number;
  /** Index of a module image; throws {@link UsageError} when there is none of that name. */
  readonly imageIndex: (name: string) => number;
  /** Address of a symbol of vmlinux. */
  readonly symbol: (name: string) => Addr;
  /** Write the first contents of the memory; before any CPU runs. Returns the initial tasks. */
  readonly init: (words: Int32Array) => Addr[];
}

/** Every name that a machine's declaration mentions, each once; index 0 is the empty name. */
function internAll(machine: MachineDeclaration, cpus: number): string[] {
  const names = new Set<string>(['', ...KLP_NAMES, ...kernelNames(machine.vmlinux, cpus)]);
  for (const module of machine.modules ?? []) {
    names.add(module.name);
    for (const fn of module.functions ?? []) names.add(fn.name);
    for (const object of module.patch?.objects ?? []) {
      if (object.name !== undefined) names.add(object.name);
      for (const func of object.funcs ?? []) {
        names.add(func.oldName);
        if (func.newName !== undefined) names.add(func.newName);
      }
    }
  }
  for (const task of machine.initialTasks ?? []) names.add(task.comm);
  for (const name of machine.names ?? []) names.add(name);
  return [...names];
}

function patchSpec(patch: PatchDeclaration, id: (name: string) => number): PatchSpec {
  return {
    ...(patch.replace === undefined ? {} : { replace: patch.replace }),
    ...(patch.states === undefined ? {} : { states: patch.states }),
    ...(patch.objects === undefined
      ? {}
      : {
          objects: patch.objects.map((object) => ({
            ...(object.name === undefined ? {} : { name: id(object.name) }),
            ...(object.callbacks === undefined ? {} : { callbacks: object.callbacks }),
            ...(object.relocations === undefined ? {} : { relocations: object.relocations }),
            ...(object.funcs === undefined
              ? {}
              : {
                  funcs: object.funcs.map((func) => ({
                    oldName: id(func.oldName),
                    newName: func.newName === undefined ? 0 : id(func.newName),
                    oldSympos: func.oldSympos ?? 0,
                  })),
                }),
          })),
        }),
  };
}

function klpSize(machine: MachineDeclaration, cpus: number): KlpSize {
  const objects = (machine.modules ?? []).flatMap((m) => m.patch?.objects ?? []);
  const funcs = objects.flatMap((o) => o.funcs ?? []);
  const patches = (machine.modules ?? []).filter((m) => m.patch).length;
  return {
    cpus,
    patches: patches + 2,
    // Dynamic objects and nops: at worst one for each declared, in each patch that replaces.
    objects: objects.length * (patches + 1) + 8,
    funcs: funcs.length * (patches + 1) + 16,
    ops: funcs.length + 4,
    states: 16 + (machine.modules ?? []).flatMap((m) => m.patch?.states ?? []).length,
    shadows: 64,
    shadowBits: 4,
    ...machine.klp,
  };
}

/** Words of the largest module, and the symbols that all modules together have. */
function moduleSize(modules: readonly ModuleDeclaration[]): { slotWords: number; symbols: number } {
  const words = modules.map((m) => (m.functions ?? []).reduce((n, f) => n + functionWords(f), 0));
  const symbols = modules.reduce((n, m) => n + (m.functions ?? []).length, 0);
  return { slotWords: Math.max(48, ...words), symbols };
}

/** How many tasks are declared. */
export const taskCount = (tasks: readonly InitialTask[] = []): number =>
  tasks.reduce((sum, { count = 1 }) => sum + count, 0);

function kernelSize(machine: MachineDeclaration, cpus: number): KernelSize {
  const modules = machine.modules ?? [];
  const { slotWords, symbols } = moduleSize(modules);
  return {
    cpus,
    tasks: machine.tasks ?? taskCount(machine.initialTasks) + 64,
    stackWords: machine.stackWords ?? 64,
    moduleSymbols: symbols,
    modules: modules.length,
    slotWords,
    printkRecords: machine.printkRecords ?? 512,
  };
}

function kernelParts(
  machine: MachineDeclaration,
  version: KernelVersion,
): Omit<KernelParts, 'images' | 'names'> {
  return {
    version,
    preemption: machine.preemption,
    reliableStacks: machine.reliableStacks ?? true,
    preemptRt: machine.preemptRt ?? false,
    configPrintk: machine.configPrintk ?? true,
    outsideModules: machine.outsideModules ?? false,
    idlePolls: machine.idlePolls ?? false,
    quantum: machine.quantum ?? 400,
    messages: [...KERNEL_MESSAGES, ...KLP_MESSAGES, ...(machine.messages ?? [])],
    workFns: byNumber({ ...KLP_WORK_FNS, ...machine.overrides?.workFns }),
    ktypes: byNumber(KLP_KTYPES),
    ftraceFns: byNumber({ [FTRACE_FN_KLP]: KLP_FTRACE_FN, ...machine.overrides?.ftraceFns }),
    archStackWalkReliable: machine.overrides?.archStackWalkReliable ?? archStackWalkReliable,
    natives: machine.natives ?? [],
    moduleFns: machine.moduleFns ?? [],
  };
}

const lookup =
  (what: string, names: readonly string[]) =>
  (name: string): number => {
    const index = names.indexOf(name);
    if (index < 0) throw new UsageError(`no ${what} is called ${name}`);
    return index;
  };

/**
 * Lay a machine out.
 *
 * @throws {UsageError} when sizes or names of the declaration do not fit together
 */
export function bootMachine(machine: MachineDeclaration): BootedMachine {
  const cpus = machine.cpus ?? 1;
  const modules = machine.modules ?? [];
  const version = machine.version ?? DEFAULT_KERNEL_VERSION;
  const map = new MemoryMap();
  const localBase = claimLocal(map, cpus);
  const names = internAll(machine, cpus);
  const nameId = lookup('name', names);
  const images: ModuleImage[] = modules.map((module) => ({
    name: nameId(module.name),
    functions: module.functions ?? [],
    ...(module.patch === undefined ? {} : { patch: patchSpec(module.patch, nameId) }),
    ...(module.init === undefined ? {} : { init: module.init }),
    ...(module.exit === undefined ? {} : { exit: module.exit }),
  }));
  const layout = claimKernel(map, kernelSize(machine, cpus), machine.vmlinux, {
    ...kernelParts(machine, version),
    images,
    names,
  });
  const klp = claimKlp(map, klpSize(machine, cpus), {
    names,
    callbacks: machine.callbacks ?? [],
    sabotage: { ...NO_SABOTAGE, ...machine.sabotage },
    dynamicDebug: machine.dynamicDebug ?? false,
    debugTrySwitchTask: machine.debugTrySwitchTask ?? false,
    facts: { ...KLP_FACTS[version], ...(machine.stableFixes === true && { sympos: '0 is 1' }) },
  });
  const kernel = layout.context;
  return {
    map,
    localBase,
    ctx: { kernel, klp, hooks: { ...KLP_HOOKS, ...machine.overrides?.hooks } },
    kernel,
    klp,
    layout,
    declaration: machine,
    nameId,
    imageIndex: lookup(
      'module',
      modules.map((m) => m.name),
    ),
    symbol: (name) => {
      const found = layout.vmlinux.get(name);
      if (!found) throw new UsageError(`no symbol is called ${name}`);
      return found.addr;
    },
    init: (words) => initWords(words, layout, klp, machine),
  };
}

function byNumber<T>(table: Readonly<Record<number, T>>): T[] {
  const array: T[] = [];
  for (const [id, entry] of Object.entries(table)) array[Number(id)] = entry;
  return array;
}

function initWords(
  words: Int32Array,
  layout: KernelLayout,
  klp: KlpContext,
  machine: MachineDeclaration,
): Addr[] {
  const cpus = layout.context.cpus;
  const online = machine.onlineCpus ?? cpus;
  initKernel(words, layout, online);
  initKlp(words, klp);
  const spawned = new Array<Addr>(taskCount(machine.initialTasks));
  let n = 0;
  for (const task of machine.initialTasks ?? []) {
    for (let i = 0; i < (task.count ?? 1); i++, n++) {
      spawned[n] = spawnInitial(words, layout, task, n % online);
    }
  }
  return spawned;
}
