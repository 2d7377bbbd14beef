/** What a test machine is made of, by names, and the declaration that boot wants. */

import type { InitialTask } from '../../src/kernel/boot.js';
import { FIRST_SCENARIO_NATIVE } from '../../src/kernel/vmlinux.js';
import type { KernelVersion } from '../../src/kernel/versions.js';
import type { ModuleFn } from '../../src/kernel/context.js';
import { printk, type Message } from '../../src/kernel/printk.js';
import { TASK, TASK_UNINTERRUPTIBLE } from '../../src/kernel/task.js';
import { asm, type FunctionSource } from '../../src/kernel/text.js';
import type { CallbacksSpec, PatchSpec } from '../../src/livepatch/image.js';
import type { KlpCallback, KlpSize, Sabotage } from '../../src/livepatch/layout.js';
import type { Cpu } from '../../src/memory/cpu.js';
import type { SiteId } from '../../src/memory/sites.js';
import type { MachineDeclaration, ModuleDeclaration } from '../../src/scenario/boot.js';

/** A function of a patch, by name. */
export interface FuncDecl {
  readonly old: string;
  /** Left out: no replacement, which klp_init_func() refuses. */
  readonly new?: string;
  readonly sympos?: number;
}

/** An object of a patch, by name; `callbacks` prints a line for each of the four, as the kernel's test modules do. */
export interface ObjectDecl {
  readonly name?: string;
  readonly funcs?: readonly FuncDecl[];
  readonly callbacks?: boolean;
  readonly relocations?: number;
}

/** A module that can be loaded. */
export interface ModuleDecl {
  readonly name: string;
  readonly functions?: readonly FunctionSource[];
  /** Its init and exit functions print a line. */
  readonly lifeCycle?: boolean;
  /** Makes it a livepatch module. */
  readonly patch?: {
    readonly replace?: boolean;
    readonly objects?: readonly ObjectDecl[];
    readonly states?: PatchSpec['states'];
  };
}

/** What a test machine is made of. Everything has a default. */
export interface MachineDecl {
  readonly cpus?: number;
  /** How many of them are online; default all. */
  readonly online?: number;
  readonly version?: KernelVersion;
  readonly stableFixes?: boolean;
  readonly outsideModules?: boolean;
  readonly preemption?: MachineDeclaration['preemption'];
  readonly reliableStacks?: boolean;
  readonly functions?: readonly FunctionSource[];
  readonly tasks?: readonly InitialTask[];
  readonly modules?: readonly ModuleDecl[];
  readonly ablate?: readonly SiteId[];
  readonly sabotage?: Partial<Sabotage>;
  readonly debugTrySwitchTask?: boolean;
  readonly klp?: Partial<KlpSize>;
  /** Names used by the test only. */
  readonly names?: readonly string[];
}

/** Callback numbers of an object whose callbacks print: pre_patch, post_patch, pre_unpatch, post_unpatch. */
const CALLBACK_NAMES = ['pre_patch', 'post_patch', 'pre_unpatch', 'post_unpatch'] as const;
const FIRST_CALLBACK_MESSAGE = 200;

/** Instruction that runs what the test handed to {@link Machine.run}. */
export const NATIVE_SCRIPT = FIRST_SCENARIO_NATIVE;
/** A callback of a printing object: says its name and the object, as the kernel's test modules do. */
interface PrintingCallback {
  readonly fn: KlpCallback;
  readonly message: Message;
}

function printingCallback(
  id: number,
  module: string,
  object: string,
  kind: number,
  prePatchRet: ReadonlyMap<string, number>,
): PrintingCallback {
  const text = `${CALLBACK_NAMES[kind]!}_callback: ${object}`;
  const message: Message = { id, level: 'info', prefix: `${module}: `, text };
  const fn: KlpCallback = (cpu) => {
    printk(cpu, message);
    return kind === 0 ? (prePatchRet.get(object) ?? 0) : 0;
  };
  return { fn, message };
}

/** The printing callbacks of a machine's objects, and the messages they print. */
class Callbacks {
  readonly fns: (KlpCallback | undefined)[] = [undefined];
  readonly messages: Message[] = [];
  readonly moduleFns: ModuleFn[] = [];

  /** Init and exit function of a module, as numbers. */
  addLifeCycle(module: string): { init: number; exit: number } {
    const [init, exit] = ['init', 'exit'].map((what) => {
      const id = FIRST_CALLBACK_MESSAGE + this.messages.length;
      const message: Message = {
        id,
        level: 'info',
        prefix: `${module}: `,
        text: `${module}_${what}`,
      };
      this.messages.push(message);
      this.moduleFns[this.moduleFns.length || 1] = (cpu) => {
        printk(cpu, message);
        return 0;
      };
      return this.moduleFns.length - 1;
    });
    return { init: init!, exit: exit! };
  }

  /** Four callbacks for an object of a patch. */
  add(module: string, object: string, prePatchRet: ReadonlyMap<string, number>): CallbacksSpec {
    const first = this.fns.length;
    for (let kind = 0; kind < 4; kind++) {
      const id = FIRST_CALLBACK_MESSAGE + this.messages.length;
      const { fn, message } = printingCallback(id, module, object, kind, prePatchRet);
      this.fns.push(fn);
      this.messages.push(message);
    }
    const [prePatch, postPatch, preUnpatch, postUnpatch] = [first, first + 1, first + 2, first + 3];
    return { prePatch, postPatch, preUnpatch, postUnpatch };
  }
}

/** The declaration of a machine, its driver task first; `script` runs in the driver. */
export function declarationOf(
  decl: MachineDecl,
  cpus: number,
  script: (cpu: Cpu) => void,
  prePatchRet: ReadonlyMap<string, number>,
): MachineDeclaration {
  const callbacks = new Callbacks();
  const driverThread: FunctionSource = {
    name: 'driver_thread',
    code: [asm.at('loop', asm.kcall(NATIVE_SCRIPT)), asm.schedule, asm.jump('loop')],
  };
  const natives: ((cpu: Cpu, arg: number) => void)[] = [];
  natives[NATIVE_SCRIPT] = (cpu) => {
    script(cpu);
    cpu.writeOnce(cpu.current + TASK.state, TASK_UNINTERRUPTIBLE);
  };
  const modules = (decl.modules ?? []).map((m) => moduleOf(m, callbacks, prePatchRet));
  const driver = { comm: 'driver', thread: 'driver_thread', sleepsInKernelCode: true };
  return {
    cpus,
    onlineCpus: decl.online ?? cpus,
    tasks: (decl.tasks?.length ?? 0) + 6,
    stackWords: 128,
    vmlinux: { functions: [driverThread, ...(decl.functions ?? [])] },
    modules,
    initialTasks: [driver, ...(decl.tasks ?? [])],
    natives,
    callbacks: callbacks.fns,
    messages: callbacks.messages,
    names: decl.names ?? [],
    ...(decl.version === undefined ? {} : { version: decl.version }),
    ...(decl.stableFixes === undefined ? {} : { stableFixes: decl.stableFixes }),
    ...(decl.outsideModules === undefined ? {} : { outsideModules: decl.outsideModules }),
    ...(decl.preemption === undefined ? {} : { preemption: decl.preemption }),
    moduleFns: callbacks.moduleFns,
    reliableStacks: decl.reliableStacks ?? true,
    preemptRt: false,
    quantum: 32,
    sabotage: decl.sabotage ?? {},
    dynamicDebug: true,
    debugTrySwitchTask: decl.debugTrySwitchTask ?? false,
    klp: decl.klp ?? {},
  };
}

function moduleOf(
  m: ModuleDecl,
  callbacks: Callbacks,
  prePatchRet: ReadonlyMap<string, number>,
): ModuleDeclaration {
  const { name, functions = [], patch } = m;
  const lifeCycle = m.lifeCycle === true ? callbacks.addLifeCycle(name) : {};
  if (patch === undefined) return { name, functions, ...lifeCycle };
  const objects = patch.objects?.map((o) => ({
    ...(o.name === undefined ? {} : { name: o.name }),
    ...(o.funcs === undefined ? {} : { funcs: o.funcs.map(funcOf) }),
    ...(o.relocations === undefined ? {} : { relocations: o.relocations }),
    ...(o.callbacks === true
      ? { callbacks: callbacks.add(name, o.name ?? 'vmlinux', prePatchRet) }
      : {}),
  }));
  return {
    name,
    functions,
    ...lifeCycle,
    patch: {
      replace: patch.replace ?? false,
      states: patch.states ?? [],
      ...(objects === undefined ? {} : { objects }),
    },
  };
}

function funcOf(f: FuncDecl): { oldName: string; newName?: string; oldSympos: number } {
  const oldSympos = f.sympos ?? 0;
  return f.new === undefined
    ? { oldName: f.old, oldSympos }
    : { oldName: f.old, newName: f.new, oldSympos };
}
