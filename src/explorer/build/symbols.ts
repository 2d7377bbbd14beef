/** Names of a module: what it declares as kernel code, imports and exports. */

import type {
  ExportNamedDeclaration,
  Identifier,
  ImportDeclaration,
  Literal,
  Node,
  Program,
  VariableDeclaration,
} from 'acorn';
import { isKernelFunction, type FunctionNode } from './transform.js';

/** A name imported from a module; `*` is the whole of it. */
export interface ImportedName {
  readonly specifier: string;
  readonly name: string;
}

/** What an exported name stands for: a local name, or a name of the module it is re-exported from. */
export interface ExportedName {
  readonly name: string;
  readonly from: string | undefined;
}

/** Import and re-export declarations of a module. */
export interface Imports {
  /** Local name → where it comes from. */
  readonly names: ReadonlyMap<string, ImportedName>;
  readonly specifiers: ReadonlySet<string>;
}

const text = (node: Identifier | Literal): string =>
  node.type === 'Identifier' ? node.name : String(node.value);

/** All modules that a module refers to, and the names it takes from them. */
export function importsOf(program: Program): Imports {
  const names = new Map<string, ImportedName>();
  const specifiers = new Set<string>();
  for (const node of program.body) {
    const { source } = node as { source?: Literal | null };
    if (source) specifiers.add(String(source.value));
    if (node.type !== 'ImportDeclaration') continue;
    for (const [local, name] of bindings(node)) {
      names.set(local, { specifier: String(node.source.value), name });
    }
  }
  return { names, specifiers };
}

function bindings(node: ImportDeclaration): [string, string][] {
  return node.specifiers.map((specifier) => {
    if (specifier.type === 'ImportSpecifier') {
      return [specifier.local.name, text(specifier.imported)];
    }
    return [specifier.local.name, specifier.type === 'ImportDefaultSpecifier' ? 'default' : '*'];
  });
}

/** Exported names of a module. `export *` is not followed: what comes through it counts as unknown. */
export function exportsOf(program: Program): Map<string, ExportedName> {
  const names = new Map<string, ExportedName>();
  for (const node of program.body) {
    if (node.type === 'ExportDefaultDeclaration' && 'id' in node.declaration) {
      const { id } = node.declaration as { id: Identifier | null };
      if (id) names.set('default', { name: id.name, from: undefined });
    }
    if (node.type !== 'ExportNamedDeclaration') continue;
    for (const name of declaredNames(node.declaration)) names.set(name, { name, from: undefined });
    for (const [exported, name] of specifiersOf(node)) {
      names.set(exported, { name, from: node.source ? String(node.source.value) : undefined });
    }
  }
  return names;
}

function specifiersOf(node: ExportNamedDeclaration): [string, string][] {
  return node.specifiers.map((s) => [text(s.exported), text(s.local)]);
}

function declaredNames(node: Node | null | undefined): string[] {
  if (!node) return [];
  if (node.type === 'VariableDeclaration') {
    const { declarations } = node as VariableDeclaration;
    return declarations.flatMap(({ id }) => (id.type === 'Identifier' ? [id.name] : []));
  }
  const { id } = node as { id?: Identifier | null };
  return id ? [id.name] : [];
}

/** Top-level names of a module that are bound to kernel code. */
export function kernelDeclarations(program: Program): Set<string> {
  return new Set(kernelFunctions(program).keys());
}

/** Kernel code that is bound to top-level names of a module. */
export function kernelFunctions(program: Program): Map<string, FunctionNode> {
  const functions = new Map<string, FunctionNode>();
  for (const statement of program.body) {
    const { declaration } = statement as { declaration?: Node | null };
    const node = declaration ?? statement;
    if (node.type === 'FunctionDeclaration' && isKernelFunction(node)) {
      const { id } = node as unknown as { id: Identifier | null };
      if (id) functions.set(id.name, node);
    }
    if (node.type !== 'VariableDeclaration') continue;
    for (const { id, init } of (node as VariableDeclaration).declarations) {
      if (id.type === 'Identifier' && init && isKernelFunction(init)) functions.set(id.name, init);
    }
  }
  return functions;
}
