import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** Every source file with the files it imports at run time. */
function importGraph(folder: string): Map<string, string[]> {
  const graph = new Map<string, string[]>();
  for (const entry of readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })) {
    if (!entry.endsWith('.ts') || entry.endsWith('.d.ts')) continue;
    const file = join(folder, entry);
    const text = readFileSync(join(ROOT, file), 'utf8');
    const imports = [
      ...text.matchAll(/^(?:import|export) (?!type )[^;]*? from '(\.[^']*)\.js';/gms),
    ];
    const target = (path: string): string => normalize(join(dirname(file), `${path}.ts`));
    graph.set(
      file,
      imports.map(([, path]) => target(path!)),
    );
  }
  return graph;
}

/** A cycle of imports, if there is one. */
function findCycle(graph: ReadonlyMap<string, readonly string[]>): string[] | undefined {
  const done = new Set<string>();
  const walk = (file: string, path: readonly string[]): string[] | undefined => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
    if (done.has(file)) return undefined;
    for (const next of graph.get(file) ?? []) {
      const cycle = walk(next, [...path, file]);
      if (cycle) return cycle;
    }
    done.add(file);
    return undefined;
  };
  for (const file of graph.keys()) {
    const cycle = walk(file, []);
    if (cycle) return cycle;
  }
  return undefined;
}

test('no file of src imports itself through others', (t) => {
  const graph = importGraph('src');
  t.true(graph.size > 100);
  t.is(findCycle(graph), undefined);
});

test('a cycle would be found', (t) => {
  const graph = new Map([
    ['a', ['b']],
    ['b', ['c']],
    ['c', ['b']],
  ]);
  t.deepEqual(findCycle(graph), ['b', 'c', 'b']);
});
