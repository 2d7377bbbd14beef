/** Commands that talk to the machine: modules, the log, tasks, sysctl. */

import type { CustomCommand } from 'just-bash';
import { command, fails, ok, type Run, type ShellContext } from './command.js';
import { strerror } from './errors.js';
import { OP } from './kernel/layout.js';
import { logCommands } from './log-commands.js';
import type { ShellMachine } from './machine.js';
import { moduleCommands } from './module-commands.js';
import { tasksOf } from './tasks.js';

const FTRACE_KEY = 'kernel.ftrace_enabled';

function systemCommands({ machine, fs }: ShellContext): CustomCommand[] {
  const file = '/proc/sys/kernel/ftrace_enabled';
  const sysctl: Run = async (args) => {
    const isQuiet = args.some((a) => a === '-q' || a === '--quiet');
    const isBare = args.some((a) => a === '-n' || a === '--values');
    const [word = ''] = args.filter((a) => !a.startsWith('-'));
    const [key = '', value] = word.split('=', 2);
    if (key !== FTRACE_KEY) {
      const path = key.replace(/\./g, '/');
      return fails(`sysctl: cannot stat /proc/sys/${path}: No such file or directory`);
    }
    if (value !== undefined) {
      const node = fs.node(file);
      const ret = node?.kind === 'file' ? ((await node.write?.(value)) ?? 0) : 0;
      if (ret < 0) return fails(`sysctl: setting key "${key}": ${strerror(ret)}`);
      return ok(isQuiet ? '' : `${key} = ${value}\n`);
    }
    const now = (await fs.readFile(file)).trim();
    return ok(isBare ? `${now}\n` : `${key} = ${now}\n`);
  };
  const uname: Run = (args) => {
    const release = `${machine.booted.kernel.version}.0-klp`;
    if (args.includes('-r')) return ok(`${release}\n`);
    return ok(args.includes('-a') ? `Linux klp ${release} #1 SMP x86_64\n` : 'Linux\n');
  };
  const processors = String(machine.booted.kernel.cpus);
  return [
    command('sysctl', sysctl),
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

const SIGNALS: Readonly<Record<string, number>> = { HUP: 1, INT: 2, KILL: 9, TERM: 15 };

/** `kill -l NAME`: the number of a signal. */
function listSignals(name = ''): ReturnType<Run> {
  const found = SIGNALS[name.replace(/^SIG/, '')];
  if (found === undefined) return fails(`bash: kill: ${name}: invalid signal specification`);
  return ok(`${found}\n`);
}

function taskCommands({ machine }: ShellContext): CustomCommand[] {
  const ps: Run = () => {
    const lines = tasksOf(machine).map(({ pid, state, patchState, comm, isKernelThread }) => {
      const shown = isKernelThread ? `[${comm}]` : comm;
      return `${String(pid).padStart(5)} ${state}    ${String(patchState).padStart(5)} ${shown}`;
    });
    return ok(['  PID S    PATCH COMMAND', ...lines, ''].join('\n'));
  };
  const kill: Run = async (args) => {
    if (args[0] === '-l') return listSignals(args[1]);
    const pids = args.filter((a) => !a.startsWith('-') && !/^SIG|^[A-Z]+$/.test(a));
    for (const pid of pids) {
      const ret = /^\d+$/.test(pid) ? await machine.ask(OP.kill, Number(pid), 15) : -3;
      if (ret < 0) return fails(`bash: kill: (${pid}) - ${strerror(ret)}`);
    }
    return ok();
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
