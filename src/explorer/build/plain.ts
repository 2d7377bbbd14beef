/** Finds kernel code that never reaches a scheduling point and is only ever called directly: it can stay plain. */

import type { CallExpression, Identifier, MemberExpression, Node } from 'acorn';
import type { GraphModule } from './graph.js';
import { exportsOf, importsOf, kernelDeclarations } from './symbols.js';
import { childrenOf, isKernelFunction } from './transform.js';
import { SCHEDULING } from '../../memory/vocabulary.js';

/** A kernel function: where it is declared and what it does that matters here. */
interface Candidate {
  /** Keys of the kernel functions it calls directly. */
  readonly callees: Set<string>;
  /** False as soon as it may reach a scheduling point or is used as a value. */
  plain: boolean;
}

const keyOf = (path: string, name: string): string => `${path}\0${name}`;

/**
 * Local names, per module, of kernel functions that can stay plain.
 *
 * Whole-program: a function counts only if every use of its name, in every module, is a direct call; one that is put
 * into a table, re-exported or passed on is called through a value, and such calls expect a coroutine.
 */
export function plainNames(
  graph: ReadonlyMap<string, GraphModule>,
  kernel: ReadonlyMap<string, ReadonlySet<string>>,
): Map<string, Set<string>> {
  const candidates = new Map<string, Candidate>();
  for (const [path, { program }] of graph) {
    for (const name of kernelDeclarations(program)) {
      candidates.set(keyOf(path, name), { callees: new Set(), plain: true });
    }
  }
  for (const [path, module] of graph) new Usage(path, module, candidates).collect();
  settle(candidates);
  return localNames(graph, kernel, candidates);
}

/** Propagate: whoever calls a function that is not plain is not plain. */
function settle(candidates: ReadonlyMap<string, Candidate>): void {
  for (let changed = true; changed;) {
    changed = false;
    for (const candidate of candidates.values()) {
      if (!candidate.plain) continue;
      const all = [...candidate.callees].every((key) => candidates.get(key)?.plain ?? false);
      if (all) continue;
      candidate.plain = false;
      changed = true;
    }
  }
}

function localNames(
  graph: ReadonlyMap<string, GraphModule>,
  kernel: ReadonlyMap<string, ReadonlySet<string>>,
  candidates: ReadonlyMap<string, Candidate>,
): Map<string, Set<string>> {
  const plain = new Map<string, Set<string>>();
  for (const [path, module] of graph) {
    const names = [...(kernel.get(path) ?? [])].filter((name) => {
      return candidates.get(definitionOf(path, module, name))?.plain ?? false;
    });
    plain.set(path, new Set(names));
  }
  return plain;
}

/** Key of the function that a local name stands for; names that come through a re-export are unknown. */
function definitionOf(path: string, module: GraphModule, local: string): string {
  const imported = importsOf(module.program).names.get(local);
  if (!imported) return keyOf(path, local);
  const target = module.inside.get(imported.specifier) ?? '';
  return keyOf(target, imported.name);
}

class Usage {
  readonly #path: string;
  readonly #module: GraphModule;
  readonly #candidates: Map<string, Candidate>;

  constructor(path: string, module: GraphModule, candidates: Map<string, Candidate>) {
    this.#path = path;
    this.#module = module;
    this.#candidates = candidates;
  }

  collect(): void {
    const { program, inside } = this.#module;
    for (const [exported, { name, from }] of exportsOf(program)) {
      const target = from === undefined ? this.#path : (inside.get(from) ?? '');
      // A name that leaves its module under another name, or through a second module, is followed no further.
      if (from !== undefined || exported !== name) this.#spoil(keyOf(target, name));
    }
    for (const { specifier, name } of importsOf(program).names.values()) {
      if (name === '*') this.#spoilModule(inside.get(specifier));
    }
    for (const node of program.body) {
      const { source } = node as { source?: { value: unknown } | null };
      if (node.type === 'ExportAllDeclaration') {
        this.#spoilModule(inside.get(String(source?.value)));
      } else if (node.type !== 'ImportDeclaration') {
        this.#visit(node, undefined, undefined);
      }
    }
  }

  #spoil(key: string): void {
    const candidate = this.#candidates.get(key);
    if (candidate) candidate.plain = false;
  }

  #spoilModule(path: string | undefined): void {
    for (const [key, candidate] of this.#candidates) {
      if (key.startsWith(`${path ?? ''}\0`)) candidate.plain = false;
    }
  }

  #visit(node: Node, parent: Node | undefined, owner: string | undefined): void {
    const inside = isKernelFunction(node) ? (this.#ownerOf(node, parent) ?? owner) : owner;
    if (node.type === 'Identifier') this.#identifier(node as Identifier, parent, inside);
    if (node.type === 'CallExpression' && inside !== undefined) {
      this.#call(node as CallExpression, inside);
    }
    for (const child of childrenOf(node)) this.#visit(child, node, inside);
  }

  #ownerOf(node: Node, parent: Node | undefined): string | undefined {
    const { id } = (parent?.type === 'VariableDeclarator' ? parent : node) as {
      id?: Identifier | null;
    };
    const key = keyOf(this.#path, id?.name ?? '');
    return this.#candidates.has(key) ? key : undefined;
  }

  #call(node: CallExpression, owner: string): void {
    const { callee } = node;
    const [first] = node.arguments;
    if (callee.type === 'MemberExpression' && callee.property.type === 'Identifier') {
      const { object, property } = callee as MemberExpression & { property: Identifier };
      const operation = object.type === 'Identifier' && object.name === 'cpu';
      if (operation && SCHEDULING.has(property.name)) this.#spoil(owner);
    }
    if (first?.type !== 'Identifier' || first.name !== 'cpu') return;
    if (callee.type === 'Identifier') {
      const key = definitionOf(this.#path, this.#module, callee.name);
      this.#candidates.get(owner)?.callees.add(key);
    } else {
      this.#spoil(owner);
    }
  }

  #identifier(node: Identifier, parent: Node | undefined, owner: string | undefined): void {
    const key = definitionOf(this.#path, this.#module, node.name);
    if (!this.#candidates.has(key) || !parent) return;
    const call = parent.type === 'CallExpression' && (parent as CallExpression).callee === node;
    if (call && owner !== undefined) return;
    const { id } = parent as { id?: Node | null };
    if (id === node || parent.type === 'ExportSpecifier') return;
    const member =
      parent.type === 'MemberExpression' && (parent as MemberExpression).object !== node;
    if (member && !(parent as MemberExpression).computed) return;
    this.#spoil(key);
  }
}
