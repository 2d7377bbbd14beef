/** Gives a script up that waits for ever, by the machine's own clock, and says what it waited for. */

import { setInterval } from 'node:timers';
import { HZ } from '../kernel/timer.js';
import { stallNow, stalledTaskText } from '../threads/stall.js';
import type { ShellMachine } from './machine.js';

/** Seconds of the machine's time that a script may take, unless something else is asked for. */
export const DEFAULT_GIVE_UP = 1800;

/** Milliseconds between two looks at the clock while a command waits for the kernel. */
const LOOK_MS = 20;
/** Tasks that are described; the others are counted. */
const SHOWN = 3;

/** What a transition waits for; empty if there is none, or if nothing holds it up. */
function transitionText(machine: ShellMachine): string {
  const stall = stallNow(machine.words, machine.booted.ctx);
  if (stall === undefined || stall.tasks.length === 0) return '';
  const to = stall.target === 1 ? 'patched' : 'unpatched';
  const tasks = stall.tasks.slice(0, SHOWN).map(stalledTaskText).join('; ');
  const more = stall.count > SHOWN ? `; and ${stall.count - SHOWN} more tasks` : '';
  return `; the transition of ${stall.patch} to ${to} waits for ${tasks}${more}`;
}

/** Watches one script. */
export class Patience {
  readonly #machine: ShellMachine;
  readonly #seconds: number;
  readonly #over = new AbortController();
  #until = 0;
  /** Line that says why the script was given up; empty: it was not. */
  why = '';

  /** @param seconds of the machine's time */
  constructor(machine: ShellMachine, seconds: number) {
    this.#machine = machine;
    this.#seconds = seconds;
  }

  /** Aborted when the time is over. */
  get signal(): AbortSignal {
    return this.#over.signal;
  }

  /** Watch while something runs. @param running what the script does at the moment */
  async during<R>(running: () => string, run: () => Promise<R>): Promise<R> {
    const machine = this.#machine;
    this.#until = machine.jiffies + this.#seconds * HZ;
    const look = (): void => {
      this.#look(running);
    };
    // A request that is not answered is noticed by the timer; in virtual time only answers show the clock.
    const timer = setInterval(look, LOOK_MS);
    machine.onAnswer = look;
    try {
      return await run();
    } finally {
      clearInterval(timer);
      machine.onAnswer = undefined;
    }
  }

  /** Give the script up now. */
  end(why: string): void {
    if (this.why !== '') return;
    this.why = why;
    this.#over.abort();
  }

  #look(running: () => string): void {
    if (this.why !== '' || this.#machine.jiffies < this.#until) return;
    const command = running();
    const what = command === '' ? '' : `: it waited in '${command}'`;
    this.why =
      `given up after ${this.#seconds} s of the machine's time (--give-up)` +
      `${what}${transitionText(this.#machine)}`;
    this.#over.abort();
  }
}
