/** The axioms that look at one word at a time, and the accesses of each CPU to each word. */

import { SimulatorBug } from '../../errors.js';
import { EVENT_READ, EVENT_WRITE, type EventLog, ORDER_RMW } from '../log.js';

/** A CPU's accesses of one place, in program order. */
export interface Accesses {
  readonly cpu: number;
  readonly events: number[];
  /** Positions, ascending in a coherent execution. */
  readonly positions: number[];
}

/** Accesses by place; places are numbered densely. */
export class PlaceTable {
  /** Place of each event; -1 for an event that is not an access. */
  readonly placeOf: Int32Array;
  readonly accesses: Accesses[][] = [];
  readonly #numbers = new Map<number, number>();

  constructor(log: EventLog) {
    this.placeOf = new Int32Array(log.length).fill(-1);
    for (let event = 0; event < log.length; event++) {
      const kind = log.kind[event];
      if (kind === EVENT_READ || kind === EVENT_WRITE) this.#add(log, event);
    }
  }

  #add(log: EventLog, event: number): void {
    const name = log.place[event] as number;
    let place = this.#numbers.get(name);
    if (place === undefined) {
      place = this.accesses.length;
      this.#numbers.set(name, place);
      this.accesses.push([]);
    }
    this.placeOf[event] = place;
    const list = this.of(place, log.cpu[event] as number);
    list.events.push(event);
    list.positions.push(log.position[event] as number);
  }

  /** A CPU's accesses of a place. */
  of(place: number, cpu: number): Accesses {
    const lists = this.accesses[place];
    if (lists === undefined) throw new SimulatorBug(`place ${place} is not in the log`);
    let list = lists.find((list) => list.cpu === cpu);
    if (list === undefined) {
      list = { cpu, events: [], positions: [] };
      lists.push(list);
    }
    return list;
  }
}

/** Whether each CPU meets the writes of each word in coherence order, and reads what it says it reads. */
export function isCoherent(log: EventLog, table: PlaceTable): boolean {
  return (
    readsExist(log) && table.accesses.every((lists) => lists.every((list) => ascends(log, list)))
  );
}

function readsExist(log: EventLog): boolean {
  for (let event = 0; event < log.length; event++) {
    const from = log.from[event] as number;
    if (log.kind[event] !== EVENT_READ || from < 0) continue;
    if (from >= event || log.kind[from] !== EVENT_WRITE) return false;
    if (log.place[from] !== log.place[event] || log.value[from] !== log.value[event]) return false;
    if (log.position[from] !== log.position[event]) return false;
  }
  return true;
}

function ascends(log: EventLog, { events, positions }: Accesses): boolean {
  for (let index = 1; index < events.length; index++) {
    const before = positions[index - 1] as number;
    const here = positions[index] as number;
    const isWrite = log.kind[events[index] as number] === EVENT_WRITE;
    if (isWrite ? here <= before : here < before) return false;
  }
  return true;
}

/** Whether no write came between a read-modify-write and the write it took, and no two writes share a position. */
export function isAtomic(log: EventLog, table: PlaceTable): boolean {
  return table.accesses.every((lists) => {
    const writes = lists
      .flatMap((list) => list.events.filter((event) => log.kind[event] === EVENT_WRITE))
      .sort((a, b) => (log.position[a] as number) - (log.position[b] as number));
    return writes.every((write, index) => {
      const previous = writes[index - 1];
      const before = previous === undefined ? -Infinity : (log.position[previous] as number);
      if (before === log.position[write]) return false;
      if (((log.order[write] as number) & ORDER_RMW) === 0) return true;
      const taken = log.position[readOf(log, write)] as number;
      return taken >= before && taken < (log.position[write] as number);
    });
  });
}

/** The read half of a read-modify-write: the access of the CPU right before its write. */
function readOf(log: EventLog, write: number): number {
  let event = write - 1;
  while (log.cpu[event] !== log.cpu[write]) event--;
  return event;
}
