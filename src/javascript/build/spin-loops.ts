/** Loops that only look at shared memory, or try to take a lock there: whether they end depends on nothing else. */

import type { AnyNode } from 'acorn';
import { childrenOf } from './scope.js';

const LOOPS: ReadonlySet<string> = new Set(['WhileStatement', 'DoWhileStatement', 'ForStatement']);

/** Operations that leave memory as it is, or may do so: whether they did is seen when they are executed. */
const LOOKS: ReadonlySet<string> = new Set(['load', 'pause', 'compareExchange', 'exchange']);

/** What may stand in such a loop, calls apart. */
const HARMLESS: ReadonlySet<string> = new Set([
  'Identifier',
  'Literal',
  'ThisExpression',
  'ParenthesizedExpression',
  'BinaryExpression',
  'LogicalExpression',
  'UnaryExpression',
  'ConditionalExpression',
  'ExpressionStatement',
  'EmptyStatement',
  'BlockStatement',
]);

/** An operand that reading cannot change: names and fields of `this`, and what is computed from them. */
const isPlain = (node: AnyNode): boolean =>
  node.type === 'Identifier' ||
  node.type === 'Literal' ||
  (node.type === 'BinaryExpression' && childrenOf(node).every(isPlain)) ||
  (node.type === 'MemberExpression' && !node.computed && node.object.type === 'ThisExpression');

function isLook(node: AnyNode): boolean {
  if (node.type !== 'CallExpression' || node.callee.type !== 'MemberExpression') return false;
  const { object, property, computed } = node.callee;
  return (
    object.type === 'Identifier' &&
    object.name === 'Atomics' &&
    !computed &&
    property.type === 'Identifier' &&
    LOOKS.has(property.name) &&
    node.arguments.every(isPlain)
  );
}

function onlyLooks(node: AnyNode): boolean {
  if (isLook(node)) return true;
  return HARMLESS.has(node.type) && childrenOf(node).every(onlyLooks);
}

/** Whether nothing but the shared memory decides how long a loop goes on. */
function onlySpins(node: AnyNode): boolean {
  if (!LOOPS.has(node.type)) return false;
  const { test, body, update, init } = node as {
    test?: AnyNode | null;
    body: AnyNode;
    update?: AnyNode | null;
    init?: AnyNode | null;
  };
  return [test, body, update, init].every((part) => !part || onlyLooks(part));
}

/** Ranges of such loops in a module, outermost first. */
export function spinLoopsOf(program: AnyNode): readonly (readonly [number, number])[] {
  const ranges: (readonly [number, number])[] = [];
  const visit = (node: AnyNode): void => {
    if (onlySpins(node)) ranges.push([node.start, node.end]);
    else for (const child of childrenOf(node)) visit(child);
  };
  visit(program);
  return ranges;
}
