/** `/sys/kernel/debug/dynamic_debug/control`: livepatch's debug lines, and which of them are printed. */

import { EINVAL } from '../kernel/errno.js';
import type { KernelVersion } from '../kernel/versions.js';
import { DEBUG_SITES } from '../livepatch/debug.js';
import { parseQuery, type Query } from './debug-query.js';
import type { ShellMachine } from './machine.js';
import type { FileNode } from './nodes.js';
import { OP } from './kernel/layout.js';
import { isLike } from './posix.js';

/** File that has all of them. */
const FILE = 'kernel/livepatch/transition.c';

/** Lines of the sites in {@link FILE}, in the order of {@link DEBUG_SITES}; those of 6.5 are taken from 6.12. */
const LINES: Readonly<Record<KernelVersion, readonly number[]>> = {
  '6.1': [75, 148, 316, 320, 324, 329, 521, 582],
  '6.5': [97, 170, 345, 349, 353, 358, 591, 653],
  '6.12': [97, 170, 345, 349, 353, 358, 591, 653],
  '7.3': [88, 161, 336, 340, 344, 349, 570, 632],
};

/** Letters of flags, in the order in which the file shows them; 7.3 knows two more. */
const flagsOf = (version: KernelVersion): string => (version === '7.3' ? 'pmfsltd' : 'pmflt');

/** The format as the source has it: the function's name is its first argument. */
function formatOf(text: string, fn: string): string {
  return text.startsWith(`${fn}: `) ? `%s: ${text.slice(fn.length + 2)}` : text;
}

/** One site of the file. */
interface Site {
  readonly fn: string;
  readonly line: number;
  readonly format: string;
  flags: ReadonlySet<string>;
}

/** Whether a query is about a site. */
function isMeant({ file, fn, module, format, lines }: Query, site: Site): boolean {
  const isFile = [FILE, 'transition.c'].some((name) => isLike(name, file ?? '*'));
  const isFormat = format?.startsWith('^') === true;
  return (
    isFile &&
    isLike('livepatch', module ?? '*') &&
    isLike(site.fn, fn ?? '*') &&
    (isFormat ? site.format.startsWith(format.slice(1)) : site.format.includes(format ?? '')) &&
    (lines === undefined ||
      (site.line >= lines.first && (lines.last === 0 || site.line <= lines.last)))
  );
}

/** Flags of a site after a command. */
function changed({ op, flags }: Query, before: ReadonlySet<string>): ReadonlySet<string> {
  if (op === '=') return new Set(flags);
  if (op === '+') return new Set([...before, ...flags]);
  return new Set([...before].filter((flag) => !flags.includes(flag)));
}

/** The file. */
export function dynamicDebug(machine: ShellMachine): FileNode {
  const { debug } = machine.booted.klp;
  const { version } = machine.booted.kernel;
  const letters = flagsOf(version);
  const sites: Site[] = DEBUG_SITES.map(({ fn, message }, i) => ({
    fn,
    line: LINES[version][i] ?? 0,
    format: `${formatOf(message.text, fn)}\\n`,
    flags: new Set(),
  }));
  /** What a site has: `p` is the machine's, the others are only shown. */
  const flagsAt = (i: number): ReadonlySet<string> => {
    const isOn = ((machine.words[debug] ?? 0) & (1 << i)) !== 0;
    const others = [...(sites[i]?.flags ?? [])].filter((flag) => flag !== 'p');
    return new Set(isOn ? ['p', ...others] : others);
  };
  const obey = async (query: Query): Promise<void> => {
    let bits = machine.words[debug] ?? 0;
    sites.forEach((site, i) => {
      if (!isMeant(query, site)) return;
      site.flags = changed(query, flagsAt(i));
      bits = site.flags.has('p') ? bits | (1 << i) : bits & ~(1 << i);
    });
    await machine.ask(OP.debug, bits);
  };
  return {
    kind: 'file',
    mode: 0o644,
    read: () => {
      const shown = sites.map(({ fn, line, format }, i) => {
        const has = flagsAt(i);
        const flags =
          Array.from(letters)
            .filter((letter) => has.has(letter))
            .join('') || '_';
        return `${FILE}:${line} [livepatch]${fn} =${flags} "${format}"`;
      });
      return Promise.resolve(
        ['# filename:lineno [module]function flags format', ...shown, ''].join('\n'),
      );
    },
    write: async (text) => {
      let isRefused = false;
      for (const command of text.split(/[;\n]/).map((c) => c.trim())) {
        if (command === '' || command.startsWith('#')) continue;
        const query = parseQuery(command, letters);
        if ('op' in query) {
          await obey(query);
          continue;
        }
        // A query that is refused does not keep those behind it from being obeyed.
        isRefused = true;
        for (const line of query) await machine.log(`<3>dyndbg: ${line}`, false);
      }
      return isRefused ? -EINVAL : text.length;
    },
  };
}
