/** `/proc`: tasks, information about the kernel, and its switches. */

import { EINVAL, EIO, ESRCH } from '../kernel/errno.js';
import { SYMBOL } from '../kernel/kallsyms.js';
import { KERNEL } from '../kernel/layout.js';
import { HZ } from '../kernel/timer.js';
import { OP, SHELL } from './kernel/layout.js';
import { SHOWN } from './kernel/modules.js';
import { procStack, waitChannel } from './proc-stack.js';
import type { ShellMachine } from './machine.js';
import {
  directory,
  listing,
  readOnly,
  type DirectoryNode,
  type FileNode,
  type Node,
} from './nodes.js';
import { parentOf, shellPid, tasksOf, type TaskView } from './tasks.js';

/** A file that root may open for writing, although its kernel code has no write function. */
const shown = (read: () => Promise<string | number>): FileNode => ({
  ...readOnly(read),
  isOpenToRoot: true,
  write: () => Promise.resolve(-EIO),
});

const says = (text: string): FileNode => readOnly(() => Promise.resolve(`${text}\n`));

/** The first number of a text as `proc_dointvec()` reads it; undefined: it refuses the text. */
function firstInteger(text: string): number | undefined {
  const [, sign = '', digits, rest = ''] = /^\s*(-?)(0x[\da-f]+|\d+)([^]*)$/i.exec(text) ?? [];
  if (digits === undefined || !/^([ \t\n]|$)/.test(rest)) return undefined;
  const isOctal = /^0[0-7]+$/.test(digits);
  const value = Number(isOctal ? `0o${digits.slice(1)}` : digits);
  const signed = sign === '-' ? -value : value;
  return signed === (signed | 0) ? signed : undefined;
}

/** `/proc/sys/kernel/ftrace_enabled`: a number that means "on" is kept as it was written. */
function ftraceEnabled(machine: ShellMachine): FileNode {
  const { booted } = machine;
  let kept = 1;
  return {
    kind: 'file',
    mode: 0o644,
    read: () => {
      const isOn = (machine.words[booted.kernel.globals + KERNEL.ftraceEnabled] ?? 0) !== 0;
      return Promise.resolve(`${isOn ? kept || 1 : 0}\n`);
    },
    write: async (text) => {
      const value = firstInteger(text);
      if (value === undefined) return -EINVAL;
      const ret = await machine.ask(OP.ftraceEnabled, value === 0 ? 0 : 1);
      // A refused change leaves 1 there, whatever number meant "on" before.
      kept = ret < 0 ? 1 : value;
      return ret < 0 ? ret : text.length;
    },
  };
}

/** `/proc/sys/kernel/tainted`: what is written is added. */
function tainted(machine: ShellMachine): FileNode {
  let written = 0;
  return {
    kind: 'file',
    mode: 0o644,
    read: () => Promise.resolve(`${machine.tainted | written}\n`),
    write: (text) => {
      const value = firstInteger(text);
      if (value === undefined || value < 0) return Promise.resolve(-EINVAL);
      written |= value;
      return Promise.resolve(text.length);
    },
  };
}

/** `/proc/sys/kernel/printk`: four levels, of which the machine uses the console's. */
function printkLevels(machine: ShellMachine): FileNode {
  const others = [4, 1, 7];
  return {
    kind: 'file',
    mode: 0o644,
    read: () =>
      Promise.resolve(`${[machine.shell(SHELL.consoleLoglevel), ...others].join('\t')}\n`),
    write: async (text) => {
      // Each number is stored as it is read, so those before a wrong one are set.
      for (const [i, word] of text.trim().split(/\s+/).slice(0, 4).entries()) {
        const value = firstInteger(word);
        if (value === undefined) return -EINVAL;
        if (i > 0) others[i - 1] = value;
        else await machine.ask(OP.set, machine.shellAddr(SHELL.consoleLoglevel), value);
      }
      return text.length;
    },
  };
}

/** `/proc/sys/kernel/modules_disabled`: once it is 1 no module is loaded or unloaded, and nothing changes it. */
function modulesDisabled(machine: ShellMachine): FileNode {
  return {
    kind: 'file',
    mode: 0o644,
    read: () => Promise.resolve(`${machine.areModulesDisabled ? 1 : 0}\n`),
    write: (text) => {
      const value = firstInteger(text);
      if (value === undefined || value < 0 || value > 1) return Promise.resolve(-EINVAL);
      if (value === 0 && machine.areModulesDisabled) return Promise.resolve(-EINVAL);
      machine.areModulesDisabled ||= value === 1;
      return Promise.resolve(text.length);
    },
  };
}

const STATES: Readonly<Record<string, string>> = {
  R: 'running',
  S: 'sleeping',
  D: 'disk sleep',
  I: 'idle',
  T: 'stopped',
};

/** CPUs that tasks may run on: all. */
function allowedCpus(machine: ShellMachine): (readonly [string, string])[] {
  const { cpus } = machine.booted.kernel;
  const mask = (2 ** cpus - 1).toString(16);
  return [
    ['Cpus_allowed', mask],
    ['Cpus_allowed_list', cpus === 1 ? '0' : `0-${cpus - 1}`],
  ];
}

function statusOf(machine: ShellMachine, task: TaskView): string {
  const { comm, pid, state, isKernelThread } = task;
  const fields: readonly (readonly [string, string | number])[] = [
    ['Name', comm],
    ['Umask', '0022'],
    ['State', `${state} (${STATES[state] ?? ''})`],
    ['Tgid', pid],
    ['Ngid', 0],
    ['Pid', pid],
    ['PPid', parentOf(machine, task)],
    ['TracerPid', 0],
    ['Uid', '0\t0\t0\t0'],
    ['Gid', '0\t0\t0\t0'],
    ['FDSize', isKernelThread ? 64 : 256],
    ['Groups', ' '],
    ['Kthread', isKernelThread ? 1 : 0],
    ['Threads', 1],
    // No program of the machine handles a signal; kernel threads ignore all of them.
    ['SigIgn', (isKernelThread ? 'f' : '0').repeat(16)],
    ['SigCgt', '0'.repeat(16)],
    ...allowedCpus(machine),
  ];
  // Since 6.10.
  const hasKthread = ['6.12', '7.3'].includes(machine.booted.kernel.version);
  return fields
    .filter(([name]) => name !== 'Kthread' || hasKthread)
    .map(([name, value]) => `${name}:\t${value}\n`)
    .join('');
}

/** Words of `/proc/<pid>/stat`. */
const STAT_WORDS = 52;

function statOf(machine: ShellMachine, task: TaskView): string {
  const { pid, comm, state, cpu } = task;
  const words = Array.from<string | number>({ length: STAT_WORDS }).fill(0);
  words.splice(0, 4, pid, `(${comm})`, state, parentOf(machine, task));
  words[38] = cpu;
  return `${words.join(' ')}\n`;
}

const TASK_FILES: Readonly<
  Record<string, { readonly mode: number; readonly show: (m: ShellMachine, t: TaskView) => string }>
> = {
  cmdline: { mode: 0o444, show: (m, t) => (t.isKernelThread ? '' : m.commandOf(t.pid, t.comm)) },
  comm: { mode: 0o644, show: (_, t) => `${t.comm}\n` },
  patch_state: { mode: 0o400, show: (_, t) => `${t.patchState}\n` },
  stack: {
    mode: 0o400,
    show: (m, t) =>
      procStack(m, t)
        .map((f) => `[<0>] ${f}\n`)
        .join(''),
  },
  stat: { mode: 0o444, show: statOf },
  status: { mode: 0o444, show: statusOf },
  wchan: {
    mode: 0o444,
    show: (m, t) => waitChannel(m, t) ?? '0',
  },
};

function taskFiles(machine: ShellMachine, pid: number): Readonly<Record<string, Node>> {
  return Object.fromEntries(
    Object.entries(TASK_FILES).map(([file, { mode, show }]) => [
      file,
      {
        kind: 'file',
        mode,
        isOpenToRoot: true,
        read: () => {
          const task = tasksOf(machine).find((t) => t.pid === pid);
          return Promise.resolve(task === undefined ? -ESRCH : show(machine, task));
        },
        write: () => Promise.resolve(-EINVAL),
      } satisfies FileNode,
    ]),
  );
}

function taskDirectory(machine: ShellMachine, pid: number): DirectoryNode {
  const files = taskFiles(machine, pid);
  return directory({ ...files, task: directory({ [pid]: directory(files) }) });
}

/** The symbol table, in the order of addresses. */
function kallsyms(machine: ShellMachine): string {
  const { words } = machine;
  const { kernel } = machine.booted;
  const found: { readonly addr: number; readonly text: string }[] = [];
  for (let i = 0; i < kernel.symbolCount; i++) {
    const at = kernel.symbols + i * SYMBOL.size;
    const name = words[at + SYMBOL.name] ?? 0;
    if (name === 0) continue;
    const addr = words[at + SYMBOL.addr] ?? 0;
    const object = words[at + SYMBOL.object] ?? 0;
    const where = object === 0 ? '' : `\t[${machine.name(object)}]`;
    found.push({ addr, text: `${machine.name(name)}${where}` });
  }
  return found
    .sort((a, b) => a.addr - b.addr)
    .map(({ addr, text }) => `${addr.toString(16).padStart(16, '0')} t ${text}\n`)
    .join('');
}

function modules(machine: ShellMachine): string {
  return machine
    .modules()
    .map(({ name, bytes, refcnt, state, taint: letters }) => {
      const shownAs = state === 'live' ? 'Live' : state === 'going' ? 'Unloading' : 'Loading';
      const flags = `${letters}${state === 'going' ? '-' : state === 'coming' ? '+' : ''}`;
      const taint = flags === '' ? '' : ` (${flags})`;
      return `${name} ${bytes} ${refcnt} - ${shownAs} 0x0000000000000000${taint}\n`;
    })
    .join('');
}

/** The directory. */
export function procFiles(machine: ShellMachine): DirectoryNode {
  const { booted } = machine;
  const ask = (symbol: string): FileNode =>
    shown(async () => {
      const answer = await machine.ask(OP.call, booted.symbol(symbol));
      return answer < 0 ? answer : `${SHOWN[answer] ?? ''}\n`;
    });
  const fixed: Readonly<Record<string, Node>> = {
    cmdline: ask('cmdline_proc_show'),
    kallsyms: shown(() => Promise.resolve(kallsyms(machine))),
    meminfo: ask('meminfo_proc_show'),
    modules: shown(() => Promise.resolve(modules(machine))),
    uptime: shown(() => {
      const seconds = (machine.jiffies / HZ).toFixed(2);
      return Promise.resolve(`${seconds} ${seconds}\n`);
    }),
    version: shown(() => Promise.resolve(`Linux version ${machine.release} (klp-smp)\n`)),
    sys: directory({
      kernel: directory({
        ftrace_enabled: ftraceEnabled(machine),
        hostname: says('klp'),
        modules_disabled: modulesDisabled(machine),
        osrelease: says(machine.release),
        ostype: says('Linux'),
        printk: printkLevels(machine),
        tainted: tainted(machine),
        version: says('#1 SMP'),
      }),
    }),
  };
  return listing(
    () => [...tasksOf(machine).map(({ pid }) => String(pid)), 'self', ...Object.keys(fixed)],
    (name) => {
      if (Object.hasOwn(fixed, name)) return fixed[name];
      const pid = name === 'self' ? shellPid(machine) : Number(name);
      const isThere = tasksOf(machine).some((task) => task.pid === pid);
      return isThere ? taskDirectory(machine, pid) : undefined;
    },
  );
}
