/** `ps` with procps' columns and words, over the tasks of the machine. */

import type { CustomCommand } from 'just-bash';
import { command, fails, ok, type Run, type ShellContext } from './command.js';
import type { ShellMachine } from './machine.js';
import { pgrepCommands } from './pgrep.js';
import { waitChannel } from './proc-stack.js';
import { parentOf, tasksOf, type TaskView } from './tasks.js';

/** A column: its title, how wide it is (negative: to the left), and what it shows. */
interface Column {
  readonly title: string;
  readonly width: number;
  readonly show: (task: TaskView, machine: ShellMachine) => string;
}

const argsOf: Column['show'] = ({ pid, comm, isKernelThread }, machine) =>
  isKernelThread ? `[${comm}]` : machine.commandOf(pid, comm).slice(0, -1).replaceAll('\0', ' ');
const fixed =
  (text: string): Column['show'] =>
  () =>
    text;
const column = (title: string, width: number, show: Column['show']): Column => ({
  title,
  width,
  show,
});
const where: Column['show'] = (task, machine) => waitChannel(machine, task) ?? '-';

const PID = column('PID', 5, ({ pid }) => String(pid));
const TTY = column('TTY', -8, fixed('?'));
const STATE = column('S', 1, ({ state }) => state);
const COMM = column('COMMAND', -15, ({ comm }) => comm);
const ARGS = column('COMMAND', -27, argsOf);
const USER = column('USER', -8, fixed('root'));
const TIME = column('TIME', 8, fixed('00:00:00'));
const NI = column('NI', 3, fixed('0'));

const COLUMNS: Readonly<Record<string, Column>> = {
  pid: PID,
  tgid: { ...PID, title: 'TGID' },
  tid: { ...PID, title: 'TID' },
  lwp: { ...PID, title: 'LWP' },
  spid: { ...PID, title: 'SPID' },
  ppid: column('PPID', 5, (task, machine) => String(parentOf(machine, task))),
  comm: COMM,
  ucmd: { ...COMM, title: 'CMD' },
  ucomm: COMM,
  args: ARGS,
  command: ARGS,
  cmd: { ...ARGS, title: 'CMD' },
  s: STATE,
  state: STATE,
  stat: column('STAT', -4, ({ state }) => state),
  wchan: column('WCHAN', -6, where),
  user: USER,
  euser: { ...USER, title: 'EUSER' },
  uid: column('UID', 5, fixed('0')),
  psr: column('PSR', 3, ({ cpu }) => String(cpu)),
  cls: column('CLS', 3, fixed('TS')),
  rtprio: column('RTPRIO', 6, fixed('-')),
  pri: column('PRI', 3, fixed('19')),
  ni: NI,
  nice: NI,
  tty: { ...TTY, title: 'TT' },
  tt: { ...TTY, title: 'TT' },
  tname: TTY,
  time: TIME,
  cputime: TIME,
  vsz: column('VSZ', 6, fixed('0')),
  rss: column('RSS', 5, fixed('0')),
  pcpu: column('%CPU', 4, fixed('0.0')),
  pmem: column('%MEM', 4, fixed('0.0')),
  '%cpu': column('%CPU', 4, fixed('0.0')),
  '%mem': column('%MEM', 4, fixed('0.0')),
  c: column('C', 2, fixed('0')),
  stime: column('STIME', 5, fixed('00:00')),
  start: column('STARTED', 8, fixed('00:00:00')),
  f: column('F', 1, ({ isKernelThread }) => (isKernelThread ? '1' : '4')),
  nlwp: column('NLWP', 4, fixed('1')),
  // Ours: what /proc/<pid>/patch_state says.
  patch: column('PATCH', 5, ({ patchState }) => String(patchState)),
};

const named = (...names: readonly string[]): Column[] =>
  names.flatMap((name) => COLUMNS[name] ?? []);
const LAST = { ...ARGS, title: 'CMD' };
const BSD_TIME = column('TIME', 6, fixed('0:00'));
const SHORT = [PID, TTY, TIME, { ...COMM, title: 'CMD' }];
const BSD = [PID, TTY, ...named('stat'), BSD_TIME, ARGS];
const FULL = [{ ...USER, title: 'UID' }, ...named('pid', 'ppid', 'c', 'stime'), TTY, TIME, LAST];
const USERS = [
  ...[USER, ...named('pid', '%cpu', '%mem', 'vsz', 'rss'), TTY, ...named('stat')],
  ...[column('START', 5, fixed('00:00')), BSD_TIME, ARGS],
];
const LONG = [
  ...named('f', 'uid', 'pid', 'ppid', 'pri', 'ni', 'vsz', 'rss', 'wchan', 'stat'),
  ...[TTY, BSD_TIME, ARGS],
];

const USAGE =
  '\nUsage:\n ps [options]\n\n' +
  " Try 'ps --help <simple|list|output|threads|misc|all>'\n" +
  "  or 'ps --help <s|l|o|t|m|a>'\n for additional help text.\n\nFor more details see ps(1).";

/** What ps was asked; a text: what is wrong with it. */
interface Asked {
  columns: Column[] | undefined;
  isAll: boolean;
  isBare: boolean;
  pids: string[];
  comms: string[];
  parents: string[];
  sort: string | undefined;
}

/** `wchan:40`: a column of another width. */
function columnOf(word: string): Column | string {
  const [name = '', width] = word.split(/:(.*)/s, 2);
  const known = COLUMNS[name.toLowerCase()];
  if (known === undefined) return `unknown user-defined format specifier "${name}"`;
  if (width === undefined) return known;
  if (!/^\d+$/.test(width)) return 'column widths must be unsigned decimal numbers';
  return { ...known, width: Math.sign(known.width) * Number(width) };
}

/** `pid,comm=` and `pid=,comm=Name`; a text: what is wrong. */
function columnsOf(list: string): Column[] | string {
  const found: Column[] = [];
  for (const [i, item] of list.split(/[, ]+/).entries()) {
    const [word = '', title] = item.split(/=(.*)/s, 2);
    const known = columnOf(word);
    if (typeof known === 'string') return known;
    found.push(title === undefined ? known : { ...known, title });
    // A title of one's own may have commas in it.
    if (title !== undefined && title !== '') {
      const rest = list.split(/[, ]+/).slice(i + 1);
      found.push(...rest.flatMap((n) => COLUMNS[n] ?? []));
      break;
    }
  }
  return found;
}

const LISTS: Readonly<Record<string, string>> = {
  p: 'list of process IDs must follow -p',
  q: 'list of process IDs must follow -q',
  o: 'format specification must follow -o',
  C: 'list of command names must follow -C',
};

function take(asked: Asked, letter: string, value: string): string | undefined {
  if (letter === 'o') {
    const columns = columnsOf(value);
    if (typeof columns === 'string') return columns;
    asked.columns = [...(asked.columns ?? []), ...columns];
  } else if (letter === 'C') asked.comms.push(...value.split(','));
  else {
    const pids = value.split(/[, ]+/);
    if (!pids.every((pid) => /^\d+$/.test(pid))) return 'process ID list syntax error';
    asked.pids.push(...pids);
  }
  return undefined;
}

/** `--ppid`: processes by those that started them. */
function takeParents(asked: Asked, list: string | undefined): string | undefined {
  if (list === undefined) return 'list of process IDs must follow --ppid';
  const pids = list.split(/[, ]+/);
  if (!pids.every((pid) => /^\d+$/.test(pid))) return 'process ID list syntax error';
  asked.parents.push(...pids);
  return undefined;
}

const SHAPES: Readonly<Record<string, Column[]>> = { f: FULL, F: FULL, l: LONG };
const BSD_SHAPES: Readonly<Record<string, Column[]>> = { u: USERS, l: LONG };

/** One word of letters; answers how many words behind it belong to it, or what is wrong. */
function letters(asked: Asked, word: string, next: string | undefined): number | string {
  const isBsd = !word.startsWith('-');
  const text = isBsd ? word : word.slice(1);
  if (isBsd) asked.columns ??= BSD;
  for (const [i, letter] of Array.from(text).entries()) {
    if (letter in LISTS) {
      const rest = text.slice(i + 1);
      const value = rest === '' ? next : rest;
      if (value === undefined) return LISTS[letter] ?? '';
      return take(asked, letter, value) ?? (rest === '' ? 1 : 0);
    }
    const shape = (isBsd ? BSD_SHAPES : SHAPES)[letter];
    if (shape !== undefined) asked.columns = shape;
    else if (letter === 'h' && isBsd) asked.isBare = true;
    else if ('eAax'.includes(letter)) asked.isAll = true;
    else if (!'wTLHmyuc'.includes(letter)) return 'unsupported SysV option';
  }
  return 0;
}

function parse(args: readonly string[]): Asked | string {
  const asked: Asked = {
    ...{ columns: undefined, isAll: false, isBare: false, sort: undefined },
    ...{ pids: [], comms: [], parents: [] },
  };
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] ?? '';
    const [, long, value] = /^--(\w[\w-]*)(?:=(.*))?$/s.exec(arg) ?? [];
    let wrong: string | undefined;
    if (/^\d+(,\d+)*$/.test(arg)) {
      asked.columns ??= BSD;
      asked.pids.push(...arg.split(','));
    } else if (long === undefined) {
      const used = letters(asked, arg, args[i + 1]);
      if (typeof used === 'string') wrong = used;
      else i += used;
    } else if (/^no-?headers?$/.test(long)) asked.isBare = true;
    else if (long === 'sort') asked.sort = value ?? args[++i];
    else if (long === 'pid') wrong = take(asked, 'p', value ?? args[++i] ?? '');
    else if (long === 'ppid') wrong = takeParents(asked, value ?? args[++i]);
    else if (long === 'format') wrong = take(asked, 'o', value ?? args[++i] ?? '');
    else wrong = 'unknown gnu long option';
    if (wrong !== undefined) return wrong;
  }
  return asked;
}

function selected(machine: ShellMachine, { pids, comms, parents, isAll }: Asked): TaskView[] {
  const all = tasksOf(machine);
  if (!isAll && (pids.length > 0 || comms.length > 0 || parents.length > 0)) {
    return all.filter(
      (task) =>
        pids.includes(String(task.pid)) ||
        comms.includes(task.comm) ||
        (parents.length > 0 && parents.includes(String(parentOf(machine, task)))),
    );
  }
  return isAll ? all : all.filter(({ comm }) => comm === 'bash');
}

function sorted(machine: ShellMachine, tasks: TaskView[], sort: string | undefined): TaskView[] {
  if (sort === undefined) return tasks;
  const by = COLUMNS[sort.replace(/^[-+]/, '')] ?? PID;
  const direction = sort.startsWith('-') ? -1 : 1;
  const key = (task: TaskView): string => by.show(task, machine).padStart(by === PID ? 10 : 0);
  return [...tasks].sort((a, b) => (key(a) < key(b) ? -direction : direction));
}

function psCommand({ machine }: ShellContext): CustomCommand {
  const ps: Run = (args) => {
    const asked = parse(args);
    if (typeof asked === 'string') return fails(`error: ${asked}\n${USAGE}`);
    const { columns = SHORT, isBare } = asked;
    const tasks = sorted(machine, selected(machine, asked), asked.sort);
    const row = (cells: readonly string[], isTitle = false): string =>
      cells
        .map((cell, i) => {
          const { width: given, title } = columns[i] ?? { width: 0, title: '' };
          const width = Math.max(Math.abs(given), title.length);
          if (given > 0) return cell.padStart(width);
          // What stands to the left is cut, but not at the end of the line, and titles are not.
          if (i === cells.length - 1) return cell;
          return (isTitle ? cell : cell.slice(0, -given)).padEnd(width);
        })
        .join(' ') + '\n';
    const hasTitles = !isBare && columns.some(({ title }) => title !== '');
    const lines = tasks.map((task) => row(columns.map(({ show }) => show(task, machine))));
    const title = hasTitles
      ? row(
          columns.map((c) => c.title),
          true,
        )
      : '';
    return { ...ok(title + lines.join('')), exitCode: tasks.length === 0 ? 1 : 0 };
  };
  return command('ps', ps);
}

/** All of them. */
export const psCommands = (context: ShellContext): CustomCommand[] => [
  psCommand(context),
  ...pgrepCommands(context),
];
