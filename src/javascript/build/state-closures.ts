/**
 * Checks calls that a module makes while it is evaluated, for instance in the declaration of a program. Their results
 * must not keep state.
 */

import type { AnyNode, Program } from 'acorn';
import { childrenOf, isFunction, namesOf, type FunctionNode, type ModuleScope } from './scope.js';

/** The functions at the top of a module, and the state that calls of them leave behind. */
export class Closures {
  readonly #functions = new Map<string, FunctionNode>();
  readonly #isConstant: (node: AnyNode) => boolean;
  /** Under way, or done. */
  readonly #known = new Map<string, boolean>();

  constructor(program: Program, scope: ModuleScope, isConstant: (node: AnyNode) => boolean) {
    this.#isConstant = isConstant;
    for (const statement of program.body) {
      const node = statement.type === 'ExportNamedDeclaration' ? statement.declaration : statement;
      if (node?.type === 'FunctionDeclaration') this.#add(node.id.name, node, scope);
      if (node?.type !== 'VariableDeclaration' || node.kind !== 'const') continue;
      for (const { id, init } of node.declarations) {
        if (id.type === 'Identifier' && init != null && isFunction(init)) {
          this.#add(id.name, init, scope);
        }
      }
    }
  }

  #add(name: string, node: FunctionNode, { declared, assigned }: ModuleScope): void {
    if (declared.get(name) === 1 && !assigned.has(name)) this.#functions.set(name, node);
  }

  /** Whether nothing that is evaluated in a node, functions left out, makes something that keeps state. */
  keepNoState(node: AnyNode): boolean {
    if (isFunction(node)) return true;
    switch (node.type) {
      case 'CallExpression':
        return this.#isHarmlessCall(node);
      case 'NewExpression':
      case 'TaggedTemplateExpression':
      case 'ImportExpression':
      case 'AwaitExpression':
      case 'AssignmentExpression':
      case 'UpdateExpression':
      case 'ClassExpression':
        return false;
      default:
        return childrenOf(node).every((child) => this.keepNoState(child));
    }
  }

  #isHarmlessCall({ callee, arguments: list }: AnyNode & { type: 'CallExpression' }): boolean {
    if (callee.type !== 'Identifier') return false;
    if (!list.every((argument) => this.#isConstant(argument))) return false;
    const { name } = callee;
    const node = this.#functions.get(name);
    if (node === undefined || node.async || node.generator) return false;
    let known = this.#known.get(name);
    if (known === undefined) {
      this.#known.set(name, true);
      known = this.#leavesNothing(node);
      this.#known.set(name, known);
    }
    return known;
  }

  /** Whether what inner functions see of a function's variables never changes. */
  #leavesNothing(node: FunctionNode): boolean {
    const own: string[] = node.params.flatMap((parameter) => namesOf(parameter));
    const isPlain = node.params.every(({ type }) => type === 'Identifier');
    if (!isPlain || !this.#collect(node.body, own)) return false;
    if (!this.#statementsKeepNoState(node.body)) return false;
    const names = new Set(own);
    return !assigns(node.body, names);
  }

  /** Names of the variables of a function's own body. Returns whether each is a constant that is no object with state. */
  #collect(node: AnyNode, into: string[]): boolean {
    if (isFunction(node)) return true;
    if (node.type === 'ClassDeclaration') return false;
    if (node.type === 'VariableDeclaration') {
      const isFine = node.declarations.every(
        ({ id, init }) => id.type === 'Identifier' && init != null && this.#isConstant(init),
      );
      if (node.kind !== 'const' || !isFine) return false;
      for (const { id } of node.declarations) into.push(...namesOf(id));
    }
    return childrenOf(node).every((child) => this.#collect(child, into));
  }

  #statementsKeepNoState(body: AnyNode): boolean {
    return childrenOf(body).every((child) => this.keepNoState(child)) && this.keepNoState(body);
  }
}

/** Whether code assigns one of these names, in whatever function. A name that is declared again counts too. */
function assigns(node: AnyNode, names: ReadonlySet<string>): boolean {
  if (node.type === 'AssignmentExpression' || node.type === 'UpdateExpression') {
    const target = node.type === 'AssignmentExpression' ? node.left : node.argument;
    let at: AnyNode = target;
    while (at.type === 'MemberExpression') at = at.object;
    if (at.type === 'Identifier' && names.has(at.name)) return true;
    if (at.type.endsWith('Pattern')) return true;
  }
  return childrenOf(node).some((child) => assigns(child, names));
}
