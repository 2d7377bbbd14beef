/** The memory of a search under the Linux kernel memory model: a view machine whose states are kept as canonical numbers. */

import { checkRelease, freedLock } from '../../memory/fault.js';
import * as model from '../../memory/model.js';
import { POISON, type Addr, type CpuId } from '../../memory/struct.js';
import { Decoder } from '../../view-machine/canonical/decode.js';
import { Encoder } from '../../view-machine/canonical/encode.js';
import type { Outlook } from '../../view-machine/canonical/outlook.js';
import { ViewMachine } from '../../view-machine/view-machine.js';
import { Answers } from './answers.js';
import { mix, mixAgain } from './hash.js';
import * as ask from './requests.js';
import type { SearchRule } from './rules.js';
import type { Requests } from './undoable-memory.js';

/** Accesses of a CPU that stay unordered at a time. Nothing else of the machine is bounded. */
const WINDOW = 63;
const UNBOUNDED = 1 << 20;

/** Operations and marks are numbers in one list: a mark names a state that was kept, and how far the list went. */
const LOG_LENGTH = 2 ** 26;
const POKE = -1;
const OWED = -2;

/** A memory and how it came to be, as plain data. */
export interface SavedWeakMemory {
  readonly kept: readonly Int32Array[];
  readonly begins: readonly number[];
  readonly log: readonly number[];
  /** {@link Answers.cut} */
  readonly cut: boolean;
}

/** Messages and views, taken back to a state that was kept and forward again from there. */
export class WeakMemory {
  readonly answers = new Answers();
  /** Hash of the state as of the last {@link encode}, in two halves. */
  low = 0;
  high = 0;
  readonly #initial: Int32Array;
  readonly #machine: ViewMachine;
  readonly #encoder: Encoder;
  readonly #decoder: Decoder;
  /** States that were kept, and where the operations after each begin in {@link #log}. */
  readonly #kept: Int32Array[] = [];
  readonly #begins: number[] = [];
  #log: number[] = [];
  /** The state, if it was encoded and nothing has happened since. */
  #code: Int32Array | undefined;
  readonly #start: Int32Array;

  /** @param broken a rule whose condition is ignored: for tests only */
  constructor(initial: Int32Array, cpus: number, broken?: SearchRule) {
    this.#initial = initial;
    this.#machine = new ViewMachine({
      cpus,
      words: initial.length,
      windowCap: WINDOW,
      viewCap: UNBOUNDED,
      maxHistory: UNBOUNDED,
    });
    this.#machine.reset(initial, this.answers);
    this.#encoder = new Encoder(this.#machine.state, broken);
    this.#decoder = new Decoder(this.#machine.state);
    this.#start = this.encode(EVERYTHING);
    this.restart();
  }

  /** Number of words. */
  get size(): number {
    return this.#initial.length;
  }

  /** Go back to the beginning. */
  restart(): void {
    this.#kept.length = this.#begins.length = this.#log.length = 0;
    this.#kept.push(this.#start);
    this.#begins.push(0);
    this.#decode(this.#start);
  }

  read(addr: Addr): number {
    return this.#machine.newest(addr);
  }

  /** Visit the values that a CPU may load from a word by now, and perhaps some that it may not. */
  eachReadable(cpu: number, addr: Addr, visit: (value: number) => void): void {
    const { ids, locations, processors, global } = this.#machine.state;
    const id = ids[addr] as number;
    const location = locations[id];
    const own = processors[cpu];
    if (id <= 0 || location === undefined || own === undefined) {
      visit(this.read(addr));
      return;
    }
    const seen = Math.max(own.coherence[id] as number, own.readBound[id] as number);
    const bound = Math.max(seen, global.at(id, own.readTime));
    for (let i = location.count - 1; i >= 0; i--) {
      const message = location.at(i);
      visit(message.value);
      if (message.position <= bound) return;
    }
  }

  write(addr: Addr, value: number): void {
    this.#code = undefined;
    this.#log.push(POKE, addr, value);
    this.#machine.poke(addr, value);
  }

  /** Whether a CPU still owes the strong fence of its last operation. */
  owes(cpu: number): boolean {
    return this.#machine.state.processors[cpu]?.owesFence === true;
  }

  /** A CPU that has to wait executes the strong fence that it owes. */
  endFence(cpu: CpuId): void {
    this.#code = undefined;
    this.#log.push(OWED, cpu);
    this.#machine.rmwEnd(cpu);
  }

  /** {@link UndoableMemory.operate}: the memory answers as {@link answers} say. */
  operate(cpu: CpuId, asked: Requests, state: number): number {
    this.#code = undefined;
    const kind = asked.kind(state);
    const addr = asked.addr(state);
    const a = asked.a(state);
    const b = asked.b(state);
    const order = asked.order(state);
    try {
      return this.#perform(cpu, kind, addr, a, b, order);
    } finally {
      const { taken } = this.answers;
      this.#log.push(kind, cpu, addr, a, b, order, taken.length, ...taken);
    }
  }

  #perform(cpu: CpuId, kind: number, addr: Addr, a: number, b: number, order: number): number {
    const machine = this.#machine;
    const fences = order & (ask.READ_FENCE | ask.WRITE_FENCE);
    this.answers.fresh = (order & ask.FRESH) !== 0;
    if (kind !== ask.ASK_PREEMPT || fences !== 0) machine.rmwEnd(cpu);
    if ((fences & ask.READ_FENCE) !== 0) machine.fence(cpu, model.FENCE_RMB);
    if ((fences & ask.WRITE_FENCE) !== 0) machine.fence(cpu, model.FENCE_WMB);
    switch (kind) {
      case ask.ASK_READ:
        return machine.load(cpu, addr, order & ask.ORDER);
      case ask.ASK_BIT:
        return (machine.load(cpu, addr, order & ask.ORDER) >>> a) & 1;
      case ask.ASK_WRITE:
        machine.store(cpu, addr, a, order & ask.ORDER);
        return 0;
      case ask.ASK_PREEMPT:
        machine.poke(addr, a);
        return 0;
      case ask.ASK_FENCE:
        machine.fence(cpu, model.FENCE_MB);
        return 0;
      case ask.ASK_RELAX:
      case ask.ASK_MWAIT:
        return 0;
      case ask.ASK_LOCK:
      case ask.ASK_TRYLOCK:
        if (machine.newest(addr) === POISON) freedLock(cpu, addr);
        return (kind === ask.ASK_LOCK ? machine.lock(cpu, addr) : machine.trylock(cpu, addr))
          ? 1
          : 0;
      case ask.ASK_UNLOCK:
        checkRelease(machine, cpu, addr);
        machine.unlock(cpu, addr);
        return 0;
      default:
        return this.#modify(cpu, kind, addr, a, b, order & ask.ORDER);
    }
  }

  #modify(cpu: CpuId, kind: number, addr: Addr, a: number, b: number, order: number): number {
    const [op, operand, expected] = modifies(kind, a, b);
    const old = this.#machine.rmw(cpu, addr, op, operand, expected, order);
    if (kind === ask.ASK_SET_BIT || kind === ask.ASK_CLEAR_BIT) return (old >>> a) & 1;
    return kind === ask.ASK_ADD || kind === ask.ASK_OR || kind === ask.ASK_AND ? 0 : old;
  }

  /** Compute {@link low} and {@link high}. Returns the numbers that were hashed. */
  encode(outlook: Outlook): Int32Array {
    const code = this.#encoder.encode(outlook);
    let [low, high] = [code.length, code.length];
    for (let i = 0; i < code.length; i++) {
      low = mix(low, code[i] as number);
      high = mixAgain(high, code[i] as number);
    }
    this.low = low;
    this.high = high;
    return (this.#code = code);
  }

  #decode(code: Int32Array): void {
    this.#decoder.decode(code, this.#initial);
    this.#code = undefined;
  }

  /** A point to which the memory can be taken back, until it is taken back further. */
  get mark(): number {
    if (this.#code !== undefined) {
      this.#kept.push(this.#code);
      this.#begins.push(this.#log.length);
      this.#code = undefined;
    }
    return (this.#kept.length - 1) * LOG_LENGTH + this.#log.length;
  }

  /** The memory has to be taken back to a mark after {@link load}. */
  save(): SavedWeakMemory {
    return { kept: this.#kept, begins: this.#begins, log: this.#log, cut: this.answers.cut };
  }
  load({ kept, begins, log, cut }: SavedWeakMemory): void {
    replace(this.#kept, kept);
    replace(this.#begins, begins);
    replace(this.#log, log);
    this.answers.cut = cut;
    this.#code = undefined;
  }

  /** Take back everything since a mark. */
  restore(mark: number): void {
    const at = Math.floor(mark / LOG_LENGTH);
    const end = mark % LOG_LENGTH;
    this.#kept.length = this.#begins.length = at + 1;
    const log = this.#log;
    log.length = end;
    this.#decode(this.#kept[at] as Int32Array);
    let i = this.#begins[at] as number;
    while (i < end) i = this.#again(log, i);
  }

  /** Carry out the operation at index `i` of the list again. Returns the index of the next one. */
  #again(log: readonly number[], i: number): number {
    const number = (offset: number): number => log[i + offset] as number;
    if (number(0) === POKE) {
      this.#machine.poke(number(1), number(2));
      return i + 3;
    }
    if (number(0) === OWED) {
      this.#machine.rmwEnd(number(1) as CpuId);
      return i + 2;
    }
    const count = number(6);
    this.answers.begin(log.slice(i + 7, i + 7 + count), 0);
    this.#perform(number(1) as CpuId, number(0), number(2), number(3), number(4), number(5));
    return i + 7 + count;
  }
}

function replace<T>(list: T[], by: readonly T[]): void {
  list.length = 0;
  for (const one of by) list.push(one);
}

/** Nothing is known of the code: everything may matter. */
const EVERYTHING: Outlook = {
  readers: () => -1,
  writers: () => -1,
  isLive: () => true,
  isLock: () => false,
  lockers: -1,
  mayFence: true,
};

/** What a read-modify-write computes, its operand, and the value that it expects. */
function modifies(
  kind: number,
  a: number,
  b: number,
): [op: number, operand: number, expected: number] {
  switch (kind) {
    case ask.ASK_XCHG:
      return [model.RMW_XCHG, a, 0];
    case ask.ASK_CMPXCHG:
      return [model.RMW_CMPXCHG, b, a];
    case ask.ASK_OR:
      return [model.RMW_OR, a, 0];
    case ask.ASK_AND:
      return [model.RMW_AND, a, 0];
    case ask.ASK_SET_BIT:
      return [model.RMW_OR, 1 << a, 0];
    case ask.ASK_CLEAR_BIT:
      return [model.RMW_AND, ~(1 << a), 0];
    default:
      return [model.RMW_ADD, a, 0];
  }
}
