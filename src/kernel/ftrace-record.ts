/** What ftrace records about a site: its users decide what its entry calls. */

import { EBUSY } from './errno.js';
import {
  FTRACE_FILTER_IPS,
  FTRACE_OPS,
  FTRACE_OPS_FL_DIRECT,
  FTRACE_OPS_FL_IPMODIFY,
  FTRACE_OPS_FL_SAVE_REGS,
} from './ftrace-ops.js';
import { KERNEL } from './layout.js';
import { textPoke } from './static-key.js';
import { TRACE_FTRACE } from './trace.js';
import { NULL, type Addr, type Cpu, type SiteId } from './types.js';

/** `flags` of `struct dyn_ftrace`, which stand in the third word of the entry's instruction; the low bits count users. */
const FTRACE_FL_REGS = 1 << 30;
export const FTRACE_FL_IPMODIFY = 1 << 26;
const FTRACE_FL_DIRECT = 1 << 24;
const FTRACE_FL_COUNT = (1 << 23) - 1;

const RECORD = 2;

/** Where the record of a site stands, and its bits: for those who only look. */
export const FTRACE_RECORD = {
  flags: RECORD,
  regs: FTRACE_FL_REGS,
  ipmodify: FTRACE_FL_IPMODIFY,
  direct: FTRACE_FL_DIRECT,
  count: FTRACE_FL_COUNT,
} as const;

/** The flags of a site. The caller holds ftrace_lock. */
export const recordFlags = (cpu: Cpu, ip: Addr): number => cpu.get(ip + RECORD);

/** Whether the filter of an ops holds a location.
 * @kernel hash_contains_ip, kernel/trace/ftrace.c:1463 (v6.1) */
export function filterHolds(cpu: Cpu, ops: Addr, ip: Addr): boolean {
  for (let i = 0; i < FTRACE_FILTER_IPS; i++) {
    if (cpu.read(ops + FTRACE_OPS.filterIp + i) === ip) return true;
  }
  return false;
}

/** `do_for_each_ftrace_op()`: the registered ops after `ops`, the first after `NULL`, `NULL` after the last.
 * The walk is a loop as that of listForEachEntry(). */
export function forEachFtraceOp(cpu: Cpu, ops: Addr, site?: SiteId): Addr {
  const link = ops === NULL ? cpu.ctx.kernel.globals + KERNEL.ftraceOpsList : ops + FTRACE_OPS.next;
  return cpu.rcuDereference(link, site);
}

/** First registered ops with that location and one of `flags` (any, if 0), or NULL. The caller holds ftrace_lock. */
export function findOpsAt(cpu: Cpu, ip: Addr, flags: number): Addr {
  let ops = NULL;
  while ((ops = forEachFtraceOp(cpu, ops)) !== NULL) {
    const isMeant = flags === 0 || (cpu.read(ops + FTRACE_OPS.flags) & flags) !== 0;
    if (isMeant && filterHolds(cpu, ops, ip)) return ops;
  }
  return NULL;
}

/**
 * Claim a location for an ops whose handler may send its caller somewhere else. -EBUSY when another one of that kind has it.
 * The caller holds ftrace_lock.
 *
 * @kernel __ftrace_hash_update_ipmodify, kernel/trace/ftrace.c:1911 (v6.1)
 */
export function ipmodifyEnable(cpu: Cpu, ops: Addr, flags: number, ip: Addr): number {
  if ((flags & (FTRACE_OPS_FL_IPMODIFY | FTRACE_OPS_FL_DIRECT)) === 0) return 0;
  const record = recordFlags(cpu, ip);
  if ((record & FTRACE_FL_IPMODIFY) === 0) {
    if ((flags & FTRACE_OPS_FL_IPMODIFY) !== 0) cpu.set(ip + RECORD, record | FTRACE_FL_IPMODIFY);
    return 0;
  }
  return (flags & FTRACE_OPS_FL_IPMODIFY) !== 0 ? -EBUSY : shareIpmodify(cpu, ops);
}

/** Give a location back that {@link ipmodifyEnable} claimed. */
export function ipmodifyDisable(cpu: Cpu, flags: number, ip: Addr): void {
  if ((flags & FTRACE_OPS_FL_IPMODIFY) === 0) return;
  cpu.set(ip + RECORD, recordFlags(cpu, ip) & ~FTRACE_FL_IPMODIFY);
}

/** A direct call has to share its site with an ops that changes the instruction pointer: 0, or -EBUSY if it cannot.
 * @kernel bpf_tramp_ftrace_ops_func, kernel/bpf/trampoline.c:35 (v6.1) */
export function shareIpmodify(cpu: Cpu, ops: Addr): number {
  const shared = cpu.read(ops + FTRACE_OPS.directShared);
  if (shared === NULL) return -EBUSY;
  cpu.write(ops + FTRACE_OPS.direct, shared);
  return 0;
}

/** The counterpart: a direct call has its site for itself again. */
export function unshareIpmodify(cpu: Cpu, ops: Addr): void {
  cpu.write(ops + FTRACE_OPS.direct, cpu.read(ops + FTRACE_OPS.directAlone));
}

/**
 * What the entry calls: the ops itself while it is the only user (its own trampoline, or its direct call), else what calls every
 * user, with all registers if one of them wants them.
 *
 * @kernel ftrace_get_addr_new, kernel/trace/ftrace.c:2557 (v6.1)
 */
function addrNew(cpu: Cpu, ip: Addr, record: number, only: Addr): Addr {
  const { globals } = cpu.ctx.kernel;
  const count = record & FTRACE_FL_COUNT;
  if (count === 0) return NULL;
  if (count === 1) return only === NULL ? findOpsAt(cpu, ip, 0) : only;
  return globals + (record & FTRACE_FL_REGS ? KERNEL.ftraceRegsCaller : KERNEL.ftraceCaller);
}

function update(cpu: Cpu, ip: Addr, record: number, only: Addr): void {
  cpu.set(ip + RECORD, record);
  const addr = addrNew(cpu, ip, record, only);
  if (cpu.fetch(ip + 1) === addr) return;
  textPoke(cpu, ip + 1, addr);
  cpu.trace(TRACE_FTRACE, ip, addr);
}

/** Add a user of a site, and make the entry call what is now needed. The caller holds ftrace_lock.
 * @kernel __ftrace_hash_rec_update, kernel/trace/ftrace.c:1690 (v6.1) */
export function recordEnable(cpu: Cpu, ops: Addr, flags: number, ip: Addr): void {
  let record = recordFlags(cpu, ip) + 1;
  if ((flags & FTRACE_OPS_FL_DIRECT) !== 0) record |= FTRACE_FL_DIRECT;
  // If one user wants all registers, every user gets them.
  if ((flags & FTRACE_OPS_FL_SAVE_REGS) !== 0) record |= FTRACE_FL_REGS;
  update(cpu, ip, record, ops);
}

/** Remove a user of a site that is off the list already. The caller holds ftrace_lock. */
export function recordDisable(cpu: Cpu, flags: number, ip: Addr): void {
  let record = recordFlags(cpu, ip) - 1;
  if ((flags & FTRACE_OPS_FL_DIRECT) !== 0) record &= ~FTRACE_FL_DIRECT;
  if ((flags & FTRACE_OPS_FL_SAVE_REGS) !== 0) {
    const others = findOpsAt(cpu, ip, FTRACE_OPS_FL_SAVE_REGS);
    if (others === NULL) record &= ~FTRACE_FL_REGS;
  }
  update(cpu, ip, record, NULL);
}
