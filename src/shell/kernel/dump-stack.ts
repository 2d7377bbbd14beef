/** dump_stack(): what the log says of the task that a kernel's complaint is about. */

import type { DumpSite, KernelHooks } from '../../kernel/hooks.js';
import { KERNEL } from '../../kernel/layout.js';
import { printk, type Message } from '../../kernel/printk.js';
import { TASK } from '../../kernel/task.js';
import { KERNEL_VERSIONS, type KernelVersion } from '../../kernel/versions.js';
import { WARN_SITES } from '../../kernel/warn.js';
import type { Cpu } from '../../memory/cpu.js';
import { OP, SHELL } from './layout.js';
import { shellOf } from './task.js';

const messages: Message[] = [];

/** Declare a line. Its number does not depend on which modules were loaded before this one. */
function say(text: string): Message {
  const message: Message = { id: 400 + messages.length, level: 'warn', prefix: '', text };
  messages.push(message);
  return message;
}

/** All lines. */
export const DUMP_MESSAGES: readonly Message[] = messages;

/** Bits of the taint mask that the machine can have, with their letters and names. */
const TAINTS = [
  { bit: 9, letter: 'W', name: 'WARN' },
  { bit: 12, letter: 'O', name: 'OOT_MODULE' },
  { bit: 13, letter: 'E', name: 'UNSIGNED_MODULE' },
  { bit: 15, letter: 'K', name: 'LIVEPATCH' },
] as const;
/** Letters for all bits, used or not. */
const TAINT_BITS = 19;

const isLater = (version: KernelVersion): boolean => version === '6.12' || version === '7.3';

/** What of {@link TAINTS} is in a mask. */
const taintsIn = (mask: number): (typeof TAINTS)[number][] =>
  TAINTS.filter(({ bit }) => (mask & (1 << bit)) !== 0);

/** A mask as the end of the first line, with the release.
 * @kernel print_tainted, kernel/panic.c:480 (v6.1) */
function tainted(mask: number, version: KernelVersion): string {
  const release = `${version}.0-klp #1 SMP`;
  const taints = taintsIn(mask);
  if (taints.length === 0) return `Not tainted ${release}`;
  const letters = Array.from({ length: TAINT_BITS }, (_, i) =>
    i === 0 ? 'G' : (taints.find(({ bit }) => bit === i)?.letter ?? ' '),
  );
  return `Tainted: ${letters.join('')} ${release}`;
}

/** The letters of a mask with their names. */
const explained = (mask: number): string =>
  taintsIn(mask)
    .map(({ letter, name }) => `[${letter}]=${name}`)
    .join(', ');

/** All masks. */
const MASKS = Array.from({ length: 1 << TAINTS.length }, (_, n) =>
  TAINTS.reduce((mask, { bit }, i) => mask | (((n >> i) & 1) << bit), 0),
);

/** Names that the lines of a release are made of. */
export const dumpNames = (version: KernelVersion): readonly string[] => [
  ...MASKS.flatMap((mask) => [tainted(mask, version), explained(mask)]),
  'insmod',
];

const HEADER = say('CPU: %d PID: %d Comm: %s %s');
const HEADER_WITH_UID = say('CPU: %d UID: 0 PID: %d Comm: %s %s');
const EXPLAINED = say('Tainted: %s');
const BEFORE = ['Hardware name: klp-smp', 'Call Trace:', ' <TASK>'].map((l) => say(l));
const AFTER = say(' </TASK>');

/** Offsets and sizes are those of one build; they differ in every other. */
const ENTRY = ['do_syscall_64+0x5d/0xb0', 'entry_SYSCALL_64_after_hwframe+0x6e/0xd8'];
const DUPLICATE = [
  'sysfs_create_dir_ns+0xca/0xe0',
  'kobject_add_internal+0xba/0x260',
  'kobject_add+0x9b/0xd0',
  'klp_enable_patch+0x37f/0x940',
  'do_one_initcall+0x59/0x220',
];
const LOADED = {
  early: ['__do_sys_finit_module+0xac/0x120'],
  late: [
    'init_module_from_file+0x89/0xe0',
    'idempotent_init_module+0x11d/0x310',
    '__x64_sys_finit_module+0x5e/0xb0',
  ],
};

/** Functions from the one that asks for the stack to the system call, in older and in later releases. */
function framesOf(where: DumpSite, version: KernelVersion): readonly string[] {
  const isNew = isLater(version);
  const loaded = [...(isNew ? LOADED.late : LOADED.early), ...ENTRY];
  const dump = 'dump_stack_lvl+0x44/0x5c';
  if (where === 'do_init_module') {
    return [dump, isNew ? 'do_init_module+0x8e/0x270' : 'do_init_module.cold+0x21/0x26', ...loaded];
  }
  const warn = `sysfs_warn_dup${isNew ? '' : '.cold'}+0x17/0x23`;
  return [dump, warn, ...DUPLICATE, 'do_init_module+0x4a/0x1f0', ...loaded];
}

const FRAMES: Readonly<Record<string, Message>> = Object.fromEntries(
  [
    ...new Set(
      KERNEL_VERSIONS.flatMap((version) => [
        ...framesOf('do_init_module', version),
        ...framesOf('sysfs_warn_dup', version),
      ]),
    ),
  ].map((frame) => [frame, say(` ${frame}`)]),
);

/** The kernel's taint mask, with that of a WARN. */
function maskOf(cpu: Cpu): number {
  const { globals, warnCounts } = cpu.ctx.kernel;
  let mask = cpu.read(globals + KERNEL.tainted);
  for (let i = 0; i < WARN_SITES; i++) {
    if (cpu.read(warnCounts + i) !== 0) mask |= 1 << 9;
  }
  return mask;
}

/** Print who is there, and where. The shell's task does what other processes of a system would do: it has their names.
 * @kernel dump_stack_lvl, lib/dump_stack.c:96 (v6.1) */
export const dumpStack: NonNullable<KernelHooks['dumpStack']> = (cpu, where) => {
  const { names, version } = cpu.ctx.kernel;
  const mask = maskOf(cpu);
  const pid = cpu.get(cpu.current + TASK.pid);
  const isLoading = cpu.get(shellOf(cpu) + SHELL.op) === OP.insmod;
  const comm = isLoading ? names.indexOf('insmod') : cpu.get(cpu.current + TASK.comm);
  const state = names.indexOf(tainted(mask, version));
  printk(cpu, isLater(version) ? HEADER_WITH_UID : HEADER, cpu.id, pid, comm, state);
  if (isLater(version) && mask !== 0) printk(cpu, EXPLAINED, names.indexOf(explained(mask)));
  for (const line of BEFORE) printk(cpu, line);
  for (const frame of framesOf(where, version)) {
    const line = FRAMES[frame];
    if (line !== undefined) printk(cpu, line);
  }
  printk(cpu, AFTER);
};
