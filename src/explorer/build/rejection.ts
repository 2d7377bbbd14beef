/** What the resumable build says about code that it does not understand: file and line, in the terms of the source. */

import { SourceMap } from 'node:module';
import { UsageError } from '../../errors.js';
import type { ModuleSource } from './graph.js';

/** A place in a file: lines from 1, columns from 0. */
export interface SourcePosition {
  readonly line: number;
  readonly column: number;
}

/** The error for a construct at `at` of the emitted code; names the original file when there is a map. */
export function rejection(source: ModuleSource, at: SourcePosition, what: string): UsageError {
  return new UsageError(`${originalPlace(source, at)} ${what}`);
}

function originalPlace(source: ModuleSource, at: SourcePosition): string {
  if (source.map) {
    const map = new SourceMap(source.map as ConstructorParameters<typeof SourceMap>[0]);
    const entry = map.findEntry(at.line - 1, at.column);
    if ('originalSource' in entry) {
      return `${entry.originalSource}:${entry.originalLine + 1}:`;
    }
  }
  return `${source.file}:${at.line}:`;
}
