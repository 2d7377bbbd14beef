/** Which step a read took its value from, and which newer store it missed. */

import { EVENT_READ, EVENT_WRITE, type EventLog } from '../../view-machine/log.js';
import type { StepKind } from './recording.js';

/** Where a step's value came from. */
export interface Flow {
  readonly from?: number;
  readonly missed?: number;
}

/** A store: its step, and its position in the coherence order of its word. */
interface Store {
  readonly step: number;
  readonly position: number;
}

/** The parts of a step that are needed. */
interface FlowStep {
  readonly name: string;
  readonly addr: number;
  readonly value: number;
  readonly newest: number;
}

const READS: ReadonlySet<StepKind> = new Set(['read', 'update', 'lock']);
const WRITES: ReadonlySet<StepKind> = new Set(['write', 'update', 'lock', 'unlock']);
/** Accesses that bypass the memory model: they see and make the only value of a word. */
const SUBSTRATE: ReadonlySet<string> = new Set(['get', 'set', 'peek']);

/** Follows the steps of one execution in order. */
export class DataFlow {
  readonly #log: EventLog | undefined;
  /** Step of each event of the log. */
  readonly #stepOf: number[] = [];
  /** Newest store of each word so far. */
  readonly #newest = new Map<number, Store>();
  /** Last substrate store of each word: what the memory then takes for its initial value. */
  readonly #initial = new Map<number, number>();
  #done = 0;

  /** @param log of the view machine; without it, memory is sequentially consistent */
  constructor(log: EventLog | undefined) {
    this.#log = log;
  }

  /**
   * Take the next step.
   *
   * @param logged events in the log when the step was over
   */
  next(index: number, step: FlowStep, kind: StepKind, logged: number): Flow {
    const { addr, name } = step;
    const events = this.#events(index, logged);
    if (addr === 0) return {};
    const newest = this.#newest.get(addr);
    const isSubstrate = SUBSTRATE.has(name);
    let flow: Flow = {};
    if (READS.has(kind) && name !== 'set') {
      const read = isSubstrate ? undefined : events.find((e) => this.#log?.kind[e] === EVENT_READ);
      flow = read === undefined ? { from: newest?.step ?? -1 } : this.#readFrom(addr, read, newest);
    }
    if (this.#stores(step, kind)) {
      const write = events.find((e) => this.#log?.kind[e] === EVENT_WRITE);
      const position = write === undefined ? Infinity : (this.#log?.position[write] ?? Infinity);
      if (isSubstrate) this.#initial.set(addr, index);
      const isNewest = newest === undefined || isSubstrate || newest.position === Infinity;
      if (isNewest || position >= newest.position)
        this.#newest.set(addr, { step: index, position });
    }
    return flow;
  }

  #stores({ name, value, newest }: FlowStep, kind: StepKind): boolean {
    if (!WRITES.has(kind)) return false;
    // A compare-and-exchange or a trylock that failed wrote nothing.
    if (name === 'cmpxchg') return newest !== value;
    if (name === 'spinTrylock') return value === 1;
    return true;
  }

  #events(index: number, logged: number): number[] {
    const events: number[] = [];
    for (; this.#done < logged; this.#done++) {
      this.#stepOf[this.#done] = index;
      events.push(this.#done);
    }
    return events;
  }

  #readFrom(addr: number, event: number, newest: Store | undefined): Flow {
    const source = this.#log?.from[event] ?? -1;
    const position = this.#log?.position[event] ?? 0;
    const from = source < 0 ? (this.#initial.get(addr) ?? -1) : (this.#stepOf[source] ?? -1);
    const isStale = newest !== undefined && newest.step !== from && position < newest.position;
    return isStale ? { from, missed: newest.step } : { from };
  }
}
