/** What is known of the interrupts of each CPU: whether one is pending, which words that depends on, and where their code begins. */

import type { Addr, CpuId } from '../../memory/struct.js';
import type { Machine, StateView } from '../../scenario/declare.js';
import type { Liveness } from './liveness.js';
import type { Sharing } from './sharing.js';

/** The machine that the interrupts belong to. */
export interface InterruptsHost {
  readonly memory: StateView;
  readonly sharing: Sharing;
  readonly liveness: Liveness;
}

/** What is known of interrupts, as plain data. */
export interface SavedInterrupts {
  readonly surprises: number;
  /** By CPU. */
  readonly words: readonly ReadonlySet<Addr>[];
  readonly roots: readonly ReadonlySet<number>[];
}

/** Learns while a search goes on. */
export class Interrupts {
  /** Whether the machine has any. */
  readonly exist: boolean;
  /** How often an interrupt came in a place where none was known to come. */
  surprises = 0;
  readonly #machine: Machine;
  readonly #host: InterruptsHost;
  readonly #words: Set<Addr>[];
  readonly #roots: Set<number>[];
  readonly #view: { cpu: number; read: (addr: Addr) => number };

  constructor(machine: Machine, host: InterruptsHost) {
    this.exist = machine.interrupt !== undefined;
    this.#machine = machine;
    this.#host = host;
    this.#words = machine.bodies.map(() => new Set<Addr>());
    this.#roots = machine.bodies.map(() => new Set<number>());
    this.#view = { cpu: 0, read: (addr) => this.#read(this.#view.cpu, addr) };
  }

  save(): SavedInterrupts {
    return { surprises: this.surprises, words: this.#words, roots: this.#roots };
  }
  load({ surprises, words, roots }: SavedInterrupts): void {
    this.surprises = surprises;
    for (const [cpu, known] of this.#words.entries())
      for (const addr of words[cpu] ?? []) known.add(addr);
    for (const [cpu, known] of this.#roots.entries())
      for (const root of roots[cpu] ?? []) known.add(root);
  }

  #read(cpu: number, addr: Addr): number {
    const { sharing, liveness, memory } = this.#host;
    sharing.read(this.#machine.bodies.length + cpu, addr);
    const words = this.#words[cpu] as Set<Addr>;
    if (!words.has(addr)) {
      words.add(addr);
      liveness.readOutside(addr);
      this.surprises++;
    }
    return memory.read(addr);
  }

  /** Whether an interrupt of a CPU is pending. */
  isPending(cpu: number): boolean {
    this.#view.cpu = cpu;
    return this.#machine.interrupt?.pending(cpu as CpuId, this.#view) ?? false;
  }

  /** Words on which it depends, as far as is known, whether an interrupt of a CPU is pending. */
  wordsOf(cpu: number): ReadonlySet<Addr> {
    return this.#words[cpu] as Set<Addr>;
  }

  /** Local states in which interrupts of a CPU began. */
  rootsOf(cpu: number): ReadonlySet<number> {
    return this.#roots[cpu] as Set<number>;
  }

  /** An interrupt of a CPU begins in a local state. */
  begins(cpu: number, root: number): void {
    const roots = this.#roots[cpu] as Set<number>;
    if (roots.has(root)) return;
    roots.add(root);
    this.surprises++;
  }
}
