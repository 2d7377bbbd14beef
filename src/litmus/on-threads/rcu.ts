/** RCU for litmus threads: each reader says which section it is in, a grace period waits for the sections it finds. */

import type { Cpu } from '../../memory/cpu.js';
import type { Addr } from '../../memory/struct.js';

/** Looks at a section before the waiting thread may go to sleep: sections are short. */
const LOOKS = 1000;

/**
 * One thread's side. A full barrier stands after every entry, before every exit and at both ends of a grace period, so
 * that either the grace period waits for the section, or the section sees what came before the grace period.
 */
export class LitmusRcu {
  readonly #mine: Addr;
  readonly #others: readonly Addr[];
  #nesting = 0;
  #section = 0;

  /**
   * @param sections word of each thread: the number of its section, 0 outside
   * @param thread number of this thread
   */
  constructor(sections: readonly Addr[], thread: number) {
    this.#mine = sections[thread] ?? 0;
    this.#others = sections.filter((_, i) => i !== thread);
  }

  /** `rcu_read_lock()`. */
  readLock(cpu: Cpu): void {
    if (this.#nesting++ > 0) return;
    this.#section = (this.#section + 1) & 0x7fffffff || 1;
    cpu.writeOnce(this.#mine, this.#section);
    cpu.smpMb(); // Pairs with the first smpMb() of synchronize().
  }

  /** `rcu_read_unlock()`. */
  readUnlock(cpu: Cpu): void {
    if (--this.#nesting > 0) return;
    cpu.smpMb(); // Pairs with the second smpMb() of synchronize().
    cpu.writeOnce(this.#mine, 0);
  }

  /** `synchronize_rcu()`. */
  synchronize(cpu: Cpu): void {
    cpu.smpMb(); // Pairs with the smpMb() of readLock().
    for (const other of this.#others) {
      const section = cpu.readOnce(other);
      if (section !== 0) this.#outlast(cpu, other, section);
    }
    cpu.smpMb(); // Pairs with the smpMb() of readUnlock().
  }

  #outlast(cpu: Cpu, other: Addr, section: number): void {
    for (let look = 0; look < LOOKS; look++) if (cpu.readOnce(other) !== section) return;
    while (cpu.readOnce(other) === section) cpu.relax(other, section);
  }
}
