/** A recording of a machine on threads: its logs, its snapshots, and what its clock did, from the thread that runs it. */

import type { KernelContext } from '../kernel/context.js';
import { CLOCK, CONTROL, ENTRY, RING_WORDS, SEATS, TURN } from '../memory/recorded/control.js';
import type { OperationCodes } from '../memory/recorded/operations.js';
import { Seat } from '../memory/recorded/turn.js';
import { Random } from '../memory/random.js';
import type { Addr } from '../memory/struct.js';
import type { StateAccess } from '../scenario/declare.js';
import { tick } from '../scenario/virtual-time.js';

/** What a recorded CPU's thread is given. */
export interface RecordBoot {
  readonly control: SharedArrayBuffer;
  readonly ring: SharedArrayBuffer;
  readonly snapshots: readonly SharedArrayBuffer[];
  readonly codes: OperationCodes;
  readonly seed: number;
}

/** What to record. */
export interface RecordPlan {
  readonly codes: OperationCodes;
  readonly seed: number;
  /** Milliseconds between two snapshots. */
  readonly snapshotMs: number;
}

/** What happened from one memory on, in order. */
export interface RecordedPeriod {
  /** The memory that it begins with; undefined: as the machine boots. */
  readonly image: Int32Array | undefined;
  /** {@link TURN}s, and what the clock did between them. */
  readonly turns: Int32Array;
}

/** The last operations before the end of a recording. */
export interface RecordedRun {
  readonly periods: readonly RecordedPeriod[];
  /** CPU on which it ended; -1: it was ended from outside. */
  readonly endedBy: number;
  /** Operations of all CPUs, whether the log still has them or not; modulo 2³². */
  readonly operations: number;
}

/** Sleeps in which the clock waits for its turn. */
const PATIENCE = 100;

/** Entries of one log, with the seat that they belong to. */
interface Entry {
  readonly seat: number;
  readonly ticket: number;
  readonly what: number;
}

/** The clock's seat at a recorded machine. */
export class MachineRecorder {
  readonly #kernel: KernelContext;
  readonly #plan: RecordPlan;
  readonly #control: Int32Array;
  readonly #rings: readonly Int32Array[];
  readonly #snapshots: readonly Int32Array[];
  readonly #seat: Seat;
  readonly #state: StateAccess;
  #asked = 0;

  constructor(plan: RecordPlan, words: Int32Array, kernel: KernelContext) {
    this.#plan = plan;
    this.#kernel = kernel;
    const shared = (length: number): Int32Array =>
      new Int32Array(new SharedArrayBuffer(4 * length));
    this.#control = shared(CONTROL.size);
    this.#rings = Array.from({ length: kernel.cpus + 1 }, () => shared(RING_WORDS));
    this.#snapshots = [shared(words.length), shared(words.length)];
    const ring = this.#rings[kernel.cpus] as Int32Array;
    this.#seat = new Seat(this.#control, ring, kernel.cpus, new Random(plan.seed, kernel.cpus));
    const seat = this.#seat;
    const set = (addr: Addr, value: number): void => {
      words[addr] = value;
      seat.changed(addr);
    };
    this.#state = {
      read: (addr) => words[addr] as number,
      write: set,
      setBits: (addr, bits) => set(addr, (words[addr] as number) | bits),
    };
  }

  /** What the thread of a CPU is given. */
  boot(cpu: number): RecordBoot {
    const bufferOf = (words: Int32Array): SharedArrayBuffer => words.buffer as SharedArrayBuffer;
    return {
      control: bufferOf(this.#control),
      ring: bufferOf(this.#rings[cpu] as Int32Array),
      snapshots: this.#snapshots.map(bufferOf),
      codes: this.#plan.codes,
      seed: this.#plan.seed,
    };
  }

  /** Let jiffies pass; 0 interrupts all CPUs. */
  tick(jiffies: number): void {
    if (!this.#seat.take(PATIENCE)) return;
    tick(this.#kernel, jiffies, this.#state);
    this.#seat.noteHere(jiffies);
    this.#seat.release();
  }

  /** Ask for a snapshot if it is time for one. */
  mayWantSnapshot(elapsedMs: number): void {
    if (elapsedMs - this.#asked < this.#plan.snapshotMs) return;
    this.#asked = elapsedMs;
    Atomics.store(this.#control, CONTROL.wanted, 1);
  }

  /** Look at the machine while nothing happens on it; undefined if the clock did not get the turn. */
  lookAtRest<T>(look: () => T): T | undefined {
    if (!this.#seat.take(PATIENCE)) return undefined;
    try {
      return look();
    } finally {
      this.#seat.release();
    }
  }

  /** End the recording from outside, unless a CPU has. */
  end(reason: number): void {
    if (!this.#seat.take(PATIENCE)) return;
    this.#seat.end(reason);
    this.#seat.release();
  }

  /** Pass on a turn that arrived after the clock had stopped waiting for it. */
  letGo(): void {
    if (this.#seat.hasTurn) this.#seat.release();
  }

  /** Snapshots taken so far. */
  get snapshots(): number {
    return Atomics.load(this.#control, CONTROL.snapshots);
  }

  /** Operations so far. */
  get operations(): number {
    return Atomics.load(this.#control, CONTROL.ticket) >>> 0;
  }

  /** The recording, as far as it exists, once all threads have ended. */
  collect(): RecordedRun {
    const control = this.#control;
    const taken = this.snapshots;
    const periods: RecordedPeriod[] = [];
    for (let n = Math.max(0, taken - 1); n <= taken; n++) {
      const turns = this.#turnsOf(n, n === taken ? undefined : n);
      if (turns === undefined) periods.length = 0;
      else periods.push({ image: n === 0 ? undefined : this.#snapshots[(n - 1) & 1], turns });
    }
    const end = control[CONTROL.end] as number;
    const endedBy = end > 0 && end <= this.#kernel.cpus ? end - 1 : -1;
    return { periods, endedBy, operations: this.operations };
  }

  /** Where the log of a seat stood when a period began. */
  #startOf(period: number, seat: number): number {
    const slot = (period - 1) & 1;
    return period === 0 ? 0 : (this.#control[CONTROL.logStart + slot * SEATS + seat] as number);
  }

  #ticketOf(period: number): number {
    return period === 0 ? 0 : (this.#control[CONTROL.ticketStart + ((period - 1) & 1)] as number);
  }

  /** The turns of a period, up to the snapshot that ends it; undefined when its logs were overwritten. */
  #turnsOf(period: number, endedBy: number | undefined): Int32Array | undefined {
    const entries: Entry[] = [];
    for (const [seat, ring] of this.#rings.entries()) {
      const logged = this.#control[CONTROL.logged + seat] as number;
      const from = this.#startOf(period, seat);
      if ((logged - from) * ENTRY > ring.length) return undefined;
      const to = endedBy === undefined ? logged : this.#startOf(period + 1, seat);
      for (let entry = from; entry < to; entry++) {
        const at = (entry * ENTRY) & (ring.length - 1);
        entries.push({ seat, ticket: ring[at] as number, what: ring[at + 1] as number });
      }
    }
    const first = this.#ticketOf(period);
    const last =
      endedBy === undefined
        ? (this.#control[CONTROL.ticket] as number)
        : this.#ticketOf(period + 1);
    return inOrder(entries, first, last, this.#kernel.cpus);
  }
}

/** Entries of all logs as one: the clock takes no operation, so what it did comes before the turn of the same ticket. */
function inOrder(entries: Entry[], first: number, last: number, clock: number): Int32Array {
  const place = ({ ticket }: Entry): number => (ticket - first) >>> 0;
  const rank = ({ seat }: Entry): number => (seat === clock ? 0 : 1);
  entries.sort((x, y) => place(x) - place(y) || rank(x) - rank(y));
  const turns = new Int32Array(TURN.size * entries.length);
  let until = last;
  for (let i = entries.length - 1; i >= 0; i--) {
    const { seat, ticket, what } = entries[i] as Entry;
    const isClock = seat === clock;
    turns.set(isClock ? [CLOCK, what, 0] : [seat, (until - ticket) >>> 0, what], TURN.size * i);
    if (!isClock) until = ticket;
  }
  return turns;
}
