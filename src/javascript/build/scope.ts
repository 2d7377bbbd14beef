/**
 * What a module declares and assigns. This tells which names are certain to mean a global, or a function that never
 * changes.
 */

import type {
  AnonymousFunctionDeclaration,
  AnyNode,
  ArrowFunctionExpression,
  FunctionDeclaration,
  FunctionExpression,
  Identifier,
  Pattern,
  Program,
} from 'acorn';

/** A function of any kind. */
export type FunctionNode =
  FunctionDeclaration | FunctionExpression | ArrowFunctionExpression | AnonymousFunctionDeclaration;

/** Children of a node in source order. */
export function childrenOf(node: AnyNode): AnyNode[] {
  const children: AnyNode[] = [];
  for (const value of Object.values(node) as unknown[]) {
    for (const item of Array.isArray(value) ? (value as unknown[]) : [value]) {
      if (typeof (item as AnyNode | null)?.type === 'string') children.push(item as AnyNode);
    }
  }
  return children;
}

/** Whether a node is a function of any kind. */
export function isFunction(node: AnyNode): node is FunctionNode {
  return (
    node.type === 'FunctionDeclaration' ||
    node.type === 'FunctionExpression' ||
    node.type === 'ArrowFunctionExpression'
  );
}

/** Names that a pattern binds. */
export function namesOf(pattern: Pattern | null, into: string[] = []): string[] {
  if (pattern === null) return into;
  switch (pattern.type) {
    case 'Identifier':
      into.push(pattern.name);
      break;
    case 'ArrayPattern':
      for (const element of pattern.elements) namesOf(element, into);
      break;
    case 'ObjectPattern':
      for (const p of pattern.properties) {
        namesOf(p.type === 'RestElement' ? p.argument : p.value, into);
      }
      break;
    case 'AssignmentPattern':
      namesOf(pattern.left, into);
      break;
    case 'RestElement':
      namesOf(pattern.argument, into);
      break;
    default:
  }
  return into;
}

/** The names of one module. */
export interface ModuleScope {
  /** How often each name is declared, anywhere in the module. */
  readonly declared: ReadonlyMap<string, number>;
  /** Names that are assigned to after their declaration. */
  readonly assigned: ReadonlySet<string>;
  /** Identifiers that are mentioned as references or otherwise. */
  readonly mentioned: ReadonlySet<string>;
  /** Names of accessors in classes and object literals. */
  readonly getters: ReadonlySet<string>;
  readonly setters: ReadonlySet<string>;
  /** Names of private methods, with their `#`. */
  readonly privateMethods: ReadonlySet<string>;
}

class Collector {
  readonly declared = new Map<string, number>();
  readonly assigned = new Set<string>();
  readonly mentioned = new Set<string>();
  readonly getters = new Set<string>();
  readonly setters = new Set<string>();
  readonly privateMethods = new Set<string>();

  #declare(names: readonly string[]): void {
    for (const name of names) this.declared.set(name, (this.declared.get(name) ?? 0) + 1);
  }

  visit(node: AnyNode): void {
    this.#own(node);
    for (const child of childrenOf(node)) this.visit(child);
  }

  #own(node: AnyNode): void {
    switch (node.type) {
      case 'Identifier':
        this.mentioned.add(node.name);
        break;
      case 'VariableDeclarator':
        this.#declare(namesOf(node.id));
        break;
      case 'FunctionDeclaration':
      case 'FunctionExpression':
      case 'ArrowFunctionExpression':
        if (node.id) this.#declare([node.id.name]);
        for (const parameter of node.params) this.#declare(namesOf(parameter));
        break;
      case 'ClassDeclaration':
      case 'ClassExpression':
        if (node.id) this.#declare([node.id.name]);
        break;
      case 'CatchClause':
        this.#declare(namesOf(node.param ?? null));
        break;
      case 'ImportSpecifier':
      case 'ImportDefaultSpecifier':
      case 'ImportNamespaceSpecifier':
        this.#declare([node.local.name]);
        break;
      default:
        this.#change(node);
    }
  }

  #change(node: AnyNode): void {
    if (node.type === 'AssignmentExpression') {
      for (const name of namesOf(node.left)) this.assigned.add(name);
    } else if (node.type === 'UpdateExpression') {
      for (const name of namesOf(node.argument as Pattern)) this.assigned.add(name);
    } else if (node.type === 'ForOfStatement' || node.type === 'ForInStatement') {
      if (node.left.type !== 'VariableDeclaration') {
        for (const name of namesOf(node.left)) this.assigned.add(name);
      }
    } else if (node.type === 'MethodDefinition' || node.type === 'Property') {
      this.#accessor(node);
    }
  }

  #accessor(node: { kind: string; computed: boolean; key: AnyNode }): void {
    const { key } = node;
    if (node.kind === 'method' && key.type === 'PrivateIdentifier') {
      this.privateMethods.add(`#${key.name}`);
    }
    if (node.kind !== 'get' && node.kind !== 'set') return;
    const names = node.kind === 'get' ? this.getters : this.setters;
    if (key.type === 'PrivateIdentifier') names.add(`#${key.name}`);
    else if (!node.computed && key.type === 'Identifier') names.add(key.name);
    else if (key.type === 'Literal') names.add(String(key.value));
  }
}

/** Collect the names of a module. */
export function scopeOf(program: Program): ModuleScope {
  const collector = new Collector();
  collector.visit(program);
  return collector;
}

/** Name of a member that is known beforehand, or undefined. */
export function staticName(property: AnyNode, computed: boolean): string | undefined {
  if (property.type === 'PrivateIdentifier') return `#${property.name}`;
  if (!computed && property.type === 'Identifier') return property.name;
  if (property.type !== 'Literal' || typeof property.value !== 'string') return undefined;
  const name = property.value;
  return computed && String(Number(name)) === name ? undefined : name;
}

/** Whether a variable is assigned in its place. */
export function isTarget(node: Identifier, parent: AnyNode | undefined): boolean {
  switch (parent?.type) {
    case 'AssignmentExpression':
    case 'ForInStatement':
    case 'ForOfStatement':
      return parent.left === node;
    case 'UpdateExpression':
      return true;
    default:
      return false;
  }
}

/** Whether an identifier is a use of a variable. */
export function isReference(node: Identifier, parent: AnyNode | undefined): boolean {
  if (parent === undefined) return true;
  switch (parent.type) {
    case 'MemberExpression':
      return parent.object === node || parent.computed;
    case 'Property':
      return parent.value === node || parent.computed;
    case 'PropertyDefinition':
    case 'MethodDefinition':
      return parent.value === node || parent.computed;
    case 'LabeledStatement':
    case 'BreakStatement':
    case 'ContinueStatement':
    case 'MetaProperty':
      return false;
    default:
      return true;
  }
}
