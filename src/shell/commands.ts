/** Commands that talk to the machine: modules, the log, tasks, sysctl. */

import type { CustomCommand } from 'just-bash';
import { command, fails, ok, type Run, type ShellContext } from './command.js';
import { strerror } from './errors.js';
import { durationOf, quotedWords } from './quoting.js';
import { OP, SIGNAL } from './kernel/layout.js';
import { killCommands } from './kill.js';
import { waitCommands } from './wait.js';
import { logCommands } from './log-commands.js';
import type { ShellMachine } from './machine.js';
import { moduleCommands } from './module-commands.js';
import { psCommands } from './ps.js';
import { sysctlCommand } from './sysctl.js';

function systemCommands(context: ShellContext): CustomCommand[] {
  const { machine } = context;
  const uname: Run = (args) => {
    const parts = { s: 'Linux', n: 'klp', r: machine.release, v: '#1 SMP', m: 'x86_64' };
    const asked = args.join('').replace(/-/g, '') || 's';
    const shown = Object.entries(parts).filter(([c]) => asked.includes('a') || asked.includes(c));
    return ok(`${shown.map(([, part]) => part).join(' ')}\n`);
  };
  const processors = String(machine.booted.kernel.cpus);
  return [
    sysctlCommand(context),
    command('uname', uname),
    command('nproc', (args) => {
      const online = Array.from({ length: machine.booted.kernel.cpus }, (_, n) =>
        machine.isOnline(n),
      ).filter((is) => is);
      return ok(args.includes('--all') ? `${processors}\n` : `${online.length}\n`);
    }),
    command('getconf', ([name]) =>
      name?.startsWith('_NPROCESSORS') === true
        ? ok(`${processors}\n`)
        : fails(`getconf: Unrecognized variable '${name ?? ''}'`, 2),
    ),
    command('id', (args) => ok(args.includes('-u') ? '0\n' : 'uid=0(root) gid=0(root)\n')),
  ];
}

/** Programs that can be started, and the symbols of their text. */
const PROGRAMS: Readonly<Record<string, string>> = {
  'test_klp-call_getpid': 'getpid_loop',
  daemon: 'daemon',
  ticker: 'ticker',
  sleep: 'sleeper',
};

/** Start a program of the machine. Its pid, or a negative errno; undefined: there is no such program. */
export async function startProgram(
  machine: ShellMachine,
  path: string,
): Promise<number | undefined> {
  const name = path.split('/').pop() ?? '';
  const text = PROGRAMS[name];
  if (text === undefined) return undefined;
  return machine.ask(OP.spawn, machine.booted.symbol(text), Math.max(0, machine.nameId(name)));
}

function taskCommands(context: ShellContext): CustomCommand[] {
  const { machine, jobs } = context;
  /** The pid of a command that is started: a program of the machine, or a job. */
  const spawn: Run = async ([text = '', ...words], ctx) => {
    const pid = words.length === 0 ? undefined : await startProgram(machine, words[0] ?? '');
    if (pid === undefined) {
      const source = words.length === 0 ? text : quotedWords(words);
      return ok(`${jobs.start(source, ctx.cwd, Object.fromEntries(ctx.env))}\n`);
    }
    if (pid < 0) return fails(`bash: ${words[0] ?? ''}: ${strerror(pid)}`, 126);
    jobs.addProgram(pid, text.trim());
    machine.started(pid, words);
    const ms = /(^|\/)sleep$/.test(words[0] ?? '') ? durationOf(words[1] ?? '') : undefined;
    if (ms !== undefined) {
      // The machine's program sleeps for ever: its end comes from here.
      const end = (): Promise<unknown> =>
        machine.ask(OP.kill, pid, SIGNAL.end).catch(() => undefined);
      void machine.passed(ms).then(end);
    }
    return ok(`${pid}\n`);
  };
  return [
    ...psCommands(context),
    ...killCommands(context),
    command('__klp_spawn', spawn),
    ...waitCommands(context),
  ];
}

/** All commands that talk to the machine. */
export function machineCommands(context: ShellContext): CustomCommand[] {
  return [
    ...moduleCommands(context),
    ...logCommands(context),
    ...systemCommands(context),
    ...taskCommands(context),
  ];
}
