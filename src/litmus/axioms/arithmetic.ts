/** Values of pure expressions, as herd7 computes them: integers, pointers that offsets may move, and a free value that
 * nothing but a copy of it equals. */
import type { BinaryOperator, RmwOperation } from '../syntax/ast.js';
import {
  FREE_VALUE,
  INTEGER_LIMIT,
  isPointer,
  objectOf,
  offsetOf,
  pointerTo,
} from '../syntax/values.js';

/** Thrown for an operation that has no value: bits of a pointer, a division by 0, a number that is too large. */
export class IllegalOperation extends Error {
  override readonly name = 'IllegalOperation';
  static readonly #known = new Map<string, IllegalOperation>();

  /** The one with this message: guessed values make many, and a stack of each would cost more than all the rest. */
  static of(message: string): IllegalOperation {
    const known = IllegalOperation.#known.get(message);
    if (known !== undefined) return known;
    const made = new IllegalOperation(message);
    IllegalOperation.#known.set(message, made);
    return made;
  }
}

/** Thrown where something is computed from a value out of thin air: its possible values are not known, so there is no execution. */
export class UndeterminedValue extends Error {
  override readonly name = 'UndeterminedValue';
}

/** The one {@link UndeterminedValue}. */
export const UNDETERMINED = new UndeterminedValue('a value out of thin air was computed with');

const WORDS: Readonly<Record<string, string>> = { '/': 'divide', '%': 'divide' };

function isInteger(value: number): boolean {
  return value > -INTEGER_LIMIT && value < INTEGER_LIMIT;
}

function inRange(value: number): number {
  if (isInteger(value)) return value + 0;
  throw IllegalOperation.of('the result is beyond 2^50');
}

function bitwise(operator: '&' | '|' | '^' | '<<' | '>>', a: number, b: number): number {
  if ((a | 0) === a && (b | 0) === b && operator !== '<<') {
    if (operator === '&') return a & b;
    if (operator === '|') return a | b;
    if (operator === '^') return a ^ b;
    return b < 0 ? 0 : a >> Math.min(b, 31);
  }
  const [x, y] = [BigInt(a), BigInt(b)];
  if (operator === '&') return Number(x & y);
  if (operator === '|') return Number(x | y);
  if (operator === '^') return Number(x ^ y);
  if (y < 0n || y > 63n) return 0;
  return inRange(Number(BigInt.asIntN(64, operator === '<<' ? x << y : x >> y)));
}

function quotient(operator: '/' | '%', a: number, b: number): number {
  if (b === 0) throw IllegalOperation.of('this would divide by 0');
  return (operator === '/' ? Math.trunc(a / b) : a % b) + 0;
}

function ofIntegers(operator: BinaryOperator, a: number, b: number): number {
  switch (operator) {
    case '+':
      return inRange(a + b);
    case '-':
      return inRange(a - b);
    case '*':
      return inRange(a * b);
    case '/':
    case '%':
      return quotient(operator, a, b);
    case '==':
      return Number(a === b);
    case '!=':
      return Number(a !== b);
    case '<':
      return Number(a < b);
    case '<=':
      return Number(a <= b);
    case '>':
      return Number(a > b);
    case '>=':
      return Number(a >= b);
    case '&&':
      return Number(a !== 0 && b !== 0);
    case '||':
      return Number(a !== 0 || b !== 0);
    default:
      return bitwise(operator, a, b);
  }
}

/** With a free value: only what holds for every value that it could have. */
function withFreeValue(operator: BinaryOperator, a: number, b: number): number {
  const same = a === b;
  if (operator === '==' && same) return 1;
  if (operator === '!=' && same) return 0;
  if (operator === '^' && same) return 0;
  if (operator === '+' || operator === '|') {
    if (a === 0) return b;
    if (b === 0) return a;
  }
  throw UNDETERMINED;
}

function moved(pointer: number, by: number): number {
  const result = pointerTo(objectOf(pointer), offsetOf(pointer) + by);
  if (Number.isNaN(result)) throw IllegalOperation.of('the pointer is too far from its object');
  return result;
}

/** Truth of a comparison that involves a pointer: it differs from every number, and is above 0. */
function comparePointers(operator: BinaryOperator, a: number, b: number): number | undefined {
  if (operator === '==') return Number(a === b);
  if (operator === '!=') return Number(a !== b);
  if (operator === '&&') return Number(a !== 0 && b !== 0);
  if (operator === '||') return 1;
  const [less, more] = operator === '<' ? [a, b] : operator === '>' ? [b, a] : [NaN, NaN];
  if (less === 0) return 1;
  return more === 0 ? 0 : undefined;
}

function ofPointers(operator: BinaryOperator, a: number, b: number): number {
  const truth = comparePointers(operator, a, b);
  if (truth !== undefined) return truth;
  const [left, right] = [isPointer(a), isPointer(b)];
  if (operator === '+' && left !== right) return left ? moved(a, b) : moved(b, a);
  if (operator === '-' && left) {
    if (!right) return moved(a, -b);
    if (objectOf(a) === objectOf(b)) return Math.sign(a - b) + 0;
    throw IllegalOperation.of('these are pointers to different objects');
  }
  if (operator === '^' && a === b) return 0;
  if (operator === '|' && (a === 0 || b === 0)) return a === 0 ? b : a;
  const verb = WORDS[operator] ?? `use ${operator} on`;
  throw IllegalOperation.of(`a test cannot ${verb} a pointer`);
}

/**
 * Value of `a operator b`.
 *
 * @throws IllegalOperation when it has none
 * @throws UndeterminedValue when it depends on a value out of thin air
 */
export function applyOperator(operator: BinaryOperator, a: number, b: number): number {
  if (isInteger(a) && isInteger(b)) return ofIntegers(operator, a, b);
  if (a === FREE_VALUE || b === FREE_VALUE) return withFreeValue(operator, a, b);
  return ofPointers(operator, a, b);
}

/** Does a condition hold? A value is true when it is not 0, as a pointer is. */
export function isTrue(value: number): boolean {
  return applyOperator('!=', value, 0) !== 0;
}

/** Are two values equal? What a compare-and-exchange asks. */
export function areEqual(a: number, b: number): boolean {
  return applyOperator('==', a, b) !== 0;
}

const OPERATOR_OF = { add: '+', sub: '-', and: '&', or: '|', xor: '^', andnot: '&' } as const;

/** What a read-modify-write stores over `old`; throws as {@link applyOperator} does. */
export function applyRmw(operation: RmwOperation, old: number, operand: number): number {
  if (operation === 'set') return operand;
  const right = operation === 'andnot' ? applyOperator('-', -1, operand) : operand;
  return applyOperator(OPERATOR_OF[operation], old, right);
}
