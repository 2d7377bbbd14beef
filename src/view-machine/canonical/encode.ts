/**
 * A state of the machine as numbers, such that states which no code that is left can tell apart have the same ones. See
 * `docs/exhaust.md` for what is left out and why.
 */

import type { Addr } from '../../memory/struct.js';
import { type Location, LOCK, type Message, NOBODY, UNLOCK } from '../location.js';
import type { Processor } from '../processor.js';
import type { FlatView, SparseView } from '../sparse-view.js';
import type { MachineState } from '../state.js';
import { AFTER_ALL, type Entry, HAS_VIEW, IS_USED, IS_WRITE, MAY_POINT } from '../window.js';
import type { Outlook } from './outlook.js';
import { globalRank } from './ranks.js';
import { Survey } from './survey.js';

/** Which positions of a view are kept, given what else holds. */
type Keeps = (id: number, position: number) => boolean;

function keepsAny(view: FlatView, keeps: Keeps): boolean {
  for (let i = 0; i < view.length; i += 2) {
    if (keeps(view[i] as number, view[i + 1] as number)) return true;
  }
  return false;
}

/** Encodes states of one machine. */
export class Encoder {
  readonly #machine: MachineState;
  readonly #survey: Survey;
  #outlook: Outlook | undefined;
  /** Numbers so far, and where among them a fence time stands. */
  readonly #out: number[] = [];
  readonly #times: number[] = [];
  /** Indices of the writes of each CPU that are kept in its window. */
  readonly #written: number[][];
  readonly #settled = new Set<number>();
  readonly #areTimesOne: boolean;
  /** The view that is being written: positions by location id, and the ids by address. */
  readonly #highest: number[] = [];
  readonly #ids: number[] = [];

  /** @param broken a rule whose condition is ignored: for tests only */
  constructor(machine: MachineState, broken?: string) {
    this.#machine = machine;
    this.#survey = new Survey(machine, broken);
    this.#areTimesOne = broken === 'R-23';
    this.#written = machine.processors.map(() => []);
  }

  /** The state that the machine is in, for code that may do what `outlook` says. */
  encode(outlook: Outlook): Int32Array {
    this.#outlook = outlook;
    this.#survey.take(outlook);
    this.#out.length = this.#times.length = 0;
    this.#numberWrites();
    this.#settle();
    this.#values();
    this.#locations();
    for (const cpu of this.#machine.processors) this.#processor(cpu);
    this.#global();
    return new Int32Array(this.#out);
  }

  #push(...numbers: number[]): void {
    this.#out.push(...numbers);
  }
  #time(time: number): void {
    this.#times.push(this.#out.length);
    this.#out.push(time);
  }
  #addrOf(id: number): Addr {
    return (this.#machine.locations[id] as Location).addr;
  }
  #numberWrites(): void {
    for (const { id: cpu, window } of this.#machine.processors) {
      const list = this.#written[cpu] as number[];
      list.length = 0;
      for (let i = 0; i < window.count; i++) {
        const entry = window.entry(i);
        if ((entry.flags & IS_WRITE) !== 0 && this.#survey.keeps(cpu, i)) list.push(entry.index);
      }
    }
  }

  /** Number of the last kept write of a CPU up to an index. */
  #known(cpu: number, index: number): number {
    const list = this.#written[cpu] as number[];
    let n = list.length;
    while (n > 0 && (list[n - 1] as number) > index) n--;
    return n;
  }

  /** Whether all that is left of a location is its newest value. */
  #isSettled(id: number): boolean {
    const location = this.#machine.locations[id] as Location;
    const survey = this.#survey;
    const readers = survey.readers[id] as number;
    const isAccessed = (readers | (survey.writers[id] as number)) !== 0;
    if (isAccessed && survey.windows[id] !== 0) return false;
    if (location.last.kind === LOCK) return false;
    if (readers === 0 && (!isAccessed || this.#outlook?.isLive(location.addr) !== true))
      return true;
    if ((survey.first[id] as number) !== location.count - 1) return false;
    const { writer, position, taken } = location.last;
    if (taken) return false;
    if (writer !== NOBODY && ((readers >> writer) & 1) !== 0) {
      const own = this.#machine.processors[writer] as Processor;
      if (own.writeOnly.count > 0 || own.writeTime > own.readTime) return false;
    }
    if (survey.isReadableByOthers(id, position, writer) && this.#tells(location.last)) return false;
    return true;
  }

  /** Whether a message tells its readers of anything but its value. */
  #tells(message: Message): boolean {
    const { processors } = this.#machine;
    const { writer, boundTime } = message;
    if (writer === NOBODY) return false;
    const readers = this.#survey.readers[message.location] as number;
    for (const cpu of processors) {
      if (cpu.id === writer || ((readers >> cpu.id) & 1) === 0) continue;
      if (boundTime > Math.min(cpu.readTime, cpu.writeTime)) return true;
      const known = this.#known(writer, message.index);
      if (known > this.#known(writer, cpu.known[writer] as number)) return true;
      for (const { id } of processors) {
        const taught = this.#known(id, message.known[id] as number);
        if (
          id !== writer &&
          taught > (id === cpu.id ? 0 : this.#known(id, cpu.known[id] as number))
        )
          return true;
      }
    }
    if (keepsAny(message.view, this.#published(message.fenceTime))) return true;
    if (message.kind !== UNLOCK) return false;
    return keepsAny(message.ownBefore, this.#published(message.ownBeforeTime));
  }

  /** Find the locations of which nothing is left but a value: nothing that is known of them matters. */
  #settle(): void {
    const { order, ranks } = this.#survey;
    this.#settled.clear();
    let before: number;
    do {
      before = this.#settled.size;
      for (const id of order) {
        if (this.#settled.has(id) || !this.#isSettled(id)) continue;
        this.#settled.add(id);
        ranks.forget(id);
      }
    } while (this.#settled.size > before);
  }

  /** Words with nothing but a value. */
  #values(): void {
    const outlook = this.#outlook as Outlook;
    const machine = this.#machine;
    const at = this.#out.length;
    this.#push(0);
    for (const addr of new Int32Array(machine.touched).sort()) {
      const id = machine.ids[addr] as number;
      if (id > 0 && !this.#settled.has(id)) continue;
      const value = machine.newest(addr);
      if (value !== machine.initialOf(addr) && outlook.isLive(addr)) this.#push(addr, value);
    }
    this.#out[at] = (this.#out.length - at - 1) / 2;
  }

  #locations(): void {
    const at = this.#out.length;
    let count = 0;
    this.#push(0);
    for (const id of this.#survey.order) {
      if (this.#settled.has(id)) continue;
      count++;
      this.#location(id);
    }
    this.#out[at] = count;
  }

  #location(id: number): void {
    const location = this.#machine.locations[id] as Location;
    const first = this.#survey.first[id] as number;
    this.#push(location.addr, this.#survey.ranks.base[id] as number, location.count - first);
    for (let i = first; i < location.count; i++) this.#message(id, location.at(i));
  }

  #message(id: number, message: Message): void {
    const { value, kind, taken, writer, position } = message;
    const tells = writer !== NOBODY && this.#survey.isReadableByOthers(id, position, writer);
    this.#push(value, kind, taken ? 1 : 0, writer, tells ? 1 : 0);
    if (!tells) return;
    this.#push(this.#known(writer, message.index));
    for (const { id: cpu } of this.#machine.processors) {
      this.#push(cpu === writer ? 0 : this.#known(cpu, message.known[cpu] as number));
    }
    this.#time(message.fenceTime);
    this.#time(message.boundTime);
    this.#flat(message.view, this.#published(message.fenceTime));
    if (kind !== UNLOCK) return;
    this.#time(message.ownBeforeTime);
    this.#flat(message.ownBefore, this.#published(message.ownBeforeTime));
  }

  /** Keeps what is not part of the global view of a fence, as long as it may matter to anybody. */
  #published(time: number): Keeps {
    const machine = this.#machine;
    const { ranks } = this.#survey;
    return (id, position) =>
      this.#survey.concernsAny(id) && ranks.of(id, position) > globalRank(machine, ranks, id, time);
  }

  /** Keeps what a CPU does not respect anyway. */
  #unrespected(cpu: Processor): Keeps {
    return (id, position) => !this.#survey.isRespected(cpu, id, position);
  }

  /** A view: the highest position of each location, by address. */
  #flat(view: FlatView, keeps: Keeps): void {
    for (let i = 0; i < view.length; i += 2) {
      this.#raise(view[i] as number, view[i + 1] as number, keeps);
    }
    this.#raised();
  }

  #sparse(view: SparseView, keeps: Keeps): void {
    for (let i = 0; i < view.count; i++) {
      const id = view.locations[i] as number;
      this.#raise(id, view.get(id), keeps);
    }
    this.#raised();
  }

  /** Note a position of the view that is being written. */
  #raise(id: number, position: number, keeps: Keeps): void {
    if (position <= (this.#highest[id] ?? 0) || !keeps(id, position)) return;
    if (this.#survey.ranks.of(id, position) === 0) return;
    const { places } = this.#survey;
    const ids = this.#ids;
    if ((this.#highest[id] ?? 0) === 0) {
      let i = ids.length;
      ids.push(id);
      for (; i > 0 && (places[ids[i - 1] as number] as number) > (places[id] as number); i--) {
        ids[i] = ids[i - 1] as number;
      }
      ids[i] = id;
    }
    this.#highest[id] = position;
  }

  /** Write the view whose positions were noted. */
  #raised(): void {
    const ids = this.#ids;
    this.#out.push(ids.length);
    for (const id of ids) {
      this.#out.push(this.#addrOf(id), this.#survey.ranks.of(id, this.#highest[id] as number));
      this.#highest[id] = 0;
    }
    ids.length = 0;
  }

  #processor(cpu: Processor): void {
    const { ownFenceTime, own, read, carried } = cpu;
    this.#push(cpu.owesFence ? 1 : 0);
    this.#time(cpu.readTime);
    this.#time(cpu.writeTime);
    this.#time(ownFenceTime);
    this.#time(Math.max(ownFenceTime, own.fenceTime));
    this.#time(Math.max(ownFenceTime, read.fenceTime));
    this.#time(Math.max(ownFenceTime, carried.fenceTime));
    this.#bounds(cpu);
    this.#sparse(cpu.readOnly, this.#unrespected(cpu));
    this.#sparse(cpu.writeOnly, this.#unrespected(cpu));
    const published = this.#published(ownFenceTime);
    this.#sparse(own, published);
    this.#sparse(read, (id, at) => published(id, at) && at > own.get(id));
    this.#sparse(carried, published);
    for (const { id } of this.#machine.processors) {
      this.#push(id === cpu.id ? 0 : this.#known(id, cpu.known[id] as number));
    }
    this.#window(cpu);
    this.#unlock(cpu);
  }

  /** For each location what binds a CPU's later accesses. */
  #bounds(cpu: Processor): void {
    const survey = this.#survey;
    const { ranks } = survey;
    const at = this.#out.length;
    this.#push(0);
    for (const id of survey.order) {
      if (!survey.concerns(cpu.id, id) || !ranks.has(id)) continue;
      const coherence = this.#coherence(cpu, id);
      let [readBound, writeBound] = [survey.readBound(cpu, id), survey.writeBound(cpu, id)];
      if ((((survey.windows[id] as number) >> cpu.id) & 1) === 0) {
        readBound = Math.max(readBound, cpu.coherence[id] as number);
        writeBound = Math.max(writeBound, cpu.coherence[id] as number);
      }
      const [reads, writes] = [ranks.of(id, readBound), ranks.of(id, writeBound)];
      if (coherence + reads + writes > 0) this.#push(this.#addrOf(id), coherence, reads, writes);
    }
    this.#out[at] = (this.#out.length - at - 1) / 4;
  }

  /** The message that a CPU accessed last, from 1, if it may access the location again and that can be told from a bound. */
  #coherence(cpu: Processor, id: number): number {
    const all = (this.#survey.readers[id] as number) | (this.#survey.writers[id] as number);
    if (((all >> cpu.id) & 1) === 0) return 0;
    const position = cpu.coherence[id] as number;
    if ((((this.#survey.windows[id] as number) >> cpu.id) & 1) === 0) {
      // What it read last tells it nothing again, or what it wrote does: the bound says it all.
      const message = this.#survey.messageAt(id, position);
      if (message === undefined || message.writer === cpu.id || !this.#tells(message)) return 0;
    }
    return this.#survey.ranks.exactly(id, position) + 1;
  }

  #window(cpu: Processor): void {
    const { window } = cpu;
    const at = this.#out.length;
    let count = 0;
    this.#push(0);
    for (let i = 0; i < window.count; i++) {
      if (!this.#survey.keeps(cpu.id, i)) continue;
      this.#entry(cpu, window.entry(i), count === 0);
      count++;
    }
    this.#out[at] = count;
  }

  #entry(cpu: Processor, entry: Entry, isFirst: boolean): void {
    const { location, position, knowledge, value } = entry;
    const flags = isFirst ? entry.flags & ~AFTER_ALL : entry.flags;
    const isOpen = (flags & (IS_WRITE | IS_USED)) === IS_WRITE;
    const isOutdated = isOpen && knowledge !== cpu.knowledge;
    this.#push(flags, this.#addrOf(location), this.#survey.ranks.exactly(location, position));
    this.#push(isOutdated ? 1 : 0, (flags & MAY_POINT) === 0 ? 0 : value);
    this.#time(entry.boundTime);
    this.#flat(entry.extra, this.#unrespected(cpu));
    if ((flags & HAS_VIEW) === 0) return;
    this.#time(entry.viewTime <= Math.min(cpu.readTime, cpu.writeTime) ? 0 : entry.viewTime);
    this.#flat(entry.view, this.#unrespected(cpu));
  }

  /** What comes before a CPU's last unlock, if that is to be ordered when it takes a lock. */
  #unlock(cpu: Processor): void {
    const { window, unlockEvent, ownAtUnlock, ownAtUnlockTime, carried, ownFenceTime } = cpu;
    let older = 0;
    for (let i = 0; i < window.count; i++) {
      if (this.#survey.keeps(cpu.id, i) && window.entry(i).event < unlockEvent) older++;
    }
    const base = Math.max(ownFenceTime, carried.fenceTime);
    const published = this.#published(base);
    const keeps: Keeps = (id, at) => published(id, at) && at > carried.get(id);
    const isPlain = older === 0 && ownAtUnlockTime <= base && !keepsAny(ownAtUnlock, keeps);
    const mayLock = (((this.#outlook as Outlook).lockers >> cpu.id) & 1) !== 0;
    if (unlockEvent === 0 || isPlain || !mayLock) {
      this.#push(0);
      return;
    }
    this.#push(older + 1);
    this.#time(ownAtUnlockTime);
    this.#flat(ownAtUnlock, keeps);
  }

  /** What strong fences published, up to each of the times that are named; times between which nothing was are one. */
  #global(): void {
    const machine = this.#machine;
    const out = this.#out;
    const { ranks, order } = this.#survey;
    const named = new Set(this.#times.map((at) => out[at] as number));
    if (this.#outlook?.mayFence === true) named.add(machine.time);
    const numbers = new Map<number, number>([[0, 0]]);
    const concerned = order.filter((id) => ranks.has(id));
    const before = concerned.map(() => 0);
    const at = out.length;
    let count = 0;
    this.#push(0);
    for (const time of [...named].sort((a, b) => a - b)) {
      const start = out.length;
      this.#push(0);
      for (const [i, id] of concerned.entries()) {
        const rank = globalRank(machine, ranks, id, time);
        if (rank === before[i]) continue;
        before[i] = rank;
        this.#push(this.#addrOf(id), rank);
      }
      const changes = (out.length - start - 1) / 2;
      if (changes === 0 || this.#areTimesOne) out.length = start;
      else {
        out[start] = changes;
        count++;
      }
      numbers.set(time, count);
    }
    out[at] = count;
    for (const slot of this.#times) out[slot] = numbers.get(out[slot] as number) as number;
  }
}
