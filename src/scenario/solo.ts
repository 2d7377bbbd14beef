/** A whole machine on the caller's thread: one online CPU whose clock follows what it executes, and jumps when it idles. */

import { SimulatorBug, UsageError } from '../errors.js';
import { EAGAIN, ETIMEDOUT } from '../kernel/errno.js';
import { KERNEL, percpu, PERCPU } from '../kernel/layout.js';
import { scheduleNext, TICK_BIT } from '../kernel/sched.js';
import { PF_KCODE, TASK, TASK_INTERRUPTIBLE } from '../kernel/task.js';
import { addTimer, delTimer, TIMER_WAKE } from '../kernel/timer.js';
import { setCurrentState } from '../kernel/wait.js';
import { AtomicsCpu } from '../memory/atomics.js';
import type { NativeBoot, TraceSink } from '../memory/native-boot.js';
import { createSharedMemory } from '../memory/map.js';
import type { Ablation } from '../memory/sites.js';
import type { Addr, CpuId } from '../memory/struct.js';
import { bootMachine, type BootedMachine, type MachineDeclaration } from './boot.js';
import type { WasmMemory } from '../memory/wasm-memory.js';

/** Words of text that a CPU executes in one jiffy. */
const WORDS_PER_JIFFY = 1 << 14;

/** A CPU that never waits: time passes instead. */
export class SoloCpu extends AtomicsCpu {
  #fetched = 0;

  /** A task that computes takes time too; without it nothing would ever preempt one. */
  override fetch(addr: Addr): number {
    if (++this.#fetched >= WORDS_PER_JIFFY) {
      this.#advance((this.words[this.ctx.kernel.globals + KERNEL.jiffies] ?? 0) + 1);
    }
    return super.fetch(addr);
  }

  #advance(jiffies: number): void {
    const { kernel } = this.ctx;
    const pc = percpu(kernel, this.id);
    this.#fetched = 0;
    this.words[kernel.globals + KERNEL.jiffies] = jiffies;
    this.words[pc + PERCPU.ipi] = (this.words[pc + PERCPU.ipi] ?? 0) | TICK_BIT;
  }

  /** Nothing else runs: time passes at once, up to the next timer. */
  override mwait(addr: Addr, seen: number): void {
    if (this.words[addr] !== seen) return;
    const expiry = this.words[percpu(this.ctx.kernel, this.id) + PERCPU.nextExpiry] ?? 0;
    if (expiry === 0) throw new SimulatorBug('the machine would be idle for ever');
    this.#advance(expiry);
  }

  /** @throws UsageError when nothing would ever end the sleep */
  override wait(addr: Addr, seen: number, timeoutMs = Infinity): number {
    if (this.words[addr] !== seen) return -EAGAIN;
    if (timeoutMs === Infinity) {
      throw new UsageError(`the only CPU would sleep for ever on ${addr}: nobody else can wake it`);
    }
    return -ETIMEDOUT;
  }

  /** Nothing else runs: the word would never change. */
  override relax(addr: Addr, seen: number): void {
    if (this.words[addr] === seen) {
      throw new SimulatorBug(`the only CPU would spin for ever on ${addr}`);
    }
  }
}

/** A machine under test: its memory, its only CPU, and the task on whose behalf the caller acts. */
export interface SoloMachine extends BootedMachine {
  readonly memory: WasmMemory;
  readonly words: Int32Array;
  /** What {@link cpu} was made with. */
  readonly boot: NativeBoot;
  readonly cpu: SoloCpu;
  /** Task that is current while the caller calls kernel functions. */
  readonly admin: Addr;
  /** The declared initial tasks, in order. */
  readonly tasks: readonly Addr[];
  /** Let the other tasks run for so many jiffies of simulated time. */
  readonly letRun: (jiffies: number) => void;
}

/** Name of the task that stands for the caller. */
const ADMIN = 'admin';

/** How a solo machine is watched and broken. */
export interface SoloOptions {
  readonly ablation?: Ablation;
  /** Listens to the CPU. */
  readonly trace?: TraceSink;
  /** Instead of {@link trace}: claims more words once the machine is laid out, and returns what listens to its CPU. */
  readonly watch?: (booted: BootedMachine) => (words: Int32Array, admin: Addr) => TraceSink;
}

/**
 * Boot a machine on this thread. Kernel functions can be called directly with `cpu`: `cpu.current` is the admin task.
 * CPUs beyond the first stay offline.
 */
export function bootSolo(declaration: MachineDeclaration, options: SoloOptions = {}): SoloMachine {
  const adminTask = {
    comm: ADMIN,
    thread: 'worker_thread',
    sleepsInKernelCode: true,
    sleepingIn: ['worker_thread'],
  };
  const booted = bootMachine({
    ...declaration,
    onlineCpus: 1,
    initialTasks: [...(declaration.initialTasks ?? []), adminTask],
  });
  const listener = options.watch?.(booted);
  const { memory, words } = createSharedMemory(booted.map.words);
  const tasks = booted.init(words);
  const admin = tasks.pop() ?? 0;
  const sink = listener?.(words, admin) ?? options.trace;
  const boot = {
    words,
    memory,
    localBase: booted.localBase,
    ...(options.ablation === undefined ? {} : { ablation: options.ablation }),
    ...(sink === undefined ? {} : { trace: sink }),
  };
  const cpu = new SoloCpu(0 as CpuId, booted.ctx, boot);
  becomeCurrent(booted, words, cpu, admin);
  return {
    ...booted,
    memory,
    words,
    boot,
    cpu,
    admin,
    tasks,
    letRun: (jiffies) => sleepFor(cpu, jiffies),
  };
}

/** The admin task runs on the CPU in the idle task's place, with PF_KCODE so that it may sleep. */
function becomeCurrent(booted: BootedMachine, words: Int32Array, cpu: SoloCpu, admin: Addr): void {
  const { kernel } = booted;
  words[admin + TASK.state] = 0;
  words[admin + TASK.onRq] = 1;
  words[admin + TASK.onCpu] = 1;
  words[admin + TASK.flags] = (words[admin + TASK.flags] ?? 0) | PF_KCODE;
  words[percpu(kernel, 0) + PERCPU.curr] = admin;
  words[kernel.tasks + TASK.onCpu] = 0;
  cpu.current = admin;
}

/**
 * Sleep on behalf of the current task; others run meanwhile. Unlike schedule(), this leaves the CPU free for kernel code
 * that sleeps: the caller's own is not in the middle of anything.
 */
function sleepFor(cpu: SoloCpu, jiffies: number): void {
  const timer = cpu.current + TASK.timer;
  setCurrentState(cpu, TASK_INTERRUPTIBLE);
  addTimer(cpu, timer, TIMER_WAKE, cpu.current, jiffies);
  const self = cpu.current;
  scheduleNext(cpu, false);
  while (cpu.current !== self) cpu.ctx.kernel.runCurrent(cpu);
  delTimer(cpu, timer);
}
