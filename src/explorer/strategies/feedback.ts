/** Feedback: changes the decisions of executions in which a load read from a store that it had never read from before. */

import { RandomSource } from '../engine/random-source.js';
import { ACCESS_NONE, ACCESS_TRYLOCK, ACCESS_WRITE } from '../engine/operations.js';
import { lowest, type Position, type Step, type Strategy } from '../engine/strategy.js';
import { isWriting } from './profile.js';
import { RandomStrategy } from './random.js';

/** Number of executions kept for mutation. When it is reached, a new one replaces another. */
const MOST_KEPT = 512;
/** Probability that an execution is a changed one, once there is one to change. */
const CHANGING = 0.7;
/** Probability that a decision is left out. */
const DROPPING = 0.1;
/** Most decisions that are added, and the distance of an added decision from an existing one. */
const MOST_ADDED = 3;
const REACH = 64;

/** Decisions by what they are decided about; the numbers of a key stand in a row. */
type Decisions = Map<string, number>;

/** The decisions of an execution that differ from the default ones. */
interface Made {
  readonly switches: Decisions;
  readonly choices: Decisions;
}

const none = (): Made => ({ switches: new Map(), choices: new Map() });

/**
 * Half search, half mutation: an execution that shows a new pair of store and load is kept, and others are made of it by leaving out,
 * moving and adding switches, and by changing answers of the memory. Its state is the search: executions are in their order.
 */
export class FeedbackStrategy implements Strategy {
  readonly observes = true;
  readonly restsAlone = false;
  readonly fuel = 1;
  /** Pairs of store and load seen so far. */
  readonly pairs = new Set<string>();
  readonly #seed: number;
  readonly #random = new RandomSource();
  readonly #fresh: RandomStrategy;
  readonly #kept: Made[] = [];
  #made = none();
  /** Decisions to make; undefined: a new execution, drawn at random. */
  #wanted: Made | undefined;
  #isNew = false;
  #left = 0;
  #answer = 0;
  /** The last store of each word, and numbers of stores and loads, in this execution. */
  readonly #stores = new Map<number, string>();
  readonly #counts = new Map<string, number>();

  constructor(seed: number) {
    this.#seed = seed;
    this.#fresh = new RandomStrategy(seed);
  }

  begin(run: number): boolean {
    const random = this.#random;
    this.#fresh.begin(run);
    random.seed(this.#seed ^ 0x6d75, run);
    this.#made = none();
    this.#isNew = false;
    this.#left = this.#answer = 0;
    this.#stores.clear();
    this.#counts.clear();
    const isChanged = this.#kept.length > 0 && random.chance(CHANGING);
    this.#wanted = isChanged ? this.#changed() : undefined;
    return true;
  }

  /** One of the executions kept, changed. */
  #changed(): Made {
    const random = this.#random;
    const from = this.#kept[random.below(this.#kept.length)] as Made;
    const keep = (decisions: Decisions): Decisions =>
      new Map([...decisions].filter(() => !random.chance(DROPPING)));
    const changed = { switches: keep(from.switches), choices: keep(from.choices) };
    for (let i = random.below(MOST_ADDED + 1); i > 0; i--) this.#add(changed.switches, from);
    for (const [key, value] of changed.choices) {
      if (random.chance(DROPPING)) changed.choices.set(key, random.below(value + 2));
    }
    return changed;
  }

  /** Add a switch near one that was made. */
  #add(switches: Decisions, { switches: made }: Made): void {
    const random = this.#random;
    const places = [...made.keys()];
    const [cpu = '0', at = '0'] = (places[random.below(places.length)] ?? '0 0').split(' ');
    // A position is a multiple of four, except where a CPU waits.
    const moved = Number(at) + 4 * (random.below(2 * REACH + 1) - REACH);
    const targets = [...made.values()];
    switches.set(`${cpu} ${moved}`, targets[random.below(targets.length)] ?? 0);
  }

  next(runnable: number, last: number, cpus: readonly Position[]): number {
    const goesOn = last >= 0 && (runnable & (1 << last)) !== 0;
    const otherwise = goesOn ? last : lowest(runnable);
    const key = `${last} ${cpus[last]?.decidedAt ?? 0}`;
    const cpu =
      this.#wanted === undefined ? this.#draw(runnable, last) : this.#follow(key, runnable);
    const chosen = cpu < 0 ? otherwise : cpu;
    if (chosen !== otherwise) this.#made.switches.set(key, chosen);
    return chosen;
  }

  #follow(key: string, runnable: number): number {
    const to = this.#wanted?.switches.get(key) ?? -1;
    return to >= 0 && (runnable & (1 << to)) !== 0 ? to : -1;
  }

  /** Answers like the random strategy, which is asked when the turn that it gave is over. */
  #draw(runnable: number, last: number): number {
    const goesOn = last >= 0 && (runnable & (1 << last)) !== 0;
    if (goesOn && --this.#left > 0) return last;
    const cpu = this.#fresh.next(runnable, last);
    this.#left = this.#fresh.fuel;
    return cpu;
  }

  choose(n: number, kind: number, cpu: number, _addr: number, step: number, index: number): number {
    const key = `${cpu} ${step} ${index}`;
    const value =
      this.#wanted === undefined
        ? this.#fresh.choose(n, kind)
        : Math.min(this.#wanted.choices.get(key) ?? 0, n - 1);
    if (value !== 0) this.#made.choices.set(key, value);
    this.#answer = value;
    return value;
  }

  observe({ cpu, access, addr }: Step): void {
    if (access === ACCESS_NONE) return;
    const number = this.#count(`${addr} ${cpu} ${access}`);
    if (!isWriting(access) || access === ACCESS_WRITE || access === ACCESS_TRYLOCK) {
      const pair = `${addr} ${this.#stores.get(addr) ?? '-'} ${this.#answer} ${cpu} ${number}`;
      if (!this.pairs.has(pair)) {
        this.pairs.add(pair);
        this.#isNew = true;
      }
    }
    if (isWriting(access)) this.#stores.set(addr, `${cpu} ${number}`);
    this.#answer = 0;
  }

  /** How often this has been seen in this execution. */
  #count(what: string): number {
    const number = (this.#counts.get(what) ?? 0) + 1;
    this.#counts.set(what, number);
    return number;
  }

  end(): void {
    if (!this.#isNew) return;
    if (this.#kept.length < MOST_KEPT) this.#kept.push(this.#made);
    else this.#kept[this.#random.below(MOST_KEPT)] = this.#made;
  }
}
