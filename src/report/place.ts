/** Where a scenario is declared: for reports that point at a line. */

import { existsSync, readFileSync } from 'node:fs';
import { relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findScenario } from '../campaign/scenarios/find-scenario.js';
import { UsageError } from '../errors.js';
import type { Place } from './report.js';

/** The TypeScript source of one of our own compiled files, where it is there: in a checkout. */
function sourceOf(file: string): string {
  const source = file
    .replace(`${sep}dist${sep}src${sep}`, `${sep}src${sep}`)
    .replace(/\.js$/, '.ts');
  return existsSync(source) ? source : file;
}

/** A path as a report shows it: relative to the working folder where it is below it. */
function shown(file: string): string {
  const path = relative(process.cwd(), file);
  return path.startsWith('..') ? file : path;
}

/**
 * File and line that declare a scenario: that of its `name`, or else the first of the file.
 *
 * @param file as results name it: a path or a `file:` URL
 * @param name of the scenario; what follows an `@` is its kernel
 */
export function placeOfScenario(file: string, name: string): Place {
  const path = sourceOf(file.startsWith('file:') ? fileURLToPath(file) : resolve(file));
  const [plain = name] = name.split('@');
  const escaped = plain.replace(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
  const declared = new RegExp(`\\bname:\\s*['"\`]${escaped}['"\`]`);
  try {
    const lines = readFileSync(path, 'utf8').split('\n');
    const found = lines.findIndex((line) => declared.test(line));
    return { file: shown(path), line: Math.max(1, found + 1) };
  } catch {
    return { file: shown(path), line: 1 }; // A report must not fail because a file is gone.
  }
}

/** The same for a scenario as a command line names it; undefined where nothing declares it. */
export function placeOfNamed(text: string): Place | undefined {
  try {
    const { file, name } = findScenario(text);
    return placeOfScenario(file, name ?? text);
  } catch (error) {
    if (error instanceof UsageError) return undefined;
    throw error;
  }
}
