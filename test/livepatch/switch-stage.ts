/** The machine that the WebAssembly switch is compared on, and states for its tasks. */

import { readFileSync } from 'node:fs';
import { loadModule } from '../../src/kernel/module.js';
import { percpu, PERCPU } from '../../src/kernel/layout.js';
import { TASK, TASK_WAKING, TIF_PATCH_PENDING } from '../../src/kernel/task.js';
import { asm, type FunctionSource } from '../../src/kernel/text.js';
import { MAX_STACK_ENTRIES } from '../../src/livepatch/layout.js';
import { withTrySwitch } from '../../src/livepatch/wasm-switch.js';
import { KernelOops } from '../../src/memory/fault.js';
import type { Random } from '../../src/memory/random.js';
import { POISON, type CpuId } from '../../src/memory/struct.js';
import { WasmCpu } from '../../src/memory/wasm.js';
import { bootSolo } from '../../src/scenario/solo.js';
import type { MachineDeclaration } from '../../src/scenario/boot.js';

export const SEED = 20_114;
export const STATES = 2000;
export const CPU0 = 0 as CpuId;

export const empty = (name: string): FunctionSource => ({ name, code: [asm.ret] });
export const livepatch = (name: string, version: number, functions: readonly string[]) => ({
  name,
  functions: functions.map((f) => empty(`${f}_${version}`)),
  patch: {
    objects: [{ funcs: functions.map((f) => ({ oldName: f, newName: `${f}_${version}` })) }],
  },
});

/** A machine in the middle of enabling the second patch of f, which patches g for the first time. */
export function stage(more: Partial<MachineDeclaration> = {}, module?: WebAssembly.Module) {
  const machine = bootSolo({
    cpus: 2,
    stackWords: 110,
    vmlinux: { functions: ['f', 'g', 'sys', 'wait'].map(empty) },
    modules: [livepatch('first', 1, ['f']), livepatch('second', 2, ['f', 'g'])],
    initialTasks: [
      { comm: 'sleeper', thread: 'sys', sleepingIn: ['sys', 'wait'] },
      { comm: 'blocker', thread: 'sys', sleepingIn: ['sys', 'g'] },
    ],
    ...more,
  });
  const { cpu, words, klp, boot, ctx, tasks, letRun } = machine;
  const [sleeper, blocker] = [tasks[0]!, tasks[1]!];
  loadModule(cpu, 0);
  letRun(1000);
  if (words[klp.transitionPatch] !== 0) throw new Error('the first patch is not through');
  loadModule(cpu, 1);
  if (words[klp.transitionPatch] === 0) throw new Error('nothing blocks the second patch');
  const events: number[][] = [];
  const native = { ...boot, trace: (...event: number[]) => void events.push(event) };
  const fastCtx = withTrySwitch(CPU0, ctx, native, module);
  const wasm = new WasmCpu(CPU0, fastCtx, native);
  wasm.current = machine.admin;
  return { machine, words, klp, sleeper, blocker, events, wasm, fastCtx };
}

export type Stage = ReturnType<typeof stage>;

export interface Seen {
  readonly switched?: boolean;
  readonly events?: readonly (readonly number[])[];
  /** Address of an oops. */
  readonly oops?: number;
}

/** Everything that an attempt shows: its result, its trace, and all of memory; or where it oopsed. */
export function observe(
  s: Stage,
  attempt: (cpu: WasmCpu, task: number) => boolean,
  task: number,
): Seen {
  s.events.length = 0;
  try {
    const switched = attempt(s.wasm, task);
    return { switched, events: [...s.events] };
  } catch (error) {
    if (!(error instanceof KernelOops)) throw error;
    return { oops: error.addr };
  }
}

/** Put the task into some state: mostly asleep with a stack that may hold any of the functions. */
export function shuffle({ machine, words, klp, sleeper }: Stage, random: Random): string {
  const pick = <T>(...from: T[]): T => from[random.below(from.length)]!;
  const texts = ['f', 'g', 'sys', 'wait'].map((name) => machine.symbol(name) + 3);
  const { moduleText, slotWords } = machine.kernel;
  const news = [0, 3, 6, slotWords, slotWords + 3, slotWords + 6].map((at) => moduleText + at);
  const address = (): number => pick(...texts, pick(...news), pick(...texts));
  words[sleeper + TASK.state] = pick(1, 1, 1, 2, 0x402, 0, TASK_WAKING);
  words[sleeper + TASK.onRq] = random.below(12) === 0 ? 1 : 0;
  words[sleeper + TASK.cpu] = random.below(2);
  words[sleeper + TASK.userMode] = random.below(8) === 0 ? 1 : 0;
  words[sleeper + TASK.unreliable] = random.below(16) === 0 ? 1 : 0;
  const depth = random.below(20) === 0 ? MAX_STACK_ENTRIES - 2 + random.below(3) : random.below(4);
  words[sleeper + TASK.depth] = depth;
  words[sleeper + TASK.pc] = address();
  for (let i = 0; i < depth; i++) {
    words[sleeper + TASK.size + i] = random.below(200) === 0 ? 0 : pick(texts[2]!, address());
  }
  const target = random.below(2);
  words[klp.targetState] = target;
  words[sleeper + TASK.patchState] = random.below(8) === 0 ? target : 1 - target;
  words[sleeper + TASK.tiFlags] = (1 << TIF_PATCH_PENDING) | random.below(8);
  words[percpu(machine.kernel, 1) + PERCPU.curr] =
    random.below(16) === 0 ? sleeper : machine.kernel.tasks;
  // Whoever takes the lock of the run queue oopses: a sleeping task needs no more than its own.
  const rqLock = random.below(4) === 0 ? POISON : 0;
  for (const cpu of [0, 1]) words[percpu(machine.kernel, cpu) + PERCPU.rqLock] = rqLock;
  return `target ${target}, depth ${depth}`;
}

export const source = readFileSync(
  new URL('../../../src/livepatch/wasm/klp-try-switch-task.wat', import.meta.url),
  'utf8',
);
