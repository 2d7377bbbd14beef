/** What kernel code may not depend on: memory and state that its `cpu` does not give it, chance, and clocks. */

import type { Identifier, MemberExpression, NewExpression, Node, Program } from 'acorn';
import type { ModuleSource } from './graph.js';
import { rejection } from './rejection.js';
import { childrenOf, isKernelFunction } from './transform.js';

/** Names that stand for memory shared between real threads. */
const SHARED = new Set(['Atomics', 'SharedArrayBuffer']);

const nameOf = (node: Node | null | undefined): string | undefined =>
  node?.type === 'Identifier' ? (node as Identifier).name : undefined;

/** Whether a value is an array of numbers over a buffer that others may have; an array with a buffer of its own is only a table. */
function isView(init: Node | null | undefined): boolean {
  if (init?.type !== 'NewExpression') return false;
  const { callee, arguments: given } = init as NewExpression;
  const [first] = given;
  if (first === undefined || first.type === 'Literal' || first.type === 'ArrayExpression')
    return false;
  return /^(?:\w+Array|DataView)$/.test(nameOf(callee) ?? '');
}

/** Top-level declarations of a module that matter here. */
interface TopLevel {
  /** Functions by name. */
  readonly functions: ReadonlyMap<string, Node>;
  /** Variables that can be assigned. */
  readonly variables: ReadonlySet<string>;
  /** Constants that are arrays of numbers over a buffer that others may have. */
  readonly arrays: ReadonlySet<string>;
}

function topLevelOf(program: Program): TopLevel {
  const functions = new Map<string, Node>();
  const variables = new Set<string>();
  const arrays = new Set<string>();
  for (const statement of program.body) {
    const exported =
      statement.type === 'ExportNamedDeclaration' ? statement.declaration : undefined;
    const node = exported ?? statement;
    if (node.type === 'FunctionDeclaration') functions.set(node.id.name, node);
    if (node.type !== 'VariableDeclaration') continue;
    for (const { id, init } of node.declarations) {
      const name = nameOf(id);
      if (name === undefined) continue;
      if (node.kind !== 'const') variables.add(name);
      if (init?.type.includes('Function') === true) functions.set(name, init);
      if (isView(init)) arrays.add(name);
    }
  }
  return { functions, variables, arrays };
}

/** Kernel functions of a module, and its other functions that they call by name. */
function reachedFrom(program: Program, { functions }: TopLevel): Node[] {
  const reached = new Set<Node>();
  const enter = (node: Node): void => {
    if (reached.has(node)) return;
    reached.add(node);
    follow(node);
  };
  const follow = (node: Node): void => {
    if (node.type === 'CallExpression') {
      const called = functions.get(nameOf((node as { callee?: Node }).callee) ?? '');
      if (called !== undefined) enter(called);
    }
    for (const child of childrenOf(node)) follow(child);
  };
  const find = (node: Node): void => {
    if (isKernelFunction(node)) enter(node);
    for (const child of childrenOf(node)) find(child);
  };
  find(program);
  return [...reached];
}

/** Call `each` for every node within some functions, once. */
function within(
  roots: readonly Node[],
  each: (node: Node, parent: Node | undefined) => void,
): void {
  const seen = new Set<Node>();
  const visit = (node: Node, parent: Node | undefined): void => {
    if (seen.has(node)) return;
    seen.add(node);
    each(node, parent);
    for (const child of childrenOf(node)) visit(child, node);
  };
  for (const root of roots) visit(root, undefined);
}

/** Whether an identifier is a reference, not the name of a member or property. */
function isReference(node: Node, parent: Node | undefined): boolean {
  if (parent?.type === 'MemberExpression') {
    const { object, computed } = parent as MemberExpression;
    return object === node || computed;
  }
  return parent?.type !== 'Property' || (parent as { key?: Node }).key !== node;
}

/**
 * Refuse kernel code that uses memory of real threads: the explorer would neither see nor reorder what it does there.
 *
 * @throws UsageError with file and line
 */
export function refuseForeignMemory(source: ModuleSource, program: Program): void {
  if (![...SHARED].some((name) => source.code.includes(name))) return;
  const top = topLevelOf(program);
  within(reachedFrom(program, top), (node, parent) => {
    const name = nameOf(node);
    if (name === undefined || !isReference(node, parent)) return;
    const isElement = parent?.type === 'MemberExpression' && (parent as MemberExpression).computed;
    const isArray = top.arrays.has(name) && isElement;
    if (!SHARED.has(name) && !isArray) return;
    const at = node.loc?.start ?? { line: 1, column: 0 };
    const what = `uses ${name}: kernel code accesses memory through its cpu, and nothing else is explored`;
    throw rejection(source, at, what);
  });
}

/** What in kernel code can differ from one execution to the next, as `line uses NAME`. */
export function suspectsIn(program: Program): { readonly line: number; readonly what: string }[] {
  const top = topLevelOf(program);
  const found: { line: number; what: string }[] = [];
  within(reachedFrom(program, top), (node) => {
    const what = suspicion(node, top);
    if (what !== undefined) found.push({ line: node.loc?.start.line ?? 1, what });
  });
  return found;
}

/** Members of globals that give another value each time. */
const CHANGING = /^(?:Math\.random|Date\.now|performance\.now|process\.hrtime|crypto\.\w+)$/;

function suspicion(node: Node, top: TopLevel): string | undefined {
  if (node.type === 'MemberExpression') {
    const { object, property } = node as MemberExpression;
    const name = `${nameOf(object) ?? ''}.${nameOf(property) ?? ''}`;
    return CHANGING.test(name) ? `uses ${name}` : undefined;
  }
  if (node.type === 'NewExpression') {
    return nameOf((node as NewExpression).callee) === 'Date' ? 'uses new Date' : undefined;
  }
  const target =
    node.type === 'AssignmentExpression'
      ? (node as { left?: Node }).left
      : node.type === 'UpdateExpression'
        ? (node as { argument?: Node }).argument
        : undefined;
  const name = nameOf(target);
  return name !== undefined && top.variables.has(name)
    ? `assigns ${name}, which outlives an execution`
    : undefined;
}
