/** The files of the simulated kernel: /sys, /proc and /dev/kmsg, made of the machine's memory whenever somebody looks. */

import { EINVAL, ESRCH } from '../kernel/errno.js';
import { KERNEL } from '../kernel/layout.js';
import { KLP_FACTS, type PatchFile } from '../livepatch/versions.js';
import type { Addr } from '../memory/struct.js';
import { dynamicDebug } from './dynamic-debug.js';
import { OP, SHELL } from './kernel/layout.js';
import { FILES } from './kernel/task.js';
import { SHOWN } from './kernel/modules.js';
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
import { renderTask, TASK_FILES, tasksOf } from './tasks.js';

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
  readonly #machine: ShellMachine;
  /** The number that was written to switch ftrace on. */
  #ftraceValue = 1;

  constructor(machine: ShellMachine) {
    this.#machine = machine;
    this.root = directory({
      sys: directory({
        kernel: this.#sysKernel(),
        module: moduleFiles(machine),
        devices: directory({ system: directory({ cpu: this.#cpus() }) }),
      }),
      proc: this.#proc(),
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
    const machine = this.#machine;
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
    });
    const npids = readOnly(() => Promise.resolve(`${machine.npids}\n`));
    const fixed: Readonly<Record<string, Node>> = { livepatch, debug };
    const hasSyscall = (): boolean => machine.shell(SHELL.syscallDirectory) !== 0;
    return listing(
      () => [...Object.keys(fixed), ...(hasSyscall() ? ['test_klp_syscall'] : [])],
      (name) => (name === 'test_klp_syscall' && hasSyscall() ? directory({ npids }) : fixed[name]),
    );
  }

  #kprobes(): FileNode {
    const machine = this.#machine;
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
    const machine = this.#machine;
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
    const machine = this.#machine;
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
    const machine = this.#machine;
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
    const machine = this.#machine;
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
    };
    return listing(
      () => [...names, ...Object.keys(lists)],
      (name) => {
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
            // What it is already is no error.
            if (machine.isOnline(n) === (value !== 0)) return text.length;
            const ret = await machine.setOnline(n, value !== 0);
            return ret < 0 ? ret : text.length;
          },
        };
        return directory({ online });
      },
    );
  }

  #ftraceEnabled(): FileNode {
    const machine = this.#machine;
    const { booted } = machine;
    return {
      kind: 'file',
      mode: 0o644,
      read: () => {
        const isOn = (machine.words[booted.kernel.globals + KERNEL.ftraceEnabled] ?? 0) !== 0;
        return Promise.resolve(`${isOn ? this.#ftraceValue || 1 : 0}\n`);
      },
      write: async (text) => {
        if (!/^\s*-?\d+\s*$/.test(text)) return -EINVAL;
        const value = Number(text);
        const ret = await machine.ask(OP.ftraceEnabled, value === 0 ? 0 : 1);
        // A refused switch leaves 1 there, whatever number stood for it before.
        this.#ftraceValue = ret < 0 ? 1 : value;
        return ret < 0 ? ret : text.length;
      },
    };
  }

  #proc(): DirectoryNode {
    const machine = this.#machine;
    const { booted } = machine;
    const show = (symbol: string): FileNode =>
      readOnly(async () => {
        const shown = await machine.ask(OP.call, booted.symbol(symbol));
        return shown < 0 ? shown : `${SHOWN[shown] ?? ''}\n`;
      });
    const ftraceEnabled = this.#ftraceEnabled();
    const fixed: Readonly<Record<string, Node>> = {
      cmdline: show('cmdline_proc_show'),
      meminfo: show('meminfo_proc_show'),
      modules: readOnly(() =>
        Promise.resolve(
          machine
            .modules()
            .map(
              (m) =>
                `${m.name} ${m.words * 4} ${m.refcnt} - ${m.state === 'live' ? 'Live' : m.state} 0x0\n`,
            )
            .join(''),
        ),
      ),
      version: readOnly(() =>
        Promise.resolve(`Linux version ${booted.kernel.version} (klp-smp)\n`),
      ),
      sys: directory({
        kernel: directory({
          ftrace_enabled: ftraceEnabled,
          tainted: readOnly(() => Promise.resolve(`${machine.tainted}\n`)),
        }),
      }),
    };
    const own = tasksOf(machine).find(({ comm }) => comm === 'bash')?.pid;
    return listing(
      () => [...tasksOf(machine).map(({ pid }) => String(pid)), 'self', ...Object.keys(fixed)],
      (name) => {
        if (Object.hasOwn(fixed, name)) return fixed[name];
        const pid = name === 'self' ? own : Number(name);
        if (!tasksOf(machine).some((task) => task.pid === pid)) return undefined;
        return this.#task(pid);
      },
    );
  }

  #task(pid: number | undefined): DirectoryNode {
    const machine = this.#machine;
    return directory(
      Object.fromEntries(
        TASK_FILES.map(({ name: file, mode }) => [
          file,
          {
            kind: 'file',
            mode,
            isOpenToRoot: true,
            read: () => {
              const task = tasksOf(machine).find((t) => t.pid === pid);
              return Promise.resolve(task === undefined ? -ESRCH : renderTask(machine, task, file));
            },
            write: () => Promise.resolve(-EINVAL),
          } satisfies FileNode,
        ]),
      ),
    );
  }

  #kmsg(): FileNode {
    return {
      kind: 'file',
      mode: 0o644,
      read: () =>
        Promise.resolve(
          this.#machine
            .dmesg()
            .map(({ text }) => `${text}\n`)
            .join(''),
        ),
      write: async (text) => {
        await this.#machine.log(text);
        return text.length;
      },
    };
  }
}
