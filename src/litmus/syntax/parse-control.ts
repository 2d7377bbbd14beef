/** Parses what moves through a thread: loops, switch, goto and labels; all become branches and jumps. */
import type { BinaryOperator, Expression, SourceSpan, Statement } from './ast.js';
import { constantOf } from './constant-expression.js';
import type { Token } from './lexer.js';
import type { ThreadLowering } from './lower.js';
import type { ExpressionParser, Node } from './parse-expression.js';
import type { TokenStream } from './token-stream.js';

/** What the parser of loops uses of the parser of statements. */
export interface StatementParser {
  readonly stream: TokenStream;
  readonly expressions: ExpressionParser;
  readonly lowering: ThreadLowering;
  /** The statement that begins at the next token. */
  span(): SourceSpan;
  /** Parse one statement. */
  statement(): void;
  /** Parse a declaration, an assignment or an expression, up to its `;` or `)`. */
  simple(): void;
}

/** Where break and continue lead; a switch has no continue of its own. */
interface Target {
  readonly end: number;
  readonly next: number | null;
}

/** `case from:`, or `case from ... to:`. */
interface Case {
  readonly from: number;
  readonly to: number;
  readonly label: number;
  readonly at: SourceSpan;
}

interface Switch {
  readonly cases: Case[];
  otherwise: number | null;
}

interface NamedLabel {
  readonly label: number;
  isThere: boolean;
  readonly token: Token;
}

const KEYWORDS = new Set('while do for switch case default break continue goto return'.split(' '));

/** The condition `from <= value && value <= to`. */
function isIn(value: Expression, from: number, to: number): Expression {
  const compared = (operator: BinaryOperator, constant: number): Expression => {
    return { kind: 'binary', operator, left: value, right: { kind: 'constant', value: constant } };
  };
  if (from === to) return compared('==', from);
  return { kind: 'binary', operator: '&&', left: compared('>=', from), right: compared('<=', to) };
}

/** Parses the control statements of one thread. */
export class ControlParser {
  readonly #parser: StatementParser;
  readonly #targets: Target[] = [];
  readonly #switches: Switch[] = [];
  readonly #named = new Map<string, NamedLabel>();
  #labels = 0;
  #end: number | null = null;

  constructor(parser: StatementParser) {
    this.#parser = parser;
  }

  /** Parse the statement that begins with the name `token`; false if it is none of these. */
  parse(token: Token): boolean {
    const after = this.#parser.stream.after(token);
    if (after.text === ':' && token.text !== 'default') {
      this.#namedLabel();
      return true;
    }
    if (!KEYWORDS.has(token.text)) return false;
    const at = this.#parser.span();
    this.#parser.stream.next();
    switch (token.text) {
      case 'while':
        this.#while(at);
        break;
      case 'do':
        this.#do(at);
        break;
      case 'for':
        this.#for(at);
        break;
      case 'switch':
        this.#switch(at);
        break;
      case 'case':
      case 'default':
        this.#case(token, at);
        break;
      case 'return':
        this.#return(at);
        break;
      case 'goto':
        this.#goto(at);
        break;
      default:
        this.#leave(token, at);
    }
    return true;
  }

  /** Close the thread: its end, where `return` leads.
   * @throws LitmusSyntaxError if a goto leads nowhere */
  finish(): void {
    for (const [name, { isThere, token }] of this.#named) {
      if (isThere) continue;
      throw this.#parser.stream.lexer.errorAt(token.start, `there is no label ${name} to go to`);
    }
    if (this.#end !== null) this.#put(this.#end, this.#parser.span());
  }

  #new(): number {
    return this.#labels++;
  }

  #put(label: number, at: SourceSpan): void {
    this.#parser.lowering.emit({ kind: 'label', label, at });
  }

  #jump(label: number, at: SourceSpan): void {
    this.#parser.lowering.emit({ kind: 'goto', label, at });
  }

  /** `if (condition) { then }`, the condition evaluated here. */
  #when(condition: Node, then: () => void, at: SourceSpan): void {
    const { lowering } = this.#parser;
    const value = lowering.value(condition);
    const body = lowering.collect(then);
    lowering.emit({ kind: 'if', condition: value, then: body, otherwise: [], at });
  }

  #begin(at: SourceSpan): void {
    this.#parser.lowering.begin(at, 1);
  }

  #body(target: Target): void {
    this.#targets.push(target);
    this.#parser.statement();
    this.#targets.pop();
  }

  #condition(after: string): Node {
    const { stream, expressions } = this.#parser;
    stream.expect('(', after);
    const condition = expressions.parse();
    stream.expect(')', 'after the condition');
    return condition;
  }

  #while(at: SourceSpan): void {
    const [head, end] = [this.#new(), this.#new()];
    const condition = this.#condition('after while');
    this.#begin(at);
    this.#put(head, at);
    const round = (): void => {
      this.#body({ end, next: head });
      this.#jump(head, at);
    };
    this.#when(condition, round, at);
    this.#put(end, at);
  }

  #do(at: SourceSpan): void {
    const [head, next, end] = [this.#new(), this.#new(), this.#new()];
    this.#begin(at);
    this.#put(head, at);
    this.#body({ end, next });
    this.#put(next, at);
    const { stream } = this.#parser;
    const tail = this.#parser.span();
    stream.expect('while', 'after the body of do');
    const condition = this.#condition('after while');
    stream.expect(';', 'after do … while (…)');
    this.#begin(tail);
    this.#when(condition, () => this.#jump(head, at), tail);
    this.#put(end, at);
  }

  /** The step is parsed where it stands and goes to the end of the body. */
  #for(at: SourceSpan): void {
    const [head, next, end] = [this.#new(), this.#new(), this.#new()];
    const { stream, expressions, lowering } = this.#parser;
    stream.expect('(', 'after for');
    if (!stream.at(';')) this.#list();
    stream.expect(';', 'after the beginning of for');
    const condition = stream.at(';') ? null : expressions.parse();
    stream.expect(';', 'after the condition of for');
    const step = lowering.collect(() => {
      if (!stream.at(')')) this.#list();
    });
    stream.expect(')', 'after the step of for');
    this.#begin(at);
    this.#put(head, at);
    const round = (): void => {
      this.#body({ end, next });
      this.#put(next, at);
      for (const statement of step) lowering.emit(statement);
      this.#jump(head, at);
    };
    if (condition === null) round();
    else this.#when(condition, round, at);
    this.#put(end, at);
  }

  /** `i = 0, j = 1`. */
  #list(): void {
    do this.#parser.simple();
    while (this.#parser.stream.accept(','));
  }

  /** A chain of comparisons that leads into the body. */
  #switch(at: SourceSpan): void {
    const { lowering } = this.#parser;
    const selector = this.#condition('after switch');
    this.#begin(at);
    const value = lowering.hold(selector);
    const end = this.#new();
    const own: Switch = { cases: [], otherwise: null };
    this.#switches.push(own);
    const body: Statement[] = lowering.collect(() =>
      this.#body({ end, next: this.#targets.at(-1)?.next ?? null }),
    );
    this.#switches.pop();
    for (const { from, to, label, at: where } of own.cases) {
      const condition = isIn(value, from, to);
      const then = lowering.collect(() => this.#jump(label, where));
      lowering.emit({ kind: 'if', condition, then, otherwise: [], at: where });
    }
    this.#jump(own.otherwise ?? end, at);
    for (const statement of body) lowering.emit(statement);
    this.#put(end, at);
  }

  #case(token: Token, at: SourceSpan): void {
    const { stream } = this.#parser;
    const own = this.#switches.at(-1);
    if (own === undefined) {
      throw stream.lexer.errorAt(token.start, `expected a switch around "${token.text}"`);
    }
    const label = this.#new();
    if (token.text === 'default') {
      if (own.otherwise !== null) throw stream.lexer.errorAt(token.start, 'a second default');
      own.otherwise = label;
    } else {
      const { from, to } = this.#range(token);
      const other = own.cases.find((it) => it.from <= to && from <= it.to);
      if (other !== undefined) {
        const twice = Math.max(from, other.from);
        throw stream.lexer.errorAt(token.start, `a second case ${twice}`);
      }
      own.cases.push({ from, to, label, at });
    }
    stream.expect(':', `after ${token.text}`);
    this.#put(label, at);
  }

  /** What follows `case`: a constant, or a range of them. */
  #range(token: Token): { from: number; to: number } {
    const { stream, expressions } = this.#parser;
    const constant = (): number => constantOf(expressions.conditional(), stream.lexer);
    const from = constant();
    if (!stream.accept('.')) return { from, to: from };
    for (let dot = 0; dot < 2; dot++) stream.expect('.', 'of "..." in a range');
    const to = constant();
    if (from <= to) return { from, to };
    throw stream.lexer.errorAt(token.start, `an empty range: ${from} is above ${to}`);
  }

  #return(at: SourceSpan): void {
    const { stream, expressions, lowering } = this.#parser;
    this.#begin(at);
    if (!stream.at(';')) lowering.expressionStatement(expressions.parse());
    stream.expect(';', 'after return');
    this.#end ??= this.#new();
    this.#jump(this.#end, at);
  }

  #goto(at: SourceSpan): void {
    const { stream } = this.#parser;
    const token = stream.expectName('a label after goto');
    stream.expect(';', 'after the label');
    this.#begin(at);
    this.#jump(this.#find(token).label, at);
  }

  #find(token: Token): NamedLabel {
    const known = this.#named.get(token.text);
    if (known !== undefined) return known;
    const named = { label: this.#new(), isThere: false, token };
    this.#named.set(token.text, named);
    return named;
  }

  #namedLabel(): void {
    const { stream } = this.#parser;
    const at = this.#parser.span();
    const token = stream.next();
    stream.next();
    const named = this.#find(token);
    if (named.isThere) throw stream.lexer.errorAt(token.start, `a second label ${token.text}`);
    named.isThere = true;
    this.#put(named.label, at);
  }

  /** break and continue. */
  #leave(token: Token, at: SourceSpan): void {
    const { stream } = this.#parser;
    const target = this.#targets.at(-1);
    const label = token.text === 'break' ? target?.end : target?.next;
    if (label === undefined || label === null) {
      throw stream.lexer.errorAt(token.start, `expected a loop around "${token.text}"`);
    }
    stream.expect(';', `after ${token.text}`);
    this.#begin(at);
    this.#jump(label, at);
  }
}
