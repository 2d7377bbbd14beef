/** Whole machines: every CPU runs its scheduler, tasks do what their text says, and an admin goes through a script. */

import { describeFinding, readFindings } from '../check/findings.js';
import { claimCheck, type CheckLayout } from '../check/layout.js';
import { MachineWatch } from '../check/machine-watch.js';
import { Monitor } from '../check/monitor.js';
import { cpuStartupEntry } from '../kernel/interp.js';
import { KERNEL, percpu, PERCPU } from '../kernel/layout.js';
import { idleTask, TASK } from '../kernel/task.js';
import type { Addr } from '../memory/struct.js';
import { bootMachine, type BootedMachine, type MachineDeclaration } from './boot.js';
import type { Machine } from './declare.js';
import { taskLabel } from './task-name.js';
import { jumpToTimer, passJiffy } from './virtual-time.js';

/** A whole machine, and when it is over. */
export interface KernelSystem {
  readonly declaration: MachineDeclaration;
  /** Symbol of data whose first word the machine sets when its script is over: no more time passes. */
  readonly done: string;
  /** Jiffies in which the script must be over, however unlucky the schedule: more is a stall. */
  readonly jiffies: number;
  /** Operations on all CPUs together in one jiffy while they are busy, and for how many jiffies that counts. */
  readonly busy: { readonly operations: number; readonly jiffies: number };
}

/** A whole machine that is laid out. */
export interface BootedSystem extends Machine {
  readonly booted: BootedMachine;
  readonly check: CheckLayout;
  /** Address of the word that says that the script is over. */
  readonly done: Addr;
  readonly jiffies: number;
}

/** Lay out a whole machine with all checks. */
export function bootKernelSystem(system: KernelSystem): BootedSystem {
  const booted = bootMachine(system.declaration);
  const { kernel } = booted;
  const check = claimCheck(booted.map, kernel, booted.klp, booted.localBase);
  const done = booted.symbol(system.done);
  const clock = kernel.globals + KERNEL.jiffies;
  const { operations, jiffies: mostBusy } = system.busy;
  const cpus = Array.from({ length: kernel.cpus }, (_, n) => n);
  return {
    booted,
    check,
    done,
    jiffies: system.jiffies,
    map: booted.map,
    localBase: booted.localBase,
    ctx: booted.ctx,
    bodies: cpus.map(() => cpuStartupEntry),
    current: cpus.map((n) => idleTask(kernel, n)),
    haltEnds: true,
    init: (words) => void booted.init(words),
    advanceTime: (state) => state.read(done) === 0 && jumpToTimer(kernel, system.jiffies, state),
    busyTime: {
      operations,
      pass(state) {
        if (state.read(done) !== 0 || state.read(clock) >= mostBusy) return false;
        passJiffy(kernel, state);
        return true;
      },
    },
    listen: (words) => new MachineWatch(words, check, booted.layout.sources).trace,
    concurrentChecks: {
      listen: (words, id, hooks) =>
        new Monitor(words, check, id, booted.layout.sources, idleTask(kernel, id), hooks).trace,
      findings: (words) => readFindings(words, check).map(describeFinding),
    },
    describe: (state, id) => {
      const task = state.read(percpu(kernel, id) + PERCPU.curr);
      return kernel.names[state.read(task + TASK.comm)] ?? 'no task';
    },
    nameOfTask: (state, task) => taskLabel(kernel, state, task),
  };
}
