/** The CPUs that sleep on a word, on real threads. Checking it and going to sleep are one step: no wake-up is lost. */

import { CPU_LOCAL, MACHINE, MACHINE_BASE } from './local.js';
import type { Addr } from './struct.js';

/** What a wait returns, negated, when the word held something else. */
export const EAGAIN = 11;
/** What a wait returns, negated, at its time-out. */
export const ETIMEDOUT = 110;

const LOCK = MACHINE_BASE + MACHINE.waitLock;
const TICKET = MACHINE_BASE + MACHINE.waitTicket;
const LINES = MACHINE_BASE + MACHINE.waitLines;

const FREE = 0;
const TAKEN = 1;
const CONTENDED = 2;

/** One CPU's access to the queue; all that is shared lies in the machine's memory. */
export class WaitQueue {
  readonly #words: Int32Array;
  readonly #line: Addr;
  readonly #firstLine: Addr;
  readonly #id: number;

  /**
   * @param words the machine's memory
   * @param firstLine base of the `CPU_LOCAL` lines
   * @param id number of the CPU
   */
  constructor(words: Int32Array, firstLine: Addr, id: number) {
    this.#words = words;
    this.#firstLine = firstLine;
    this.#id = id;
    this.#line = firstLine + id * CPU_LOCAL.size;
  }

  #lock(): void {
    const words = this.#words;
    if (Atomics.compareExchange(words, LOCK, FREE, TAKEN) === FREE) return;
    while (Atomics.exchange(words, LOCK, CONTENDED) !== FREE) {
      Atomics.wait(words, LOCK, CONTENDED);
    }
  }

  #unlock(): void {
    if (Atomics.exchange(this.#words, LOCK, FREE) === CONTENDED)
      Atomics.notify(this.#words, LOCK, 1);
  }

  /** Queue up for `addr` if it holds `seen`. Returns whether it did. */
  enqueue(addr: Addr, seen: number): boolean {
    const words = this.#words;
    this.#lock();
    const sleeps = Atomics.load(words, addr) === seen;
    if (sleeps) {
      Atomics.store(words, this.#line + CPU_LOCAL.woken, 0);
      words[this.#line + CPU_LOCAL.waitTicket] = Atomics.add(words, TICKET, 1);
      Atomics.store(words, this.#line + CPU_LOCAL.waitsOn, addr);
      words[LINES] = Math.max(words[LINES] as number, this.#id + 1);
    }
    this.#unlock();
    return sleeps;
  }

  /** Sleep for so many milliseconds at most. Returns whether this CPU has been woken. */
  sleep(ms: number): boolean {
    const woken = this.#line + CPU_LOCAL.woken;
    if (Atomics.load(this.#words, woken) === 0) Atomics.wait(this.#words, woken, 0, ms);
    return Atomics.load(this.#words, woken) !== 0;
  }

  /** Leave the queue. Returns false when this CPU has just been woken. */
  leave(): boolean {
    this.#lock();
    const left = Atomics.exchange(this.#words, this.#line + CPU_LOCAL.waitsOn, 0) !== 0;
    this.#unlock();
    return left;
  }

  /** Wake up to `most` of the CPUs that sleep on `addr`, the longest sleeping first. Returns how many. */
  wake(addr: Addr, most: number): number {
    this.#lock();
    let count = 0;
    for (let line = this.#longest(addr); count < most && line > 0; line = this.#longest(addr)) {
      Atomics.store(this.#words, line + CPU_LOCAL.waitsOn, 0);
      Atomics.store(this.#words, line + CPU_LOCAL.woken, 1);
      Atomics.notify(this.#words, line + CPU_LOCAL.woken);
      count++;
    }
    this.#unlock();
    return count;
  }

  /** Line of the CPU that sleeps longest on `addr`, or 0. */
  #longest(addr: Addr): Addr {
    const words = this.#words;
    let found = 0;
    for (let n = 0; n < (words[LINES] as number); n++) {
      const line = this.#firstLine + n * CPU_LOCAL.size;
      if (words[line + CPU_LOCAL.waitsOn] !== addr) continue;
      const ticket = words[line + CPU_LOCAL.waitTicket] as number;
      if (found === 0 || ticket - (words[found + CPU_LOCAL.waitTicket] as number) < 0) found = line;
    }
    return found;
  }
}

/** Whether a CPU sleeps and has not been woken. */
export function isAsleep(words: Int32Array, firstLine: Addr, id: number): boolean {
  return Atomics.load(words, firstLine + id * CPU_LOCAL.size + CPU_LOCAL.waitsOn) !== 0;
}
