/** The machine that the shell runs on: a small system with the modules of the kernel's selftests. */

import type { InitialTask } from '../../kernel/boot.js';
import type { KernelVersion } from '../../kernel/versions.js';
import type { KernelContext } from '../../kernel/context.js';
import { enterStop } from '../../kernel/signal.js';
import {
  bootMachine,
  type BootedMachine,
  type MachineDeclaration,
  type ModuleDeclaration,
} from '../../scenario/boot.js';
import type { Workload } from '../../scenario/workload.js';
import { SHELL_CALLBACKS } from './callbacks.js';
import { DUMP_MESSAGES, dumpNames, dumpStack } from './dump-stack.js';
import { FTRACE_FN_KPROBE, kprobeHandler } from './kprobe.js';
import { OVER_SYMBOL, SHELL, SHELL_SYMBOL } from './layout.js';
import { SHELL_MESSAGES } from './messages.js';
import {
  busyCall,
  busyCheck,
  busyDone,
  busyEnter,
  busyExit,
  NATIVE,
  patchedGetpid,
  patchedWork,
  SHELL_FUNCTIONS,
  SHELL_MODULE_FNS,
  show,
  TEST_MODULES,
} from './modules.js';
import { doSignalStop, endRequest, leaveStop, parseArgs, takeRequest } from './task.js';
import { numberTasks, SYSTEM_FUNCTIONS, SYSTEM_TASKS } from './system.js';

/** What distinguishes one shell's machine from another; plain data, as it crosses threads. */
export interface ShellMachineOptions {
  readonly cpus: number;
  readonly version: KernelVersion;
  /** Livepatches that `patch FILE` may load, as their author declares them. */
  readonly modules?: readonly ModuleDeclaration[];
  /** Whether the modules are signed ones of the kernel's tree; otherwise they are built outside, as for a distribution's kernel. */
  readonly inTree?: boolean;
  /** Whether idle CPUs poll, as real ones do; a schedule of the explorer says itself who comes when. Default false. */
  readonly idlePolls?: boolean;
  /** Leave out the tasks that make it look like a system that is used. */
  readonly quiet?: boolean;
  readonly printkRecords?: number;
}

const natives: KernelContext['natives'][number][] = [];
natives[NATIVE.take] = takeRequest;
natives[NATIVE.end] = endRequest;
natives[NATIVE.show] = show;
natives[NATIVE.patchedGetpid] = patchedGetpid;
natives[NATIVE.busyEnter] = busyEnter;
natives[NATIVE.busyCheck] = busyCheck;
natives[NATIVE.busyExit] = busyExit;
natives[NATIVE.busyCall] = busyCall;
natives[NATIVE.busyDone] = busyDone;
natives[NATIVE.patchedWork] = patchedWork;
natives[NATIVE.enterStop] = enterStop;
natives[NATIVE.leaveStop] = leaveStop;

/** The task that does what is asked for. */
const SHELL_TASK: InitialTask = { comm: 'bash', thread: 'shell_thread', sleepsInKernelCode: true };

/** The machine as it is declared. */
export function shellDeclaration(options: ShellMachineOptions): MachineDeclaration {
  const { cpus, version, modules = [], quiet = false, printkRecords = 4096 } = options;
  const { inTree = false, idlePolls = false } = options;
  return {
    cpus,
    version,
    stableFixes: true,
    printkRecords,
    outsideModules: !inTree,
    idlePolls,
    tasks: 96,
    vmlinux: {
      functions: [...SHELL_FUNCTIONS, ...SYSTEM_FUNCTIONS],
      data: { [SHELL_SYMBOL]: SHELL.size, [OVER_SYMBOL]: 1 },
    },
    modules: [...TEST_MODULES, ...modules],
    moduleFns: SHELL_MODULE_FNS,
    callbacks: SHELL_CALLBACKS,
    messages: [...SHELL_MESSAGES, ...DUMP_MESSAGES],
    natives,
    names: [...dumpNames(version), 'kworker/0:2', 'getpid_loop', 'test_klp-call_getpid', 'sleep'],
    initialTasks: [SHELL_TASK, ...(quiet ? [] : SYSTEM_TASKS)],
    klp: { shadows: 64 },
    overrides: {
      ftraceFns: { [FTRACE_FN_KPROBE]: kprobeHandler },
      hooks: { parseArgs, dumpStack, doSignalStop },
    },
  };
}

/** Lay the machine out, and let its CPUs know where the shell's words are. */
export function bootShellMachine(options: ShellMachineOptions): BootedMachine {
  const booted = bootMachine(shellDeclaration(options));
  return { ...booted, ctx: { ...booted.ctx, shell: booted.symbol(SHELL_SYMBOL) } };
}

/** First contents of the shell's words: nothing was asked. */
export function prepareShell(words: Int32Array, booted: BootedMachine): void {
  words[booted.symbol(SHELL_SYMBOL) + SHELL.consoleLoglevel] = 7;
  numberTasks(words, booted);
}

/** The machine as a workload of the thread engine. */
export function build(options: ShellMachineOptions): Workload {
  const booted = bootShellMachine(options);
  return {
    booted,
    prepare: (words) => {
      prepareShell(words, booted);
    },
    outcomes: () => [],
  };
}
