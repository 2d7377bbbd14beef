/** What the explorer needs from a memory of bytes that agents share. */

import type { ChoiceSource } from '../../memory/model.js';

/** How an access is ordered: ECMAScript knows two ways. */
export const UNORDERED = 0;
export const SEQ_CST = 1;

/** What a read-modify-write computes. */
export const RMW_EXCHANGE = 0;
export const RMW_ADD = 1;
export const RMW_SUB = 2;
export const RMW_AND = 3;
export const RMW_OR = 4;
export const RMW_XOR = 5;
export const RMW_COMPARE_EXCHANGE = 6;

/** A read-modify-write of `Atomics`. */
export type RmwName = 'add' | 'sub' | 'and' | 'or' | 'xor' | 'exchange' | 'compareExchange';

/** Their names, by these numbers. */
export const RMW_NAMES: readonly RmwName[] = [
  'exchange',
  'add',
  'sub',
  'and',
  'or',
  'xor',
  'compareExchange',
];

/** A number, or a bigint where the element type holds one. */
export type Value = number | bigint;

/** Two accesses that nothing orders, of which one writes and one is plain. */
export interface DataRace {
  readonly first: { readonly agent: number; readonly site: number; readonly isStore: boolean };
  readonly second: { readonly agent: number; readonly site: number; readonly isStore: boolean };
  readonly address: number;
  readonly size: number;
}

/** A memory for the explorer; addresses are those of `Regions`, element types those of `views.ts`. */
export interface SharedMemory {
  /** Low 32 bits of the last value loaded or stored, mixed with the high ones: for the trace hash. */
  readonly raw: number;
  /** The first data race of the execution, if the memory looks for them. */
  readonly race: DataRace | undefined;
  /** Start another execution of `agents` agents. `initial` holds the bytes; nothing of it is modified. */
  reset(initial: Uint8Array, agents: number, choices: ChoiceSource): void;
  /** The memory may need more bytes. */
  extend(bytes: number): void;
  /**
   * @param tears whether the standard lets this access be torn (DataView, floats, plain 64-bit integers)
   * @param site source position, for data races
   */
  load(
    agent: number,
    address: number,
    type: number,
    order: number,
    tears: boolean,
    site: number,
  ): Value;
  store(
    agent: number,
    address: number,
    type: number,
    value: Value,
    order: number,
    tears: boolean,
    site: number,
  ): void;
  /** A sequentially consistent read-modify-write. Returns the old value. */
  rmw(
    agent: number,
    address: number,
    type: number,
    operation: number,
    value: Value,
    expected: Value,
    site: number,
  ): Value;
  /** `agent` enters and leaves the critical section of a list of waiters, which is ordered after all earlier ones. */
  section(agent: number, address: number): void;
  /**
   * All that `from` has done happens before all that `to` does from now on. Used for the start and end of agents, and
   * for messages.
   */
  synchronize(from: number, to: number): void;
  /** Snapshot of all that `agent` has done, for a message on its way; and its arrival. */
  departure(agent: number): Int32Array;
  arrival(agent: number, snapshot: Int32Array): void;
  /** The newest value, for observers. */
  newest(address: number, type: number): Value;
  /** Write as an observer does, before the agents begin. */
  poke(address: number, type: number, value: Value): void;
}
