/** Arithmetic as bash does it, in 64 bits that wrap; just-bash has 53 bits, 32 for shifts and bits, and no octal variables. */

/** What an expression reads and writes. */
export interface Variables {
  get(name: string): string | undefined;
  set(name: string, value: bigint): void;
}

/** An expression that bash refuses. Its message is what bash says after the expression. */
export class ArithmeticError extends Error {}

const DIGITS = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ@_';
/** Bases up to this one take capital letters for small ones. */
const CASELESS_BASE = 36;
const MOST_DEPTH = 200;

const wrap = (value: bigint): bigint => BigInt.asIntN(64, value);

/** A number in one of bash's forms: `12`, `017`, `0x1f`, `16#ff`. @throws {ArithmeticError} for digits that the base lacks */
function numberOf(text: string): bigint {
  const [, base, rest] = /^(\d+)#(.*)$/.exec(text) ?? [];
  const isHex = /^0[xX]/.test(text);
  const radix = base !== undefined ? Number(base) : isHex ? 16 : /^0\d/.test(text) ? 8 : 10;
  if (radix < 2 || radix > 64) throw new ArithmeticError('invalid arithmetic base');
  const digits = rest ?? (isHex ? text.slice(2) : text);
  let value = 0n;
  for (const digit of digits) {
    const at = DIGITS.indexOf(radix <= CASELESS_BASE ? digit.toLowerCase() : digit);
    if (at < 0 || at >= radix) throw new ArithmeticError('value too great for base');
    value = value * BigInt(radix) + BigInt(at);
  }
  return wrap(value);
}

const TOKEN =
  /\s*(?:(\d[\w#@]*)|([A-Za-z_]\w*)|(<<=|>>=|\*\*|\+\+|--|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%&|^]=|[-+*/%&|^~!<>=?:,()]))/y;

/** Operators of two sides by how closely they bind; those of `=` and `?` are apart. */
const LEVELS: readonly (readonly string[])[] = [
  [','],
  [], // = and its kin
  [], // ? :
  ['||'],
  ['&&'],
  ['|'],
  ['^'],
  ['&'],
  ['==', '!='],
  ['<=', '>=', '<', '>'],
  ['<<', '>>'],
  ['+', '-'],
  ['*', '/', '%'],
  ['**'],
];
const ASSIGNING = 1;
const CHOOSING = 2;
const LOGICAL_OR = 3;
const POWER = LEVELS.length - 1;

function divided(operator: string, left: bigint, right: bigint): bigint {
  if (right === 0n) throw new ArithmeticError('division by 0');
  return operator === '/' ? left / right : left % right;
}

/** The power in 64 bits; a large exponent must not make a number that fills the memory. */
function power(base: bigint, exponent: bigint): bigint {
  if (exponent < 0n) throw new ArithmeticError('exponent less than 0');
  let result = 1n;
  for (let [square, left] = [base, exponent]; left > 0n; left >>= 1n) {
    if ((left & 1n) === 1n) result = wrap(result * square);
    square = wrap(square * square);
  }
  return result;
}

function computed(operator: string, left: bigint, right: bigint): bigint {
  const truth = (is: boolean): bigint => (is ? 1n : 0n);
  // The processor takes the lowest six bits of how far to shift.
  const places = BigInt.asUintN(6, right);
  switch (operator) {
    case '+':
      return left + right;
    case '-':
      return left - right;
    case '*':
      return left * right;
    case '/':
    case '%':
      return divided(operator, left, right);
    case '**':
      return power(left, right);
    case '<<':
      return left << places;
    case '>>':
      return left >> places;
    case '&':
      return left & right;
    case '|':
      return left | right;
    case '^':
      return left ^ right;
    case '==':
      return truth(left === right);
    case '!=':
      return truth(left !== right);
    case '<':
      return truth(left < right);
    case '>':
      return truth(left > right);
    case '<=':
      return truth(left <= right);
    case '>=':
      return truth(left >= right);
    default:
      return right; // a comma
  }
}

interface Token {
  readonly kind: 'number' | 'name' | 'operator' | 'end';
  readonly text: string;
}

function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  const source = text.trimEnd();
  while (TOKEN.lastIndex < source.length) {
    const at = TOKEN.lastIndex;
    const [all, number, name, operator] = TOKEN.exec(source) ?? [];
    if (all === undefined) {
      const rest = source.slice(at).trimStart();
      throw new ArithmeticError(
        `syntax error: invalid arithmetic operator (error token is "${rest}")`,
      );
    }
    if (number !== undefined) tokens.push({ kind: 'number', text: number });
    else if (name !== undefined) tokens.push({ kind: 'name', text: name });
    else tokens.push({ kind: 'operator', text: operator ?? '' });
  }
  return tokens;
}

/** Evaluates one expression while it reads it. */
class Evaluation {
  readonly #tokens: readonly Token[];
  readonly #variables: Variables;
  readonly #depth: number;
  #at = 0;
  /** Above 0: what is read is not executed, behind `0 &&` and the like. */
  #idle = 0;

  constructor(text: string, variables: Variables, depth: number) {
    if (depth > MOST_DEPTH) throw new ArithmeticError('expression recursion level exceeded');
    this.#tokens = tokensOf(text);
    this.#variables = variables;
    this.#depth = depth;
  }

  whole(): bigint {
    if (this.#tokens.length === 0) return 0n;
    const value = this.#binary(0);
    if (this.#at < this.#tokens.length) throw this.#unexpected('syntax error in expression');
    return value;
  }

  get #next(): Token {
    return this.#tokens[this.#at] ?? { kind: 'end', text: '' };
  }

  #unexpected(what: string): ArithmeticError {
    const rest = this.#tokens.slice(this.#at).map(({ text }) => text);
    return new ArithmeticError(`${what} (error token is "${rest.join(' ')}")`);
  }

  #takes(operator: string): boolean {
    const { kind, text } = this.#next;
    if (kind !== 'operator' || text !== operator) return false;
    this.#at++;
    return true;
  }

  #binary(level: number): bigint {
    if (level === ASSIGNING) return this.#assignment();
    if (level === CHOOSING) return this.#choice();
    if (level > POWER) return this.#unary();
    let left = this.#binary(level + 1);
    for (;;) {
      const { kind, text } = this.#next;
      if (kind !== 'operator' || LEVELS[level]?.includes(text) !== true) return left;
      this.#at++;
      if (text === '&&' || text === '||') left = this.#shortCut(text, left, level);
      // The power binds from the right.
      else left = this.#done(text, left, this.#binary(level === POWER ? level : level + 1));
    }
  }

  /** What an operator makes of two values; nothing is divided where nothing is executed. */
  #done(operator: string, left: bigint, right: bigint): bigint {
    return this.#idle > 0 ? 0n : wrap(computed(operator, left, right));
  }

  #shortCut(operator: string, left: bigint, level: number): bigint {
    const isDecided = (operator === '&&') === (left === 0n);
    const right = this.#skipping(isDecided, () => this.#binary(level + 1));
    if (isDecided) return operator === '&&' ? 0n : 1n;
    return right === 0n ? 0n : 1n;
  }

  #skipping(isSkipped: boolean, read: () => bigint): bigint {
    this.#idle += isSkipped ? 1 : 0;
    const value = read();
    this.#idle -= isSkipped ? 1 : 0;
    return value;
  }

  #choice(): bigint {
    const condition = this.#binary(LOGICAL_OR);
    if (!this.#takes('?')) return condition;
    const yes = this.#skipping(condition === 0n, () => this.#binary(0));
    if (!this.#takes(':')) throw this.#unexpected("`:' expected for conditional expression");
    const no = this.#skipping(condition !== 0n, () => this.#binary(ASSIGNING));
    return condition === 0n ? no : yes;
  }

  #assignment(): bigint {
    const { kind, text: name } = this.#next;
    const operator = this.#tokens[this.#at + 1];
    const isAssigned =
      kind === 'name' &&
      operator?.kind === 'operator' &&
      /^(?:[-+*/%&|^]|<<|>>)?=$/.test(operator.text);
    if (!isAssigned) return this.#binary(CHOOSING);
    this.#at += 2;
    const right = this.#binary(ASSIGNING);
    const how = operator.text.slice(0, -1);
    const value = how === '' ? right : this.#done(how, this.#read(name), right);
    this.#write(name, value);
    return value;
  }

  #unary(): bigint {
    for (const step of ['++', '--']) {
      if (this.#takes(step)) {
        const { kind, text: name } = this.#next;
        if (kind !== 'name') return this.#unary(); // `--5` is a minus of a minus.
        this.#at++;
        const value = wrap(this.#read(name) + (step === '++' ? 1n : -1n));
        this.#write(name, value);
        return value;
      }
    }
    if (this.#takes('-')) return wrap(-this.#unary());
    if (this.#takes('+')) return this.#unary();
    if (this.#takes('~')) return ~this.#unary();
    if (this.#takes('!')) return this.#unary() === 0n ? 1n : 0n;
    return this.#operand();
  }

  #operand(): bigint {
    if (this.#takes('(')) {
      const value = this.#binary(0);
      if (!this.#takes(')')) throw this.#unexpected("missing `)'");
      return value;
    }
    const { kind, text } = this.#next;
    if (kind !== 'number' && kind !== 'name') {
      throw this.#unexpected('syntax error: operand expected');
    }
    this.#at++;
    if (kind === 'number') return numberOf(text);
    const value = this.#read(text);
    if (this.#takes('++')) this.#write(text, wrap(value + 1n));
    else if (this.#takes('--')) this.#write(text, wrap(value - 1n));
    return value;
  }

  /** The value of a variable is an expression too. */
  #read(name: string): bigint {
    if (this.#idle > 0) return 0n;
    const text = this.#variables.get(name) ?? '';
    return new Evaluation(text, this.#variables, this.#depth + 1).whole();
  }

  #write(name: string, value: bigint): void {
    if (this.#idle === 0) this.#variables.set(name, value);
  }
}

/** The value of an expression. @throws {ArithmeticError} where bash reports an error */
export function evaluate(text: string, variables: Variables): bigint {
  return new Evaluation(text, variables, 0).whole();
}

/** Whether an expression may change a variable. */
export const hasEffects = (text: string): boolean =>
  /\+\+|--|(?:^|[^<>=!])=(?!=)|(?:<<|>>)=/.test(text);
