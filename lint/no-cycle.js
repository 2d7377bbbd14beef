/** No file of `src` imports itself through others, type imports included (import-x/no-cycle leaves those out). */

import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/**
 * Every source file of a folder with the files that it imports or re-exports from.
 *
 * @param {string} folder path below the root of the project
 * @returns {Map<string, string[]>} absolute paths
 */
export function importGraph(folder) {
  const graph = new Map();
  for (const entry of readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })) {
    if (!entry.endsWith('.ts') || entry.endsWith('.d.ts')) continue;
    const file = join(ROOT, folder, entry);
    const found = readFileSync(file, 'utf8').matchAll(
      /^(?:import|export)\b[^;]*?'(\.[^']*)\.js';/gms,
    );
    graph.set(
      file,
      [...found].map(([, path]) => normalize(join(dirname(file), `${path}.ts`))),
    );
  }
  return graph;
}

/**
 * The way from `target` back to `file`.
 *
 * @param {ReadonlyMap<string, readonly string[]>} graph
 * @param {string} file
 * @param {string} target a file that `file` imports
 * @returns {string[] | undefined} files of the circle, from `target` to `file`
 */
export function wayBack(graph, file, target) {
  const cameFrom = new Map([[target, '']]);
  for (const at of cameFrom.keys()) {
    if (at === file) {
      const way = [];
      for (let step = at; step !== ''; step = cameFrom.get(step) ?? '') way.unshift(step);
      return way;
    }
    for (const next of graph.get(at) ?? []) if (!cameFrom.has(next)) cameFrom.set(next, at);
  }
  return undefined;
}

/** ESLint plugin with the rule `no-cycle`. */
export default {
  rules: {
    'no-cycle': {
      meta: { type: 'problem', schema: [] },
      create(context) {
        const graph = (cached ??= importGraph('src'));
        const check = (node) => {
          const path = node.source?.value;
          if (typeof path !== 'string' || !path.startsWith('.')) return;
          const target = normalize(join(dirname(context.filename), path.replace(/\.js$/, '.ts')));
          const way = wayBack(graph, context.filename, target);
          if (way === undefined) return;
          const names = [context.filename, ...way].map((file) => file.slice(ROOT.length));
          context.report({ node, message: `A circle of imports: ${names.join(' → ')}` });
        };
        return {
          ImportDeclaration: check,
          ExportNamedDeclaration: check,
          ExportAllDeclaration: check,
        };
      },
    },
  },
};

let cached;
