/** ftrace: a handler can be put on the entry of any traceable function. */

import { O_34 } from '../memory/sites.js';
import { EBUSY, EINVAL, ENOENT, ENOMEM, EOPNOTSUPP } from './errno.js';
import {
  FREGS,
  FTRACE_FILTER_IPS,
  FTRACE_FN_DIRECT,
  FTRACE_OPS,
  FTRACE_OPS_FL_DIRECT,
  FTRACE_OPS_FL_DYNAMIC,
  FTRACE_OPS_FL_IPMODIFY,
  FTRACE_OPS_FL_PERMANENT,
  FTRACE_OPS_FL_SAVE_REGS,
} from './ftrace-ops.js';
import {
  findOpsAt,
  ipmodifyDisable,
  ipmodifyEnable,
  recordDisable,
  recordEnable,
  shareIpmodify,
  unshareIpmodify,
} from './ftrace-record.js';
import { KERNEL } from './layout.js';
import { FTRACE_ENABLED_DEPRECATED } from './messages.js';
import { mutexLock, mutexUnlock } from './mutex.js';
import { printk } from './printk.js';
import { OP_FENTRY } from './text.js';
import { scheduleOnEachCpu } from './workqueue.js';
import { NULL, type Addr, type Cpu, type SiteId } from './types.js';

export * from './ftrace-ops.js';

/** Work function that does nothing: waiting for it waits for every CPU to schedule. */
export const WORK_FN_NOP = 2;

/** Address of the trace site of the function that starts at `addr`; 0 when it cannot be traced.
 * @kernel ftrace_location, kernel/trace/ftrace.c:1650 (v6.1) */
export function ftraceLocation(cpu: Cpu, addr: Addr): Addr {
  return cpu.fetch(addr) === OP_FENTRY ? addr : 0;
}

/**
 * Put a location into the filter of an ops, or take it out.
 *
 * @returns 0; -EINVAL where no function can be traced; -ENOMEM when the filter is full; -ENOENT if the location to take
 *   out is not in it; -EBUSY while the ops is registered
 * @kernel ftrace_set_filter_ip, kernel/trace/ftrace.c:5880 (v6.1)
 * @differs the filter of a registered ops stays as it is
 */
export function ftraceSetFilterIp(cpu: Cpu, ops: Addr, ip: Addr, remove: boolean): number {
  if (ftraceLocation(cpu, ip) === 0) return -EINVAL;
  if (cpu.read(ops + FTRACE_OPS.registered) !== 0) return -EBUSY;
  for (let i = 0; i < FTRACE_FILTER_IPS; i++) {
    const slot = ops + FTRACE_OPS.filterIp + i;
    if (cpu.read(slot) !== (remove ? ip : NULL)) continue;
    cpu.write(slot, remove ? NULL : ip);
    return 0;
  }
  return remove ? -ENOENT : -ENOMEM;
}

/** The locations of an ops. The caller holds ftrace_lock, or owns the ops. */
function filterOf(cpu: Cpu, ops: Addr): Addr[] {
  const ips: Addr[] = [];
  for (let i = 0; i < FTRACE_FILTER_IPS; i++) {
    const ip = cpu.read(ops + FTRACE_OPS.filterIp + i);
    if (ip !== NULL) ips.push(ip);
  }
  return ips;
}

function lock(cpu: Cpu): Addr {
  const mutex = cpu.ctx.kernel.globals + KERNEL.ftraceLock;
  mutexLock(cpu, mutex);
  return mutex;
}

function lockDirect(cpu: Cpu): Addr {
  const mutex = cpu.ctx.kernel.globals + KERNEL.directMutex;
  mutexLock(cpu, mutex);
  return mutex;
}

function countPermanent(cpu: Cpu, flags: number, delta: number): void {
  if ((flags & FTRACE_OPS_FL_PERMANENT) === 0) return;
  const word = cpu.ctx.kernel.globals + KERNEL.ftracePermanent;
  cpu.set(word, cpu.get(word) + delta);
}

/** @kernel add_ftrace_ops, kernel/trace/ftrace.c:264 (v6.1) */
function addFtraceOps(cpu: Cpu, ops: Addr): void {
  const list = cpu.ctx.kernel.globals + KERNEL.ftraceOpsList;
  cpu.rcuAssignPointer(ops + FTRACE_OPS.next, cpu.read(list));
  // Release: the ops and its link before the head. Pairs with the walk of ftraceOpsListFunc() (O-34 with O-35).
  cpu.rcuAssignPointer(list, ops, O_34);
}

/** Take an ops off the list; its own link stays, for CPUs that are looking at it.
 * @kernel remove_ftrace_ops, kernel/trace/ftrace.c:278 (v6.1) */
function removeFtraceOps(cpu: Cpu, ops: Addr): void {
  let link = cpu.ctx.kernel.globals + KERNEL.ftraceOpsList;
  let at = cpu.read(link);
  while (at !== NULL && at !== ops) {
    link = at + FTRACE_OPS.next;
    at = cpu.read(link);
  }
  if (at !== NULL) cpu.write(link, cpu.read(ops + FTRACE_OPS.next));
}

/** Make sure that direct calls can share the locations where an ops is about to change the instruction pointer.
 * @kernel prepare_direct_functions_for_ipmodify, kernel/trace/ftrace.c:8205 (v6.1) */
function prepareDirectForIpmodify(cpu: Cpu, ips: readonly Addr[]): number {
  for (const ip of ips) {
    const mutex = lock(cpu);
    const direct = findOpsAt(cpu, ip, FTRACE_OPS_FL_DIRECT);
    mutexUnlock(cpu, mutex);
    if (direct === NULL) continue;
    const ret = shareIpmodify(cpu, direct);
    if (ret !== 0) return ret;
  }
  return 0;
}

/** @kernel cleanup_direct_functions_after_ipmodify, kernel/trace/ftrace.c:8254 (v6.1) */
function cleanupDirectAfterIpmodify(cpu: Cpu, ips: readonly Addr[]): void {
  for (const ip of ips) {
    const mutex = lock(cpu);
    const direct = findOpsAt(cpu, ip, FTRACE_OPS_FL_DIRECT);
    mutexUnlock(cpu, mutex);
    if (direct !== NULL) unshareIpmodify(cpu, direct);
  }
}

/** Claim all locations of an ops; all or none of them. */
function claimIpmodify(cpu: Cpu, ops: Addr, flags: number, ips: readonly Addr[]): number {
  for (const [i, ip] of ips.entries()) {
    const ret = ipmodifyEnable(cpu, ops, flags, ip);
    if (ret === 0) continue;
    for (const claimed of ips.slice(0, i)) ipmodifyDisable(cpu, flags, claimed);
    return ret;
  }
  return 0;
}

/**
 * The body of the registration, under ftrace_lock.
 *
 * @kernel ftrace_startup, kernel/trace/ftrace.c:2977 (v6.1)
 */
function ftraceStartup(cpu: Cpu, ops: Addr, flags: number, ips: readonly Addr[]): number {
  const off = cpu.get(cpu.ctx.kernel.globals + KERNEL.ftraceEnabled) === 0;
  if (off && (flags & FTRACE_OPS_FL_PERMANENT) !== 0) return -EBUSY;
  addFtraceOps(cpu, ops);
  cpu.write(ops + FTRACE_OPS.registered, 1);
  const ret = claimIpmodify(cpu, ops, flags, ips);
  if (ret !== 0) {
    // No CPU is waited for: one that walked the list meanwhile may still be at this ops (latent issue L-8).
    removeFtraceOps(cpu, ops);
    cpu.write(ops + FTRACE_OPS.registered, 0);
    return ret;
  }
  countPermanent(cpu, flags, 1);
  for (const ip of ips) recordEnable(cpu, ops, flags, ip);
  return 0;
}

/** Register without checking the direct calls that exist already.
 * @kernel register_ftrace_function_nolock, kernel/trace/ftrace.c:8314 (v6.1) */
function registerNolock(cpu: Cpu, ops: Addr, flags: number, ips: readonly Addr[]): number {
  const mutex = lock(cpu);
  const isRegistered = cpu.read(ops + FTRACE_OPS.registered) !== 0;
  const ret = isRegistered ? -EBUSY : ftraceStartup(cpu, ops, flags, ips);
  mutexUnlock(cpu, mutex);
  return ret;
}

/**
 * Put an ops on its locations: from the return of this function every CPU calls its handler there, beside those of other users.
 *
 * @returns 0; -EINVAL without a filter; -EBUSY when ftrace is off and the ops permanent, when it is registered already, or when
 *   it changes the instruction pointer and another one does so too, or a direct call cannot share
 * @kernel register_ftrace_function, kernel/trace/ftrace.c:8337 (v6.1)
 * @differs no ops is for every function
 */
export function registerFtraceFunction(cpu: Cpu, ops: Addr): number {
  const ips = filterOf(cpu, ops);
  if (ips.length === 0) return -EINVAL;
  const flags = cpu.read(ops + FTRACE_OPS.flags);
  const mutex = lockDirect(cpu);
  const isModifying = (flags & FTRACE_OPS_FL_IPMODIFY) !== 0;
  let ret = isModifying ? prepareDirectForIpmodify(cpu, ips) : 0;
  if (ret === 0) ret = registerNolock(cpu, ops, flags, ips);
  mutexUnlock(cpu, mutex);
  return ret;
}

/**
 * Take an ops off its locations and wait until no CPU is in its handler, or looks at the ops: every CPU has scheduled.
 *
 * @param site ordering site of the wait
 * @returns 0, or -EINVAL when the ops is not registered
 * @kernel unregister_ftrace_function, kernel/trace/ftrace.c:8365 (v6.1)
 */
export function unregisterFtraceFunction(cpu: Cpu, ops: Addr, site?: SiteId): number {
  if (cpu.read(ops + FTRACE_OPS.registered) === 0) return -EINVAL;
  const mutex = lock(cpu);
  const flags = cpu.read(ops + FTRACE_OPS.flags);
  const ips = filterOf(cpu, ops);
  removeFtraceOps(cpu, ops);
  for (const ip of ips) {
    ipmodifyDisable(cpu, flags, ip);
    recordDisable(cpu, flags, ip);
  }
  countPermanent(cpu, flags, -1);
  cpu.write(ops + FTRACE_OPS.registered, 0);
  mutexUnlock(cpu, mutex);
  // Rude RCU-tasks: handlers run with preemption off, so a pass through every scheduler outlives them (O-14, O-36). Also
  // where no text changed: with other users left, CPUs reach the ops through the list.
  if ((flags & FTRACE_OPS_FL_DYNAMIC) !== 0) scheduleOnEachCpu(cpu, WORK_FN_NOP, site);
  if ((flags & FTRACE_OPS_FL_IPMODIFY) !== 0) {
    const direct = lockDirect(cpu);
    cleanupDirectAfterIpmodify(cpu, ips);
    mutexUnlock(cpu, direct);
  }
  return 0;
}

/**
 * Let calls of the functions of an ops go through a trampoline, as those of BPF do.
 *
 * @param alone its code while nobody changes the instruction pointer there
 * @param shared its code while a livepatch does: it must not know by itself where the function goes on; 0: it cannot share
 * @returns 0; -EINVAL without a filter; -EBUSY when another direct call has a location, or a livepatch and it cannot share
 * @kernel register_ftrace_direct_multi, kernel/trace/ftrace.c:5691 (v6.1)
 */
export function registerFtraceDirect(cpu: Cpu, ops: Addr, alone: Addr, shared: Addr): number {
  const ips = filterOf(cpu, ops);
  if (ips.length === 0) return -EINVAL;
  const mutex = lockDirect(cpu);
  let isTaken = false;
  for (const ip of ips) isTaken ||= findOpsAt(cpu, ip, FTRACE_OPS_FL_DIRECT) !== NULL;
  const flags = FTRACE_OPS_FL_DYNAMIC | FTRACE_OPS_FL_DIRECT | FTRACE_OPS_FL_SAVE_REGS;
  let ret = -EBUSY;
  if (!isTaken) {
    cpu.write(ops + FTRACE_OPS.func, FTRACE_FN_DIRECT);
    cpu.write(ops + FTRACE_OPS.flags, flags);
    cpu.write(ops + FTRACE_OPS.direct, alone);
    cpu.write(ops + FTRACE_OPS.directAlone, alone);
    cpu.write(ops + FTRACE_OPS.directShared, shared);
    ret = registerNolock(cpu, ops, flags, ips);
  }
  mutexUnlock(cpu, mutex);
  return ret;
}

/** End the direct calls of an ops. 0, or -EINVAL when it has none. Whoever frees the ops has to wait first.
 * @kernel unregister_ftrace_direct_multi, kernel/trace/ftrace.c:5760 (v6.1) */
export function unregisterFtraceDirect(cpu: Cpu, ops: Addr): number {
  const mutex = lockDirect(cpu);
  const ret = unregisterFtraceFunction(cpu, ops);
  mutexUnlock(cpu, mutex);
  return ret;
}

/** Value of `ftrace_enabled` once the log has said that it no longer switches anything off. */
const ON_AND_DEPRECATED = 2;

/** Write sysctl `kernel.ftrace_enabled`; -EBUSY when it would turn off a permanent handler,
 * -EOPNOTSUPP where ftrace cannot be turned off.
 * @kernel ftrace_enable_sysctl, kernel/trace/ftrace.c:8290 (v6.1) */
export function ftraceEnableSysctl(cpu: Cpu, enabled: boolean): number {
  const mutex = lock(cpu);
  const { globals } = cpu.ctx.kernel;
  if (!cpu.ctx.kernel.facts.ftraceCanBeDisabled) {
    // Logged once: a kernel where ftrace is always on remembers this in the word for `ftrace_enabled`.
    const isFirst = !enabled && cpu.get(globals + KERNEL.ftraceEnabled) !== ON_AND_DEPRECATED;
    if (isFirst) cpu.set(globals + KERNEL.ftraceEnabled, ON_AND_DEPRECATED);
    mutexUnlock(cpu, mutex);
    if (isFirst) printk(cpu, FTRACE_ENABLED_DEPRECATED);
    return enabled ? 0 : -EOPNOTSUPP;
  }
  const refused = !enabled && cpu.get(globals + KERNEL.ftracePermanent) > 0;
  if (!refused) cpu.set(globals + KERNEL.ftraceEnabled, enabled ? 1 : 0);
  mutexUnlock(cpu, mutex);
  return refused ? -EBUSY : 0;
}

/** `ftrace_regs_set_instruction_pointer()`. */
export function ftraceRegsSetInstructionPointer(cpu: Cpu, fregs: Addr, ip: Addr): void {
  cpu.set(fregs + FREGS.ip, ip);
}
