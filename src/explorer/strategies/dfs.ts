/** Exhaustive strategy: depth-first search over schedules and memory choices, with dynamic partial-order reduction. */

import { CHOOSE_READ, CHOOSE_WRITE } from '../../memory/model.js';
import { dependent, HappensBefore, StepEvent } from '../engine/happens-before.js';
import {
  ACCESS_ALSO_WRITE,
  ACCESS_ATTEMPT,
  ACCESS_NONE,
  ACCESS_PEEK,
  ACCESS_WAITED,
  ACCESS_WRITE,
} from '../engine/operations.js';
import { CHOOSE_SEED, lowest, type Step, type Strategy } from '../engine/strategy.js';

/** Limits of the search; a search that stays within its limits without reaching one is exhaustive. */
export interface DfsBounds {
  /** Switches away from a CPU that could have gone on. Turns the reduction off, which does not respect such a bound. */
  readonly preemptions?: number;
  /** Choices other than 0 that the memory may make in one execution. */
  readonly choices?: number;
  /**
   * A part of the search: the first steps are taken by these CPUs. All parts of one length together are the whole search: an execution
   * that is shorter belongs to the part whose other digits are 0.
   */
  readonly prefix?: { readonly steps: number; readonly index?: number };
}

/** CPUs that take the first steps of a part: the digits of its index, one for each CPU. */
function prefixOf({ prefix }: DfsBounds, cpus: number): readonly number[] {
  const { steps = 0, index = 0 } = prefix ?? {};
  return Array.from({ length: steps }, (_, i) => Math.floor(index / cpus ** i) % cpus);
}

/** A decision in the current execution: who takes a step, or one answer of the memory within that step. */
interface Decision {
  readonly isTurn: boolean;
  /** Turn: the CPU; choice: the value. */
  value: number;
  /** Choice: number of alternatives. */
  readonly n: number;
  /** Turn: CPUs to try, tried, and whose next step is known to lead nowhere new. Bit masks. */
  backtrack: number;
  done: number;
  sleep: number;
  readonly enabled: number;
  /** Turn: number of the step, and the next step of each CPU in `done` or `sleep`. */
  readonly step: number;
  readonly known: (StepEvent | undefined)[];
  /** Preemptions and non-zero choices up to and including this decision. */
  spent: number;
}

/**
 * Source-set dynamic partial-order reduction with sleep sets (Abdulla et al., POPL 2014). Steps are dependent when they
 * access one word and one of them stores, or when both contain a strong fence. The memory's weak answers are branches of
 * their own, left out where an earlier step would have given the same execution.
 */
export class DfsStrategy implements Strategy {
  readonly observes = true;
  readonly restsAlone = false;
  readonly fuel = 1;
  /** Executions cut short because other executions represent them. */
  redundant = 0;
  /** Whether a bound has cut off part of the space. */
  bounded = false;
  readonly #bounds: DfsBounds;
  readonly #cpus: number;
  readonly #order: HappensBefore;
  readonly #decisions: Decision[] = [];
  /** Decisions already taken in the current execution, steps and the step that is open. */
  #at = 0;
  #open: StepEvent | undefined;
  #turn: Decision | undefined;
  #started = false;
  /** Steps up to here were executed before: their races are known. */
  #fresh = 0;
  readonly #races: number[] = [];
  /** The store that the CPU which has just stopped waiting might have missed, or -1. */
  #missed = -1;
  /** For each CPU the word that it is blocked on, or -1. */
  readonly #blockedOn: Int32Array;
  /** CPUs that take the first steps. */
  readonly #prefix: readonly number[];

  constructor(cpus: number, bounds: DfsBounds = {}) {
    this.#cpus = cpus;
    this.#bounds = bounds;
    this.#order = new HappensBefore(cpus);
    this.#blockedOn = new Int32Array(cpus).fill(-1);
    this.#prefix = prefixOf(bounds, cpus);
  }

  /** Whether the execution that has just ended belongs to another part: it was shorter than the prefix. */
  get isElsewhere(): boolean {
    return this.#prefix.slice(this.#order.length).some((cpu) => cpu !== 0);
  }

  begin(): boolean {
    if (this.#started && !this.#backtrack()) return false;
    this.#started = true;
    this.#at = 0;
    this.#turn = undefined;
    this.#open = undefined;
    this.#order.clear();
    this.#blockedOn.fill(-1);
    return true;
  }

  /** Drop exhausted decisions from the end and take the next alternative of the last that has one. */
  #backtrack(): boolean {
    const decisions = this.#decisions;
    for (let last = decisions.at(-1); last !== undefined; last = decisions.at(-1)) {
      if (last.isTurn ? this.#nextTurn(last) : this.#nextChoice(last)) return true;
      decisions.pop();
    }
    return false;
  }

  #nextTurn(turn: Decision): boolean {
    if (turn.step < this.#prefix.length) return false;
    turn.done |= 1 << turn.value;
    const rest = turn.backtrack & ~turn.done & ~turn.sleep;
    if (rest === 0) return false;
    turn.value = lowest(rest);
    this.#fresh = turn.step;
    return true;
  }

  #nextChoice(choice: Decision): boolean {
    if (choice.value + 1 >= choice.n) return false;
    if (choice.value === 0) {
      if (choice.spent >= (this.#bounds.choices ?? Infinity)) {
        this.bounded = true;
        return false;
      }
      choice.spent++;
    }
    choice.value++;
    this.#fresh = choice.step;
    return true;
  }

  next(runnable: number, last: number): number {
    const known = this.#decisions[this.#at];
    const turn = known ?? this.#newTurn(runnable, last);
    if (turn === undefined) {
      this.redundant++;
      return -1;
    }
    this.#at++;
    this.#turn = turn;
    this.#open = this.#order.open(turn.value);
    return turn.value;
  }

  #newTurn(enabled: number, last: number): Decision | undefined {
    const step = this.#order.length;
    const turn: Decision = {
      isTurn: true,
      value: 0,
      n: 0,
      backtrack: 0,
      done: 0,
      sleep: 0,
      enabled,
      step,
      known: new Array<StepEvent | undefined>(this.#cpus),
      spent: 0,
    };
    const reduced = this.#bounds.preemptions === undefined;
    if (reduced && this.#turn) this.#inheritSleep(turn, this.#turn);
    const given = this.#prefix[step];
    const awake = (given === undefined ? enabled : enabled & (1 << given)) & ~turn.sleep;
    if (awake === 0) return undefined;
    turn.value = last >= 0 && (awake & (1 << last)) !== 0 ? last : lowest(awake);
    turn.backtrack = reduced ? 1 << turn.value : this.#withinPreemptions(turn, last);
    if (given !== undefined && (turn.backtrack & (1 << given)) === 0) return undefined;
    this.#fresh = Math.min(this.#fresh, step);
    this.#decisions.push(turn);
    return turn;
  }

  /** CPUs whose next step is independent of the step taken need not be tried after it either. */
  #inheritSleep(turn: Decision, before: Decision): void {
    const taken = this.#order.at(before.step);
    for (let rest = before.sleep | before.done; rest !== 0; rest &= rest - 1) {
      const cpu = lowest(rest);
      const next = before.known[cpu];
      if (cpu === taken.cpu || next === undefined || dependent(next, taken)) continue;
      turn.sleep |= 1 << cpu;
      turn.known[cpu] = next;
    }
  }

  #withinPreemptions(turn: Decision, last: number): number {
    const before = this.#turn;
    const spent = (before?.spent ?? 0) + (this.#isPreemption(before, last) ? 1 : 0);
    turn.spent = spent;
    if (last < 0 || (turn.enabled & (1 << last)) === 0) return turn.enabled;
    if (spent < (this.#bounds.preemptions ?? 0)) return turn.enabled;
    if ((turn.enabled & ~(1 << last)) !== 0) this.bounded = true;
    return 1 << last;
  }

  #isPreemption(turn: Decision | undefined, last: number): boolean {
    const index = turn === undefined ? -1 : turn.step;
    if (index < 1 || turn === undefined) return false;
    const previous = this.#order.at(index - 1).cpu;
    return previous !== last && (turn.enabled & (1 << previous)) !== 0;
  }

  choose(n: number, kind: number, cpu: number, addr: number): number {
    if (kind === CHOOSE_SEED) return 0;
    const isAccess = kind === CHOOSE_READ || kind === CHOOSE_WRITE;
    if (isAccess && this.#bounds.preemptions === undefined) {
      if (!this.#order.knowsStore(cpu, addr)) return 0;
    }
    const known = this.#decisions[this.#at];
    if (known) {
      this.#at++;
      return known.value;
    }
    const spent = this.#spentChoices();
    const step = this.#order.length;
    this.#decisions.push({
      isTurn: false,
      value: 0,
      n,
      backtrack: 0,
      done: 0,
      sleep: 0,
      enabled: 0,
      step,
      known: [],
      spent,
    });
    this.#at++;
    return 0;
  }

  #spentChoices(): number {
    const last = this.#decisions.findLast((d) => !d.isTurn);
    return last?.spent ?? 0;
  }

  observe({ access, addr, also = 0, strong }: Step): void {
    const event = this.#open;
    if (event === undefined) return;
    if (access === ACCESS_ALSO_WRITE) {
      event.accesses.push(ACCESS_WRITE, addr);
      return;
    }
    if (access !== ACCESS_NONE) event.accesses.push(access, addr);
    if (also !== 0) event.accesses.push(access, also);
    if (access === ACCESS_PEEK) return;
    this.#blockedOn[event.cpu] = access === ACCESS_ATTEMPT ? addr : -1;
    if (access === ACCESS_WAITED) this.#missed = this.#couldHaveMissed(event.cpu, addr);
    event.strong ||= strong;
    this.#close(event);
  }

  #close(event: StepEvent): void {
    const index = this.#order.length;
    const turn = this.#turn as Decision;
    this.#races.length = 0;
    const missed = this.#missed;
    this.#missed = -1;
    this.#order.close(this.#races);
    this.#open = undefined;
    turn.known[event.cpu] = copyOf(event);
    if (index < this.#fresh || this.#bounds.preemptions !== undefined) return;
    for (const race of this.#races) this.#reverse(race, index);
    if (missed >= 0) this.#reverse(missed, index);
  }

  /** The last store that a CPU which waited for a word might have missed, or -1. */
  #couldHaveMissed(cpu: number, addr: number): number {
    return this.#order.lastStoreBefore(cpu, addr, (index) => {
      return (this.#turnOf(index).enabled & (1 << cpu)) !== 0;
    });
  }

  #turnOf(step: number): Decision {
    return this.#decisions.find((d) => d.isTurn && d.step === step) as Decision;
  }

  /** Make sure that some execution takes step `last` before step `index`. */
  #reverse(index: number, last: number): void {
    const turn = this.#turnOf(index);
    const initials = this.#order.initials(index, last) & turn.enabled;
    if ((initials & turn.backtrack) !== 0) return;
    const { cpu } = this.#order.at(last);
    if ((initials & (1 << cpu)) !== 0) turn.backtrack |= 1 << cpu;
    else if (initials !== 0) turn.backtrack |= 1 << lowest(initials);
    else turn.backtrack |= turn.enabled;
  }

  /** A CPU that is blocked at the end might have gone on earlier. */
  #releaseBlocked(): void {
    for (let cpu = 0; cpu < this.#cpus; cpu++) {
      const addr = this.#blockedOn[cpu] as number;
      const step = addr < 0 ? -1 : this.#couldHaveMissed(cpu, addr);
      if (step >= 0) this.#turnOf(step).backtrack |= 1 << cpu;
    }
  }

  end(): void {
    if (this.#bounds.preemptions === undefined) this.#releaseBlocked();
    this.#fresh = this.#order.length;
  }
}

function copyOf(event: StepEvent): StepEvent {
  const copy = new StepEvent(event.clock.length);
  copy.clear(event.cpu);
  copy.accesses.push(...event.accesses);
  copy.strong = event.strong;
  return copy;
}
