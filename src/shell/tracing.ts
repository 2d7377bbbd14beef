/** `/sys/kernel/tracing`: which functions can be traced, and which have a user. */

import { EINVAL } from '../kernel/errno.js';
import {
  FTRACE_FILTER_IPS,
  FTRACE_FN_DIRECT,
  FTRACE_FN_KLP,
  FTRACE_OPS,
} from '../kernel/ftrace-ops.js';
import { FTRACE_RECORD } from '../kernel/ftrace-record.js';
import { SYMBOL } from '../kernel/kallsyms.js';
import { KERNEL } from '../kernel/layout.js';
import { OP_FENTRY } from '../kernel/text.js';
import type { Addr } from '../memory/struct.js';
import { FTRACE_FN_KPROBE } from './kernel/kprobe.js';
import type { ShellMachine } from './machine.js';
import { directory, type DirectoryNode, type FileNode } from './nodes.js';

/** A function whose entry can call somebody. */
interface Site {
  readonly ip: Addr;
  readonly name: string;
}

/** Functions that can be traced, in the order of addresses. */
function sitesOf(machine: ShellMachine): Site[] {
  const { words } = machine;
  const { kernel } = machine.booted;
  const found: Site[] = [];
  for (let i = 0; i < kernel.symbolCount; i++) {
    const at = kernel.symbols + i * SYMBOL.size;
    const ip = words[at + SYMBOL.addr] ?? 0;
    if ((words[at + SYMBOL.name] ?? 0) === 0 || words[ip] !== OP_FENTRY) continue;
    const object = words[at + SYMBOL.object] ?? 0;
    const where = object === 0 ? '' : ` [${machine.name(object)}]`;
    found.push({ ip, name: machine.name(words[at + SYMBOL.name] ?? 0) + where });
  }
  return found.sort((a, b) => a.ip - b.ip);
}

/** Names of handlers, as the symbols of a kernel have them. */
const HANDLERS: Readonly<Record<number, string>> = {
  [FTRACE_FN_KLP]: 'klp_ftrace_handler',
  [FTRACE_FN_DIRECT]: 'call_direct_funcs',
  [FTRACE_FN_KPROBE]: 'kprobe_ftrace_handler',
};
/** What is called if a function has several users; offsets and sizes are those of one build. */
const LIST = 'arch_ftrace_ops_list_func+0x0/0x180';

/** Registered users of a function. */
function usersOf(machine: ShellMachine, ip: Addr): Addr[] {
  const { words } = machine;
  const found: Addr[] = [];
  let ops = words[machine.booted.kernel.globals + KERNEL.ftraceOpsList] ?? 0;
  for (let i = 0; ops !== 0 && i < 1000; i++, ops = words[ops + FTRACE_OPS.next] ?? 0) {
    const filter = words.subarray(
      ops + FTRACE_OPS.filterIp,
      ops + FTRACE_OPS.filterIp + FTRACE_FILTER_IPS,
    );
    if (filter.includes(ip)) found.push(ops);
  }
  return found;
}

/** Where the entry of a function leads: the only user's own trampoline, or the list of all of them. */
function leadsTo(machine: ShellMachine, ip: Addr): string {
  const users = usersOf(machine, ip);
  const [only] = users;
  const fn = HANDLERS[machine.words[(only ?? 0) + FTRACE_OPS.func] ?? 0];
  if (users.length !== 1 || only === undefined || fn === undefined) return `\t ->${LIST}`;
  const handler = `${fn}+0x0/0x110`;
  return `\ttramp: 0x${only.toString(16).padStart(16, '0')} (${handler}) ->${handler}`;
}

/** Functions that have a user, with the letters of their records.
 * @kernel t_show, kernel/trace/ftrace.c:3870 (v6.1) */
function enabledFunctions(machine: ShellMachine): string {
  const { flags, regs, ipmodify, direct, count } = FTRACE_RECORD;
  const isOld = ['6.1', '6.5'].includes(machine.booted.kernel.version);
  return sitesOf(machine)
    .map(({ ip, name }) => {
      const record = machine.words[ip + flags] ?? 0;
      if ((record & count) === 0) return '';
      const letter = (bit: number, text: string): string => ((record & bit) !== 0 ? text : '  ');
      // Later releases tell of call ops, which the machine does not have, and of functions that were modified.
      const later = isOld ? '' : `  ${letter(ipmodify | direct, ' M')} `;
      const shown = letter(regs, ' R') + letter(ipmodify, ' I') + letter(direct, ' D') + later;
      return `${name} (${record & count})${shown}${leadsTo(machine, ip)}\n`;
    })
    .join('');
}

/** The directory. */
export function tracingFiles(machine: ShellMachine): DirectoryNode {
  const shows = (read: () => string): FileNode => ({
    kind: 'file',
    mode: 0o440,
    isOpenToRoot: true,
    read: () => Promise.resolve(read()),
    write: () => Promise.resolve(-EINVAL),
  });
  return directory({
    available_filter_functions: shows(() =>
      sitesOf(machine)
        .map(({ name }) => `${name}\n`)
        .join(''),
    ),
    enabled_functions: shows(() => enabledFunctions(machine)),
  });
}
