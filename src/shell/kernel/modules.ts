/** Simulated versions of the modules that the kernel's selftests load. */

import { complete, initCompletion, waitForCompletion } from '../../kernel/completion.js';
import type { ModuleFn } from '../../kernel/context.js';
import { kallsymsNthSymbol } from '../../kernel/kallsyms.js';
import { callFromNative } from '../../kernel/interp.js';
import { MODULE } from '../../kernel/module.js';
import { printk, type Message } from '../../kernel/printk.js';
import { TASK } from '../../kernel/task.js';
import { asm, INSTRUCTION_WORDS, symbol, type FunctionSource } from '../../kernel/text.js';
import { KLP_PATCH } from '../../livepatch/layout.js';
import type { Cpu } from '../../memory/cpu.js';
import { NULL, type Addr } from '../../memory/struct.js';
import type { ModuleDeclaration } from '../../scenario/boot.js';
import { announcing, CONSOLE_LOGLEVEL_STATE, keepingState } from './callbacks.js';
import { kprobeExit, kprobeInit } from './kprobe.js';
import { MAX_PIDS, SHELL, SHELL_SYMBOL } from './layout.js';
import { line } from './messages.js';
import { shadowVarsInit } from './shadow-vars.js';
import { shellOf, spawn } from './task.js';

/** Natives of the shell's machine; those of the kernel come before them. */
export const NATIVE = {
  take: 16,
  end: 17,
  show: 18,
  getpid: 19,
  patchedGetpid: 20,
  busyEnter: 21,
  busyCheck: 22,
  busyExit: 23,
  busyCall: 24,
  busyDone: 25,
  patchedWork: 26,
  enterStop: 27,
  leaveStop: 28,
} as const;

/** What the functions behind /proc files answer, as numbers of {@link SHOWN}. */
export const SHOWN = [
  'BOOT_IMAGE=/vmlinuz root=/dev/klp ro',
  'MemTotal:        1048576 kB',
  'test_klp_livepatch: this has been live patched',
  'test_klp_atomic_replace: this has been live patched',
  'test_klp_mod_target: original output',
  'test_klp_mod_patch: patched output',
] as const;

const moduleFns: ModuleFn[] = [];

/** Init and exit functions by number. */
export const SHELL_MODULE_FNS: readonly ModuleFn[] = moduleFns;

function fn(body: ModuleFn): number {
  moduleFns[moduleFns.length || 1] = body;
  return moduleFns.length - 1;
}

function saying(message: Message): number {
  return fn((cpu) => {
    printk(cpu, message);
    return 0;
  });
}

/** A function that answers a read of a /proc file. */
const showing = (name: string, n: number): FunctionSource => ({
  name,
  code: [asm.kcall(NATIVE.show, n), asm.ret],
});

/** Answer the read of a file. */
export function show(cpu: Cpu, n: number): void {
  cpu.set(shellOf(cpu) + SHELL.result, n);
}

/** `patch.replace = replace` */
function replacing(cpu: Cpu, mod: Addr, value: number): number {
  cpu.set(cpu.get(mod + MODULE.image) + KLP_PATCH.replace, value);
  return 0;
}

const BUSY = 'test_klp_callbacks_busy';
const BUSY_INIT = line(BUSY, `${BUSY}_init`);
const BUSY_EXIT = line(BUSY, `${BUSY}_exit`);
const WORK_ENTER = line(BUSY, 'busymod_work_func enter');
const WORK_EXIT = line(BUSY, 'busymod_work_func exit');
const PATCHED_WORK = line('test_klp_callbacks_demo', 'patched_work_func');

/** The work function says that it has begun. */
export function busyEnter(cpu: Cpu, _arg: number): void {
  printk(cpu, WORK_ENTER);
  complete(cpu, shellOf(cpu) + SHELL.busyStarted);
}

/** Back to the call of msleep() before this instruction while the transition is to be blocked. */
export function busyCheck(cpu: Cpu, _arg: number): void {
  if (cpu.readOnce(shellOf(cpu) + SHELL.blockTransition) === 0) return;
  const pc = cpu.current + TASK.pc;
  cpu.set(pc, cpu.get(pc) - 2 * INSTRUCTION_WORDS);
}

/** The work function says that it ends. */
export function busyExit(cpu: Cpu, _arg: number): void {
  printk(cpu, WORK_EXIT);
}

/** A worker calls the module's work function. */
export function busyCall(cpu: Cpu, _arg: number): void {
  const { names } = cpu.ctx.kernel;
  const work = kallsymsNthSymbol(cpu, names.indexOf(BUSY), names.indexOf('busymod_work_func'), 1);
  if (work !== NULL) callFromNative(cpu, work);
}

/** The work is done. */
export function busyDone(cpu: Cpu, _arg: number): void {
  complete(cpu, shellOf(cpu) + SHELL.busyFinished);
}

/** The livepatch's version of the work function. */
export function patchedWork(cpu: Cpu, _arg: number): void {
  printk(cpu, PATCHED_WORK);
}

function busyInit(cpu: Cpu, _mod: Addr): number {
  const { kernel } = cpu.ctx;
  const shell = shellOf(cpu);
  printk(cpu, BUSY_INIT);
  initCompletion(cpu, shell + SHELL.busyStarted);
  initCompletion(cpu, shell + SHELL.busyFinished);
  const worker = kallsymsNthSymbol(cpu, 0, kernel.names.indexOf('process_one_work'), 1);
  spawn(cpu, kernel.names.indexOf('kworker/0:2'), worker, NULL);
  waitForCompletion(cpu, shell + SHELL.busyStarted);
  if (cpu.readOnce(shell + SHELL.blockTransition) === 0) {
    waitForCompletion(cpu, shell + SHELL.busyFinished);
  }
  return 0;
}

function busyExitModule(cpu: Cpu, _mod: Addr): number {
  const shell = shellOf(cpu);
  cpu.writeOnce(shell + SHELL.blockTransition, 0);
  waitForCompletion(cpu, shell + SHELL.busyFinished);
  printk(cpu, BUSY_EXIT);
  return 0;
}

/** The livepatched getpid(): if the module waits for the caller, it stops doing so. */
export function patchedGetpid(cpu: Cpu, _arg: number): void {
  const shell = shellOf(cpu);
  const pid = cpu.get(cpu.current + TASK.pid);
  const npids = cpu.get(shell + SHELL.npids);
  for (let i = 0; i < npids; i++) {
    // kpid_mutex: the first caller to find the pid removes it.
    if (cpu.cmpxchg(shell + SHELL.klpPids + i, pid, 0) !== pid) continue;
    cpu.fetchAdd(shell + SHELL.npidsPending, -1);
    return;
  }
}

function syscallInit(cpu: Cpu, _mod: Addr): number {
  const shell = shellOf(cpu);
  let count = 0;
  for (let i = 0; i < MAX_PIDS; i++) {
    if (cpu.get(shell + SHELL.klpPids + i) !== 0) count++;
  }
  cpu.set(shell + SHELL.npids, MAX_PIDS);
  cpu.writeOnce(shell + SHELL.npidsPending, count);
  cpu.set(shell + SHELL.syscallDirectory, 1);
  return 0;
}

function syscallExit(cpu: Cpu, _mod: Addr): number {
  const shell = shellOf(cpu);
  for (let i = 0; i < MAX_PIDS; i++) cpu.set(shell + SHELL.klpPids + i, 0);
  cpu.set(shell + SHELL.syscallDirectory, 0);
  return 0;
}

/** Functions of vmlinux that the modules patch or call. */
export const SHELL_FUNCTIONS: readonly FunctionSource[] = [
  showing('cmdline_proc_show', 0),
  showing('meminfo_proc_show', 1),
  { name: '__x64_sys_getpid', code: [asm.kcall(NATIVE.getpid), asm.ret] },
  {
    name: 'getpid_loop',
    traceable: false,
    code: [asm.at('loop', asm.syscall('__x64_sys_getpid')), asm.spin(20), asm.jump('loop')],
  },
  { name: 'msleep', code: [asm.sleepUninterruptible(2), asm.ret] },
  {
    name: 'do_signal_stop',
    code: [asm.kcall(NATIVE.enterStop), asm.schedule, asm.kcall(NATIVE.leaveStop)],
  },
  {
    name: 'process_one_work',
    code: [asm.kcall(NATIVE.busyCall), asm.kcall(NATIVE.busyDone), asm.unhash, asm.die],
  },
  {
    name: 'shell_thread',
    traceable: false,
    code: [
      asm.at('loop', asm.kcall(NATIVE.take, symbol(SHELL_SYMBOL))),
      asm.kcall(NATIVE.end, symbol(SHELL_SYMBOL)),
      asm.sleep(1),
      asm.jump('loop'),
    ],
  },
];

const NO_FUNCS = { funcs: [] } as const;
const announce = (name: string): ModuleDeclaration['patch'] => {
  const callbacks = announcing(name, true);
  return {
    objects: [
      { ...NO_FUNCS, callbacks },
      { name: 'test_klp_callbacks_mod', ...NO_FUNCS, callbacks },
      {
        name: BUSY,
        funcs: [{ oldName: 'busymod_work_func', newName: 'patched_work_func' }],
        callbacks,
      },
    ],
  };
};

const state = (name: string, version: number): ModuleDeclaration => ({
  name,
  patch: {
    replace: true,
    objects: [{ ...NO_FUNCS, callbacks: keepingState(name, version > 1) }],
    states: [{ id: CONSOLE_LOGLEVEL_STATE, version }],
  },
});

/** Every module that can be loaded. */
export const TEST_MODULES: readonly ModuleDeclaration[] = [
  {
    name: 'test_klp_livepatch',
    functions: [showing('livepatch_cmdline_proc_show', 2)],
    patch: {
      objects: [
        { funcs: [{ oldName: 'cmdline_proc_show', newName: 'livepatch_cmdline_proc_show' }] },
      ],
    },
  },
  {
    name: 'test_klp_atomic_replace',
    functions: [showing('livepatch_meminfo_proc_show', 3)],
    patch: {
      objects: [
        { funcs: [{ oldName: 'meminfo_proc_show', newName: 'livepatch_meminfo_proc_show' }] },
      ],
    },
    init: fn((cpu, mod) => replacing(cpu, mod, cpu.get(shellOf(cpu) + SHELL.replace))),
  },
  {
    name: 'test_klp_callbacks_demo',
    functions: [{ name: 'patched_work_func', code: [asm.kcall(NATIVE.patchedWork), asm.ret] }],
    patch: announce('test_klp_callbacks_demo') ?? {},
  },
  {
    name: 'test_klp_callbacks_demo2',
    patch: {
      objects: [{ ...NO_FUNCS, callbacks: announcing('test_klp_callbacks_demo2', false) }],
    },
    init: fn((cpu, mod) => replacing(cpu, mod, cpu.get(shellOf(cpu) + SHELL.replace2))),
  },
  {
    name: 'test_klp_callbacks_mod',
    init: saying(line('test_klp_callbacks_mod', 'test_klp_callbacks_mod_init')),
    exit: saying(line('test_klp_callbacks_mod', 'test_klp_callbacks_mod_exit')),
  },
  {
    name: BUSY,
    functions: [
      {
        name: 'busymod_work_func',
        code: [
          asm.kcall(NATIVE.busyEnter),
          asm.call('msleep'),
          asm.kcall(NATIVE.busyCheck),
          asm.kcall(NATIVE.busyExit),
          asm.ret,
        ],
      },
    ],
    init: fn(busyInit),
    exit: fn(busyExitModule),
  },
  state('test_klp_state', 1),
  state('test_klp_state2', 2),
  state('test_klp_state3', 2),
  { name: 'test_klp_kprobe', init: fn(kprobeInit), exit: fn(kprobeExit) },
  { name: 'test_klp_shadow_vars', init: fn(shadowVarsInit) },
  {
    name: 'test_klp_syscall',
    functions: [{ name: 'lp_sys_getpid', code: [asm.kcall(NATIVE.patchedGetpid), asm.ret] }],
    patch: {
      objects: [{ funcs: [{ oldName: '__x64_sys_getpid', newName: 'lp_sys_getpid' }] }],
    },
    init: fn(syscallInit),
    exit: fn(syscallExit),
  },
];
