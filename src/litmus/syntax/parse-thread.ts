/** Parses one `Pn(parameters) { statements }` of a litmus source. */
import type { BinaryOperator, LitmusThread, LocationId, LocationKind, SourceSpan } from './ast.js';
import type { Token } from './lexer.js';
import { ThreadLowering } from './lower.js';
import { ControlParser } from './parse-control.js';
import { COMPOUND, ExpressionParser, isTypeWord, skipType, type Node } from './parse-expression.js';
import type { TokenStream } from './token-stream.js';

/** Finds or creates the location a parameter names, of the kind its type says. */
export type LocationTable = (name: string, kind: LocationKind) => LocationId;

/** A parsed thread with what later parts of the file need: its registers by name. */
export interface ParsedThread extends LitmusThread {
  readonly lowering: ThreadLowering;
}

/** Steps that count towards SRCU cookies, as herd numbers them: a call of a void primitive expands to two. */
const STEPS = { plain: 1, call: 2, if: 2, block: 1 } as const;

/** Blocks nested deeper than this are refused: no litmus test needs it, and the parser recurses. */
const DEEPEST = 100;

/** Parses the body of thread `index`; `inits` are its registers set in the initial state. */
export class ThreadParser {
  readonly #stream: TokenStream;
  readonly #expressions: ExpressionParser;
  readonly #index: number;
  readonly #locations: LocationTable;
  readonly #parameters = new Map<string, LocationId>();
  readonly #lowering: ThreadLowering;
  readonly #control: ControlParser;
  #depth = 0;

  constructor(
    stream: TokenStream,
    index: number,
    inits: ReadonlyMap<string, number>,
    locations: LocationTable,
  ) {
    this.#stream = stream;
    this.#index = index;
    this.#locations = locations;
    this.#expressions = new ExpressionParser(stream);
    this.#lowering = new ThreadLowering(stream.lexer, index, this.#parameters);
    for (const [name, value] of inits) this.#lowering.register(name, value);
    this.#control = new ControlParser({
      stream,
      expressions: this.#expressions,
      lowering: this.#lowering,
      span: () => this.#span(),
      statement: () => this.#nested(() => this.#statement()),
      simple: () => this.#simple(),
    });
  }

  /** Parse from the parameter list to the closing brace. */
  parse(): ParsedThread {
    this.#parameterList();
    if (!this.#stream.at('{'))
      throw this.#stream.unexpected(`"{" to open the body of P${this.#index}`);
    this.#stream.seek(this.#stream.offset, 'code');
    this.#stream.next();
    const body = this.#lowering.collect(() => {
      while (!this.#stream.at('}')) this.#statement();
      this.#control.finish();
    });
    const close = this.#stream.next();
    this.#stream.seek(close.end, 'logic');
    return { registers: this.#lowering.registers, body, lowering: this.#lowering };
  }

  #parameterList(): void {
    this.#stream.expect('(', `after P${this.#index}`);
    if (this.#stream.accept(')')) return;
    do this.#parameter();
    while (this.#stream.accept(','));
    this.#stream.expect(')', 'or "," after a parameter');
  }

  #parameter(): void {
    const first = this.#stream.peek();
    if (first.text === 'void' && this.#stream.after(first).text === ')') {
      this.#stream.next();
      return;
    }
    const from = this.#stream.offset;
    skipType(this.#stream);
    const type = this.#stream.lexer.source.slice(from, this.#stream.offset);
    const name = this.#stream.expectName('the name of a parameter');
    const kind = /spinlock_t/.test(type) ? 'lock' : /srcu_struct/.test(type) ? 'srcu' : 'data';
    this.#parameters.set(name.text, this.#locations(name.text, kind));
  }

  #statement(): void {
    const token = this.#stream.peek();
    if (this.#stream.accept(';')) return;
    if (this.#stream.accept('{')) {
      this.#block();
      return;
    }
    if (token.kind === 'name' && !this.#isRegister(token)) {
      if (token.text === 'if') {
        this.#if();
        return;
      }
      if (this.#control.parse(token)) return;
    } else if (token.kind === 'end' || token.text === ')') {
      throw this.#stream.unexpected('a statement or "}"');
    }
    let callee: string | null;
    do callee = this.#simple();
    while (this.#stream.accept(','));
    this.#stream.expect(';', callee === null ? 'after the statement' : `after ${callee}(…)`);
  }

  /** A word of C that is assigned to is a register: the dialect has fewer keywords. */
  #isRegister(token: Token): boolean {
    const { text } = this.#stream.after(token);
    return text === '=' || text === '++' || text === '--' || COMPOUND.has(text);
  }

  #block(): void {
    this.#lowering.begin(this.#span(), STEPS.block);
    this.#nested(() => {
      while (!this.#stream.accept('}')) this.#statement();
    });
  }

  #nested(parse: () => void): void {
    if (++this.#depth > DEEPEST) {
      throw this.#stream.unexpected(`statements nested less than ${DEEPEST} deep`);
    }
    parse();
    this.#depth--;
  }

  #if(): void {
    const at = this.#span();
    this.#stream.next();
    this.#lowering.begin(at, STEPS.if);
    this.#stream.expect('(', 'after if');
    const condition = this.#lowering.value(this.#expressions.parse());
    this.#stream.expect(')', 'after the condition');
    const then = this.#branch();
    const otherwise = this.#stream.accept('else') ? this.#branch() : [];
    this.#lowering.emit({ kind: 'if', condition, then, otherwise, at });
  }

  #branch(): ReturnType<ThreadLowering['collect']> {
    return this.#lowering.collect(() => this.#nested(() => this.#statement()));
  }

  #atDeclaration(token: Token): boolean {
    if (isTypeWord(token)) return true;
    let after = this.#stream.after(token);
    if (after.kind === 'name') return true;
    if (after.text !== '*') return false;
    while (after.text === '*') after = this.#stream.after(after);
    return after.kind === 'name' && ['=', ';', ','].includes(this.#stream.after(after).text);
  }

  #declaration(): void {
    const at = this.#span();
    skipType(this.#stream);
    do {
      while (this.#stream.accept('*'));
      const name = this.#stream.expectName('the name of a variable').text;
      if (!this.#stream.accept('=')) {
        this.#lowering.register(
          name,
          this.#lowering.findRegister(name) === undefined ? 0 : undefined,
        );
        continue;
      }
      this.#lowering.begin(at, STEPS.plain);
      this.#lowering.assign(name, this.#expressions.assignment());
    } while (this.#stream.accept(','));
  }

  /** A declaration, an assignment, or an expression whose value is not used, such as `(void)READ_ONCE(*x)`. Returns the
   * name of the primitive if it is a bare call. */
  #simple(): string | null {
    const token = this.#stream.peek();
    if (token.kind === 'name' && !this.#isRegister(token) && this.#atDeclaration(token)) {
      this.#declaration();
      return null;
    }
    const at = this.#span();
    const target = this.#expressions.conditional();
    if (target.kind === 'assignment') {
      this.#update(target.target, target.operator, target.value, at);
      return null;
    }
    const operator = COMPOUND.get(this.#stream.peek().text) ?? null;
    if (operator !== null || this.#stream.at('=')) {
      this.#stream.next();
      this.#update(target, operator, this.#expressions.assignment(), at);
      return null;
    }
    const isCall = target.kind === 'call';
    this.#lowering.begin(at, isCall ? STEPS.call : STEPS.plain);
    this.#lowering.expressionStatement(target);
    return isCall ? target.name : null;
  }

  /** `target operator= right`: a load and a store where `target` is in memory. */
  #update(target: Node, operator: BinaryOperator | null, right: Node, at: SourceSpan): void {
    if (operator === null) {
      this.#assign(target, right, at);
      return;
    }
    if (target.kind === 'unary' && target.operator === '*') {
      this.#lowering.begin(at, STEPS.plain);
      this.#lowering.updateThrough(target.operand, operator, right);
      return;
    }
    const { token } = target;
    this.#assign(target, { kind: 'binary', operator, left: target, right, token }, at);
  }

  /** Store to a register or through a pointer. */
  #assign(target: Node, value: Node, at: SourceSpan): void {
    const isPlace = target.kind === 'unary' && target.operator === '*';
    if (target.kind !== 'name' && !isPlace) {
      throw this.#stream.lexer.errorAt(target.token.start, 'expected a variable or "*pointer"');
    }
    this.#lowering.begin(at, STEPS.plain);
    if (target.kind === 'name') this.#lowering.assign(target.name, value);
    else if (isPlace) this.#lowering.storeThrough(target.operand, value);
  }

  /** The statement that begins at the next token, as one line of text; of a branch or a loop, its head. */
  #span(): SourceSpan {
    const { line, column, start, text: first } = this.#stream.peek();
    const { source } = this.#stream.lexer;
    const end = HEADS.has(first) ? start + headOf(source.slice(start)) : endOf(source, start);
    const text = source.slice(start, end);
    return { line, column, text: UNEVEN.test(text) ? text.replace(/\s+/g, ' ').trim() : text };
  }
}

/** Statements of which only the head is shown. */
const HEADS: ReadonlySet<string> = new Set(['if', 'while', 'for', 'switch']);

/** White space that is no single blank between words. */
const UNEVEN = /[^\S ]|\s\s|\s$/;

const END = /[;{}]/g;

/** Where a statement ends. */
function endOf(source: string, start: number): number {
  END.lastIndex = start;
  return END.exec(source)?.index ?? source.length;
}

/** Length of `while (…)` and the like at the beginning of `text`. */
function headOf(text: string): number {
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '(') depth++;
    else if (text[i] === ')' && --depth === 0) return i + 1;
  }
  return endOf(text, 0);
}
