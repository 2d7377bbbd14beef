/**
 * Classes of local states that behave alike: they ask for the same, and equal answers lead to states of one class. What
 * a CPU has seen before then makes no difference. The classes are made from what is known when a search begins. If a
 * state of a class later gets an answer that was not known, the other states of the class get it too before the search
 * may end, and must behave in the same way.
 */

import { HashMap, mix, mixAgain } from './hash.js';
import type { SearchRule } from './rules.js';

/** What classes are made from. */
export interface Behaviour {
  readonly size: number;
  /** Two halves of a hash of what a state asks for, and of all else that others see of it. */
  label(state: number, half: 0 | 1): number;
  eachNext(state: number, visit: (answer: number, next: number) => void): void;
}

/** A graph that can be added to. */
export interface Completable extends Behaviour {
  /** The state that an answer leads to; negative if it was never given. */
  next(state: number, answer: number): number;
  /** Execute code on from a state with an answer that was never given before, as the code in `guide` goes on. */
  complete(state: number, answer: number, guide: number): number;
  /** Whether two states ask for the same. */
  asksAlike(one: number, other: number): boolean;
}

/** Classes, as plain data. */
export interface SavedClasses {
  readonly extended: readonly number[];
  readonly first: Int32Array;
  readonly members: Int32Array;
}

/** The class of each local state. */
export class LocalClasses {
  /** States of a class that got an answer which was not known when the classes were made. */
  #extended: number[] = [];
  /** The first state of each state's class, for those that were known when classes were made. */
  #first = new Int32Array(0);
  #members = new Int32Array(0);
  readonly #broken: SearchRule | undefined;

  /** @param broken a rule whose condition is ignored: for tests only */
  constructor(broken?: SearchRule) {
    this.#broken = broken;
  }

  save(): SavedClasses {
    return { extended: this.#extended, first: this.#first, members: this.#members };
  }
  load({ extended, first, members }: SavedClasses): void {
    this.#extended = [...extended];
    this.#first = first.slice();
    this.#members = members.slice();
  }

  /** The first state of the class of a state. */
  of(state: number): number {
    return state < this.#first.length ? (this.#first[state] as number) : state;
  }

  /** A state leads to another by an answer that it was not known to be given. */
  linked(state: number): void {
    if (state >= this.#first.length) return;
    if ((this.#members[this.of(state)] as number) > 1) this.#extended.push(state);
  }

  /** Whether states of a class were given an answer that others of it were not. */
  get isOpen(): boolean {
    return this.#extended.length > 0;
  }

  /** Give all states of a class the answers that one of them was given, and so on. */
  complete(graph: Completable): void {
    const membersOf = this.#membersOf();
    const pairs = new Pairs(graph);
    for (let state = this.#extended.pop(); state !== undefined; state = this.#extended.pop()) {
      for (const member of membersOf.get(this.of(state)) ?? []) pairs.align(state, member);
    }
  }

  #membersOf(): Map<number, number[]> {
    const membersOf = new Map<number, number[]>();
    for (const state of this.#extended) membersOf.set(this.of(state), []);
    for (let state = 0; state < this.#first.length; state++) {
      membersOf.get(this.of(state))?.push(state);
    }
    return membersOf;
  }

  /**
   * Make classes of all that is known.
   *
   * @returns whether states that were of one class still are
   */
  rebuild(graph: Behaviour): boolean {
    const before = this.#first;
    const numbers = this.#broken === 'R-13' ? byLabel(graph) : stable(graph, initial(graph));
    const firstOf = new Map<number, number>();
    this.#first = new Int32Array(graph.size);
    this.#members = new Int32Array(graph.size);
    this.#extended = [];
    let areWhole = true;
    for (let state = 0; state < graph.size; state++) {
      const number = numbers[state] as number;
      if (!firstOf.has(number)) firstOf.set(number, state);
      const first = firstOf.get(number) as number;
      this.#first[state] = first;
      this.#members[first] = (this.#members[first] as number) + 1;
      if (state < before.length && this.of(before[state] as number) !== first) areWhole = false;
    }
    return areWhole;
  }
}

/** Pieces of code executed in one go to see that states behave alike; states that are left over count as different. */
const MOST_COMPLETED = 5000;

/** Goes along the ways of states that are to behave alike. */
class Pairs {
  readonly #graph: Completable;
  readonly #seen = new Set<number>();
  readonly #pairs: [number, number][] = [];
  #completed = 0;

  constructor(graph: Completable) {
    this.#graph = graph;
  }

  /** Give each of two states the answers that the other was given, as long as they ask for the same. */
  align(one: number, other: number): void {
    this.#pairs.push([one, other]);
    for (let pair = this.#pairs.pop(); pair !== undefined; pair = this.#pairs.pop()) {
      this.#follow(...pair);
      this.#follow(pair[1], pair[0]);
    }
  }

  #follow(from: number, to: number): void {
    const key = from * 2 ** 26 + to;
    if (from === to || this.#seen.has(key)) return;
    this.#seen.add(key);
    const graph = this.#graph;
    const answers: [number, number][] = [];
    graph.eachNext(from, (answer, next) => void answers.push([answer, next]));
    for (const [answer, next] of answers) {
      const known = graph.next(to, answer);
      if (known < 0 && ++this.#completed > MOST_COMPLETED) return;
      const reached = known >= 0 ? known : graph.complete(to, answer, next);
      if (reached !== next && graph.asksAlike(next, reached)) this.#pairs.push([next, reached]);
    }
  }
}

/** Numbers classes by 64-bit hashes. */
class Numbering {
  #hashes = new HashMap();
  #count = 0;

  get count(): number {
    return this.#count;
  }

  numberOf(low: number, high: number): number {
    const known = this.#hashes.get(low, high);
    if (known !== undefined) return known;
    this.#hashes.add(low, high, this.#count);
    return this.#count++;
  }
}

/** Hash of a state's label and the classes that its answers lead to, whatever the order of its answers. */
function signature(
  graph: Behaviour,
  state: number,
  label: (half: 0 | 1) => number,
  of: (next: number, half: 0 | 1) => number,
): [number, number] {
  let [low, high] = [0, 0];
  graph.eachNext(state, (answer, next) => {
    low = (low + mix(answer, of(next, 0))) | 0;
    high = (high + mixAgain(answer, of(next, 1))) | 0;
  });
  return [mix(label(0), low), mixAgain(label(1), high)];
}

/**
 * A partition to begin with: states whose ways on look alike up to where a way comes round again. Successors come first, so
 * that one pass is enough.
 */
function initial(graph: Behaviour): Int32Array {
  const low = new Int32Array(graph.size);
  const high = new Int32Array(graph.size);
  const done = new Uint8Array(graph.size);
  const hashOf = (next: number, half: 0 | 1): number => {
    if (done[next] !== DONE) return graph.label(next, half);
    return (half === 0 ? low[next] : high[next]) as number;
  };
  const stack: number[] = [];
  for (let root = 0; root < graph.size; root++) {
    stack.push(root);
    while (stack.length > 0) {
      const state = stack.at(-1) as number;
      if (done[state] === UNSEEN) {
        done[state] = OPEN;
        graph.eachNext(state, (_, next) => {
          if (done[next] === UNSEEN) stack.push(next);
        });
        continue;
      }
      stack.pop();
      if (done[state] === DONE) continue;
      const [a, b] = signature(graph, state, (half) => graph.label(state, half), hashOf);
      low[state] = a;
      high[state] = b;
      done[state] = DONE;
    }
  }
  const numbering = new Numbering();
  return Int32Array.from(low, (a, state) => numbering.numberOf(a, high[state] as number));
}

/** What states ask for, whatever comes after. */
function byLabel(graph: Behaviour): Int32Array {
  const numbering = new Numbering();
  return Int32Array.from({ length: graph.size }, (_, state) =>
    numbering.numberOf(graph.label(state, 0), graph.label(state, 1)),
  );
}

const UNSEEN = 0;
const OPEN = 1;
const DONE = 2;

/** Split classes until equal answers lead to one class from all states of a class. */
function stable(graph: Behaviour, first: Int32Array): Int32Array {
  let numbers = first;
  let count = new Set(numbers).size;
  for (;;) {
    const before = numbers;
    const numbering = new Numbering();
    numbers = before.map((number, state) => {
      const [low, high] = signature(
        graph,
        state,
        () => number,
        (next) => before[next] as number,
      );
      return numbering.numberOf(low, high);
    });
    if (numbering.count === count) return numbers;
    count = numbering.count;
  }
}
