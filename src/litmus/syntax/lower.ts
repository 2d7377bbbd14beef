/** Turns C expressions of one thread into elementary instructions over registers. */
import type {
  BinaryOperator,
  Expression,
  Instruction,
  LitmusRegister,
  LocationId,
  RegisterId,
  SourceSpan,
  Statement,
} from './ast.js';
import type { Lexer } from './lexer.js';
import type { Node } from './parse-expression.js';
import { HINTS, PRIMITIVES, type InstructionSink, type Primitive } from './primitives.js';
import type { LitmusSyntaxError } from './syntax-error.js';
import { addressOf, isPointer } from './values.js';

const ZERO: Expression = { kind: 'constant', value: 0 };

function binary(operator: BinaryOperator, left: Expression, right: Expression): Expression {
  return { kind: 'binary', operator, left, right };
}

/** Does it do more than compute from registers, so that it matters whether it is evaluated? */
function hasEffects(node: Node): boolean {
  if (node.kind === 'call') return true;
  if (node.kind === 'unary') return node.operator === '*' || hasEffects(node.operand);
  if (node.kind === 'binary') return hasEffects(node.left) || hasEffects(node.right);
  return node.kind !== 'number' && node.kind !== 'name';
}

/** Lowers the statements of one thread; the statement parser tells it where it stands. */
export class ThreadLowering {
  readonly registers: LitmusRegister[] = [];
  readonly #lexer: Lexer;
  readonly #thread: number;
  readonly #parameters: ReadonlyMap<string, LocationId>;
  readonly #names = new Map<string, RegisterId>();
  #out: Statement[] = [];
  #at: SourceSpan = { line: 1, column: 1, text: '' };
  /** Statements and calls met so far; numbers the SRCU cookies as herd does. */
  #ordinal = 0;

  constructor(lexer: Lexer, thread: number, parameters: ReadonlyMap<string, LocationId>) {
    this.#lexer = lexer;
    this.#thread = thread;
    this.#parameters = parameters;
  }

  /** Begin a statement at `at`, which counts as `steps` for cookies. */
  begin(at: SourceSpan, steps: number): void {
    this.#at = at;
    this.#ordinal += steps;
  }

  /** Collect what `body` emits into a list of its own. */
  collect(body: () => void): Statement[] {
    const outer = this.#out;
    const inner: Statement[] = [];
    this.#out = inner;
    body();
    this.#out = outer;
    return inner;
  }

  /** Append a statement. */
  emit(statement: Statement): void {
    this.#out.push(statement);
  }

  /** Create or find the register `name`; a declared parameter that is assigned becomes one that starts as its address. */
  register(name: string, init?: number): RegisterId {
    const known = this.#names.get(name);
    if (known !== undefined) return known;
    const parameter = this.#parameters.get(name);
    const start = init ?? (parameter === undefined ? 0 : addressOf(parameter));
    this.#names.set(name, this.registers.length);
    return this.registers.push({ name, init: start, temporary: false }) - 1;
  }

  /** Register of `name` if some statement, declaration or initialisation made it one. */
  findRegister(name: string): RegisterId | undefined {
    return this.#names.get(name);
  }

  /** Every name that a condition may give: registers, and parameters. */
  known(): readonly string[] {
    return [...new Set([...this.#names.keys(), ...this.#parameters.keys()])];
  }

  /** `name = node`. */
  assign(name: string, node: Node): void {
    const value = this.#into(node, () => this.register(name));
    const into = this.register(name);
    if (value.kind === 'register' && value.register === into) return;
    this.emit({ kind: 'assign', into, value, at: this.#at });
  }

  /** `*pointer = node`, a plain store; returns what is stored. */
  storeThrough(pointer: Node, node: Node): Expression {
    const address = this.value(pointer);
    const value = this.value(node);
    this.emit({ kind: 'store', order: 'plain', address, value, at: this.#at });
    return value;
  }

  /** `*pointer operator= node`, a plain load and a plain store; returns what was loaded and what is stored. */
  updateThrough(
    pointer: Node,
    operator: BinaryOperator,
    node: Node,
  ): { readonly old: Expression; readonly value: Expression } {
    const address = this.value(pointer);
    const into = this.#temporary();
    const at = this.#at;
    this.emit({ kind: 'load', order: 'plain', address, into, at });
    const old: Expression = { kind: 'register', register: into };
    const value = binary(operator, old, this.value(node));
    this.emit({ kind: 'store', order: 'plain', address, value, at });
    return { old, value };
  }

  /** Evaluate `node` once, into a register that nothing else sets. */
  hold(node: Node): Expression {
    const into = this.#temporary();
    this.emit({ kind: 'assign', into, value: this.value(node), at: this.#at });
    return { kind: 'register', register: into };
  }

  /** An expression whose value is not used. */
  expressionStatement(node: Node): void {
    if (node.kind === 'call') this.#call(node, () => this.#temporary());
    else this.value(node);
  }

  /** Evaluate `node`, emitting its accesses; returns a pure expression. */
  value(node: Node): Expression {
    return this.#into(node, () => this.#temporary());
  }

  #into(node: Node, result: () => RegisterId): Expression {
    switch (node.kind) {
      case 'number':
        return { kind: 'constant', value: node.value };
      case 'name':
        return this.#name(node);
      case 'unary':
        return this.#unary(node, result);
      case 'binary':
        return this.#binary(node);
      case 'call': {
        const value = this.#call(node, result);
        if (value !== null) return value;
        throw this.#error(node, `${node.name}() gives no value: expected an expression`);
      }
      case 'conditional':
        return this.#conditional(node);
      case 'sequence':
        this.expressionStatement(node.first);
        return this.#into(node.last, result);
      case 'assignment':
        return this.#assignment(node);
    }
  }

  #name(node: Node & { kind: 'name' }): Expression {
    const register = this.#names.get(node.name);
    if (register !== undefined) return { kind: 'register', register };
    const location = this.#parameters.get(node.name);
    if (location !== undefined) return { kind: 'constant', value: addressOf(location) };
    // As in herd: a name that nothing declares or sets is a register that holds 0.
    return { kind: 'register', register: this.register(node.name) };
  }

  #unary(node: Node & { kind: 'unary' }, result: () => RegisterId): Expression {
    if (node.operator === '*') {
      const address = this.value(node.operand);
      const into = result();
      this.emit({ kind: 'load', order: 'plain', address, into, at: this.#at });
      return { kind: 'register', register: into };
    }
    if (node.operator === '&') return this.#addressOfNode(node);
    const operand = this.value(node.operand);
    if (node.operator === '!') return binary('==', operand, ZERO);
    if (operand.kind === 'constant' && node.operator === '-' && !isPointer(operand.value)) {
      return { kind: 'constant', value: 0 - operand.value };
    }
    if (node.operator === '-') return binary('-', ZERO, operand);
    return binary('^', operand, { kind: 'constant', value: -1 });
  }

  /** `&*p` and `&p[i]`: the pointer itself. */
  #addressOfNode(node: Node & { kind: 'unary' }): Expression {
    const place = node.operand;
    if (place.kind === 'unary' && place.operator === '*') return this.value(place.operand);
    throw this.#error(node, 'expected "*pointer" after "&": locals have no address');
  }

  #binary(node: Node & { kind: 'binary' }): Expression {
    const shortCircuit = node.operator === '&&' || node.operator === '||';
    if (shortCircuit && hasEffects(node.right)) return this.#shortCircuit(node);
    const left = this.value(node.left);
    return binary(node.operator, left, this.value(node.right));
  }

  /** `c ? a : b` is `if (c) t = a; else t = b;`. */
  #conditional(node: Node & { kind: 'conditional' }): Expression {
    const at = this.#at;
    const condition = this.value(node.condition);
    const into = this.#temporary();
    const side = (value: Node): Statement[] =>
      this.collect(() => {
        this.emit({ kind: 'assign', into, value: this.value(value), at });
      });
    const [then, otherwise] = [side(node.then), side(node.otherwise)];
    this.emit({ kind: 'if', condition, then, otherwise, at });
    return { kind: 'register', register: into };
  }

  /** An assignment whose value is used. */
  #assignment(node: Node & { kind: 'assignment' }): Expression {
    const { target, operator, value, givesOld, token } = node;
    if (target.kind === 'name') {
      const old = givesOld ? this.hold(target) : null;
      const sum = { kind: 'binary', left: target, right: value, token } as const;
      this.assign(target.name, operator === null ? value : { ...sum, operator });
      return old ?? { kind: 'register', register: this.register(target.name) };
    }
    if (target.kind !== 'unary' || target.operator !== '*') {
      throw this.#error(target, 'expected a variable or "*pointer"');
    }
    if (operator === null) return this.storeThrough(target.operand, value);
    const { old, value: stored } = this.updateThrough(target.operand, operator, value);
    return givesOld ? old : stored;
  }

  /** `a && f()`: f() runs only if a holds. */
  #shortCircuit(node: Node & { kind: 'binary' }): Expression {
    const at = this.#at;
    const condition = this.value(node.left);
    const into = this.#temporary();
    const evaluate = this.collect(() => {
      const value = binary('!=', this.value(node.right), ZERO);
      this.emit({ kind: 'assign', into, value, at });
    });
    const settled: Statement = {
      kind: 'assign',
      into,
      value: { kind: 'constant', value: node.operator === '&&' ? 0 : 1 },
      at,
    };
    const [then, otherwise] =
      node.operator === '&&' ? [evaluate, [settled]] : [[settled], evaluate];
    this.emit({ kind: 'if', condition, then, otherwise, at });
    return { kind: 'register', register: into };
  }

  #call(node: Node & { kind: 'call' }, result: () => RegisterId): Expression | null {
    const primitive = PRIMITIVES.get(node.name) ?? HINTS.get(node.name);
    if (primitive === undefined) {
      throw this.#error(
        node,
        `unknown primitive ${node.name}(): expected ${suggestion(node.name)}`,
      );
    }
    const args = this.#args(node, primitive);
    const sink: InstructionSink = {
      at: this.#at,
      emit: (instruction: Instruction) => this.emit(instruction),
      result,
      temporary: () => this.#temporary(),
      cookie: () => (this.#thread + 1) * 307 + this.#ordinal * 599,
    };
    return primitive.build(args, sink);
  }

  #args(node: Node & { kind: 'call' }, { parameters }: Primitive): Expression[] {
    if (node.args.length !== parameters.length) {
      const wants = `${parameters.length} argument${parameters.length === 1 ? '' : 's'}`;
      throw this.#error(node, `${node.name}() takes ${wants}, found ${node.args.length}`);
    }
    return node.args.map((arg, i) =>
      parameters[i] === 'place' ? this.#place(arg, node.name) : this.value(arg),
    );
  }

  #place(node: Node, primitive: string): Expression {
    if (node.kind === 'unary' && node.operator === '*') return this.value(node.operand);
    throw this.#error(node, `${primitive}() needs a place in memory: expected "*pointer"`);
  }

  #temporary(): RegisterId {
    const name = `$${this.registers.length}`;
    return this.registers.push({ name, init: 0, temporary: true }) - 1;
  }

  #error(node: Node, problem: string): LitmusSyntaxError {
    return this.#lexer.errorAt(node.token.start, problem);
  }
}

/** The known primitives whose names are nearest to `name`, for messages. */
function suggestion(name: string): string {
  const common = (known: string): number => {
    let i = 0;
    while (i < known.length && known[i] === name[i]) i++;
    return i;
  };
  const near = [...PRIMITIVES.keys()].sort((a, b) => common(b) - common(a)).slice(0, 3);
  return `a primitive of linux-kernel.def such as ${near.join(', ')}`;
}
