/** Transitions: complete cycles a second on real threads, the cost of one pass over sleeping tasks, memory per task. */

import type { InitialTask } from '../src/kernel/boot.js';
import { loadModule } from '../src/kernel/module.js';
import { TASK, TIF_PATCH_PENDING } from '../src/kernel/task.js';
import { asm, type FunctionSource } from '../src/kernel/text.js';
import { klpTryCompleteTransition } from '../src/livepatch/transition.js';
import { withTrySwitch } from '../src/livepatch/wasm-switch.js';
import { createNativeCpu, type MemoryKind } from '../src/memory/backend.js';
import type { Cpu } from '../src/memory/cpu.js';
import type { Addr, CpuId } from '../src/memory/struct.js';
import { bootMachine } from '../src/scenario/boot.js';
import { bootSolo, type SoloMachine } from '../src/scenario/solo.js';
import { runOnThreads } from '../src/threads/engine.js';
import { main, type Benchmark, type MeasuredTask } from './harness.js';

const CYCLES = new URL('../src/catalog/cycles.js', import.meta.url).href;

/** An idle CPU fails the first attempt, so a cycle waits for two retries: with fast jiffies that wait is no part of it. */
const JIFFIES_PER_MS = 400;

async function cyclesPerSecond(cpus: number, timeMs: number): Promise<number> {
  const durationMs = Math.max(1000, timeMs);
  const result = await runOnThreads({
    workload: CYCLES,
    options: { cpus, tasks: 64 },
    durationMs,
    jiffiesPerMs: JIFFIES_PER_MS,
  });
  const cycles = result.outcomes.find(({ outcome }) => outcome === 'cycle')?.count ?? 0;
  return (cycles * 1000) / result.elapsedMs;
}

const cycles: Benchmark = {
  name: 'transition cycles',
  unit: 'cycles/s',
  better: 'higher',
  baseline: '1 CPU',
  tasks: () =>
    [1, 2, 4, 8].map((cpus): MeasuredTask => ({
      name: cpus === 1 ? '1 CPU' : `${cpus} CPUs`,
      measure: ({ timeMs }) => cyclesPerSecond(cpus, timeMs),
      ...(cpus === 4 ? { aim: 300 } : {}),
    })),
};

/** A machine in the middle of enabling a patch: one sleeper inside the patched function keeps it from completing. */
function transitionOver(tasks: number): SoloMachine {
  const empty = (name: string): FunctionSource => ({ name, code: [asm.ret] });
  const sleeper: InitialTask = { comm: 'sleeper', thread: 'sys', sleepingIn: ['sys', 'wait'] };
  const machine = bootSolo({
    vmlinux: { functions: ['f', 'sys', 'wait'].map(empty) },
    modules: [
      {
        name: 'livepatch',
        functions: [empty('new_f')],
        patch: { objects: [{ funcs: [{ oldName: 'f', newName: 'new_f' }] }] },
      },
    ],
    initialTasks: [
      { comm: 'blocker', thread: 'f', sleepingIn: ['f'] },
      ...Array.from({ length: tasks }, () => sleeper),
    ],
    tasks: tasks + 2,
  });
  if (loadModule(machine.cpu, 0) < 0) throw new Error('the patch was not enabled');
  if (machine.words[machine.klp.transitionPatch] === 0) throw new Error('nothing blocks the patch');
  return machine;
}

/** Put all sleepers back to the initial side and switch them again; returns ns per task of the pass. */
function onePass({ words, klp, tasks }: SoloMachine, cpu: Cpu): number {
  for (const task of tasks) {
    words[task + TASK.patchState] = 0;
    words[task + TASK.tiFlags] = 1 << TIF_PATCH_PENDING;
  }
  words[klp.signalsCnt] = 1; // No signals: the attempts do not count up.
  const from = performance.now();
  klpTryCompleteTransition(cpu);
  const ns = (performance.now() - from) * 1e6;
  const last = tasks[tasks.length - 1] ?? 0;
  if (words[last + TASK.patchState] !== 1) throw new Error('the pass did not switch the sleepers');
  return ns / tasks.length;
}

/** Median of what `pass` returns when it is called for `timeMs`. */
function medianOver(timeMs: number, pass: () => number): number {
  const passes: number[] = [];
  const end = performance.now() + timeMs;
  do passes.push(pass());
  while (performance.now() < end);
  passes.sort((a, b) => a - b);
  return passes[passes.length >> 1] ?? 0;
}

/** A pass as machines of that memory make it; `isPort` keeps the wasm one from its WebAssembly switch. */
function passTask(count: number, kind: MemoryKind, isPort: boolean): MeasuredTask {
  const machine = transitionOver(count);
  const { memory, words, localBase } = machine;
  const boot = { memory, words, localBase };
  const id = 0 as CpuId;
  const ctx = kind === 'wasm' && !isPort ? withTrySwitch(id, machine.ctx, boot) : machine.ctx;
  const cpu = createNativeCpu(kind, id, ctx, boot);
  cpu.current = machine.admin;
  return {
    name: `${count} tasks, ${kind}${isPort && kind === 'wasm' ? ', port' : ''}`,
    aim: 150,
    measure: ({ timeMs }) => medianOver(timeMs, () => onePass(machine, cpu)),
  };
}

/** The atomic operations of one task's way through the port, and nothing else: what JavaScript asks for at the least. */
function floorOfTask(words: Int32Array, task: Addr, ops: Addr, fence: Addr): number {
  const locked = Atomics.compareExchange(words, task + TASK.piLock, 0, 1);
  const state = Atomics.load(words, task + TASK.state);
  Atomics.add(words, fence, 1);
  const queued = Atomics.load(words, task + TASK.onRq) + Atomics.load(words, task + TASK.onCpu);
  const cpu = Atomics.load(words, task + TASK.cpu);
  const head = Atomics.load(words, ops);
  Atomics.and(words, task + TASK.tiFlags, ~(1 << TIF_PATCH_PENDING));
  return locked + state + queued + cpu + head + Atomics.exchange(words, task + TASK.piLock, 0);
}

function floorTask(count: number): MeasuredTask {
  const { words, klp, localBase, tasks } = transitionOver(count);
  return {
    name: `${count} tasks, atomics floor`,
    measure: ({ timeMs }) =>
      medianOver(timeMs, () => {
        let sum = 0;
        const from = performance.now();
        for (const task of tasks) {
          sum += floorOfTask(words, task, klp.ops, localBase);
        }
        const ns = (performance.now() - from) * 1e6;
        if (sum === 0) throw new Error('no task sleeps');
        return ns / count;
      }),
  };
}

const pass: Benchmark = {
  name: 'transition pass',
  unit: 'ns/task',
  better: 'lower',
  baseline: '1000 tasks, atomics',
  tasks: () =>
    [1000, 10_000, 100_000].flatMap((count) => [
      floorTask(count),
      passTask(count, 'atomics', true),
      passTask(count, 'wasm', true),
      passTask(count, 'wasm', false),
    ]),
};

const memory: Benchmark = {
  name: 'memory per task',
  unit: 'bytes',
  better: 'lower',
  baseline: '64-entry stack',
  tasks: () =>
    [64, 128].map((stackWords) => ({
      name: `${stackWords}-entry stack`,
      ...(stackWords === 64 ? { aim: 1024 } : {}),
      measure: () => {
        const words = (tasks: number): number =>
          bootMachine({ tasks, stackWords, vmlinux: { functions: [] } }).map.words;
        return ((words(2000) - words(1000)) * 4) / 1000;
      },
    })),
};

await main([memory, pass, cycles]);
