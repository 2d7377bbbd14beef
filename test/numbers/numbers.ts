/** Prints how large each room is, and how many files import themselves through others: `npm run numbers`. */

// @ts-expect-error plain JavaScript, as the configuration of ESLint is; the path is that from dist
import { importGraph, wayBack } from '../../../lint/no-cycle.js';
import { measureRooms, numbersTable } from './rooms.js';

type Graph = ReadonlyMap<string, readonly string[]>;

const graph = (importGraph as (folder: string) => Graph)('src');
const way = wayBack as (graph: Graph, file: string, target: string) => string[] | undefined;
const circles = [...graph].filter(([file, targets]) =>
  targets.some((target) => way(graph, file, target) !== undefined),
);
process.stdout.write(
  `${numbersTable(measureRooms())}\n\nfiles that import themselves through others: ${circles.length} of ${graph.size}\n`,
);
