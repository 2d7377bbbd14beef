/** Finds the file of a scenario: a path of the user's, or a name of the shipped catalogue. */

import { readdirSync } from 'node:fs';
import { UsageError } from '../../errors.js';
import { CATALOG_DIRECTORIES, catalogModule } from '../../explorer/build/modules.js';
import { nearestTo } from '../../explorer/build/nearest.js';
import { lookAt } from '../options/files.js';
import { indexedScenarios } from './scenario-index.js';

/** A scenario as a user names it: `NAME`, `FILE` or `FILE#NAME`, each perhaps with `@RELEASE`. */
export interface ScenarioName {
  readonly file: string;
  /** Undefined: the file's only one; `@RELEASE`: its only one, on that kernel. */
  readonly name: string | undefined;
}

/** Files of the catalogue, without directory and extension. */
export function catalogFiles(): string[] {
  return CATALOG_DIRECTORIES.flatMap((directory) => readdirSync(directory))
    .filter((file) => file.endsWith('.js'))
    .map((file) => file.slice(0, -'.js'.length))
    .sort();
}

const isPath = (text: string): boolean => /[/\\]|\.[cm]?[jt]s$/.test(text);

/** Whether a user names their own file instead of a scenario of the catalogue. */
export function namesFile(text: string): boolean {
  return isPath(partsOf(text).path);
}

/** `FILE#NAME` in its parts; of `FILE@RELEASE` the second part is `@RELEASE`. */
function partsOf(text: string): { path: string; name: string | undefined } {
  const release = /^([^#]*\.[cm]?[jt]s)(@[^#/\\]+)$/.exec(text);
  const [path = '', name] = release === null ? text.split('#', 2) : release.slice(1);
  return { path, name };
}

/** The message for a name that no scenario of the catalogue has. */
export function unknownScenario(name: string): string {
  const known = indexedScenarios().map((scenario) => scenario.name);
  return (
    `there is no scenario ${name}; the nearest are ${nearestTo(name, known).join(', ')}; ` +
    "'klp-smp explore --list' names all, and a file is given as ./path.js"
  );
}

/**
 * Find a scenario's file. A scenario of the catalogue is named like its file, or like its file and a variant.
 *
 * @throws UsageError when there is no such file
 */
export function findScenario(text: string): ScenarioName {
  const { path, name } = partsOf(text);
  if (isPath(path)) {
    const stats = lookAt(path);
    if (stats === undefined) throw new UsageError(`there is no scenario file ${path}`);
    if (stats.isDirectory()) throw new UsageError(`${path} is a folder: give a scenario file`);
    return { file: path, name };
  }
  const [plain = ''] = text.split(/[@:]/, 1);
  const files = catalogFiles();
  const file = files
    .filter((f) => plain === f || plain.startsWith(`${f}-`))
    .sort((a, b) => b.length - a.length)[0];
  if (file === undefined) throw new UsageError(unknownScenario(text));
  return { file: catalogModule(file), name: text === file ? undefined : text };
}
