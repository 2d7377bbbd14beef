/** Directed search on the view machine: executions that are steered towards one final state, and given up when they miss it. */

import type { ViewMachine } from '../../view-machine/view-machine.js';
import { CHOOSE_READ, CHOOSE_WRITE } from '../../memory/model.js';
import type { Instruction, LitmusTest, LitmusThread } from '../syntax/ast.js';
import { hasJumps, instructionsOf } from '../syntax/walk.js';
import type { FinalState, StateCount } from '../engine.js';
import type { MachineWords, PendingLoad, PendingStore } from './machine-access.js';
import { GIVE_UP, MixedChoices, Random, type Schedule } from './machine-schedule.js';
import type { MachineThread } from './machine-thread.js';
import { MachineLitmus, StateTally } from './run-machine.js';

/** How a search is bounded. */
export interface SeekOptions {
  /** Executions for each state that is looked for, those given up included. */
  readonly runs: number;
  /** Seed of all choices. */
  readonly seed: number;
  /** Asked now and then whether to stop early. */
  readonly shouldStop?: () => boolean;
}

/** What a search met: the states looked for, and others on the way. */
export interface SeekResult {
  /** Executions, those given up included. */
  readonly runs: number;
  readonly states: readonly StateCount[];
}

const STOP_EVERY = 64;

/**
 * Look for final states that random executions did not meet. What is met is an execution of the machine like any other: the
 * search only decides what is random elsewhere.
 */
export function seekOnMachine(
  test: LitmusTest,
  goals: readonly FinalState[],
  { runs, seed, shouldStop }: SeekOptions,
): SeekResult {
  const litmus = new MachineLitmus(test);
  const tally = new StateTally(test, litmus);
  const choices = new SeekingChoices(litmus, seed);
  let made = 0;
  for (const goal of goals) {
    choices.aimAt(valuesOfLoads(test, goal), lastWords(test, goal, litmus.words));
    for (let i = 0; i < runs && !tally.has(goal); i++) {
      if (made++ % STOP_EVERY === 0 && shouldStop?.() === true)
        return { runs: made, states: tally.states() };
      if (litmus.execute(choices)) tally.count();
    }
  }
  return { runs: made, states: tally.states() };
}

/** For each thread, the value that the load into a register must return; only where the final state tells. */
type LoadValues = readonly ReadonlyMap<number, number>[];

function valuesOfLoads(test: LitmusTest, goal: FinalState): LoadValues {
  return test.threads.map((thread, t) => {
    const values = new Map<number, number>();
    for (const [i, place] of test.observed.entries()) {
      if (place.kind === 'register' && place.thread === t) {
        values.set(place.register, goal[i] as number);
      }
    }
    return traceBack(thread, values);
  });
}

/** Words that locations must hold in the end, by the machine's address. */
function lastWords(
  test: LitmusTest,
  goal: FinalState,
  words: MachineWords,
): ReadonlyMap<number, number> {
  return new Map(
    test.observed.flatMap((place, i) =>
      place.kind === 'location' ? [[place.location + 1, words.toWord(goal[i] as number)]] : [],
    ),
  );
}

/** Keep the registers that are written once, and add those that are copied to such ones. */
function traceBack(thread: LitmusThread, values: Map<number, number>): Map<number, number> {
  // In a loop a load may return a different value each time.
  if (hasJumps(thread.body)) return new Map();
  const writers = new Map<number, Instruction[]>();
  for (const instruction of instructionsOf(thread.body)) {
    if (!('into' in instruction)) continue;
    const all = writers.get(instruction.into) ?? [];
    writers.set(instruction.into, [...all, instruction]);
  }
  for (const [register, value] of values) {
    const [writer, another] = writers.get(register) ?? [];
    if (another !== undefined) values.delete(register);
    else if (writer?.kind === 'assign' && writer.value.kind === 'register') {
      values.set(writer.value.register, value); // The loop comes to it, too.
    }
  }
  return values;
}

const EAGER = [0, 0.5, 0.9] as const;

/** Does it help to reach the wanted state if a thread takes its next step now? `never`: it makes the state impossible. */
type Prospect = 'good' | 'open' | 'never';

/** Mixed choices, except that loads wait until they can return the wanted value, and stores go to the wanted place. */
class SeekingChoices implements Schedule {
  readonly #machine: ViewMachine;
  readonly #threads: readonly MachineThread[];
  readonly #words: MachineWords;
  readonly #mixed: MixedChoices;
  readonly #random: Random;
  #values: LoadValues = [];
  #lastWords: ReadonlyMap<number, number> = new Map();
  /** How likely it is, in this execution, that a thread with a good prospect goes first. */
  #eager = 0;
  /** The thread whose step is under way. */
  #thread = 0;
  /** Its load, and the word that this must return; null if it may return anything. */
  #load: PendingLoad | null = null;
  #word = 0;
  /** Its store, null if that may go anywhere. */
  #store: PendingStore | null = null;

  constructor({ machine, threads, words }: MachineLitmus, seed: number) {
    this.#machine = machine;
    this.#threads = threads;
    this.#words = words;
    this.#mixed = new MixedChoices(seed);
    this.#random = new Random(seed);
  }

  /** What to look for from now on. */
  aimAt(values: LoadValues, last: ReadonlyMap<number, number>): void {
    this.#values = values;
    this.#lastWords = last;
  }

  begin(threads: number): void {
    this.#mixed.begin(threads);
    this.#eager = EAGER[this.#random.below(EAGER.length)] as number;
    this.#load = this.#store = null;
  }

  choose(n: number, kind: number): number {
    if (kind === CHOOSE_READ && this.#load !== null) return this.#chooseRead(n, this.#load);
    if (kind === CHOOSE_WRITE && this.#store !== null) return this.#chooseWrite(n, this.#store);
    return this.#mixed.choose(n, kind);
  }

  #chooseRead(n: number, { address }: PendingLoad): number {
    const fitting: number[] = [];
    for (let back = 0; back < n; back++) {
      if (this.#machine.valueBehind(address, back) === this.#word) fitting.push(back);
    }
    if (fitting.length === 0) return this.#mixed.choose(n, CHOOSE_READ);
    return fitting[this.#random.below(fitting.length)] as number;
  }

  /** Behind everything if the word is to be the last one, before the newest message if that has it. */
  #chooseWrite(n: number, { address, word }: PendingStore): number {
    const last = this.#lastWords.get(address);
    if (word === last) return 0;
    if (this.#machine.newest(address) === last) return 1 + this.#random.below(n - 1);
    return this.#mixed.choose(n, CHOOSE_WRITE);
  }

  next(runnable: readonly number[]): number {
    if (this.#load !== null && this.#missed(this.#load)) return GIVE_UP;
    const good: number[] = [];
    const possible: number[] = [];
    for (const thread of runnable) {
      const prospect = this.#prospect(thread);
      if (prospect === 'good') good.push(thread);
      if (prospect !== 'never') possible.push(thread);
    }
    if (possible.length === 0) return GIVE_UP;
    const isEager = good.length > 0 && this.#random.chance(this.#eager);
    this.#thread = this.#mixed.next(isEager ? good : possible);
    this.#prospect(this.#thread);
    return this.#thread;
  }

  #missed({ into }: PendingLoad): boolean {
    const register = (this.#threads[this.#thread] as MachineThread).registers[into] as number;
    return this.#words.toWord(register) !== this.#word;
  }

  /** Prospect of a thread's next step, which is remembered as the one under way. */
  #prospect(thread: number): Prospect {
    const next = this.#threads[thread] as MachineThread;
    this.#load = next.pendingLoad();
    this.#store = next.pendingStore();
    if (this.#load !== null) return this.#prospectOfLoad(thread, this.#load);
    return this.#store === null ? 'open' : this.#prospectOfStore(this.#store);
  }

  #prospectOfLoad(thread: number, { into, address }: PendingLoad): Prospect {
    const value = this.#values[thread]?.get(into);
    if (value === undefined) {
      this.#load = null;
      return 'open';
    }
    this.#word = this.#words.toWord(value);
    for (let back = 0; ; back++) {
      const word = this.#machine.valueBehind(address, back);
      if (word === this.#word) return 'good';
      if (word === undefined) return 'never';
    }
  }

  /** A store that must not be the last is better made early. */
  #prospectOfStore({ address, word }: PendingStore): Prospect {
    const last = this.#lastWords.get(address);
    if (last === undefined) this.#store = null;
    return last === undefined || last === word ? 'open' : 'good';
  }
}
