/** The small kernel and the patches that most livepatch tests use. */

import { asm, type FunctionSource } from '../../src/kernel/text.js';
import { KERNEL } from '../../src/kernel/layout.js';
import { TASK, TIF_PATCH_PENDING } from '../../src/kernel/task.js';
import { ENABLED } from '../../src/livepatch/core-sysfs.js';
import { TRACE_KLP_SWITCHED } from '../../src/livepatch/trace.js';
import { KLP_FUNC, KLP_OBJECT } from '../../src/livepatch/layout.js';
import { LIST } from '../../src/kernel/list.js';
import type { Addr } from '../../src/memory/struct.js';
import type { MachineDecl, ModuleDecl } from './declaration.js';
import { boot, type Machine } from './machine.js';

/** A function that marks that it ran and returns. */
export const plain = (name: string, version = 0, group = 1): FunctionSource => ({
  name,
  code: [asm.mark(version, group), asm.ret],
});

/** A function that sleeps for ever, interruptibly or not, and returns when woken. */
export const sleeper = (name: string, uninterruptible = false): FunctionSource => ({
  name,
  code: [uninterruptible ? asm.sleepUninterruptible(0) : asm.sleep(0), asm.ret],
});

/** vmlinux: `f`, `g`, `h` that can be patched, `hidden` that cannot, and threads that call or sleep. */
export const FUNCTIONS: readonly FunctionSource[] = [
  plain('f', 0, 1),
  plain('g', 0, 2),
  plain('h', 0, 3),
  { name: 'hidden', traceable: false, code: [asm.ret] },
  sleeper('nap'),
  sleeper('coma', true),
  // Bottom of the threads that sleep inside some function: they sleep for good once they return from it.
  { name: 'bottom', code: [asm.at('loop', asm.sleepUninterruptible(0)), asm.jump('loop')] },
  { name: 'sys_nap', code: [asm.call('nap'), asm.ret] },
  { name: 'sys_f', code: [asm.call('f'), asm.ret] },
  {
    name: 'napping_user',
    traceable: false,
    code: [asm.at('loop', asm.syscall('sys_nap')), asm.jump('loop')],
  },
  {
    name: 'resched_thread',
    code: [asm.at('loop', asm.condResched), asm.spin(1), asm.jump('loop')],
  },
];

/** A livepatch module that replaces functions of vmlinux: `p` replacing `f` brings `p_f`. */
export function livepatch(
  name: string,
  olds: readonly string[],
  extra: Omit<NonNullable<ModuleDecl['patch']>, 'objects'> = {},
): ModuleDecl {
  return {
    name,
    functions: olds.map((old) => plain(`${name}_${old}`, 1, 1)),
    patch: {
      ...extra,
      objects: [{ funcs: olds.map((old) => ({ old, new: `${name}_${old}` })), callbacks: true }],
    },
  };
}

/** The transcript of a callback line of `livepatch()`. */
export const said = (patch: string, callback: string, object = 'vmlinux'): string =>
  `${patch}: ${callback}_callback: ${object}`;

/** Boot the small kernel with more of everything. */
export function bootSmall(decl: MachineDecl = {}): Machine {
  return boot({ ...decl, functions: [...FUNCTIONS, ...(decl.functions ?? [])] });
}

/** A thread that sleeps inside a function (and continues there when it is woken). */
export const asleepIn = (fn: string, comm = 'sleeper') => ({
  comm,
  thread: 'bottom',
  sleepingIn: ['bottom', fn],
});

/** Let a sleeping thread stand at an address, called from `bottom`. */
export function placeAt(m: Machine, task: Addr, address: Addr): void {
  m.words[task + TASK.pc] = address;
}

/** Whether a task is marked to switch. */
export const isPending = (m: Machine, task: Addr): boolean =>
  (m.task(task, 'tiFlags') & (1 << TIF_PATCH_PENDING)) !== 0;

/** A task's patch state. */
export const stateOf = (m: Machine, task: Addr): number => m.task(task, 'patchState');

/** The functions of an object of a patch, in their order. */
export function funcsOf(m: Machine, patch: string, object = 'vmlinux'): Addr[] {
  const head = m.object(patch, object) + KLP_OBJECT.funcList;
  const found: Addr[] = [];
  for (let f = m.words[head + LIST.next]!; f !== head; f = m.words[f + LIST.next]!) found.push(f);
  return found;
}

/** The first function of a patch. */
export const funcOf = (m: Machine, patch: string, object = 'vmlinux'): Addr =>
  funcsOf(m, patch, object)[0]!;

/** A word of a function. */
export const funcWord = (m: Machine, func: Addr, field: keyof typeof KLP_FUNC): number =>
  m.words[func + KLP_FUNC[field]]!;

/** Let a transition that no task blocks any more complete. */
export function settle(m: Machine): void {
  m.until(() => m.transitionPatch === 0);
  m.sleep(5);
}

/** A machine whose patch `p` of `f` cannot finish: task 0 sleeps in `f`. */
export function blocked(decl: MachineDecl = {}): Machine {
  const m = bootSmall({
    modules: [livepatch('p', ['f'])],
    ...decl,
    tasks: [asleepIn('f'), ...(decl.tasks ?? [])],
  });
  m.load('p');
  return m;
}

/** A machine with `p` enabled whose disabling cannot finish: task 0 sleeps in the new `f`. */
export function blockedDisable(decl: MachineDecl = {}): Machine {
  const m = bootSmall({
    modules: [livepatch('p', ['f'])],
    ...decl,
    tasks: [asleepIn('bottom'), ...(decl.tasks ?? [])],
  });
  m.load('p');
  settle(m);
  placeAt(m, m.tasks[0]!, funcWord(m, funcOf(m, 'p'), 'newFunc') + 3);
  m.write('p', ENABLED, '0');
  return m;
}

/** Let the task that blocks the transition go back to its bottom. */
export function unblock(m: Machine): void {
  placeAt(m, m.tasks[0]!, m.addr('bottom') + 3);
}

/** All tasks of the task list. */
export function allTasks(m: Machine): Addr[] {
  const { globals } = m.layout.context;
  const found: Addr[] = [];
  for (let t = m.words[globals + KERNEL.taskList]!; t !== 0; t = m.task(t, 'tasksNext')) {
    found.push(t);
  }
  return found;
}

export const keyOf = (m: Machine): number =>
  m.words[m.layout.context.globals + KERNEL.klpSchedTrySwitchKey]!;

export const switchedBy = (m: Machine, task: Addr): number[] =>
  m.cpus
    .flatMap((cpu) => cpu.events)
    .filter((e) => e.event === TRACE_KLP_SWITCHED && e.a === task)
    .map((e) => e.c);
