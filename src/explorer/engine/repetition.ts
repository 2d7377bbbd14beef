/**
 * Finds out whether an execution that has not ended will never end. On the fair schedule, a state that comes again will
 * come again for ever.
 */

import { FIRST_VALID_ADDR, type Addr } from '../../memory/struct.js';
import { Constants } from '../states/constants.js';
import { mix, mixAgain } from '../states/hash.js';
import type { CpuState } from './cpu-state.js';
import { Observer } from './observer.js';
import { FAIR_FUEL } from './turns.js';

/** A loop made one round. `call` counts the calls of its function so far: in each call, it is another loop. */
interface Lap {
  readonly cpu: number;
  readonly call: number;
}

/** What was executed from one round of the fair schedule to the next. */
interface Round {
  /** Hash over the operations and the variables of loops, and over the words of the memory at the end, in two halves. */
  readonly low: number;
  readonly high: number;
  readonly memory: number;
  readonly memoryAgain: number;
  /** CPUs that executed something. Bit mask. */
  readonly busy: number;
  /** Loops that went round, in order. */
  readonly loops: readonly Lap[];
}

/** Operations after which a round ends by itself, as a CPU that executes nothing but fences never yields. The number has many divisors. */
const LONGEST_ROUNDS = [60, 120, 360, 2520] as const;

/** Rounds that are kept: a period may have half of them. */
const MOST_ROUNDS = 512;

/**
 * Observes such an execution while it is executed again. A CPU that goes round and round, without nesting deeper, is in
 * one loop of one call. Once all its operations, their answers and the variables at the heads of its loops have been
 * the same twice, and the memory is the same at both ends, the next round cannot differ from the last. If a loop
 * depends on more than variables, there is no such proof.
 */
export class Repetition extends Observer {
  override readonly wantsLoops = true;
  readonly #constants: Constants;
  readonly #memory: { newest(addr: Addr): number };
  readonly #words: number;
  readonly #rounds: Round[] = [];
  readonly #longest: number;
  readonly #bound: number;
  #isFair = false;
  #isUnknown = false;
  /** Operations so far, and of the round. */
  #count = 0;
  #length = 0;
  #low = 0;
  #high = 0;
  #busy = 0;
  #loops: Lap[] = [];

  /**
   * @param root holds everything that kernel code can reach without being handed it
   * @param execution its memory, its CPUs and its words, and the operations that the strategy decides about
   */
  constructor(
    root: object,
    execution: {
      readonly memory: { newest(addr: Addr): number };
      readonly words: number;
      readonly cpus: number;
      readonly bound: number;
    },
  ) {
    super();
    this.#constants = new Constants(root);
    this.#memory = execution.memory;
    this.#words = execution.words;
    this.#bound = execution.bound;
    const usual = execution.cpus * FAIR_FUEL;
    this.#longest = LONGEST_ROUNDS.find((length) => length > usual) ?? 2 * usual;
  }

  override restart(): void {
    this.#rounds.length = 0;
    this.#isFair = this.#isUnknown = false;
    this.#count = 0;
    this.#begin();
  }

  #begin(): void {
    this.#low = this.#high = this.#busy = this.#length = 0;
    this.#loops = [];
  }

  #mix(n: number): void {
    this.#low = mix(this.#low, n);
    this.#high = mixAgain(this.#high, n);
  }

  override operation({ id }: CpuState, code: number, addr: Addr, value: number): void {
    if (++this.#count > this.#bound && ++this.#length > this.#longest) this.round();
    if (!this.#isFair) return;
    this.#busy |= 1 << id;
    this.#mix((code << 5) | id);
    this.#mix(addr);
    this.#mix(value);
  }

  override looped(
    { id }: CpuState,
    place: number,
    call: number,
    variables: readonly unknown[] | undefined,
  ): void {
    if (!this.#isFair) return;
    this.#loops.push({ cpu: id, call });
    this.#mix(place);
    if (variables === undefined) this.#isUnknown = true;
    for (const one of variables ?? []) {
      const number = this.#constants.numberOf(one);
      if (number === undefined) this.#isUnknown = true;
      else this.#mix(number);
    }
  }

  override timePassed(): void {
    this.#isUnknown = true;
  }

  override round(): void {
    if (this.#isFair) this.#keep();
    this.#isFair = true;
    this.#begin();
  }

  #keep(): void {
    let [memory, memoryAgain] = [0, 0];
    for (let addr = FIRST_VALID_ADDR; addr < this.#words; addr++) {
      const value = this.#memory.newest(addr);
      memory = mix(memory, value);
      memoryAgain = mixAgain(memoryAgain, value);
    }
    const [low, high, busy, loops] = [this.#low, this.#high, this.#busy, this.#loops];
    this.#rounds.push({ low, high, memory, memoryAgain, busy, loops });
    if (this.#rounds.length > 2 * MOST_ROUNDS) this.#rounds.splice(0, MOST_ROUNDS);
  }

  /** Operations of rounds in which everything came again; undefined: that is not known. */
  get period(): number | undefined {
    if (this.#isUnknown) return undefined;
    const rounds = this.#rounds.slice(-MOST_ROUNDS);
    for (let period = 1; 2 * period <= rounds.length; period++) {
      if (repeats(rounds, period)) return period;
    }
    return undefined;
  }
}

/** Whether the last `period` rounds are those before them, and every CPU that did something in them went round a loop in both. */
function repeats(rounds: readonly Round[], period: number): boolean {
  const last = rounds.slice(-period);
  const before = rounds.slice(-2 * period, -period);
  const isSame = last.every((one, i) => equal(one, before[i] as Round));
  const busy = last.reduce((mask, one) => mask | one.busy, 0);
  if (!isSame || busy === 0) return false;
  // The same loop, in the same call of its function. So it went round since then, and was not left.
  const laps = before.flatMap(({ loops }) => loops);
  let looping = 0;
  for (const [i, { cpu, call }] of last.flatMap(({ loops }) => loops).entries()) {
    if (laps[i]?.call === call) looping |= 1 << cpu;
  }
  return (busy & ~looping) === 0;
}

function equal(a: Round, b: Round): boolean {
  return (
    a.low === b.low &&
    a.high === b.high &&
    a.memory === b.memory &&
    a.memoryAgain === b.memoryAgain &&
    a.busy === b.busy
  );
}
