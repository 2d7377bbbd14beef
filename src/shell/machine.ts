/** The machine behind the prompt, as the shell sees it: requests to its kernel, and a look at its memory. */

import { EAGAIN } from '../kernel/errno.js';
import { KOBJECT } from '../kernel/kobject.js';
import { KERNEL, percpu, PERCPU } from '../kernel/layout.js';
import { MODULE, MODULE_STATE_COMING, MODULE_STATE_GOING } from '../kernel/module.js';
import { dmesg } from '../kernel/printk.js';
import { HZ } from '../kernel/timer.js';
import type { Addr } from '../memory/struct.js';
import type { BootedMachine } from '../scenario/boot.js';
import { OP, SHELL, SHELL_SYMBOL } from './kernel/layout.js';

/** How often the shell's task may have to move out of the way. */
const MOVES = 20;

/** What an engine offers to the shell. */
export interface Engine {
  readonly booted: BootedMachine;
  /** The machine's memory as it is now, or as it was when the last request was answered. */
  words(): Int32Array;
  /** Let the kernel do something; its answer. Rejects when the machine is no more. */
  ask(op: number, args: readonly number[]): Promise<number>;
}

/** A loaded module. */
export interface LoadedModule {
  readonly name: string;
  readonly refcnt: number;
  readonly state: 'live' | 'coming' | 'going';
  readonly words: number;
  readonly isLivepatch: boolean;
}

/** Requests by name, and what is read of the memory. One at a time: like a prompt. */
export class ShellMachine {
  readonly engine: Engine;
  /** Texts that were written to /dev/kmsg. */
  readonly #texts: string[] = [];
  #queue: Promise<unknown> = Promise.resolve();

  constructor(engine: Engine) {
    this.engine = engine;
  }

  get booted(): BootedMachine {
    return this.engine.booted;
  }

  get words(): Int32Array {
    return this.engine.words();
  }

  /** A word of the shell's region. */
  shell(field: number): number {
    return this.words[this.shellAddr(field)] ?? 0;
  }

  shellAddr(field: number): Addr {
    return this.booted.symbol(SHELL_SYMBOL) + field;
  }

  get jiffies(): number {
    return this.words[this.booted.kernel.globals + KERNEL.jiffies] ?? 0;
  }

  /** Number of a name, or -1: nothing in the machine is called so. */
  nameId(name: string): number {
    return this.booted.kernel.names.indexOf(name);
  }

  name(id: number): string {
    return this.booted.kernel.names[id] ?? '';
  }

  /** Ask the kernel, after everything that was asked before. */
  ask(op: number, ...args: readonly number[]): Promise<number> {
    const asked = this.#queue.then(() => this.engine.ask(op, args));
    this.#queue = asked.catch(() => undefined);
    return asked;
  }

  /** Let so many milliseconds of the machine's time pass. */
  async sleep(ms: number): Promise<void> {
    for (let left = Math.ceil((ms * HZ) / 1000); left > 0; left -= HZ) {
      await this.ask(OP.sleep, Math.min(left, HZ));
    }
  }

  /** Write a line to the kernel's log. */
  async log(text: string): Promise<void> {
    for (const line of text.split('\n').filter((l) => l !== '')) {
      const known = this.#texts.indexOf(line);
      const id = known >= 0 ? known : this.#texts.push(line) - 1;
      await this.ask(OP.kmsg, this.booted.kernel.names.length + id);
    }
  }

  /** The kernel's log with its time stamps, which are all different. */
  dmesg(): { readonly seq: number; readonly stamp: string; readonly text: string }[] {
    const { kernel } = this.booted;
    const names = [...kernel.names, ...this.#texts];
    // A CPU may print with a clock that is behind that of the line before; the kernel's log clock never goes back.
    let latest = 0;
    return dmesg(this.words, { ...kernel, names }).map(({ seq, jiffies: printed, text }) => {
      const jiffies = (latest = Math.max(latest, printed));
      const seconds = String(Math.floor(jiffies / HZ)).padStart(5);
      const micros = String((jiffies % HZ) * (1_000_000 / HZ) + (seq % 10_000)).padStart(6, '0');
      return { seq, stamp: `[${seconds}.${micros}]`, text };
    });
  }

  /** Addresses of the directories below another. */
  children(parent: Addr): Addr[] {
    const { words } = this;
    const found: Addr[] = [];
    let kobj = words[parent + KOBJECT.child] ?? 0;
    while (kobj !== 0 && found.length < 4096) {
      found.push(kobj);
      kobj = words[kobj + KOBJECT.next] ?? 0;
    }
    return found.reverse();
  }

  /** Name of a directory: for a function, with its position. */
  directoryName(kobj: Addr): string {
    const { words } = this;
    const name = this.name(words[kobj + KOBJECT.name] ?? 0);
    const position = words[kobj + KOBJECT.sympos] ?? 0;
    return position === 0 ? name : `${name},${position}`;
  }

  modules(): LoadedModule[] {
    const { words } = this;
    const { kernel } = this.booted;
    const found: LoadedModule[] = [];
    for (let i = 0; i < kernel.moduleCount; i++) {
      const mod = kernel.modules + i * MODULE.size;
      const name = words[mod + MODULE.name] ?? 0;
      const state = words[mod + MODULE.state] ?? 0;
      if (name === 0 || state > MODULE_STATE_GOING) continue;
      found.push({
        name: this.name(name),
        refcnt: Math.max(0, (words[mod + MODULE.refcnt] ?? 0) - 1),
        state:
          state === MODULE_STATE_GOING
            ? 'going'
            : state === MODULE_STATE_COMING
              ? 'coming'
              : 'live',
        words: words[mod + MODULE.textWords] ?? 0,
        isLivepatch: (words[mod + MODULE.klp] ?? 0) !== 0,
      });
    }
    return found;
  }

  module(name: string): LoadedModule | undefined {
    return this.modules().find((mod) => mod.name === name);
  }

  /** Load a module. 0 or a negative errno. @param params addresses of parameters, and their values */
  async insmod(index: number, params: readonly (readonly [Addr, number])[]): Promise<number> {
    return this.ask(OP.insmod, index, params.length, ...params.flat());
  }

  /** Take a CPU offline or bring it back. 0 or a negative errno. */
  async setOnline(n: number, isOnline: boolean): Promise<number> {
    for (let tries = 0; ; tries++) {
      const ret = await this.ask(isOnline ? OP.cpuUp : OP.cpuDown, n);
      if (ret !== -EAGAIN || tries === MOVES) return ret;
    }
  }

  async rmmod(name: string): Promise<number> {
    const id = this.nameId(name);
    return id < 0 ? -EAGAIN : this.ask(OP.unload, id);
  }

  isOnline(n: number): boolean {
    return (this.words[percpu(this.booted.kernel, n) + PERCPU.online] ?? 0) !== 0;
  }

  /** Processes that test_klp_syscall still waits for. */
  get npids(): number {
    return this.shell(SHELL.npidsPending);
  }
}
