/**
 * The memory model of ECMAScript, written down axiom by axiom (ECMA-262, chapter "Memory Model", as repaired in 2020: Watt et al.,
 * "Repairing and mechanising the JavaScript relaxed memory model", PLDI 2020). It judges executions; it knows no machine.
 */

/** Order of an event. */
export type EventOrder = 'init' | 'unordered' | 'seqCst';

/** A shared data block event. */
export interface MemoryEvent {
  /** -1 for the initial contents. */
  readonly agent: number;
  readonly isRead: boolean;
  readonly isWrite: boolean;
  readonly address: number;
  readonly size: number;
  readonly order: EventOrder;
  /** [[NoTear]]. */
  readonly noTear: boolean;
}

/** A candidate execution: events of each agent in the order of the agent. */
export interface Candidate {
  readonly events: readonly MemoryEvent[];
  /** reads-bytes-from: for each event, the writer of each of its bytes; empty for one that does not read. */
  readonly readsBytesFrom: readonly (readonly number[])[];
  /** Pairs of host-synchronizes-with. */
  readonly host: readonly (readonly [number, number])[];
}

/** Names of the axioms. */
export type Axiom = 'valid chosen reads' | 'coherent reads' | 'tear free reads' | 'memory order';

/** Relations as bit masks: bit `j` of entry `i` says that i is related to j. At most 31 events. */
type Relation = number[];

const has = (relation: Relation, i: number, j: number): boolean =>
  ((relation[i] as number) & (1 << j)) !== 0;

function close(relation: Relation): void {
  for (let k = 0; k < relation.length; k++) {
    for (let i = 0; i < relation.length; i++) {
      if (has(relation, i, k)) relation[i] = (relation[i] as number) | (relation[k] as number);
    }
  }
}

function haveEqualRanges(a: MemoryEvent, b: MemoryEvent): boolean {
  return a.address === b.address && a.size === b.size;
}

function overlap(a: MemoryEvent, b: MemoryEvent): boolean {
  return a.address < b.address + b.size && b.address < a.address + a.size;
}

/** The derived relations of a candidate. */
class Derived {
  readonly candidate: Candidate;
  readonly synchronizesWith: Relation;
  readonly happensBefore: Relation;
  /** Pairs (reader, writer) of reads-from. */
  readonly readsFrom: (readonly [number, number])[] = [];

  constructor(candidate: Candidate) {
    this.candidate = candidate;
    const { events, readsBytesFrom, host } = candidate;
    for (const [reader, writers] of readsBytesFrom.entries()) {
      for (const writer of new Set(writers)) this.readsFrom.push([reader, writer]);
    }
    this.synchronizesWith = events.map(() => 0);
    for (const [reader, writer] of this.readsFrom) {
      if (this.#synchronizes(reader, writer)) this.#relate(this.synchronizesWith, writer, reader);
    }
    for (const [from, to] of host) this.#relate(this.synchronizesWith, from, to);
    this.happensBefore = [...this.synchronizesWith];
    for (const [i, a] of events.entries()) {
      for (const [j, b] of events.entries()) {
        const isAgentOrder = i < j && a.agent === b.agent && a.agent >= 0;
        const isInit = a.order === 'init' && i !== j && b.order !== 'init' && overlap(a, b);
        if (isAgentOrder || isInit) this.#relate(this.happensBefore, i, j);
      }
    }
    close(this.happensBefore);
  }

  #relate(relation: Relation, i: number, j: number): void {
    relation[i] = (relation[i] as number) | (1 << j);
  }

  /** An atomic read of an atomic write of its range; a read all of whose bytes are initial. */
  #synchronizes(reader: number, writer: number): boolean {
    const { events, readsBytesFrom } = this.candidate;
    const r = events[reader] as MemoryEvent;
    const w = events[writer] as MemoryEvent;
    if (r.order !== 'seqCst') return false;
    if (w.order === 'seqCst') return haveEqualRanges(r, w);
    return (
      w.order === 'init' &&
      (readsBytesFrom[reader] ?? []).every((from) => events[from]?.order === 'init')
    );
  }
}

/** Every byte is read from an event that writes it, and no event from itself. */
function hasValidChosenReads({ events, readsBytesFrom }: Candidate): boolean {
  return events.every((r, i) => {
    const writers = readsBytesFrom[i] ?? [];
    if (writers.length !== (r.isRead ? r.size : 0)) return false;
    return writers.every((writer, byte) => {
      const w = events[writer];
      const at = r.address + byte;
      return writer !== i && w?.isWrite === true && at >= w.address && at < w.address + w.size;
    });
  });
}

/** No read sees a write that it happens before, nor one that is overwritten before it. */
function hasCoherentReads({ candidate, happensBefore }: Derived): boolean {
  const { events, readsBytesFrom } = candidate;
  return readsBytesFrom.every((writers, reader) =>
    writers.every((writer, byte) => {
      if (has(happensBefore, reader, writer)) return false;
      const at = (events[reader] as MemoryEvent).address + byte;
      return !events.some(
        (v, i) =>
          v.isWrite &&
          i !== reader &&
          at >= v.address &&
          at < v.address + v.size &&
          has(happensBefore, writer, i) &&
          has(happensBefore, i, reader),
      );
    }),
  );
}

/** A tear-free read sees at most one tear-free write of its own range. */
function hasTearFreeReads({ candidate, readsFrom }: Derived): boolean {
  const { events } = candidate;
  const seen = new Map<number, number>();
  return readsFrom.every(([reader, writer]) => {
    const read = events[reader] as MemoryEvent;
    const write = events[writer] as MemoryEvent;
    if (!read.noTear || !write.noTear || !haveEqualRanges(read, write)) return true;
    const other = seen.get(reader);
    seen.set(reader, writer);
    return other === undefined || other === writer;
  });
}

/** Triples W, V, R of which V must not lie between the others in memory order. */
function forbiddenBetween(derived: Derived): (readonly [number, number, number])[] {
  const { candidate, happensBefore: hb, synchronizesWith, readsFrom } = derived;
  const { events } = candidate;
  const triples: (readonly [number, number, number])[] = [];
  for (const [reader, writer] of readsFrom) {
    const read = events[reader] as MemoryEvent;
    const write = events[writer] as MemoryEvent;
    for (const [between, event] of events.entries()) {
      if (!event.isWrite || event.order !== 'seqCst' || between === writer || between === reader)
        continue;
      const first = has(synchronizesWith, writer, reader) && haveEqualRanges(event, read);
      const second =
        has(hb, writer, reader) &&
        has(hb, between, reader) &&
        write.order === 'seqCst' &&
        haveEqualRanges(write, event);
      const third =
        has(hb, writer, reader) &&
        has(hb, writer, between) &&
        read.order === 'seqCst' &&
        haveEqualRanges(event, read);
      if (first || second || third) triples.push([writer, between, reader]);
    }
  }
  return triples;
}

/** Whether an order of all events, given by positions, is a memory order. */
function isMemoryOrder(derived: Derived, position: readonly number[]): boolean {
  const { happensBefore } = derived;
  const at = (i: number): number => position[i] as number;
  for (let i = 0; i < happensBefore.length; i++) {
    for (let j = 0; j < happensBefore.length; j++) {
      if (has(happensBefore, i, j) && at(i) >= at(j)) return false;
    }
  }
  return forbiddenBetween(derived).every(([w, v, r]) => !(at(w) < at(v) && at(v) < at(r)));
}

/** Whether there is a memory order: searched for, event by event. */
function hasMemoryOrder(derived: Derived): boolean {
  const { happensBefore } = derived;
  const n = happensBefore.length;
  const triples = forbiddenBetween(derived);
  const position = new Array<number>(n).fill(-1);
  const before = (j: number): boolean =>
    position.every((p, i) => p >= 0 || i === j || !has(happensBefore, i, j));
  const fits = (j: number): boolean =>
    triples.every(([w, v, r]) => {
      if (r !== j || (position[w] as number) < 0 || (position[v] as number) < 0) return true;
      return (position[v] as number) < (position[w] as number);
    });
  const place = (count: number): boolean => {
    if (count === n) return true;
    for (let j = 0; j < n; j++) {
      if (position[j] !== -1 || !before(j) || !fits(j)) continue;
      position[j] = count;
      if (place(count + 1)) return true;
      position[j] = -1;
    }
    return false;
  };
  return happensBefore.every((_, i) => !has(happensBefore, i, i)) && place(0);
}

/**
 * Judge a candidate execution.
 *
 * @param memoryOrder positions of the events in a memory order that is claimed; left out: one is searched for
 * @returns the first axiom that does not hold, or undefined when the model allows the execution
 */
export function violated(candidate: Candidate, memoryOrder?: readonly number[]): Axiom | undefined {
  if (!hasValidChosenReads(candidate)) return 'valid chosen reads';
  const derived = new Derived(candidate);
  if (!hasCoherentReads(derived)) return 'coherent reads';
  if (!hasTearFreeReads(derived)) return 'tear free reads';
  const ordered =
    memoryOrder === undefined ? hasMemoryOrder(derived) : isMemoryOrder(derived, memoryOrder);
  return ordered ? undefined : 'memory order';
}

/** Whether the union of agent order and reads-from has a cycle: no machine that executes in order shows such an execution. */
export function hasCausalCycle({ events, readsBytesFrom }: Candidate): boolean {
  const relation: Relation = events.map(() => 0);
  for (const [i, a] of events.entries()) {
    for (const [j, b] of events.entries()) {
      if (i < j && a.agent === b.agent && a.agent >= 0)
        relation[i] = (relation[i] as number) | (1 << j);
    }
    for (const writer of readsBytesFrom[i] ?? []) {
      relation[writer] = (relation[writer] as number) | (1 << i);
    }
  }
  close(relation);
  return relation.some((_, i) => has(relation, i, i));
}
