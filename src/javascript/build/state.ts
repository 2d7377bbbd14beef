/** Whether a module can be shared between executions: nothing in it can change after it was evaluated. */

import type { AnyNode, Class, Program } from 'acorn';
import { childrenOf, isFunction, namesOf, type ModuleScope } from './scope.js';

/** Whether evaluating the module again would give what is there already, and nothing that it holds can change. */
export function isStateless(program: Program, scope: ModuleScope): boolean {
  const own = new Set<string>();
  for (const statement of program.body) {
    if (!isHarmless(statement)) return false;
    for (const name of declaredBy(statement)) own.add(name);
  }
  if ([...own].some((name) => scope.assigned.has(name))) return false;
  return !changesAny(program, own);
}

function declaredBy(statement: AnyNode): string[] {
  const node =
    statement.type === 'ExportNamedDeclaration' || statement.type === 'ExportDefaultDeclaration'
      ? statement.declaration
      : statement;
  if (node == null) return [];
  if (node.type === 'VariableDeclaration') return node.declarations.flatMap((d) => namesOf(d.id));
  const { id } = node as { id?: { name?: string } | null };
  return id?.name === undefined ? [] : [id.name];
}

function isHarmless(statement: AnyNode): boolean {
  switch (statement.type) {
    case 'ImportDeclaration':
    case 'ExportAllDeclaration':
    case 'FunctionDeclaration':
    case 'EmptyStatement':
      return true;
    case 'ClassDeclaration':
      return isHarmlessClass(statement);
    case 'ExpressionStatement':
      return statement.directive !== undefined;
    case 'VariableDeclaration':
      return (
        statement.kind === 'const' &&
        statement.declarations.every(
          (d) => d.id.type === 'Identifier' && d.init != null && isConstant(d.init),
        )
      );
    case 'ExportNamedDeclaration':
      return statement.declaration == null || isHarmless(statement.declaration);
    case 'ExportDefaultDeclaration':
      return (
        statement.declaration.type === 'FunctionDeclaration' ||
        (statement.declaration.type === 'ClassDeclaration' &&
          isHarmlessClass(statement.declaration)) ||
        isConstant(statement.declaration)
      );
    default:
      return false;
  }
}

function isHarmlessClass(node: Class): boolean {
  if (node.superClass && node.superClass.type !== 'Identifier') return false;
  return node.body.body.every(
    (m) =>
      (m.type === 'MethodDefinition' && !m.computed) ||
      (m.type === 'PropertyDefinition' && (!m.static || (m.value != null && isConstant(m.value)))),
  );
}

/** Numbers, texts and functions, what is computed of them, and the declaration of a program. */
function isConstant(node: AnyNode): boolean {
  switch (node.type) {
    case 'Literal':
      return !('regex' in node);
    case 'Identifier':
    case 'FunctionExpression':
    case 'ArrowFunctionExpression':
      return true;
    case 'ParenthesizedExpression':
      return isConstant(node.expression);
    case 'UnaryExpression':
      return node.operator !== 'delete' && isConstant(node.argument);
    case 'BinaryExpression':
      return isConstant(node.left) && isConstant(node.right);
    case 'MemberExpression':
      return !node.computed && node.object.type === 'Identifier' && /^[A-Z]/.test(node.object.name);
    case 'TemplateLiteral':
      return node.expressions.every(isConstant);
    case 'CallExpression':
      return node.callee.type === 'Identifier' && node.callee.name === 'program';
    default:
      return false;
  }
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
