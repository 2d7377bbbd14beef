/**
 * The memory of ECMAScript: a machine that shows what the memory model allows (as of ECMA-262 2021, with the repair of 2020), load
 * buffering apart. It executes events in an order that is the model's memory order; every load may read any write that the
 * axioms let it read at that point:
 *
 * J-1 coherent reads: a write is hidden by a later write to the same byte that it happens before, once that happens before the load;
 * J-2 synchronizes-with: an atomic load that reads an atomic store of the same range brings all that happened before the store;
 * J-3 sequentially consistent atomics, first case: no atomic write of the range lies between an atomic load and the atomic store it reads;
 * J-4 second case: nor between a load and an atomic store, when both writes happen before the load;
 * J-5 third case: nor between an atomic load and a write that happens before both it and the write between;
 * J-6 tear-free reads: no load through an integer typed array mixes two such writes of its own range.
 *
 * Happens-before is kept as vector clocks. Load buffering needs a load that reads a write which is executed later: never shown.
 */

import { CHOOSE_READ, type ChoiceSource } from '../../memory/model.js';
import { CHOOSE_PART } from '../../explorer/engine/strategy.js';
import { SIZES } from '../runtime/views.js';
import { AgentClocks } from './clocks.js';
import { InitialBytes } from './initial-bytes.js';
import { Block, empty, forgetOldest, Message, type Access } from './message.js';
import { raceOf } from './races.js';
import {
  isDivided,
  isMixture,
  newestAt,
  segmentEnds,
  type Part,
  type Request,
} from './segments.js';
import type { DataRace, SharedMemory, Value } from './memory.js';
import { RMW_COMPARE_EXCHANGE, SEQ_CST } from './memory.js';
import { bitsOf, combine, converted, readValue, writeValue } from './values.js';
import { RULES, type Rules } from './rules.js';

/** Writes to eight bytes that are remembered; beyond it the oldest are forgotten, which hides weak outcomes and adds none. */
const MOST_MESSAGES = 24;

const scratch = new DataView(new ArrayBuffer(16));

/** The machine. */
export class JsMemory implements SharedMemory {
  raw = 0;
  race: DataRace | undefined;
  readonly #rules: Rules;
  readonly #initial = new InitialBytes();
  #agents = 0;
  #choices: ChoiceSource = { choose: () => 0 };
  readonly #clocks = new AgentClocks();
  readonly #blocks = new Map<number, Block>();
  readonly #touched: Block[] = [];
  #used = 0;

  constructor(rules: Rules = RULES) {
    this.#rules = rules;
  }

  reset(initial: Uint8Array, agents: number, choices: ChoiceSource): void {
    this.#choices = choices;
    this.race = undefined;
    for (let i = 0; i < this.#used; i++) {
      (this.#touched[i] as Block).clear(this.#pool);
    }
    this.#blocks.clear();
    this.#used = 0;
    // Clocks of remembered writes have one entry for each agent.
    if (this.#clocks.reset(agents)) this.#pool.length = 0;
    this.#agents = agents;
    this.#initial.reset(initial);
  }

  readonly #pool: Message[] = [];

  extend(bytes: number): void {
    this.#initial.extend(bytes);
  }

  #block(index: number): Block {
    const known = this.#blocks.get(index);
    if (known !== undefined) return known;
    let block = this.#touched[this.#used];
    if (block === undefined) {
      block = new Block();
      this.#touched.push(block);
    }
    this.#used++;
    this.#blocks.set(index, block);
    const initial = this.#message();
    this.extend(index * 8 + 8);
    initial.address = index * 8;
    initial.size = 8;
    initial.low = this.#initial.word(index * 8);
    initial.high = this.#initial.word(index * 8 + 4);
    initial.isSeqCst = initial.isWhole = false;
    initial.agent = -1;
    initial.stamp = initial.site = 0;
    block.messages.push(initial);
    return block;
  }

  #message(): Message {
    return this.#pool.pop() ?? new Message(this.#agents);
  }

  load(
    agent: number,
    address: number,
    type: number,
    order: number,
    tears: boolean,
    site: number,
  ): Value {
    const size = SIZES[type] as number;
    const isSeqCst = order === SEQ_CST;
    this.#clocks.advance(agent);
    this.#meet(agent, address, size, false, isSeqCst, site);
    this.#read(agent, address, size, isSeqCst, !tears);
    this.raw = bitsOf(scratch, 0, size);
    return readValue(scratch, 0, type);
  }

  /** Read bytes into the scratch space, and join the clocks of the atomic writes that are read. */
  #read(agent: number, address: number, size: number, isSeqCst: boolean, isWhole: boolean): void {
    const first = address >> 3;
    const last = (address + size - 1) >> 3;
    const request = { agent, address, size, isSeqCst, isWhole };
    empty(this.#parts);
    this.#kind = first === last ? CHOOSE_READ : CHOOSE_PART;
    if (first === last) this.#readWithin(this.#block(first), request, address, size);
    else {
      const middle = last * 8;
      this.#readWithin(this.#block(first), request, address, middle - address);
      this.#readWithin(this.#block(last), request, middle, address + size - middle);
    }
    if (!isSeqCst || this.#rules.without === 'J-2') return;
    const clock = this.#clocks.of(agent);
    const before = this.#parts.length > 1 ? clock.slice() : clock;
    this.#learn(request);
    // The clock that one part of the load brings may hide the write that another part has read.
    if (this.#parts.length < 2 || this.#parts.every((part) => this.#stillMayRead(part, request))) {
      return;
    }
    clock.set(before);
    for (const part of this.#parts) {
      part.message = newestAt(part.block, part.from);
      this.#take(part, request);
    }
    this.#learn(request);
  }

  /** An atomic load that reads atomic stores of its range knows what happened before them. */
  #learn({ agent, address, size }: Request): void {
    for (const { message } of this.#parts) {
      if (message.isSeqCst && message.hasRange(address, size))
        this.#clocks.join(agent, message.clock);
    }
  }

  #stillMayRead({ block, message, from }: Part, request: Request): boolean {
    return this.#mayRead(block, message, block.messages.indexOf(message), request, from);
  }

  #take({ message, from, size }: Part, { address }: Request): void {
    for (let i = 0; i < size; i++) scratch.setUint8(from + i - address, message.byteAt(from + i));
  }

  #readWithin(block: Block, request: Request, from: number, size: number): void {
    const mayTear = !request.isWhole && (size === 8 || request.address % request.size !== 0);
    if (block.messages.length === 1 || !isDivided(block, from, size, mayTear)) {
      this.#readPart(block, request, from, size);
      return;
    }
    const ends = segmentEnds(block, from, size, mayTear);
    if (ends.length > 1) this.#kind = CHOOSE_PART;
    for (const end of ends) {
      this.#readPart(block, request, from, end - from);
      from = end;
    }
  }

  /** Bytes that every overlapping write covers or leaves out together: one of the writes supplies them all. */
  #readPart(block: Block, request: Request, from: number, size: number): void {
    const part = { block, from, size, message: this.#choose(block, request, from) };
    this.#parts.push(part);
    this.#take(part, request);
  }

  /** Kind of the choices of the current load. */
  #kind: number = CHOOSE_READ;
  /** Parts of the current load. */
  readonly #parts: Part[] = [];

  #choose(block: Block, request: Request, from: number): Message {
    const { messages } = block;
    const candidates = this.#candidates;
    empty(candidates);
    for (let i = messages.length - 1; i >= 0; i--) {
      const message = messages[i] as Message;
      if (!message.covers(from)) continue;
      if (this.#mayRead(block, message, i, request, from)) candidates.push(message);
    }
    if (candidates.length < 2) return candidates[0] ?? newestAt(block, from);
    return candidates[this.#choices.choose(candidates.length, this.#kind)] as Message;
  }

  readonly #candidates: Message[] = [];

  #mayRead(block: Block, message: Message, index: number, request: Request, from: number): boolean {
    const clock = this.#clocks.of(request.agent);
    const { messages } = block;
    const { without } = this.#rules;
    const knows = message.isBefore(clock);
    for (let i = index + 1; i < messages.length; i++) {
      const later = messages[i] as Message;
      if (
        without !== 'J-1' &&
        later.covers(from) &&
        later.isBefore(clock) &&
        message.isBefore(later.clock)
      ) {
        return false;
      }
      if (later.isSeqCst && this.#isPassed(message, later, request, clock, knows)) return false;
    }
    return without === 'J-6' || !isMixture(message, request, this.#parts);
  }

  /** Whether the load would have to lie before `later`, an atomic write after `message`: J-3, J-4 and J-5. */
  #isPassed(
    message: Message,
    later: Message,
    { address, size, isSeqCst }: Request,
    clock: Int32Array,
    knows: boolean,
  ): boolean {
    const { without } = this.#rules;
    const isRange = later.hasRange(address, size);
    if (isSeqCst && message.isSeqCst && isRange && message.hasRange(address, size)) {
      if (without !== 'J-3') return true;
    }
    if (!knows) return false;
    if (
      message.isSeqCst &&
      later.isBefore(clock) &&
      later.hasRange(message.address, message.size)
    ) {
      if (without !== 'J-4') return true;
    }
    return isSeqCst && isRange && message.isBefore(later.clock) && without !== 'J-5';
  }

  // eslint-disable-next-line @typescript-eslint/max-params -- an object for each access would be most of its cost
  store(
    agent: number,
    address: number,
    type: number,
    value: Value,
    order: number,
    tears: boolean,
    site: number,
  ): void {
    const size = SIZES[type] as number;
    const isSeqCst = order === SEQ_CST;
    this.#clocks.advance(agent);
    this.#meet(agent, address, size, true, isSeqCst, site);
    writeValue(scratch, 0, type, value);
    this.#write(agent, address, size, isSeqCst, !tears, site);
    this.raw = bitsOf(scratch, 0, size);
  }

  /** Write the bytes of the scratch space. */
  #write(
    agent: number,
    address: number,
    size: number,
    isSeqCst: boolean,
    isWhole: boolean,
    site: number,
  ): void {
    const low =
      size === 1
        ? scratch.getUint8(0)
        : size === 2
          ? scratch.getUint16(0, true)
          : scratch.getInt32(0, true);
    const high = size === 8 ? scratch.getInt32(4, true) : 0;
    const first = address >> 3;
    const last = (address + size - 1) >> 3;
    for (let index = first; index <= last; index++) {
      const block = this.#block(index);
      const message = this.#message();
      message.agent = agent;
      message.stamp = this.#clocks.of(agent)[agent] as number;
      message.address = address;
      message.size = size;
      message.low = low;
      message.high = high;
      message.isSeqCst = isSeqCst;
      message.isWhole = isWhole;
      message.site = site;
      this.#clocks.copy(agent, message.clock);
      block.messages.push(message);
      if (block.messages.length > MOST_MESSAGES) forgetOldest(block, this.#pool);
    }
  }

  // eslint-disable-next-line @typescript-eslint/max-params -- an object for each access would be most of its cost
  rmw(
    agent: number,
    address: number,
    type: number,
    operation: number,
    value: Value,
    expected: Value,
    site: number,
  ): Value {
    const size = SIZES[type] as number;
    this.#clocks.advance(agent);
    this.#meet(agent, address, size, true, true, site);
    this.#read(agent, address, size, true, true);
    const old = readValue(scratch, 0, type);
    this.raw = bitsOf(scratch, 0, size);
    if (operation === RMW_COMPARE_EXCHANGE && old !== expected) return old;
    const next = operation === RMW_COMPARE_EXCHANGE ? value : combine(operation, old, value);
    writeValue(scratch, 0, type, converted(type, next));
    this.#write(agent, address, size, true, true, site);
    return old;
  }

  section(agent: number, address: number): void {
    this.#clocks.section(agent, address);
  }

  synchronize(from: number, to: number): void {
    this.#clocks.join(to, this.#clocks.of(from));
  }

  departure(agent: number): Int32Array {
    this.#clocks.advance(agent);
    return this.#clocks.of(agent).slice();
  }

  arrival(agent: number, snapshot: Int32Array): void {
    this.#clocks.join(agent, snapshot);
  }

  /** The current access. */
  readonly #access: Access = {
    ...{ agent: 0, stamp: 0, address: 0, size: 0, site: 0 },
    ...{ isStore: false, isSeqCst: false },
  };

  #meet(
    agent: number,
    address: number,
    size: number,
    isStore: boolean,
    isSeqCst: boolean,
    site: number,
  ): void {
    const clock = this.#clocks.of(agent);
    const access = this.#access;
    access.agent = agent;
    access.stamp = clock[agent] as number;
    access.address = address;
    access.size = size;
    access.isStore = isStore;
    access.isSeqCst = isSeqCst;
    access.site = site;
    const first = address >> 3;
    const last = (address + size - 1) >> 3;
    for (let index = first; index <= last; index++) {
      this.race ??= raceOf(this.#block(index).accesses, access, clock);
    }
  }

  newest(address: number, type: number): Value {
    const size = SIZES[type] as number;
    for (let i = 0; i < size; i++) scratch.setUint8(8 + i, this.#newestByte(address + i));
    return readValue(scratch, 8, type);
  }

  #newestByte(address: number): number {
    const block = this.#blocks.get(address >> 3);
    const message = block?.messages.findLast((m) => m.covers(address));
    return message?.byteAt(address) ?? this.#initial.byte(address);
  }

  poke(address: number, type: number, value: Value): void {
    const end = address + this.#initial.write(address, type, value);
    // An observer writes at the very end, so it overwrites the latest write.
    for (let at = address; at < end; at++) {
      const last = this.#blocks.get(at >> 3)?.messages.findLast((m) => m.covers(at));
      last?.setByte(at, this.#initial.byte(at));
    }
  }
}
