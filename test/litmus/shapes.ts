/** The litmus shapes of this folder: classic names, sources of our own, results as comments in the files. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Observation } from '../../src/litmus/syntax/format.js';

/** One shape. */
export interface Shape {
  readonly name: string;
  readonly file: string;
  readonly source: string;
  /** From the file's comment. */
  readonly result: Observation;
  readonly flags: string;
}

/** The folder of the shapes, in the source tree. */
export const SHAPES_FOLDER = fileURLToPath(
  new URL('../../../test/litmus/shapes/', import.meta.url),
);

function resultOf(source: string): Observation {
  const result = /Result: (Never|Sometimes|Always)$/m.exec(source)?.[1];
  if (result === undefined) throw new Error('a shape says no result');
  return result as Observation;
}

/** All shapes. */
export const SHAPES: readonly Shape[] = readdirSync(SHAPES_FOLDER)
  .sort()
  .map((name) => {
    const file = SHAPES_FOLDER + name;
    const source = readFileSync(file, 'utf8');
    return {
      name: name.replace('.litmus', ''),
      file,
      source,
      result: resultOf(source),
      flags: /Flags: (\S+)/.exec(source)?.[1] ?? '',
    };
  });

/** The source of one shape. */
export function shape(name: string): Shape {
  const found = SHAPES.find((s) => s.name === name);
  if (found === undefined) throw new Error(`no shape ${name}`);
  return found;
}
