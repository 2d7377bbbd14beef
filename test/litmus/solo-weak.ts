/** Weak CPUs in one thread, in a random order of their operations: deterministic, and without waiting for a second core. */

import type { CpuContext } from '../../src/memory/cpu.js';
import { claimLocal } from '../../src/memory/local.js';
import { MemoryMap } from '../../src/memory/map.js';
import type { WeakOptions } from '../../src/memory/native-boot.js';
import { Random } from '../../src/memory/random.js';
import type { Addr, CpuId } from '../../src/memory/struct.js';
import { WeakCpu } from '../../src/memory/weak.js';
import {
  compileExpression,
  compileThread,
  type LitmusStep,
} from '../../src/litmus/on-threads/compile.js';
import { POINTER_BASE, type LitmusProgram } from '../../src/litmus/on-threads/program.js';
import { StateTally, type StateCount } from '../../src/litmus/on-threads/tally.js';

const EMPTY = new Int32Array(0);

/** A program whose threads all run in this one. Programs must not wait for each other except by `spin_lock()`. */
export class SoloWeak {
  readonly #program: LitmusProgram;
  readonly #words: Int32Array;
  readonly #bases: readonly Addr[];
  readonly #warmUp: readonly Addr[];
  readonly #cpus: readonly WeakCpu[];
  readonly #steps: readonly (readonly LitmusStep[])[];
  readonly #random: Random;

  /**
   * @param program what the threads do
   * @param weak options of the CPUs
   * @param sabotage takes something away from each CPU, for negative controls
   */
  constructor(
    program: LitmusProgram,
    weak: WeakOptions & { readonly seed: number },
    sabotage: (cpu: WeakCpu) => void = () => undefined,
  ) {
    const map = new MemoryMap();
    const localBase = claimLocal(map, program.threads.length);
    this.#bases = program.locations.map((_, i) => map.claimWords(`location${i}`, 16));
    this.#warmUp = program.threads.map((_, i) => map.claimWords(`warmUp${i}`, 16));
    this.#words = new Int32Array(new SharedArrayBuffer(4 * Math.max(map.words, POINTER_BASE + 64)));
    this.#cpus = program.threads.map(
      (_, i) => new WeakCpu(i as CpuId, {} as CpuContext, { words: this.#words, localBase, weak }),
    );
    this.#cpus.forEach(sabotage);
    // A load before the program gives the CPU a moment at which it can load ahead.
    this.#steps = program.threads.map(({ body }, i) => [
      (cpu) => void cpu.readOnce(this.#warmUp[i]!),
      ...compileThread(body, this.#bases),
    ]);
    this.#program = program;
    this.#random = new Random(weak.seed, 1000);
  }

  /** Execute the program so many times; returns the final states. */
  run(executions: number): StateCount[] {
    const tally = new StateTally();
    for (let i = 0; i < executions; i++) tally.add(this.#execute());
    return tally.states;
  }

  #execute(): number[] {
    for (const [i, init] of this.#program.locations.entries()) {
      this.#words[this.#bases[i]!] = compileExpression(init)(EMPTY);
    }
    for (const cpu of this.#cpus) cpu.smpMb();
    const registers = this.#program.threads.map(({ registers }) =>
      Int32Array.from(registers, (init) => compileExpression(init)(EMPTY)),
    );
    const at = registers.map(() => 0);
    while (at.some((done, thread) => done < this.#steps[thread]!.length)) {
      // Time passes on every CPU, also on one that is done: stores land, loads are carried out ahead, locks come free.
      const idle = this.#random.below(at.length);
      this.#cpus[idle]!.readOnce(this.#warmUp[idle]!);
      const thread = this.#random.below(at.length);
      if (!this.#mayRun(thread, at[thread]!)) continue;
      const step = this.#steps[thread]![at[thread]!]!;
      at[thread]!++;
      step(this.#cpus[thread]!, registers[thread]!, 0);
    }
    for (const cpu of this.#cpus) cpu.quiesce();
    return this.#program.observed.map((place) =>
      'location' in place
        ? this.#words[this.#bases[place.location]!]!
        : registers[place.thread]![place.reg]!,
    );
  }

  #mayRun(thread: number, at: number): boolean {
    if (at >= this.#steps[thread]!.length) return false;
    const operation = this.#program.threads[thread]!.body[at - 1];
    if (operation?.kind !== 'lock' || typeof operation.at === 'number') return true;
    return !('loc' in operation.at) || this.#words[this.#bases[operation.at.loc]!] === 0;
  }
}
