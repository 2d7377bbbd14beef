/** Functions: each gets a resumable form beside the plain one, which drives it where nothing can be interrupted. */

import type {
  AnyNode,
  ArrowFunctionExpression,
  FunctionDeclaration,
  FunctionExpression,
} from 'acorn';
import {
  functionState,
  OWN,
  RUNTIME,
  type Context,
  type FunctionKind,
  type FunctionState,
} from './context.js';
import { isFunction, type FunctionNode } from './scope.js';

type Visit = (node: AnyNode) => void;

const NONE: ReadonlyMap<string, string> = new Map();

/** Kinds of resumable functions, as the runtime tells them apart. */
export function flavour(node: FunctionNode): 'call' | 'async' | 'generator' | 'asyncGenerator' {
  if (node.async) return node.generator ? 'asyncGenerator' : 'async';
  return node.generator ? 'generator' : 'call';
}

/** Rewrites functions. */
export class FunctionRewriter {
  readonly #cx: Context;
  readonly #visit: Visit;
  readonly #pattern: Visit;

  constructor(cx: Context, visit: Visit, pattern: Visit) {
    this.#cx = cx;
    this.#visit = visit;
    this.#pattern = pattern;
  }

  /**
   * A function expression, arrow or declaration. Methods are rewritten with their class.
   *
   * @param key variable that holds the key of the member which names it
   */
  rewrite(node: FunctionNode, direct: ReadonlyMap<string, string>, key?: string): void {
    const needed = this.#cx.needs.function(node);
    if (node.type === 'FunctionDeclaration' && (node.id as unknown) !== null) {
      this.#declaration(node as FunctionDeclaration, needed, direct);
    } else if (!needed) {
      this.#pure(node, key);
    } else {
      const name = this.#nameOf(node);
      this.enter(node, this.#kindOf(node), name, true);
      this.#asGenerator(node);
      const isArrow = node.type === 'ArrowFunctionExpression' && !node.async;
      this.#cx.before(node, `${RUNTIME}.${isArrow ? 'arrow' : flavour(node)}(`);
      this.#cx.after(node, `, ${shownName(name, key)}, ${lengthOf(node)})`);
    }
  }

  #nameOf(node: FunctionNode): string {
    return node.id?.name ?? this.#cx.inferred.get(node) ?? '';
  }

  /** A function that stays as it is. A member of an object gives it the name that it would have without us. */
  #pure(node: FunctionNode, variable: string | undefined): void {
    const cx = this.#cx;
    const given = cx.inferred.get(node);
    this.enter(node, this.#kindOf(node), this.#nameOf(node), false);
    const key = variable ?? (given === undefined ? undefined : JSON.stringify(given));
    if (key === undefined || node.id) {
      cx.before(node, `${RUNTIME}.pure(`);
      cx.after(node, ')');
      return;
    }
    cx.before(node, `${RUNTIME}.pure({ [${key}]: `);
    cx.after(node, ` }[${key}])`);
  }

  /**
   * A method of a class or object literal that becomes a generator method. The caller rewrites the text before its
   * parameters.
   */
  method(node: FunctionNode, kind: FunctionKind, name: string): void {
    this.enter(node, kind, name, true);
  }

  /** An accessor whose name only the program knows: it stays one, and runs its resumable form to the end. */
  driven(node: FunctionNode, kind: 'get' | 'set', name: string): void {
    const cx = this.#cx;
    this.enter(node, 'method', name, true);
    const value = kind === 'set' ? `${OWN}p` : '';
    const given = kind === 'set' ? `, ${OWN}p` : '';
    cx.before(node, `(${value}) { return ${RUNTIME}.drive((function* `);
    cx.after(node, `).call(this${given})); }`);
  }

  /** The value of a property or field, and the variable that holds its key if code makes it. */
  expression(node: AnyNode, key?: string): void {
    if (isFunction(node)) this.rewrite(node, NONE, key);
    else this.#visit(node);
  }

  #kindOf(node: FunctionNode): FunctionKind {
    return node.type === 'ArrowFunctionExpression' ? 'arrow' : 'function';
  }

  #declaration(
    node: FunctionDeclaration,
    needed: boolean,
    direct: ReadonlyMap<string, string>,
  ): void {
    const cx = this.#cx;
    const name = node.id.name;
    this.enter(node, 'function', name, needed);
    if (!needed) {
      cx.hoisted.push(`${RUNTIME}.pure(${name});`);
      return;
    }
    const form = direct.get(name) ?? cx.unique('f');
    const kind = flavour(node);
    cx.hoisted.push(`${RUNTIME}.declare(${name}, ${form}, '${kind}');`);
    const start = this.#listStart(node);
    const length = Array.from({ length: lengthOf(node) }, (_, i) => `${OWN}p${i}`).join(', ');
    cx.replace(
      node.start,
      start,
      `function ${name}(${length}) { return ${RUNTIME}.enter(${form}, this, arguments, '${kind}'); } function* ${form}(`,
    );
  }

  /** Position after the parenthesis that opens the parameters. */
  #listStart(node: FunctionNode): number {
    const { code } = this.#cx.module;
    const from = node.id?.end ?? node.start;
    return code.indexOf('(', from) + 1;
  }

  /** Turn the text of a function or arrow into that of a generator function. */
  #asGenerator(node: FunctionNode): void {
    if (node.type === 'ArrowFunctionExpression') {
      this.#arrow(node);
      return;
    }
    const cx = this.#cx;
    const name = (node as FunctionExpression).id?.name ?? '';
    cx.replace(node.start, this.#listStart(node), `function* ${name}(`);
  }

  #arrow(node: ArrowFunctionExpression): void {
    const cx = this.#cx;
    const { code } = cx.module;
    const last = node.params.at(-1);
    const arrow = code.lastIndexOf('=>', node.body.start);
    const [first] = node.params;
    const begin = first === undefined ? code.indexOf('(', node.start) + 1 : first.start;
    cx.replace(node.start, begin, 'function* (');
    const end = last?.end ?? begin;
    const head = this.#moved.has(node) ? `] = ${OWN}p; ` : `) { ${this.#prologueOf(node)}`;
    cx.replace(end, arrow + 2, node.expression ? `${head}return (` : ') ');
    if (node.expression) cx.after(node, '); }');
  }

  /** Arrow functions without braces whose parameters have moved into their body. */
  readonly #moved = new WeakSet<AnyNode>();
  readonly #states = new WeakMap<AnyNode, FunctionState>();

  #prologueOf(node: AnyNode): string {
    const state = this.#states.get(node);
    return state === undefined ? '' : prologue(state);
  }

  /** Walk through parameters and body of a function. */
  enter(node: FunctionNode, kind: FunctionKind, name: string, resumable: boolean): FunctionState {
    const cx = this.#cx;
    const outer = cx.fn;
    const mark = cx.mark(node);
    const state = functionState({
      kind,
      resumable,
      name,
      outer,
      isAsync: node.async,
      isGenerator: node.generator,
      boundFrom: cx.bound.get(node) ?? 0,
    });
    cx.fn = state;
    this.#states.set(node, state);
    const moves = resumable && node.params.some((p) => cx.needs.within(p));
    state.isInParameters = !moves;
    for (const parameter of node.params) this.#pattern(parameter);
    state.isInParameters = false;
    if (node.body.type === 'BlockStatement') this.#block(node.body, state, moves);
    else this.#bare(node.body, state);
    if (node.body.type === 'BlockStatement') cx.text.appendLeft(node.body.start + 1, mark);
    else cx.before(node.body, mark);
    if (moves) this.#moveParameters(node, state);
    cx.fn = outer;
    return state;
  }

  /** The body of an arrow function without braces. */
  #bare(body: AnyNode, state: FunctionState): void {
    const cx = this.#cx;
    const outside = cx.hoisted;
    if (state.resumable) cx.hoisted = [];
    this.#visit(body);
    if (state.resumable) state.hoisted = cx.hoisted.join(' ');
    cx.hoisted = outside;
  }

  /** Code in parameters (default values, patterns that iterate) moves into the body, where it can be interrupted. */
  #moveParameters(node: FunctionNode, state: FunctionState): void {
    const cx = this.#cx;
    const first = node.params[0] as AnyNode;
    const last = node.params.at(-1) as AnyNode;
    cx.before(first, `...${OWN}p) { ${prologue(state)}let [`);
    if (node.body.type !== 'BlockStatement') {
      this.#moved.add(node);
      return;
    }
    cx.after(last, `] = ${OWN}p; if (1`);
    cx.after(node.body, '}');
  }

  #block(body: AnyNode & { type: 'BlockStatement' }, state: FunctionState, moves: boolean): void {
    const cx = this.#cx;
    const hoistedBefore = cx.hoisted;
    cx.hoisted = [];
    for (const statement of body.body) this.#visit(statement);
    let at = body.start + 1;
    for (const statement of body.body) {
      if (statement.type !== 'ExpressionStatement' || statement.directive === undefined) break;
      at = statement.end;
    }
    const text = (moves ? '' : prologue(state)) + cx.hoisted.join(' ');
    if (text !== '') cx.text.appendLeft(at, ` ${text}`);
    cx.hoisted = hoistedBefore;
  }
}

/** Declarations at the beginning of a function. */
export function prologue(state: FunctionState): string {
  let text = state.hoisted;
  if (state.most > 0) {
    const names = Array.from({ length: state.most }, (_, i) => `${OWN}${i}`);
    text += `let ${names.join(', ')}; `;
  }
  if (state.sharesThis) text += `const ${OWN}this = this; `;
  if (state.sharesArguments) {
    const given =
      state.kind === 'constructor'
        ? `${RUNTIME}.argumentsOf(arguments)`
        : state.kind === 'module'
          ? `${RUNTIME}.argumentsOf([0, exports, require, module, __filename, __dirname])`
          : 'arguments';
    text += `const ${OWN}arguments = ${given}; `;
  }
  return text;
}

/** Text that gives the name of a function. */
export function shownName(name: string, key: string | undefined): string {
  return key === undefined ? JSON.stringify(name) : `${RUNTIME}.nameOf(${key})`;
}

/** Number of parameters before the first with a default value. */
export function lengthOf(node: FunctionNode): number {
  const index = node.params.findIndex(
    (p) => p.type === 'AssignmentPattern' || p.type === 'RestElement',
  );
  return index < 0 ? node.params.length : index;
}
