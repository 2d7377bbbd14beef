/** `/sys/module`: what is known of the modules that are loaded, and their parameters. */

import { OP } from './kernel/layout.js';
import type { LoadedModule, ShellMachine } from './machine.js';
import { directory, listing, readOnly, type DirectoryNode, type FileNode } from './nodes.js';
import { PARAMETERS, type Parameter } from './parameters.js';

function parameterFile(machine: ShellMachine, spec: Parameter): FileNode {
  return {
    kind: 'file',
    mode: spec.mode,
    read: () => Promise.resolve(`${spec.show(machine.shell(spec.field))}\n`),
    ...((spec.mode & 0o200) !== 0 && {
      write: async (text: string) => {
        // Only one newline at the end belongs to no number.
        const given = text.replace(/\n$/, '');
        const value = spec.parse(given);
        if (value === undefined) return spec.refusal(given);
        await machine.ask(OP.set, machine.shellAddr(spec.field), value);
        return text.length;
      },
    }),
  };
}

function moduleDirectory(machine: ShellMachine, mod: LoadedModule): DirectoryNode {
  const { name } = mod;
  const says = (value: string | number): FileNode => readOnly(() => Promise.resolve(`${value}\n`));
  const parameters = Object.entries(PARAMETERS[name] ?? {})
    .filter(([, { mode }]) => mode !== 0)
    .map(([param, spec]) => [param, parameterFile(machine, spec)] as const);
  return directory({
    coresize: says(mod.bytes),
    holders: directory({}),
    initsize: says(0),
    initstate: says(mod.state),
    notes: directory({}),
    ...(parameters.length > 0 && { parameters: directory(Object.fromEntries(parameters)) }),
    refcnt: readOnly(() => Promise.resolve(`${machine.module(name)?.refcnt ?? 0}\n`)),
    sections: directory({}),
    taint: says(mod.taint),
    uevent: { kind: 'file', mode: 0o200, write: (text) => Promise.resolve(text.length) },
  });
}

/** The directory. */
export function moduleFiles(machine: ShellMachine): DirectoryNode {
  return listing(
    () => machine.modules().map(({ name }) => name),
    (name) => {
      const mod = machine.module(name);
      return mod === undefined ? undefined : moduleDirectory(machine, mod);
    },
  );
}
