/** What a scenario's CPUs share, learnt from a few executions: which words matter to the order of operations, and how often. */

import { CHOOSE_READ } from '../../memory/model.js';
import type { Explorable } from '../engine/explorable.js';
import {
  ACCESS_ALSO_WRITE,
  ACCESS_LOCK,
  ACCESS_NONE,
  ACCESS_PEEK,
  ACCESS_READ,
  ACCESS_TRYLOCK,
  ACCESS_WRITE,
} from '../engine/operations.js';
import { RandomSource } from '../engine/random-source.js';
import { countOf, nth, type Position, type Step, type Strategy } from '../engine/strategy.js';
import { Weakness } from '../engine/weakness.js';

/** Executions that are looked at. */
const LOOKS = 12;
/** Seed of what they draw: the same profile whatever the user's seed is. */
const LOOK_SEED = 0x5eed;
/** Probability that another CPU goes on after an operation. */
const SWITCHING = 0.03;

/** A word that several CPUs access and one writes. */
export interface SharedWord {
  readonly addr: number;
  /** It is locked and unlocked. */
  readonly isLock: boolean;
  /** Operations on it in one execution, on average, by CPU. */
  readonly counts: readonly number[];
}

/** One access. */
export interface Access {
  readonly addr: number;
  readonly writes: boolean;
}

/** What a few executions showed. */
export interface Profile {
  readonly cpus: number;
  /** Words that several CPUs access and one writes, by address. */
  readonly shared: readonly SharedWord[];
  /** For each CPU, by its position, the access that it executed next when it was first seen there. */
  readonly next: readonly ReadonlyMap<number, Access>[];
  /** Loads of one execution that had more than one answer, on average. */
  readonly reads: number;
}

interface Seen {
  readonly counts: number[];
  users: number;
  writers: number;
  isLock: boolean;
}

/** Whether an access stores. */
export function isWriting(access: number): boolean {
  return access !== ACCESS_NONE && access !== ACCESS_READ && access !== ACCESS_PEEK;
}

/** Watches every access of a few random executions. */
class Looking implements Strategy {
  readonly fuel = 1;
  readonly observes = true;
  readonly restsAlone = false;
  readonly seen = new Map<number, Seen>();
  readonly following: Map<number, Access>[];
  reads = 0;
  readonly #random = new RandomSource();
  readonly #weakness = new Weakness(this.#random);
  readonly #at: number[];

  constructor(cpus: number) {
    this.#at = Array.from({ length: cpus }, () => 0);
    this.following = this.#at.map(() => new Map<number, Access>());
  }

  begin(run: number): boolean {
    this.#random.seed(LOOK_SEED, run);
    this.#weakness.draw();
    this.#at.fill(0);
    return true;
  }

  next(runnable: number, last: number, cpus: readonly Position[]): number {
    if (last >= 0) this.#at[last] = cpus[last]?.decidedAt ?? 0;
    const goesOn = last >= 0 && (runnable & (1 << last)) !== 0;
    if (goesOn && !this.#random.chance(SWITCHING)) return last;
    return nth(runnable, this.#random.below(countOf(runnable)));
  }

  choose(n: number, kind: number): number {
    if (kind === CHOOSE_READ) this.reads++;
    return this.#weakness.choose(n, kind);
  }

  observe({ cpu, access, addr }: Step): void {
    if (access === ACCESS_NONE || access === ACCESS_PEEK || access === ACCESS_ALSO_WRITE) return;
    const word = this.#word(addr);
    word.counts[cpu] = (word.counts[cpu] ?? 0) + 1;
    word.users |= 1 << cpu;
    if (access === ACCESS_LOCK) word.isLock = true;
    if (access === ACCESS_WRITE || access === ACCESS_LOCK || access === ACCESS_TRYLOCK) {
      word.writers |= 1 << cpu;
    }
    const known = this.following[cpu];
    const at = this.#at[cpu] ?? 0;
    if (known?.has(at) === false) known.set(at, { addr, writes: isWriting(access) });
  }

  #word(addr: number): Seen {
    const known = this.seen.get(addr);
    if (known !== undefined) return known;
    const word = { counts: this.#at.map(() => 0), users: 0, writers: 0, isLock: false };
    this.seen.set(addr, word);
    return word;
  }

  end(): void {
    // What was seen is kept.
  }
}

/**
 * Learn what the CPUs of a scenario share. Equal for equal scenarios, whatever the seed.
 *
 * @param words number of words of the memory; what has an address above is no word
 */
export function profileOf(session: Explorable, words: number): Profile {
  const cpus = session.execution.cpus.length;
  const looking = new Looking(cpus);
  for (let run = 0; run < LOOKS; run++) {
    looking.begin(run);
    session.execute(looking);
  }
  const shared = [...looking.seen]
    .filter(([addr, { users, writers }]) => addr < words && countOf(users) > 1 && writers !== 0)
    .map(([addr, { counts, isLock }]) => {
      return { addr, isLock, counts: counts.map((count) => count / LOOKS) };
    })
    .sort((a, b) => a.addr - b.addr);
  return { cpus, shared, next: looking.following, reads: looking.reads / LOOKS };
}
