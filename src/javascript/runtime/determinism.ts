/** Randomness and time as programs see them in the explorer: equal in every execution of the same schedule. */

import { RandomSource } from '../../explorer/engine/random-source.js';
import { PURE, type Marked } from './keys.js';
import { dateClass, intlObject, performanceObject, temporalObject } from './virtual-time.js';

/** Virtual time in ms, as the engine counts it. */
export interface Clock {
  readonly now: number;
}

/** Time at which every execution begins: 1 January 2020, in ms since the epoch. */
export const EPOCH = 1_577_836_800_000;

/** What a program has asked of the outside world: randomness, which executions may draw, and time, which is virtual. */
export type Asked = 'Math.random' | 'crypto' | 'Date' | 'performance';

/** Where the randomness of an execution comes from. */
export interface Draws {
  /** The thread that is executing, or -1 for code that runs before the threads do. */
  readonly agent: () => number;
  /**
   * Number of the random streams of this execution. It is asked for once per execution, with the first random number.
   */
  readonly seed: () => number;
}

/** What stands in for the globals that differ from run to run. */
export class Determinism {
  /** One stream for each thread, so that what a thread draws does not depend on the others. */
  readonly #streams = new Map<number, RandomSource>();
  #seed: number | undefined;
  readonly #clock: Clock;
  readonly #draws: Draws;
  /** What the program has asked for, for a note. */
  readonly used = new Set<Asked>();

  constructor(clock: Clock, draws: Draws) {
    this.#clock = clock;
    this.#draws = draws;
  }

  /** Start another execution. */
  restart(): void {
    if (this.#streams.size > 0) this.#streams.clear();
    this.#seed = undefined;
  }

  get #random(): RandomSource {
    const agent = this.#draws.agent();
    let stream = this.#streams.get(agent);
    if (stream === undefined) {
      this.#seed ??= this.#draws.seed();
      stream = new RandomSource();
      stream.seed(this.#seed + 1, agent + 2);
      this.#streams.set(agent, stream);
    }
    return stream;
  }

  #number(): number {
    return this.#random.next() / 0x1_0000_0000;
  }

  /** The globals, by name; `more` holds globals that are made elsewhere. */
  globals(more: Readonly<Record<string, unknown>>): Record<string, unknown> {
    const pure = <T extends (...args: never[]) => unknown>(f: T): T => {
      (f as unknown as Marked)[PURE] = true;
      return f;
    };
    const math = Object.create(Math, {
      random: { value: pure(() => (this.used.add('Math.random'), this.#number())), writable: true },
    }) as typeof Math;
    const now = (): number => (this.used.add('Date'), EPOCH + this.#clock.now);
    const performanceNow = (): number => (this.used.add('performance'), this.#clock.now);
    return {
      Math: math,
      Date: dateClass(now),
      performance: performanceObject(performanceNow, EPOCH),
      Intl: intlObject(now),
      Temporal: temporalObject(now),
      WeakRef: KeptReference,
      FinalizationRegistry: SilentRegistry,
      ...more,
    };
  }

  /** A random number below a bound that `crypto` draws. */
  readonly below = (count: number): number => (this.used.add('crypto'), this.#random.below(count));
}

/**
 * A `WeakRef` that keeps its object for the whole execution. The language's own would keep it longer: to it, all
 * executions are one job.
 */
class KeptReference {
  readonly #target: unknown;

  constructor(target: unknown) {
    const isObject =
      (typeof target === 'object' && target !== null) || typeof target === 'function';
    if (!isObject && (typeof target !== 'symbol' || Symbol.keyFor(target) !== undefined)) {
      throw new TypeError('WeakRef: invalid target');
    }
    this.#target = target;
  }
  deref(): unknown {
    return this.#target;
  }
  get [Symbol.toStringTag](): string {
    return 'WeakRef';
  }
}

/** Does nothing: as nothing is collected, there is nothing to report. */
class SilentRegistry {
  readonly #tokens = new Set<unknown>();

  register(_target: unknown, _held?: unknown, token?: unknown): undefined {
    if (token !== undefined) this.#tokens.add(token);
    return undefined;
  }
  unregister(token: unknown): boolean {
    return this.#tokens.delete(token);
  }
  get [Symbol.toStringTag](): string {
    return 'FinalizationRegistry';
  }
}
for (const Kind of [KeptReference, SilentRegistry]) {
  Object.defineProperty(Kind, PURE, { value: true });
  const { prototype } = Kind as unknown as { prototype: Record<string, object> };
  for (const name of ['deref', 'register', 'unregister']) {
    const method = prototype[name];
    if (method !== undefined) Object.defineProperty(method, PURE, { value: true });
  }
}
Object.defineProperty(KeptReference, 'name', { value: 'WeakRef' });
Object.defineProperty(SilentRegistry, 'name', { value: 'FinalizationRegistry' });
