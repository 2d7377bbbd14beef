import test from 'ava';
// @ts-expect-error the rule is plain JavaScript, as the configuration of ESLint is
import { importGraph, wayBack } from '../../lint/no-cycle.js';

type Graph = ReadonlyMap<string, readonly string[]>;

const graphOf = importGraph as (folder: string) => Graph;
const way = wayBack as (graph: Graph, file: string, target: string) => string[] | undefined;

/** A circle of imports, if there is one. */
function findCycle(graph: Graph): string[] | undefined {
  for (const [file, targets] of graph) {
    for (const target of targets) {
      const back = way(graph, file, target);
      if (back) return [file, ...back];
    }
  }
  return undefined;
}

test('no file of src imports itself through others, not even for its types', (t) => {
  const graph = graphOf('src');
  t.true(graph.size > 100);
  t.true([...graph.values()].flat().length > 500);
  t.is(findCycle(graph), undefined);
});

test('a circle would be found', (t) => {
  const graph = new Map([
    ['a', ['b']],
    ['b', ['c']],
    ['c', ['b']],
  ]);
  t.deepEqual(findCycle(graph), ['b', 'c', 'b']);
});
