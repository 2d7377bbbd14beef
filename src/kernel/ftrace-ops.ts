/** struct ftrace_ops and the arguments of handlers, for the registration of users and the code that runs at a site. */

import { struct } from '../memory/struct.js';

/** Locations that the filter of one ops can hold. */
export const FTRACE_FILTER_IPS = 4;

/** `struct ftrace_ops`: embedded in its owner. */
export const FTRACE_OPS = struct('ftraceOps', {
  /** Index into the table of handlers. */
  func: 1,
  flags: 1,
  /** The filter: ftrace locations, or 0. */
  filterIp: FTRACE_FILTER_IPS,
  registered: 1,
  /** The next ops of the list of all registered ones; 0 at its end. */
  next: 1,
  /** Trampoline that a direct call leads to at present. */
  direct: 1,
  /** Values of {@link direct} while no other user may change the instruction pointer, or one may; 0: cannot share. */
  directAlone: 1,
  directShared: 1,
});

export const FTRACE_OPS_FL_DYNAMIC = 1 << 1;
/** The handler wants all registers: it is not called without. */
export const FTRACE_OPS_FL_SAVE_REGS = 1 << 2;
/** The handler has no protection of its own against recursion. */
export const FTRACE_OPS_FL_RECURSION = 1 << 4;
/** Registered for its place in the list; never called. */
export const FTRACE_OPS_FL_STUB = 1 << 5;
export const FTRACE_OPS_FL_IPMODIFY = 1 << 13;
/** The handler may only be called where RCU watches the CPU. */
export const FTRACE_OPS_FL_RCU = 1 << 14;
export const FTRACE_OPS_FL_PERMANENT = 1 << 16;
export const FTRACE_OPS_FL_DIRECT = 1 << 17;

/** Handler id of klp_ftrace_handler(). */
export const FTRACE_FN_KLP = 1;
/** Handler id of ftrace_ops_list_func(): calls every user of the site. */
export const FTRACE_FN_LIST = 2;
/** Handler id of call_direct_funcs(). */
export const FTRACE_FN_DIRECT = 3;
/** Handlers of scenarios start here. */
export const FIRST_SCENARIO_FTRACE_FN = 16;

/** `struct ftrace_regs`, as far as handlers read or change it. */
export const FREGS = struct('ftraceRegs', {
  ip: 1,
  /** Whether all registers were saved, or the arguments only. */
  full: 1,
  /** Trampoline to go through on the way to `ip`, or 0: `orig_ax` on x86. */
  direct: 1,
});
