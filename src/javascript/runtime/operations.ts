/** The operations on shared memory, as instrumented code calls them: each returns whether another agent is next. */

import { SimulatorBug } from '../../errors.js';
import type { SiteTable } from '../build/sites.js';
import * as shared from '../memory/memory.js';
import { converted } from '../memory/values.js';
import type { Realm } from '../async/realm.js';
import { combineOutside, indexOf, timeoutOf, toInteger, toValue, toWhole } from './conversions.js';
import { VIEW } from './keys.js';
import { HiddenAccess, UninstrumentedAccess } from './uninstrumented.js';
import {
  isInteger,
  isWaitable,
  mayTear,
  SIZES,
  type Regions,
  type TypedArray,
  type ViewFacts,
} from './views.js';

/** How a step interferes with others, in the explorer's terms. */
export const STEP_READ = 1;
export const STEP_WRITE = 2;

/** What executes steps: the engine. */
export interface Stepper {
  /** The next choices of the memory belong to an access of this address. */
  accessing(address: number): void;
  /** An access is done. Returns whether another agent is next. */
  step(kind: number, address: number, size: number, site: number, raw: number): boolean;
  /** The agent sleeps on a word. Always another agent's turn, or a time-out's. */
  sleep(site: number, address: number, size: number, timeoutMs: number): boolean;
  /** The agent waits for a word, but goes on: returns the promise that a wake-up settles. */
  enlist(site: number, address: number, size: number, timeoutMs: number): unknown;
  /** State of the current agent besides its stack: its event loop and the like. */
  realm(): Realm;
  /** Wake up to `count` agents that sleep on a word. Returns how many. */
  wake(address: number, count: number): number;
  /**
   * An error that is our own bug, or that the user must see: it ends the execution even if the program catches errors.
   */
  fail(error: Error): never;
}

/** Operations of `Atomics` on shared memory. */
export const ATOMIC_NAMES = [
  'load',
  'store',
  'add',
  'sub',
  'and',
  'or',
  'xor',
  'exchange',
  'compareExchange',
  'wait',
  'notify',
  'waitAsync',
  'pause',
] as const;

type View = TypedArray & { readonly [VIEW]?: ViewFacts };

/** Accesses to shared memory. */
export abstract class Operations {
  result: unknown = undefined;
  /** Rounds of loops that an execution may still make. */
  budget = 0;
  /** Calls of instrumented code that code without instrumentation has made, and that have not returned. */
  depth = 0;
  hasLooked = false; // the last comparison or exchange has left memory as it was
  at = 0; // site of the last call, for accesses by built-ins
  /** The agent that executes; -1 while a program is set up or observed. */
  agent = -1;
  memory!: shared.SharedMemory;
  stepper!: Stepper;
  readonly sites: SiteTable;
  readonly regions: Regions;
  /** 1 for each site whose operation is weakened. */
  readonly weakened: Uint8Array;
  /** 1 for each site that was executed. */
  readonly reached: Uint8Array;

  constructor(sites: SiteTable, regions: Regions) {
    this.sites = sites;
    this.regions = regions;
    const { length } = sites.sites;
    this.weakened = new Uint8Array(length);
    this.reached = new Uint8Array(length);
  }

  isView(value: object): value is View {
    return (value as View)[VIEW] !== undefined;
  }

  /** Read an element: `view[key]`. */
  get(site: number, view: View, key: unknown): boolean {
    const index = typeof key === 'number' ? key : indexOf(key);
    if (index === undefined) {
      this.result = (view as unknown as Record<PropertyKey, unknown>)[key as PropertyKey];
      return false;
    }
    if (!(index >= 0 && index < view.length) || !Number.isInteger(index)) {
      this.result = undefined;
      return this.#outside(site, view);
    }
    const { address, size, type } = view[VIEW] as ViewFacts;
    return this.read(site, address + index * size, type, shared.UNORDERED, mayTear(type));
  }

  /** Reads nothing, but memory that can grow may do so before the next step. */
  #outside(site: number, view: View): boolean {
    const { region } = view[VIEW] as ViewFacts;
    if (this.agent < 0 || region.capacity === region.buffer.byteLength) return false;
    return this.stepper.step(STEP_READ, region.base, 4, site, 0);
  }

  /** Write an element: `view[key] = value`. */
  set(site: number, view: View, key: unknown, value: unknown): boolean {
    const index = typeof key === 'number' ? key : indexOf(key);
    if (index === undefined) {
      (view as unknown as Record<PropertyKey, unknown>)[key as PropertyKey] = value;
      return false;
    }
    const { address, size, type } = view[VIEW] as ViewFacts;
    const number = toValue(type, value);
    if (!(index >= 0 && index < view.length) || !Number.isInteger(index)) return false;
    return this.write(site, address + index * size, type, number, shared.UNORDERED, mayTear(type));
  }

  read(site: number, address: number, type: number, order: number, tears: boolean): boolean {
    const { agent } = this;
    if (agent < 0) {
      this.result = this.memory.newest(address, type);
      return false;
    }
    if (this.depth !== 0) this.uninterruptible(site);
    this.stepper.accessing(address);
    this.result = this.memory.load(agent, address, type, order, tears, site);
    return this.stepper.step(STEP_READ, address, SIZES[type] as number, site, this.memory.raw);
  }

  write(
    site: number,
    address: number,
    type: number,
    value: shared.Value,
    order: number,
    tears: boolean,
  ): boolean {
    const { agent } = this;
    if (agent < 0) {
      this.memory.poke(address, type, value);
      return false;
    }
    if (this.depth !== 0) this.uninterruptible(site);
    this.stepper.accessing(address);
    this.memory.store(agent, address, type, value, order, tears, site);
    return this.stepper.step(STEP_WRITE, address, SIZES[type] as number, site, this.memory.raw);
  }

  /** A shared access in code that cannot be interrupted: it would run without a scheduling point, which is wrong. */
  protected uninterruptible(site: number): never {
    const { file, line, text } = this.sites.at(site);
    this.stepper.fail(
      new UninstrumentedAccess(
        `${file}:${line}: ${text} accesses shared memory inside a call from code that cannot be interrupted (a built-in, or a module that is not instrumented)`,
      ),
    );
  }

  /** Something that the explorer cannot do; the message names the place. */
  refuseOperation(message: string): never {
    this.stepper.fail(new UninstrumentedAccess(message));
  }

  /** The explorer cannot perform the last call. */
  refuseCall(what: string): never {
    const { file, line } = this.sites.at(this.at);
    this.refuseOperation(`${file}:${line}: ${what}`);
  }

  /** The language itself would read shared memory, without going through the runtime. */
  refuseHere(what: string): never {
    this.stepper.fail(new HiddenAccess(`${what} where that cannot be interrupted`));
  }

  /** The same, where the call is in our library: the stack tells the place in the program. */
  refuseCaller(what: string): never {
    this.stepper.fail(new HiddenAccess(what));
  }

  load(site: number, view: View, index: unknown): boolean {
    const facts = this.#facts(view, 'load');
    if (facts === undefined) return this.#local(Atomics.load(view as never, index as number));
    const address = this.#place(facts, view, index);
    const order = this.weakened[site] === 1 ? shared.UNORDERED : shared.SEQ_CST;
    return this.read(site, address, facts.type, order, false);
  }

  store(site: number, view: View, index: unknown, value: unknown): boolean {
    const facts = this.#facts(view, 'store');
    if (facts === undefined)
      return this.#local(Atomics.store(view as never, index as never, value as never));
    const address = this.#place(facts, view, index);
    const whole = toInteger(facts.type, value);
    const order = this.weakened[site] === 1 ? shared.UNORDERED : shared.SEQ_CST;
    const next = this.write(site, address, facts.type, whole, order, false);
    this.result = whole;
    return next;
  }

  #local(value: unknown): boolean {
    this.result = value;
    return false;
  }

  add(site: number, view: View, index: unknown, value: unknown): boolean {
    return this.#rmw(site, view, index, shared.RMW_ADD, value, 0);
  }
  sub(site: number, view: View, index: unknown, value: unknown): boolean {
    return this.#rmw(site, view, index, shared.RMW_SUB, value, 0);
  }
  and(site: number, view: View, index: unknown, value: unknown): boolean {
    return this.#rmw(site, view, index, shared.RMW_AND, value, 0);
  }
  or(site: number, view: View, index: unknown, value: unknown): boolean {
    return this.#rmw(site, view, index, shared.RMW_OR, value, 0);
  }
  xor(site: number, view: View, index: unknown, value: unknown): boolean {
    return this.#rmw(site, view, index, shared.RMW_XOR, value, 0);
  }
  exchange(site: number, view: View, index: unknown, value: unknown): boolean {
    return this.#rmw(site, view, index, shared.RMW_EXCHANGE, value, 0);
  }
  compareExchange(
    site: number,
    view: View,
    i: unknown,
    expected: unknown,
    value: unknown,
  ): boolean {
    return this.#rmw(site, view, i, shared.RMW_COMPARE_EXCHANGE, value, expected);
  }

  #rmw(
    site: number,
    view: View,
    index: unknown,
    operation: number,
    value: unknown,
    expected: unknown,
  ): boolean {
    const name = shared.RMW_NAMES[operation] as shared.RmwName;
    const facts = this.#facts(view, name);
    if (facts === undefined) {
      const method = Atomics[name] as (...args: unknown[]) => unknown;
      const isCompare = name === 'compareExchange';
      return this.#local(
        isCompare ? method(view, index, expected, value) : method(view, index, value),
      );
    }
    const { type } = facts;
    const address = this.#place(facts, view, index);
    const isCompare = operation === shared.RMW_COMPARE_EXCHANGE;
    const old = isCompare ? converted(type, toInteger(type, expected)) : 0;
    const operand = converted(type, toInteger(type, value));
    const { agent } = this;
    if (agent < 0) return this.#observedRmw(address, type, operation, operand, old);
    if (this.depth !== 0) this.uninterruptible(site);
    this.stepper.accessing(address);
    this.result =
      this.weakened[site] === 1
        ? this.#weakRmw(site, address, type, operation, operand, old)
        : this.memory.rmw(agent, address, type, operation, operand, old, site);
    this.hasLooked = isCompare ? this.result !== old : this.result === operand;
    return this.stepper.step(STEP_WRITE, address, facts.size, site, this.memory.raw);
  }

  /** A read-modify-write that was weakened: a plain load and a plain store. */
  #weakRmw(
    site: number,
    address: number,
    type: number,
    operation: number,
    operand: shared.Value,
    expected: shared.Value,
  ): shared.Value {
    const { memory, agent } = this;
    const old = memory.load(agent, address, type, shared.UNORDERED, false, site);
    if (operation === shared.RMW_COMPARE_EXCHANGE && old !== expected) return old;
    const isCompare = operation === shared.RMW_COMPARE_EXCHANGE;
    const next = isCompare ? operand : combineOutside(operation, old, operand);
    memory.store(agent, address, type, next, shared.UNORDERED, false, site);
    return old;
  }

  #observedRmw(
    address: number,
    type: number,
    operation: number,
    operand: shared.Value,
    expected: shared.Value,
  ): boolean {
    const { memory } = this;
    const old = memory.newest(address, type);
    if (operation !== shared.RMW_COMPARE_EXCHANGE || old === expected) {
      memory.poke(address, type, combineOutside(operation, old, operand));
    }
    return this.#local(old);
  }

  wait(site: number, view: View, index: unknown, value: unknown, timeout?: unknown): boolean {
    const facts = this.#waitable(view, 'wait');
    const address = this.#place(facts, view, index);
    const { type, size } = facts;
    const expected = converted(type, toInteger(type, value));
    const timeoutMs = timeoutOf(timeout);
    if (this.agent < 0) throw new TypeError('Atomics.wait() cannot be called in this context');
    if (this.depth !== 0) this.uninterruptible(site);
    this.memory.section(this.agent, address);
    this.stepper.accessing(address);
    const found = this.memory.load(this.agent, address, type, shared.SEQ_CST, false, site);
    if (found === expected && timeoutMs > 0)
      return this.stepper.sleep(site, address, size, timeoutMs);
    this.result = found === expected ? 'timed-out' : 'not-equal';
    return this.stepper.step(STEP_WRITE, address, size, site, this.memory.raw);
  }

  waitAsync(site: number, view: View, index: unknown, value: unknown, timeout?: unknown): boolean {
    const facts = this.#waitable(view, 'waitAsync');
    const address = this.#place(facts, view, index);
    const { type, size } = facts;
    const expected = converted(type, toInteger(type, value));
    const timeoutMs = timeoutOf(timeout);
    if (this.agent < 0) throw new TypeError('Atomics.waitAsync() cannot be called in this context');
    if (this.depth !== 0) this.uninterruptible(site);
    this.memory.section(this.agent, address);
    this.stepper.accessing(address);
    const found = this.memory.load(this.agent, address, type, shared.SEQ_CST, false, site);
    const isWaiting = found === expected && timeoutMs > 0;
    const answer = isWaiting
      ? { async: true, value: this.stepper.enlist(site, address, size, timeoutMs) }
      : { async: false, value: found === expected ? 'timed-out' : 'not-equal' };
    const next = this.stepper.step(STEP_WRITE, address, size, site, this.memory.raw);
    this.result = answer;
    return next;
  }

  /** A hint that the agent spins: a point at which others may go on. */
  pause(site: number, count?: unknown): boolean {
    if (count !== undefined && !Number.isInteger(count)) {
      throw new TypeError('Atomics.pause argument must be undefined or an integer');
    }
    this.result = undefined;
    if (this.agent < 0 || this.depth !== 0) return false;
    const next = this.stepper.step(0, 0, 4, site, 0);
    this.result = undefined;
    return next;
  }

  notify(site: number, view: View, index: unknown, count?: unknown): boolean {
    const facts = this.#facts(view, 'notify');
    if (facts === undefined || !isWaitable(facts.type)) {
      return this.#local(Atomics.notify(view as Int32Array, index as number, count as number));
    }
    const address = this.#place(facts, view, index);
    const most = count === undefined ? Infinity : Math.max(toWhole(count), 0);
    if (this.agent < 0) return this.#local(0);
    if (this.depth !== 0) this.uninterruptible(site);
    this.memory.section(this.agent, address);
    this.result = this.weakened[site] === 1 ? 0 : this.stepper.wake(address, most);
    return this.stepper.step(STEP_WRITE, address, facts.size, site, this.result as number);
  }

  /** Facts about a view that `Atomics.wait` accepts. */
  #waitable(view: View, name: 'wait' | 'waitAsync'): ViewFacts {
    const facts = this.#facts(view, name);
    return facts !== undefined && isWaitable(facts.type) ? facts : refusedNatively(name, view);
  }

  /** Undefined: a view that is not shared, which the language itself may deal with. */
  #facts(view: View, name: string): ViewFacts | undefined {
    const facts = (view as View | undefined)?.[VIEW];
    return facts === undefined || isInteger(facts.type) ? facts : refusedNatively(name, view);
  }

  #place({ address, size }: ViewFacts, view: View, index: unknown): number {
    const whole = index === undefined ? 0 : toWhole(index);
    if (!(whole >= 0 && whole < view.length)) throw new RangeError('Invalid atomic access index');
    return address + whole * size;
  }
}

/** Let the language itself report what is wrong with a view. It does so before it touches the memory. */
function refusedNatively(name: string, view: unknown): never {
  const methods = Atomics as unknown as Record<string, (...args: unknown[]) => unknown>;
  methods[name]?.(view, 0, 0, 0);
  throw new SimulatorBug(`Atomics.${name}() takes what it ought to refuse`);
}
