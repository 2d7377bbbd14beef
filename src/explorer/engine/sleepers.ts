/** The CPUs that sleep in `halt()` or `wait()`: which of them are woken, and which sleeps end without a wake-up. */

import type { Addr } from '../../memory/struct.js';
import type { ChoiceSource } from '../../memory/model.js';
import { wakeUpOf } from './operations.js';
import { WAIT_HALT, type CpuState } from './cpu-state.js';
import { CHOOSE_EARLY, CHOOSE_SLEEPER } from './strategy.js';

/** What the sleepers of an execution need from the object that gives CPUs their turns. */
export interface SleepersHost extends ChoiceSource {
  readonly observes: boolean;
  /** `cpu` stores to something as a part of its step. */
  alsoWrites(cpu: CpuState, what: number): void;
  /** Report that another CPU can go on. */
  stir(): void;
}

/** Decides about sleeps; their state is kept by each CPU. */
export class Sleepers {
  readonly #host: SleepersHost;
  readonly #cpus: readonly CpuState[];
  readonly #earlyWakeups: number;
  #tickets = 0;

  /** @param earlyWakeups sleeps of each CPU that may end without a wake-up in one execution */
  constructor(host: SleepersHost, cpus: readonly CpuState[], earlyWakeups: number) {
    this.#host = host;
    this.#cpus = cpus;
    this.#earlyWakeups = earlyWakeups;
  }

  /** Start another execution. */
  restart(): void {
    this.#tickets = 0;
  }

  /** A CPU goes to sleep on a word. */
  enqueue(cpu: CpuState, addr: Addr): void {
    cpu.sleepsOn = addr;
    cpu.isWoken = cpu.isTimedOut = false;
    cpu.ticket = this.#tickets++;
  }

  /** Wake up to `most` of the CPUs that sleep on a word. Returns how many. */
  wake(waker: CpuState, addr: Addr, most: number): number {
    const host = this.#host;
    let asleep = this.#asleep(addr);
    for (let woken = 0; ; woken++) {
      const n = asleep.length;
      if (n === 0 || woken >= most) return woken;
      const isChoice = n > most - woken;
      const chosen = asleep[isChoice ? host.choose(n, CHOOSE_SLEEPER) : 0] as CpuState;
      chosen.isWoken = true;
      asleep = asleep.filter((cpu) => cpu !== chosen);
      if (host.observes) host.alsoWrites(waker, wakeUpOf(chosen.id));
      host.stir();
    }
  }

  /** The CPUs that sleep on a word and have not been woken, the one that sleeps longest first. */
  #asleep(addr: Addr): CpuState[] {
    return this.#cpus
      .filter((cpu) => cpu.sleepsOn === addr && !cpu.isWoken)
      .sort((a, b) => a.ticket - b.ticket);
  }

  /** Choose whether a sleep ends without a wake-up, and for which of its `n` - 1 reasons. */
  endEarly(cpu: CpuState, n: number): number {
    if (cpu.earlyEnds >= this.#earlyWakeups) return 0;
    const reason = this.#host.choose(n, CHOOSE_EARLY);
    if (reason !== 0) cpu.earlyEnds++;
    return reason;
  }

  /** No CPU can go on: let all time-outs end. Returns whether there was one. */
  timeOut(): boolean {
    const late = this.#cpus.filter((cpu) => cpu.waiting === WAIT_HALT && cpu.hasTimeout);
    for (const cpu of late) cpu.isTimedOut = true;
    return late.length > 0;
  }
}
