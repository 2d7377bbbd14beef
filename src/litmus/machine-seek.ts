/** Directed search on the view machine: executions that are steered towards one final state, and given up when they miss it. */

import type { ViewMachine } from '../memory/machine/view-machine.js';
import { CHOOSE_READ } from '../memory/model.js';
import type { Instruction, LitmusTest, LitmusThread, Statement } from './ast.js';
import type { FinalState, StateCount } from './engine.js';
import { GIVE_UP, MixedChoices, Random, type Schedule } from './machine-schedule.js';
import { type MachineThread, type PendingLoad, toWord } from './machine-thread.js';
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
    choices.aimAt(valuesOfLoads(test, goal));
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

/** Keep the registers that are written once, and add those that are copied to such ones. */
function traceBack(thread: LitmusThread, values: Map<number, number>): Map<number, number> {
  const writers = new Map<number, Instruction[]>();
  for (const instruction of flatten(thread.body)) {
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

function flatten(body: readonly Statement[]): Instruction[] {
  return body.flatMap((statement) =>
    statement.kind === 'if'
      ? [...flatten(statement.then), ...flatten(statement.otherwise)]
      : [statement],
  );
}

const EAGER = [0, 0.5, 0.9] as const;

/** Mixed choices, but loads wait until they can return what they must, and then return it. */
class SeekingChoices implements Schedule {
  readonly #machine: ViewMachine;
  readonly #threads: readonly MachineThread[];
  readonly #mixed: MixedChoices;
  readonly #random: Random;
  #values: LoadValues = [];
  /** How likely it is, in this execution, that a load that can return what it must goes first. */
  #eager = 0;
  /** The load under way, and the word that it must return. */
  #load: PendingLoad | null = null;
  #word = 0;
  #thread = 0;

  constructor({ machine, threads }: MachineLitmus, seed: number) {
    this.#machine = machine;
    this.#threads = threads;
    this.#mixed = new MixedChoices(seed);
    this.#random = new Random(seed);
  }

  aimAt(values: LoadValues): void {
    this.#values = values;
  }

  begin(threads: number): void {
    this.#mixed.begin(threads);
    this.#eager = EAGER[this.#random.below(EAGER.length)] as number;
    this.#load = null;
  }

  choose(n: number, kind: number): number {
    if (kind !== CHOOSE_READ || this.#load === null) return this.#mixed.choose(n, kind);
    const fitting: number[] = [];
    for (let back = 0; back < n; back++) if (this.#fits(this.#load, back)) fitting.push(back);
    if (fitting.length === 0) return this.#mixed.choose(n, kind);
    return fitting[this.#random.below(fitting.length)] as number;
  }

  #fits({ address }: PendingLoad, back: number): boolean {
    return this.#machine.valueBehind(address, back) === this.#word;
  }

  next(runnable: readonly number[]): number {
    if (this.#load !== null && this.#missed(this.#load)) return GIVE_UP;
    const eager: number[] = [];
    const possible: number[] = [];
    for (const thread of runnable) {
      const isFitting = this.#prospect(thread);
      if (isFitting === true) eager.push(thread);
      if (isFitting !== false) possible.push(thread);
    }
    if (possible.length === 0) return GIVE_UP;
    const isEager = eager.length > 0 && this.#random.chance(this.#eager);
    this.#thread = this.#mixed.next(isEager ? eager : possible);
    this.#prospect(this.#thread);
    return this.#thread;
  }

  #missed({ into }: PendingLoad): boolean {
    const register = (this.#threads[this.#thread] as MachineThread).registers[into] as number;
    return toWord(register) !== this.#word;
  }

  /** Whether a thread's next step is a load that may return what it must; null if it need not return anything special. */
  #prospect(thread: number): boolean | null {
    this.#load = (this.#threads[thread] as MachineThread).pendingLoad();
    if (this.#load === null) return null;
    const value = this.#values[thread]?.get(this.#load.into);
    if (value === undefined) {
      this.#load = null;
      return null;
    }
    this.#word = toWord(value);
    for (let back = 0; ; back++) {
      const word = this.#machine.valueBehind(this.#load.address, back);
      if (word === undefined || word === this.#word) return word !== undefined;
    }
  }
}
