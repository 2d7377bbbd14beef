/** The state that the parts of the machine share: locations, CPUs, the strong-fence clock, grace periods, the log. */

import { SimulatorBug } from '../errors.js';
import type { Addr } from '../memory/struct.js';
import type { ChoiceSource } from '../memory/model.js';
import { EventLog } from './log.js';
import { GlobalView } from './global-view.js';
import { Location, MessagePool, NOBODY } from './location.js';
import type { MachineOptions } from './options.js';
import { Processor } from './processor.js';
import type { Domain, GracePeriod } from './domain.js';
import { EMPTY, type FlatView, SparseView, ViewBuilder } from './sparse-view.js';
import type { Entry } from './window.js';

const FIRST_PRUNE = 8;

/** Where a word stands in `ids`: never touched. */
const CLEAN = 0;
/** Where a word stands in `ids`: substrate stores only. */
const POKED = -1;

/** Everything that one execution of the machine changes. */
export class MachineState {
  readonly options: MachineOptions;
  readonly processors: Processor[] = [];
  /** Location id of a word, `CLEAN` or `POKED`. */
  readonly ids: Int32Array;
  /** Locations by id; id 0 is not used, and those above `used` wait for the next execution. */
  readonly locations: Location[] = [new Location()];
  readonly pool = new MessagePool();
  /** What strong fences published. */
  readonly global: GlobalView;
  /** Highest location id in use. */
  used = 0;
  /** Number of the newest strong fence of any CPU. */
  time = 0;
  choices: ChoiceSource = { choose: () => 0 };
  /** Sparse part of the summary under construction. */
  readonly summary: SparseView;
  /** Fence time of the summary under construction. */
  summaryTime = 0;
  readonly builder = new ViewBuilder();
  readonly log: EventLog | null;
  readonly domains = new Map<Addr, Domain>();
  /** Grace periods that synchronize_rcu() callers wait for, by CPU. */
  readonly waiting: (GracePeriod | null)[] = [];
  /** Grace periods of call_rcu(), by ticket. */
  readonly callbacks = new Map<number, GracePeriod>();
  tickets = 0;
  /** Views that grow with the number of locations. */
  readonly growing: SparseView[] = [];
  #capacity = 64;
  readonly #words: Int32Array;
  #initial: Int32Array | null = null;
  readonly #touched: Addr[] = [];

  constructor(options: MachineOptions) {
    this.options = options;
    this.ids = new Int32Array(options.words);
    this.#words = new Int32Array(options.words);
    this.global = new GlobalView(this.#capacity);
    this.summary = this.newView();
    for (let cpu = 0; cpu < options.cpus; cpu++) {
      this.processors.push(new Processor(cpu, options, this.#capacity));
      this.waiting.push(null);
    }
    this.log = options.log ? new EventLog() : null;
  }

  /** A view that is kept large enough for all locations. */
  newView(): SparseView {
    const view = new SparseView(this.#capacity);
    this.growing.push(view);
    return view;
  }

  /** Start another execution from `initial`. An array that was passed before must still hold the same words. */
  reset(initial: Int32Array, choices: ChoiceSource): void {
    this.choices = choices;
    for (const cpu of this.processors) cpu.reset(this.used);
    this.#forgetWords(initial);
    this.used = 0;
    this.time = 0;
    for (const domain of this.domains.values()) domain.reset();
    this.waiting.fill(null);
    this.callbacks.clear();
    this.tickets = 0;
    this.summary.clear();
    this.log?.clear();
  }

  #forgetWords(initial: Int32Array): void {
    if (initial.length !== this.#words.length) {
      throw new SimulatorBug(
        `initial memory has ${initial.length} words, the machine ${this.#words.length}`,
      );
    }
    for (let id = 1; id <= this.used; id++) this.#clearLocation(id);
    for (const addr of this.#touched) {
      this.ids[addr] = CLEAN;
      this.#words[addr] = initial[addr] as number;
    }
    this.#touched.length = 0;
    if (this.#initial !== initial) this.#words.set(initial);
    this.#initial = initial;
  }

  #clearLocation(id: number): void {
    (this.locations[id] as Location).clear(this.pool);
  }

  /** Location id of a word, made if there is none yet. */
  locate(addr: Addr): number {
    const id = this.ids[addr];
    if (id !== undefined && id > 0) return id;
    return this.#create(addr, id);
  }

  #create(addr: Addr, id: number | undefined): number {
    if (id === undefined) throw new SimulatorBug(`address ${addr} is outside the memory`);
    this.used++;
    if (this.used >= this.#capacity) this.#grow();
    const location = (this.locations[this.used] ??= new Location());
    location.addr = addr;
    location.pruneAt = FIRST_PRUNE;
    this.global.clear(this.used);
    if (id === CLEAN) this.#touched.push(addr);
    this.ids[addr] = this.used;
    this.#initialMessage(location, this.used, this.#words[addr] as number);
    return this.used;
  }

  #grow(): void {
    this.#capacity *= 2;
    for (const cpu of this.processors) cpu.grow(this.#capacity);
    this.global.grow(this.#capacity);
    for (const view of this.growing) view.grow(this.#capacity);
  }

  #initialMessage(location: Location, id: number, value: number): void {
    const message = this.pool.take();
    message.location = id;
    message.value = value;
    message.writer = NOBODY;
    message.index = 0;
    message.view = message.dependency = EMPTY;
    message.fenceTime = message.boundTime = message.dependencyTime = 0;
    location.append(message);
  }

  /** Words that may hold another value than at the beginning. */
  get touched(): readonly Addr[] {
    return this.#touched;
  }

  /** Value of a word at the beginning. */
  initialOf(addr: Addr): number {
    return this.#initial?.[addr] ?? 0;
  }

  /** Whether no CPU has written a word in this execution, nor read it with anything to remember. */
  isUnwritten(addr: Addr): boolean {
    return (this.ids[addr] as number) <= 0;
  }

  /** Newest value of a word. */
  newest(addr: Addr): number {
    const id = this.ids[addr] as number;
    return id > 0 ? (this.locations[id] as Location).last.value : (this.#words[addr] as number);
  }

  /** Value of the message with `newer` newer ones, undefined if there is none. */
  valueBehind(addr: Addr, newer: number): number | undefined {
    const id = this.ids[addr] as number;
    if (id <= 0) return newer === 0 ? this.newest(addr) : undefined;
    const location = this.locations[id] as Location;
    return newer < location.count ? location.at(location.count - 1 - newer).value : undefined;
  }

  /** Make `value` the only value of a word. */
  poke(addr: Addr, value: number): void {
    const id = this.ids[addr] as number;
    if (id > 0) this.#replace(id, value);
    else {
      if (id === CLEAN) this.#touched.push(addr);
      this.ids[addr] = POKED;
      this.#words[addr] = value | 0;
    }
  }

  #replace(id: number, value: number): void {
    const location = this.locations[id] as Location;
    this.#initialMessage(location, id, value | 0);
    location.drop(location.count - 1, this.pool);
    location.version++;
  }

  /** Join the summary of a window entry into the summary under construction. */
  joinEntry(cpu: Processor, entry: Entry): void {
    cpu.window.joinSummary(entry, this.summary);
    this.joinTime(entry.boundTime);
  }

  /** Raise the fence time of the summary under construction. */
  joinTime(time: number): void {
    if (this.summaryTime < time) this.summaryTime = time;
  }

  /** Whether later reads and writes of a CPU are both bound to a flat view anyway. */
  isBoundTo(cpu: Processor, view: FlatView): boolean {
    for (let i = 0; i < view.length; i += 2) {
      const location = view[i] as number;
      if (!cpu.isBound(location, view[i + 1] as number, this.global)) return false;
    }
    return true;
  }

  /** What the summary under construction adds to what already binds later reads and writes of a CPU. */
  relativeSummary(cpu: Processor): FlatView {
    const summary = this.summary;
    if (summary.count === 0) return EMPTY;
    let isEmpty = true;
    for (let i = 0; i < summary.count; i++) {
      const location = summary.locations[i] as number;
      const position = summary.get(location);
      if (cpu.isBound(location, position, this.global)) continue;
      this.builder.add(location, position);
      isEmpty = false;
    }
    return isEmpty ? EMPTY : this.builder.finish();
  }
}
