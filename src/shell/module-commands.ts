/** Commands for modules, with the words of kmod's: insmod, modprobe, rmmod, lsmod, modinfo. */

import type { CustomCommand, ExecResult } from 'just-bash';
import { EINVAL, EISDIR, ENOEXEC } from '../kernel/errno.js';
import { absolute, command, define, fails, ok, type Run, type ShellContext } from './command.js';
import { insmodError, strerror } from './errors.js';
import { REQUEST_ARGS } from './kernel/layout.js';
import type { ShellMachine } from './machine.js';
import { PARAMETERS } from './parameters.js';

const moduleOf = (path: string): string =>
  (path.split('/').pop() ?? '').replace(/\.ko$/, '').replace(/-/g, '_');

/** Parameters for a module, and what the kernel says of words that are none. */
interface Parsed {
  readonly values: readonly (readonly [number, number])[];
  readonly unknown: readonly string[];
}

/** `name=value` words as parameters of a module, or the kernel's line about a value that is refused. */
function parametersOf(module: string, words: readonly string[]): Parsed | string {
  const known = PARAMETERS[module] ?? {};
  const values: [number, number][] = Object.values(known).flatMap((p) =>
    p.count === 1 ? [[p.field, p.initial] as [number, number]] : [],
  );
  const unknown: string[] = [];
  for (const word of words) {
    const at = word.indexOf('=');
    const name = (at < 0 ? word : word.slice(0, at)).replace(/-/g, '_');
    const parameter = known[name];
    if (parameter === undefined) {
      unknown.push(`<4>${module}: unknown parameter '${name}' ignored`);
      continue;
    }
    const text = at < 0 ? '' : word.slice(at + 1);
    const isAlone = at < 0 && parameter.alone !== undefined;
    const given = isAlone ? [parameter.alone] : text.split(',').map((t) => parameter.parse(t));
    const most = Math.min(parameter.count, (REQUEST_ARGS - 2) / 2 - values.length);
    if (given.length > most || given.includes(undefined)) {
      return `<3>${module}: \`${text}' invalid for parameter \`${name}'`;
    }
    given.forEach((value, i) => values.push([parameter.field + i, value ?? 0]));
  }
  return { values, unknown };
}

const releaseOf = (machine: ShellMachine): string => `${machine.booted.kernel.version}.0-klp`;

/** Where a module's file would be. */
const installedAt = (machine: ShellMachine, module: string): string =>
  `/lib/modules/${releaseOf(machine)}/${module}.ko`;

/** Long options of modprobe and rmmod, and the letters that stand for them. */
const MODPROBE_OPTIONS: Readonly<Record<string, string>> = {
  '--remove': 'r',
  '--dry-run': 'n',
  '--show': 'n',
  '--verbose': 'v',
  '--quiet': 'q',
  '--all': 'a',
  '--show-depends': 'D',
  '--first-time': 'first-time',
};
const RMMOD_OPTIONS: Readonly<Record<string, string>> = { '--verbose': 'v' };

/** Options by their letters, and the other words. */
function optionsOf(
  args: readonly string[],
  long: Readonly<Record<string, string>>,
): { readonly has: (option: string) => boolean; readonly names: readonly string[] } {
  const given = new Set<string>();
  for (const arg of args) {
    if (arg.startsWith('--')) given.add(long[arg] ?? arg);
    else if (arg.startsWith('-')) for (const letter of arg.slice(1)) given.add(letter);
  }
  return { has: (option) => given.has(option), names: args.filter((a) => !a.startsWith('-')) };
}

/** What a command says of each of its words, and the status of the last that failed. */
async function inTurn(
  words: readonly string[],
  each: (word: string) => Promise<ExecResult>,
): Promise<ExecResult> {
  const all = { stdout: '', stderr: '', exitCode: 0 };
  for (const word of words) {
    const { stdout, stderr, exitCode } = await each(word);
    all.stdout += stdout;
    all.stderr += stderr;
    all.exitCode = exitCode || all.exitCode;
  }
  return all;
}

async function load(
  machine: ShellMachine,
  module: string,
  words: readonly string[],
): Promise<number | undefined> {
  const index = machine.booted.kernel.images.findIndex((i) => machine.name(i.name) === module);
  if (index < 0) return undefined;
  if (machine.module(module) !== undefined) return machine.insmod(index, []);
  const params = parametersOf(module, words);
  for (const text of typeof params === 'string' ? [params] : params.unknown) {
    await machine.log(text, false);
  }
  if (typeof params === 'string') return -EINVAL;
  return machine.insmod(
    index,
    params.values.map(([field, value]) => [machine.shellAddr(field), value] as const),
  );
}

const isKnown = (machine: ShellMachine, name: string): boolean =>
  machine.booted.kernel.images.some((i) => machine.name(i.name) === name);

function insmodCommand({ machine, fs }: ShellContext): CustomCommand {
  return define('insmod', async ([path = '', ...words], ctx) => {
    if (path === '') return fails('insmod: ERROR: missing filename.');
    const file = absolute(ctx, path);
    if (!isKnown(machine, moduleOf(path)) && (await fs.exists(file))) {
      const { isDirectory } = await fs.stat(file);
      if (!isDirectory) await machine.log('<3>Invalid ELF header magic: != \\x7fELF', false);
      const why = isDirectory ? strerror(-EISDIR) : insmodError(-ENOEXEC);
      return fails(`insmod: ERROR: could not insert module ${path}: ${why}`);
    }
    const ret = await load(machine, moduleOf(path), words);
    if (ret === undefined) {
      return fails(`insmod: ERROR: could not load module ${path}: No such file or directory`);
    }
    return ret === 0
      ? ok()
      : fails(`insmod: ERROR: could not insert module ${path}: ${insmodError(ret)}`);
  });
}

function modprobeCommand({ machine }: ShellContext): CustomCommand {
  const remove = async (module: string, has: (option: string) => boolean): Promise<ExecResult> => {
    const quiet = (line: string): ExecResult => fails(has('q') ? '' : line);
    if (!isKnown(machine, module)) return quiet(`modprobe: FATAL: Module ${module} not found.`);
    const found = machine.module(module);
    if (found === undefined) {
      return has('first-time')
        ? quiet(`modprobe: FATAL: Module ${module} is not in kernel.`)
        : ok();
    }
    const inUse = `modprobe: FATAL: Module ${module} is in use.`;
    if (found.refcnt > 0) return quiet(inUse);
    const said = has('v') ? `rmmod ${module}\n` : '';
    if (has('n') || (await machine.rmmod(module)) === 0) return ok(said);
    return { ...quiet(inUse), stdout: said };
  };
  const insert = async (
    module: string,
    words: readonly string[],
    has: (option: string) => boolean,
  ): Promise<ExecResult> => {
    const quiet = (line: string): ExecResult => fails(has('q') ? '' : line);
    if (!isKnown(machine, module)) {
      const what = has('a') ? 'WARNING' : 'FATAL';
      const where = `/lib/modules/${releaseOf(machine)}`;
      return quiet(`modprobe: ${what}: Module ${module} not found in directory ${where}`);
    }
    const isLoaded = machine.module(module) !== undefined;
    const said = `insmod ${installedAt(machine, module)} ${words.join(' ')}\n`;
    if (has('D')) return ok(said);
    if (isLoaded) {
      return has('first-time')
        ? quiet(`modprobe: ERROR: could not insert '${module}': Module already in kernel`)
        : ok();
    }
    const stdout = has('v') ? said : '';
    if (has('n')) return ok(stdout);
    const ret = (await load(machine, module, words)) ?? -2;
    return ret === 0
      ? ok(stdout)
      : {
          ...fails(`modprobe: ERROR: could not insert '${module}': ${strerror(ret)}`),
          stdout,
        };
  };
  const modprobe: Run = async (args) => {
    const { has, names } = optionsOf(args, MODPROBE_OPTIONS);
    const [first = '', ...words] = names;
    if (first === '') return fails('modprobe: ERROR: missing parameters. See -h.');
    const isRemove = has('r');
    const each = isRemove || has('a') ? names : [first];
    return inTurn(each, (name) =>
      isRemove
        ? remove(moduleOf(name), has)
        : insert(name.includes('/') ? name : moduleOf(name), has('a') ? [] : words, has),
    );
  };
  return command('modprobe', modprobe);
}

function rmmodCommand({ machine }: ShellContext): CustomCommand {
  const rmmod: Run = async (args) => {
    const { has, names } = optionsOf(args, RMMOD_OPTIONS);
    if (names.length === 0) return fails('rmmod: ERROR: missing module name.');
    return inTurn(names, async (path) => {
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
      return ok(has('v') ? `rmmod ${module}\n` : '');
    });
  };
  return command('rmmod', rmmod);
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
  const modinfo: Run = (args) => {
    const at = args.indexOf('-F');
    const [path = ''] = args.filter((a, i) => !a.startsWith('-') && (at < 0 || i !== at + 1));
    const module = moduleOf(path);
    const { images } = machine.booted.kernel;
    const image = images.find((i) => machine.name(i.name) === module);
    if (path === '') return fails('modinfo: ERROR: missing module or filename.');
    if (image === undefined) return fails(`modinfo: ERROR: Module ${path} not found.`);
    const installed = installedAt(machine, module);
    if (args.includes('-n')) return ok(`${installed}\n`);
    const fields: [string, string][] = [
      ['filename', path.includes('/') || path.endsWith('.ko') ? path : installed],
      ...(image.patch === undefined ? [] : [['livepatch', 'Y'] as [string, string]]),
      ['license', 'GPL'],
      ['depends', ''],
      ['name', module],
      ...Object.entries(PARAMETERS[module] ?? {}).map(
        ([name, { about }]) => ['parm', `${name}:${about.trim()}`] as [string, string],
      ),
    ];
    const wanted = at < 0 ? undefined : args[at + 1];
    const lines = fields.flatMap(([name, value]) =>
      wanted === undefined ? [`${`${name}:`.padEnd(16)}${value}`] : wanted === name ? [value] : [],
    );
    return ok(lines.map((l) => `${l}\n`).join(''));
  };
  return [command('lsmod', lsmod), command('modinfo', modinfo)];
}

/** All of them. */
export function moduleCommands(context: ShellContext): CustomCommand[] {
  return [
    insmodCommand(context),
    modprobeCommand(context),
    rmmodCommand(context),
    ...moduleListings(context),
  ];
}
