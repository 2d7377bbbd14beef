/** Transitions: complete cycles a second on real threads, the cost of one pass over sleeping tasks, memory per task. */

import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { build, CYCLE_STATE, CYCLE_SYMBOL } from '../src/catalog/cycles.js';
import type { InitialTask } from '../src/kernel/boot.js';
import { loadModule } from '../src/kernel/module.js';
import { TASK, TIF_PATCH_PENDING } from '../src/kernel/task.js';
import { asm, type FunctionSource } from '../src/kernel/text.js';
import { klpTryCompleteTransition } from '../src/livepatch/transition.js';
import { withTrySwitch } from '../src/livepatch/wasm-switch.js';
import { createNativeCpu, type MemoryKind } from '../src/memory/backend.js';
import type { Cpu } from '../src/memory/cpu.js';
import { CPU_LOCAL } from '../src/memory/local.js';
import type { Addr, CpuId } from '../src/memory/struct.js';
import { bootMachine } from '../src/scenario/boot.js';
import { bootSolo, type SoloMachine } from '../src/scenario/solo.js';
import { runOnThreads } from '../src/threads/engine.js';
import { main, type Benchmark, type MeasuredTask } from './harness.js';

const A_MILLION = 1_000_000;

const CYCLES = new URL('../src/catalog/cycles.js', import.meta.url).href;

/** An idle CPU fails the first attempt, so a cycle waits for two retries: with fast jiffies that wait is no part of it. */
const JIFFIES_PER_MS = 400;

/** Complete cycles, how long they took, and how often a CPU slept on a word meanwhile. */
interface CycleRun {
  readonly cycles: number;
  readonly elapsedMs: number;
  readonly sleeps: number;
}

/** How long a machine runs before it is measured: the engine compiles the code of each thread anew. */
const WARM_MS = 3000;

async function runCycles(cpus: number, timeMs: number): Promise<CycleRun> {
  const options = { cpus, tasks: 64 };
  const { booted } = build(options);
  const state = booted.symbol(CYCLE_SYMBOL);
  const look = (elapsedMs: number, words: Int32Array): CycleRun => {
    let sleeps = 0;
    for (let n = 0; n < cpus; n++) {
      sleeps += words[booted.localBase + n * CPU_LOCAL.size + CPU_LOCAL.heartbeat] ?? 0;
    }
    return { cycles: words[state + CYCLE_STATE.cycles] ?? 0, elapsedMs, sleeps };
  };
  let warm: CycleRun | undefined;
  const { elapsedMs, words } = await runOnThreads({
    workload: CYCLES,
    options,
    durationMs: WARM_MS + Math.max(1000, timeMs),
    jiffiesPerMs: JIFFIES_PER_MS,
    onProgress: (now, seen) => {
      if (now >= WARM_MS) warm ??= look(now, seen);
    },
  });
  const end = look(elapsedMs, words);
  if (!warm) throw new Error('the machine ended before it was warm');
  return {
    cycles: end.cycles - warm.cycles,
    elapsedMs: end.elapsedMs - warm.elapsedMs,
    sleeps: end.sleeps - warm.sleeps,
  };
}

async function cyclesPerSecond(cpus: number, timeMs: number): Promise<number> {
  const { cycles, elapsedMs } = await runCycles(cpus, timeMs);
  return (cycles * 1000) / elapsedMs;
}

async function sleepsPerCycle(cpus: number, timeMs: number): Promise<number> {
  const { cycles, sleeps } = await runCycles(cpus, timeMs);
  return sleeps / Math.max(1, cycles);
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

/** What bounds the cycles of several CPUs: each sleep of a CPU is a hand-over between two threads. */
const sleeps: Benchmark = {
  name: 'hand-overs per cycle',
  unit: 'sleeps',
  better: 'lower',
  baseline: '2 CPUs',
  tasks: () =>
    [2, 4, 8].map((cpus) => ({
      name: `${cpus} CPUs`,
      measure: ({ timeMs }) => sleepsPerCycle(cpus, timeMs),
    })),
};

/** A word that two threads hand to and fro, each asleep while it is the other's: µs for one way. */
async function handOverUs(timeMs: number): Promise<number> {
  const word = new Int32Array(new SharedArrayBuffer(4));
  const partner = new URL('./sync-partner.js', import.meta.url);
  const worker = new Worker(partner, { workerData: { kind: 'bare', words: [word] } });
  const ended = once(worker, 'exit');
  await once(worker, 'online');
  const ways: number[] = [];
  const end = performance.now() + timeMs;
  while (performance.now() < end) {
    const from = performance.now();
    Atomics.store(word, 0, 1);
    Atomics.notify(word, 0);
    while (Atomics.load(word, 0) === 1) Atomics.wait(word, 0, 1);
    ways.push((performance.now() - from) * 500);
  }
  Atomics.store(word, 0, 2);
  Atomics.notify(word, 0);
  await ended;
  ways.sort((a, b) => a - b);
  return ways[ways.length >> 1] ?? 0;
}

const handOver: Benchmark = {
  name: 'hand-over',
  unit: 'µs',
  better: 'lower',
  baseline: 'futex, one way',
  tasks: () => [{ name: 'futex, one way', measure: ({ timeMs }) => handOverUs(timeMs) }],
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
      { ...sleeper, count: tasks },
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

/** What the memory allows: the words of a task that a pass reads and writes, with plain accesses, in the order of the list. */
function memoryTask(count: number): MeasuredTask {
  const { words, tasks } = transitionOver(count);
  const newestFirst = [...tasks].reverse();
  return {
    name: `${count} tasks, memory`,
    measure: ({ timeMs }) =>
      medianOver(timeMs, () => {
        let sum = 0;
        const from = performance.now();
        for (const task of newestFirst) {
          words[task + TASK.patchState] = 1;
          sum += (words[task + TASK.depth] ?? 0) + (words[task + TASK.size] ?? 0);
        }
        const ns = (performance.now() - from) * 1e6;
        if (sum === 0) throw new Error('no task has a stack');
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
    [1000, 10_000, 100_000, A_MILLION].flatMap((count) => [
      memoryTask(count),
      passTask(count, 'wasm', false),
      // A machine of a million tasks takes 370 MB.
      ...(count === A_MILLION
        ? []
        : [floorTask(count), passTask(count, 'atomics', true), passTask(count, 'wasm', true)]),
    ]),
};

const LINE_BYTES = 64;
/** Larger than any cache. */
const BIG_BYTES = 2 ** 28;

/** GB a second, for so many bytes in so many ns. */
const rate = (bytes: number, ns: number): number => bytes / ns;

/** A row of the memory's bandwidth: what it reads and what it writes count both. */
function bandwidthTask(name: string, bytes: number, work: () => void): MeasuredTask {
  return {
    name,
    measure: ({ timeMs }) =>
      medianOver(timeMs, () => {
        const from = performance.now();
        work();
        return rate(2 * bytes, (performance.now() - from) * 1e6);
      }),
  };
}

function bandwidthTasks(): MeasuredTask[] {
  const from = new Int32Array(new SharedArrayBuffer(BIG_BYTES)).fill(1);
  const to = new Int32Array(new SharedArrayBuffer(BIG_BYTES));
  const line = LINE_BYTES / Int32Array.BYTES_PER_ELEMENT;
  const pass = passTask(A_MILLION, 'wasm', false);
  return [
    bandwidthTask('copy', BIG_BYTES, () => to.set(from)),
    bandwidthTask('a word of each line', BIG_BYTES, () => {
      for (let i = 0; i < from.length; i += line) from[i] = (from[i] ?? 0) + 1;
    }),
    {
      name: `pass over ${A_MILLION} tasks, a line each`,
      measure: async (settings) => rate(2 * LINE_BYTES, await pass.measure(settings)),
    },
  ];
}

/** What the machine's memory allows, beside what a pass over tasks that are in no cache makes of it. */
const bandwidth: Benchmark = {
  name: 'memory bandwidth',
  unit: 'GB/s',
  better: 'higher',
  baseline: 'copy',
  tasks: bandwidthTasks,
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

await main([memory, pass, bandwidth, handOver, sleeps, cycles]);
