/**
 * Decides which code has to be resumable: all code that may reach an access to shared memory, as far as its text tells.
 */

import type { AnyNode, CallExpression, Program } from 'acorn';
import {
  childrenOf,
  isFunction,
  staticName,
  type ModuleScope,
  type FunctionNode,
} from './scope.js';

/** What is known about names, from the whole program and from the current module. */
export interface Names {
  readonly scope: ModuleScope;
  /** Accessors of the whole program, by name. */
  readonly getters: ReadonlySet<string>;
  readonly setters: ReadonlySet<string>;
}

/** Globals whose functions neither call back nor look at their arguments' elements. */
const PURE_GLOBALS: ReadonlySet<string> = new Set([
  'Math',
  'Number',
  'BigInt',
  'String',
  'Boolean',
]);

/** `name`, when it means the global of that name in this module. */
export function isGlobal(scope: ModuleScope, node: AnyNode, name: string): boolean {
  return node.type === 'Identifier' && node.name === name && !scope.declared.has(name);
}

/** Whether a call is `Math.max(…)` or one of its kind, with arguments that are listed one by one. */
export function isPureCall(scope: ModuleScope, node: CallExpression): boolean {
  const { callee } = node;
  if (node.arguments.some((a) => a.type === 'SpreadElement')) return false;
  if (callee.type === 'Identifier') {
    return (
      PURE_GLOBALS.has(callee.name) && callee.name !== 'String' && !scope.declared.has(callee.name)
    );
  }
  if (callee.type !== 'MemberExpression' || callee.computed) return false;
  const { object } = callee;
  // Math.random() is replaced, so it is looked up like any other function.
  return object.type === 'Identifier' && object.name === 'Math' && !scope.declared.has('Math');
}

/** Name under which a function that never changes is called: declared once, at the top of the module, never assigned. */
export function fixedName(scope: ModuleScope, callee: AnyNode): string | undefined {
  if (callee.type !== 'Identifier') return undefined;
  if (scope.declared.get(callee.name) !== 1 || scope.assigned.has(callee.name)) return undefined;
  return callee.name;
}

/** Functions that {@link fixedName} may name. */
export function fixedFunctions(program: Program, scope: ModuleScope): Map<string, FunctionNode> {
  const found = new Map<string, FunctionNode>();
  for (const statement of program.body) {
    const declared =
      statement.type === 'ExportNamedDeclaration' || statement.type === 'ExportDefaultDeclaration'
        ? statement.declaration
        : statement;
    if (declared?.type !== 'FunctionDeclaration' || declared.id === null) continue;
    if (fixedName(scope, declared.id) !== undefined) found.set(declared.id.name, declared);
  }
  return found;
}

/** Tells what needs to be resumable in one module. */
export class Needs {
  readonly #names: Names;
  /** Functions of the module, called by name, that stay plain. */
  readonly plain = new Set<string>();
  readonly #cache = new Map<AnyNode, boolean>();

  constructor(names: Names, program: Program) {
    this.#names = names;
    this.#findPlain(fixedFunctions(program, names.scope));
  }

  /** Whether a call of one of them reaches memory affects the others, so this finds the greatest consistent set. */
  #findPlain(functions: ReadonlyMap<string, FunctionNode>): void {
    for (const [name, node] of functions) {
      if (!node.async && !node.generator) this.plain.add(name);
    }
    for (let shrinks = true; shrinks;) {
      shrinks = false;
      for (const name of [...this.plain]) {
        if (!this.#inFunction(functions.get(name) as FunctionNode)) continue;
        this.plain.delete(name);
        shrinks = true;
      }
    }
  }

  /** Whether a function has to be resumable. */
  function(node: FunctionNode): boolean {
    if (node.async || node.generator) return true;
    let known = this.#cache.get(node);
    if (known === undefined) {
      known = this.#inFunction(node);
      this.#cache.set(node, known);
    }
    return known;
  }

  #inFunction(node: FunctionNode): boolean {
    return node.params.some((p) => this.within(p)) || this.within(node.body);
  }

  /** Whether anything in the subtree, functions in it left out, is an operation. */
  within(node: AnyNode): boolean {
    if (isFunction(node)) return false;
    if (this.isOperation(node)) return true;
    return childrenOf(node).some((child) => this.within(child));
  }

  /** Whether a node by itself may reach shared memory or suspend. */
  isOperation(node: AnyNode): boolean {
    switch (node.type) {
      case 'CallExpression':
        return !this.#isPlainCall(node);
      case 'NewExpression':
      case 'ForOfStatement':
      case 'SpreadElement':
      case 'ArrayPattern':
      case 'AwaitExpression':
      case 'YieldExpression':
      case 'TaggedTemplateExpression':
      case 'ImportExpression':
        return true;
      case 'MemberExpression':
        return this.#isMemberOperation(node);
      default:
        return false;
    }
  }

  #isPlainCall(node: CallExpression): boolean {
    const { scope } = this.#names;
    if (isPureCall(scope, node)) return true;
    const name = fixedName(scope, node.callee);
    const spreads = node.arguments.some((a) => a.type === 'SpreadElement');
    return name !== undefined && !spreads && this.plain.has(name);
  }

  #isMemberOperation(node: AnyNode & { type: 'MemberExpression' }): boolean {
    if (node.computed && staticName(node.property, true) === undefined) return true;
    const name = staticName(node.property, node.computed);
    if (name === undefined) return false;
    return this.#names.getters.has(name) || this.#names.setters.has(name);
  }
}
