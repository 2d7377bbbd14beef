/** ftrace: a handler can be put on the entry of any traceable function. */

import { struct } from '../memory/struct.js';
import { EBUSY, EINVAL, EOPNOTSUPP } from './errno.js';
import { KERNEL } from './layout.js';
import { FTRACE_ENABLED_DEPRECATED } from './messages.js';
import { mutexLock, mutexUnlock } from './mutex.js';
import { printk } from './printk.js';
import { textPoke } from './static-key.js';
import { TASK } from './task.js';
import { OP_FENTRY } from './text.js';
import { TRACE_FTRACE } from './trace.js';
import { scheduleOnEachCpu } from './workqueue.js';
import type { Addr, Cpu, SiteId } from './types.js';

/** `struct ftrace_ops`: embedded in its owner. */
export const FTRACE_OPS = struct('ftraceOps', {
  /** Index into the table of handlers. */
  func: 1,
  flags: 1,
  /** The one ftrace location of the filter, or 0. */
  filterIp: 1,
  registered: 1,
});

export const FTRACE_OPS_FL_DYNAMIC = 1 << 1;
export const FTRACE_OPS_FL_SAVE_REGS = 1 << 2;
export const FTRACE_OPS_FL_IPMODIFY = 1 << 13;
export const FTRACE_OPS_FL_PERMANENT = 1 << 16;

/** Handler id of klp_ftrace_handler(). */
export const FTRACE_FN_KLP = 1;
/** Work function that does nothing: waiting for it waits for every CPU to schedule. */
export const WORK_FN_NOP = 2;

/** `struct ftrace_regs`, as far as handlers change it. */
export const FREGS = struct('ftraceRegs', { ip: 1 });

/** Address of the trace site of the function that starts at `addr`; 0 when it cannot be traced.
 * @kernel ftrace_location, kernel/trace/ftrace.c:1650 (v6.1) */
export function ftraceLocation(cpu: Cpu, addr: Addr): Addr {
  return cpu.fetch(addr) === OP_FENTRY ? addr : 0;
}

/** Set or remove the one location an ops is for; 0 or -EINVAL. */
export function ftraceSetFilterIp(cpu: Cpu, ops: Addr, ip: Addr, remove: boolean): number {
  if (ftraceLocation(cpu, ip) === 0) return -EINVAL;
  cpu.write(ops + FTRACE_OPS.filterIp, remove ? 0 : ip);
  return 0;
}

function lock(cpu: Cpu): Addr {
  const mutex = cpu.ctx.kernel.globals + KERNEL.ftraceLock;
  mutexLock(cpu, mutex);
  return mutex;
}

function countPermanent(cpu: Cpu, ops: Addr, delta: number): void {
  if ((cpu.read(ops + FTRACE_OPS.flags) & FTRACE_OPS_FL_PERMANENT) === 0) return;
  const word = cpu.ctx.kernel.globals + KERNEL.ftracePermanent;
  cpu.set(word, cpu.get(word) + delta);
}

/**
 * Put an ops on its location: from the return of this function every CPU calls its handler.
 *
 * @returns 0; -EINVAL without a filter; -EBUSY when ftrace is off or another handler owns the location
 * @kernel register_ftrace_function, kernel/trace/ftrace.c:8150 (v6.1)
 */
export function registerFtraceFunction(cpu: Cpu, ops: Addr): number {
  const ip = cpu.read(ops + FTRACE_OPS.filterIp);
  if (ip === 0) return -EINVAL;
  const mutex = lock(cpu);
  const permanent = (cpu.read(ops + FTRACE_OPS.flags) & FTRACE_OPS_FL_PERMANENT) !== 0;
  const off = cpu.get(cpu.ctx.kernel.globals + KERNEL.ftraceEnabled) === 0;
  const ret = (off && permanent) || cpu.fetch(ip + 1) !== 0 ? -EBUSY : 0;
  if (ret === 0) {
    cpu.write(ops + FTRACE_OPS.registered, 1);
    countPermanent(cpu, ops, 1);
    textPoke(cpu, ip + 1, ops);
    cpu.trace(TRACE_FTRACE, ip, ops);
  }
  mutexUnlock(cpu, mutex);
  return ret;
}

/**
 * Take an ops off its location and wait until no CPU is in its handler: every CPU has scheduled.
 *
 * @returns 0, or -EINVAL when the ops is not registered
 * @kernel unregister_ftrace_function, kernel/trace/ftrace.c:8240 (v6.1)
 */
export function unregisterFtraceFunction(cpu: Cpu, ops: Addr, site?: SiteId): number {
  if (cpu.read(ops + FTRACE_OPS.registered) === 0) return -EINVAL;
  const mutex = lock(cpu);
  const ip = cpu.read(ops + FTRACE_OPS.filterIp);
  textPoke(cpu, ip + 1, 0);
  countPermanent(cpu, ops, -1);
  cpu.write(ops + FTRACE_OPS.registered, 0);
  cpu.trace(TRACE_FTRACE, ip, 0);
  mutexUnlock(cpu, mutex);
  // Rude RCU-tasks: handlers run with preemption off, so a pass through every scheduler outlives them (O-14).
  scheduleOnEachCpu(cpu, WORK_FN_NOP, site);
  return 0;
}

/** Write sysctl `kernel.ftrace_enabled`; -EBUSY when it would turn off a permanent handler, -EOPNOTSUPP where nothing can.
 * @kernel ftrace_enable_sysctl, kernel/trace/ftrace.c:8290 (v6.1) */
export function ftraceEnableSysctl(cpu: Cpu, enabled: boolean): number {
  if (!enabled && !cpu.ctx.kernel.facts.ftraceCanBeDisabled) {
    printk(cpu, FTRACE_ENABLED_DEPRECATED);
    return -EOPNOTSUPP;
  }
  const mutex = lock(cpu);
  const g = cpu.ctx.kernel.globals;
  const refused = !enabled && cpu.get(g + KERNEL.ftracePermanent) > 0;
  if (!refused) cpu.set(g + KERNEL.ftraceEnabled, enabled ? 1 : 0);
  mutexUnlock(cpu, mutex);
  return refused ? -EBUSY : 0;
}

/**
 * Enter a handler: refuse a recursion of the current task and disable preemption.
 *
 * @param site ordering site of the disabled preemption
 * @returns the recursion bit, or -1
 * @kernel ftrace_test_recursion_trylock, include/linux/trace_recursion.h:196 (v6.1)
 */
export function ftraceTestRecursionTrylock(cpu: Cpu, site?: SiteId): number {
  const word = cpu.current + TASK.traceRecursion;
  if (cpu.get(word) !== 0) return -1;
  cpu.set(word, 1);
  cpu.preemptDisable(site);
  return 0;
}

/** Leave a handler. */
export function ftraceTestRecursionUnlock(cpu: Cpu, _bit: number, site?: SiteId): void {
  cpu.preemptEnable(site);
  cpu.set(cpu.current + TASK.traceRecursion, 0);
}

/** `ftrace_regs_set_instruction_pointer()`. */
export function ftraceRegsSetInstructionPointer(cpu: Cpu, fregs: Addr, ip: Addr): void {
  cpu.set(fregs + FREGS.ip, ip);
}
