/** Commands that show the machine's log and clock: dmesg, date. */

import type { CustomCommand } from 'just-bash';
import {
  command,
  define,
  fails,
  ok,
  original,
  type Definition,
  type Run,
  type ShellContext,
} from './command.js';
import { LEVELS, type LogRecord } from './machine.js';

/** What dmesg is asked for. */
interface Wanted {
  clears: boolean;
  readsAndClears: boolean;
  isPlain: boolean;
  isRaw: boolean;
  isDecoded: boolean;
  isKernel: boolean;
  isUser: boolean;
  levels: number[] | undefined;
}

const LETTERS: Readonly<Record<string, keyof Omit<Wanted, 'levels'>>> = {
  C: 'clears',
  c: 'readsAndClears',
  t: 'isPlain',
  r: 'isRaw',
  x: 'isDecoded',
  k: 'isKernel',
  u: 'isUser',
};
const LONG: Readonly<Record<string, string>> = {
  '--clear': '-C',
  '--read-clear': '-c',
  '--notime': '-t',
  '--raw': '-r',
  '--decode': '-x',
  '--kernel': '-k',
  '--userspace': '-u',
};

/** Numbers of the levels in a list of names; undefined: one of them is none. */
function levelsOf(list: string): number[] | undefined {
  const found = list.split(',').map((name) => LEVELS.findIndex((level) => level === name));
  return found.includes(-1) ? undefined : found;
}

/** Options that stand before `-l` in one word. */
const lettersOf = (arg: string): string => /^-(\w*)l$/.exec(arg)?.[1] ?? '';

/** Options of dmesg, or what is wrong with them. */
function parse(args: readonly string[]): Wanted | string {
  const wanted: Wanted = {
    clears: false,
    readsAndClears: false,
    isPlain: false,
    isRaw: false,
    isDecoded: false,
    isKernel: false,
    isUser: false,
    levels: undefined,
  };
  for (let i = 0; i < args.length; i++) {
    const arg = LONG[args[i] ?? ''] ?? args[i] ?? '';
    const list = arg.startsWith('--level=')
      ? arg.slice('--level='.length)
      : /^-\w*l$/.test(arg) || arg === '--level'
        ? (args[++i] ?? '')
        : undefined;
    if (list !== undefined) {
      wanted.levels = levelsOf(list);
      if (wanted.levels === undefined) return `dmesg: unknown level '${list}'`;
    }
    const letters = list === undefined ? (/^-(\w+)$/.exec(arg)?.[1] ?? '?') : lettersOf(arg);
    for (const letter of letters) {
      const what = LETTERS[letter];
      if (what === undefined) {
        if (arg.startsWith('--')) return `dmesg: unrecognized option '${arg}'`;
        return `dmesg: '${arg}' is not known here: -C -c -t -r -x -k -u -l LEVELS`;
      }
      wanted[what] = true;
    }
  }
  return wanted;
}

/** One line as dmesg prints it. */
function lineOf({ stamp, text, level, isUser }: LogRecord, wanted: Wanted): string {
  const timed = wanted.isPlain && !wanted.isRaw ? text : `${stamp} ${text}`;
  // As util-linux does it: the facility's number, not its bits.
  if (wanted.isRaw) return `<${(isUser ? 1 : 0) | level}>${timed}\n`;
  if (!wanted.isDecoded) return `${timed}\n`;
  return `${(isUser ? 'user' : 'kern').padEnd(6)}:${(LEVELS[level] ?? '').padEnd(6)}: ${timed}\n`;
}

/** All of them. */
export function logCommands(context: ShellContext): CustomCommand[] {
  const { machine } = context;
  const dmesg: Run = (args) => {
    const wanted = parse(args);
    if (typeof wanted === 'string') return fails(wanted);
    const lines = machine.dmesg().filter(({ seq }) => seq >= context.dmesgFrom);
    const next = (lines[lines.length - 1]?.seq ?? context.dmesgFrom - 1) + 1;
    if (wanted.clears || wanted.readsAndClears) context.dmesgFrom = next;
    if (wanted.clears) return ok();
    const { levels } = wanted;
    const isOneSide = wanted.isKernel !== wanted.isUser;
    const shown = lines.filter(
      ({ level, isUser }) =>
        levels?.includes(level) !== false && (!isOneSide || isUser === wanted.isUser),
    );
    return ok(shown.map((line) => lineOf(line, wanted)).join(''));
  };
  /** The machine's time, in any format; `-d` is another time. */
  const date: Definition = (args, ctx) => {
    const seconds = machine.jiffies / 100;
    const now = Date.UTC(2026, 0, 1) + seconds * 1000;
    if (args.some((a) => a.startsWith('--rfc-3339'))) {
      const time = new Date(now).toISOString();
      const nanos = `${time.slice(20, 23)}${String(machine.dmesg().length % 1_000_000).padStart(6, '0')}`;
      return Promise.resolve(ok(`${time.slice(0, 10)} ${time.slice(11, 19)}.${nanos}+00:00\n`));
    }
    if (args.some((a) => /^(-d|--date)/.test(a))) return original(ctx, args);
    const format = args.find((a) => a.startsWith('+')) ?? '+%a %b %e %H:%M:%S UTC %Y';
    return original(ctx, ['-u', '-d', `@${Math.floor(now / 1000)}`, format]);
  };
  return [command('dmesg', dmesg), define('date', date)];
}
