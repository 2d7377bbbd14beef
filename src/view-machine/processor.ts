/** One CPU of the machine: what binds its later reads and writes, and what it has published and learnt. */

import type { GlobalView } from './global-view.js';
import type { MachineOptions } from './options.js';
import { EMPTY, type FlatView, SparseView } from './sparse-view.js';
import { AFTER_ALL, type Entry, HAS_VIEW, IS_WRITE, Window, WRITES_ONLY } from './window.js';

const NO_EVENTS: readonly number[] = [];

/** State of one CPU. Dense arrays are indexed by location id, fence times number the strong fences of all CPUs. */
export class Processor {
  readonly id: number;
  /** Position last read or written, per location. */
  coherence = new Int32Array(0);
  /** Lower bound for all later reads, per location. */
  readBound = new Int32Array(0);
  /** Lower bound for all later writes, per location. */
  writeBound = new Int32Array(0);
  /** Fence time that binds all later reads. */
  readTime = 0;
  /** Fence time that binds all later writes. */
  writeTime = 0;
  /** Fence time of the last own strong fence. */
  ownFenceTime = 0;
  readonly window: Window;
  /** What binds later reads only. It must reach their summaries, and through these also later writes. */
  readonly readOnly: SparseView;
  /** What binds later writes only. */
  readonly writeOnly: SparseView;
  /** Join of the views of own writes since the last strong fence. */
  readonly own: SparseView;
  /** Join of the views of other CPUs' messages read since the last strong fence. */
  readonly read: SparseView;
  /** The part of these that every later write carries. */
  readonly carried: SparseView;
  /** For each CPU, the index of its last write that happens before something read here. */
  readonly known: number[] = [];
  /** How often `known` has grown. */
  knowledge = 0;
  writes = 0;
  writesAtFence = 0;
  /** Number of the CPU's latest memory event. */
  event = 0;
  /** Event number of the last unlock since the last strong fence, 0 if there is none. */
  unlockEvent = 0;
  ownAtUnlock: FlatView = EMPTY;
  ownAtUnlockTime = 0;
  /** Whether a fully ordered read-modify-write still owes its trailing fence. */
  owesFence = false;
  /** Dependencies of the next operation: event numbers of own reads. */
  address = NO_EVENTS;
  data = NO_EVENTS;
  control = NO_EVENTS;

  constructor(cpu: number, options: MachineOptions, locations: number) {
    this.id = cpu;
    this.window = new Window(options.windowCap, locations);
    this.readOnly = new SparseView(locations);
    this.writeOnly = new SparseView(locations);
    this.own = new SparseView(locations);
    this.read = new SparseView(locations);
    this.carried = new SparseView(locations);
    for (let i = 0; i < options.cpus; i++) this.known.push(0);
    this.grow(locations);
  }

  /** Make room for more location ids. */
  grow(locations: number): void {
    for (const name of ['coherence', 'readBound', 'writeBound'] as const) {
      const larger = new Int32Array(locations);
      larger.set(this[name]);
      this[name] = larger;
    }
    for (const view of [this.readOnly, this.writeOnly, this.own, this.read, this.carried]) {
      view.grow(locations);
    }
    this.window.grow(locations);
  }

  /** Back to the state before the first operation; `locations` ids were in use. */
  reset(locations: number): void {
    this.coherence.fill(0, 0, locations + 1);
    this.readBound.fill(0, 0, locations + 1);
    this.writeBound.fill(0, 0, locations + 1);
    this.readTime = this.writeTime = this.ownFenceTime = 0;
    this.forgetViews();
    this.known.fill(0);
    this.knowledge = this.writes = this.writesAtFence = this.event = 0;
    this.owesFence = false;
    this.independent();
  }

  /** Drop window, sparse views and the unlock record: after a strong fence the global view holds them. */
  forgetViews(): void {
    this.window.clear();
    this.readOnly.clear();
    this.writeOnly.clear();
    this.own.clear();
    this.read.clear();
    this.carried.clear();
    this.unlockEvent = 0;
    this.ownAtUnlock = EMPTY;
    this.ownAtUnlockTime = 0;
  }

  /** Whether one of the views has grown to a cap. */
  isCrowded(cap: number): boolean {
    const larger = this.own.count > this.read.count ? this.own.count : this.read.count;
    return larger >= cap || this.readOnly.count >= cap || this.writeOnly.count >= cap;
  }

  /** The next operation depends on nothing. */
  independent(): void {
    this.address = this.data = this.control = NO_EVENTS;
  }

  /** Bind all later accesses of a location to a position. */
  bind(location: number, position: number): void {
    if ((this.readBound[location] as number) < position) this.readBound[location] = position;
    if ((this.writeBound[location] as number) < position) this.writeBound[location] = position;
  }

  /** Bind all later accesses to a flat view. */
  bindFlat(view: FlatView): void {
    for (let i = 0; i < view.length; i += 2) this.bind(view[i] as number, view[i + 1] as number);
  }

  /** Bind all later accesses to a fence time. */
  bindTime(time: number): void {
    if (this.readTime < time) this.readTime = time;
    if (this.writeTime < time) this.writeTime = time;
  }

  /**
   * Bind all later accesses to the summaries of the window entries before an event, and drop those. What own writes carry,
   * releases apart, and what binds writes only grows between strong fences, so the latest says it all.
   */
  bindBefore(event: number): void {
    const window = this.window;
    let carried = EMPTY;
    let writeOnly = EMPTY;
    while (window.count > 0) {
      const entry = window.entry(0);
      if (entry.event >= event) break;
      const { flags } = entry;
      if ((flags & (IS_WRITE | AFTER_ALL)) === IS_WRITE) carried = entry.view;
      else if ((flags & HAS_VIEW) !== 0) this.bindFlat(entry.view);
      if ((flags & WRITES_ONLY) !== 0) writeOnly = entry.extra;
      else this.bindFlat(entry.extra);
      if ((flags & HAS_VIEW) !== 0) this.bind(entry.location, entry.position);
      this.bindTime(entry.boundTime);
      window.shift();
    }
    this.bindFlat(carried);
    this.bindFlat(writeOnly);
  }

  /** Bind all later accesses to the summary of a window entry. */
  bindEntry(entry: Entry): void {
    const window = this.window;
    if ((entry.flags & AFTER_ALL) !== 0) {
      for (let i = 0; window.entry(i) !== entry; i++) this.#bindOwn(window.entry(i));
    }
    this.#bindOwn(entry);
    this.bindTime(entry.boundTime);
  }

  #bindOwn(entry: Entry): void {
    this.bindFlat(entry.extra);
    if ((entry.flags & HAS_VIEW) === 0) return;
    this.bindFlat(entry.view);
    this.bind(entry.location, entry.position);
  }

  /** Whether later reads and later writes are already bound to at least this position. */
  isBound(location: number, position: number, global: GlobalView): boolean {
    if (
      (this.readBound[location] as number) >= position &&
      (this.writeBound[location] as number) >= position
    )
      return true;
    return global.at(location, Math.min(this.readTime, this.writeTime)) >= position;
  }
}
