/** Runs litmus tests on the view machine: many random executions, and the set of final states they end in. */

import type { EventLog } from '../../view-machine/log.js';
import type { ViewMachineOptions } from '../../view-machine/options.js';
import { ViewMachine } from '../../view-machine/view-machine.js';
import type { LitmusLocation, LitmusTest, LocationId, Place } from '../syntax/ast.js';
import type { FinalState, StateCount } from '../engine.js';
import { lockLocations, mixedLockAccess } from '../syntax/locks.js';
import { MachineWords, NotOnMachine } from './machine-access.js';
import { GIVE_UP, MixedChoices, type Schedule } from './machine-schedule.js';
import { MachineThread } from './machine-thread.js';
import { holds } from '../syntax/proposition.js';
import { compareStates } from '../axioms/states.js';

/** How a test is run. */
export interface MachineRunOptions {
  /** Executions. */
  readonly runs: number;
  /** Seed of all choices. */
  readonly seed: number;
  /** Bounds, log and removed rules of the machine; by default none but its own. */
  readonly machine?: Partial<ViewMachineOptions>;
  /** Called after each execution that came to its end, with the log if the machine keeps one. */
  readonly onRun?: (log: EventLog | null) => void;
  /** Asked now and then whether to stop early. */
  readonly shouldStop?: () => boolean;
}

/** What the executions of a test showed. */
export interface MachineRunResult {
  /** Executions that came to an end and satisfy the test's filter. */
  readonly runs: number;
  /** Executions in which all threads that were left were blocked. */
  readonly deadlocks: number;
  /** Executions given up because a loop went on for longer than it may. */
  readonly cuts: number;
  /** Final states in print order, with how often each was met. */
  readonly states: readonly StateCount[];
}

/** A litmus test on a view machine of its own, to be executed as often as one likes. */
export class MachineLitmus {
  readonly machine: ViewMachine;
  readonly threads: readonly MachineThread[];
  /** Values of the test as words of the machine. */
  readonly words: MachineWords;
  /** Executions given up so far because a loop went on. */
  cuts = 0;
  readonly #test: LitmusTest;
  /** Locations that are used as locks, whatever their type. */
  readonly #locks: ReadonlySet<LocationId>;
  readonly #initial: Int32Array;
  /** Of this execution: the threads that can go on, and for each thread whether it is blocked. */
  readonly #runnable: number[] = [];
  readonly #blocked: Uint8Array;
  #areBlocked = false;

  constructor(test: LitmusTest, options: Partial<ViewMachineOptions> = {}) {
    const cpus = test.threads.length;
    this.#test = test;
    this.#locks = lockLocations(test);
    const mixed = mixedLockAccess(test);
    if (mixed !== undefined) throw new NotOnMachine(test, mixed.at, 'an ordinary access to a lock');
    this.words = new MachineWords(test);
    const words = this.words.size;
    this.machine = new ViewMachine({ dependencies: 'exact', ...options, cpus, words });
    this.threads = test.threads.map((_, i) => new MachineThread(test, i, this.machine, this.words));
    this.#blocked = new Uint8Array(cpus);
    this.#initial = new Int32Array(words);
    for (const [i, { init }] of test.locations.entries()) {
      this.#initial[i + 1] = this.words.toWord(init);
    }
  }

  /** Execute the test once; false if it deadlocked or was given up. */
  execute(choices: Schedule): boolean {
    this.machine.reset(this.#initial, choices);
    choices.begin(this.threads.length);
    for (const thread of this.threads) thread.reset();
    if (this.threads.some((thread) => thread.isCut)) return this.#cut();
    this.#unblock();
    for (;;) {
      if (!this.#findRunnable()) return this.threads.every((thread) => thread.isDone);
      const chosen = choices.next(this.#runnable);
      if (chosen === GIVE_UP) return false;
      const thread = this.threads[chosen] as MachineThread;
      if (!thread.step()) this.#block(chosen);
      else if (this.#areBlocked) this.#unblock();
      if (thread.isCut) return this.#cut();
    }
  }

  #block(thread: number): void {
    this.#blocked[thread] = 1;
    this.#areBlocked = true;
  }

  #unblock(): void {
    this.#blocked.fill(0);
    this.#areBlocked = false;
  }

  /** The threads that are neither done nor blocked; false if there is none. */
  #findRunnable(): boolean {
    let found = 0;
    for (let i = 0; i < this.threads.length; i++) {
      if (this.#blocked[i] === 0 && !(this.threads[i] as MachineThread).isDone) {
        this.#runnable[found++] = i;
      }
    }
    this.#runnable.length = found;
    return found > 0;
  }

  #cut(): false {
    this.cuts++;
    return false;
  }

  /** Value of a register or location at the end of the last execution. */
  valueOf(place: Place): number {
    if (place.kind === 'location') return this.#lastValue(place.location);
    return (this.threads[place.thread] as MachineThread).registers[place.register] as number;
  }

  /** Taking and releasing a lock leaves its initial value. */
  #lastValue(location: LocationId): number {
    const { kind, init } = this.#test.locations[location] as LitmusLocation;
    const isLock = kind === 'lock' || this.#locks.has(location);
    return isLock ? init : this.words.fromWord(this.machine.newest(location + 1));
  }
}

/** The final states that executions of a test have ended in. */
export class StateTally {
  /** Executions counted: those that satisfy the test's filter. */
  runs = 0;
  readonly #test: LitmusTest;
  readonly #valueOf: (place: Place) => number;
  readonly #counts = new Map<string, { state: FinalState; count: number }>();

  constructor(test: LitmusTest, litmus: MachineLitmus) {
    this.#test = test;
    this.#valueOf = (place) => litmus.valueOf(place);
  }

  /** Count the execution that has just come to its end. */
  count(): void {
    const { filter, observed } = this.#test;
    if (filter !== null && !holds(filter, this.#valueOf)) return;
    this.runs++;
    const state = observed.map(this.#valueOf);
    const key = state.join(' ');
    const counted = this.#counts.get(key);
    if (counted === undefined) this.#counts.set(key, { state, count: 1 });
    else counted.count++;
  }

  /** Whether an execution ended in a state. */
  has(state: FinalState): boolean {
    return this.#counts.has(state.join(' '));
  }

  /** The states in print order. */
  states(): StateCount[] {
    return [...this.#counts.values()].sort((a, b) => compareStates(this.#test, a.state, b.state));
  }
}

const STOP_EVERY = 64;

/** Execute a test many times with mixed strategies. */
export function runOnMachine(test: LitmusTest, options: MachineRunOptions): MachineRunResult {
  const litmus = new MachineLitmus(test, options.machine);
  const choices = new MixedChoices(options.seed);
  const tally = new StateTally(test, litmus);
  let ended = 0;
  for (let i = 0; i < options.runs; i++) {
    if (i % STOP_EVERY === 0 && options.shouldStop?.() === true) break;
    if (!litmus.execute(choices)) {
      ended++;
      continue;
    }
    options.onRun?.(litmus.machine.log);
    tally.count();
  }
  const { cuts } = litmus;
  return { runs: tally.runs, deadlocks: ended - cuts, cuts, states: tally.states() };
}
