/** Commands that show the machine's log and clock: dmesg, with util-linux' options and words, and date. */

import type { CustomCommand, ExecResult } from 'just-bash';
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
import { HZ } from '../kernel/timer.js';
import { OP, SHELL } from './kernel/layout.js';
import { LEVELS, type LogRecord, type ShellMachine } from './machine.js';
import { momentOf } from './moments.js';

/** Names of those who say something, by number. */
const FACILITIES = 'kern user mail daemon auth syslog lpr news uucp cron authpriv ftp'.split(' ');

const TIME_FORMATS = ['notime', 'delta', 'reltime', 'ctime', 'iso', 'raw'] as const;
type TimeFormat = (typeof TIME_FORMATS)[number] | 'stamp';

/** Long options, and the letters that stand for them. */
const LONG: Readonly<Record<string, string>> = {
  clear: 'C',
  'read-clear': 'c',
  'console-off': 'D',
  'show-delta': 'd',
  'console-on': 'E',
  reltime: 'e',
  facility: 'f',
  human: 'H',
  json: 'J',
  kernel: 'k',
  color: 'L',
  level: 'l',
  'console-level': 'n',
  nopager: 'P',
  'force-prefix': 'p',
  raw: 'r',
  syslog: 'S',
  'buffer-size': 's',
  ctime: 'T',
  notime: 't',
  userspace: 'u',
  decode: 'x',
  version: 'V',
  'time-format': 'time-format',
  since: 'since',
  until: 'until',
  follow: 'w',
  'follow-new': 'W',
};
const WITH_VALUE = ['f', 'l', 'n', 's', 'time-format', 'since', 'until'];
const KNOWN = ['C c D d E e H J k L P p r S T t u w W x V'.split(' '), WITH_VALUE].flat();

/** Options of which only one may be given. */
const EXCLUSIVE = ['C D E c n r', 'H r', 'L r', 'T r', 'd r', 'e r', 'r x', 'r t'].map((group) =>
  group.split(' '),
);

const TRY = "\nTry 'dmesg --help' for more information.";

/** Options by their letters, with their values; a text: what is wrong. */
function parse(args: readonly string[]): ReadonlyMap<string, string> | string {
  const given = new Map<string, string>();
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] ?? '';
    const [, name, joined] = /^--([\w-]+)(?:=(.*))?$/.exec(arg) ?? [];
    if (name !== undefined) {
      const letter = LONG[name];
      if (letter === undefined) return `dmesg: unrecognized option '${arg}'${TRY}`;
      const needs = WITH_VALUE.includes(letter);
      if (needs && joined === undefined && args[i + 1] === undefined) {
        return `dmesg: option '${arg}' requires an argument${TRY}`;
      }
      given.set(letter, joined ?? (needs ? (args[++i] ?? '') : ''));
      continue;
    }
    if (!arg.startsWith('-') || arg === '-') return `dmesg: bad usage${TRY}`;
    for (let at = 1; at < arg.length; at++) {
      const letter = arg[at] ?? '';
      if (!KNOWN.includes(letter)) {
        return 'FhK'.includes(letter)
          ? `dmesg: '-${letter}' is not known here`
          : `dmesg: invalid option -- '${letter}'${TRY}`;
      }
      const rest = arg.slice(at + 1);
      const needs = WITH_VALUE.includes(letter);
      if (needs && rest === '' && args[i + 1] === undefined) {
        return `dmesg: option requires an argument -- '${letter}'${TRY}`;
      }
      given.set(letter, needs ? rest || (args[++i] ?? '') : '');
      if (needs) break;
    }
  }
  for (const group of EXCLUSIVE) {
    if (group.filter((letter) => given.has(letter)).length < 2) continue;
    const names = group.map((l) => Object.keys(LONG).find((name) => LONG[name] === l) ?? '');
    return `dmesg: mutually exclusive arguments:${names.map((n) => ` --${n}`).join('')}`;
  }
  return given;
}

/** Numbers of names in a list; a text: the name that is none. */
function numbersOf(list: string, names: readonly string[]): number[] | string {
  const found: number[] = [];
  for (const name of list.split(',')) {
    const at = names.indexOf(name);
    if (at < 0) return name;
    found.push(at);
  }
  return found;
}

const DAYS = 'Sun Mon Tue Wed Thu Fri Sat'.split(' ');
const MONTHS = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');
const EPOCH_MS = Date.UTC(2026, 0, 1);
const two = (n: number): string => String(n).padStart(2, '0');

/** Puts the time in front of lines; remembers the line before. */
class Clock {
  readonly #format: TimeFormat;
  readonly #hasDelta: boolean;
  #last: LogRecord | undefined;
  #minute = '';

  constructor(format: TimeFormat, hasDelta: boolean) {
    this.#format = format;
    this.#hasDelta = hasDelta;
  }

  of(record: LogRecord): string {
    const { stamp, micros } = record;
    const delta = this.#last === undefined ? 0 : (micros - this.#last.micros) / 1e6;
    this.#last = record;
    const time = new Date(EPOCH_MS + micros / 1000);
    const [month, day] = [MONTHS[time.getUTCMonth()] ?? '', String(time.getUTCDate()).padStart(2)];
    const minutes = `${two(time.getUTCHours())}:${two(time.getUTCMinutes())}`;
    const seconds = two(time.getUTCSeconds());
    const shown = `<${delta.toFixed(6).padStart(12)}>`;
    switch (this.#format) {
      case 'notime':
        return this.#hasDelta ? `[${shown}] ` : '';
      case 'ctime': {
        const date = `${DAYS[time.getUTCDay()] ?? ''} ${month} ${day} ${minutes}:${seconds} ${time.getUTCFullYear()}`;
        return this.#hasDelta ? `[${date} ${shown}] ` : `[${date}] `;
      }
      case 'iso':
        return `${time.toISOString().slice(0, 19)},${String(micros % 1_000_000).padStart(6, '0')}+00:00 `;
      case 'reltime': {
        const minute = `${month}${day} ${minutes}`;
        const isNew = minute !== this.#minute;
        this.#minute = minute;
        if (isNew) return `[${minute}] `;
        return delta < 10 ? `[  +${delta.toFixed(6)}] ` : `[ +${delta.toFixed(6)}] `;
      }
      default:
        return this.#hasDelta || this.#format === 'delta'
          ? `${stamp.slice(0, -1)} ${shown}] `
          : `${stamp} `;
    }
  }
}

/** How times are shown; undefined: nobody knows that format. */
function formatOf(given: ReadonlyMap<string, string>): TimeFormat | undefined {
  const named = given.get('time-format');
  if (named !== undefined) return TIME_FORMATS.find((f) => f === named);
  if (given.has('t')) return 'notime';
  if (given.has('T')) return 'ctime';
  return given.has('e') || given.has('H') ? 'reltime' : 'stamp';
}

/** What cannot be printed is shown by its number. */
const printable = (text: string): string =>
  // eslint-disable-next-line no-control-regex
  text.replace(/[\x00-\x08\x0b-\x1f\x7f]/g, (c) => {
    return `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`;
  });

function lineOf(record: LogRecord, given: ReadonlyMap<string, string>, clock: Clock): string {
  const { text, level, facility, stamp } = record;
  // As util-linux does it: the facility's number, not its bits.
  if (given.has('r')) return `<${facility | level}>${stamp} ${text}\n`;
  const who = FACILITIES[facility];
  const isDecoded = given.has('x') && who !== undefined;
  const prefix = isDecoded ? `${who.padEnd(6)}:${(LEVELS[level] ?? '').padEnd(6)}: ` : '';
  return `${prefix}${clock.of(record)}${printable(text)}\n`;
}

function asJson(records: readonly LogRecord[]): string {
  const items = records.map(({ level, facility, micros, text }) => {
    const time = (micros / 1e6).toFixed(6).padStart(12);
    return `{\n         "pri": ${(facility << 3) | level},\n         "time": ${time},\n         "msg": ${JSON.stringify(text)}\n      }`;
  });
  return `{\n   "dmesg": [\n      ${items.join(',')}\n   ]\n}\n`;
}

/** Which lines are wanted; a text: what is wrong with the names of levels and facilities. */
function filterOf(given: ReadonlyMap<string, string>): ((record: LogRecord) => boolean) | string {
  const levels = given.has('l') ? numbersOf(given.get('l') ?? '', LEVELS) : undefined;
  if (typeof levels === 'string') return `dmesg: unknown level '${levels}'`;
  const list = given.get('f');
  const facilities = list === undefined ? undefined : numbersOf(list, FACILITIES);
  if (typeof facilities === 'string') return `dmesg: unknown facility '${facilities}'`;
  const isOneSide = given.has('k') !== given.has('u');
  return ({ level, facility }) =>
    levels?.includes(level) !== false &&
    facilities?.includes(facility) !== false &&
    (!isOneSide || (facility === 0) === given.has('k'));
}

/** Which lines are within `--since` and `--until`; a text: the moment that is none. */
function periodOf(
  given: ReadonlyMap<string, string>,
  now: number,
): ((record: LogRecord) => boolean) | string {
  const moment = (name: string, otherwise: number): number | string => {
    const text = given.get(name);
    if (text === undefined) return otherwise;
    return momentOf(text, now) ?? `dmesg: invalid time value "${text}"`;
  };
  const since = moment('since', -Infinity);
  const until = moment('until', Infinity);
  if (typeof since === 'string') return since;
  if (typeof until === 'string') return until;
  return ({ micros }) => EPOCH_MS + micros / 1000 >= since && EPOCH_MS + micros / 1000 <= until;
}

/** Level of the console that `-n` asks for: of a name, what is more urgent than the next one. A text: what is refused. */
function consoleLevelOf(level: string): number | string {
  if (/^[1-8]$/.test(level)) return Number(level);
  const named = LEVELS.findIndex((name) => name === level);
  return named < 0 ? `dmesg: unknown level '${level}'` : named + 1;
}

/** Console levels of `-D` and `-E`. */
class Console {
  readonly #machine: ShellMachine;
  /** What it was before it was turned off. */
  #before: number | undefined;

  constructor(machine: ShellMachine) {
    this.#machine = machine;
  }

  /** Turn it off (-D) or on (-E), or set its level (-n). */
  async obey(given: ReadonlyMap<string, string>, level: number): Promise<ExecResult> {
    const now = this.#machine.shell(SHELL.consoleLoglevel);
    if (given.has('n')) await this.#set(level);
    else if (given.has('E')) await this.#set(this.#before ?? now);
    else if (this.#before === undefined) {
      await this.#set(1);
      this.#before = now;
    }
    return ok();
  }

  async #set(level: number): Promise<void> {
    this.#before = undefined;
    await this.#machine.ask(OP.set, this.#machine.shellAddr(SHELL.consoleLoglevel), level);
  }
}

function dmesgCommand(context: ShellContext): CustomCommand {
  const { machine } = context;
  const console = new Console(machine);
  const dmesg: Run = (args) => {
    const given = parse(args);
    if (typeof given === 'string') return fails(given);
    if (given.has('V')) return ok('dmesg from util-linux 2.38.1\n');
    if (given.has('w') || given.has('W')) {
      return fails('dmesg: -w would wait for ever here: use timeout SECONDS dmesg -w');
    }
    const isIn = periodOf(given, EPOCH_MS + (machine.jiffies / HZ) * 1000);
    if (typeof isIn === 'string') return fails(isIn);
    const format = formatOf(given);
    if (format === undefined) {
      return fails(`dmesg: unknown time format: ${given.get('time-format') ?? ''}`);
    }
    const isWanted = filterOf(given);
    if (typeof isWanted === 'string') return fails(isWanted);
    const level = consoleLevelOf(given.get('n') ?? '1');
    if (typeof level === 'string') return fails(level);
    if (['n', 'D', 'E'].some((letter) => given.has(letter))) return console.obey(given, level);
    const lines = machine.dmesg().filter(({ seq }) => seq >= context.dmesgFrom);
    const next = (lines[lines.length - 1]?.seq ?? context.dmesgFrom - 1) + 1;
    if (given.has('C') || given.has('c')) context.dmesgFrom = next;
    if (given.has('C')) return ok();
    const shown = lines.filter((line) => isWanted(line) && isIn(line));
    if (given.has('J')) return ok(asJson(shown));
    const clock = new Clock(format, given.has('d'));
    return ok(shown.map((line) => lineOf(line, given, clock)).join(''));
  };
  return command('dmesg', dmesg);
}

/** All of them. */
export function logCommands(context: ShellContext): CustomCommand[] {
  const { machine } = context;
  /** The machine's time, in any format; `-d` is another time. */
  const date: Definition = (args, ctx) => {
    const now = EPOCH_MS + (machine.jiffies / HZ) * 1000;
    if (args.some((a) => a.startsWith('--rfc-3339'))) {
      const time = new Date(now).toISOString();
      const nanos = `${time.slice(20, 23)}${String(machine.dmesg().length % 1_000_000).padStart(6, '0')}`;
      return Promise.resolve(ok(`${time.slice(0, 10)} ${time.slice(11, 19)}.${nanos}+00:00\n`));
    }
    if (args.some((a) => /^(-d|--date)/.test(a))) return original(ctx, args);
    const format = args.find((a) => a.startsWith('+')) ?? '+%a %b %e %H:%M:%S UTC %Y';
    return original(ctx, ['-u', '-d', `@${Math.floor(now / 1000)}`, format]);
  };
  return [dmesgCommand(context), define('date', date)];
}
