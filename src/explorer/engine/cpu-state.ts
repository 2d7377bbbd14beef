/** What the engine and its observers know about a CPU: how far it has come, what it waits for and what it executes. */

import { isUnheld, type Addr, type CpuId } from '../../memory/struct.js';

/** Why a CPU cannot go on. */
export const WAIT_NONE = 0;
export const WAIT_LOCK = 1;
export const WAIT_RELAX = 2;
export const WAIT_MWAIT = 3;
export const WAIT_HALT = 4;

/** What a body of kernel code becomes in the resumable build. */
export type Coroutine = Generator<undefined, void, undefined>;

/** The state of one CPU between two operations, its memory apart. */
export class CpuState {
  readonly id: CpuId;
  /** What only the CPU itself sees: the task that it executes. */
  registers: { readonly current: Addr } = { current: 0 };
  /** Operations executed so far, ends of code included, and those of them that belong to interrupts. */
  count = 0;
  interruptCount = 0;
  /** Position of the last decision about who goes on after this CPU. */
  decidedAt = 0;
  /** Depth of preemption-disabled sections; a spin lock that is held is one. */
  preemptDepth = 0;
  waiting = WAIT_NONE;
  waitAddr: Addr = 0;
  waitSeen = 0;
  /** Word that the CPU sleeps on, or 0; interrupts that it takes meanwhile change nothing about that. */
  sleepsOn: Addr = 0;
  /** Orders the sleeping CPUs by when they went to sleep. */
  ticket = 0;
  hasTimeout = false;
  isWoken = false;
  isTimedOut = false;
  /** Sleeps that ended without a wake-up although others might have come. */
  earlyEnds = 0;
  /** The body and, while one is taken, the interrupt on top of it. */
  body: Coroutine | undefined;
  interrupt: Coroutine | undefined;
  #aside = { waiting: WAIT_NONE, waitAddr: 0, waitSeen: 0 };

  constructor(id: CpuId) {
    this.id = id;
  }

  /** Forget the last execution. */
  restart(body: Coroutine | undefined): void {
    this.count = 0;
    this.interruptCount = 0;
    this.decidedAt = 0;
    this.preemptDepth = 0;
    this.waiting = WAIT_NONE;
    this.sleepsOn = 0;
    this.earlyEnds = 0;
    this.body = body;
    this.interrupt = undefined;
  }

  /**
   * Where the CPU is in its own code, whatever others do: operations of the body or of interrupts, and whether it is
   * blocked in the next one. Waiting itself does not count, so that a lock that is free or not makes no difference.
   */
  get position(): number {
    const { interrupt, count, interruptCount } = this;
    const waits = this.waiting === WAIT_NONE ? 0 : 1;
    return interrupt === undefined
      ? (count - interruptCount) * 4 + waits
      : interruptCount * 4 + 2 + waits;
  }

  /** One more operation is done. */
  advance(): void {
    this.count++;
    if (this.interrupt !== undefined) this.interruptCount++;
  }

  /** The CPU cannot go on until a word changes, or a lock is free. */
  wait(kind: number, addr: Addr, seen: number): void {
    this.waiting = kind;
    this.waitAddr = addr;
    this.waitSeen = seen;
  }

  /** Suspend the body, whatever it was doing, and execute an interrupt. */
  enterInterrupt(code: Coroutine): void {
    const { waiting, waitAddr, waitSeen } = this;
    this.#aside = { waiting, waitAddr, waitSeen };
    this.waiting = WAIT_NONE;
    this.interrupt = code;
  }

  /** The interrupt is over: resume the body where it was. */
  leaveInterrupt(): void {
    const { waiting, waitAddr, waitSeen } = this.#aside;
    this.wait(waiting, waitAddr, waitSeen);
    this.interrupt = undefined;
  }
}

/** Whether a CPU that waits for a word, and not for a wake-up, can go on now that the word has this value. */
export function endsWait({ waiting, waitSeen }: CpuState, value: number): boolean {
  return waiting === WAIT_LOCK ? isUnheld(value) : value !== waitSeen;
}
