/** What modules export, and whether it can change after they were evaluated. */

import type { ReadModule } from './graph.js';
import { isOutside } from './graph.js';
import { namesOf } from './scope.js';
import type { AnyNode } from 'acorn';

/** Where an exported name comes from. */
interface Export {
  readonly local: string;
  /** Specifier, if it is handed on from another module. */
  readonly from: string | undefined;
}

function nameOf(node: AnyNode): string {
  return node.type === 'Identifier' ? node.name : String((node as { value?: unknown }).value);
}

/** Exports of a module, by name; those of `export *` apart. */
function exportsOfModule(module: ReadModule): Map<string, Export> {
  const found = new Map<string, Export>();
  for (const node of module.program?.body ?? []) {
    if (node.type === 'ExportDefaultDeclaration') {
      const { id } = node.declaration as { id?: { name: string } | null };
      found.set('default', { local: id?.name ?? 'default', from: undefined });
    } else if (node.type === 'ExportNamedDeclaration') {
      const { declaration } = node;
      const from = node.source ? String(node.source.value) : undefined;
      for (const { local, exported } of node.specifiers) {
        found.set(nameOf(exported), { local: nameOf(local), from });
      }
      if (!declaration) continue;
      const names =
        declaration.type === 'VariableDeclaration'
          ? declaration.declarations.flatMap((d) => namesOf(d.id))
          : [declaration.id.name];
      for (const name of names) found.set(name, { local: name, from: undefined });
    }
  }
  return found;
}

/** Whether the value of an export can change. */
export function isLiveExport(
  sources: ReadonlyMap<string, ReadModule>,
  path: string,
  name: string,
  depth = 0,
): boolean {
  const module = sources.get(path);
  if (module?.kind !== 'esm' || depth > 32) return false;
  const found = exportsOfModule(module).get(name);
  if (found === undefined) {
    return [...module.targets.values()].some(
      (target) => !isOutside(target) && isLiveExport(sources, target, name, depth + 1),
    );
  }
  if (found.from === undefined) return module.scope?.assigned.has(found.local) ?? false;
  const target = module.targets.get(found.from);
  return target !== undefined && isLiveExport(sources, target, found.local, depth + 1);
}

/** Whether a module imports another, directly or through others. */
export function reaches(
  sources: ReadonlyMap<string, ReadModule>,
  from: string,
  to: string,
): boolean {
  const seen = new Set<string>();
  const queue = [from];
  for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
    if (path === to) return true;
    if (seen.has(path)) continue;
    seen.add(path);
    for (const target of sources.get(path)?.targets.values() ?? []) queue.push(target);
  }
  return false;
}
