/** Commands that talk to the machine: modules, the log, tasks, sysctl. */

import { defineCommand, type CustomCommand, type ExecResult } from 'just-bash';
import { OP, REQUEST_ARGS } from './kernel/layout.js';
import { insmodError, strerror } from './errors.js';
import type { ShellFs } from './files.js';
import type { ShellMachine } from './machine.js';
import { PARAMETERS } from './parameters.js';
import { tasksOf } from './tasks.js';

/** What the commands of one shell share. */
export interface ShellContext {
  readonly machine: ShellMachine;
  readonly fs: ShellFs;
  /** Sequence number of the first line that dmesg shows. */
  dmesgFrom: number;
}

export const ok = (stdout = ''): ExecResult => ({ stdout, stderr: '', exitCode: 0 });
export const fails = (stderr: string, exitCode = 1): ExecResult => ({
  stdout: '',
  stderr: stderr === '' ? '' : `${stderr}\n`,
  exitCode,
});

type Run = (args: readonly string[]) => ExecResult | Promise<ExecResult>;

const command = (name: string, run: Run): CustomCommand =>
  defineCommand(name, async (args) => run(args), { trusted: true });

const moduleOf = (path: string): string =>
  (path.split('/').pop() ?? '').replace(/\.ko$/, '').replace(/-/g, '_');

/** `name=value` words as parameters of a module; a word that is none of its parameters is undefined. */
function parametersOf(module: string, words: readonly string[]): [number, number][] | string {
  const known = PARAMETERS[module] ?? {};
  const values: [number, number][] = Object.values(known).flatMap((p) =>
    p.count === 1 ? [[p.field, p.initial] as [number, number]] : [],
  );
  for (const word of words) {
    const [name = '', text = ''] = word.split('=', 2);
    const parameter = known[name];
    if (parameter === undefined) return `unknown parameter '${name}' ignored`;
    const given = text.split(',').map((part) => parameter.parse(part));
    const most = Math.min(parameter.count, (REQUEST_ARGS - 2) / 2 - values.length);
    if (given.length > most || given.includes(undefined)) return `invalid value for ${name}`;
    given.forEach((value, i) => values.push([parameter.field + i, value ?? 0]));
  }
  return values;
}

async function load(
  machine: ShellMachine,
  module: string,
  words: readonly string[],
): Promise<number | undefined> {
  const index = machine.booted.kernel.images.findIndex((i) => machine.name(i.name) === module);
  if (index < 0) return undefined;
  const params = parametersOf(module, words);
  if (typeof params === 'string') return -22;
  return machine.insmod(
    index,
    params.map(([field, value]) => [machine.shellAddr(field), value] as const),
  );
}

function moduleCommands({ machine }: ShellContext): CustomCommand[] {
  const isKnown = (name: string): boolean =>
    machine.booted.kernel.images.some((i) => machine.name(i.name) === name);
  const insmod: Run = async ([path = '', ...words]) => {
    if (path === '') return fails('insmod: ERROR: missing filename');
    const ret = await load(machine, moduleOf(path), words);
    if (ret === undefined) {
      return fails(`insmod: ERROR: could not load module ${path}: No such file or directory`);
    }
    return ret === 0
      ? ok()
      : fails(`insmod: ERROR: could not insert module ${path}: ${insmodError(ret)}`);
  };
  const modprobe: Run = async (args) => {
    const isDry = args.some((a) => a === '--dry-run' || a === '-n');
    const isRemove = args.some((a) => a === '-r' || a === '--remove');
    const [path = '', ...words] = args.filter((a) => !a.startsWith('-'));
    const module = moduleOf(path);
    if (!isKnown(module)) {
      const release = `${machine.booted.kernel.version}.0-klp`;
      return fails(
        `modprobe: FATAL: Module ${module} not found in directory /lib/modules/${release}`,
      );
    }
    if (isDry) return ok();
    if (isRemove) return rmmod([module]);
    if (machine.module(module) !== undefined) return ok();
    const ret = (await load(machine, module, words)) ?? -2;
    return ret === 0
      ? ok()
      : fails(`modprobe: ERROR: could not insert '${module}': ${strerror(ret)}`);
  };
  const rmmod: Run = async (args) => {
    for (const path of args.filter((a) => !a.startsWith('-'))) {
      const module = moduleOf(path);
      const found = machine.module(module);
      if (found === undefined) {
        return fails(`rmmod: ERROR: Module ${module} is not currently loaded`);
      }
      const ret = await machine.rmmod(module);
      if (ret === -11) return fails(`rmmod: ERROR: Module ${module} is in use`);
      if (ret < 0) {
        return fails(`rmmod: ERROR: could not remove module ${module}: ${strerror(ret)}`);
      }
    }
    return ok();
  };
  return [command('insmod', insmod), command('modprobe', modprobe), command('rmmod', rmmod)];
}

function moduleListings({ machine }: ShellContext): CustomCommand[] {
  const lsmod: Run = () =>
    ok(
      ['Module                  Size  Used by']
        .concat(
          machine
            .modules()
            .map((m) => `${m.name.padEnd(23)} ${String(m.words * 4).padStart(4)}  ${m.refcnt}`),
        )
        .join('\n') + '\n',
    );
  const modinfo: Run = ([path = '']) => {
    const module = moduleOf(path);
    const { images } = machine.booted.kernel;
    const image = images.find((i) => machine.name(i.name) === module);
    if (image === undefined) return fails(`modinfo: ERROR: Module ${path} not found.`);
    const lines = [`filename:       ${path}`, 'license:        GPL'];
    if (image.patch !== undefined) lines.push('livepatch:      Y');
    lines.push(`name:           ${module}`);
    for (const name of Object.keys(PARAMETERS[module] ?? {})) lines.push(`parm:           ${name}`);
    return ok(`${lines.join('\n')}\n`);
  };
  return [command('lsmod', lsmod), command('modinfo', modinfo)];
}

function logCommands(context: ShellContext): CustomCommand[] {
  const { machine } = context;
  const dmesg: Run = (args) => {
    const lines = machine.dmesg().filter(({ seq }) => seq >= context.dmesgFrom);
    const next = (lines[lines.length - 1]?.seq ?? context.dmesgFrom - 1) + 1;
    const clears = args.some((a) => a === '-C' || a === '--clear');
    if (clears || args.some((a) => a === '-c' || a === '--read-clear')) context.dmesgFrom = next;
    if (clears) return ok();
    const isPlain = args.some((a) => a === '-t' || a === '--notime');
    return ok(lines.map(({ stamp, text }) => `${isPlain ? '' : `${stamp} `}${text}\n`).join(''));
  };
  const date: Run = (args) => {
    const seconds = machine.jiffies / 100;
    const time = new Date(Date.UTC(2026, 0, 1) + seconds * 1000).toISOString();
    if (!args.some((a) => a.startsWith('--rfc-3339'))) return ok(`${time}\n`);
    const count = machine.dmesg().length;
    const nanos = `${time.slice(20, 23)}${String(count % 1_000_000).padStart(6, '0')}`;
    return ok(`${time.slice(0, 10)} ${time.slice(11, 19)}.${nanos}+00:00\n`);
  };
  return [command('dmesg', dmesg), command('date', date)];
}

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
      return fails(`sysctl: cannot stat /proc/sys/${path}: No such file or directory`, 255);
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

function taskCommands({ machine }: ShellContext): CustomCommand[] {
  const ps: Run = () => {
    const lines = tasksOf(machine).map(({ pid, state, patchState, comm, isKernelThread }) => {
      const shown = isKernelThread ? `[${comm}]` : comm;
      return `${String(pid).padStart(5)} ${state}    ${String(patchState).padStart(5)} ${shown}`;
    });
    return ok(['  PID S    PATCH COMMAND', ...lines, ''].join('\n'));
  };
  const kill: Run = async (args) => {
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
    ...moduleListings(context),
    ...logCommands(context),
    ...systemCommands(context),
    ...taskCommands(context),
  ];
}
