/** The kprobe of test_klp_kprobe, on a function that test_klp_livepatch patches: with a post handler it excludes a livepatch. */

import {
  FIRST_SCENARIO_FTRACE_FN,
  FTRACE_OPS,
  FTRACE_OPS_FL_DYNAMIC,
  FTRACE_OPS_FL_IPMODIFY,
  FTRACE_OPS_FL_SAVE_REGS,
  ftraceSetFilterIp,
  registerFtraceFunction,
  unregisterFtraceFunction,
} from '../../kernel/ftrace.js';
import type { FtraceFn } from '../../kernel/context.js';
import { kallsymsNthSymbol } from '../../kernel/kallsyms.js';
import type { Cpu } from '../../memory/cpu.js';
import { NULL, type Addr } from '../../memory/struct.js';
import { SHELL } from './layout.js';

/** Handler id of the kprobe. */
export const FTRACE_FN_KPROBE = FIRST_SCENARIO_FTRACE_FN;
/** The function that it is on. */
const PROBED = 'cmdline_proc_show';

const baseOf = (cpu: Cpu): Addr => cpu.ctx.shell ?? NULL;

/** The kprobe's handlers do nothing. */
export const kprobeHandler: FtraceFn = () => undefined;

/** Where the probed function is traced. */
const probedIp = (cpu: Cpu): Addr =>
  kallsymsNthSymbol(cpu, 0, cpu.ctx.kernel.names.indexOf(PROBED), 1);

/**
 * Arm the kprobe. With a post handler it may change where the function continues, and cannot share the function with
 * another user that does.
 *
 * @returns 0, or -EBUSY when it has a post handler and a livepatch is on the function
 * @kernel arm_kprobe_ftrace, kernel/kprobes.c:1045 (v6.1)
 */
function armKprobe(cpu: Cpu): number {
  const shell = baseOf(cpu);
  const ops = shell + SHELL.kprobe;
  const modifies = cpu.get(shell + SHELL.hasPostHandler) !== 0 ? FTRACE_OPS_FL_IPMODIFY : 0;
  cpu.write(ops + FTRACE_OPS.func, FTRACE_FN_KPROBE);
  cpu.write(ops + FTRACE_OPS.flags, FTRACE_OPS_FL_DYNAMIC | FTRACE_OPS_FL_SAVE_REGS | modifies);
  const ip = probedIp(cpu);
  let ret = ftraceSetFilterIp(cpu, ops, ip, false);
  if (ret !== 0) return ret;
  ret = registerFtraceFunction(cpu, ops);
  if (ret !== 0) ftraceSetFilterIp(cpu, ops, ip, true);
  return ret;
}

/** @kernel disarm_kprobe_ftrace, kernel/kprobes.c:1090 (v6.1) */
function disarmKprobe(cpu: Cpu): void {
  const ops = baseOf(cpu) + SHELL.kprobe;
  if (cpu.read(ops + FTRACE_OPS.registered) === 0) return;
  unregisterFtraceFunction(cpu, ops);
  ftraceSetFilterIp(cpu, ops, probedIp(cpu), true);
}

/** `/sys/kernel/debug/kprobes/enabled`: arm or disarm all kprobes. 0 or a negative errno. */
export function switchKprobes(cpu: Cpu, isOn: boolean): number {
  const shell = baseOf(cpu);
  const wasOn = cpu.get(shell + SHELL.kprobesDisarmed) === 0;
  if (wasOn === isOn) return 0;
  cpu.set(shell + SHELL.kprobesDisarmed, isOn ? 0 : 1);
  if (cpu.get(shell + SHELL.kprobeLoaded) === 0) return 0;
  if (isOn) return armKprobe(cpu);
  disarmKprobe(cpu);
  return 0;
}

/** Init of test_klp_kprobe. */
export function kprobeInit(cpu: Cpu): number {
  const shell = baseOf(cpu);
  if (cpu.get(shell + SHELL.kprobesDisarmed) === 0) {
    const ret = armKprobe(cpu);
    if (ret !== 0) return ret;
  }
  cpu.set(shell + SHELL.kprobeLoaded, 1);
  return 0;
}

/** Exit of test_klp_kprobe. */
export function kprobeExit(cpu: Cpu): number {
  disarmKprobe(cpu);
  cpu.set(baseOf(cpu) + SHELL.kprobeLoaded, 0);
  return 0;
}
