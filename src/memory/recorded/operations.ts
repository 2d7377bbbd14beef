/** Records the operations of a CPU by replacing its methods, so that a CPU that is not recorded has no cost. */

import { SimulatorBug } from '../../errors.js';
import { badAddress, freedLock, MachineStopped, notHeld } from '../fault.js';
import { MACHINE, MACHINE_BASE } from '../local.js';
import type { NativeCpu } from '../native.js';
import { FIRST_VALID_ADDR, isUnheld, POISON, type Addr } from '../struct.js';
import { CONTROL } from './control.js';
import type { Seat } from './turn.js';

/** Numbers of the operations in the hash, by name: those of the explorer. */
export type OperationCodes = Readonly<Record<string, number>>;

/** What a recorded CPU needs. */
export interface RecordedOptions {
  readonly words: Int32Array;
  readonly seat: Seat;
  readonly codes: OperationCodes;
  /** Whether all state of the CPU is in the memory at the places where an engine may restart its code. */
  readonly isAtRest: () => boolean;
  /** CPUs of the machine. */
  readonly cpus: number;
  /** Word of the CPU's interrupts. */
  readonly interrupts: Addr;
  /** Take a snapshot; in its turn, while all CPUs rest. */
  readonly takeSnapshot: () => void;
}

/** Thrown out of a CPU's code after a snapshot was taken: the code restarts, as it does when a snapshot is replayed. */
export class Rewound extends Error {
  override readonly name = 'Rewound';
}

/** Longest that a CPU with work to do rests for a snapshot. */
const REST_MS = 3;

/** Operations that return a value, or none, and do nothing but access one word. */
const READS = ['read', 'readOnce', 'loadAcquire', 'rcuDereference'] as const;
const WRITES = ['write', 'writeOnce', 'storeRelease', 'rcuAssignPointer'] as const;
const UPDATES = {
  xchg: 'xchg',
  xchgRelaxed: 'xchg',
  xchgAcquire: 'xchg',
  xchgRelease: 'xchg',
  cmpxchg: 'cmpxchg',
  cmpxchgRelaxed: 'cmpxchg',
  cmpxchgAcquire: 'cmpxchg',
  cmpxchgRelease: 'cmpxchg',
  fetchAdd: 'fetchAdd',
  fetchAddRelaxed: 'fetchAdd',
  fetchAddAcquire: 'fetchAdd',
  fetchAddRelease: 'fetchAdd',
} as const;
const VOID_BITS = ['setBit', 'clearBit'] as const;
const TESTED_BITS = ['testAndSetBit', 'testAndClearBit'] as const;

type Values = (addr: Addr, value: number, more?: number) => number;

/** Records what one CPU does. */
class RecordedOperations {
  readonly #cpu: NativeCpu;
  readonly #words: Int32Array;
  readonly #control: Int32Array;
  readonly #seat: Seat;
  readonly #codes: OperationCodes;
  readonly #options: RecordedOptions;
  readonly #tag: number;
  #snapshots: number;
  /** The CPU may rest after the next operation. */
  #restsNext = false;

  constructor(cpu: NativeCpu, options: RecordedOptions) {
    this.#cpu = cpu;
    this.#options = options;
    this.#words = options.words;
    this.#seat = options.seat;
    this.#control = options.seat.control;
    this.#codes = options.codes;
    this.#tag = cpu.id << 3;
    this.#snapshots = this.#control[CONTROL.snapshots] as number;
  }

  #code(name: string): number {
    const code = this.#codes[name];
    if (code === undefined) throw new SimulatorBug(`${name} has no number`);
    return code;
  }

  /** An operation is over. */
  #step(code: number, addr: Addr, value: number): void {
    const seat = this.#seat;
    seat.hash = Math.imul(seat.hash ^ (value + (addr << 8) + this.#tag), 0x9e3779b1) ^ code;
    seat.steps++;
    if (--seat.left <= 0) this.#endTurn();
  }

  #endTurn(): void {
    if (this.#restsNext) {
      this.#restsNext = false;
      this.#restForAWhile();
    } else if (this.#seat.pass()) {
      this.#checkStop();
    }
  }

  #checkStop(): void {
    if (Atomics.load(this.#words, MACHINE_BASE + MACHINE.stop) !== 0) throw new MachineStopped();
  }

  #changed(addr: Addr): void {
    if (this.#control[CONTROL.blocked] !== 0) this.#seat.changed(addr);
  }

  #check(addr: Addr): void {
    if ((addr - FIRST_VALID_ADDR) >>> 0 >= this.#words.length - FIRST_VALID_ADDR) {
      badAddress(this.#cpu.id, addr);
    }
  }

  /** Every method that is replaced. */
  methods(): object {
    return {
      ...this.#reads(),
      ...this.#writes(),
      ...this.#updates(),
      ...this.#bits(),
      ...this.#locks(),
      ...this.#waits(),
      ...this.#immediate(),
    };
  }

  #reads(): object {
    const cpu = this.#cpu;
    const recorded = READS.map((name) => {
      const code = this.#code(name);
      const load: (addr: Addr) => number = cpu[name].bind(cpu);
      const method = (addr: Addr): number => {
        const value = load(addr);
        this.#step(code, addr, value);
        return value;
      };
      return [name, method] as const;
    });
    return Object.fromEntries<unknown>(recorded);
  }

  #writes(): object {
    const cpu = this.#cpu;
    const recorded = WRITES.map((name) => {
      const code = this.#code(name);
      const store: (addr: Addr, value: number) => void = cpu[name].bind(cpu);
      const method = (addr: Addr, value: number): void => {
        store(addr, value);
        this.#changed(addr);
        this.#step(code, addr, value | 0);
      };
      return [name, method] as const;
    });
    return Object.fromEntries<unknown>(recorded);
  }

  #updates(): object {
    const cpu = this.#cpu;
    const recorded = Object.entries(UPDATES).map(([name, kind]) => {
      const code = this.#code(kind);
      const update = cpu[name as keyof typeof UPDATES].bind(cpu) as Values;
      const method: Values = (addr, value, more) => {
        const old = update(addr, value, more);
        this.#changed(addr);
        this.#step(code, addr, old);
        return old;
      };
      return [name, method] as const;
    });
    return Object.fromEntries<unknown>(recorded);
  }

  #bits(): object {
    const cpu = this.#cpu;
    const words = this.#words;
    const add = this.#code('atomicAdd');
    const tested = this.#code('testBit');
    const update = (name: 'setBit' | 'clearBit' | 'testAndSetBit' | 'testAndClearBit') => {
      const code = this.#code(name);
      const change: (addr: Addr, bit: number) => unknown = cpu[name].bind(cpu);
      return (addr: Addr, bit: number): unknown => {
        const old = words[addr] as number;
        const result = change(addr, bit);
        this.#changed(addr);
        this.#step(code, addr, old);
        return result;
      };
    };
    const changing = [...VOID_BITS, ...TESTED_BITS].map((name) => [name, update(name)] as const);
    return {
      ...Object.fromEntries(changing),
      testBit: (addr: Addr, bit: number): boolean => {
        this.#check(addr);
        const value = words[addr] as number;
        this.#step(tested, addr, value);
        return (value & (1 << bit)) !== 0;
      },
      atomicAdd: (addr: Addr, delta: number): void => {
        this.#check(addr);
        const old = words[addr] as number;
        words[addr] = old + delta;
        this.#changed(addr);
        this.#step(add, addr, old);
      },
    };
  }

  #locks(): object {
    const [lockCode, trylockCode, unlockCode] = ['spinLock', 'spinTrylock', 'spinUnlock'].map(
      (name) => this.#code(name),
    ) as [number, number, number];
    const words = this.#words;
    const { id } = this.#cpu;
    const isFree = (lock: Addr): boolean => isUnheld(words[lock] as number);
    return {
      spinLock: (lock: Addr): void => {
        this.#check(lock);
        if (!isFree(lock)) this.#standStill(lock, () => isFree(lock));
        if (words[lock] === POISON) freedLock(id, lock);
        words[lock] = id + 1;
        this.#step(lockCode, lock, 0);
      },
      spinTrylock: (lock: Addr): boolean => {
        this.#check(lock);
        if (words[lock] === POISON) freedLock(id, lock);
        const taken = words[lock] === 0;
        if (taken) words[lock] = id + 1;
        this.#step(trylockCode, lock, taken ? 1 : 0);
        return taken;
      },
      spinUnlock: (lock: Addr): void => {
        this.#check(lock);
        if (words[lock] !== id + 1) notHeld(id, lock, words[lock] as number);
        words[lock] = 0;
        this.#changed(lock);
        this.#step(unlockCode, lock, 0);
      },
    };
  }

  #waits(): object {
    const relax = this.#code('relax');
    const mwait = this.#code('mwait');
    const words = this.#words;
    const waiting =
      (code: number, isIdle: boolean) =>
      (addr: Addr, seen: number): void => {
        this.#check(addr);
        const waits = words[addr] === (seen | 0);
        if (waits) this.#standStill(addr, () => words[addr] !== (seen | 0), isIdle);
        this.#step(code, addr, waits ? 0 : seen);
      };
    const unknown = (): never => {
      throw new SimulatorBug('no wait queue is recorded');
    };
    return {
      relax: waiting(relax, false),
      mwait: waiting(mwait, true),
      halt: unknown,
      wait: unknown,
      wake: unknown,
      wakeAll: unknown,
    };
  }

  /** The start of a wait is an operation of its own. Then others run until this CPU can go on and gets its turn. */
  #standStill(addr: Addr, canGoOn: () => boolean, isIdle = false): void {
    const seat = this.#seat;
    seat.steps++;
    if (isIdle && this.#options.isAtRest()) this.#rest();
    do {
      seat.block(addr);
      seat.release();
      while (!seat.awaitBell()) this.#checkStop();
      seat.take();
      seat.unblock();
      this.#checkStop();
      this.#lookForSnapshot();
    } while (!canGoOn());
    this.#restless();
  }

  /** Methods that are not operations, and methods that the order of turns makes unnecessary. */
  #immediate(): object {
    const words = this.#words;
    const nothing = (): void => undefined;
    return {
      set: (addr: Addr, value: number): void => {
        this.#check(addr);
        words[addr] = value;
        this.#changed(addr);
      },
      peek: (addr: Addr): number => {
        this.#check(addr);
        return words[addr] as number;
      },
      smpMb: nothing,
      smpRmb: nothing,
      smpWmb: nothing,
      kick: nothing,
      roundBegins: nothing,
      roundEnds: nothing,
      giveWay: nothing,
      answersAsleep: () => false,
      mayRest: () => this.#mayRest(),
    };
  }

  /** The CPU begins its code; it has the turn from here on. */
  begin(): void {
    this.#seat.take();
    this.#checkStop();
    this.#snapshots = this.#control[CONTROL.snapshots] as number;
  }

  /** The CPU rests; the last one takes the snapshot. */
  #rest(): void {
    const control = this.#control;
    const resting = (control[CONTROL.resting] as number) | (1 << this.#cpu.id);
    control[CONTROL.resting] = resting;
    if (control[CONTROL.wanted] === 0 || resting !== (1 << this.#options.cpus) - 1) return;
    this.#options.takeSnapshot();
    this.#lookForSnapshot();
  }

  #restless(): void {
    const control = this.#control;
    control[CONTROL.resting] = (control[CONTROL.resting] as number) & ~(1 << this.#cpu.id);
  }

  #lookForSnapshot(): void {
    const snapshots = this.#control[CONTROL.snapshots] as number;
    if (snapshots === this.#snapshots) return;
    this.#snapshots = snapshots;
    throw new Rewound();
  }

  #mayRest(): void {
    if (this.#control[CONTROL.wanted] === 0 || !this.#options.isAtRest()) return;
    this.#restsNext = true;
    this.#seat.left = 1;
  }

  /** All state of the CPU is in the memory: rest for a while, since a snapshot is wanted. */
  #restForAWhile(): void {
    this.#rest();
    const seat = this.#seat;
    seat.block(this.#options.interrupts);
    seat.release();
    seat.awaitBell(REST_MS);
    seat.take();
    seat.unblock();
    this.#checkStop();
    this.#lookForSnapshot();
    this.#restless();
  }
}

/** A recorded CPU, from outside its code. */
export interface Recorded {
  /** Take the turn in which its code begins. */
  begin(): void;
}

/**
 * Record every operation of `cpu`, in place: it executes while it has the turn, and a run of operations in one turn is one entry of
 * its log. Waits end when their word has changed, and a lock is taken when it is free: what happens is what the explorer would
 * execute with the same turns, operation by operation.
 */
export function recordOperations(cpu: NativeCpu, options: RecordedOptions): Recorded {
  const recorded = new RecordedOperations(cpu, options);
  Object.assign(cpu, recorded.methods());
  return recorded;
}
