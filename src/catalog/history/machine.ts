/** What the scripts about past bugs share: functions in versions, livepatches for them, and an administrator's actions. */

import { deleteModule, findModule, loadModule, MODULE } from '../../kernel/module.js';
import { schedule } from '../../kernel/sched.js';
import { TASK, TASK_UNINTERRUPTIBLE } from '../../kernel/task.js';
import { asm, type FunctionSource, type Instruction } from '../../kernel/text.js';
import { addTimer, delTimer, TIMER_WAKE } from '../../kernel/timer.js';
import { setCurrentState } from '../../kernel/wait.js';
import { ENABLED, FORCE, klpSysfsWrite } from '../../livepatch/core-sysfs.js';
import { KLP_PATCH, KLP_UNDEFINED } from '../../livepatch/layout.js';
import type { Cpu } from '../../memory/cpu.js';
import type { Addr } from '../../memory/struct.js';
import type {
  MachineDeclaration,
  ModuleDeclaration,
  ObjectDeclaration,
  PatchDeclaration,
} from '../../scenario/boot.js';
import type { WatchedMachine } from '../../scenario/watched.js';

/** Jiffies after which a transition that nobody blocks is complete. */
export const SOON = 400;

/**
 * A function in some version: 0 is the original, n the replacement in the n-th module.
 *
 * @param group number of the original, from 1
 * @param body what it does before it returns
 */
export function version(
  name: string,
  n: number,
  group: number,
  body: readonly Instruction[] = [],
): FunctionSource {
  return { name, code: [asm.mark(n, group), ...body, asm.ret] };
}

/** A program or a kernel thread: its instructions again and again. */
export function endless(name: string, ...body: readonly Instruction[]): FunctionSource {
  const [first = asm.ret, ...rest] = body;
  return { name, traceable: false, code: [asm.at('again', first), ...rest, asm.jump('again')] };
}

/** A livepatch whose replacements are called like their originals with the livepatch's number behind. */
export function livepatch(
  n: number,
  functions: readonly FunctionSource[],
  more: Omit<PatchDeclaration, 'objects'> & Pick<ObjectDeclaration, 'name' | 'callbacks'> = {},
): ModuleDeclaration {
  const { name, callbacks, ...patch } = more;
  const funcs = functions.map((f) => ({ oldName: f.name.replace(/_v\d+$/, ''), newName: f.name }));
  return {
    name: `livepatch_${n}`,
    functions,
    patch: {
      ...patch,
      objects: [
        {
          funcs,
          ...(name === undefined ? {} : { name }),
          ...(callbacks === undefined ? {} : { callbacks }),
        },
      ],
    },
  };
}

const CALLS = [asm.call('f'), asm.sleepUninterruptible(50), asm.call('f')];

/** A kernel thread sleeps in h() between two calls of f(); livepatch_1 replaces both. */
export function betweenTwoCalls(): Pick<
  MachineDeclaration,
  'vmlinux' | 'modules' | 'initialTasks'
> {
  return {
    vmlinux: {
      functions: [
        version('f', 0, 1),
        version('h', 0, 2, CALLS),
        endless('thread', asm.call('h'), asm.sleepUninterruptible(30)),
      ],
    },
    modules: [livepatch(1, [version('f_v1', 1, 1), version('h_v1', 1, 2, CALLS)])],
    initialTasks: [{ comm: 'caller', thread: 'thread' }],
  };
}

/** The current task, in the middle of kernel code, does not run for so many jiffies; others do. */
export function rest(cpu: Cpu, jiffies: number): void {
  const timer = cpu.current + TASK.timer;
  setCurrentState(cpu, TASK_UNINTERRUPTIBLE);
  addTimer(cpu, timer, TIMER_WAKE, cpu.current, jiffies);
  schedule(cpu);
  delTimer(cpu, timer);
}

/** Load a module; it, or a negative errno. */
export function insmod(m: WatchedMachine, name: string): number {
  return loadModule(m.cpu, m.imageIndex(name));
}

/** Unload a module; 0 or a negative errno. */
export function rmmod(m: WatchedMachine, name: string): number {
  return deleteModule(m.cpu, m.nameId(name));
}

function patchOf(m: WatchedMachine, name: string): Addr {
  const mod = findModule(m.cpu, m.nameId(name));
  return m.words[mod + MODULE.image] ?? 0;
}

/** `echo 0 > enabled` of a livepatch: a length or a negative errno. */
export function disable(m: WatchedMachine, name: string): number {
  return klpSysfsWrite(m.cpu, patchOf(m, name) + KLP_PATCH.kobj, ENABLED, '0');
}

/** `echo 1 > force` of a livepatch: a length or a negative errno. */
export function force(m: WatchedMachine, name: string): number {
  return klpSysfsWrite(m.cpu, patchOf(m, name) + KLP_PATCH.kobj, FORCE, '1');
}

/** A transition that should be over by now is a finding. */
export function expectComplete(m: WatchedMachine): void {
  if (m.words[m.klp.targetState] === KLP_UNDEFINED) return;
  m.find('stall', 'a transition that nothing blocks has not completed');
}
