/** Names that functions and classes get from their place, as `const f = () => 1` names its function. */

import type { AnyNode, Pattern, Program } from 'acorn';
import { childrenOf, isFunction, staticName } from './scope.js';

/** Operators that assign a function as it is. */
const ASSIGNS: ReadonlySet<string> = new Set(['=', '||=', '&&=', '??=']);

/** The names of a program's nameless functions and classes. Functions in members with computed names are not among them. */
export function inferredNames(program: Program): ReadonlyMap<AnyNode, string> {
  const found = new Map<AnyNode, string>();
  const give = (value: AnyNode | null | undefined, name: string | undefined): void => {
    let node = value;
    while (node?.type === 'ParenthesizedExpression') node = node.expression;
    if (node == null || name === undefined) return;

    const { type } = node;
    if (type === 'ClassExpression' || type === 'ClassDeclaration' || isFunction(node)) {
      if (!node.id) found.set(node, name);
    }
  };
  const visit = (node: AnyNode): void => {
    infer(node, give);
    for (const child of childrenOf(node)) visit(child);
  };
  visit(program);
  return found;
}

function infer(
  node: AnyNode,
  give: (value: AnyNode | null | undefined, name: string | undefined) => void,
): void {
  switch (node.type) {
    case 'VariableDeclarator':
      give(node.init, identifierOf(node.id));
      break;
    case 'AssignmentExpression':
      if (ASSIGNS.has(node.operator)) give(node.right, identifierOf(node.left));
      break;
    case 'AssignmentPattern':
      give(node.right, identifierOf(node.left));
      break;
    case 'Property':
    case 'PropertyDefinition':
      give(node.value, keyOf(node.key, node.computed));
      break;
    case 'ExportDefaultDeclaration':
      give(node.declaration, 'default');
      break;
    default:
  }
}

function identifierOf(target: Pattern): string | undefined {
  return target.type === 'Identifier' ? target.name : undefined;
}

function keyOf(key: AnyNode, computed: boolean): string | undefined {
  if (key.type === 'Literal') return String(key.value);
  return staticName(key, computed);
}
