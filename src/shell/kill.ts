/** `kill`: bash's own, and procps' when it is called by its path. */

import type { CustomCommand } from 'just-bash';
import { command, fails, ok, Output, type Run, type ShellContext } from './command.js';
import { ESRCH } from '../kernel/errno.js';
import { strerror } from './errors.js';
import { OP } from './kernel/layout.js';
import { nameOf, signalOf, signalTable } from './signals.js';
import { shellPid, tasksOf } from './tasks.js';

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

const STOP = 19;
const TERM = 15;
/** Signals that change nothing for a task of this machine. */
const HARMLESS = [0, 18];

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

/** All of them. */
export function killCommands({ machine, jobs, signals }: ShellContext): CustomCommand[] {
  const send = async (pid: string, signal: number): Promise<number> => {
    const isSent = jobs.kill(Number(pid), signal);
    if (jobs.isJob(Number(pid))) return isSent ? 0 : -ESRCH;
    const isThere = tasksOf(machine).some((task) => String(task.pid) === pid);
    const isHarmless = HARMLESS.includes(signal);
    if (isHarmless && isThere) return 0;
    if (Number(pid) === shellPid(machine)) {
      signals.push(signal);
      return 0;
    }
    return machine.ask(OP.kill, isHarmless ? 0 : Number(pid));
  };
  const kill: Run = async (args, ctx) => {
    if (args[0] === '-l' || args[0] === '-L') return list(args.slice(1), ctx);
    const parsed = await parse(args);
    if (!('pids' in parsed)) return parsed;
    const { signal, pids } = parsed;
    if (signal === STOP) return fails('bash: kill: no task of this machine can be stopped');
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
        const ret = await send(pid, signal);
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
