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
import { ADDRESS_BASE, type RmwInstruction } from '../syntax/ast.js';

/** Machine words that stand for addresses start here; no test computes with numbers as large. */
const POINTER = 2 ** 30;

/** A litmus value as a machine word. */
export function toWord(value: number): number {
  return value >= ADDRESS_BASE ? value - ADDRESS_BASE + POINTER : value | 0;
}

/** A machine word as a litmus value. */
export function fromWord(word: number): number {
  return word >= POINTER ? word - POINTER + ADDRESS_BASE : word;
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
