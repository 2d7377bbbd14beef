/** The machine behind the prompt, as the shell sees it: requests to its kernel, and a look at its memory. */

import { isDeepStrictEqual } from 'node:util';
import { EAGAIN, EPERM } from '../kernel/errno.js';
import { KOBJECT } from '../kernel/kobject.js';
import { KERNEL, percpu, PERCPU } from '../kernel/layout.js';
import { MODULE, MODULE_STATE_COMING, MODULE_STATE_GOING, TAINT } from '../kernel/module.js';
import { dmesg } from '../kernel/printk.js';
import { HZ } from '../kernel/timer.js';
import { WARN_SITES } from '../kernel/warn.js';
import type { Addr } from '../memory/struct.js';
import type { BootedMachine } from '../scenario/boot.js';
import { OP, SHELL, SHELL_SYMBOL } from './kernel/layout.js';

/** How often the shell's task may have to move out of the way. */
const MOVES = 20;

/** How often a script looks at files of the kernel in a jiffy. */
const LOOKS_IN_A_JIFFY = 20;

/** Jiffies that a script sleeps at a time if others sleep in the background. */
const SHARED_TICKS = 10;

/** Bit of the kernel's taint mask: a WARN. */
const TAINT_WARN = 1 << 9;

/** Names of the log's levels by number. */
export const LEVELS = ['emerg', 'alert', 'crit', 'err', 'warn', 'notice', 'info', 'debug'] as const;
/** Level of what is written to /dev/kmsg without one: a warning. */
const DEFAULT_LEVEL = 4;
/** Default facility (the sender) of a line that names none. */
const FACILITY_USER = 1;

/** A line of the kernel's log. */
export interface LogRecord {
  readonly seq: number;
  readonly stamp: string;
  readonly text: string;
  /** Index in {@link LEVELS}. */
  readonly level: number;
  /** Who said it, by number: 0 is the kernel, 1 a program that did not say which. */
  readonly facility: number;
  /** When, in microseconds since the start. */
  readonly micros: number;
}

/** A line that the kernel's code did not print. */
interface Said {
  readonly text: string;
  readonly level: number;
  readonly facility: number;
  /** Whether the line has no end yet: it appears once the next line has come. */
  readonly isOpen: boolean;
}

/** Parameters that a module is loaded with, as the kernel reads them. */
export interface GivenParameters {
  /** Addresses, and values. */
  readonly values: readonly (readonly [Addr, number])[];
  /** Why the load fails because of them: a negative errno, or 0. */
  readonly error: number;
  /** What the log says of them. */
  readonly lines: readonly { readonly text: string; readonly level: 'warn' | 'err' }[];
}

const NO_PARAMETERS: GivenParameters = { values: [], error: 0, lines: [] };
/** Lines about parameters that one request can carry. */
const MOST_LINES = 12;

const PAGE = 4096;
/** A module has pages for data, for read-only data, and for data that is read-only after its start. */
const OTHER_PAGES = 3;

/** What an engine offers to the shell. */
export interface Engine {
  readonly booted: BootedMachine;
  /** The machine's memory as it is now, or as it was when the last request was answered. */
  words(): Int32Array;
  /** Make a request to the kernel; resolves to its answer. Rejects when the machine has stopped. */
  ask(op: number, args: readonly number[]): Promise<number>;
}

/** A loaded module. */
export interface LoadedModule {
  readonly name: string;
  readonly refcnt: number;
  readonly state: 'live' | 'coming' | 'going';
  /** Bytes in memory, in whole pages. */
  readonly bytes: number;
  /** What it taints the kernel with: letters of `/proc/modules` and of its `taint`. */
  readonly taint: string;
}

/** Requests by name, and what is read of the memory. One at a time: like a prompt. */
export class ShellMachine {
  readonly engine: Engine;
  /** Lines that were written to /dev/kmsg. */
  readonly #texts: Said[] = [];
  /** Names of modules in the order of the attempts to load them. */
  readonly #loads: string[] = [];
  #queue: Promise<unknown> = Promise.resolve();
  #looks = 0;
  /** Scripts in the background that sleep. */
  #sleepers: { readonly until: number; readonly resolve: () => void }[] = [];
  /** `kernel.modules_disabled`. */
  areModulesDisabled = false;
  /** What programs were started with, by pid. */
  readonly #commands = new Map<number, readonly string[]>();
  /** Called after each answer of the kernel. */
  onAnswer: (() => void) | undefined;

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

  /** What `uname -r` says. */
  get release(): string {
    return `${this.booted.kernel.version}.0-klp`;
  }

  get jiffies(): number {
    return this.words[this.booted.kernel.globals + KERNEL.jiffies] ?? 0;
  }

  /** Number of a name, or -1: nothing in the machine has that name. */
  nameId(name: string): number {
    return this.booted.kernel.names.indexOf(name);
  }

  name(id: number): string {
    return this.booted.kernel.names[id] ?? '';
  }

  /** Ask the kernel, after everything that was asked before. */
  ask(op: number, ...args: readonly number[]): Promise<number> {
    this.#looks = 0;
    const asked = this.#queue
      .then(() => this.engine.ask(op, args))
      .finally(() => {
        this.onAnswer?.();
        this.#wake();
      });
    this.#queue = asked.catch(() => undefined);
    return asked;
  }

  /** A program was started with these words. */
  started(pid: number, words: readonly string[]): void {
    this.#commands.set(pid, words);
  }

  /** Words that a program was started with, each with a NUL behind it. @param comm its name, if nobody knows them */
  commandOf(pid: number, comm: string): string {
    const words = this.#commands.get(pid);
    // A pid may belong to another program now.
    const isIts = words?.[0]?.split('/').pop()?.startsWith(comm) === true;
    return (isIts ? words : [comm]).map((word) => `${word}\0`).join('');
  }

  /** Wait until other scripts have let so many milliseconds pass. */
  passed(ms: number, signal?: AbortSignal): Promise<void> {
    const until = this.jiffies + Math.ceil((ms * HZ) / 1000);
    return new Promise((resolve) => {
      this.#sleepers.push({ until, resolve });
      signal?.addEventListener('abort', () => {
        resolve();
      });
      this.#wake();
    });
  }

  /** End the waiting of those whose time has come. */
  #wake(): void {
    const now = this.jiffies;
    const due = this.#sleepers.filter(({ until }) => until <= now);
    this.#sleepers = this.#sleepers.filter(({ until }) => until > now);
    for (const { resolve } of due.sort((a, b) => a.until - b.until)) resolve();
  }

  /** A script has looked at a file of the kernel. Looking takes time, or a loop that only looks would never see a change. */
  async look(): Promise<void> {
    if (++this.#looks < LOOKS_IN_A_JIFFY) return;
    // What is left of a machine that is gone can be looked at.
    await this.ask(OP.sleep, 1).catch(() => undefined);
  }

  /**
   * Let the given number of milliseconds of the machine's time pass.
   *
   * @param besides whether scripts in the background sleep meanwhile: they notice the time in small steps
   */
  async sleep(
    ms: number,
    { signal, besides }: { signal?: AbortSignal | undefined; besides?: () => boolean } = {},
  ): Promise<void> {
    let left = Math.ceil((ms * HZ) / 1000);
    while (left > 0 && signal?.aborted !== true) {
      const step = Math.min(left, besides?.() === true ? SHARED_TICKS : HZ);
      await this.ask(OP.sleep, step);
      left -= step;
    }
  }

  /**
   * Write to the kernel's log as to /dev/kmsg: `<3>text` has a level, other text is a warning.
   *
   * @param isUser whether the text comes from /dev/kmsg; otherwise it comes from the kernel
   * @param isOpen whether the line has no end yet
   */
  async log(text: string, isUser = true, isOpen = false): Promise<void> {
    const [, given, rest = ''] = /^(?:<(\d*)>)?([^]*)$/.exec(text) ?? [];
    const priority = given === undefined ? DEFAULT_LEVEL : Number(given);
    const facility = isUser ? priority >> 3 || FACILITY_USER : 0;
    for (const line of rest.replace(/\n$/, '').split('\n')) {
      await this.ask(OP.kmsg, this.#keep({ text: line, level: priority & 7, facility, isOpen }));
    }
  }

  /** Number of a text in requests; equal ones have one. */
  #keep(said: Said): number {
    const known = this.#texts.findIndex((t) => isDeepStrictEqual(t, said));
    const id = known >= 0 ? known : this.#texts.push(said) - 1;
    return this.booted.kernel.names.length + id;
  }

  /** The kernel's log with its time stamps, which are all different. */
  dmesg(): LogRecord[] {
    const { kernel } = this.booted;
    const names = [...kernel.names, ...this.#texts.map((_, id) => `\0${id}`)];
    // A CPU may print with a clock that is behind that of the line before; the kernel's log clock never goes back.
    let latest = 0;
    const open = new Set<number>();
    const records = dmesg(this.words, { ...kernel, names }).map((record) => {
      const { seq, text, level } = record;
      latest = Math.max(latest, record.jiffies);
      const micros = latest * (1_000_000 / HZ) + (seq % 10_000);
      const seconds = String(Math.floor(micros / 1_000_000)).padStart(5);
      const stamp = `[${seconds}.${String(micros % 1_000_000).padStart(6, '0')}]`;
      const said = text.startsWith('\0') ? this.#texts[Number(text.slice(1))] : undefined;
      if (said?.isOpen === true) open.add(seq);
      const what = said ?? { text, level: LEVELS.indexOf(level), facility: 0 };
      return { seq, stamp, micros, text: what.text, level: what.level, facility: what.facility };
    });
    return open.has(records[records.length - 1]?.seq ?? -1) ? records.slice(0, -1) : records;
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

  /** The newest first, as the kernel lists them. */
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
        bytes: PAGE * (OTHER_PAGES + Math.ceil((4 * (words[mod + MODULE.textWords] ?? 0)) / PAGE)),
        taint: this.#taintOf((words[mod + MODULE.klp] ?? 0) !== 0),
      });
    }
    return found.sort((a, b) => this.#loadedAt(b.name) - this.#loadedAt(a.name));
  }

  #taintOf(isLivepatch: boolean): string {
    const { outOfTree, unsigned, livepatch } = TAINT;
    const outside = this.booted.kernel.outsideModules ? outOfTree.letter + unsigned.letter : '';
    return outside + (isLivepatch ? livepatch.letter : '');
  }

  #loadedAt(name: string): number {
    return this.#loads.lastIndexOf(name);
  }

  module(name: string): LoadedModule | undefined {
    return this.modules().find((mod) => mod.name === name);
  }

  /** Load a module. 0 or a negative errno. */
  async insmod(index: number, given: GivenParameters = NO_PARAMETERS): Promise<number> {
    if (this.areModulesDisabled) return -EPERM;
    const { values, error, lines } = given;
    const name = this.name(this.booted.kernel.images[index]?.name ?? 0);
    if (this.module(name) === undefined) this.#loads.push(name);
    const texts = lines.slice(0, MOST_LINES).map(({ text, level }) => {
      return this.#keep({ text, level: LEVELS.indexOf(level), facility: 0, isOpen: false });
    });
    const pairs = values.flat();
    return this.ask(OP.insmod, index, values.length, ...pairs, error, texts.length, ...texts);
  }

  /** Take a CPU offline or bring it back. 0 or a negative errno. */
  async setOnline(n: number, isOnline: boolean): Promise<number> {
    for (let tries = 0; ; tries++) {
      const ret = await this.ask(isOnline ? OP.cpuUp : OP.cpuDown, n);
      if (ret === 0) {
        const boots = `Booting Node 0 Processor ${n} APIC 0x${n.toString(16)}`;
        const text = isOnline ? boots : `CPU ${n} is now offline`;
        // 6.1 says it each time, of CPU 1 only.
        const isAnnounced = isOnline && n === 1 && this.booted.kernel.version === '6.1';
        if (isAnnounced) await this.log('<6>x86: Booting SMP configuration:', false);
        await this.log(`<6>smpboot: ${text}`, false);
      }
      if (ret !== -EAGAIN || tries === MOVES) return ret;
    }
  }

  async rmmod(name: string): Promise<number> {
    if (this.areModulesDisabled) return -EPERM;
    const id = this.nameId(name);
    return id < 0 ? -EAGAIN : this.ask(OP.unload, id);
  }

  isOnline(n: number): boolean {
    return (this.words[percpu(this.booted.kernel, n) + PERCPU.online] ?? 0) !== 0;
  }

  /** What `/proc/sys/kernel/tainted` says: modules, and a WARN. */
  get tainted(): number {
    const { globals, warnCounts } = this.booted.kernel;
    const hasWarned = this.words.subarray(warnCounts, warnCounts + WARN_SITES).some((n) => n > 0);
    return (this.words[globals + KERNEL.tainted] ?? 0) | (hasWarned ? TAINT_WARN : 0);
  }

  /** Processes that test_klp_syscall still waits for. */
  get npids(): number {
    return this.shell(SHELL.npidsPending);
  }
}
