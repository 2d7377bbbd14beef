/** Commands that talk to the machine: modules, the log, tasks, sysctl. */

import type { CustomCommand } from 'just-bash';
import { command, fails, ok, type Run, type ShellContext } from './command.js';
import { strerror } from './errors.js';
import { OP } from './kernel/layout.js';
import { logCommands } from './log-commands.js';
import type { ShellMachine } from './machine.js';
import { moduleCommands } from './module-commands.js';
import { sysctlCommand } from './sysctl.js';
import { tasksOf } from './tasks.js';

function systemCommands(context: ShellContext): CustomCommand[] {
  const { machine } = context;
  const uname: Run = (args) => {
    const release = `${machine.booted.kernel.version}.0-klp`;
    const parts = { s: 'Linux', n: 'klp', r: release, v: '#1 SMP', m: 'x86_64' };
    const asked = args.join('').replace(/-/g, '') || 's';
    const shown = Object.entries(parts).filter(([c]) => asked.includes('a') || asked.includes(c));
    return ok(`${shown.map(([, part]) => part).join(' ')}\n`);
  };
  const processors = String(machine.booted.kernel.cpus);
  return [
    sysctlCommand(context),
    command('uname', uname),
    command('nproc', () => ok(`${processors}\n`)),
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

const SIGNALS = {
  HUP: 1,
  INT: 2,
  QUIT: 3,
  KILL: 9,
  USR1: 10,
  USR2: 12,
  TERM: 15,
  CONT: 18,
  STOP: 19,
};
const NAMES = new Map(Object.entries(SIGNALS));

/** Number of a signal's name or number; undefined: it is none. */
function signalOf(text: string): number | undefined {
  if (/^\d+$/.test(text)) return Number(text) <= 64 ? Number(text) : undefined;
  return NAMES.get(text.toUpperCase().replace(/^SIG/, ''));
}

/** `kill -l WORD`: the number of a name, the name of a number. */
function listSignals(word: string): ReturnType<Run> {
  const found = signalOf(word);
  if (found === undefined) return fails(`bash: kill: ${word}: invalid signal specification`);
  if (!/^\d+$/.test(word)) return ok(`${found}\n`);
  return ok(`${[...NAMES].find(([, n]) => n === found)?.[0] ?? ''}\n`);
}

const KILL_USAGE =
  'kill: usage: kill [-s sigspec | -n signum | -sigspec] pid | jobspec ... or kill -l [sigspec]';

function taskCommands({ machine }: ShellContext): CustomCommand[] {
  const ps: Run = () => {
    const lines = tasksOf(machine).map(({ pid, state, patchState, comm, isKernelThread }) => {
      const shown = isKernelThread ? `[${comm}]` : comm;
      return `${String(pid).padStart(5)} ${state}    ${String(patchState).padStart(5)} ${shown}`;
    });
    return ok(['  PID S    PATCH COMMAND', ...lines, ''].join('\n'));
  };
  const kill: Run = async (args) => {
    const [first = '', ...rest] = args;
    if (first === '-l') return listSignals(rest[0] ?? '');
    const isNamed = first === '-s' || first === '-n';
    const name = isNamed ? (rest[0] ?? '') : first.slice(1);
    const signal = first.startsWith('-') && first !== '--' ? signalOf(name) : SIGNALS.TERM;
    if (signal === undefined) return fails(`bash: kill: ${name}: invalid signal specification`);
    if (signal === SIGNALS.STOP) return fails('bash: kill: no task of this machine can be stopped');
    const pids = isNamed ? rest.slice(1) : first.startsWith('-') ? rest : args;
    if (pids.length === 0) return fails(KILL_USAGE, 2);
    let errors = '';
    for (const pid of pids) {
      const isPid = /^\d+$/.test(pid);
      if (!isPid) {
        errors += `bash: kill: ${pid}: arguments must be process or job IDs\n`;
        continue;
      }
      const isThere = tasksOf(machine).some((task) => String(task.pid) === pid);
      const isHarmless = signal === 0 || signal === SIGNALS.CONT;
      const ret =
        isHarmless && isThere ? 0 : await machine.ask(OP.kill, isHarmless ? 0 : Number(pid));
      if (ret < 0) errors += `bash: kill: (${pid}) - ${strerror(ret)}\n`;
    }
    return { stdout: '', stderr: errors, exitCode: errors === '' ? 0 : 1 };
  };
  const spawn: Run = async ([path = '']) => {
    const pid = await startProgram(machine, path);
    if (pid === undefined) {
      return fails(
        `bash: ${path}: only ${Object.keys(PROGRAMS).join(', ')} can run in the background`,
        127,
      );
    }
    return pid < 0 ? fails(`bash: ${path}: ${strerror(pid)}`, 126) : ok(`${pid}\n`);
  };
  return [command('ps', ps), command('kill', kill), command('__klp_spawn', spawn)];
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
