/** Iteration by the language: `for … of`, spread and array patterns, in a form that can be interrupted. */

import type {
  AnyNode,
  ForOfStatement,
  MemberExpression,
  ObjectPattern,
  Pattern,
  SpreadElement,
} from 'acorn';
import { RUNTIME, type Context } from './context.js';
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
  spread(node: SpreadElement): void {
    this.#visit(node.argument);
    if (this.#cx.fn.resumable) this.#asList(node.argument, -1);
  }

  /** The value of an expression, as an array of at most `count` elements; -1 for all of them. */
  #asList(node: AnyNode, count: number): void {
    const cx = this.#cx;
    cx.temporaries(1, (value = '') => {
      cx.before(node, `(${value} = (`);
      cx.after(
        node,
        `), Array.isArray(${value}) ? ${value} : yield* ${RUNTIME}.list(${value}, ${count}))`,
      );
    });
  }

  /** The value that is taken apart by an array pattern. */
  unpacked(pattern: Pattern, value: AnyNode): void {
    if (pattern.type === 'ObjectPattern' && takesElements(pattern)) {
      this.#cx.before(value, `${RUNTIME}.guard(`);
      this.#cx.after(value, `, ${this.#cx.site(value, 'read')})`);
      return;
    }
    if (pattern.type !== 'ArrayPattern' || !this.#cx.fn.resumable) return;
    const rest = pattern.elements.at(-1)?.type === 'RestElement';
    this.#asList(value, rest ? -1 : pattern.elements.length);
  }

  /** A pattern that is bound or assigned to: its default values are code. */
  pattern(node: Pattern | null, isLookedAt = false): void {
    if (node === null) return;
    switch (node.type) {
      case 'MemberExpression':
        this.#guard(node);
        break;
      case 'ArrayPattern':
        for (const element of node.elements) this.pattern(element);
        break;
      case 'ObjectPattern':
        if (!isLookedAt) this.#rejectElements(node);
        for (const property of node.properties) {
          if (property.type === 'RestElement') this.pattern(property.argument);
          else {
            if (property.computed) this.#visit(property.key);
            this.pattern(property.value);
          }
        }
        break;
      case 'AssignmentPattern':
        this.pattern(node.left);
        this.#visit(node.right);
        break;
      case 'RestElement':
        this.pattern(node.argument);
        break;
      default:
    }
  }

  /** An element of shared memory would be read unseen: what is taken apart cannot be looked at here. */
  #rejectElements({ properties }: ObjectPattern): void {
    const element = properties.find(
      (property) => property.type === 'Property' && isNumber(property.key),
    );
    if (element === undefined) return;
    throw this.#cx.rejection(element, 'a number as a key in such a pattern cannot be instrumented');
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
    cx.replace(node.start, node.right.start, `for (${cursor} = ${open}`);
    cx.replace(node.right.end, node.body.start, `); ${step};) { ${bind} `);
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
    if (pattern.type === 'ObjectPattern') this.#rejectElements(pattern);
    let value = `${cursor}.value`;
    if (pattern.type === 'ArrayPattern') {
      const rest = pattern.elements.at(-1)?.type === 'RestElement';
      const count = rest ? -1 : pattern.elements.length;
      value = `Array.isArray(${value}) ? ${value} : yield* ${RUNTIME}.list(${value}, ${count})`;
    }
    const text = cx.slice(pattern);
    const assigned =
      pattern.type === 'ObjectPattern' ? `(${text} = ${value})` : `${text} = ${value}`;
    return left.type === 'VariableDeclaration'
      ? `${left.kind} ${text} = ${value};`
      : `${assigned};`;
  }
}

function isNumber(key: AnyNode): boolean {
  return key.type === 'Literal' && typeof key.value === 'number';
}

/** Whether a pattern names elements, or all that is left: of shared memory it would read them unseen. */
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
