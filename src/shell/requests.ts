/** Requests from outside to a machine in the explorer: its execution is suspended until the next one comes, and time stands still. */

import type { Machine, StateAccess } from '../scenario/declare.js';
import type { Addr } from '../memory/struct.js';
import { SHELL } from './kernel/layout.js';

/** Where a machine finds its requests. */
interface Places {
  /** Base of the shell's words. */
  readonly shell: Addr;
  /** The word that is not 0 once the script is over. */
  readonly over: Addr;
}

/** Jiffies that the CPUs go on when the script is over: a task that it has left behind may never come to rest. */
const LONGEST_REST = 500;

interface Request {
  readonly op: number;
  readonly args: readonly number[];
}

/** Hands the requests of one execution to its machine: as they arrive, or in a repetition, as they arrived before. */
export class Requests {
  readonly #places: Places;
  readonly #given: (Request | 'over')[] = [];
  #next = 0;
  #isSuspended = false;
  #rest = 0;
  #words: Int32Array = new Int32Array(0);

  constructor(places: Places) {
    this.#places = places;
  }

  /** The machine's memory as it is now. */
  get words(): Int32Array {
    return this.#words;
  }

  /** Another schedule. */
  clear(): void {
    this.#given.length = 0;
  }

  /** Add a request, or the end of the script: the execution goes on with it. */
  give(request: Request | 'over'): void {
    this.#given.push(request);
    this.#isSuspended = false;
  }

  /** The machine with requests for its shell. */
  equip(machine: Machine): Machine {
    const { advanceTime, busyTime, listen } = machine;
    return {
      ...machine,
      isSuspended: () => this.#isSuspended,
      isOver: () => this.#rest > LONGEST_REST,
      advanceTime: (state) => {
        this.#poll(state);
        return !this.#isSuspended && advanceTime?.(state) === true;
      },
      ...(busyTime && {
        busyTime: {
          ...busyTime,
          pass: (state) => {
            const goesOn = busyTime.pass(state);
            this.#poll(state);
            const isOver = state.read(this.#places.over) !== 0;
            if (isOver) this.#rest++;
            return goesOn || isOver;
          },
        },
      }),
      listen: (words) => {
        this.#words = words;
        this.#next = 0;
        this.#isSuspended = false;
        this.#rest = 0;
        return listen?.(words) ?? (() => undefined);
      },
    };
  }

  #poll(state: StateAccess): void {
    const { shell, over } = this.#places;
    const request = state.read(shell + SHELL.request);
    if (state.read(over) !== 0 || state.read(shell + SHELL.done) !== request) return;
    const next = this.#given[this.#next];
    this.#isSuspended = next === undefined;
    if (next === undefined) return;
    this.#next++;
    if (next === 'over') {
      state.write(over, 1);
      return;
    }
    next.args.forEach((arg, i) => {
      state.write(shell + SHELL.args + i, arg);
    });
    state.write(shell + SHELL.op, next.op);
    state.write(shell + SHELL.request, request + 1);
  }
}
