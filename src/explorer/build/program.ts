/** Modules as they become part of a program: names taken from the modules that declare them, kernel functions replaced. */

import { readFile } from 'node:fs/promises';
import { dirname, relative, resolve, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { ImportDeclaration, Program } from 'acorn';
import MagicString from 'magic-string';
import type { ModuleSource } from './graph.js';
import { nearestTo } from './nearest.js';
import { rejection } from './rejection.js';
import { originalOf, readReplacement, replaceIn, type Replacement } from './replacement.js';
import { INDEX, OWN, PACKAGE, readSource, VIRTUAL, type ExportedFrom } from './sources.js';
import { exportsOf } from './symbols.js';
import { parseModule } from './transform.js';

/** Sources of modules as they are with a replacement in force, for threads. */
export interface ReplacedSources {
  /** URL of the file that replaces. */
  readonly with: string;
  /** By URL. */
  readonly sources: Readonly<Record<string, string>>;
}

/** Read a module as it is in a program. */
export async function readForProgram(
  path: string,
  replacement: Replacement | undefined,
): Promise<ModuleSource> {
  const source = await readSource(path);
  if (!path.startsWith(OWN + sep) || replacement?.file === path) return narrow(source, replacement);
  return replacement === undefined ? source : replaceIn(source, replacement);
}

/** What threads need to run with a replacement in force. @throws UsageError as {@link readReplacement} */
export async function replacedSources(path: string): Promise<ReplacedSources> {
  const replacement = await readReplacement(path);
  const sources: Record<string, string> = {};
  for (const file of new Set([replacement.file, ...replacement.functions.values()])) {
    const { code } = await readForProgram(file, replacement);
    sources[pathToFileURL(file).href] = code;
  }
  return { with: pathToFileURL(replacement.file).href, sources };
}

/** What the replacing file takes from our own modules under the name of a function that it replaces is the original, too. */
function takeOriginals(text: MagicString, program: Program, replacement: Replacement): void {
  for (const node of program.body) {
    if (node.type !== 'ImportDeclaration' || node.source.value === PACKAGE) continue;
    for (const { type, ...specifier } of node.specifiers) {
      if (type !== 'ImportSpecifier' || !('imported' in specifier)) continue;
      const { imported } = specifier;
      if (imported.type !== 'Identifier') continue;
      const original = originalOf(imported.name, replacement);
      if (original !== undefined) text.overwrite(imported.start, imported.end, original.name);
    }
  }
}

/**
 * Take what a user imports from the package from the modules that declare it: a program then consists of what it needs, not of
 * everything that there is. Lines stay where they are.
 */
async function narrow(
  source: ModuleSource,
  replacement: Replacement | undefined,
): Promise<ModuleSource> {
  const isReplacing = replacement?.file === source.file;
  if (!isReplacing && !source.code.includes(PACKAGE)) return source;
  const program = parseModule(source);
  const text = new MagicString(source.code);
  if (isReplacing) takeOriginals(text, program, replacement);
  const names = await packageNames();
  for (const node of program.body) {
    if (node.type !== 'ImportDeclaration' || node.source.value !== PACKAGE) continue;
    const imports = importsInstead(source, node, (name) => {
      const found = (isReplacing ? originalOf(name, replacement) : undefined) ?? names.get(name);
      if (found !== undefined) return found;
      const nearest = nearestTo(name, [...names.keys()]).join(', ');
      const what = `imports ${name}, which ${PACKAGE} does not export; the nearest are ${nearest}`;
      throw rejection(source, node.loc?.start ?? { line: 1, column: 0 }, what);
    });
    const lines = source.code.slice(node.start, node.end).split('\n').length - 1;
    text.overwrite(node.start, node.end, imports.join(' ') + '\n'.repeat(lines));
  }
  return { ...source, code: text.toString() };
}

function importsInstead(
  source: ModuleSource,
  node: ImportDeclaration,
  find: (name: string) => ExportedFrom,
): string[] {
  return node.specifiers.map((specifier) => {
    // A namespace holds everything that the package exports.
    if (specifier.type !== 'ImportSpecifier' || specifier.imported.type !== 'Identifier') {
      return source.code.slice(node.start, node.end);
    }
    const found = find(specifier.imported.name);
    const from = VIRTUAL + relative(OWN, found.module).split(sep).join('/');
    return `import { ${found.name} as ${specifier.local.name} } from '${from}';`;
  });
}

const parsed = async (file: string): Promise<Program> =>
  parseModule({ file, code: await readFile(file, 'utf8') });

/** Every name that the package exports, and the module that declares it. */
async function packageNames(): Promise<ReadonlyMap<string, ExportedFrom>> {
  const names = new Map<string, ExportedFrom>();
  const program = await parsed(INDEX);
  for (const [name, exported] of exportsOf(program)) {
    if (exported.from === undefined) continue;
    names.set(name, { module: resolve(dirname(INDEX), exported.from), name: exported.name });
  }
  for (const node of program.body) {
    if (node.type !== 'ExportAllDeclaration') continue;
    const module = resolve(dirname(INDEX), String(node.source.value));
    for (const name of exportsOf(await parsed(module)).keys()) {
      if (!names.has(name)) names.set(name, { module, name });
    }
  }
  return names;
}
