/** Removes the types of a user's scenario file written in TypeScript. */

import * as nodeModule from 'node:module';
import { UsageError } from '../../errors.js';
import type { ModuleSource } from './graph.js';

type Strip = (code: string) => string;

/** The file as JavaScript. Types are blanked out, so lines and columns stay as they are and no map is needed. */
export function stripTypes(file: string, code: string): ModuleSource {
  const strip = (nodeModule as { stripTypeScriptTypes?: Strip }).stripTypeScriptTypes;
  if (!strip) {
    throw new UsageError(
      `${file} is TypeScript, which this Node (${process.version}) cannot load: compile it, or use Node 22.13 or newer`,
    );
  }
  try {
    return { file, code: strip(code) };
  } catch (error) {
    const { message, stack = '' } = error as Error;
    // The stack begins with the line.
    const line = /^:(\d+)\n/.exec(stack)?.[1];
    const place = line === undefined ? file : `${file}:${line}`;
    throw new UsageError(`${place}: is not TypeScript that can be stripped: ${message}`);
  }
}
