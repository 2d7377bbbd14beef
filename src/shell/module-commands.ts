/** Commands for modules, with the words of kmod's: insmod, modprobe, rmmod, lsmod, modinfo. */

import type { CustomCommand } from 'just-bash';
import { EINVAL } from '../kernel/errno.js';
import { command, fails, ok, type Run, type ShellContext } from './command.js';
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

function loading({ machine }: ShellContext): CustomCommand[] {
  const isKnown = (name: string): boolean =>
    machine.booted.kernel.images.some((i) => machine.name(i.name) === name);
  const insmod: Run = async ([path = '', ...words]) => {
    if (path === '') return fails('insmod: ERROR: missing filename.');
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
    if (path === '') return fails('modprobe: ERROR: missing parameters. See -h.');
    if (isRemove && !isKnown(module)) return fails(`modprobe: FATAL: Module ${module} not found.`);
    if (!isKnown(module)) {
      const release = `${machine.booted.kernel.version}.0-klp`;
      return fails(
        `modprobe: FATAL: Module ${module} not found in directory /lib/modules/${release}`,
      );
    }
    if (isDry) return ok();
    if (isRemove) {
      if (machine.module(module) === undefined) return ok();
      const ret = await machine.rmmod(module);
      return ret === 0 ? ok() : fails(`modprobe: FATAL: Module ${module} is in use.`);
    }
    if (machine.module(module) !== undefined) return ok();
    const ret = (await load(machine, module, words)) ?? -2;
    return ret === 0
      ? ok()
      : fails(`modprobe: ERROR: could not insert '${module}': ${strerror(ret)}`);
  };
  const rmmod: Run = async (args) => {
    const paths = args.filter((a) => !a.startsWith('-'));
    if (paths.length === 0) return fails('rmmod: ERROR: missing module name.');
    for (const path of paths) {
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
  const modinfo: Run = (args) => {
    const at = args.indexOf('-F');
    const [path = ''] = args.filter((a, i) => !a.startsWith('-') && (at < 0 || i !== at + 1));
    const module = moduleOf(path);
    const { images, version } = machine.booted.kernel;
    const image = images.find((i) => machine.name(i.name) === module);
    if (path === '') return fails('modinfo: ERROR: missing module or filename.');
    if (image === undefined) return fails(`modinfo: ERROR: Module ${path} not found.`);
    const installed = `/lib/modules/${version}.0-klp/${module}.ko`;
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
  return [...loading(context), ...moduleListings(context)];
}
