/** `pgrep` and `pkill` of procps: tasks of the machine by their names and parents. */

import type { CustomCommand, ExecResult } from 'just-bash';
import { command, fails, Output, type Run, type ShellContext } from './command.js';
import { sender } from './kill.js';
import { signalOf } from './signals.js';
import { parentOf, tasksOf, type TaskView } from './tasks.js';

/** What they were asked; a text: what is wrong with it. */
interface Asked {
  readonly given: ReadonlySet<string>;
  readonly pattern: string | undefined;
  readonly parents: readonly string[] | undefined;
  readonly signal: string | undefined;
}

const LETTERS = 'acflnovx';

function parse(name: string, args: readonly string[]): Asked | string {
  const given = new Set<string>();
  let pattern: string | undefined;
  let parents: readonly string[] | undefined;
  let signal: string | undefined;
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] ?? '';
    const isSignal = name === 'pkill' && /^-(\d+|[A-Z][A-Z0-9+-]+)$/.test(arg);
    if (isSignal) signal = arg.slice(1);
    else if (arg.startsWith('-P')) parents = (arg.slice(2) || (args[++i] ?? '')).split(',');
    else if (/^-\w+$/.test(arg)) {
      for (const letter of arg.slice(1)) {
        if (!LETTERS.includes(letter)) return `${name}: invalid option -- '${letter}'`;
        given.add(letter);
      }
    } else if (arg.startsWith('--')) return `${name}: unrecognized option '${arg}'`;
    else if (pattern !== undefined) return `${name}: only one pattern can be provided`;
    else pattern = arg;
  }
  if (pattern === undefined && parents === undefined)
    return `${name}: no matching criteria specified`;
  return { given, pattern, parents, signal };
}

/** Tasks that were asked for, the oldest first. */
function found({ machine }: ShellContext, asked: Asked): TaskView[] {
  const { given, pattern = '', parents } = asked;
  const wanted = new RegExp(given.has('x') ? `^(?:${pattern})$` : pattern);
  const all = tasksOf(machine).filter(
    (task) =>
      wanted.test(task.comm) !== given.has('v') &&
      (parents === undefined || parents.includes(String(parentOf(machine, task)))),
  );
  if (given.has('n')) return all.slice(-1);
  return given.has('o') ? all.slice(0, 1) : all;
}

const wrong = (name: string, why: string): ExecResult =>
  fails(`${why}\nTry \`${name} --help' for more information.`, 2);

function pgrep(context: ShellContext): Run {
  return (args, ctx) => {
    const asked = parse('pgrep', args);
    if (typeof asked === 'string') return wrong('pgrep', asked);
    const { given } = asked;
    const tasks = found(context, asked);
    const isNamed = given.has('l') || given.has('a');
    const lines = tasks.map(({ pid, comm }) => (isNamed ? `${pid} ${comm}\n` : `${pid}\n`));
    const out = new Output();
    out.print(given.has('c') ? `${tasks.length}\n` : lines.join(''));
    out.exitCode = tasks.length === 0 ? 1 : 0;
    return out.result(ctx);
  };
}

/** Each task gets the signal as from `kill`. */
function pkill(context: ShellContext) {
  const send = sender(context);
  return async (args: readonly string[]): Promise<ExecResult> => {
    const asked = parse('pkill', args);
    if (typeof asked === 'string') return wrong('pkill', asked);
    const tasks = found(context, asked);
    const signal = signalOf(asked.signal ?? 'TERM');
    if (signal === undefined) return wrong('pkill', `pkill: unknown signal ${asked.signal ?? ''}`);
    for (const { pid } of tasks) await send(pid, signal);
    return fails('', tasks.length === 0 ? 1 : 0);
  };
}

/** Both. */
export const pgrepCommands = (context: ShellContext): CustomCommand[] => [
  command('pgrep', pgrep(context)),
  command('pkill', pkill(context)),
];
