/** Where the modules of a program are: our own sources, the public API under its name, a user's files. */

import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { isBuiltin } from 'node:module';
import { dirname, extname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { EncodedSourceMap } from '@jridgewell/remapping';
import { UsageError } from '../../errors.js';
import type { ModuleSource } from './graph.js';
import { stripTypes } from './typescript.js';

/** Root of our own compiled sources. */
export const OWN = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
/** The public API, under the name that users import. */
export const PACKAGE = 'klp-smp';
/** The module of the public API. */
export const INDEX = join(OWN, 'index.js');
/** Stands before the path of a module of our own, or `with`, in specifiers that the build writes into modules. */
export const VIRTUAL = `${PACKAGE}:`;
/** Stands for the file that replaces kernel functions. */
export const WITH = `${VIRTUAL}with`;

/** A name and the module that declares it. */
export interface ExportedFrom {
  readonly module: string;
  readonly name: string;
}

/** Read a module as JavaScript. @throws UsageError when it cannot be read */
export async function readSource(file: string): Promise<ModuleSource> {
  let code: string;
  try {
    code = await readFile(file, 'utf8');
  } catch {
    throw new UsageError(`cannot read scenario module ${file}`);
  }
  if (extname(file) === '.ts') return stripTypes(file, code);
  const mapFile = `${file}.map`;
  if (!existsSync(mapFile)) return { file, code };
  const map = JSON.parse(await readFile(mapFile, 'utf8')) as EncodedSourceMap;
  const sources = map.sources.map((s) => (s === null ? s : resolve(dirname(file), s)));
  return { file, code, map: { ...map, sources } };
}

/**
 * Path of the module that a specifier means; undefined: one of Node's.
 *
 * @param replacement the file that replaces kernel functions, if there is one
 */
export function resolveSpecifier(
  specifier: string,
  from: string,
  replacement?: string,
): string | undefined {
  if (isBuiltin(specifier)) return undefined;
  if (specifier === PACKAGE) return INDEX;
  if (specifier === WITH && replacement !== undefined) return replacement;
  if (specifier.startsWith(VIRTUAL)) return join(OWN, specifier.slice(VIRTUAL.length));
  if (specifier.startsWith('file:')) return fileURLToPath(specifier);
  if (!/^\.{0,2}\//.test(specifier)) {
    throw new UsageError(
      `${from} imports ${specifier}: a scenario may import relative files, node: modules and ${PACKAGE}`,
    );
  }
  const path = resolve(dirname(from), specifier);
  const typescript = path.replace(/\.js$/, '.ts');
  return !existsSync(path) && existsSync(typescript) ? typescript : path;
}
