/**
 * Finds the part of a machine's state that can still matter: messages that may be read, and accesses that bind what is
 * not bound anyway.
 */

import type { Location, Message } from '../location.js';
import type { Processor } from '../processor.js';
import type { MachineState } from '../state.js';
import { AFTER_ALL, type Entry, HAS_VIEW } from '../window.js';
import type { Outlook } from './outlook.js';
import { Ranks } from './ranks.js';
import type { FlatView } from '../sparse-view.js';

/** Looks through one state of a machine after another. */
export class Survey {
  readonly ranks: Ranks;
  /** CPUs that may still load, or store to, a location: bit masks by location id. */
  readonly readers: number[] = [];
  readonly writers: number[] = [];
  /** CPUs with a kept access in their window, by location id. */
  readonly windows: number[] = [];
  /** Index of the first message that is kept, by location id. */
  readonly first: number[] = [];
  /** Location ids by address, and the place of each there. */
  readonly order: number[] = [];
  readonly places: number[] = [];
  /** 1 for locations that are only locked and unlocked, by location id. */
  readonly #locks: number[] = [];
  /** 1 for each entry of a CPU's window that is kept. */
  readonly kept: Uint8Array[] = [];
  readonly #machine: MachineState;
  readonly #broken: string | undefined;

  /** @param broken a rule whose condition is ignored: for tests only */
  constructor(machine: MachineState, broken?: string) {
    this.#machine = machine;
    this.#broken = broken;
    this.ranks = new Ranks(broken === 'R-21');
    for (const { window } of machine.processors) {
      this.kept.push(new Uint8Array(window.count + machine.options.windowCap + 1));
    }
  }

  /** Look at the state that the machine is in. */
  take(outlook: Outlook): void {
    const machine = this.#machine;
    const { used, locations } = machine;
    this.order.length = 0;
    for (let id = 1; id <= used; id++) {
      const { addr } = locations[id] as Location;
      this.readers[id] = outlook.readers(addr);
      this.writers[id] = outlook.writers(addr);
      this.#locks[id] = outlook.isLock(addr) ? 1 : 0;
      this.order.push(id);
    }
    this.order.sort((a, b) => (locations[a] as Location).addr - (locations[b] as Location).addr);
    for (let i = 0; i < used; i++) this.places[this.order[i] as number] = i;
    for (const { id, window } of machine.processors) {
      (this.kept[id] as Uint8Array).fill(1, 0, window.count);
    }
    this.#countWindows();
    while (this.#dropEntries()) this.#countWindows();
    this.ranks.clear(used);
    for (let id = 1; id <= used; id++) this.#rank(id, locations[id] as Location);
  }

  #countWindows(): void {
    const { processors, used } = this.#machine;
    for (let id = 1; id <= used; id++) this.windows[id] = 0;
    for (const { id: cpu, window } of processors) {
      for (let i = 0; i < window.count; i++) {
        if (!this.keeps(cpu, i)) continue;
        const at = window.entry(i).location;
        this.windows[at] = (this.windows[at] as number) | (1 << cpu);
      }
    }
  }

  /** Whether an entry of a CPU's window is kept. */
  keeps(cpu: number, i: number): boolean {
    return (this.kept[cpu] as Uint8Array)[i] === 1;
  }

  /** Whether what a CPU knows of a location binds an access that it may still make, or one that others may still overtake. */
  concerns(cpu: number, id: number): boolean {
    const all =
      (this.readers[id] as number) | (this.writers[id] as number) | (this.windows[id] as number);
    return ((all >> cpu) & 1) !== 0;
  }

  /** Whether knowledge of a location may still matter to a CPU. */
  concernsAny(id: number): boolean {
    const all =
      (this.readers[id] as number) | (this.writers[id] as number) | (this.windows[id] as number);
    return all !== 0;
  }

  /** Position below which a CPU will read no message of a location. */
  readBound({ readBound, readTime }: Processor, id: number): number {
    return Math.max(readBound[id] as number, this.#machine.global.at(id, readTime));
  }

  /** Position below which a CPU will write no message of a location. */
  writeBound({ writeBound, writeTime }: Processor, id: number): number {
    return Math.max(writeBound[id] as number, this.#machine.global.at(id, writeTime));
  }

  /** Whether no position of a location is told apart from another: it is only locked and unlocked. */
  #isFree(id: number): boolean {
    return this.#locks[id] === 1 && this.windows[id] === 0;
  }

  /** Whether a CPU has to respect a position of a location in all it will do, whatever else it learns. */
  isRespected(cpu: Processor, id: number, position: number): boolean {
    if (!this.concerns(cpu.id, id) || this.#isFree(id)) return true;
    if (Math.min(this.readBound(cpu, id), this.writeBound(cpu, id)) >= position) return true;
    if ((cpu.coherence[id] as number) < position) return false;
    return !this.#hasBelow(cpu, id, position);
  }

  /** Whether a CPU's window has an access of a location below a position. */
  #hasBelow({ id: cpu, window }: Processor, id: number, position: number): boolean {
    if ((((this.windows[id] as number) >> cpu) & 1) === 0) return false;
    for (let i = 0; i < window.count; i++) {
      const entry = window.entry(i);
      if (entry.location === id && entry.position < position && this.keeps(cpu, i)) return true;
    }
    return false;
  }

  #respects(cpu: Processor, view: FlatView): boolean {
    for (let i = 0; i < view.length; i += 2) {
      if (!this.isRespected(cpu, view[i] as number, view[i + 1] as number)) return false;
    }
    return true;
  }

  /** Drop accesses after which nothing has to come that does not come after them anyway. Returns whether there were any. */
  #dropEntries(): boolean {
    let isAny = false;
    for (const cpu of this.#machine.processors) {
      const kept = this.kept[cpu.id] as Uint8Array;
      let isFirst = true;
      for (let i = 0; i < cpu.window.count; i++) {
        if (kept[i] === 0) continue;
        const entry = cpu.window.entry(i);
        const isAfterOthers = (entry.flags & AFTER_ALL) !== 0 && !isFirst;
        if (!isAfterOthers && this.#isRespectedEntry(cpu, entry)) {
          kept[i] = 0;
          isAny = true;
        } else isFirst = false;
      }
    }
    return isAny;
  }

  #isRespectedEntry(cpu: Processor, entry: Entry): boolean {
    if (this.#broken === 'R-22') return true;
    if (entry.boundTime > Math.min(cpu.readTime, cpu.writeTime)) return false;
    if (!this.#respects(cpu, entry.extra)) return false;
    if ((entry.flags & HAS_VIEW) === 0) return true;
    return this.#respects(cpu, entry.view) && this.isRespected(cpu, entry.location, entry.position);
  }

  /** Find the messages of a location that are kept, and its thresholds. */
  #rank(id: number, location: Location): void {
    if (this.#isFree(id)) {
      this.first[id] = location.count - 1;
      return;
    }
    const floor = this.#broken === 'R-20' ? Infinity : this.#floor(id);
    let first = location.count - 1;
    while (first > 0 && location.at(first).position > floor) first--;
    this.first[id] = first;
    const { ranks } = this;
    const mask = this.windows[id] as number;
    for (const { id: cpu, window } of mask === 0 ? [] : this.#machine.processors) {
      if (((mask >> cpu) & 1) === 0) continue;
      for (let i = 0; i < window.count; i++) {
        const entry = window.entry(i);
        if (entry.location === id && this.keeps(cpu, i)) ranks.add(id, entry.position);
      }
    }
    if (((this.readers[id] as number) | (this.writers[id] as number)) === 0) return;
    ranks.base[id] = ranks.of(id, location.at(first).position);
    for (let i = first; i < location.count; i++) ranks.add(id, location.at(i).position);
  }

  /** Position below which no CPU will read or write. */
  #floor(id: number): number {
    let floor = Infinity;
    for (const cpu of this.#machine.processors) {
      const bit = 1 << cpu.id;
      if (((this.readers[id] as number) & bit) !== 0) {
        floor = Math.min(floor, Math.max(cpu.coherence[id] as number, this.readBound(cpu, id)));
      }
      if (((this.writers[id] as number) & bit) !== 0) {
        floor = Math.min(floor, Math.max(cpu.coherence[id] as number, this.writeBound(cpu, id)));
      }
    }
    return floor;
  }

  /** The kept message at a position. */
  messageAt(id: number, position: number): Message | undefined {
    const location = this.#machine.locations[id] as Location;
    for (let i = location.count - 1; i >= (this.first[id] as number); i--) {
      if (location.at(i).position === position) return location.at(i);
    }
    return undefined;
  }

  /** Whether a CPU other than the writer may read a message. */
  isReadableByOthers(id: number, position: number, writer: number): boolean {
    const readers = this.readers[id] as number;
    for (const cpu of this.#machine.processors) {
      if (((readers >> cpu.id) & 1) === 0 || cpu.id === writer) continue;
      if (Math.max(cpu.coherence[id] as number, this.readBound(cpu, id)) <= position) return true;
    }
    return false;
  }
}
