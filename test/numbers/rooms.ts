/** How large the rooms of `src` are: files, lines, functions. */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { quantileSorted } from 'simple-statistics';
import ts from 'typescript';
import { renderTable } from '../../src/report/table.js';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

/** A function and how many lines it has. */
interface Measured {
  readonly name: string;
  readonly lines: number;
}

/** The sizes of one room. */
export interface RoomNumbers {
  readonly room: string;
  readonly files: number;
  readonly lines: number;
  readonly longestFile: Measured;
  readonly functions: number;
  readonly median: number;
  readonly p90: number;
  readonly longest: Measured;
}

function isFunction(node: ts.Node): node is ts.FunctionLikeDeclaration {
  return ts.isFunctionLike(node) && 'body' in node && node.body !== undefined;
}

/** Every function of a source text; a function inside another counts for itself and in the other. */
export function functionsOf(file: string, text: string): Measured[] {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const line = (position: number): number => source.getLineAndCharacterOfPosition(position).line;
  const found: Measured[] = [];
  const visit = (node: ts.Node): void => {
    if (isFunction(node)) {
      const unnamed = ts.isConstructorDeclaration(node) ? 'constructor' : 'anonymous';
      const name = node.name?.getText(source) ?? unnamed;
      found.push({ name, lines: line(node.end) - line(node.getStart(source)) + 1 });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

const longestOf = (all: readonly Measured[]): Measured =>
  all.reduce((longest, one) => (one.lines > longest.lines ? one : longest), {
    name: '-',
    lines: 0,
  });

/** Measure the TypeScript files of one folder of `src`. */
export function measureRoom(room: string): RoomNumbers {
  const folder = join(ROOT, 'src', room);
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.ts'),
  );
  const files: Measured[] = [];
  const functions: Measured[] = [];
  for (const name of names) {
    const text = readFileSync(join(folder, name), 'utf8');
    files.push({ name, lines: text.split('\n').length - 1 });
    functions.push(...functionsOf(name, text));
  }
  const sizes = functions.map(({ lines }) => lines).sort((one, other) => one - other);
  return {
    room,
    files: files.length,
    lines: files.reduce((sum, { lines }) => sum + lines, 0),
    longestFile: longestOf(files),
    functions: functions.length,
    median: sizes.length === 0 ? 0 : quantileSorted(sizes, 0.5),
    p90: sizes.length === 0 ? 0 : Math.round(quantileSorted(sizes, 0.9)),
    longest: longestOf(functions),
  };
}

/** Measure every room. */
export function measureRooms(): RoomNumbers[] {
  const rooms = readdirSync(join(ROOT, 'src'), { withFileTypes: true });
  return rooms.filter((entry) => entry.isDirectory()).map(({ name }) => measureRoom(name));
}

/** The numbers as a table. */
export function numbersTable(rooms: readonly RoomNumbers[]): string {
  return renderTable(
    [
      { title: 'room' },
      { title: 'files', align: 'right' },
      { title: 'lines', align: 'right' },
      { title: 'functions', align: 'right' },
      { title: 'median', align: 'right' },
      { title: 'p90', align: 'right' },
      { title: 'longest function' },
      { title: 'longest file' },
    ],
    rooms.map(({ room, files, lines, functions, median, p90, longest, longestFile }) => [
      room,
      ...[files, lines, functions, median, p90].map(String),
      `${longest.lines} ${longest.name}`,
      `${longestFile.lines} ${longestFile.name}`,
    ]),
  );
}
