/** Randomness and time as programs see them in the explorer: equal in every execution of the same schedule. */

import { RandomSource } from '../../explorer/engine/random-source.js';
import { SHADOWED } from '../build/shadows.js';
import { PURE, type Marked } from './keys.js';

/** Virtual time in ms, as the engine counts it. */
export interface Clock {
  readonly now: number;
}

/** Time at which every execution begins: 1 January 2020, in ms since the epoch. */
const EPOCH = 1_577_836_800_000;

/** What stands in for the globals that differ from run to run. */
export class Determinism {
  readonly #random = new RandomSource();
  readonly #clock: Clock;
  /** Names of what the program has used, for a note. */
  readonly used = new Set<string>();

  constructor(clock: Clock) {
    this.#clock = clock;
    this.restart();
  }

  /** Start another execution. */
  restart(): void {
    this.#random.seed(1, 1);
  }

  #number(): number {
    return this.#random.next() / 0x1_0000_0000;
  }

  /** The globals, in the order of {@link SHADOWED}. */
  globals(): unknown[] {
    const pure = <T extends (...args: never[]) => unknown>(f: T): T => {
      (f as unknown as Marked)[PURE] = true;
      return f;
    };
    const math = Object.create(Math, {
      random: { value: pure(() => (this.used.add('Math.random'), this.#number())), writable: true },
    }) as typeof Math;
    const now = pure(() => (this.used.add('Date.now'), EPOCH + this.#clock.now));
    const performanceNow = pure(() => (this.used.add('performance.now'), this.#clock.now));
    const made: Record<string, unknown> = {
      Math: math,
      Date: this.#date(now),
      performance: {
        now: performanceNow,
        timeOrigin: EPOCH,
        mark: pure(nothing),
        measure: pure(nothing),
      },
      crypto: this.#crypto(),
    };
    const descriptors = Object.fromEntries(
      Object.entries(made).map(([name, value]) => [
        name,
        { value, writable: true, configurable: true },
      ]),
    );
    made['globalThis'] = made['global'] = Object.create(globalThis, descriptors) as object;
    return SHADOWED.map((name) => made[name]);
  }

  #date(now: () => number): unknown {
    const date = class extends Date {
      constructor(...args: unknown[]) {
        if (args.length === 0) super(now());
        else super(...(args as [number]));
      }
      static override now(): number {
        return now();
      }
    };
    for (const f of [date, date.now]) Object.defineProperty(f, PURE, { value: true });
    return date;
  }

  #crypto(): unknown {
    const byte = (): number => (this.used.add('crypto'), this.#random.below(256));
    const randomUUID = (): string => {
      const hex = Array.from({ length: 16 }, () => byte().toString(16).padStart(2, '0')).join('');
      return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20)}`;
    };
    const getRandomValues = (array: Uint8Array): Uint8Array => {
      for (let i = 0; i < array.length; i++) array[i] = byte();
      return array;
    };
    return { randomUUID, getRandomValues, subtle: undefined };
  }
}

function nothing(): undefined {
  return undefined;
}
