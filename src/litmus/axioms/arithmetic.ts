/** Values of pure expressions: integers, and addresses that only offsets may change. */
import { ADDRESS_BASE, FREE_VALUE, type BinaryOperator, type RmwOperation } from '../syntax/ast.js';

function bitwise(operator: '&' | '|' | '^' | '<<' | '>>', a: number, b: number): number {
  if ((a | 0) === a && (b | 0) === b && operator !== '<<') {
    if (operator === '&') return a & b;
    if (operator === '|') return a | b;
    return operator === '^' ? a ^ b : a >> Math.min(b, 31);
  }
  const [x, y] = [BigInt(a), BigInt(b)];
  if (operator === '&') return Number(x & y);
  if (operator === '|') return Number(x | y);
  if (operator === '^') return Number(x ^ y);
  if (y < 0n || y > 63n) return 0;
  return Number(BigInt.asIntN(64, operator === '<<' ? x << y : x >> y));
}

/** Operators that a value out of thin air passes through unchanged when the other side is 0. */
const NEUTRAL = new Set<BinaryOperator>(['+', '-', '|', '^']);

/** Only a copy of a free value is that value; whatever is computed from it is none that a read could guess. */
function withFreeValue(operator: BinaryOperator, a: number, b: number): number {
  if (operator === '==') return Number(a === b);
  if (operator === '!=' || operator === '&&' || operator === '||') return Number(a !== b);
  return NEUTRAL.has(operator) && b === 0 ? a : NaN;
}

/** Value of `a operator b`. Division by zero, which only a wrong guess can ask for, gives 0. */
export function applyOperator(operator: BinaryOperator, a: number, b: number): number {
  if (a === FREE_VALUE || b === FREE_VALUE) return withFreeValue(operator, a, b);
  switch (operator) {
    case '+':
      return a + b;
    case '-':
      return a - b;
    case '*':
      return a * b;
    case '/':
      return b === 0 ? 0 : Math.trunc(a / b);
    case '%':
      return b === 0 ? 0 : a % b;
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

/** What a read-modify-write stores over `old`. */
export function applyRmw(operation: RmwOperation, old: number, operand: number): number {
  if (operation !== 'set' && (old === FREE_VALUE || operand === FREE_VALUE)) return NaN;
  switch (operation) {
    case 'set':
      return operand;
    case 'add':
      return old + operand;
    case 'sub':
      return old - operand;
    case 'and':
      return bitwise('&', old, operand);
    case 'or':
      return bitwise('|', old, operand);
    case 'xor':
      return bitwise('^', old, operand);
    case 'andnot':
      return bitwise('&', old, -1 - operand);
  }
}

/** True if `value` is an address. */
export function isAddress(value: number): boolean {
  return value >= ADDRESS_BASE;
}
