/** The source lines that a finding executed, with a few around them, from files or from source maps that hold them. */

import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { SourceExcerpt } from './recording.js';

/** Lines shown before and after one that was executed. */
const AROUND = 6;
/** Directory that holds `src` and `test` of the compiled program. */
const COMPILED = resolve(dirname(fileURLToPath(import.meta.url)), '../../..');

/** Text of a source file as frames name it; undefined when it cannot be had. */
function sourceText(file: string): string | undefined {
  if (existsSync(file)) return readFileSync(file, 'utf8');
  const map = join(COMPILED, `${file.replace(/\.ts$/, '.js')}.map`);
  if (!existsSync(map)) return undefined;
  const { sourcesContent } = JSON.parse(readFileSync(map, 'utf8')) as { sourcesContent?: string[] };
  return sourcesContent?.[0];
}

/** A frame `function file:line`, taken apart. */
export function placeOf(frame: string): { file: string; line: number } | undefined {
  const match = /^(?:\S+ )?(.+):(\d+)$/.exec(frame);
  return match ? { file: match[1] ?? '', line: Number(match[2]) } : undefined;
}

/** Excerpts of all files that the stacks name. */
export function excerptsOf(stacks: readonly (readonly string[])[]): SourceExcerpt[] {
  const wanted = new Map<string, Set<number>>();
  for (const frame of stacks.flat()) {
    const place = placeOf(frame);
    if (place === undefined) continue;
    const lines = wanted.get(place.file) ?? new Set();
    wanted.set(place.file, lines);
    for (let line = place.line - AROUND; line <= place.line + AROUND; line++) lines.add(line);
  }
  return [...wanted].flatMap(([file, numbers]) => {
    const text = sourceText(file)?.split('\n');
    if (text === undefined) return [];
    const lines = [...numbers]
      .sort((a, b) => a - b)
      .filter((line) => line >= 1 && line <= text.length)
      .map((line): [number, string] => [line, text[line - 1] ?? '']);
    return [{ file, lines }];
  });
}
