/** Lists and tables at the top of a module that cannot change, as far as the text of the module tells. */

import type { AnyNode, Expression, Program } from 'acorn';
import { childrenOf, isFunction, staticName, type ModuleScope } from './scope.js';

/** Methods of arrays that change nothing and pass on only elements. */
const READING: ReadonlySet<string> = new Set([
  ...['includes', 'indexOf', 'lastIndexOf', 'at', 'slice', 'join', 'entries', 'keys', 'values'],
  ...['map', 'forEach', 'some', 'every', 'filter', 'find', 'findIndex', 'concat', 'toString'],
]);

/** A list or table without members that are changeable objects. */
interface Literal {
  /** Names of its arrow functions, which cannot reach it by `this`. */
  readonly arrows: ReadonlySet<string>;
  readonly isList: boolean;
}

const isArrow = (node: AnyNode): boolean => node.type === 'ArrowFunctionExpression';

/** Facts about a list or table; undefined for one that may hold other objects, and for any other value. */
function literalOf(node: Expression, isConstant: (node: AnyNode) => boolean): Literal | undefined {
  const isFlat = (value: AnyNode | null): boolean =>
    value !== null && value.type !== 'Identifier' && isConstant(value);
  const arrows = new Set<string>();
  if (node.type === 'ArrayExpression') {
    return node.elements.every(isFlat) ? { arrows, isList: true } : undefined;
  }
  if (node.type !== 'ObjectExpression') return undefined;
  for (const property of node.properties) {
    if (property.type !== 'Property' || property.kind !== 'init' || property.computed)
      return undefined;
    const name = staticName(property.key, false);
    if (!isFlat(property.value)) return undefined;
    if (isArrow(property.value) && name !== undefined) arrows.add(name);
  }
  return { arrows, isList: false };
}

/** Whether a value is made by `Object.freeze` of a list or table. */
export function isFrozen(node: AnyNode, isConstant: (node: AnyNode) => boolean): boolean {
  if (node.type !== 'CallExpression' || node.callee.type !== 'MemberExpression') return false;
  const { object, property } = node.callee;
  const [first] = node.arguments;
  const isFreeze =
    object.type === 'Identifier' &&
    object.name === 'Object' &&
    property.type === 'Identifier' &&
    property.name === 'freeze';
  if (!isFreeze || first === undefined || first.type === 'SpreadElement') return false;
  return literalOf(first, isConstant) !== undefined;
}

/** The lists and tables of a module by name. Those that are exported are not among them: others could change them. */
export class Literals {
  readonly #known = new Map<string, Literal>();
  readonly #program: Program;

  constructor(program: Program, scope: ModuleScope, isConstant: (node: AnyNode) => boolean) {
    this.#program = program;
    for (const statement of program.body) {
      if (statement.type !== 'VariableDeclaration' || statement.kind !== 'const') continue;
      for (const { id, init } of statement.declarations) {
        if (id.type !== 'Identifier' || init == null || scope.declared.get(id.name) !== 1) continue;
        const literal = literalOf(init, isConstant);
        if (literal !== undefined) this.#known.set(id.name, literal);
      }
    }
  }

  has(name: string): boolean {
    return this.#known.has(name);
  }

  /** Whether the module only reads them. */
  areOnlyRead(): boolean {
    return this.#known.size === 0 || this.#isFine(this.#program, []);
  }

  #isFine(node: AnyNode, above: readonly AnyNode[]): boolean {
    if (node.type === 'Identifier' && this.#known.has(node.name)) {
      return this.#isRead(node, above, this.#known.get(node.name) as Literal);
    }
    const path = [node, ...above];
    return childrenOf(node).every((child) => this.#isFine(child, path));
  }

  #isRead(node: AnyNode, [parent, outer, ...more]: readonly AnyNode[], literal: Literal): boolean {
    switch (parent?.type) {
      case 'VariableDeclarator':
        return parent.id === node || parent.id.type.endsWith('Pattern');
      case 'SpreadElement':
        return true;
      case 'ForOfStatement':
        return parent.right === node;
      case 'BinaryExpression':
        return parent.operator === 'in';
      case 'Property':
        return parent.key === node && !parent.computed && !parent.shorthand;
      case 'MethodDefinition':
      case 'PropertyDefinition':
        return parent.key === node && !parent.computed;
      case 'MemberExpression':
        if (parent.object !== node) return !parent.computed;
        return isReadOfMember(parent, outer, more[0], literal);
      default:
        return false;
    }
  }
}

function isReadOfMember(
  member: AnyNode & { type: 'MemberExpression' },
  parent: AnyNode | undefined,
  outer: AnyNode | undefined,
  literal: Literal,
): boolean {
  switch (parent?.type) {
    case undefined:
    case 'UpdateExpression':
    case 'ArrayPattern':
    case 'RestElement':
    case 'TaggedTemplateExpression':
    case 'ChainExpression':
      return false;
    case 'AssignmentExpression':
    case 'AssignmentPattern':
    case 'ForOfStatement':
    case 'ForInStatement':
      return parent.left !== member;
    case 'UnaryExpression':
      return parent.operator !== 'delete';
    case 'Property':
      return outer?.type !== 'ObjectPattern' || parent.value !== member;
    case 'CallExpression':
      return parent.callee !== member || isReadingCall(member, parent, literal);
    default:
      return true;
  }
}

/** `table.f(…)`, or `list.map((x, i) => …)`: a third parameter would be the list itself. */
function isReadingCall(
  { property, computed }: AnyNode & { type: 'MemberExpression' },
  call: AnyNode & { type: 'CallExpression' },
  { arrows, isList }: Literal,
): boolean {
  const name = staticName(property, computed) ?? '';
  if (arrows.has(name)) return true;
  if (!isList || !READING.has(name)) return false;
  return call.arguments.every((argument) =>
    isFunction(argument)
      ? isArrow(argument) && argument.params.length < 3 && !hasRest(argument.params)
      : argument.type !== 'Identifier',
  );
}

const hasRest = (params: readonly AnyNode[]): boolean =>
  params.some((parameter) => parameter.type === 'RestElement');
