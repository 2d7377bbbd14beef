/** What runs at a traced function's entry when it has several users: the list function, and direct calls. */

import { O_35, O_37 } from '../memory/sites.js';
import type { FtraceFn } from './context.js';
import {
  FREGS,
  FTRACE_FN_DIRECT,
  FTRACE_FN_LIST,
  FTRACE_OPS,
  FTRACE_OPS_FL_RCU,
  FTRACE_OPS_FL_RECURSION,
  FTRACE_OPS_FL_SAVE_REGS,
  FTRACE_OPS_FL_STUB,
} from './ftrace-ops.js';
import { filterHolds, forEachFtraceOp } from './ftrace-record.js';
import { TRACE_LIST, traceClearRecursion, traceTestAndSetRecursion } from './ftrace-recursion.js';
import { percpu, PERCPU } from './layout.js';
import { INSTRUCTION_WORDS } from './text.js';
import { warnOn, type WarnSite } from './warn.js';
import { NULL, type Addr, type Cpu } from './types.js';

/** ftrace.c `__ftrace_ops_list_func`: a registered ops has no handler. */
export const WARN_OPS_WITHOUT_FUNC: WarnSite = {
  id: 20,
  text: '__ftrace_ops_list_func: an ops without a function',
};

/** The registers if all of them were saved, else NULL.
 * @kernel ftrace_get_regs, include/linux/ftrace.h:131 (v6.1) */
export function ftraceGetRegs(cpu: Cpu, fregs: Addr): Addr {
  return cpu.get(fregs + FREGS.full) === 0 ? NULL : fregs;
}

function rcuIsWatching(cpu: Cpu): boolean {
  return cpu.peek(percpu(cpu.ctx.kernel, cpu.id) + PERCPU.rcuWatching) !== 0;
}

/** Whether an ops is for a site, and can be called there: not without the registers that it wants, which a CPU that
 * was on its way to the site when the ops came does not have.
 * @kernel ftrace_ops_test, kernel/trace/ftrace.c:1489 (v6.1) */
function ftraceOpsTest(cpu: Cpu, ops: Addr, ip: Addr, regs: Addr, flags: number): boolean {
  if (regs === NULL && (flags & FTRACE_OPS_FL_SAVE_REGS) !== 0) return false;
  return filterHolds(cpu, ops, ip);
}

/**
 * Call every user of a site.
 *
 * @kernel __ftrace_ops_list_func, kernel/trace/ftrace.c:7629 (v6.1)
 */
export function ftraceOpsListFunc(
  cpu: Cpu,
  ip: Addr,
  parentIp: Addr,
  _ops: Addr,
  fregs: Addr,
): void {
  const { kernel } = cpu.ctx;
  const regs = ftraceGetRegs(cpu, fregs);
  // Disables preemption, which unregisterFtraceFunction() waits for before an ops is freed (O-37 with O-36).
  const bit = traceTestAndSetRecursion(cpu, TRACE_LIST, O_37);
  if (bit < 0) return;
  // What an ops holds is read through the head: pairs with addFtraceOps() (O-35 with O-34).
  let op = NULL;
  while ((op = forEachFtraceOp(cpu, op, O_35)) !== NULL) {
    const flags = cpu.read(op + FTRACE_OPS.flags);
    const isCallable = (flags & FTRACE_OPS_FL_RCU) === 0 || rcuIsWatching(cpu);
    if (
      (flags & FTRACE_OPS_FL_STUB) === 0 &&
      isCallable &&
      ftraceOpsTest(cpu, op, ip, regs, flags)
    ) {
      const func = cpu.read(op + FTRACE_OPS.func);
      if (warnOn(cpu, func === 0, WARN_OPS_WITHOUT_FUNC)) break;
      kernel.ftraceFns[func]?.(cpu, ip, parentIp, op, fregs);
    }
  }
  traceClearRecursion(cpu, bit, O_37);
}

/** What an ops' own trampoline calls if the ops does not protect itself against recursion.
 * @kernel ftrace_ops_assist_func, kernel/trace/ftrace.c:7706 (v6.1) */
function ftraceOpsAssistFunc(cpu: Cpu, ip: Addr, parentIp: Addr, ops: Addr, fregs: Addr): void {
  const { kernel } = cpu.ctx;
  const bit = traceTestAndSetRecursion(cpu, TRACE_LIST, O_37);
  if (bit < 0) return;
  const isUnwatched = (cpu.read(ops + FTRACE_OPS.flags) & FTRACE_OPS_FL_RCU) !== 0;
  if (!isUnwatched || rcuIsWatching(cpu)) {
    kernel.ftraceFns[cpu.read(ops + FTRACE_OPS.func)]?.(cpu, ip, parentIp, ops, fregs);
  }
  traceClearRecursion(cpu, bit, O_37);
}

/** The handler of direct calls: the caller continues through the trampoline.
 * @kernel call_direct_funcs, kernel/trace/ftrace.c:2519 (v6.1) */
function callDirectFuncs(cpu: Cpu, _ip: Addr, _parentIp: Addr, ops: Addr, fregs: Addr): void {
  const addr = cpu.read(ops + FTRACE_OPS.direct);
  if (addr === NULL) return;
  const regs = ftraceGetRegs(cpu, fregs);
  cpu.set(regs + FREGS.direct, addr);
}

/** The kernel's own handlers by number. */
export const KERNEL_FTRACE_FNS: readonly FtraceFn[] = Object.assign([] as FtraceFn[], {
  [FTRACE_FN_LIST]: ftraceOpsListFunc,
  [FTRACE_FN_DIRECT]: callDirectFuncs,
});

/**
 * The way from a site through what its entry calls: a trampoline of one ops, or the caller of all. Afterwards `fregs.ip` is where to
 * go on, and `fregs.direct` what to go through first.
 *
 * @param ops what the second word of the entry holds
 * @kernel ftrace_caller, arch/x86/kernel/ftrace_64.S:190 (v6.1)
 */
export function ftraceCaller(cpu: Cpu, ip: Addr, parentIp: Addr, ops: Addr, fregs: Addr): void {
  const flags = cpu.fetch(ops + FTRACE_OPS.flags);
  cpu.set(fregs + FREGS.ip, ip + INSTRUCTION_WORDS);
  cpu.set(fregs + FREGS.full, flags & FTRACE_OPS_FL_SAVE_REGS);
  cpu.set(fregs + FREGS.direct, NULL);
  if ((flags & (FTRACE_OPS_FL_RECURSION | FTRACE_OPS_FL_RCU)) !== 0) {
    ftraceOpsAssistFunc(cpu, ip, parentIp, ops, fregs);
  } else {
    cpu.ctx.kernel.ftraceFns[cpu.fetch(ops + FTRACE_OPS.func)]?.(cpu, ip, parentIp, ops, fregs);
  }
}
