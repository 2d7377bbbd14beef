/** Whether a module can be shared between executions: nothing in it can change after it was evaluated. */

import type { AnyNode, CallExpression, Class, Program, VariableDeclarator } from 'acorn';
import { childrenOf, isFunction, namesOf, type ModuleScope } from './scope.js';
import { Closures } from './state-closures.js';
import { isFrozen, Literals } from './state-literals.js';

/** Whether evaluating the module again would give the same result, and nothing in it can change. */
export function isStateless(program: Program, scope: ModuleScope): boolean {
  return new Statelessness(program, scope).holds();
}

/** Globals whose members never change. */
const FIXED: ReadonlySet<string> = new Set(['Atomics', 'Math', 'Number', 'BigInt', 'Reflect']);

/** Looks at one module. */
class Statelessness {
  readonly #program: Program;
  readonly #scope: ModuleScope;
  readonly #literals: Literals;
  readonly #closures: Closures;
  readonly #isConstant = (node: AnyNode): boolean => this.#isValue(node);

  constructor(program: Program, scope: ModuleScope) {
    this.#program = program;
    this.#scope = scope;
    this.#literals = new Literals(program, scope, this.#isConstant);
    this.#closures = new Closures(program, scope, this.#isConstant);
  }

  holds(): boolean {
    const { assigned } = this.#scope;
    const own = new Set<string>();
    for (const statement of this.#program.body) {
      if (!this.#isHarmless(statement)) return false;
      for (const name of declaredBy(statement)) own.add(name);
    }
    if ([...own].some((name) => assigned.has(name))) return false;
    return !changesAny(this.#program, own) && this.#literals.areOnlyRead();
  }

  #isHarmless(statement: AnyNode): boolean {
    switch (statement.type) {
      case 'ImportDeclaration':
      case 'ExportAllDeclaration':
      case 'FunctionDeclaration':
      case 'EmptyStatement':
        return true;
      case 'ClassDeclaration':
        return this.#isHarmlessClass(statement);
      case 'ExpressionStatement':
        return statement.directive !== undefined;
      case 'VariableDeclaration':
        return statement.kind === 'const' && statement.declarations.every((d) => this.#isFixed(d));
      case 'ExportNamedDeclaration':
        return statement.declaration == null || this.#isHarmless(statement.declaration);
      case 'ExportDefaultDeclaration':
        return (
          statement.declaration.type === 'FunctionDeclaration' ||
          (statement.declaration.type === 'ClassDeclaration' &&
            this.#isHarmlessClass(statement.declaration)) ||
          this.#isValue(statement.declaration)
        );
      default:
        return false;
    }
  }

  #isFixed({ id, init }: VariableDeclarator): boolean {
    if (init == null) return false;
    if (id.type === 'Identifier') {
      return this.#isValue(init) || this.#literals.has(id.name) || isFrozen(init, this.#isConstant);
    }
    // const { load, store } = Atomics;
    const isGlobal =
      init.type === 'Identifier' && FIXED.has(init.name) && !this.#scope.declared.has(init.name);
    return (
      isGlobal &&
      id.type === 'ObjectPattern' &&
      id.properties.every(
        (p) => p.type === 'Property' && !p.computed && p.value.type === 'Identifier',
      )
    );
  }

  #isHarmlessClass(node: Class): boolean {
    if (node.superClass && node.superClass.type !== 'Identifier') return false;
    return node.body.body.every(
      (m) =>
        (m.type === 'MethodDefinition' && !m.computed) ||
        (m.type === 'PropertyDefinition' &&
          (!m.static || (m.value != null && this.#isValue(m.value)))),
    );
  }

  /** Numbers, texts and functions, values computed from them, and the declaration of a program. */
  #isValue(node: AnyNode): boolean {
    switch (node.type) {
      case 'Literal':
        return !('regex' in node);
      case 'Identifier':
      case 'FunctionExpression':
      case 'ArrowFunctionExpression':
        return true;
      case 'ParenthesizedExpression':
        return this.#isValue(node.expression);
      case 'UnaryExpression':
        return node.operator !== 'delete' && this.#isValue(node.argument);
      case 'BinaryExpression':
      case 'LogicalExpression':
        return this.#isValue(node.left) && this.#isValue(node.right);
      case 'ConditionalExpression':
        return [node.test, node.consequent, node.alternate].every(this.#isConstant);
      case 'MemberExpression':
        return (
          !node.computed && node.object.type === 'Identifier' && /^[A-Z]/.test(node.object.name)
        );
      case 'TemplateLiteral':
        return node.expressions.every(this.#isConstant);
      case 'CallExpression':
        return this.#isDeclaration(node);
      default:
        return false;
    }
  }

  #isDeclaration({ callee, arguments: list }: CallExpression): boolean {
    if (callee.type !== 'Identifier' || callee.name !== 'program') return false;
    return list.every((argument) => this.#closures.keepNoState(argument));
  }
}

function declaredBy(statement: AnyNode): string[] {
  const node =
    statement.type === 'ExportNamedDeclaration' || statement.type === 'ExportDefaultDeclaration'
      ? statement.declaration
      : statement;
  if (node == null) return [];
  if (node.type === 'ImportDeclaration') return node.specifiers.map(({ local }) => local.name);
  if (node.type === 'VariableDeclaration') return node.declarations.flatMap((d) => namesOf(d.id));
  const { id } = node as { id?: { name?: string } | null };
  return id?.name === undefined ? [] : [id.name];
}

/** Whether code writes to a member of one of the module's own functions or classes, or could reach one by its objects. */
function changesAny(node: AnyNode, own: ReadonlySet<string>): boolean {
  if (node.type === 'AssignmentExpression' || node.type === 'UpdateExpression') {
    const target = node.type === 'AssignmentExpression' ? node.left : node.argument;
    if (target.type === 'MemberExpression' && rootOf(target, own)) return true;
  }
  if (node.type === 'MemberExpression' && node.property.type === 'Identifier') {
    if (['constructor', 'prototype', '__proto__'].includes(node.property.name)) return true;
  }
  if (node.type === 'StaticBlock') return true;
  if (isStaticMethod(node) && mentionsThisTarget(node)) return true;
  return childrenOf(node).some((child) => changesAny(child, own));
}

function rootOf(node: AnyNode, own: ReadonlySet<string>): boolean {
  let at = node;
  while (at.type === 'MemberExpression') at = at.object;
  return at.type === 'Identifier' && own.has(at.name);
}

function isStaticMethod(node: AnyNode): boolean {
  return node.type === 'MethodDefinition' && node.static;
}

function mentionsThisTarget(node: AnyNode): boolean {
  if (node.type === 'AssignmentExpression' && node.left.type === 'MemberExpression') {
    return node.left.object.type === 'ThisExpression';
  }
  if (isFunction(node) && node.type !== 'ArrowFunctionExpression') {
    return childrenOf(node).some(mentionsThisTarget);
  }
  return childrenOf(node).some(mentionsThisTarget);
}
