/** How errors of V8 name something that was to be iterated. */

import type { AnyNode } from 'acorn';
import { staticName } from './scope.js';

/** Text of an expression; a call ends with `()`. Undefined: the error names the value instead. */
export function iterableText(node: AnyNode): string | undefined {
  switch (node.type) {
    case 'Identifier':
      return node.name;
    case 'ThisExpression':
      return 'this';
    case 'Literal':
      return 'regex' in node ? undefined : JSON.stringify(node.value ?? null);
    case 'ParenthesizedExpression':
      return iterableText(node.expression);
    case 'ObjectExpression':
      return node.properties.length === 0 ? '{}' : undefined;
    case 'CallExpression': {
      const callee = iterableText(node.callee);
      return callee === undefined || callee.endsWith(')') ? undefined : `${callee}()`;
    }
    case 'MemberExpression':
      return memberText(node);
    default:
      return undefined;
  }
}

function memberText(node: AnyNode & { type: 'MemberExpression' }): string | undefined {
  const object = iterableText(node.object);
  if (object === undefined || object.endsWith(')')) return undefined;
  const name = staticName(node.property, node.computed);
  if (name !== undefined) return `${object}.${name}`;
  const key = iterableText(node.property);
  return key === undefined ? undefined : `${object}[${key}]`;
}
