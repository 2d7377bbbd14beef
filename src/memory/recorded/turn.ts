/** Turns of a recorded machine's threads: one at a time executes operations, and every change of turns is logged. */

import type { Random } from '../random.js';
import { CONTROL, ENTRY, SEATS } from './control.js';

/** How often a thread checks the turn before it sleeps: waking it would take longer than these checks. */
const SPINS = 2000;
/** Longest sleep, so that a stopping machine is noticed. */
const SLEEP_MS = 20;
/** Lengths of turns in operations: up to a power of two that is drawn anew for each. */
const SHORTEST = 4;
const LENGTHS = 9;
/** Number of operations in a turn from which it is worth waking a sleeping thread. */
const WORTH = 256;

/**
 * A thread's seat among those that take turns.
 *
 * Everything that a thread does in its turn happens before everything in the next thread's turn: it is handed over by a
 * sequentially consistent store and load. A turn is a run of operations; its ticket is the number of its first one.
 */
export class Seat {
  /** Operations executed in this turn. */
  steps = 0;
  /** Operations until another thread may go on. */
  left = 0;
  /** Hash over all operations of all CPUs so far; ours while we have the turn. */
  hash = 0;
  readonly control: Int32Array;
  readonly id: number;
  readonly #ring: Int32Array;
  readonly #random: Random;
  readonly #me: number;
  readonly #bit: number;
  readonly #bell: number;

  /**
   * @param control the shared {@link CONTROL} words
   * @param ring the log of this seat
   */
  constructor(control: Int32Array, ring: Int32Array, id: number, random: Random) {
    this.control = control;
    this.id = id;
    this.#ring = ring;
    this.#random = random;
    this.#me = id + 1;
    this.#bit = 1 << id;
    this.#bell = CONTROL.bells + id;
  }

  /** Wait for the turn; with a number of sleeps for no longer than that. Returns whether it is this seat's. */
  take(sleeps = Infinity): boolean {
    for (let left = sleeps; !this.#isMine() && !this.#spin() && !this.#sleep(); left--) {
      if (left <= 0) return false;
    }
    this.hash = this.control[CONTROL.hash] as number;
    this.steps = 0;
    this.#draw();
    return true;
  }

  /** The minimum length of this turn. */
  #draw(): void {
    const random = this.#random;
    this.left = 1 + random.below(SHORTEST << random.below(LENGTHS));
  }

  #isMine(): boolean {
    const { control } = this;
    const owner = Atomics.load(control, CONTROL.turn);
    if (owner !== 0) return owner === this.#me;
    return Atomics.compareExchange(control, CONTROL.turn, 0, this.#me) === 0;
  }

  #spin(): boolean {
    Atomics.or(this.control, CONTROL.spinning, this.#bit);
    let isMine = false;
    for (let i = 0; i < SPINS && !isMine; i++) isMine = this.#isMine();
    Atomics.and(this.control, CONTROL.spinning, ~this.#bit);
    return isMine || this.#isMine();
  }

  /** Handing over stores the turn, then checks for sleepers; a sleeper announces itself, then checks the turn. */
  #sleep(): boolean {
    const { control } = this;
    Atomics.store(control, this.#bell, 0);
    Atomics.or(control, CONTROL.asleep, this.#bit);
    const isMine = this.#isMine();
    if (!isMine) Atomics.wait(control, this.#bell, 0, SLEEP_MS);
    Atomics.and(control, CONTROL.asleep, ~this.#bit);
    return isMine;
  }

  /** The turn has lasted long enough: hand it to a waiting thread, and wait for the next. Returns whether it did. */
  pass(): boolean {
    const { control } = this;
    let waiting = Atomics.load(control, CONTROL.spinning);
    if (waiting === 0 && this.steps >= WORTH) waiting = Atomics.load(control, CONTROL.asleep);
    if (waiting === 0) {
      this.#draw();
      return false;
    }
    this.#log();
    this.#handOver(this.#oneOf(waiting));
    this.take();
    return true;
  }

  /** Give the turn up. */
  release(): void {
    this.#log();
    const spinning = Atomics.load(this.control, CONTROL.spinning);
    if (spinning !== 0) {
      this.#handOver(this.#oneOf(spinning));
      return;
    }
    Atomics.store(this.control, CONTROL.turn, 0);
    this.#wakeOne();
  }

  /** Whether this seat has the turn. */
  get hasTurn(): boolean {
    return Atomics.load(this.control, CONTROL.turn) === this.#me;
  }

  #handOver(to: number): void {
    Atomics.store(this.control, CONTROL.turn, to + 1);
    if ((Atomics.load(this.control, CONTROL.asleep) & (1 << to)) !== 0) this.ring(to);
  }

  #wakeOne(): void {
    const asleep = Atomics.load(this.control, CONTROL.asleep);
    if (asleep !== 0) this.ring(this.#oneOf(asleep));
  }

  /** Wake a seat that sleeps on its bell. */
  ring(to: number): void {
    const bell = CONTROL.bells + to;
    if (Atomics.exchange(this.control, bell, 1) === 0) Atomics.notify(this.control, bell);
  }

  #oneOf(mask: number): number {
    let rest = mask;
    let n = 0;
    for (let bits = mask; bits !== 0; bits &= bits - 1) n++;
    for (let skip = this.#random.below(n); skip > 0; skip--) rest &= rest - 1;
    return 31 - Math.clz32(rest & -rest);
  }

  /** Write down the turn that ends: its ticket, and the hash after it. */
  #log(): void {
    const { control, steps } = this;
    if (steps === 0 || control[CONTROL.end] !== 0) return;
    const ticket = control[CONTROL.ticket] as number;
    this.#note(ticket, this.hash);
    control[CONTROL.ticket] = (ticket + steps) | 0;
    control[CONTROL.hash] = this.hash;
    this.steps = 0;
  }

  /** Write down what happens at the present ticket. */
  noteHere(what: number): void {
    if (this.control[CONTROL.end] !== 0) return;
    this.#log();
    this.#note(this.control[CONTROL.ticket] as number, what);
  }

  #note(ticket: number, what: number): void {
    const at = CONTROL.logged + this.id;
    const entry = this.control[at] as number;
    const ring = this.#ring;
    const from = (entry * ENTRY) & (ring.length - 1);
    ring[from] = ticket;
    ring[from + 1] = what;
    this.control[at] = entry + 1;
  }

  /** End the recording here. The first reason given counts. */
  end(reason: number): void {
    const { control } = this;
    if (control[CONTROL.end] !== 0) return;
    this.#log();
    control[CONTROL.end] = reason;
  }

  /** While this seat has no turn: wait until its bell rings, or for some milliseconds. Returns whether it rang. */
  awaitBell(ms = SLEEP_MS): boolean {
    const { control } = this;
    for (let i = 0; i < SPINS; i++) if (Atomics.load(control, this.#bell) !== 0) return true;
    return Atomics.wait(control, this.#bell, 0, ms) !== 'timed-out';
  }

  /** In its turn, while all CPUs rest: what follows can be replayed from `words` as they are now, kept in one of two snapshots. */
  snapshot(words: Int32Array, snapshots: readonly Int32Array[]): void {
    const { control } = this;
    this.#log();
    const taken = control[CONTROL.snapshots] as number;
    const slot = taken & 1;
    snapshots[slot]?.set(words);
    control[CONTROL.ticketStart + slot] = control[CONTROL.ticket] as number;
    for (let n = 0; n < SEATS; n++) {
      control[CONTROL.logStart + slot * SEATS + n] = control[CONTROL.logged + n] as number;
    }
    control[CONTROL.hash] = this.hash = 0;
    control[CONTROL.wanted] = control[CONTROL.resting] = 0;
    control[CONTROL.snapshots] = taken + 1;
    for (let rest = control[CONTROL.blocked] as number; rest !== 0; rest &= rest - 1) {
      this.ring(31 - Math.clz32(rest & -rest));
    }
  }

  /** In its turn: this seat is about to stand still for a word. */
  block(addr: number): void {
    const { control } = this;
    control[CONTROL.waitsOn + this.id] = addr;
    control[CONTROL.blocked] = (control[CONTROL.blocked] as number) | this.#bit;
    Atomics.store(control, this.#bell, 0);
  }

  /** In its turn: this seat stands still no longer. */
  unblock(): void {
    const { control } = this;
    control[CONTROL.blocked] = (control[CONTROL.blocked] as number) & ~this.#bit;
  }

  /** In its turn: a word has changed; those that stand still for it look again. */
  changed(addr: number): void {
    const { control } = this;
    for (let rest = control[CONTROL.blocked] as number; rest !== 0; rest &= rest - 1) {
      const n = 31 - Math.clz32(rest & -rest);
      if (control[CONTROL.waitsOn + n] === addr) this.ring(n);
    }
  }
}
