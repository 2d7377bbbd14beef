/** The files of the simulated kernel: /sys, /proc and /dev/kmsg, made of the machine's memory whenever somebody looks. */

import { EACCES, EINVAL, ENODEV } from '../kernel/errno.js';
import { KERNEL } from '../kernel/layout.js';
import { DEBUG_SITES } from '../livepatch/debug.js';
import { KLP_FACTS, type PatchFile } from '../livepatch/versions.js';
import type { Addr } from '../memory/struct.js';
import { OP, SHELL } from './kernel/layout.js';
import { FILES } from './kernel/task.js';
import { SHOWN } from './kernel/modules.js';
import type { ShellMachine } from './machine.js';
import { PARAMETERS } from './parameters.js';
import { renderTask, TASK_FILES, tasksOf } from './tasks.js';

/** A directory: its entries by name. */
export interface DirectoryNode {
  readonly kind: 'directory';
  entries(): string[];
  child(name: string): Node | undefined;
}

/** A file. What it answers is a text, or a negative errno. */
export interface FileNode {
  readonly kind: 'file';
  readonly mode: number;
  read?(): Promise<string | number>;
  write?(text: string): Promise<number>;
}

export type Node = DirectoryNode | FileNode;

/** A directory with fixed entries. */
function directory(children: Readonly<Record<string, Node>>): DirectoryNode {
  return {
    kind: 'directory',
    entries: () => Object.keys(children),
    child: (name) => (Object.hasOwn(children, name) ? children[name] : undefined),
  };
}

/** A directory whose entries come and go. */
function listing(
  entries: () => string[],
  child: (name: string) => Node | undefined,
): DirectoryNode {
  return { kind: 'directory', entries, child };
}

const readOnly = (read: () => Promise<string | number>): FileNode => ({
  kind: 'file',
  mode: 0o444,
  read,
});

const asText = (answer: number): string | number => (answer < 0 ? answer : `${answer}\n`);

const MODES: Readonly<Record<PatchFile, number>> = {
  enabled: 0o644,
  transition: 0o444,
  force: 0o200,
  replace: 0o444,
  stack_order: 0o444,
};

/** All files of a machine. */
export class KernelTree {
  readonly root: DirectoryNode;
  readonly #machine: ShellMachine;

  constructor(machine: ShellMachine) {
    this.#machine = machine;
    this.root = directory({
      sys: directory({
        kernel: this.#sysKernel(),
        module: this.#sysModule(),
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
      dynamic_debug: directory({ control: this.#dynamicDebug() }),
    });
    const npids = readOnly(() => Promise.resolve(`${machine.npids}\n`));
    const fixed: Readonly<Record<string, Node>> = { livepatch, debug };
    const hasSyscall = (): boolean => machine.shell(SHELL.syscallDirectory) !== 0;
    return listing(
      () => [...Object.keys(fixed), ...(hasSyscall() ? ['test_klp_syscall'] : [])],
      (name) => (name === 'test_klp_syscall' && hasSyscall() ? directory({ npids }) : fixed[name]),
    );
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

  #sysModule(): DirectoryNode {
    const machine = this.#machine;
    return listing(
      () => machine.modules().map(({ name }) => name),
      (name) => {
        const mod = machine.module(name);
        if (mod === undefined) return undefined;
        const parameters = Object.entries(PARAMETERS[name] ?? {}).filter(([, p]) => p.mode !== 0);
        return directory({
          refcnt: readOnly(() => Promise.resolve(`${machine.module(name)?.refcnt ?? 0}\n`)),
          initstate: readOnly(() => Promise.resolve(`${mod.state}\n`)),
          ...(parameters.length > 0 && {
            parameters: directory(
              Object.fromEntries(
                parameters.map(([param, spec]) => [
                  param,
                  {
                    kind: 'file' as const,
                    mode: spec.mode,
                    read: () => Promise.resolve(`${spec.show(machine.shell(spec.field))}\n`),
                    ...((spec.mode & 0o200) !== 0 && {
                      write: async (text: string) => {
                        const value = spec.parse(text.trim());
                        if (value === undefined) return -EINVAL;
                        await machine.ask(OP.set, machine.shellAddr(spec.field), value);
                        return text.length;
                      },
                    }),
                  },
                ]),
              ),
            ),
          }),
        });
      },
    );
  }

  #cpus(): DirectoryNode {
    const machine = this.#machine;
    const { cpus } = machine.booted.kernel;
    const names = Array.from({ length: cpus }, (_, n) => `cpu${n}`);
    return listing(
      () => names,
      (name) => {
        const n = names.indexOf(name);
        if (n < 0) return undefined;
        const online: FileNode = {
          kind: 'file',
          mode: 0o644,
          read: () => Promise.resolve(`${machine.isOnline(n) ? 1 : 0}\n`),
          write: async (text) => {
            const ret = await machine.setOnline(n, text.trim() !== '0');
            return ret < 0 ? ret : text.length;
          },
        };
        return directory({ online });
      },
    );
  }

  #dynamicDebug(): FileNode {
    const machine = this.#machine;
    const { debug } = machine.booted.klp;
    const line = (i: number): number => 100 + 10 * i;
    return {
      kind: 'file',
      mode: 0o644,
      read: () => {
        const bits = machine.words[debug] ?? 0;
        const lines = DEBUG_SITES.map(({ fn, message }, i) => {
          const flags = (bits & (1 << i)) === 0 ? '=_' : '=p';
          return `kernel/livepatch/transition.c:${line(i)} [livepatch]${fn} ${flags} "${message.text}\\012"`;
        });
        return Promise.resolve(
          ['# filename:lineno [module]function flags format', ...lines, ''].join('\n'),
        );
      },
      write: async (text) => {
        let bits = machine.words[debug] ?? 0;
        for (const command of text.split(/[;\n]/).filter((c) => c.trim() !== '')) {
          const flag = /([-+=])([p_]+)\s*$/.exec(command);
          if (flag === null) return -EINVAL;
          const file = /\bfile\s+(\S+)/.exec(command)?.[1];
          const fn = /\bfunc\s+(\S+)/.exec(command)?.[1];
          const at = /\bline\s+(\d+)/.exec(command)?.[1];
          const isOn = flag[1] !== '-' && flag[2]?.includes('p') === true;
          DEBUG_SITES.forEach((site, i) => {
            if (file !== undefined && !matches(file, 'kernel/livepatch/transition.c')) return;
            if (fn !== undefined && !matches(fn, site.fn)) return;
            if (at !== undefined && Number(at) !== line(i)) return;
            bits = isOn ? bits | (1 << i) : bits & ~(1 << i);
          });
        }
        await machine.ask(OP.debug, bits);
        return text.length;
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
    const ftraceEnabled: FileNode = {
      kind: 'file',
      mode: 0o644,
      read: () =>
        Promise.resolve(`${machine.words[booted.kernel.globals + KERNEL.ftraceEnabled] ?? 0}\n`),
      write: async (text) => {
        if (!/^\s*\d+\s*$/.test(text)) return -EINVAL;
        const ret = await machine.ask(OP.ftraceEnabled, Number(text) === 0 ? 0 : 1);
        return ret < 0 ? ret : text.length;
      },
    };
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
      sys: directory({ kernel: directory({ ftrace_enabled: ftraceEnabled }) }),
    };
    return listing(
      () => [...tasksOf(machine).map(({ pid }) => String(pid)), ...Object.keys(fixed)],
      (name) => {
        if (Object.hasOwn(fixed, name)) return fixed[name];
        const pid = Number(name);
        if (!tasksOf(machine).some((task) => task.pid === pid)) return undefined;
        return directory(
          Object.fromEntries(
            TASK_FILES.map((file) => [
              file,
              readOnly(() => {
                const task = tasksOf(machine).find((t) => t.pid === pid);
                return Promise.resolve(
                  task === undefined ? -ENODEV : renderTask(machine, task, file),
                );
              }),
            ]),
          ),
        );
      },
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

/** Whether a pattern with `*` fits a text. */
function matches(pattern: string, text: string): boolean {
  const expression = pattern.replace(/[.+^${}()|[\]\\]/g, '\\$&').replace(/\*/g, '.*');
  return new RegExp(`^${expression}$`).test(text);
}

/** What opening a file for a direction answers: 0 or a negative errno; root may not write what cannot be written. */
export function openFor(node: FileNode, isWrite: boolean): number {
  const isAllowed = isWrite ? 'write' in node : 'read' in node;
  return isAllowed ? 0 : -EACCES;
}
