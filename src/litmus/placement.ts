/** The ways one more thread can take part in the coherence order and the reads of one location. */
import type { LocationId } from './ast.js';
import { INITIAL, PENDING, type Candidate } from './candidate.js';
import { EV } from './event.js';

/** One way: the new coherence order, and the sources of the reads it settles. */
export interface Placement {
  readonly location: LocationId;
  readonly co: readonly number[];
  readonly reads: readonly number[];
  /** Source of each of `reads`. */
  readonly sources: readonly number[];
}

/** What the search knows about values. */
export interface PlacementContext {
  readonly candidate: Candidate;
  readonly initial: (location: LocationId) => number;
  /** Keep placements that break coherence or atomicity. */
  readonly incoherent: boolean;
  /** May a thread not placed yet write `value` there? */
  readonly mayComeLater: (location: LocationId, value: number) => boolean;
}

/** Enumerates the placements of the last thread of a candidate at one location. */
export class PlacementFinder {
  readonly #context: PlacementContext;
  readonly #candidate: Candidate;
  readonly #location: LocationId;
  /** Accesses of the location by thread, in program order, without lock reads. */
  readonly #accesses: number[][];
  readonly #newest: number;
  readonly #found: Placement[] = [];
  /** Place of each write in the order being tried; 0 is the initial value. */
  readonly #position: Map<number, number> = new Map<number, number>();
  #order: readonly number[] = [];

  constructor(context: PlacementContext, location: LocationId) {
    this.#context = context;
    this.#candidate = context.candidate;
    this.#location = location;
    this.#newest = this.#candidate.threads.length - 1;
    this.#accesses = this.#candidate.threads.map(({ offset, trace }) =>
      trace.events.flatMap((event, i) => {
        const access = (event.classes & (EV.read | EV.write)) !== 0;
        const lockRead = (event.classes & EV.lockRead) !== 0;
        return access && !lockRead && event.location === location ? [offset + i] : [];
      }),
    );
  }

  /** All coherent placements that keep read-modify-writes atomic and locks exclusive. */
  find(): readonly Placement[] {
    const own = this.#accesses[this.#newest] ?? [];
    const writes = own.filter((e) => this.#candidate.is(e, EV.write));
    const existing = this.#candidate.co[this.#location] ?? [];
    const locks = [...existing, ...writes].some((e) =>
      this.#candidate.is(e, EV.lockWrite | EV.unlock),
    );
    if (!locks)
      this.#merge(
        existing,
        writes.map((w) => [w]),
        [],
      );
    else {
      const sections = this.#sections(own);
      if (sections !== null) this.#merge(existing, sections, []);
    }
    return this.#found;
  }

  /** Critical sections of the newest thread, which enter coherence order whole; null if it would deadlock by itself. */
  #sections(own: readonly number[]): number[][] | null {
    const sections: number[][] = [];
    let held = false;
    for (const e of own) {
      if (this.#candidate.is(e, EV.lockWrite)) {
        if (held) return null;
        held = true;
        sections.push([e]);
      } else if (this.#candidate.is(e, EV.unlock)) {
        if (held) sections.at(-1)?.push(e);
        else sections.push([e]);
        held = false;
      } else if (this.#candidate.is(e, EV.write)) sections.push([e]);
    }
    return sections;
  }

  /** Interleave `groups`, in their order, with the rest of the existing order. */
  #merge(
    existing: readonly number[],
    groups: readonly (readonly number[])[],
    done: readonly number[],
  ): void {
    if (groups.length === 0) {
      this.#try([...done, ...existing]);
      return;
    }
    // Incoherent candidates may order the writes of a thread against program order.
    const choices = this.#context.incoherent ? groups : groups.slice(0, 1);
    for (const group of choices) {
      const rest = groups.filter((other) => other !== group);
      this.#insert(existing, group, rest, done);
    }
  }

  /** Put `group` at every place of the existing order, the others after it. */
  #insert(
    existing: readonly number[],
    group: readonly number[],
    rest: readonly (readonly number[])[],
    done: readonly number[],
  ): void {
    for (let i = 0; i <= existing.length; i++) {
      const before = [...done, ...existing.slice(0, i)];
      const last = before.at(-1);
      const next = existing[i];
      if (next !== undefined && last !== undefined && this.#isPair(last, next)) continue;
      if (last !== undefined && this.#holdsLock(last) && this.#isLock(group[0])) break;
      if (next !== undefined && this.#holdsLock(group.at(-1)) && this.#isLock(next)) continue;
      this.#merge(existing.slice(i), rest, [...before, ...group]);
    }
  }

  #holdsLock(e: number | undefined): boolean {
    return e !== undefined && this.#candidate.is(e, EV.lockWrite);
  }

  #isLock(e: number | undefined): boolean {
    return e !== undefined && this.#candidate.is(e, EV.lockWrite | EV.unlock);
  }

  /** A lock write and the unlock of the same section have nothing between them. */
  #isPair(a: number, b: number): boolean {
    return this.#candidate.is(a, EV.lockWrite) && this.#candidate.is(b, EV.unlock);
  }

  #try(order: readonly number[]): void {
    this.#order = order;
    this.#position.clear();
    order.forEach((write, i) => this.#position.set(write, i + 1));
    const reads: number[] = [];
    this.#accesses.forEach((ofThread, thread) => {
      for (const e of ofThread) {
        if (!this.#candidate.is(e, EV.read)) continue;
        if (thread === this.#newest || this.#candidate.sourceOf(e) === PENDING) reads.push(e);
      }
    });
    this.#choose(reads, []);
  }

  /** Choose sources for `reads` one after the other. */
  #choose(reads: readonly number[], sources: readonly number[]): void {
    const read = reads[sources.length];
    if (read === undefined) {
      if (!this.#context.incoherent && !this.#coherent(reads, sources)) return;
      const location = this.#location;
      this.#found.push({ location, co: this.#order, reads, sources });
      return;
    }
    for (const source of this.#candidates(read)) this.#choose(reads, [...sources, source]);
  }

  /** Writes that `read` may read from now; a read of an earlier thread chose before not to read what was there. */
  #candidates(read: number): number[] {
    const isNew = this.#candidate.threadOf[read] === this.#newest;
    const { value } = this.#candidate.event(read);
    const sources: number[] = [];
    if (isNew && this.#context.initial(this.#location) === value) sources.push(INITIAL);
    for (const write of this.#order) {
      if (this.#candidate.event(write).value !== value) continue;
      if (!isNew && this.#candidate.threadOf[write] !== this.#newest) continue;
      if (this.#mayRead(read, write)) sources.push(write);
    }
    if (this.#context.mayComeLater(this.#location, value)) sources.push(PENDING);
    return sources;
  }

  /** lock.cat lets a "not locked" answer come from other threads only. */
  #mayRead(read: number, write: number): boolean {
    if (!this.#candidate.is(read, EV.isUnlocked)) return true;
    return this.#candidate.threadOf[read] !== this.#candidate.threadOf[write];
  }

  #coherent(reads: readonly number[], sources: readonly number[]): boolean {
    const chosen = new Map(reads.map((read, i) => [read, sources[i] ?? PENDING]));
    return this.#accesses.every((ofThread) => this.#threadCoherent(ofThread, chosen));
  }

  /** acyclic (po-loc | com), thread by thread: places in coherence order never go back along program order. */
  #threadCoherent(accesses: readonly number[], chosen: ReadonlyMap<number, number>): boolean {
    let last = -1;
    let lastWasUnlock = false;
    let previous = PENDING;
    for (const e of accesses) {
      const event = this.#candidate.event(e);
      if ((event.classes & EV.write) !== 0) {
        const position = this.#position.get(e) ?? 0;
        if (2 * position < last) return false;
        if (event.closesRmw && !this.#adjacent(previous, position, event.classes)) return false;
        last = 2 * position;
        lastWasUnlock = (event.classes & EV.unlock) !== 0;
        continue;
      }
      // lock.cat of 6.1 gives this read two sources at once, so no execution has it.
      if (lastWasUnlock && (event.classes & EV.isUnlocked) !== 0) return false;
      previous = chosen.get(e) ?? this.#candidate.sourceOf(e);
      if (previous === PENDING) continue;
      const place = 2 * (previous === INITIAL ? 0 : (this.#position.get(previous) ?? 0)) + 1;
      if (place < last) return false;
      last = place;
    }
    return true;
  }

  /** empty rmw & (fre ; coe): the write follows the source of its read at once. */
  #adjacent(source: number, position: number, classes: number): boolean {
    if ((classes & EV.lockWrite) !== 0 || source === PENDING) return true;
    return position === (source === INITIAL ? 0 : (this.#position.get(source) ?? 0)) + 1;
  }
}
