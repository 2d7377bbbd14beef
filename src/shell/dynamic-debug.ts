/** `/sys/kernel/debug/dynamic_debug/control`: livepatch's debug lines, and which of them are printed. */

import { EINVAL } from '../kernel/errno.js';
import type { KernelVersion } from '../kernel/versions.js';
import { DEBUG_SITES } from '../livepatch/debug.js';
import type { ShellMachine } from './machine.js';
import type { FileNode } from './nodes.js';
import { OP } from './kernel/layout.js';

/** File that has all of them. */
const FILE = 'kernel/livepatch/transition.c';

/** Lines of the sites in {@link FILE}, in the order of {@link DEBUG_SITES}; those of 6.5 and 7.3 are taken from the nearest release. */
const LINES: Readonly<Record<KernelVersion, readonly number[]>> = {
  '6.1': [75, 148, 316, 320, 324, 329, 521, 582],
  '6.5': [97, 170, 345, 349, 353, 358, 591, 653],
  '6.12': [97, 170, 345, 349, 353, 358, 591, 653],
  '7.3': [97, 170, 345, 349, 353, 358, 591, 653],
};

/** The format as the source has it: the function's name is its first argument. */
function formatOf(text: string, fn: string): string {
  return text.startsWith(`${fn}: `) ? `%s: ${text.slice(fn.length + 2)}` : text;
}

/** Bits of a command's sites that it switches on and off; undefined: it is none. */
function obey(command: string, lines: readonly number[], before: number): number | undefined {
  const flag = /([-+=])([a-z_]+)\s*$/.exec(command);
  if (flag === null) return undefined;
  const file = /\bfile\s+(\S+)/.exec(command)?.[1];
  const fn = /\bfunc\s+(\S+)/.exec(command)?.[1];
  const module = /\bmodule\s+(\S+)/.exec(command)?.[1];
  const at = /\bline\s+(\d+)(?:-(\d+))?/.exec(command);
  if (module !== undefined && !matches(module, 'livepatch')) return before;
  const isOn = flag[1] !== '-' && flag[2]?.includes('p') === true;
  let bits = before;
  DEBUG_SITES.forEach((site, i) => {
    const line = lines[i] ?? 0;
    if (file !== undefined && !matches(file, FILE) && !matches(file, 'transition.c')) return;
    if (fn !== undefined && !matches(fn, site.fn)) return;
    if (at !== null && (line < Number(at[1]) || line > Number(at[2] ?? at[1]))) return;
    bits = isOn ? bits | (1 << i) : bits & ~(1 << i);
  });
  return bits;
}

/** The file. */
export function dynamicDebug(machine: ShellMachine): FileNode {
  const { debug } = machine.booted.klp;
  const lines = LINES[machine.booted.kernel.version];
  return {
    kind: 'file',
    mode: 0o644,
    read: () => {
      const bits = machine.words[debug] ?? 0;
      const sites = DEBUG_SITES.map(({ fn, message }, i) => {
        const flags = (bits & (1 << i)) === 0 ? '=_' : '=p';
        return `${FILE}:${lines[i] ?? 0} [livepatch]${fn} ${flags} "${formatOf(message.text, fn)}\\n"`;
      });
      return Promise.resolve(
        ['# filename:lineno [module]function flags format', ...sites, ''].join('\n'),
      );
    },
    write: async (text) => {
      let bits = machine.words[debug] ?? 0;
      for (const command of text.split(/[;\n]/).filter((c) => c.trim() !== '')) {
        const after = obey(command, lines, bits);
        if (after === undefined) {
          const flags = /\S+\s*$/.exec(command)?.[0].trim() ?? '';
          await machine.log(
            `<3>dyndbg: bad flag-op ${flags[0] ?? ''}, at start of ${flags}`,
            false,
          );
          await machine.log('<3>dyndbg: flags parse failed', false);
          return -EINVAL;
        }
        bits = after;
      }
      await machine.ask(OP.debug, bits);
      return text.length;
    },
  };
}

/** Whether a pattern with `*` fits a text. */
function matches(pattern: string, text: string): boolean {
  const expression = pattern.replace(/[.+^${}()|[\]\\]/g, '\\$&').replace(/\*/g, '.*');
  return new RegExp(`^${expression}$`).test(text);
}
