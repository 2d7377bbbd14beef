/** What kernel code may not depend on: memory and state that its `cpu` does not give it, chance, and clocks. */

import { isBuiltin } from 'node:module';
import { sep } from 'node:path';
import type { Identifier, MemberExpression, NewExpression, Node, Program, Statement } from 'acorn';
import type { GraphModule } from './graph.js';
import { rejection } from './rejection.js';
import { OWN } from './sources.js';
import { exportsOf, importsOf, type Imports } from './symbols.js';
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
    const exported = statement.type.startsWith('Export')
      ? (statement as { declaration?: Statement | null }).declaration
      : undefined;
    const node = exported ?? statement;
    if (node.type === 'FunctionDeclaration' && nameOf(node.id) !== undefined) {
      functions.set(node.id.name, node);
    }
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

/** A module whose functions may use memory of real threads, or call one that does. */
interface Watched {
  readonly module: GraphModule;
  readonly top: TopLevel;
  readonly imports: Imports['names'];
  /** Functions that kernel code reaches, of this module or of another. */
  readonly reached: Set<Node>;
}

/** Finds what kernel code reaches by name through the modules of a program. */
class Reach {
  readonly modules = new Map<string, Watched>();

  constructor(graph: ReadonlyMap<string, GraphModule>) {
    for (const [path, module] of graph) {
      const isOwn = path.startsWith(OWN + sep);
      if (isOwn && ![...SHARED].some((name) => module.source.code.includes(name))) continue;
      const { program } = module;
      const imports = importsOf(program).names;
      this.modules.set(path, { module, top: topLevelOf(program), imports, reached: new Set() });
    }
    for (const watched of this.modules.values()) {
      for (const node of reachedFrom(watched.module.program, watched.top)) {
        this.#enter(watched, node);
      }
    }
  }

  #enter(watched: Watched, node: Node): void {
    if (watched.reached.has(node)) return;
    watched.reached.add(node);
    this.#follow(watched, node);
  }

  #follow(watched: Watched, node: Node): void {
    if (node.type === 'CallExpression') {
      const { callee } = node as { callee?: Node };
      const own = watched.top.functions.get(nameOf(callee) ?? '');
      if (own === undefined) this.#leave(watched, callee);
      else this.#enter(watched, own);
    }
    for (const child of childrenOf(node)) this.#follow(watched, child);
  }

  /** Go on in the module that a called name comes from. */
  #leave(watched: Watched, callee: Node | undefined): void {
    const { object, property } = { object: undefined, property: undefined, ...callee } as {
      readonly object: Node | undefined;
      readonly property: Node | undefined;
    };
    const binding = watched.imports.get(nameOf(object ?? callee) ?? '');
    if (binding === undefined || (object !== undefined) !== (binding.name === '*')) return;
    const name = object === undefined ? binding.name : nameOf(property);
    if (name !== undefined) this.#arrive(watched, binding.specifier, name);
  }

  #arrive({ module }: Watched, specifier: string, name: string, depth = 0): void {
    const target = this.modules.get(module.inside.get(specifier) ?? '');
    const exported = target && exportsOf(target.module.program).get(name);
    if (target === undefined || exported === undefined || depth > 16) return;
    if (exported.from !== undefined) {
      this.#arrive(target, exported.from, exported.name, depth + 1);
      return;
    }
    const node = target.top.functions.get(exported.name);
    if (node !== undefined) this.#enter(target, node);
  }
}

/**
 * Refuse kernel code that uses memory of real threads, itself or through functions that it calls by name: the explorer would
 * neither see nor reorder what it does there.
 *
 * @throws UsageError with file and line
 */
export function refuseForeignMemory(graph: ReadonlyMap<string, GraphModule>): void {
  for (const { module, top, reached } of new Reach(graph).modules.values()) {
    within([...reached], (node, parent) => {
      const name = nameOf(node);
      if (name === undefined || !isReference(node, parent)) return;
      const isElement =
        parent?.type === 'MemberExpression' && (parent as MemberExpression).computed;
      const isArray = top.arrays.has(name) && isElement;
      if (!SHARED.has(name) && !isArray) return;
      const at = node.loc?.start ?? { line: 1, column: 0 };
      const what = `uses ${name}: kernel code accesses memory through its cpu, and nothing else is explored`;
      throw rejection(module.source, at, what);
    });
  }
}

/**
 * What can differ from one time to the next, as `line uses NAME`.
 *
 * @param everywhere in all of the module; otherwise in kernel code and what it calls
 */
export function suspectsIn(
  program: Program,
  everywhere = false,
): { readonly line: number; readonly what: string }[] {
  const top = topLevelOf(program);
  const found: { line: number; what: string }[] = [];
  within(everywhere ? [program] : reachedFrom(program, top), (node) => {
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

/** Words of code whose value may be another one elsewhere. */
const ELSEWHERE =
  /\b(?:random\w*|Date|Temporal|performance|process|crypto|navigator|globalThis|global|WeakRef|eval|Function)\b/;

/** Whether loading the user's modules of a program may give something else each time. */
export function mayVary(graph: ReadonlyMap<string, GraphModule>): boolean {
  return [...graph].some(
    ([path, { outside, source }]) =>
      !path.startsWith(OWN + sep) &&
      ([...outside.keys()].some((specifier) => isBuiltin(specifier)) ||
        ELSEWHERE.test(source.code)),
  );
}
