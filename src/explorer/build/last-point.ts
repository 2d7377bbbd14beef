/**
 * Finds kernel code whose only scheduling point comes last: at most one operation, and nothing after it that another
 * CPU could notice. Such code can stay plain, as its caller can yield instead. That saves a coroutine for each call.
 */

import type { CallExpression, Identifier, MemberExpression, Node } from 'acorn';
import { IMMEDIATE, SCHEDULING } from '../../memory/vocabulary.js';
import { childrenOf } from './transform.js';

/** What a call of kernel code by a name reaches: no point, one that comes last, or something unknown. */
export type Reach = 'none' | 'last' | 'unknown';

/** How far a path has come: it has ended, it has not reached the point, it may have. */
const ENDED = -1;
const BEFORE = 0;
const AFTER = 1;

/** Operations whose answer comes when they are over. */
const ANSWERS_LATER: ReadonlySet<string> = new Set(['halt', 'wait']);

/** Nodes that do nothing but evaluate their children in the order of the text. */
const IN_ORDER: ReadonlySet<string> = new Set([
  'ArrayExpression',
  'BinaryExpression',
  'BlockStatement',
  'ChainExpression',
  'EmptyStatement',
  'ExpressionStatement',
  'Identifier',
  'Literal',
  'ObjectExpression',
  'ObjectPattern',
  'ParenthesizedExpression',
  'Property',
  'SequenceExpression',
  'TemplateElement',
  'TemplateLiteral',
  'UnaryExpression',
  'VariableDeclaration',
  'VariableDeclarator',
]);

/** Thrown for code that must be a coroutine. */
class Resumes extends Error {}

/**
 * Whether the point of a function comes last on every path.
 *
 * @param body of the function
 * @param reachOf what kernel code reaches that is called by a local name
 */
export function pointsLast(body: Node, reachOf: (name: string) => Reach): boolean {
  try {
    new Path(reachOf).walk(body, BEFORE);
    return true;
  } catch (error) {
    if (error instanceof Resumes) return false;
    throw error;
  }
}

class Path {
  readonly #reachOf: (name: string) => Reach;

  constructor(reachOf: (name: string) => Reach) {
    this.#reachOf = reachOf;
  }

  /** How far a path has come after a node that it reaches at `at`. @throws Resumes for what has to be a coroutine */
  walk(node: Node, at: number): number {
    if (at === ENDED) return ENDED;
    if (IN_ORDER.has(node.type)) return this.#inOrder(childrenOf(node), at);
    switch (node.type) {
      case 'ReturnStatement':
        this.#inOrder(childrenOf(node), at);
        return ENDED;
      case 'IfStatement':
      case 'ConditionalExpression':
      case 'LogicalExpression':
        return this.#branch(childrenOf(node), node.type === 'LogicalExpression', at);
      case 'MemberExpression':
        return this.#member(node as MemberExpression, at);
      case 'AssignmentExpression':
        return this.#assign(node as unknown as { left: Node; right: Node }, at);
      case 'CallExpression':
        return this.#call(node as CallExpression, at);
      default:
        throw new Resumes();
    }
  }

  #inOrder(nodes: readonly Node[], at: number): number {
    return nodes.reduce((far, child) => this.walk(child, far), at);
  }

  /** A condition, and what comes after it or does not. */
  #branch([first, ...others]: readonly Node[], isLogical: boolean, at: number): number {
    const tested = this.walk(first as Node, at);
    const ways = others.map((other) => this.walk(other, tested));
    return Math.max(...ways, ...(isLogical || others.length < 2 ? [tested] : []));
  }

  #member(node: MemberExpression, at: number): number {
    const isCurrent =
      isNamed(node.object, 'cpu') && (node.property as Partial<Identifier>).name === 'current';
    // The point may be where an interrupt comes, which makes another task the current one.
    if (isCurrent && at === AFTER) throw new Resumes();
    return this.#inOrder(node.computed ? [node.object, node.property] : [node.object], at);
  }

  #assign({ left, right }: { left: Node; right: Node }, at: number): number {
    const far = this.walk(right, at);
    if (left.type === 'Identifier') return far;
    if (far !== BEFORE) throw new Resumes();
    return this.walk(left, far);
  }

  #call({ callee, arguments: given, optional }: CallExpression, at: number): number {
    const passesCpu = given[0] !== undefined && isNamed(given[0], 'cpu');
    const far = this.#inOrder(passesCpu ? given.slice(1) : given, at);
    if (far !== BEFORE || optional) throw new Resumes();
    if (passesCpu) return this.#calls(callee.type === 'Identifier' ? callee.name : '');
    if (callee.type === 'MemberExpression' && isNamed(callee.object, 'cpu')) {
      return operates((callee.property as Partial<Identifier>).name ?? '');
    }
    return this.walk(callee, far);
  }

  #calls(name: string): number {
    const reach = this.#reachOf(name);
    if (reach === 'unknown') throw new Resumes();
    return reach === 'none' ? BEFORE : AFTER;
  }
}

function operates(name: string): number {
  if (IMMEDIATE.has(name)) return BEFORE;
  if (!SCHEDULING.has(name) || ANSWERS_LATER.has(name)) throw new Resumes();
  return AFTER;
}

function isNamed(node: Node, name: string): boolean {
  return node.type === 'Identifier' && (node as Identifier).name === name;
}
