/** Changed kernel code: a user's module whose exports take the place of ported kernel functions, everywhere. */

import { readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Node, Program } from 'acorn';
import MagicString from 'magic-string';
import { UsageError } from '../../errors.js';
import type { ModuleSource } from './graph.js';
import { nearestTo } from './nearest.js';
import { rejection } from './rejection.js';
import { OWN, readSource, WITH, type ExportedFrom } from './sources.js';
import { exportsOf, kernelDeclarations } from './symbols.js';
import { isKernelFunction, parseModule } from './transform.js';

/** Rooms whose functions are ports of kernel functions. */
const PORTED_ROOMS = ['kernel', 'livepatch'];
/** Under what name the code that replaces a function can still call it. */
const ORIGINAL = '$original';

/** Kernel functions that a file replaces. */
export interface Replacement {
  readonly file: string;
  /** Name of each function → the module that declares it. */
  readonly functions: ReadonlyMap<string, string>;
}

/** Every ported kernel function, and the modules that declare one of that name. */
async function portedFunctions(): Promise<Map<string, string[]>> {
  const files = PORTED_ROOMS.flatMap((room) =>
    readdirSync(join(OWN, room)).map((file) => join(OWN, room, file)),
  ).filter((file) => file.endsWith('.js'));
  const ported = new Map<string, string[]>();
  for (const file of files) {
    const program = parseModule({ file, code: await readFile(file, 'utf8') });
    for (const name of kernelDeclarations(program)) {
      ported.set(name, [...(ported.get(name) ?? []), file]);
    }
  }
  return ported;
}

/**
 * Read a file that replaces kernel functions.
 *
 * @throws UsageError when it cannot be read, exports nothing, or something that is no ported kernel function
 */
export async function readReplacement(path: string): Promise<Replacement> {
  const file = resolve(path);
  const source = await readSource(file);
  const program = parseModule(source);
  const ported = await portedFunctions();
  const functions = new Map<string, string>();
  for (const [name, { name: local, from }] of exportsOf(program)) {
    const modules = ported.get(name);
    if (modules === undefined) throw new UsageError(unknown(file, name, [...ported.keys()]));
    const [module = '', second] = modules;
    if (second !== undefined) {
      throw new UsageError(`${file} exports ${name}: there are two functions of that name`);
    }
    if (from !== undefined) throw new UsageError(`${file} exports ${name} from another module`);
    checkFunction(source, program, local);
    functions.set(name, module);
  }
  if (functions.size === 0) {
    throw new UsageError(
      `${file} exports nothing: export functions named like those that they replace, such as klpInitTransition`,
    );
  }
  return { file, functions };
}

function unknown(file: string, name: string, ported: readonly string[]): string {
  const nearest = nearestTo(name, ported);
  return `${file} exports ${name}, which is no ported kernel function; the nearest are ${nearest.join(', ')}`;
}

/** Function declarations alone are there before the module's own code runs. */
function checkFunction(source: ModuleSource, program: Program, local: string): void {
  const found = topLevel(program).find(({ name }) => name === local);
  if (found?.node.type === 'FunctionDeclaration' && isKernelFunction(found.node)) return;
  const at = found?.node.loc?.start ?? { line: 1, column: 0 };
  throw rejection(source, at, `exports ${local}, which is no function with a parameter \`cpu\``);
}

interface TopLevel {
  readonly name: string;
  readonly node: Node;
  readonly id: Node;
}

/** What a module declares at its top level. */
function topLevel(program: Program): TopLevel[] {
  return program.body.flatMap((statement) => {
    const node = ((statement as { declaration?: Node | null }).declaration ?? statement) as Node & {
      id?: (Node & { name: string }) | null;
      declarations?: readonly { id: Node & { name?: string } }[];
    };
    if (node.type === 'VariableDeclaration') {
      return (node.declarations ?? []).map(({ id }) => ({ name: id.name ?? '', node, id }));
    }
    return node.id ? [{ name: node.id.name, node, id: node.id }] : [];
  });
}

/** A module as it is with a replacement in force. Lines stay where they are. */
export function replaceIn(source: ModuleSource, replacement: Replacement): ModuleSource {
  const names = [...replacement.functions].filter(([, module]) => module === source.file);
  if (names.length === 0) return source;
  const program = parseModule(source);
  const text = new MagicString(source.code);
  for (const [name] of names) giveWay(text, program, name);
  return { ...source, code: text.toString() };
}

/** What the replacing file imports under the name of a function that it replaces: the original. */
export function originalOf(name: string, replacement: Replacement): ExportedFrom | undefined {
  const module = replacement.functions.get(name);
  return module === undefined ? undefined : { module, name: `${name}${ORIGINAL}` };
}

/** All calls of a function of this module, its own included, go to the one that replaces it. */
function giveWay(text: MagicString, program: Program, name: string): void {
  const exported = exportsOf(program).has(name);
  for (const { id } of topLevel(program).filter((other) => other.name === name)) {
    text.overwrite(id.start, id.end, `${name}${ORIGINAL}`);
  }
  const from = JSON.stringify(WITH);
  text.prepend(
    `import { ${name} } from ${from}; ` +
      (exported ? `export { ${name} } from ${from}; ` : `export { ${name}${ORIGINAL} }; `),
  );
}
