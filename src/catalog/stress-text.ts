/** The simulated code that the stress workload runs: functions worth patching, system calls, programs, modules. */

import type { Vmlinux } from '../kernel/vmlinux.js';
import { asm, symbol, type FunctionSource, type Instruction } from '../kernel/text.js';
import type { ModuleDeclaration, PatchDeclaration } from '../scenario/boot.js';

/** Functions that get patched; a function's group is its index here plus 1. */
const PATCHABLE = [
  'vfs_read',
  'do_wait',
  'net_rx',
  'get_page',
  'kthread_poll',
  'flush_io',
  'wait_event',
  'wait_device',
  'target_open',
  'target_read',
  'poll_ring',
] as const;

/** Name of a function that gets patched. */
export type Patchable = (typeof PATCHABLE)[number];

const groupOf = (name: Patchable): number => PATCHABLE.indexOf(name) + 1;

/** What each function does after its mark; replacements do the same. */
const BODIES: Readonly<Record<Patchable, readonly Instruction[]>> = {
  vfs_read: [asm.spin(20), asm.ret],
  do_wait: [
    asm.call('vfs_read'),
    asm.jumpRandom('awake', 512),
    asm.sleep(2),
    asm.at('awake', asm.call('vfs_read')),
    asm.ret,
  ],
  net_rx: [
    asm.call('get_page'),
    asm.call('do_wait'),
    asm.condResched,
    asm.call('vfs_read'),
    asm.ret,
  ],
  get_page: [asm.call('vfs_read'), asm.spin(30), asm.ret],
  kthread_poll: [asm.spin(50), asm.condResched, asm.call('get_page'), asm.ret],
  flush_io: [asm.call('get_page'), asm.sleepUninterruptible(1), asm.ret],
  // Those three are only called in machines of some profiles.
  wait_event: [asm.at('again', asm.sleep(300)), asm.jumpRandom('again', 800), asm.ret],
  wait_device: [asm.sleepUninterruptible(1500), asm.ret],
  poll_ring: [
    asm.at('again', asm.spin(20)),
    asm.condResched,
    asm.jumpRandom('again', 1020),
    asm.ret,
  ],
  target_open: [asm.call('vfs_read'), asm.ret],
  target_read: [asm.call('vfs_read'), asm.sleep(1), asm.ret],
};

const inVmlinux = (name: Patchable): boolean => !name.startsWith('target_');

/** A version of a function: 0 is the original. */
function version(name: Patchable, number: number): FunctionSource {
  return {
    name: number === 0 ? name : `${name}_v${number}`,
    code: [asm.mark(number, groupOf(name)), ...BODIES[name]],
  };
}

/** Natives of the workload, by number. */
export const NATIVE_LIVEPATCH_ADMIN = 16;
export const NATIVE_CHURN_ADMIN = 17;
export const NATIVE_ENTER_TARGET = 18;
export const NATIVE_LEAVE_TARGET = 19;

/** Symbol of the words that the natives keep. */
export const STATE_SYMBOL = 'stress_state';

const SYSCALLS: readonly FunctionSource[] = [
  { name: 'sys_read', code: [asm.call('net_rx'), asm.call('vfs_read'), asm.ret] },
  { name: 'sys_poll', code: [asm.sleep(8), asm.call('do_wait'), asm.ret] },
  { name: 'sys_write', code: [asm.call('flush_io'), asm.call('get_page'), asm.ret] },
  { name: 'sys_pause', code: [asm.sleep(50_000), asm.ret] },
  { name: 'sys_wake', code: [asm.wakeRandom(64), asm.ret] },
  {
    name: 'sys_target',
    code: [
      asm.kcall(NATIVE_ENTER_TARGET, symbol(STATE_SYMBOL)),
      asm.kcall(NATIVE_LEAVE_TARGET, symbol(STATE_SYMBOL)),
      asm.ret,
    ],
  },
  {
    name: 'sys_clone',
    code: [
      asm.forkDup,
      asm.call('get_page'),
      asm.sleepUninterruptible(1),
      asm.forkUser('child_main'),
      asm.ret,
    ],
  },
  {
    name: 'sys_exit',
    code: [asm.call('vfs_read'), asm.unhash, asm.spin(200), asm.die],
  },
];

/** A user program: one system call after the other, chosen at random. */
function program(name: string, exits: boolean): FunctionSource {
  return {
    name,
    traceable: false,
    code: [
      asm.at('loop', asm.spin(100)),
      ...(exits ? [asm.jumpRandom('exit', 128)] : []),
      asm.jumpRandom('poll', 600),
      asm.jumpRandom('read', 400),
      asm.jumpRandom('write', 300),
      asm.jumpRandom('target', 300),
      asm.jumpRandom('wake', 300),
      asm.syscall('sys_clone'),
      asm.jump('loop'),
      asm.at('poll', asm.syscall('sys_poll')),
      asm.jump('loop'),
      asm.at('read', asm.syscall('sys_read')),
      asm.jump('loop'),
      asm.at('write', asm.syscall('sys_write')),
      asm.jump('loop'),
      asm.at('target', asm.syscall('sys_target')),
      asm.jump('loop'),
      asm.at('wake', asm.syscall('sys_wake')),
      asm.jump('loop'),
      asm.at('exit', asm.syscall('sys_exit')),
    ],
  };
}

const THREADS: readonly FunctionSource[] = [
  {
    name: 'kthread_busy',
    code: [asm.at('loop', asm.call('kthread_poll')), asm.condResched, asm.jump('loop')],
  },
  {
    name: 'kthread_sleepy',
    code: [asm.at('loop', asm.call('do_wait')), asm.sleep(6), asm.jump('loop')],
  },
  {
    name: 'kthread_waiter',
    code: [asm.at('loop', asm.call('wait_event')), asm.jump('loop')],
  },
  {
    name: 'kthread_polling',
    code: [asm.at('loop', asm.call('poll_ring')), asm.sleep(3), asm.jump('loop')],
  },
  {
    name: 'kthread_blocked',
    code: [asm.at('loop', asm.call('wait_device')), asm.sleep(50), asm.jump('loop')],
  },
  {
    name: 'livepatch_admin',
    code: [
      asm.at('loop', asm.kcall(NATIVE_LIVEPATCH_ADMIN, symbol(STATE_SYMBOL))),
      asm.sleep(7),
      asm.jump('loop'),
    ],
  },
  {
    name: 'churn_admin',
    code: [
      asm.at('loop', asm.kcall(NATIVE_CHURN_ADMIN, symbol(STATE_SYMBOL))),
      asm.sleep(40),
      asm.jump('loop'),
    ],
  },
];

/** Code and data of vmlinux; `stateWords` for the natives. */
export function stressVmlinux(stateWords: number): Vmlinux {
  return {
    functions: [
      ...PATCHABLE.filter(inVmlinux).map((name) => version(name, 0)),
      ...SYSCALLS,
      ...THREADS,
      {
        name: 'user_idle',
        traceable: false,
        code: [asm.at('loop', asm.syscall('sys_pause')), asm.jump('loop')],
      },
      program('user_main', false),
      program('child_main', true),
    ],
    data: { [STATE_SYMBOL]: stateWords },
  };
}

/** Module whose functions get patched too. */
export const TARGET = 'target';

/** Number of the callback that makes a patch fail. */
export const CALLBACK_FAILS = 1;

function livepatch(
  name: string,
  number: number,
  functions: readonly Patchable[],
  more: { readonly replace?: boolean; readonly fails?: boolean } = {},
): ModuleDeclaration {
  const func = (f: Patchable): { oldName: string; newName: string } => ({
    oldName: f,
    newName: `${f}_v${number}`,
  });
  const core = functions.filter(inVmlinux);
  const target = functions.filter((f) => !inVmlinux(f));
  const patch: PatchDeclaration = {
    replace: more.replace ?? false,
    objects: [
      ...(target.length === 0 ? [] : [{ name: TARGET, funcs: target.map(func) }]),
      {
        funcs: core.map(func),
        ...(more.fails === true ? { callbacks: { prePatch: CALLBACK_FAILS } } : {}),
      },
    ],
  };
  return { name, functions: functions.map((f) => version(f, number)), patch };
}

/** Patches that come and go; their place is their image number, and their version is one more. */
const PATCHES: readonly (readonly [
  string,
  readonly Patchable[],
  { replace?: boolean; fails?: boolean }?,
])[] = [
  ['lp_io', ['vfs_read', 'do_wait', 'net_rx']],
  ['lp_page', ['do_wait', 'get_page', 'flush_io', 'wait_event']],
  ['lp_poll', ['vfs_read', 'kthread_poll', 'wait_device', 'target_open']],
  ['lp_target', ['get_page', 'poll_ring', 'target_open', 'target_read']],
  ['lp_all', ['vfs_read', 'net_rx', 'target_read'], { replace: true }],
  ['lp_all2', ['do_wait', 'get_page', 'kthread_poll'], { replace: true }],
  ['lp_broken', ['net_rx', 'flush_io'], { fails: true }],
];

/** Patches that may be forced; a forced removal keeps its module for ever, so there is a stock of them. */
export const FORCEABLE = 6;
/** Image of the patch that always fails. */
export const BROKEN_IMAGE = 6;
/** Image of the first patch that may be forced. */
export const FIRST_FORCEABLE = PATCHES.length;

/** All modules: patches first, then {@link TARGET}. */
export function stressModules(): ModuleDeclaration[] {
  const forceable = Array.from({ length: FORCEABLE }, (_, i) =>
    livepatch(
      `lp_force${i}`,
      PATCHES.length + i + 1,
      i % 2 === 0 ? ['do_wait'] : ['flush_io', 'vfs_read'],
    ),
  );
  return [
    ...PATCHES.map(([name, functions, more], i) => livepatch(name, i + 1, functions, more)),
    ...forceable,
    {
      name: TARGET,
      functions: PATCHABLE.filter((f) => !inVmlinux(f)).map((f) => version(f, 0)),
    },
  ];
}
