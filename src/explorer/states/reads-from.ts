/**
 * Counts the classes of executions of a small program under sequentially consistent memory: two executions are of one class if
 * every read reads from the same write in both, whatever the order of everything else. Optionally, code that does the same on
 * words of its own is interchangeable: classes that differ in the names of such CPUs and their words are one.
 */

import type { Addr } from '../../memory/struct.js';
import type { Prepared } from '../engine/prepared.js';
import { Ablation } from '../../memory/sites.js';
import { accesses, dependsOn, writes } from './accesses.js';
import { GlobalState } from './global-state.js';

/** CPUs that execute the same code, each on words of its own; the lists of words are of one length. */
export interface Symmetry {
  readonly cpus: readonly number[];
  readonly words: readonly (readonly Addr[])[];
}

/**
 * An access of a word, given by its CPU and its index among the accesses of that CPU to the word. A write by no CPU is
 * the initial value.
 */
interface Access {
  readonly cpu: number;
  readonly addr: Addr;
  readonly n: number;
}

/** What an execution has done so far. */
interface History {
  readonly pairs: readonly (readonly [Access, Access])[];
  readonly writers: ReadonlyMap<Addr, Access>;
  readonly counts: ReadonlyMap<string, number>;
}

const nameOf = ({ cpu, addr, n }: Access): string => `${cpu}:${addr}:${n}`;

/** Searches all executions, up to the order of steps that do not depend on each other. */
class ClassSearch {
  readonly classes = new Set<string>();
  readonly #state: GlobalState;
  readonly #renamings: readonly Renaming[];
  readonly #seen = new Set<string>();
  #history: History = { pairs: [], writers: new Map(), counts: new Map() };

  constructor(prepared: Prepared, renamings: readonly Renaming[]) {
    this.#renamings = renamings;
    this.#state = new GlobalState(prepared, { ablation: new Ablation(), keepsEvents: false });
    this.#state.conflicts.onAccess = (cpu, state) => {
      this.#note(cpu, state);
    };
  }

  /** Search, again as long as something that the search relied on turns out to be wrong. */
  run(): void {
    const state = this.#state;
    let shared: number;
    do {
      this.classes.clear();
      this.#seen.clear();
      this.#history = { pairs: [], writers: new Map(), counts: new Map() };
      shared = state.sharing.surprises;
      state.rebuild();
      state.start();
      this.#visit();
    } while (state.surprises > 0 || state.sharing.surprises !== shared);
  }

  #note(cpu: number, state: number): void {
    const { local } = this.#state;
    const kind = local.kind(state);
    if (!accesses(kind)) return;
    const addr = local.addr(state);
    const { pairs, writers, counts } = this.#history;
    const key = `${cpu}:${addr}`;
    const n = (counts.get(key) ?? 0) + 1;
    const access = { cpu, addr, n };
    const source = writers.get(addr) ?? { cpu: -1, addr, n: 0 };
    this.#history = {
      pairs: dependsOn(kind) ? [...pairs, [access, source]] : pairs,
      writers: writes(kind) ? new Map(writers).set(addr, access) : writers,
      counts: new Map(counts).set(key, n),
    };
  }

  #settle(): void {
    const state = this.#state;
    for (let cpu = 0; cpu < state.cpuCount; cpu++) {
      while (state.canGoOn(cpu) && !state.mayFail(cpu)) {
        const [mark, history] = [state.mark(), this.#history];
        if (!state.step(cpu)) continue;
        state.restore(mark);
        this.#history = history;
        break;
      }
    }
  }

  #visit(): void {
    this.#settle();
    const state = this.#state;
    const { pairs, writers } = this.#history;
    const last = [...writers.values()].map(nameOf).sort().join();
    const key = [...state.at, this.#keyOf(pairs, IDENTITY), last].join(';');
    if (this.#seen.has(key)) return;
    this.#seen.add(key);
    const [mark, history] = [state.mark(), this.#history];
    let isOver = true;
    for (let cpu = 0; cpu < state.cpuCount; cpu++) {
      if (!state.canGoOn(cpu)) continue;
      isOver = false;
      for (const fails of state.mayFail(cpu) ? [false, true] : [false]) {
        state.step(cpu, fails);
        this.#visit();
        state.restore(mark);
        this.#history = history;
      }
    }
    if (isOver) this.#end(pairs);
  }

  #end(pairs: History['pairs']): void {
    const keys = this.#renamings.map((renaming) => this.#keyOf(pairs, renaming));
    this.classes.add(keys.sort()[0] ?? '');
  }

  #keyOf(pairs: History['pairs'], { cpus, words }: Renaming): string {
    const renamed = ({ cpu, addr, n }: Access): string =>
      `${cpus.get(cpu) ?? cpu}:${words.get(addr) ?? addr}:${n}`;
    return pairs
      .map(([read, write]) => `${renamed(read)}<${renamed(write)}`)
      .sort()
      .join();
  }
}

/** Other names for CPUs and words; what is not in it keeps its own. */
interface Renaming {
  readonly cpus: ReadonlyMap<number, number>;
  readonly words: ReadonlyMap<Addr, Addr>;
}

const IDENTITY: Renaming = { cpus: new Map(), words: new Map() };

/** Every order of the numbers below `n`. */
function orders(n: number): number[][] {
  if (n === 0) return [[]];
  return orders(n - 1).flatMap((order) =>
    Array.from({ length: n }, (_, at) => [...order.slice(0, at), n - 1, ...order.slice(at)]),
  );
}

function renamingsOf({ cpus, words }: Symmetry): Renaming[] {
  return orders(cpus.length).map((order) => ({
    cpus: new Map(order.map((to, from) => [cpus[from] as number, cpus[to] as number])),
    words: new Map(
      order.flatMap((to, from) =>
        (words[from] ?? []).map((addr, i): [Addr, Addr] => [addr, words[to]?.[i] as Addr]),
      ),
    ),
  }));
}

/**
 * Count the classes of executions of a program. Its words are taken as wholes: operations on single bits that do not depend on
 * each other are not told apart by their order.
 */
export function countClasses(prepared: Prepared, symmetry?: Symmetry): number {
  const search = new ClassSearch(
    prepared,
    symmetry === undefined ? [IDENTITY] : renamingsOf(symmetry),
  );
  search.run();
  return search.classes.size;
}
