/** Which names of a module no declaration binds, so that they mean globals, and where `this` may be the global object. */

import type { AnyNode, BlockStatement, Class, Identifier, Program, Statement } from 'acorn';
import {
  childrenOf,
  isFunction,
  isReference,
  namesOf,
  staticName,
  type FunctionNode,
} from './scope.js';

/** Facts about one module. */
export interface FreeNames {
  /** Identifiers that mean globals, each with whether strict code mentions it. */
  readonly globals: ReadonlyMap<AnyNode, boolean>;
  /** Each `this` that is the global object where a function is called without one. */
  readonly sloppyThis: ReadonlySet<AnyNode>;
  /** Names of globals that the module assigns, defines or deletes, as far as its text tells. */
  readonly written: ReadonlySet<string>;
}

/** Names that are bound in some part of a module. */
interface Scope {
  readonly names: ReadonlySet<string>;
  readonly outer: Scope | undefined;
  readonly isStrict: boolean;
  /** Whether `this` is that of a function. */
  readonly isInFunction: boolean;
}

/** Parameters of a CommonJS module. */
const COMMONJS = ['exports', 'require', 'module', '__filename', '__dirname', 'arguments'];

/** Names of the global object. */
const GLOBAL_OBJECTS: ReadonlySet<string> = new Set(['globalThis', 'global']);

class Resolver {
  readonly globals = new Map<AnyNode, boolean>();
  readonly sloppyThis = new Set<AnyNode>();
  readonly written = new Set<string>();

  visit(node: AnyNode, scope: Scope): void {
    if (isFunction(node)) {
      this.#function(node, scope);
      return;
    }
    switch (node.type) {
      case 'Identifier':
        if (!isBound(node.name, scope)) this.globals.set(node, scope.isStrict);
        return;
      case 'ThisExpression':
        if (scope.isInFunction && !scope.isStrict) this.sloppyThis.add(node);
        return;
      case 'ClassDeclaration':
      case 'ClassExpression':
        this.#class(node, scope);
        return;
      default:
        this.#other(node, scope);
    }
  }

  #other(node: AnyNode, scope: Scope): void {
    switch (node.type) {
      case 'BlockStatement':
      case 'StaticBlock':
        this.#children(node, within(scope, lexicalOf(node.body)));
        return;
      case 'SwitchStatement':
        this.#children(node, within(scope, lexicalOf(node.cases.flatMap((c) => c.consequent))));
        return;
      case 'ForStatement':
        this.#children(node, within(scope, headOf(node.init)));
        return;
      case 'ForInStatement':
      case 'ForOfStatement':
        this.#children(node, within(scope, headOf(node.left)));
        return;
      case 'CatchClause':
        this.#children(node, within(scope, namesOf(node.param ?? null)));
        return;
      default:
        this.#write(node, scope);
        this.#children(node, scope);
    }
  }

  #children(node: AnyNode, scope: Scope): void {
    for (const child of childrenOf(node)) {
      if (isLabel(child, node)) continue;
      // Whoever is handed the global object may write any of its members.
      if (isGlobalObject(child, scope) && !isLook(child, node)) this.written.add('');
      this.visit(child, scope);
    }
  }

  #function(node: FunctionNode, outer: Scope): void {
    const isArrow = node.type === 'ArrowFunctionExpression';
    const names = node.params.flatMap((parameter) => namesOf(parameter));
    if (!isArrow) names.push('arguments');
    if (node.type === 'FunctionExpression' && node.id) names.push(node.id.name);
    let { isStrict } = outer;
    const { body } = node;
    if (body.type === 'BlockStatement') {
      isStrict ||= isStrictCode(body.body);
      names.push(...lexicalOf(body.body), ...body.body.flatMap((s) => variablesOf(s)));
    }
    const isInFunction = isArrow ? outer.isInFunction : true;
    const scope: Scope = { names: new Set(names), outer, isStrict, isInFunction };
    for (const parameter of node.params) this.visit(parameter, scope);
    if (body.type === 'BlockStatement') this.#children(body, scope);
    else this.visit(body, scope);
  }

  #class(node: Class, outer: Scope): void {
    const scope = { ...within(outer, node.id ? [node.id.name] : []), isStrict: true };
    if (node.superClass) this.visit(node.superClass, scope);
    this.#children(node.body, scope);
  }

  /** `globalThis.name = …`, `delete globalThis.name`, `name = …`, `Object.defineProperty(globalThis, 'name', …)`. */
  #write(node: AnyNode, scope: Scope): void {
    if (node.type === 'CallExpression') {
      const [object, name] = node.arguments;
      if (object === undefined || !isGlobalObject(object, scope)) return;
      if (name?.type === 'Literal') this.written.add(String(name.value));
      if (name?.type === 'ObjectExpression') {
        for (const p of name.properties) {
          if (p.type === 'Property') this.written.add(staticName(p.key, p.computed) ?? '');
        }
      }
      return;
    }
    const target = targetOf(node);
    if (target?.type === 'MemberExpression' && isGlobalObject(target.object, scope)) {
      this.written.add(staticName(target.property, target.computed) ?? '');
    } else if (target !== undefined) {
      for (const name of namesIn(target)) if (!isBound(name, scope)) this.written.add(name);
    }
  }
}

/** What a node assigns, changes or deletes. */
function targetOf(node: AnyNode): AnyNode | undefined {
  if (node.type === 'AssignmentExpression') return node.left;
  if (node.type === 'UpdateExpression') return node.argument;
  return node.type === 'UnaryExpression' && node.operator === 'delete' ? node.argument : undefined;
}

/** Names that a target consists of. */
function namesIn(target: AnyNode): string[] {
  return /Pattern|Identifier/.test(target.type) ? namesOf(target as never) : [];
}

function isGlobalObject(node: AnyNode, scope: Scope): boolean {
  return node.type === 'Identifier' && GLOBAL_OBJECTS.has(node.name) && !isBound(node.name, scope);
}

/** `globalThis.name`, or `typeof globalThis`. */
function isLook(node: AnyNode, parent: AnyNode): boolean {
  if (parent.type === 'UnaryExpression') return true;
  if (parent.type !== 'MemberExpression' || parent.object !== node) return false;
  return staticName(parent.property, parent.computed) !== undefined;
}

function isBound(name: string, scope: Scope): boolean {
  for (let at: Scope | undefined = scope; at; at = at.outer) if (at.names.has(name)) return true;
  return false;
}

function within(outer: Scope, names: readonly string[]): Scope {
  return names.length === 0 ? outer : { ...outer, names: new Set(names), outer };
}

/** Whether a child is a name that stands for itself, and no variable. */
function isLabel(child: AnyNode, parent: AnyNode): boolean {
  switch (parent.type) {
    case 'ImportSpecifier':
    case 'ImportDefaultSpecifier':
    case 'ImportNamespaceSpecifier':
    case 'ExportSpecifier':
    case 'ExportAllDeclaration':
      return true;
    default:
      return child.type === 'Identifier' && !isReference(child, parent);
  }
}

/** Names that a block declares for itself. */
function lexicalOf(body: readonly AnyNode[]): string[] {
  return body.flatMap((statement): string[] => {
    const node = declarationOf(statement);
    if (node?.type === 'VariableDeclaration') {
      return node.kind === 'var' ? [] : node.declarations.flatMap((d) => namesOf(d.id));
    }
    if (node?.type === 'FunctionDeclaration' || node?.type === 'ClassDeclaration') {
      const { id } = node as { readonly id: { readonly name: string } | null };
      return id === null ? [] : [id.name];
    }
    if (node?.type === 'ImportDeclaration') return node.specifiers.map((s) => s.local.name);
    if (node?.type === 'LabeledStatement') return lexicalOf([node.body]);
    return [];
  });
}

function declarationOf(node: AnyNode): AnyNode | undefined {
  const isExport =
    node.type === 'ExportNamedDeclaration' || node.type === 'ExportDefaultDeclaration';
  return isExport ? (node.declaration ?? undefined) : node;
}

/** Names that a statement declares with `var`, or as functions in blocks, for the whole function. */
function variablesOf(node: AnyNode): string[] {
  const inner = declarationOf(node);
  if (inner === undefined || inner.type === 'ClassDeclaration') return [];
  if (isFunction(inner)) return inner.id ? [inner.id.name] : [];
  if (inner.type === 'VariableDeclaration') {
    return inner.kind === 'var' ? inner.declarations.flatMap((d) => namesOf(d.id)) : [];
  }
  if (!/Statement$|^CatchClause$|^SwitchCase$/.test(inner.type)) return [];
  return inner.type === 'ExpressionStatement' ? [] : childrenOf(inner).flatMap(variablesOf);
}

function headOf(head: AnyNode | null | undefined): string[] {
  return head?.type === 'VariableDeclaration' ? lexicalOf([head]) : [];
}

function isStrictCode(body: BlockStatement['body'] | readonly Statement[]): boolean {
  return body.some((s) => s.type === 'ExpressionStatement' && s.directive === 'use strict');
}

/** Uses of names that an ES module declares at its top: other declarations of these names are not meant. */
export function usesOf(program: Program, declared: ReadonlySet<string>): ReadonlySet<AnyNode> {
  const { globals } = freeNamesOf(program, 'esm', declared);
  return new Set([...globals.keys()].filter((node) => declared.has((node as Identifier).name)));
}

/** Find what is global in a module. Names that are `left` out count as global, too. */
export function freeNamesOf(
  program: Program,
  kind: 'esm' | 'cjs',
  left: ReadonlySet<string> = new Set(),
): FreeNames {
  const resolver = new Resolver();
  const body = program.body as readonly AnyNode[];
  const names = new Set([
    ...(kind === 'cjs' ? COMMONJS : ['arguments']),
    ...lexicalOf(body),
    ...body.flatMap((statement) => variablesOf(statement)),
  ]);
  for (const name of left) names.delete(name);
  const isStrict = kind === 'esm' || isStrictCode(program.body as Statement[]);
  const scope: Scope = { names, outer: undefined, isStrict, isInFunction: false };
  for (const statement of body) resolver.visit(statement, scope);
  return resolver;
}
