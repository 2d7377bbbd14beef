/** Finds kernel code that is only ever called directly and never reaches a scheduling point, or one that comes last: it can stay plain. */

import type { CallExpression, Identifier, MemberExpression, Node } from 'acorn';
import type { GraphModule } from './graph.js';
import { pointsLast, type Reach } from './last-point.js';
import { exportsOf, importsOf, kernelFunctions } from './symbols.js';
import { childrenOf, isKernelFunction } from './transform.js';
import { SCHEDULING } from '../../memory/vocabulary.js';

/** A kernel function: where it is declared and what it does that matters here. */
interface Candidate {
  readonly path: string;
  readonly body: Node;
  /** Keys of the kernel functions it calls directly. */
  readonly callees: Set<string>;
  /** False as soon as it is used as a value. */
  isDirect: boolean;
  /** False as soon as it may reach a scheduling point or is used as a value. */
  plain: boolean;
  /** Its only scheduling point is known to come last. */
  last: boolean;
}

/** Local names, per module, of kernel functions that can stay plain. */
export interface PlainNames {
  /** Those that reach no scheduling point. */
  readonly plain: ReadonlyMap<string, ReadonlySet<string>>;
  /** Those whose only point comes last: their callers yield. */
  readonly last: ReadonlyMap<string, ReadonlySet<string>>;
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
): PlainNames {
  const candidates = new Map<string, Candidate>();
  for (const [path, { program }] of graph) {
    for (const [name, { body }] of kernelFunctions(program)) {
      const known = { isDirect: true, plain: true, last: false };
      candidates.set(keyOf(path, name), { path, body, callees: new Set(), ...known });
    }
  }
  for (const [path, module] of graph) new Usage(path, module, candidates).collect();
  settle(candidates);
  settleLast(graph, candidates);
  return {
    plain: localNames(graph, kernel, (key) => candidates.get(key)?.plain ?? false),
    last: localNames(graph, kernel, (key) => candidates.get(key)?.last ?? false),
  };
}

/** Propagate: a function that calls a function that is not plain is not plain. */
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

/** A function that calls nothing but one function whose point comes last may itself be such a function. */
function settleLast(
  graph: ReadonlyMap<string, GraphModule>,
  candidates: ReadonlyMap<string, Candidate>,
): void {
  const reach = ({ path }: Candidate, name: string): Reach => {
    const found = candidates.get(definitionOf(path, graph.get(path) as GraphModule, name));
    if (found?.plain === true) return 'none';
    return found?.last === true ? 'last' : 'unknown';
  };
  for (let changed = true; changed;) {
    changed = false;
    for (const candidate of candidates.values()) {
      if (!candidate.isDirect || candidate.plain || candidate.last) continue;
      candidate.last = pointsLast(candidate.body, (name) => reach(candidate, name));
      changed ||= candidate.last;
    }
  }
}

function localNames(
  graph: ReadonlyMap<string, GraphModule>,
  kernel: ReadonlyMap<string, ReadonlySet<string>>,
  isWanted: (key: string) => boolean,
): Map<string, Set<string>> {
  const plain = new Map<string, Set<string>>();
  for (const [path, module] of graph) {
    const names = [...(kernel.get(path) ?? [])].filter((name) => {
      return isWanted(definitionOf(path, module, name));
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
    if (candidate) candidate.isDirect = candidate.plain = false;
  }

  #reaches(owner: string): void {
    const candidate = this.#candidates.get(owner);
    if (candidate) candidate.plain = false;
  }

  #spoilModule(path: string | undefined): void {
    for (const [key, candidate] of this.#candidates) {
      if (key.startsWith(`${path ?? ''}\0`)) candidate.isDirect = candidate.plain = false;
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
      if (operation && SCHEDULING.has(property.name)) this.#reaches(owner);
    }
    if (first?.type !== 'Identifier' || first.name !== 'cpu') return;
    if (callee.type === 'Identifier') {
      const key = definitionOf(this.#path, this.#module, callee.name);
      this.#candidates.get(owner)?.callees.add(key);
    } else {
      this.#reaches(owner);
    }
  }

  #identifier(node: Identifier, parent: Node | undefined, owner: string | undefined): void {
    const key = definitionOf(this.#path, this.#module, node.name);
    if (!this.#candidates.has(key) || !parent) return;
    const call = parent.type === 'CallExpression' && (parent as CallExpression).callee === node;
    if (call && owner !== undefined) return;
    const { id, body, init } = parent as Partial<Record<'id' | 'body' | 'init', Node | null>>;
    const own = body ?? (init as { body?: Node } | null | undefined)?.body;
    // If a function binds the same name again, it hides this one there.
    const isDeclared = id === node && own === this.#candidates.get(key)?.body;
    if (isDeclared || parent.type === 'ExportSpecifier') return;
    const member =
      parent.type === 'MemberExpression' && (parent as MemberExpression).object !== node;
    if (member && !(parent as MemberExpression).computed) return;
    this.#spoil(key);
  }
}
