/** Words that the shell shares with the simulated kernel: its requests, and the parameters of the test modules. */

import { COMPLETION } from '../../kernel/completion.js';
import { FTRACE_OPS } from '../../kernel/ftrace.js';
import { struct, type Addr } from '../../memory/struct.js';

/** Numbers that one request can carry. */
export const REQUEST_ARGS = 96;
/** Parameters that one request can set: an address and a value each. */
export const MOST_PARAMETERS = 39;
/** Processes that test_klp_syscall can be told of. */
export const MAX_PIDS = 64;

/** The region `shell` of vmlinux's data. */
export const SHELL = struct('shell', {
  /** Number of the newest request, and of the last that was answered. */
  request: 1,
  done: 1,
  /** Request that the shell's task has begun. */
  taken: 1,
  op: 1,
  args: REQUEST_ARGS,
  result: 1,
  /** Parameters of modules. */
  prePatchRet: 1,
  replace: 1,
  replace2: 1,
  blockTransition: 1,
  hasPostHandler: 1,
  klpPids: MAX_PIDS,
  npids: 1,
  npidsPending: 1,
  /** What test_klp_state changes. */
  consoleLoglevel: 1,
  /** Whether `/sys/kernel/test_klp_syscall` is there. */
  syscallDirectory: 1,
  /** ftrace_ops of the kprobe of test_klp_kprobe; whether its module is there; whether kprobes are switched off. */
  kprobe: FTRACE_OPS.size,
  kprobeLoaded: 1,
  kprobesDisarmed: 1,
  busyStarted: COMPLETION.size,
  busyFinished: COMPLETION.size,
});

/** Name of the region in vmlinux's data. */
export const SHELL_SYMBOL = 'shell';

/** Data of vmlinux that is not 0 once the script is over; then no more time passes. */
export const OVER_SYMBOL = 'script_over';

/** In the explorer, operations on all CPUs together in one jiffy while they are busy. */
export const OPERATIONS_OF_A_JIFFY = 400;

/** What the shell can ask of the kernel. The answer is a number; a negative one is an errno. */
export const OP = {
  /** image index */
  load: 1,
  /** name */
  unload: 2,
  /** patch, file of the patch, length, characters */
  write: 3,
  /** patch, file of the patch */
  read: 4,
  /** patch, object */
  readObject: 5,
  /** 0 or 1 */
  ftraceEnabled: 6,
  /** text */
  kmsg: 7,
  /** address of a function whose text answers */
  call: 8,
  /** jiffies */
  sleep: 9,
  /** address of a program, comm */
  spawn: 10,
  /** pid, and what the signal does: {@link SIGNAL} */
  kill: 11,
  /** address, value */
  set: 12,
  /** switches of livepatch's debug sites */
  debug: 13,
  /** CPU */
  cpuDown: 14,
  cpuUp: 15,
  /**
   * image index; how many parameters, and a pair of address and value for each; what is wrong with them (a negative errno
   * or 0); how many lines the log has about them, and their texts */
  insmod: 16,
  /** 0 or 1: all kprobes */
  kprobes: 17,
} as const;

/** What a signal does to a program that does not handle it. */
export const SIGNAL = { end: 0, kill: 1, stop: 2, continue: 3, nothing: 4 } as const;

declare module '../../memory/cpu.js' {
  interface CpuContext {
    /** Base of `SHELL`, on machines that have a shell. */
    readonly shell?: Addr;
  }
}

/** Name of the scenario that is the machine of one kernel version. */
export const shellScenario = (version: string): string => `shell-${version.replace('.', '-')}`;
