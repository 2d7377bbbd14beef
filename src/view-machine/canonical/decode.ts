/** Puts a machine into a state that was encoded. */

import { EMPTY, type FlatView, type SparseView } from '../sparse-view.js';
import { type Location, type Message, NOBODY, UNLOCK } from '../location.js';
import type { Processor } from '../processor.js';
import type { MachineState } from '../state.js';
import { HAS_VIEW, IS_WRITE, MAY_POINT } from '../window.js';
import { boundAt, thresholdAt } from './ranks.js';

/** Decodes states of one machine. */
export class Decoder {
  readonly #machine: MachineState;
  #code: Int32Array = new Int32Array(0);
  #at = 0;

  constructor(machine: MachineState) {
    this.#machine = machine;
  }

  /** Put the machine, whose initial memory is `initial`, into an encoded state. */
  decode(code: Int32Array, initial: Int32Array): void {
    const machine = this.#machine;
    machine.reset(initial, machine.choices);
    this.#code = code;
    this.#at = 0;
    for (let n = this.#next(); n > 0; n--) machine.poke(this.#next(), this.#next());
    for (let n = this.#next(); n > 0; n--) this.#location();
    for (const cpu of machine.processors) this.#processor(cpu);
    this.#global();
  }

  #next(): number {
    return this.#code[this.#at++] as number;
  }

  #location(): void {
    const machine = this.#machine;
    const id = machine.locate(this.#next());
    const location = machine.locations[id] as Location;
    location.drop(1, machine.pool);
    const base = this.#next();
    const count = this.#next();
    for (let i = 0; i < count; i++) {
      const message = machine.pool.take();
      message.location = id;
      this.#message(message);
      location.append(message);
      message.position = thresholdAt(base + i);
    }
  }

  #message(message: Message): void {
    const { processors } = this.#machine;
    message.value = this.#next();
    message.kind = this.#next();
    message.taken = this.#next() === 1;
    message.writer = this.#next();
    message.view = message.dependency = message.ownBefore = EMPTY;
    message.index = message.fenceTime = message.boundTime = message.dependencyTime = 0;
    message.ownBeforeTime = 0;
    const tells = this.#next() === 1;
    if (message.writer === NOBODY) return;
    if (tells) message.index = this.#next();
    for (const { id } of processors) message.known[id] = tells ? this.#next() : 0;
    if (!tells) return;
    message.fenceTime = this.#next();
    message.boundTime = this.#next();
    message.view = this.#flat();
    if (message.kind !== UNLOCK) return;
    message.ownBeforeTime = this.#next();
    message.ownBefore = this.#flat();
  }

  #flat(): FlatView {
    const { builder } = this.#machine;
    const count = this.#next();
    if (count === 0) return EMPTY;
    for (let n = count; n > 0; n--) {
      const id = this.#machine.locate(this.#next());
      builder.add(id, boundAt(this.#next()));
    }
    return builder.finish();
  }

  #sparse(view: SparseView): void {
    for (let n = this.#next(); n > 0; n--) {
      const id = this.#machine.locate(this.#next());
      view.raise(id, boundAt(this.#next()));
    }
  }

  #processor(cpu: Processor): void {
    cpu.owesFence = this.#next() === 1;
    cpu.readTime = this.#next();
    cpu.writeTime = this.#next();
    cpu.ownFenceTime = this.#next();
    cpu.own.fenceTime = this.#next();
    cpu.read.fenceTime = this.#next();
    cpu.carried.fenceTime = this.#next();
    for (let n = this.#next(); n > 0; n--) {
      const id = this.#machine.locate(this.#next());
      const coherence = this.#next();
      cpu.coherence[id] = coherence === 0 ? 0 : thresholdAt(coherence - 1);
      cpu.readBound[id] = boundAt(this.#next());
      cpu.writeBound[id] = boundAt(this.#next());
    }
    for (const view of [cpu.readOnly, cpu.writeOnly, cpu.own, cpu.read, cpu.carried]) {
      this.#sparse(view);
    }
    for (const { id } of this.#machine.processors) cpu.known[id] = this.#next();
    cpu.knowledge = 1;
    for (let n = this.#next(); n > 0; n--) this.#entry(cpu);
    cpu.event++;
    this.#unlock(cpu);
  }

  #entry(cpu: Processor): void {
    const { window } = cpu;
    const flags = this.#next();
    const entry = window.push(this.#machine.locate(this.#next()));
    entry.flags = flags;
    entry.position = thresholdAt(this.#next());
    entry.knowledge = this.#next() === 1 ? 0 : cpu.knowledge;
    entry.value = this.#next();
    if ((flags & MAY_POINT) !== 0) window.pointers++;
    entry.index = (flags & IS_WRITE) === 0 ? 0 : ++cpu.writes;
    entry.event = ++cpu.event;
    entry.boundTime = this.#next();
    entry.extra = this.#flat();
    entry.view = EMPTY;
    entry.viewTime = 0;
    if ((flags & HAS_VIEW) === 0) return;
    entry.viewTime = this.#next();
    entry.view = this.#flat();
  }

  /** The unlock stands among the accesses of the window: those behind it move up. */
  #unlock(cpu: Processor): void {
    const { window } = cpu;
    const place = this.#next();
    if (place === 0) return;
    cpu.unlockEvent = place;
    for (let i = place - 1; i < window.count; i++) window.entry(i).event++;
    cpu.ownAtUnlockTime = this.#next();
    cpu.ownAtUnlock = this.#flat();
  }

  #global(): void {
    const machine = this.#machine;
    machine.time = this.#next();
    for (let time = 1; time <= machine.time; time++) {
      for (let n = this.#next(); n > 0; n--) {
        const id = machine.locate(this.#next());
        machine.global.publish(id, time, boundAt(this.#next()));
      }
    }
  }
}
