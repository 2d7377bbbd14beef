/** The kernel's own words: globals and per-CPU data. */

import { struct, type Addr } from '../memory/struct.js';
import type { KernelContext } from './context.js';

/** Global variables of the simulated kernel. */
export const KERNEL = struct('kernel', {
  /** Jiffies since boot; counted by the engine. */
  jiffies: 1,
  taskList: 1,
  tasklistLock: 2,
  taskPool: 1,
  taskPoolLock: 1,
  tasksAlive: 1,
  lastPid: 1,
  /** Operand of the cond_resched() static key. */
  klpSchedTrySwitchKey: 1,
  ftraceEnabled: 1,
  /** What has tainted the kernel: bits of `TAINT`. */
  tainted: 1,
  /** Number of registered ftrace_ops that are PERMANENT. */
  ftracePermanent: 1,
  /** Mutex of ftrace_lock and of text patching. */
  ftraceLock: 5,
  /** direct_mutex: taken outside of {@link ftraceLock}. */
  directMutex: 5,
  /** First of the registered ftrace_ops; 0 without any. */
  ftraceOpsList: 1,
  /** What the entry of a site with several users calls, as if it were an ops: with the arguments saved, and with all registers. */
  ftraceCaller: 2,
  ftraceRegsCaller: 2,
  /** CPUs that still have to acknowledge a text change. */
  textAcks: 1,
  /** cpu_hotplug_lock: a sleeping reader-writer semaphore. */
  cpuHotplugLock: 6,
  /** cpu_add_remove_lock. */
  cpuMapsLock: 5,
  onlineCpus: 1,
  moduleMutex: 5,
  /** Next module text slot to try. */
  nextSlot: 1,
  kobjectLock: 1,
  printkLock: 1,
  printkSeq: 1,
  /** CPU that new tasks and timers prefer. */
  nextCpu: 1,
  rcuLock: 1,
  /** Number of objects that wait for a grace period. */
  rcuPending: 1,
  rcuWork: 4,
});

/** Data of one CPU. */
export const PERCPU = struct('percpu', {
  /** Pending interrupts: `IPI_*` bits. The CPU sleeps on this word. */
  ipi: 1,
  online: 1,
  /** Asked to go offline (1) or to come online (2). */
  hotplugRequest: 1,
  rqLock: 1,
  /** `rq->curr`. */
  curr: 1,
  rqFirst: 1,
  rqLast: 1,
  nrQueued: 1,
  /** Task whose kernel code is suspended on this CPU's JavaScript stack, or 0. */
  context: 1,
  timerLock: 1,
  timers: 1,
  /** Earliest expiry of this CPU's timers in jiffies; 0 without timers. */
  nextExpiry: 1,
  workLock: 1,
  /** Work lists: 0 for work that never sleeps, 1 for work that may. */
  workFirst: 2,
  workLast: 2,
  kworkers: 2,
  /** `pt_regs` of the ftrace call in progress. */
  fregs: 3,
  /** RCU watches this CPU; 0 in the idle loop and in user mode. */
  rcuWatching: 1,
  /** Instructions left of the running task's quantum. */
  quantum: 1,
  /** Interrupts taken: a CPU that answers counts up. */
  irqs: 1,
  /** A tick has found that the current task has to be rescheduled: where preemption is lazy, it is due now. */
  tickResched: 1,
  pad: 4,
});

/** Interrupt: look at need_resched. */
export const IPI_RESCHEDULE = 0;
/** Interrupt: a tick; run timers. */
export const IPI_TICK = 1;
/** Interrupt: acknowledge changed kernel text. */
export const IPI_TEXT_SYNC = 2;
/** Interrupt: look at the hotplug request. */
export const IPI_HOTPLUG = 3;

/** Interrupt: the machine is switched off. */
export const IPI_STOP = 4;

/** Address of a CPU's data. */
export function percpu(kernel: KernelContext, n: number): Addr {
  return kernel.percpu + n * PERCPU.size;
}
