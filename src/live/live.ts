/** A program of plain JavaScript on a machine of its own, on the caller's thread: to try and test live patches of it. */

import { SimulatorBug, UsageError } from '../errors.js';
import { ENOENT } from '../kernel/errno.js';
import { deleteModule, findModule, loadModule, MODULE } from '../kernel/module.js';
import { asm } from '../kernel/text.js';
import { TASK } from '../kernel/task.js';
import { NULL } from '../memory/struct.js';
import { ENABLED, klpSysfsWrite } from '../livepatch/core-sysfs.js';
import { KLP_PATCH } from '../livepatch/layout.js';
import { bodyNative, compileProgram, NATIVE_BODY, type JavaScriptProgram } from './bodies.js';
import type { Vmlinux } from '../kernel/vmlinux.js';
import type { KernelContext } from '../kernel/context.js';
import { Dispatcher, type DispatchOptions, type Site } from './dispatch.js';
import type { MachineDeclaration } from '../scenario/boot.js';
import { bootSolo, type SoloMachine } from '../scenario/solo.js';

/** A program that runs on a machine. Errors of the kernel are its negative errnos. */
export interface LiveMachine {
  /** The machine under it. */
  readonly solo: SoloMachine;
  /** The function of that name, for {@link call}; throws {@link UsageError} when there is none. */
  site<A extends unknown[], R>(name: string): Site<A, R>;
  /**
   * Call a function: the version that the caller's task has to run. `site.invoke(…)` is the same, and the faster way in a loop: not
   * every engine inlines a function that hands on a list of arguments.
   */
  call<A extends unknown[], R>(site: Site<A, R>, ...args: A): R;
  /** Load and enable a patch; its transition goes on while {@link letRun} lets time pass. 0 or a negative errno. */
  enable(patch: string): number;
  /** Begin to disable a patch that is loaded. 0 or a negative errno: -ENOENT when it is not loaded. */
  disable(patch: string): number;
  /** Unload the module of a patch that is disabled. 0 or a negative errno. */
  remove(patch: string): number;
  /** Name of the patch in transition, if there is one. */
  transition(): string | undefined;
  /** Let so many jiffies pass; a hundred are a second. The caller's task sleeps meanwhile, and may be switched. */
  letRun(jiffies: number): void;
}

/** Natives with the program's own among them. */
function withBodies(
  natives: KernelContext['natives'],
  bodies: Parameters<typeof bodyNative>[0],
): KernelContext['natives'] {
  const all = [...natives];
  all[NATIVE_BODY] = bodyNative(bodies);
  return all;
}

/** What a machine for a program can be told besides the program. */
export interface LiveOptions extends DispatchOptions {
  /** More of the machine: tasks, natives, text that calls the functions. */
  readonly machine?: Omit<MachineDeclaration, 'vmlinux'> & { readonly vmlinux?: Vmlinux };
}

/** What a machine has if nothing is asked for: a program that loops through a system call. */
const IDLE_TEXT = [
  { name: 'sys_nothing', code: [asm.spin(1), asm.ret] },
  {
    name: 'loop',
    traceable: false,
    code: [asm.at('again', asm.syscall('sys_nothing')), asm.jump('again')],
  },
];

/**
 * Put a program on a machine.
 *
 * @throws {UsageError} when program, patches and machine do not fit together
 */
export function bootLive(program: JavaScriptProgram, options: LiveOptions = {}): LiveMachine {
  const compiled = compileProgram(program);
  const { machine = {} } = options;
  const solo = bootSolo({
    ...machine,
    vmlinux: {
      ...machine.vmlinux,
      functions: [...compiled.functions, ...IDLE_TEXT, ...(machine.vmlinux?.functions ?? [])],
    },
    modules: [...compiled.modules, ...(machine.modules ?? [])],
    natives: withBodies(machine.natives ?? [], compiled.bodies),
  });
  const { cpu } = solo;
  const dispatcher = new Dispatcher(cpu, solo.boot, solo, compiled, options);
  const isKnown = (patch: string): boolean => solo.kernel.names.includes(patch);
  const moduleOf = (patch: string): number => findModule(cpu, solo.nameId(patch));
  return {
    solo,
    site: (name) => dispatcher.site(name),
    call: ({ invoke }, ...args) => invoke(...args),
    enable: (patch) => Math.min(0, loadModule(cpu, solo.imageIndex(patch))),
    disable: (patch) => {
      const mod = isKnown(patch) ? moduleOf(patch) : NULL;
      return mod === NULL ? -ENOENT : writeEnabled(solo, mod);
    },
    remove: (patch) => (isKnown(patch) ? deleteModule(cpu, solo.nameId(patch)) : -ENOENT),
    transition: () => patchInTransition(solo),
    letRun: (jiffies) => {
      if (!Number.isSafeInteger(jiffies) || jiffies < 0) {
        throw new UsageError(
          `letRun(${String(jiffies)}): time passes in jiffies, integers from 0 on`,
        );
      }
      if (jiffies > 0) solo.letRun(jiffies);
    },
  };
}

function writeEnabled(solo: SoloMachine, mod: number): number {
  const patch = solo.cpu.get(mod + MODULE.image);
  // A module without a patch has nothing to disable.
  if (patch === NULL) return -ENOENT;
  return Math.min(0, klpSysfsWrite(solo.cpu, patch + KLP_PATCH.kobj, ENABLED, '0'));
}

function patchInTransition({ cpu, kernel, klp }: SoloMachine): string | undefined {
  const patch = cpu.get(klp.transitionPatch);
  if (patch === 0) return undefined;
  const name = kernel.names[cpu.get(cpu.get(patch + KLP_PATCH.mod) + MODULE.name)];
  if (name === undefined) throw new SimulatorBug(`the patch at ${patch} has no name`);
  return name;
}

/** Patch state of the caller's task: -1 outside a transition, else 0 old or 1 new. */
export function patchStateOf(live: LiveMachine): number {
  return live.solo.cpu.get(live.solo.cpu.current + TASK.patchState);
}
