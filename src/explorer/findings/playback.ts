/**
 * Repeats what real threads executed: every turn as it was recorded, checked operation by operation against its hashes.
 */

import { InvariantViolated } from '../../errors.js';
import { CLOCK, TURN } from '../../memory/recorded/control.js';
import { Ablation } from '../../memory/sites.js';
import type { Addr } from '../../memory/struct.js';
import type { Machine, StateAccess } from '../../scenario/declare.js';
import { endsWait, WAIT_NONE, type CpuState } from '../engine/cpu-state.js';
import { Execution } from '../engine/execution.js';
import type { Observer } from '../engine/observer.js';
import type { Prepared } from '../engine/prepared.js';
import { ScMemory } from '../engine/sc-memory.js';
import type { Position, Strategy } from '../engine/strategy.js';

/** Bound on operations: none that is ever reached. */
const ENDLESS = 2 ** 50;

/** What happened from one memory on, in order. */
export interface PlayedPeriod {
  /** The memory that it begins with; undefined for the memory of a machine that has just booted. */
  readonly image?: Int32Array | undefined;
  /** {@link TURN}s, and what the clock did between them. */
  readonly turns: Int32Array;
}

/** What a recording was made of, and how to let the clock go on. */
export interface Playback {
  readonly periods: readonly PlayedPeriod[];
  /** CPU on which the recording ended; -1 if it was ended from outside. */
  readonly endedBy: number;
  /** Let jiffies pass; 0 interrupts all CPUs. */
  readonly clock: (jiffies: number, state: StateAccess) => void;
  /** Word of each CPU that says which task it executes, in a memory. */
  readonly currentOf: (cpu: number) => Addr;
  /** What the memory shows that a recording ended with from outside. */
  readonly findingAtEnd: (state: Execution) => { key: string; detail: string } | undefined;
  /** Words that differ between threads and explorer, and matter to neither: [from, to). */
  readonly ignored: readonly (readonly [Addr, Addr])[];
}

/** What a playback showed. */
export interface PlayedResult {
  /** The finding that it ends in; undefined: none. */
  readonly finding: { readonly key: string; readonly detail: string } | undefined;
  /** Where the execution first differed from the recording; undefined if it never did. */
  readonly divergence: string | undefined;
  /** Operations executed, and turns. */
  readonly operations: number;
  readonly turns: number;
  readonly hash: number;
}

/** Thrown through the code when it does something other than what was recorded. */
class Diverged extends Error {
  override readonly name = 'Diverged';
}

/** Thrown through the code at the end of a period. */
class PeriodOver extends Error {
  override readonly name = 'PeriodOver';
}

/** An execution's memory as its clock sees it. */
function stateOf({ memory }: Execution): StateAccess {
  return {
    read: (addr) => memory.newest(addr),
    write: (addr, value) => {
      memory.poke(addr, value);
    },
    setBits: (addr, bits) => {
      memory.poke(addr, memory.newest(addr) | bits);
    },
  };
}

/** Gives every CPU its turns as they were recorded. */
class RecordedTurns implements Strategy {
  readonly observes = false;
  readonly restsAlone = false;
  fuel = 1;
  operations = 0;
  turns = 0;
  readonly #turns: Int32Array;
  readonly #clock: Playback['clock'];
  /** CPU that goes on after the last turn, as a finding is no operation; -1: none. */
  readonly #endedBy: number;
  /** An observer looks on from this operation of the period on. */
  #lookAt: number;
  readonly #look: () => void;
  #execution: Execution | undefined;
  #at = 0;
  /** The turn under way: CPU, and its operations when it began. */
  #cpu = -1;
  #count = 0;
  #isAfterEnd = false;

  constructor(
    turns: Int32Array,
    clock: Playback['clock'],
    endedBy: number,
    onlooker: { readonly at: number; readonly look: () => void },
  ) {
    this.#turns = turns;
    this.#clock = clock;
    this.#endedBy = endedBy;
    this.#lookAt = onlooker.at;
    this.#look = onlooker.look;
  }

  /** The execution that asks. */
  of(execution: Execution): void {
    this.#execution = execution;
  }

  begin(): boolean {
    return true;
  }

  get #running(): Execution {
    if (this.#execution === undefined) throw new RangeError('no execution asks');
    return this.#execution;
  }

  next(_runnable: number, _last: number, _cpus: readonly Position[]): number {
    if (this.#isStopover()) return this.#cpu;
    this.#finishTurn();
    while (this.#turns[this.#at] === CLOCK) this.#passTime(stateOf(this.#running));
    return this.#beginTurn();
  }

  /** No CPU can go on: the clock did something next, or the execution is another one. */
  advance(state: StateAccess): boolean {
    this.#finishTurn();
    if (this.#at >= this.#turns.length) throw new PeriodOver();
    if (this.#turns[this.#at] !== CLOCK) this.#diverge('no CPU can go on');
    this.#passTime(state);
    return true;
  }

  /** Operations of the current turn, or jiffies. */
  get #length(): number {
    return this.#turns[this.#at + TURN.operations] as number;
  }

  #passTime(state: StateAccess): void {
    this.#clock(this.#length, state);
    this.#at += TURN.size;
  }

  #stepsSoFar(): number {
    const { count, waiting } = this.#running.cpus[this.#cpu] as CpuState;
    return count - this.#count + (waiting === WAIT_NONE ? 0 : 1);
  }

  /** Whether the turn goes on, as it was only stopped so that an observer could look on. */
  #isStopover(): boolean {
    if (this.#cpu < 0 || this.#lookAt === Infinity) return false;
    const left = this.#length - this.#stepsSoFar();
    const isWaiting = this.#running.cpus[this.#cpu]?.waiting !== WAIT_NONE;
    if (left <= 0 || isWaiting || this.operations + this.#stepsSoFar() < this.#lookAt) return false;
    this.#beginToLook();
    this.fuel = left;
    return true;
  }

  #beginToLook(): void {
    this.#lookAt = Infinity;
    this.#look();
  }

  #finishTurn(): void {
    if (this.#isAfterEnd) this.#diverge('what was found when it was recorded is not found');
    if (this.#cpu < 0) return;
    const steps = this.#length;
    const executed = this.#stepsSoFar();
    if (executed < steps) this.#diverge(`it waits after ${executed} of ${steps} operations`);
    if (executed > steps) this.#diverge(`it executes ${executed} operations instead of ${steps}`);
    if ((this.#running.hash | 0) !== this.#turns[this.#at + TURN.hash]) {
      this.#diverge(`one of its ${steps} operations accesses another word, or another value`);
    }
    this.operations += steps;
    this.turns++;
    this.#at += TURN.size;
    this.#cpu = -1;
  }

  #beginTurn(): number {
    if (this.#at >= this.#turns.length) return this.#afterEnd();
    const cpu = this.#turns[this.#at] as number;
    const state = this.#running.cpus[cpu] as CpuState;
    this.#cpu = cpu;
    this.#count = state.count;
    if (!this.#canGoOn(state)) this.#diverge('it cannot go on');
    if (this.operations >= this.#lookAt) this.#beginToLook();
    this.fuel = Math.min(this.#length, this.#lookAt - this.operations);
    return cpu;
  }

  #afterEnd(): number {
    if (this.#endedBy < 0) throw new PeriodOver();
    if (this.#lookAt < Infinity) this.#beginToLook();
    this.#isAfterEnd = true;
    this.fuel = 1;
    return this.#endedBy;
  }

  #canGoOn(state: CpuState): boolean {
    return state.waiting === WAIT_NONE || endsWait(state, this.#running.read(state.waitAddr));
  }

  #diverge(what: string): never {
    const cpu = this.#cpu < 0 ? this.#endedBy : this.#cpu;
    const state = this.#running.cpus[cpu];
    const where = state === undefined ? '' : `CPU ${cpu}, after its operation ${state.count}: `;
    throw new Diverged(
      `turn ${this.turns + 1}, ${this.operations.toLocaleString('en')} operations after it began: ${where}${what}`,
    );
  }

  choose(): number {
    return 0;
  }

  observe(): void {
    // Every turn is given.
  }

  end(): void {
    // Nothing is carried over.
  }
}

/** The observer at the end of a playback. */
export interface Onlooker {
  /** Operations before the end at which it begins to look on. */
  readonly operations: number;
  readonly observer: (execution: Execution, machine: Machine) => Observer;
}

/**
 * Execute a recording.
 *
 * @param prepared the machine that was recorded, as it boots
 * @param onlooker looks on at the last turns of the last period
 */
export function play(prepared: Prepared, playback: Playback, onlooker?: Onlooker): PlayedResult {
  const { periods } = playback;
  const total = { operations: 0, turns: 0 };
  for (const [i, period] of periods.entries()) {
    const isLast = i === periods.length - 1;
    const played = playPeriod(prepared, playback, period, isLast ? onlooker : undefined, isLast);
    total.operations += played.turns.operations;
    total.turns += played.turns.turns;
    const { ended, execution } = played;
    const hash = execution.hash >>> 0;
    if (ended instanceof Diverged) {
      return { finding: undefined, divergence: ended.message, ...total, hash };
    }
    if (ended instanceof InvariantViolated) {
      const { invariant, detail } = ended.finding;
      return { finding: { key: invariant, detail }, divergence: undefined, ...total, hash };
    }
    if (isLast) {
      const finding = playback.findingAtEnd(execution);
      return { finding, divergence: undefined, ...total, hash };
    }
    const next = periods[i + 1]?.image;
    const other =
      next && firstDifference(execution, next.subarray(0, prepared.image.length), playback.ignored);
    if (other !== undefined) {
      const what = `word ${other} (${prepared.machine.map.nameOf(other)}) differs from the snapshot`;
      return { finding: undefined, divergence: what, ...total, hash };
    }
  }
  throw new RangeError('a recording has at least one period');
}

function playPeriod(
  { scenario, machine: booted, image: boot }: Prepared,
  playback: Playback,
  period: PlayedPeriod,
  onlooker: Onlooker | undefined,
  isLast: boolean,
) {
  const { clock, currentOf } = playback;
  const at =
    onlooker === undefined ? Infinity : Math.max(0, operationsOf(period) - onlooker.operations);
  const look = (): void => {
    if (onlooker !== undefined) execution.attach(onlooker.observer(execution, machine));
  };
  const endedBy = isLast ? playback.endedBy : -1;
  const turns = new RecordedTurns(period.turns, clock, endedBy, { at, look });
  const image = period.image ?? boot;
  const current = booted.bodies.map((_, cpu) => image[currentOf(cpu)] ?? 0);
  const machine: Machine = {
    ...withoutBusyTime(booted),
    current,
    advanceTime: (state) => turns.advance(state),
  };
  const execution = new Execution(
    { scenario, machine, image },
    {
      memory: new ScMemory(),
      fencesInteract: false,
      ablation: new Ablation(),
      steps: ENDLESS,
    },
  );
  turns.of(execution);
  const ended = endOf(execution, turns);
  if (!isEnd(ended)) throw ended;
  return { turns, execution, ended };
}

/** Time passes when it was recorded, not by the number of operations. */
function withoutBusyTime(machine: Machine): Machine {
  const copy: { -readonly [K in keyof Machine]: Machine[K] } = { ...machine };
  delete copy.busyTime;
  return copy;
}

/** What the execution throws: there is no other end. */
function endOf(execution: Execution, turns: RecordedTurns): unknown {
  try {
    const reason = execution.run(turns);
    return reason === 'threw'
      ? execution.thrown
      : new Diverged(`the machine comes to its end: ${reason}`);
  } catch (error) {
    return error; // The first turn is given before any code runs.
  }
}

/** Operations of all turns of a period. */
function operationsOf({ turns }: PlayedPeriod): number {
  let sum = 0;
  for (let at = 0; at < turns.length; at += TURN.size) {
    if (turns[at + TURN.cpu] !== CLOCK) sum += turns[at + TURN.operations] as number;
  }
  return sum;
}

const isEnd = (error: unknown): boolean =>
  error instanceof Diverged || error instanceof PeriodOver || error instanceof InvariantViolated;

/** First word in which two memories differ. */
function firstDifference(
  execution: Execution,
  image: Int32Array,
  ignored: Playback['ignored'],
): Addr | undefined {
  for (let addr = 0; addr < image.length; addr++) {
    if (execution.read(addr) === image[addr]) continue;
    if (!ignored.some(([from, to]) => addr >= from && addr < to)) return addr;
  }
  return undefined;
}
