/** The files of the simulated kernel: /sys, /proc and /dev/kmsg, made from the machine's memory when they are read. */

import { EINVAL } from '../kernel/errno.js';
import { KLP_FACTS, type PatchFile } from '../livepatch/versions.js';
import type { Addr } from '../memory/struct.js';
import { dynamicDebug } from './dynamic-debug.js';
import { OP, SHELL } from './kernel/layout.js';
import { FILES } from './kernel/task.js';
import type { ShellMachine } from './machine.js';
import { moduleFiles } from './module-files.js';
import {
  directory,
  listing,
  readOnly,
  type DirectoryNode,
  type FileNode,
  type Node,
} from './nodes.js';
import { parseBoolean } from './parameters.js';
import { procFiles } from './proc.js';
import { tracingFiles } from './tracing.js';

const asText = (answer: number): string | number => (answer < 0 ? answer : `${answer}\n`);

const MODES: Readonly<Record<PatchFile, number>> = {
  enabled: 0o644,
  transition: 0o444,
  force: 0o200,
  replace: 0o444,
  stack_order: 0o444,
};

/** Numbers in ascending order as the kernel prints a mask: `0-2,5`. */
function rangesOf(numbers: readonly number[]): string {
  const ranges: [number, number][] = [];
  for (const n of numbers) {
    const last = ranges[ranges.length - 1];
    if (last !== undefined && last[1] === n - 1) last[1] = n;
    else ranges.push([n, n]);
  }
  return ranges.map(([from, to]) => (from === to ? String(from) : `${from}-${to}`)).join(',');
}

/** All files of a machine. */
export class KernelTree {
  readonly root: DirectoryNode;
  readonly machine: ShellMachine;

  constructor(machine: ShellMachine) {
    this.machine = machine;
    this.root = directory({
      sys: directory({
        kernel: this.#sysKernel(),
        module: moduleFiles(machine),
        devices: directory({ system: directory({ cpu: this.#cpus() }) }),
      }),
      proc: procFiles(machine),
      dev: directory({ kmsg: this.#kmsg() }),
    });
  }

  /** The file or directory at an absolute path; undefined: none here. */
  find(path: string): Node | undefined {
    let node: Node | undefined = this.root;
    for (const part of path.split('/').filter((p) => p !== '')) {
      if (node?.kind !== 'directory') return undefined;
      node = node.child(part);
    }
    return node;
  }

  #sysKernel(): DirectoryNode {
    const machine = this.machine;
    const { root } = machine.booted.klp;
    const livepatch = listing(
      () => machine.children(root).map((kobj) => machine.directoryName(kobj)),
      (name) => {
        const kobj = machine.children(root).find((k) => machine.directoryName(k) === name);
        return kobj === undefined ? undefined : this.#patch(name, kobj);
      },
    );
    const debug = directory({
      dynamic_debug: directory({ control: dynamicDebug(machine) }),
      kprobes: directory({ enabled: this.#kprobes() }),
      tracing: tracingFiles(machine),
    });
    const npids = readOnly(() => Promise.resolve(`${machine.npids}\n`));
    const fixed: Readonly<Record<string, Node>> = {
      livepatch,
      debug,
      tracing: tracingFiles(machine),
    };
    const hasSyscall = (): boolean => machine.shell(SHELL.syscallDirectory) !== 0;
    return listing(
      () => [...Object.keys(fixed), ...(hasSyscall() ? ['test_klp_syscall'] : [])],
      (name) => (name === 'test_klp_syscall' && hasSyscall() ? directory({ npids }) : fixed[name]),
    );
  }

  #kprobes(): FileNode {
    const machine = this.machine;
    return {
      kind: 'file',
      mode: 0o600,
      read: () => Promise.resolve(`${machine.shell(SHELL.kprobesDisarmed) === 0 ? 1 : 0}\n`),
      write: async (text) => {
        const value = parseBoolean(text.trim());
        if (value === undefined) return -EINVAL;
        const ret = await machine.ask(OP.kprobes, value);
        return ret < 0 ? ret : text.length;
      },
    };
  }

  #patch(name: string, kobj: Addr): DirectoryNode {
    const machine = this.machine;
    const { files } = KLP_FACTS[machine.booted.kernel.version];
    const objects = (): Addr[] => machine.children(kobj);
    return listing(
      () => [...files, ...objects().map((object) => machine.directoryName(object))],
      (entry) => {
        const file = files.find((f) => f === entry);
        if (file !== undefined) return this.#patchFile(name, file);
        const object = objects().find((o) => machine.directoryName(o) === entry);
        return object === undefined ? undefined : this.#object(name, entry, object);
      },
    );
  }

  #patchFile(patch: string, file: PatchFile): FileNode {
    const machine = this.machine;
    const mode = MODES[file];
    const ask = [machine.nameId(patch), FILES.indexOf(file)] as const;
    return {
      kind: 'file',
      mode,
      ...((mode & 0o400) !== 0 && {
        read: async () => asText(await machine.ask(OP.read, ...ask)),
      }),
      ...((mode & 0o200) !== 0 && {
        write: (text) => {
          const codes = Array.from(text.slice(0, 32), (c) => c.charCodeAt(0));
          return machine.ask(OP.write, ...ask, codes.length, ...codes);
        },
      }),
    };
  }

  #object(patch: string, name: string, object: Addr): DirectoryNode {
    const machine = this.machine;
    const ids = [machine.nameId(patch), machine.nameId(name)] as const;
    const functions = (): string[] => machine.children(object).map((f) => machine.directoryName(f));
    const patched = readOnly(async () => asText(await machine.ask(OP.readObject, ...ids)));
    return listing(
      () => ['patched', ...functions()],
      (entry) => {
        if (entry === 'patched') return patched;
        return functions().includes(entry) ? directory({}) : undefined;
      },
    );
  }

  #cpus(): DirectoryNode {
    const machine = this.machine;
    const { cpus } = machine.booted.kernel;
    const numbers = Array.from({ length: cpus }, (_, n) => n);
    const names = numbers.map((n) => `cpu${n}`);
    const list = (isMeant: (n: number) => boolean): FileNode =>
      readOnly(() => Promise.resolve(`${rangesOf(numbers.filter(isMeant))}\n`));
    const lists: Readonly<Record<string, FileNode>> = {
      online: list((n) => machine.isOnline(n)),
      offline: list((n) => !machine.isOnline(n)),
      present: list(() => true),
      possible: list(() => true),
      isolated: list(() => false),
      kernel_max: readOnly(() => Promise.resolve('8191\n')),
      // As the kernel prints a mask that it has not made.
      nohz_full: readOnly(() => Promise.resolve('(null)\n')),
    };
    // No threads of a core: each CPU is a core.
    const smt = directory({
      active: readOnly(() => Promise.resolve('0\n')),
      control: readOnly(() => Promise.resolve('notsupported\n'), 0o644),
    });
    return listing(
      () => [...names, ...Object.keys(lists), 'smt'],
      (name) => {
        if (name === 'smt') return smt;
        if (Object.hasOwn(lists, name)) return lists[name];
        const n = names.indexOf(name);
        if (n < 0) return undefined;
        // x86's first CPU cannot go offline that way: it has no such file.
        if (n === 0) return directory({});
        const online: FileNode = {
          kind: 'file',
          mode: 0o644,
          read: () => Promise.resolve(`${machine.isOnline(n) ? 1 : 0}\n`),
          write: async (text) => {
            const value = parseBoolean(text);
            if (value === undefined) return -EINVAL;
            // Setting the current state again is no error.
            if (machine.isOnline(n) === (value !== 0)) return text.length;
            const ret = await machine.setOnline(n, value !== 0);
            return ret < 0 ? ret : text.length;
          },
        };
        return directory({ online });
      },
    );
  }

  #kmsg(): FileNode {
    return {
      kind: 'file',
      mode: 0o020644,
      read: () =>
        Promise.resolve(
          this.machine
            .dmesg()
            .map(({ level, facility, seq, micros, text }) => {
              return `${(facility << 3) | level},${seq},${micros},-;${text}\n`;
            })
            .join(''),
        ),
      write: async (text) => {
        const isOld = this.machine.booted.kernel.version === '6.1';
        if (text.length > (isOld ? 992 : 1024)) return -EINVAL;
        await this.machine.log(text, true, !text.endsWith('\n'));
        return text.length;
      },
    };
  }
}
