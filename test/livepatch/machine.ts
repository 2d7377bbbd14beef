/** A whole machine on the test's own thread: when a CPU would wait, the others run and time passes. */

import type { KernelLayout } from '../../src/kernel/vmlinux.js';
import { handleIrq } from '../../src/kernel/entry.js';
import { KOBJECT } from '../../src/kernel/kobject.js';
import { IPI_TICK, KERNEL, percpu, PERCPU } from '../../src/kernel/layout.js';
import { LIST } from '../../src/kernel/list.js';
import { deleteModule, findModule, loadModule, moduleRefcount } from '../../src/kernel/module.js';
import { dmesg, type LogLevel } from '../../src/kernel/printk.js';
import { tryToWakeUp } from '../../src/kernel/sched.js';
import { TRACE_SCHED_SWITCH } from '../../src/kernel/trace.js';
import {
  isIdleTask,
  PF_KCODE,
  TASK,
  TASK_NORMAL,
  TIF_NEED_RESCHED,
} from '../../src/kernel/task.js';
import { klpSysfsRead, klpSysfsWrite, type KlpAttribute } from '../../src/livepatch/core-sysfs.js';
import { KLP_OBJECT, KLP_PATCH } from '../../src/livepatch/layout.js';
import { AtomicsCpu } from '../../src/memory/atomics.js';
import type { CpuContext } from '../../src/memory/cpu.js';
import { createSharedMemory } from '../../src/memory/map.js';
import { Ablation, type SiteId } from '../../src/memory/sites.js';
import { KernelOops } from '../../src/memory/fault.js';
import { POISON, type Addr, type CpuId } from '../../src/memory/struct.js';
import { bootMachine } from '../../src/scenario/boot.js';
import { declarationOf, type MachineDecl } from './declaration.js';

/** What a CPU of the machine throws out of its idle loop when it has nothing to do and is not at the bottom. */
class Parked extends Error {}

/** Turns of an interpreter between two ticks of a CPU that never idles. */
const TURNS_PER_TICK = 64;
/** Waits in a row without any progress after which the test is stuck. */
const STUCK_AFTER = 5000;

/** How often a CPU has switched from one task to another. */
export function switchesOf({ events }: SoloCpu): number {
  return events.filter(({ event }) => event === TRACE_SCHED_SWITCH).length;
}

/** A CPU that hands its waits to the machine. */
export class SoloCpu extends AtomicsCpu {
  readonly machine: Machine;
  readonly events: { event: number; a: number; b: number; c: number }[] = [];
  #turns = 0;

  constructor(id: CpuId, ctx: CpuContext, words: Int32Array, localBase: Addr, machine: Machine) {
    const trace = (event: number, a: number, b: number, c: number): void => {
      this.events.push({ event, a, b, c });
    };
    super(id, ctx, { words, localBase, ablation: machine.ablation, trace });
    this.machine = machine;
  }

  /** Plain stores, bit operations and fences in program order, while a test wants them. */
  log: { readonly op: string; readonly addr: Addr; readonly value: number }[] | undefined;

  override write(addr: Addr, value: number): void {
    this.log?.push({ op: 'write', addr, value });
    super.write(addr, value);
  }
  override setBit(addr: Addr, bit: number): void {
    this.log?.push({ op: 'setBit', addr, value: bit });
    super.setBit(addr, bit);
  }
  override clearBit(addr: Addr, bit: number): void {
    this.log?.push({ op: 'clearBit', addr, value: bit });
    super.clearBit(addr, bit);
  }
  override spinLock(lock: Addr, site?: SiteId): void {
    // On one thread no other CPU could ever release it.
    const found = this.words[lock];
    if (found === POISON)
      throw new KernelOops(this.id, lock, 'use after free: lock in freed memory');
    if (found !== 0) throw new Error(`CPU ${this.id} would spin for ever on lock ${lock}`);
    super.spinLock(lock, site);
  }
  override smpWmb(site?: SiteId): void {
    this.log?.push({ op: 'smpWmb', addr: 0, value: site ?? 0 });
    super.smpWmb(site);
  }
  override rcuAssignPointer(addr: Addr, value: Addr, site?: SiteId): void {
    this.log?.push({ op: 'rcuAssignPointer', addr, value: site ?? 0 });
    super.rcuAssignPointer(addr, value, site);
  }

  override mwait(addr: Addr, seen: number): void {
    if (this.words[addr] === seen) this.machine.wait(this, true);
  }

  override relax(addr: Addr, seen: number): void {
    if (this.words[addr] === seen) this.machine.wait(this, false);
  }

  override peek(addr: Addr): number {
    const ipi = percpu(this.ctx.kernel, this.id) + PERCPU.ipi;
    if (addr === ipi && ++this.#turns % TURNS_PER_TICK === 0) this.machine.busy(this);
    return super.peek(addr);
  }
}

/** A booted machine. */
export class Machine {
  readonly words: Int32Array;
  readonly cpus: readonly SoloCpu[];
  readonly layout: KernelLayout;
  readonly ctx: CpuContext;
  readonly ablation: Ablation;
  /** Tasks of the declaration, in its order. */
  readonly tasks: readonly Addr[];
  /** What pre_patch of the printing callbacks returns, by object name (`vmlinux` included). */
  readonly prePatchRet = new Map<string, number>();
  /** CPUs that do not run although they are online: as if they were in the middle of something. */
  readonly frozen = new Set<number>();
  /** Called whenever a CPU waits, as an interrupt would be. */
  interrupt: ((cpu: SoloCpu) => void) | undefined;
  readonly #driver: Addr;
  readonly #modules: readonly string[];
  readonly #busy = new Set<number>();
  /** CPUs between two instructions of kernel text, which others run on top of: they can be interrupted. */
  readonly #between = new Set<SoloCpu>();
  readonly #script: { run: ((cpu: SoloCpu) => void) | undefined } = { run: undefined };
  readonly #condition: { holds: () => boolean } = { holds: () => false };
  #waits = 0;

  constructor(decl: MachineDecl) {
    const cpus = decl.cpus ?? 1;
    this.ablation = new Ablation(decl.ablate ?? []);
    const booted = bootMachine(
      declarationOf(
        decl,
        cpus,
        (cpu) => {
          if (cpu instanceof SoloCpu) this.#script.run?.(cpu);
        },
        this.prePatchRet,
      ),
    );
    this.layout = booted.layout;
    this.ctx = booted.ctx;
    this.words = createSharedMemory(booted.map.words).words;
    const tasks = booted.init(this.words);
    this.#driver = tasks[0]!;
    this.tasks = tasks.slice(1);
    this.#modules = (decl.modules ?? []).map((m) => m.name);
    this.cpus = Array.from({ length: cpus }, (_, n) => {
      const cpu = new SoloCpu(n as CpuId, this.ctx, this.words, booted.localBase, this);
      cpu.current = this.words[percpu(this.layout.context, n) + PERCPU.curr]!;
      return cpu;
    });
    this.run(() => undefined);
  }

  /** The boot CPU. */
  get cpu(): SoloCpu {
    return this.cpus[0]!;
  }

  /** Jiffies since boot. */
  get jiffies(): number {
    return this.words[this.layout.context.globals + KERNEL.jiffies]!;
  }

  /** Address of a function or datum of vmlinux. */
  addr(symbol: string): Addr {
    return this.layout.vmlinux.get(symbol)!.addr;
  }

  /** Number of a name. */
  name(text: string): number {
    return this.layout.context.names.indexOf(text);
  }

  /** A task's word. */
  task(task: Addr, field: keyof typeof TASK): number {
    return this.words[task + TASK[field]]!;
  }

  /** Let one jiffy pass. */
  tick(): void {
    this.words[this.layout.context.globals + KERNEL.jiffies]! += 1;
    for (const cpu of this.cpus) {
      const pc = percpu(this.layout.context, cpu.id);
      if (this.words[pc + PERCPU.online] !== 0) this.words[pc + PERCPU.ipi]! |= 1 << IPI_TICK;
    }
  }

  /** A CPU has executed for a while: time passes, and the CPU stops when it is no longer needed. */
  busy(cpu: SoloCpu): void {
    if (cpu.id === 0) this.#count(cpu);
    this.tick();
    const interpreting = (this.task(cpu.current, 'flags') & PF_KCODE) === 0;
    const parks = interpreting && this.#atBottom(cpu);
    // Its slice is over: the caller that gave it to this CPU goes on, and comes back later.
    if (cpu.id !== 0 && parks) throw new Parked();
    if (cpu.id !== 0) return;
    if (parks && this.#condition.holds()) throw new Parked();
    this.#between.add(cpu);
    for (const other of this.cpus) {
      if (!this.#busy.has(other.id)) this.#slice(other);
    }
    this.#between.delete(cpu);
  }

  /** A CPU waits: let the others run, then let time pass. With `parks`, it may leave its idle loop instead. */
  wait(waiting: SoloCpu, parks: boolean): void {
    this.#count(waiting);
    this.interrupt?.(waiting);
    const bottom = parks && this.#atBottom(waiting);
    if (bottom && waiting.id === 0 && this.#condition.holds()) throw new Parked();
    for (const cpu of this.cpus) {
      if (!this.#busy.has(cpu.id)) this.#slice(cpu);
    }
    for (const cpu of this.#between) {
      if (this.words[percpu(this.layout.context, cpu.id) + PERCPU.ipi] !== 0) handleIrq(cpu);
    }
    if (bottom && waiting.id !== 0) throw new Parked();
    this.tick();
  }

  #count(cpu: SoloCpu): void {
    if (++this.#waits > STUCK_AFTER) throw new Error(`CPU ${cpu.id} waits for ever`);
  }

  /** Whether a CPU holds nothing on its JavaScript stack but its idle loop. */
  #atBottom(cpu: SoloCpu): boolean {
    const pc = percpu(this.layout.context, cpu.id);
    return this.words[pc + PERCPU.context] === 0;
  }

  /** Let a CPU run until it idles. */
  #slice(cpu: SoloCpu): void {
    const pc = percpu(this.layout.context, cpu.id);
    const asleep =
      this.words[pc + PERCPU.online] === 0 && this.words[pc + PERCPU.hotplugRequest] === 0;
    if (asleep || this.frozen.has(cpu.id) || this.#staysIdle(cpu)) return;
    this.#runUntilParked(cpu, () => false);
  }

  /** Let an idle CPU take its interrupts; whether its inner idle loop goes on, so that no switch point is passed. */
  #staysIdle(cpu: SoloCpu): boolean {
    const { context } = this.layout;
    const pc = percpu(context, cpu.id);
    if (!isIdleTask(context, cpu.current) || this.words[pc + PERCPU.online] === 0) return false;
    if (this.words[pc + PERCPU.ipi] !== 0) handleIrq(cpu);
    const isQueued = this.cpus.some(({ id }) => this.words[percpu(context, id) + PERCPU.nrQueued]);
    const resched = (this.task(cpu.current, 'tiFlags') & (1 << TIF_NEED_RESCHED)) !== 0;
    return !isQueued && !resched && this.words[pc + PERCPU.hotplugRequest] === 0;
  }

  #runUntilParked(cpu: SoloCpu, done: () => boolean): void {
    this.#busy.add(cpu.id);
    try {
      while (!done()) this.layout.context.runCurrent(cpu);
    } catch (error) {
      if (!(error instanceof Parked)) throw error;
    } finally {
      this.#busy.delete(cpu.id);
    }
  }

  /** Run kernel code in the context of the driver task on CPU 0, which may sleep; returns its value. */
  run<T>(script: (cpu: SoloCpu) => T): T {
    const box: { value?: T; done: boolean } = { done: false };
    this.#script.run = (cpu) => {
      box.value = script(cpu);
      box.done = true;
    };
    this.until(() => box.done, true);
    this.#script.run = undefined;
    return box.value as T;
  }

  /** Let the machine run until `condition` holds; fails after ten simulated minutes. */
  until(condition: () => boolean, wake = false): void {
    const end = this.jiffies + 60_000;
    this.#condition.holds = () => condition() || this.jiffies > end;
    if (wake) tryToWakeUp(this.cpu, this.#driver, TASK_NORMAL);
    this.#waits = 0;
    this.#runUntilParked(this.cpu, () => {
      this.#waits = 0;
      return this.#condition.holds();
    });
    this.#condition.holds = () => false;
    if (!condition()) throw new Error('the condition never holds');
  }

  /** Let time pass. */
  sleep(jiffies: number): void {
    const end = this.jiffies + jiffies;
    this.until(() => this.jiffies >= end);
  }

  /** `modprobe`: 0, or a negative errno. */
  load(name: string): number {
    const ret = this.run((cpu) => loadModule(cpu, this.#modules.indexOf(name)));
    return ret < 0 ? ret : 0;
  }

  /** `rmmod`: 0, or a negative errno. */
  unload(name: string): number {
    return this.run((cpu) => deleteModule(cpu, this.name(name)));
  }

  /** Address of a loaded module, or 0. */
  module(name: string): Addr {
    return findModule(this.cpu, this.name(name));
  }

  /** `/sys/module/<name>/refcnt`. */
  refcount(name: string): number {
    return moduleRefcount(this.cpu, this.module(name));
  }

  /** Directory of a patch (or of one of its objects) below `/sys/kernel/livepatch`, or 0. */
  directory(patch: string, object?: string): Addr {
    const found = this.#child(this.ctx.klp.root, patch);
    return object === undefined || found === 0 ? found : this.#child(found, object);
  }

  #child(parent: Addr, name: string): Addr {
    let kobj = this.words[parent + KOBJECT.child]!;
    while (kobj !== 0 && this.words[kobj + KOBJECT.name] !== this.name(name)) {
      kobj = this.words[kobj + KOBJECT.next]!;
    }
    return kobj;
  }

  /** `<directory>/<function>,<sympos>` of an object, as sysfs lists them, sorted. */
  functionDirectories(patch: string, object: string): string[] {
    const found: string[] = [];
    let kobj = this.words[this.directory(patch, object) + KOBJECT.child]!;
    for (; kobj !== 0; kobj = this.words[kobj + KOBJECT.next]!) {
      const { names } = this.layout.context;
      found.push(`${names[this.words[kobj + KOBJECT.name]!]},${this.words[kobj + KOBJECT.sympos]}`);
    }
    return found.sort();
  }

  /** The `struct klp_patch` of a listed patch, or 0. */
  patch(name: string): Addr {
    const kobj = this.directory(name);
    return kobj === 0 ? 0 : kobj - KLP_PATCH.kobj;
  }

  /** The `struct klp_object` of a patch. */
  object(patch: string, name = 'vmlinux'): Addr {
    return this.directory(patch, name) - KLP_OBJECT.kobj;
  }

  /** `echo text > /sys/kernel/livepatch/<patch>/<attr>`. */
  write(patch: string, attr: KlpAttribute, text: string): number {
    return this.run((cpu) => klpSysfsWrite(cpu, this.directory(patch), attr, text));
  }

  /** `cat /sys/kernel/livepatch/<patch>/<attr>`. */
  read(patch: string, attr: KlpAttribute): number {
    return this.run((cpu) => klpSysfsRead(cpu, this.directory(patch), attr));
  }

  /** The log, without prefix, from a sequence number; without the line by which the first livepatch taints the kernel. */
  log(from = 0): string[] {
    return dmesg(this.words, this.layout.context, from)
      .map((l) => l.text.replace('livepatch: ', ''))
      .filter((text) => !text.endsWith('tainting kernel with TAINT_LIVEPATCH'));
  }

  /** The log's levels. */
  levels(from = 0): LogLevel[] {
    return dmesg(this.words, this.layout.context, from)
      .filter(({ text }) => !text.endsWith('tainting kernel with TAINT_LIVEPATCH'))
      .map((l) => l.level);
  }

  /** Sequence number of the next line of the log. */
  get logEnd(): number {
    return this.words[this.layout.context.globals + KERNEL.printkSeq]!;
  }

  /** How often each WARN site fired, sites that did not left out. */
  warnings(): Record<number, number> {
    const found: Record<number, number> = {};
    for (let id = 0; id < 96; id++) {
      const count = this.words[this.layout.context.warnCounts + id]!;
      if (count !== 0) found[id] = count;
    }
    return found;
  }

  /** `klp_target_state`. */
  get targetState(): number {
    return this.words[this.ctx.klp.targetState]!;
  }

  /** `klp_transition_patch`. */
  get transitionPatch(): Addr {
    return this.words[this.ctx.klp.transitionPatch]!;
  }

  /** Number of entries of a list. */
  listLength(head: Addr): number {
    let n = 0;
    for (let p = this.words[head + LIST.next]!; p !== head; p = this.words[p + LIST.next]!) n++;
    return n;
  }
}

/** Boot a machine. */
export function boot(decl: MachineDecl = {}): Machine {
  return new Machine(decl);
}
