/** Accesses of a litmus test in the terms of the view machine: words, orders and operations. */

import {
  LOAD_ACQUIRE,
  LOAD_ONCE,
  LOAD_PLAIN,
  RMW_ACQUIRE,
  RMW_ADD,
  RMW_AND,
  RMW_FULL,
  RMW_OR,
  RMW_RELAXED,
  RMW_RELEASE,
  RMW_VOID,
  RMW_XCHG,
  RMW_XOR,
  STORE_ONCE,
  STORE_PLAIN,
  STORE_RELEASE,
} from '../../memory/model.js';
import type { CpuId } from '../../memory/struct.js';
import type { ViewMachine } from '../../view-machine/view-machine.js';
import type { Instruction, LitmusTest, RmwInstruction, SourceSpan } from '../syntax/ast.js';
import { isLockOperation, lockLocations } from '../syntax/locks.js';
import { LitmusSyntaxError } from '../syntax/syntax-error.js';
import { IllegalOperation } from '../axioms/arithmetic.js';
import { Places } from '../axioms/places.js';

/** Machine words that stand for pointers and large numbers start here. */
const NAMED = 2 ** 30;

/** Instructions that access a place as a number. */
const ACCESSES: ReadonlySet<Instruction['kind']> = new Set([
  'load',
  'store',
  'rmw',
  'cmpxchg',
  'add-unless',
]);

/** Words for places beyond the objects of a test. */
const BEYOND = 16;

/** A test that the machine cannot run, and where and why. */
export class NotOnMachine extends Error {
  override readonly name = 'NotOnMachine';

  constructor({ file }: LitmusTest, { line, column }: SourceSpan, reason: string) {
    super(`${file}:${line}:${column}: ${reason}`);
  }
}

/** Values and locations of one test as words and addresses of the machine. */
export class MachineWords {
  readonly #test: LitmusTest;
  readonly #places: Places;
  readonly #named: number[] = [];
  readonly #words = new Map<number, number>();
  /** Machine addresses of what is a lock, and of what is accessed as a number, as far as either is known. */
  readonly #locks: Set<number>;
  readonly #numbers = new Set<number>();

  constructor(test: LitmusTest) {
    this.#test = test;
    this.#places = new Places(test);
    this.#locks = new Set([...lockLocations(test)].map((location) => location + 1));
  }

  /** Words that the machine needs. */
  get size(): number {
    return this.#test.locations.length + 1 + BEYOND;
  }

  /** A litmus value as a machine word. */
  toWord(value: number): number {
    if (Math.abs(value) < NAMED) return value;
    const known = this.#words.get(value);
    if (known !== undefined) return known;
    const word = NAMED + this.#named.push(value) - 1;
    this.#words.set(value, word);
    return word;
  }

  /** A machine word as a litmus value. */
  fromWord(word: number): number {
    return word >= NAMED ? (this.#named[word - NAMED] ?? NaN) : word;
  }

  /** Does a word stand for a value that it is not? */
  isNamed(word: number): boolean {
    return Math.abs(word) >= NAMED;
  }

  /** Machine address of the place that `value` leads to: its location id, from 1.
   * @throws LitmusSyntaxError if it leads to none */
  address(value: number, at: SourceSpan): number {
    const location = this.#guard(at, () => this.#places.locationOf(value));
    if (location + 1 < this.size) return location + 1;
    throw new NotOnMachine(this.#test, at, 'too many places beyond objects for the machine');
  }

  /** Take note of what an instruction does at an address.
   * @throws NotOnMachine for a lock that is accessed as a number: to the model such accesses do not see the lock */
  use(address: number, instruction: Instruction): void {
    if (isLockOperation(instruction)) this.#locks.add(address);
    else if (ACCESSES.has(instruction.kind)) this.#numbers.add(address);
    if (this.#locks.has(address) && this.#numbers.has(address)) {
      throw new NotOnMachine(this.#test, instruction.at, 'an ordinary access to a lock');
    }
  }

  /** Release a lock.
   * @throws NotOnMachine if the thread does not hold it */
  unlock(machine: ViewMachine, cpu: CpuId, lock: number, at: SourceSpan): void {
    if (!machine.holds(cpu, lock)) {
      throw new NotOnMachine(this.#test, at, 'a lock that is released unheld');
    }
    machine.unlock(cpu, lock);
  }

  #guard<T>(at: SourceSpan, action: () => T): T {
    try {
      return action();
    } catch (error) {
      throw error instanceof IllegalOperation ? refusal(this.#test, at, error) : error;
    }
  }
}

/** A load about to be executed: the machine's address, and the register it goes to. */
export interface PendingLoad {
  readonly address: number;
  readonly into: number;
}

/** A store about to be executed: the machine's address, and what it stores there. */
export interface PendingStore {
  readonly address: number;
  readonly word: number;
}

/** The error of a test that does, at `at`, what has no meaning. */
export function refusal(
  { file }: LitmusTest,
  at: SourceSpan,
  { message }: IllegalOperation,
): LitmusSyntaxError {
  return new LitmusSyntaxError(file, at, `${message}: ${at.text}`);
}

/** Orders of loads as the machine knows them. */
export const LOAD_ORDERS = { plain: LOAD_PLAIN, once: LOAD_ONCE, acquire: LOAD_ACQUIRE };

/** Orders of stores as the machine knows them. */
export const STORE_ORDERS = { plain: STORE_PLAIN, once: STORE_ONCE, release: STORE_RELEASE };

/** Orders of read-modify-writes as the machine knows them. */
export const RMW_ORDERS = {
  full: RMW_FULL,
  acquire: RMW_ACQUIRE,
  release: RMW_RELEASE,
  relaxed: RMW_RELAXED,
  void: RMW_VOID,
};

/** What a read-modify-write does on the machine: the operation and its operand, a machine word. */
export function operationOf({ operation }: RmwInstruction, operand: number): [number, number] {
  switch (operation) {
    case 'set':
      return [RMW_XCHG, operand];
    case 'add':
      return [RMW_ADD, operand];
    case 'sub':
      return [RMW_ADD, -operand];
    case 'and':
      return [RMW_AND, operand];
    case 'andnot':
      return [RMW_AND, ~operand];
    case 'or':
      return [RMW_OR, operand];
    case 'xor':
      return [RMW_XOR, operand];
  }
}

/** The machine word that a read-modify-write of the word `old` leaves behind. */
export function compute(op: number, old: number, operand: number): number {
  switch (op) {
    case RMW_ADD:
      return (old + operand) | 0;
    case RMW_AND:
      return old & operand;
    case RMW_OR:
      return old | operand;
    case RMW_XOR:
      return old ^ operand;
    default:
      return operand;
  }
}
