/** Iteration by the language: `for … of`, spread and array patterns, in a form that can be interrupted. */

import type {
  AnyNode,
  ForOfStatement,
  Identifier,
  MemberExpression,
  ObjectPattern,
  Pattern,
  SpreadElement,
} from 'acorn';
import { RUNTIME, type Context } from './context.js';
import { iterableText } from './iterable-text.js';
import { childrenOf } from './scope.js';

type Visit = (node: AnyNode) => void;

/** Rewrites iteration. */
export class IterationRewriter {
  readonly #cx: Context;
  readonly #visit: Visit;
  readonly #guard: (node: MemberExpression) => void;

  constructor(cx: Context, visit: Visit, guard: (node: MemberExpression) => void) {
    this.#cx = cx;
    this.#visit = visit;
    this.#guard = guard;
  }

  /** `...x` in an array or in arguments. */
  spread(node: SpreadElement, parent: AnyNode | undefined): void {
    this.#visit(node.argument);
    if (!this.#cx.fn.resumable) return;
    const text = iterableText(node.argument);
    const isInCall = parent?.type !== 'ArrayExpression';
    this.#asList(node.argument, -1, isInCall ? `...${text ?? ''}` : text);
  }

  /** The value of an expression, as an array of at most `count` elements; -1 for all of them. */
  #asList(node: AnyNode, count: number, shown?: string): void {
    const cx = this.#cx;
    const text = shown === undefined ? '' : `, ${JSON.stringify(shown)}`;
    cx.temporaries(1, (value = '') => {
      cx.before(node, `(${value} = (`);
      cx.after(
        node,
        `), Array.isArray(${value}) ? ${value} : yield* ${RUNTIME}.list(${value}, ${count}${text}))`,
      );
    });
  }

  /** The value that is taken apart by an array pattern. */
  unpacked(pattern: Pattern, value: AnyNode, isBinding: boolean): void {
    if (pattern.type === 'ObjectPattern' && takesElements(pattern)) {
      this.#cx.before(value, `${RUNTIME}.guard(`);
      this.#cx.after(value, `, ${this.#cx.site(value, 'read')})`);
      return;
    }
    if (pattern.type !== 'ArrayPattern' || !this.#cx.fn.resumable) return;
    const rest = pattern.elements.at(-1)?.type === 'RestElement';
    const isNamed = isBinding && value.type !== 'MemberExpression';
    const text = isNamed ? iterableText(value) : undefined;
    this.#asList(value, rest ? -1 : pattern.elements.length, text);
  }

  /**
   * Rewrite a pattern that is bound or assigned to. Its default values are code.
   *
   * @param isLookedAt whether {@link unpacked} checks the value that it takes apart
   * @param isBinding whether it declares names
   */
  pattern(node: Pattern | null, { isLookedAt = false, isBinding = true } = {}): void {
    if (node === null) return;
    switch (node.type) {
      case 'MemberExpression':
        this.#guard(node);
        break;
      case 'Identifier':
        if (!isBinding) this.#global(node);
        break;
      case 'ArrayPattern':
        for (const element of node.elements) this.pattern(element, { isBinding });
        break;
      case 'ObjectPattern':
        if (!isLookedAt && takesElements(node)) {
          this.#cx.text.appendLeft(node.start + 1, this.#probe(node, isBinding));
        }
        this.#properties(node, isBinding);
        break;
      case 'AssignmentPattern':
        this.pattern(node.left, { isBinding });
        this.#visit(node.right);
        break;
      case 'RestElement':
        this.pattern(node.argument, { isBinding });
        break;
      default:
    }
  }

  #properties({ properties }: ObjectPattern, isBinding: boolean): void {
    for (const property of properties) {
      if (property.type === 'RestElement') this.pattern(property.argument, { isBinding });
      else {
        if (property.computed) this.#visit(property.key);
        if (property.shorthand) this.#shorthand(property.value, isBinding);
        else this.pattern(property.value, { isBinding });
      }
    }
  }

  /** A target that is a global which the program makes or changes. Its text may have to name the property first. */
  #global(node: Identifier, property = ''): void {
    const target = this.#cx.globalTarget(node);
    if (target !== undefined) this.#cx.replace(node.start, node.end, property + target);
  }

  /** `{ name }` or `{ name = … }`. */
  #shorthand(value: Pattern, isBinding: boolean): void {
    const target = value.type === 'AssignmentPattern' ? value.left : value;
    if (isBinding || target.type !== 'Identifier') this.pattern(value, { isBinding });
    else {
      this.#global(target, `${target.name}: `);
      if (value.type === 'AssignmentPattern') this.#visit(value.right);
    }
  }

  /**
   * First property of a pattern that takes elements. It refuses shared memory, whose elements would be read unnoticed.
   */
  #probe(node: ObjectPattern, isBinding: boolean): string {
    const target = isBinding ? this.#cx.unique('u') : `${RUNTIME}.unused`;
    return ` [${RUNTIME}.probe(${this.#cx.site(node, 'read')})]: ${target},`;
  }

  /** Text of a pattern whose parts are names, with its probes. */
  #probed(pattern: Pattern, isBinding: boolean): string {
    if (pattern.type === 'Identifier' && !isBinding) {
      return this.#cx.globalTarget(pattern) ?? pattern.name;
    }
    const found: ObjectPattern[] = [];
    const collect = (node: AnyNode): void => {
      if (node.type === 'ObjectPattern' && takesElements(node)) found.push(node);
      for (const child of childrenOf(node)) collect(child);
    };
    collect(pattern);
    let text = this.#cx.slice(pattern);
    for (const node of found.sort((a, b) => b.start - a.start)) {
      const at = node.start + 1 - pattern.start;
      text = text.slice(0, at) + this.#probe(node, isBinding) + text.slice(at);
    }
    return text;
  }

  /** `for (const x of y) …`. */
  forOf(node: ForOfStatement, outermost: AnyNode): void {
    const cx = this.#cx;
    if (!cx.fn.resumable) {
      for (const child of childrenOf(node)) this.#visit(child);
      return;
    }
    const cursor = cx.unique('c');
    const bind = this.#binding(node, cursor);
    this.#visit(node.right);
    const site = node.await ? cx.site(node, 'await', node.right) : 0;
    const wait = (text: string): string => `(yield ${RUNTIME}.await(${site}, ${text}))`;
    const open = node.await ? `yield* ${RUNTIME}.openAsync(` : `${RUNTIME}.open(`;
    const step = node.await
      ? `${cursor}.take(${wait(`yield* ${cursor}.ask()`)})`
      : `${cursor}.isFast ? ${cursor}.next() : yield* ${cursor}.step()`;
    const close = node.await ? wait(`yield* ${cursor}.close()`) : `yield* ${cursor}.close()`;
    const start = node.await ? '' : `, ${cursor}.isNew && (yield* ${cursor}.start())`;
    cx.replace(node.start, node.right.start, `for (${cursor} = ${open}`);
    const watch = `if (--${RUNTIME}.budget < 0) ${RUNTIME}.endless(${cx.site(node, 'loop')});`;
    const shown = node.await ? undefined : iterableText(node.right);
    const text = shown === undefined ? '' : `, ${JSON.stringify(shown)}`;
    cx.replace(node.right.end, node.body.start, `${text})${start}; ${step};) { ${watch} ${bind} `);
    this.#visit(node.body);
    cx.after(node.body, ' }');
    cx.before(outermost, `{ let ${cursor}; try { `);
    cx.after(outermost, ` } finally { if (${cursor}?.isOpen) ${close}; } }`);
  }

  /** Statement that binds the loop's variable to the cursor's value. */
  #binding({ left }: ForOfStatement, cursor: string): string {
    const cx = this.#cx;
    const pattern = left.type === 'VariableDeclaration' ? left.declarations[0]?.id : left;
    if (pattern === undefined || hasCode(pattern)) {
      throw cx.rejection(
        left,
        'a loop over `of` whose variable has default values or is an element',
      );
    }
    let value = `${cursor}.value`;
    if (pattern.type === 'ArrayPattern') {
      const rest = pattern.elements.at(-1)?.type === 'RestElement';
      const count = rest ? -1 : pattern.elements.length;
      value = `Array.isArray(${value}) ? ${value} : yield* ${RUNTIME}.list(${value}, ${count})`;
    }
    const text = this.#probed(pattern, left.type === 'VariableDeclaration');
    const assigned =
      pattern.type === 'ObjectPattern' ? `(${text} = ${value})` : `${text} = ${value}`;
    return left.type === 'VariableDeclaration'
      ? `${left.kind} ${text} = ${value};`
      : `${assigned};`;
  }
}

/** Whether a pattern names elements, or all that is left. With shared memory, it would read them unnoticed. */
function takesElements({ properties }: ObjectPattern): boolean {
  return properties.some(
    (property) =>
      property.type === 'RestElement' || property.computed || property.key.type === 'Literal',
  );
}

/** Whether a pattern contains more than names. */
function hasCode(node: AnyNode): boolean {
  if (node.type === 'AssignmentPattern' && node.right.type !== 'Literal') return true;
  if (node.type === 'MemberExpression' && node.computed) return true;
  return childrenOf(node).some(hasCode);
}
