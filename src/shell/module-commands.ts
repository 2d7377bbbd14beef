/** Commands for modules, with the words of kmod's: insmod, modprobe, rmmod, lsmod, modinfo. */

import type { CustomCommand, ExecResult } from 'just-bash';
import { EAGAIN, EINVAL, EIO, EISDIR, ENOENT, ENOEXEC } from '../kernel/errno.js';
import {
  absolute,
  command,
  define,
  fails,
  ok,
  Output,
  type CommandContext,
  type Run,
  type ShellContext,
} from './command.js';
import { insmodError, strerror } from './errors.js';
import type { ShellMachine } from './machine.js';
import { parametersOf } from './module-parameters.js';
import { PARAMETERS } from './parameters.js';

/** `Function not implemented`. */
const ENOSYS = 38;

const moduleOf = (path: string): string =>
  (path.split('/').pop() ?? '').replace(/\.ko$/, '').replace(/-/g, '_');

/** Where a module's file would be. */
export const installedAt = (machine: ShellMachine, module: string): string =>
  `/lib/modules/${machine.release}/${module}.ko`;

const VERSION = 'kmod version 30\n';

type Has = (letter: string) => boolean;

/** Options of a command of kmod's: letters, and long options with the letters that stand for them. */
interface Options {
  readonly letters: string;
  readonly long: Readonly<Record<string, string>>;
}

const COMMON = { syslog: 's', verbose: 'v', version: 'V', help: 'h' };
const INSMOD: Options = { letters: 'fsvVh', long: { ...COMMON, force: 'f' } };
const RMMOD: Options = { letters: 'fsvVh', long: { ...COMMON, force: 'f' } };
const MODPROBE: Options = {
  letters: 'anrRDcnqvVhsfi',
  long: {
    ...COMMON,
    remove: 'r',
    'dry-run': 'n',
    show: 'n',
    quiet: 'q',
    all: 'a',
    'show-depends': 'D',
    'show-config': 'c',
    showconfig: 'c',
    'resolve-alias': 'R',
    'ignore-install': 'i',
    'first-time': '1',
    force: 'f',
  },
};
const MODINFO: Options = {
  letters: 'adlpn0kbVh',
  long: {
    ...COMMON,
    author: 'a',
    description: 'd',
    license: 'l',
    parameters: 'p',
    filename: 'n',
    null: '0',
  },
};

interface Given {
  readonly has: Has;
  readonly names: readonly string[];
}

/** Options by their letters, and the other words; a text: what is wrong with them. */
function optionsOf(name: string, args: readonly string[], options: Options): Given | string {
  const given = new Set<string>();
  for (const arg of args) {
    if (arg.startsWith('--')) {
      const letter = options.long[arg.slice(2)];
      if (letter === undefined) return `${name}: unrecognized option '${arg}'`;
      given.add(letter);
    } else if (arg.startsWith('-')) {
      for (const letter of arg.slice(1)) {
        if (!options.letters.includes(letter)) {
          return `${name}: invalid option -- '${letter}'`;
        }
        given.add(letter);
      }
    }
  }
  return { has: (option) => given.has(option), names: args.filter((a) => !a.startsWith('-')) };
}

/** The messages of a command about each of its words, and the status of the last word that failed. */
async function inTurn(
  words: readonly string[],
  ctx: CommandContext,
  each: (word: string) => Promise<ExecResult>,
): Promise<ExecResult> {
  const out = new Output();
  for (const word of words) out.add(await each(word));
  return out.result(ctx);
}

async function load(
  machine: ShellMachine,
  module: string,
  words: readonly string[],
): Promise<number | undefined> {
  const index = machine.booted.kernel.images.findIndex((i) => machine.name(i.name) === module);
  if (index < 0) return undefined;
  if (machine.module(module) !== undefined) return machine.insmod(index);
  const params = parametersOf(machine, module, words);
  const ret = await machine.insmod(index, params);
  // kmod takes this for a kernel without finit_module(), and tries init_module().
  return ret === -ENOSYS ? machine.insmod(index, params) : ret;
}

const isKnown = (machine: ShellMachine, name: string): boolean =>
  machine.booted.kernel.images.some((i) => machine.name(i.name) === name);

/** Why a file that is not a module cannot be loaded. */
async function notAModule({ machine, fs }: ShellContext, file: string): Promise<string> {
  const { isDirectory } = await fs.stat(file);
  if (isDirectory) return strerror(-EISDIR);
  // Files without a size of their own, and files that are empty.
  if (/^\/(sys|proc)\//.test(file)) return strerror(-EIO);
  if (file.startsWith('/dev/') || (await fs.readFile(file)) === '') return insmodError(-EINVAL);
  await machine.log('<3>Invalid ELF header magic: != \\x7fELF', false);
  return insmodError(-ENOEXEC);
}

function insmodCommand(context: ShellContext): CustomCommand {
  const { machine, fs } = context;
  return define('insmod', async (args, ctx) => {
    const options = args.slice(0, args.findIndex((a) => !a.startsWith('-')) + 1 || args.length);
    const given = optionsOf('insmod', options, INSMOD);
    if (typeof given === 'string') return fails(given);
    if (given.has('V')) return ok(VERSION);
    const [path, ...words] = args.slice(options.length - given.names.length);
    if (path === undefined) return fails('insmod: ERROR: missing filename.');
    const file = absolute(ctx, path);
    const refused = (why: string): ExecResult =>
      fails(`insmod: ERROR: could not insert module ${path}: ${why}`);
    if (path !== '' && !isKnown(machine, moduleOf(path)) && (await fs.exists(file))) {
      return refused(await notAModule(context, file));
    }
    const ret = await load(machine, moduleOf(path), words);
    if (ret === undefined) {
      return fails(`insmod: ERROR: could not load module ${path}: No such file or directory`);
    }
    return ret === 0 ? ok() : refused(insmodError(ret));
  });
}

/** `modprobe -r` of one module. */
function removing({ machine }: ShellContext) {
  return async (module: string, has: Has): Promise<ExecResult> => {
    const quiet = (line: string): ExecResult => fails(has('q') ? '' : line);
    if (!isKnown(machine, module)) return quiet(`modprobe: FATAL: Module ${module} not found.`);
    const found = machine.module(module);
    if (found === undefined) {
      return has('1') ? quiet(`modprobe: FATAL: Module ${module} is not in kernel.`) : ok();
    }
    const inUse = `modprobe: FATAL: Module ${module} is in use.`;
    if (found.refcnt > 0) return quiet(inUse);
    const said = has('v') ? `rmmod ${module}\n` : '';
    if (has('n') || (await machine.rmmod(module)) === 0) return ok(said);
    return { ...quiet(inUse), stdout: said };
  };
}

/** `modprobe` of one module with its parameters. */
function inserting({ machine }: ShellContext) {
  return async (module: string, words: readonly string[], has: Has): Promise<ExecResult> => {
    const quiet = (line: string): ExecResult => fails(has('q') ? '' : line);
    if (!isKnown(machine, module)) {
      const what = has('a') ? 'WARNING' : 'FATAL';
      const where = `/lib/modules/${machine.release}`;
      return quiet(`modprobe: ${what}: Module ${module} not found in directory ${where}`);
    }
    const isLoaded = machine.module(module) !== undefined;
    const said = `insmod ${installedAt(machine, module)} ${words.join(' ')}\n`;
    if (has('D')) return ok(said);
    if (isLoaded) {
      return has('1')
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
}

function modprobeCommand(context: ShellContext): CustomCommand {
  const { machine } = context;
  const remove = removing(context);
  const insert = inserting(context);
  const modprobe: Run = async (args, ctx) => {
    const given = optionsOf('modprobe', args, MODPROBE);
    if (typeof given === 'string') return fails(given);
    const { has, names } = given;
    if (has('V')) return ok(VERSION);
    if (has('c')) return ok();
    const [first = '', ...words] = names;
    if (first === '') return fails('modprobe: ERROR: missing parameters. See -h.');
    if (has('R')) {
      const where = `/lib/modules/${machine.release}`;
      return isKnown(machine, moduleOf(first))
        ? ok(`${moduleOf(first)}\n`)
        : fails(`modprobe: FATAL: Module ${first} not found in directory ${where}`);
    }
    const isRemove = has('r');
    const each = isRemove || has('a') ? names : [first];
    return inTurn(each, ctx, (name) =>
      isRemove
        ? remove(moduleOf(name), has)
        : insert(name.includes('/') ? name : moduleOf(name), has('a') ? [] : words, has),
    );
  };
  return command('modprobe', modprobe);
}

function rmmodCommand({ machine }: ShellContext): CustomCommand {
  /** With -f kmod leaves every question to the kernel: one that cannot unload by force, like this one. */
  const refused = (module: string, error: number): string =>
    'rmmod: ERROR: ../libkmod/libkmod-module.c:856 kmod_module_remove_module() ' +
    `could not remove '${module}': ${strerror(error)}\n` +
    `rmmod: ERROR: could not remove module ${module}: ${strerror(error)}`;
  const remove = async (path: string, isForced: boolean): Promise<string | undefined> => {
    const module = moduleOf(path);
    const found = machine.module(module);
    if (found === undefined) {
      const shown = path.replace(/\.ko$/, '').replace(/-/g, '_');
      return isForced
        ? refused(shown, -ENOENT)
        : `rmmod: ERROR: Module ${shown} is not currently loaded`;
    }
    // kmod looks at the count before it asks the kernel.
    if (found.refcnt > 0 && !isForced) return `rmmod: ERROR: Module ${module} is in use`;
    const ret = await machine.rmmod(module);
    if (ret < 0 && isForced) return refused(module, ret);
    if (ret === -EAGAIN) return `rmmod: ERROR: Module ${module} is in use`;
    return ret < 0
      ? `rmmod: ERROR: could not remove module ${module}: ${strerror(ret)}`
      : undefined;
  };
  const rmmod: Run = async (args, ctx) => {
    const given = optionsOf('rmmod', args, RMMOD);
    if (typeof given === 'string') {
      const letter = /^rmmod: invalid option -- '(w)'$/.exec(given)?.[1];
      if (letter === undefined) return fails(given);
      return fails(`rmmod: ERROR: unexpected getopt_long() value '${letter}'.`);
    }
    const { has, names } = given;
    if (has('V')) return ok(VERSION);
    if (names.length === 0) return fails('rmmod: ERROR: missing module name.');
    return inTurn(names, ctx, async (path) => {
      const wrong = await remove(path, has('f'));
      if (wrong !== undefined) return fails(has('s') ? '' : wrong);
      return ok(has('v') ? `rmmod ${moduleOf(path)}\n` : '');
    });
  };
  return command('rmmod', rmmod);
}

/** What modinfo says of a module, field by field. */
function fieldsOf(machine: ShellMachine, path: string): (readonly [string, string])[] {
  const module = moduleOf(path);
  const image = machine.booted.kernel.images.find((i) => machine.name(i.name) === module);
  const parameters = Object.entries(PARAMETERS[module] ?? {});
  return [
    ['filename', path.includes('/') || path.endsWith('.ko') ? path : installedAt(machine, module)],
    // The compiler puts what the source declares last first.
    ['description', `simulated version of ${module}`],
    ['author', 'klp-smp'],
    ...(image?.patch === undefined ? [] : [['livepatch', 'Y'] as const]),
    ['license', 'GPL'],
    ['depends', ''],
    ['retpoline', 'Y'],
    ...(machine.booted.kernel.outsideModules ? [] : [['intree', 'Y'] as const]),
    ['name', module],
    ['vermagic', `${machine.release} SMP preempt mod_unload modversions `],
    ...parameters.map(([name, { about }]) => ['parm', `${name}:${about.trim()}`] as const),
  ];
}

const FIELD_LETTERS: Readonly<Record<string, string>> = {
  a: 'author',
  d: 'description',
  l: 'license',
  p: 'parm',
  n: 'filename',
};

function modinfoCommand({ machine }: ShellContext): CustomCommand {
  const modinfo: Run = (args, ctx) => {
    const at = args.findIndex((a) => a === '-F' || a === '--field' || a.startsWith('--field='));
    const isJoined = args[at]?.startsWith('--field=') === true;
    const rest = args.filter((_, i) => at < 0 || (i !== at && (isJoined || i !== at + 1)));
    const given = optionsOf('modinfo', rest, MODINFO);
    if (typeof given === 'string') return fails(given);
    const { has, names } = given;
    if (has('V')) return ok(VERSION);
    if (names.length === 0) return fails('modinfo: ERROR: missing module or filename.');
    const named = isJoined ? args[at]?.slice('--field='.length) : args[at + 1];
    const letter = Object.keys(FIELD_LETTERS).find(has) ?? '';
    const wanted = at < 0 ? FIELD_LETTERS[letter] : named;
    const end = has('0') ? '\0' : '\n';
    const out = new Output();
    for (const path of names) {
      if (!isKnown(machine, moduleOf(path))) {
        out.complain(`modinfo: ERROR: Module ${path} not found.`);
        continue;
      }
      for (const [name, value] of fieldsOf(machine, path)) {
        if (wanted === undefined) out.print(`${`${name}:`.padEnd(16)}${value}${end}`);
        else if (wanted === name) out.print(`${value}${end}`);
      }
    }
    return out.result(ctx);
  };
  return command('modinfo', modinfo);
}

function lsmodCommand({ machine }: ShellContext): CustomCommand {
  const lsmod: Run = (args) => {
    if (args.length > 0) return fails('Usage: lsmod');
    const lines = machine
      .modules()
      .map((m) => `${m.name.padEnd(19)} ${String(m.bytes).padStart(8)}  ${m.refcnt}\n`);
    return ok(`Module                  Size  Used by\n${lines.join('')}`);
  };
  return command('lsmod', lsmod);
}

/** All of them. */
export function moduleCommands(context: ShellContext): CustomCommand[] {
  return [
    insmodCommand(context),
    modprobeCommand(context),
    rmmodCommand(context),
    lsmodCommand(context),
    modinfoCommand(context),
  ];
}
