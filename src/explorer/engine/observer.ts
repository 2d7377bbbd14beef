/**
 * Observers of an execution. They are told everything that happens, and change nothing that the execution depends on.
 */

import type { SiteId } from '../../memory/sites.js';
import type { Addr, CpuId } from '../../memory/struct.js';
import type { MachineListener } from '../../scenario/declare.js';
import type { CpuState } from './cpu-state.js';

/** Is told what is executed, in order. A method that is not overridden does nothing. */
export abstract class Observer {
  /** Wants {@link looped}, which takes time. */
  readonly wantsLoops: boolean = false;
  /** Another execution begins. */
  restart(): void {}
  /** A CPU goes on after another. */
  turn(_cpu: CpuState): void {}
  /** The next operation was answered a choice: `value` of `n`. */
  choice(_n: number, _kind: number, _value: number): void {}
  /** The ablation of a site removed or weakened something here. */
  ablated(_site: SiteId): void {}
  /** A load, by `LOAD_*` order. */
  load(_id: CpuId, _addr: Addr, _order: number): void {}
  /** A store, by `STORE_*` order. */
  store(_id: CpuId, _addr: Addr, _order: number): void {}
  /** A read-modify-write, by `RMW_*` order; taking a lock is one. */
  rmw(_id: CpuId, _addr: Addr, _order: number): void {}
  /** A fence, by `FENCE_*` kind. */
  fence(_id: CpuId, _kind: number): void {}
  /** `cpu.get()`. */
  get(_id: CpuId, _addr: Addr): void {}
  /** `cpu.set()`. */
  set(_id: CpuId, _addr: Addr): void {}
  /** Any operation or access, by its code, when it is over; `value` is what was read or stored. */
  operation(_cpu: CpuState, _code: number, _addr: Addr, _value: number): void {}
  /** `cpu.trace()`. */
  event(_cpu: CpuState, _event: number, _a: number, _b: number, _c: number): void {}
  /** A loop of kernel code goes round, after so many calls of its function; undefined: its variables are not all that it knows. */
  looped(
    _cpu: CpuState,
    _place: number,
    _call: number,
    _variables: readonly unknown[] | undefined,
  ): void {}
  /** Beyond the bound: every CPU that can go on has had its turn again. */
  round(): void {}
  /** No CPU could go on, and time passed. */
  timePassed(): void {}
}

/** Tells several observers, in the order in which they were attached. */
class ObserverList extends Observer {
  readonly #all: readonly Observer[];

  constructor(all: readonly Observer[]) {
    super();
    this.#all = all;
  }

  override turn(cpu: CpuState): void {
    for (const one of this.#all) one.turn(cpu);
  }
  override choice(n: number, kind: number, value: number): void {
    for (const one of this.#all) one.choice(n, kind, value);
  }
  override ablated(site: SiteId): void {
    for (const one of this.#all) one.ablated(site);
  }
  override load(id: CpuId, addr: Addr, order: number): void {
    for (const one of this.#all) one.load(id, addr, order);
  }
  override store(id: CpuId, addr: Addr, order: number): void {
    for (const one of this.#all) one.store(id, addr, order);
  }
  override rmw(id: CpuId, addr: Addr, order: number): void {
    for (const one of this.#all) one.rmw(id, addr, order);
  }
  override fence(id: CpuId, kind: number): void {
    for (const one of this.#all) one.fence(id, kind);
  }
  override get(id: CpuId, addr: Addr): void {
    for (const one of this.#all) one.get(id, addr);
  }
  override set(id: CpuId, addr: Addr): void {
    for (const one of this.#all) one.set(id, addr);
  }
  override operation(cpu: CpuState, code: number, addr: Addr, value: number): void {
    for (const one of this.#all) one.operation(cpu, code, addr, value);
  }
  override event(cpu: CpuState, event: number, a: number, b: number, c: number): void {
    for (const one of this.#all) one.event(cpu, event, a, b, c);
  }
  override looped(
    cpu: CpuState,
    place: number,
    call: number,
    variables: readonly unknown[] | undefined,
  ): void {
    for (const one of this.#all) one.looped(cpu, place, call, variables);
  }
  override round(): void {
    for (const one of this.#all) one.round();
  }
  override timePassed(): void {
    for (const one of this.#all) one.timePassed();
  }
}

/** The checks of a whole machine, which listen to its traces alone. */
export class ListeningObserver extends Observer {
  readonly #listen: () => MachineListener;
  #listener: MachineListener | undefined;

  /** @param listen makes the checks of one execution, before it begins */
  constructor(listen: () => MachineListener) {
    super();
    this.#listen = listen;
  }

  override restart(): void {
    this.#listener = this.#listen();
  }
  override event({ id }: CpuState, event: number, a: number, b: number, c: number): void {
    this.#listener?.(id, event, a, b, c);
  }
}

/** The events that an observer can be told of during an execution. */
type Told = Exclude<keyof Observer, 'wantsLoops' | 'restart'>;

/** The observer to tell of each event; undefined if no observer wants to know. */
export type Audience = Readonly<Record<Told, Observer | undefined>>;

/** Those of `all` that do something when they are told, as one. */
function listeners(all: readonly Observer[], told: Told): Observer | undefined {
  const wanting = all.filter((one) => one[told] !== Observer.prototype[told]);
  return wanting.length > 1 ? new ObserverList(wanting) : wanting[0];
}

/**
 * Chooses which of several observers are told of which event. Most override few methods, and a method that none
 * overrides costs nothing.
 */
export function audienceOf(all: readonly Observer[]): Audience {
  return {
    turn: listeners(all, 'turn'),
    choice: listeners(all, 'choice'),
    ablated: listeners(all, 'ablated'),
    load: listeners(all, 'load'),
    store: listeners(all, 'store'),
    rmw: listeners(all, 'rmw'),
    fence: listeners(all, 'fence'),
    get: listeners(all, 'get'),
    set: listeners(all, 'set'),
    operation: listeners(all, 'operation'),
    event: listeners(all, 'event'),
    looped: listeners(all, 'looped'),
    round: listeners(all, 'round'),
    timePassed: listeners(all, 'timePassed'),
  };
}
