/** One execution on real threads as one of its CPUs sees it: rest and virtual time, interrupts, and its end. */

import { MachineStopped } from '../memory/fault.js';
import { MACHINE, MACHINE_BASE } from '../memory/local.js';
import type { NativeCpu } from '../memory/native.js';
import type { SiteId } from '../memory/sites.js';
import type { Addr, CpuId } from '../memory/struct.js';
import type { Machine, StateAccess } from '../scenario/declare.js';
import { SCHEDULING } from '../memory/vocabulary.js';
import { isAsleep } from '../memory/wait-queue.js';

/** Most CPUs of a machine on threads. */
const MAX_CPUS = 32;

/** Words that the CPUs of an execution share besides the machine's memory. */
export const TURN = {
  /** Not 0: the execution is over. */
  over: 0,
  /** CPUs that rest. */
  resting: 1,
  /** Held by the CPU that lets time pass. */
  lock: 2,
  /** How often a CPU has stopped resting. */
  woken: 3,
  /** For each CPU that rests: the word that it waits on (0 once its body is over), and what that word held. */
  waits: 4,
  size: 4 + 2 * MAX_CPUS,
} as const;

/** Ends of an execution. */
const OVER_AT_REST = 1;
export const OVER_BY_FINDING = 2;
export const OVER_BY_OOPS = 3;
export const OVER_BY_DEADLOCK = 4;
export const OVER_BY_ATOMIC_SLEEP = 5;

/** Instead of a word: the CPU sleeps in the wait queue, for ever or until its time-out. */
const ASLEEP = -1;
const DOZING = -2;

/** Milliseconds of one sleep: the wake-up may have been missed. */
const REST_MS = 1;

/** The memory as a machine's hooks change it while its CPUs run. */
function stateOf(words: Int32Array): StateAccess {
  const wake = (addr: Addr): void => void Atomics.notify(words, addr);
  return {
    read: (addr) => Atomics.load(words, addr),
    write(addr, value) {
      Atomics.store(words, addr, value);
      wake(addr);
    },
    setBits(addr, bits) {
      Atomics.or(words, addr, bits);
      wake(addr);
    },
  };
}

/** Does for a machine on threads what the explorer's engine does: `mwait()`, interrupts and the clock of a CPU. */
export class NativeTurn {
  readonly #words: Int32Array;
  readonly #turn: Int32Array;
  readonly #machine: Machine;
  readonly #state: StateAccess;
  readonly #cpus: number;

  constructor(words: Int32Array, turn: Int32Array, machine: Machine) {
    this.#words = words;
    this.#turn = turn;
    this.#machine = machine;
    this.#state = stateOf(words);
    this.#cpus = machine.bodies.length;
  }

  /** Begin another execution; while no CPU executes. */
  reset(): void {
    this.#turn.fill(0);
  }

  /** End the execution on all CPUs. The first reason given counts. */
  end(reason: number): void {
    Atomics.compareExchange(this.#turn, TURN.over, 0, reason);
    Atomics.store(this.#words, MACHINE_BASE + MACHINE.stop, 1);
  }

  get reason(): number {
    return Atomics.load(this.#turn, TURN.over);
  }

  /** Notice when a CPU, and all others, sleep. */
  listenTo(cpu: NativeCpu): void {
    const turn = this.#turn;
    cpu.whileAsleep = {
      fallsAsleep: (hasTimeout) => {
        turn[TURN.waits + 2 * cpu.id] = hasTimeout ? DOZING : ASLEEP;
        Atomics.add(turn, TURN.resting, 1);
      },
      looksAround: () => {
        if (Atomics.load(turn, TURN.resting) === this.#cpus) this.#passTime();
      },
      isAwake: () => {
        Atomics.add(turn, TURN.woken, 1);
        Atomics.sub(turn, TURN.resting, 1);
      },
    };
  }

  /** The CPU's body is over, and it does nothing more. */
  leave(cpu: NativeCpu): void {
    this.#turn[TURN.waits + 2 * cpu.id] = 0;
    Atomics.add(this.#turn, TURN.resting, 1);
  }

  /** Make a CPU idle, take interrupts and read the time as the scenario's machine defines. */
  equip(cpu: NativeCpu): void {
    const host = cpu as unknown as Record<string, (...args: number[]) => unknown>;
    host.mwait = (addr = 0, seen = 0) => this.rest(cpu, addr, seen);
    const { interrupt, busyTime } = this.#machine;
    if (interrupt === undefined && busyTime === undefined) return;
    const context = { depth: 0, isInside: false, operations: 0 };
    const jiffy = (busyTime?.operations ?? 0) * this.#cpus;
    for (const name of SCHEDULING) {
      const operation = (host[name] as (...args: number[]) => unknown).bind(cpu);
      host[name] = (...args) => {
        const result = operation(...args);
        context.depth += depthChange(cpu, name, args, result);
        if (busyTime !== undefined && ++context.operations % jiffy === 0) this.#tick();
        if (interrupt === undefined || context.isInside || context.depth !== 0) return result;
        if (!interrupt.pending(cpu.id, this.#state)) return result;
        context.isInside = true;
        interrupt.body(cpu);
        context.isInside = false;
        return result;
      };
    }
  }

  #tick(): void {
    if (Atomics.compareExchange(this.#turn, TURN.lock, 0, 1) !== 0) return;
    this.#machine.busyTime?.pass(this.#state);
    Atomics.store(this.#turn, TURN.lock, 0);
  }

  /** The CPU has nothing left to execute but its interrupts. */
  restAtEnd(cpu: NativeCpu): never {
    for (;;) {
      this.rest(cpu, 0, 0);
      this.#machine.interrupt?.body(cpu);
    }
  }

  #isInterrupted(id: CpuId): boolean {
    return this.#machine.interrupt?.pending(id, this.#state) ?? false;
  }

  /** Wait until the word has changed, or, with `addr` 0, for an interrupt. @throws MachineStopped at the end */
  rest(cpu: NativeCpu, addr: Addr, seen: number): void {
    const turn = this.#turn;
    cpu.smpMb();
    turn[TURN.waits + 2 * cpu.id] = addr;
    turn[TURN.waits + 2 * cpu.id + 1] = seen;
    Atomics.add(turn, TURN.resting, 1);
    while (addr === 0 ? !this.#isInterrupted(cpu.id) : Atomics.load(this.#words, addr) === seen) {
      if (Atomics.load(turn, TURN.over) !== 0) throw new MachineStopped();
      if (Atomics.load(turn, TURN.resting) === this.#cpus) this.#passTime();
      else if (addr === 0) Atomics.wait(turn, TURN.over, 0, REST_MS);
      else Atomics.wait(this.#words, addr, seen, REST_MS);
    }
    Atomics.add(turn, TURN.woken, 1);
    Atomics.sub(turn, TURN.resting, 1);
    cpu.smpMb();
  }

  /** All CPUs rest: unless one of them has just been woken, nothing happens before time passes. */
  #passTime(): void {
    const turn = this.#turn;
    if (Atomics.compareExchange(turn, TURN.lock, 0, 1) !== 0) return;
    if (this.#isAtRest() && !this.#advance()) {
      this.end(this.#waits().includes(ASLEEP) ? OVER_BY_DEADLOCK : OVER_AT_REST);
    }
    Atomics.store(turn, TURN.lock, 0);
  }

  #isAtRest(): boolean {
    const turn = this.#turn;
    const woken = Atomics.load(turn, TURN.woken);
    if (Atomics.load(turn, TURN.resting) !== this.#cpus) return false;
    for (let n = 0; n < this.#cpus; n++) {
      const addr = turn[TURN.waits + 2 * n] ?? 0;
      if (addr === DOZING) return false;
      if (addr === ASLEEP) {
        if (!isAsleep(this.#words, this.#machine.localBase, n)) return false;
        continue;
      }
      if (addr === 0 && this.#isInterrupted(n as CpuId)) return false;
      if (addr === 0) continue;
      if (Atomics.load(this.#words, addr) !== turn[TURN.waits + 2 * n + 1]) return false;
    }
    // No CPU has stopped resting meanwhile, even if it rests again with its word as before.
    return Atomics.load(turn, TURN.woken) === woken;
  }

  #waits(): (number | undefined)[] {
    return Array.from({ length: this.#cpus }, (_, n) => this.#turn[TURN.waits + 2 * n]);
  }

  #advance(): boolean {
    if (this.#waits().every((addr) => addr === 0)) return false;
    return this.#machine.advanceTime?.(this.#state) ?? false;
  }
}

/** What an operation does to the depth of preemption-disabled sections. */
function depthChange(
  cpu: NativeCpu,
  name: string,
  args: readonly number[],
  result: unknown,
): number {
  const isIntact = (site: number | undefined): boolean =>
    site === undefined || !cpu.ablates(site as SiteId);
  if (name === 'preemptDisable') return isIntact(args[0]) ? 1 : 0;
  if (name === 'preemptEnable') return isIntact(args[0]) ? -1 : 0;
  if (name === 'spinLock') return isIntact(args[1]) ? 1 : 0;
  if (name === 'spinUnlock') return isIntact(args[1]) ? -1 : 0;
  return name === 'spinTrylock' && result === true ? 1 : 0;
}
