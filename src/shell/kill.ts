/** `kill`: bash's own, and procps' when it is called by its path. */

import type { CustomCommand } from 'just-bash';
import { command, fails, ok, Output, type Run, type ShellContext } from './command.js';
import { ESRCH } from '../kernel/errno.js';
import { strerror } from './errors.js';
import { OP, SIGNAL } from './kernel/layout.js';
import { nameOf, signalOf, signalTable } from './signals.js';
import { shellPid } from './tasks.js';

/** `kill -l WORDS`: the number of a name, the name of a number, or of a status that a signal left. */
const list: Run = (words, ctx) => {
  if (words.length === 0) return ok(signalTable());
  const out = new Output();
  for (const word of words) {
    const isNumber = /^\d+$/.test(word);
    const n = isNumber ? Number(word) : signalOf(word);
    const meant = n !== undefined && isNumber && n > 128 ? n - 128 : n;
    const found = meant === undefined ? '' : meant === 0 ? 'EXIT' : nameOf(meant);
    if (found === '') out.complain(`bash: kill: ${word}: invalid signal specification`);
    else out.print(`${isNumber ? found : String(meant)}\n`);
  }
  return out.result(ctx);
};

const USAGE =
  'kill: usage: kill [-s sigspec | -n signum | -sigspec] pid | jobspec ... or kill -l [sigspec]';

const TERM = 15;
const KILL = 9;
/** Signals that stop a program: STOP, TSTP, TTIN, TTOU. */
const STOPPING = [19, 20, 21, 22];
const CONT = 18;
/** Signals that a program ignores which does not handle them: none at all, CHLD, URG and WINCH. */
const IGNORED = [0, 17, 23, 28];

/** What a signal does to a program. */
function effectOf(signal: number): number {
  if (IGNORED.includes(signal)) return SIGNAL.nothing;
  if (STOPPING.includes(signal)) return SIGNAL.stop;
  if (signal === CONT) return SIGNAL.continue;
  return signal === KILL ? SIGNAL.kill : SIGNAL.end;
}

/** The signal that the first words name, and the other words; a result: what is wrong with them. */
function parse(
  args: readonly string[],
): { readonly signal: number; readonly pids: readonly string[] } | ReturnType<Run> {
  const [first = '', ...rest] = args;
  if (first === '--' || !first.startsWith('-')) {
    return { signal: TERM, pids: first === '--' ? rest : args };
  }
  const isNamed = first === '-s' || first === '-n';
  const name = isNamed ? rest[0] : first.slice(1);
  if (name === undefined) return fails(`bash: kill: ${first}: option requires an argument`);
  const signal = signalOf(name);
  if (signal === undefined) return fails(`bash: kill: ${name}: invalid signal specification`);
  return { signal, pids: isNamed ? rest.slice(1) : rest };
}

/** Sends a signal to a task: 0 or a negative errno. */
export function sender({ machine, jobs, signals }: ShellContext) {
  return async (pid: number, signal: number): Promise<number> => {
    const effect = effectOf(signal);
    const ends = effect === SIGNAL.end || effect === SIGNAL.kill;
    const isSent = jobs.kill(pid, ends ? signal : 0);
    if (jobs.isJob(pid)) return isSent ? 0 : -ESRCH;
    if (pid === shellPid(machine)) {
      if (ends) signals.push(signal);
      return 0;
    }
    return machine.ask(OP.kill, pid, effect);
  };
}

/** All of them. */
export function killCommands(context: ShellContext): CustomCommand[] {
  const { machine, jobs } = context;
  const send = sender(context);
  const kill: Run = async (args, ctx) => {
    if (args[0] === '-l' || args[0] === '-L') return list(args.slice(1), ctx);
    const parsed = await parse(args);
    if (!('pids' in parsed)) return parsed;
    const { signal, pids } = parsed;
    const isScript = (pid: string): boolean =>
      jobs.isJob(Number(pid)) || Number(pid) === shellPid(machine);
    if (STOPPING.includes(signal) && pids.some(isScript)) {
      return fails('bash: kill: the shell and its functions cannot be stopped here');
    }
    if (pids.length === 0) return fails(USAGE, 2);
    const out = new Output();
    let sent = 0;
    for (const word of pids) {
      const job = word.startsWith('%') ? jobs.ofNumber(word.slice(1)) : undefined;
      const pid = job === undefined ? word : String(job);
      if (pid.startsWith('%')) out.complain(`bash: kill: ${pid}: no such job`);
      else if (pid === '') out.complain("bash: kill: `': not a pid or valid job spec");
      else if (!/^-?\d+$/.test(pid)) {
        out.complain(`bash: kill: ${pid}: arguments must be process or job IDs`);
      } else {
        const ret = await send(Number(pid), signal);
        if (ret < 0) out.complain(`bash: kill: (${pid}) - ${strerror(ret)}`);
        else sent++;
      }
    }
    // For bash it is enough that one process got the signal.
    out.exitCode = sent > 0 ? 0 : 1;
    return out.result(ctx);
  };
  return [command('kill', kill)];
}
