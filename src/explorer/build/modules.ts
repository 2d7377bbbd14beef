/** Loads a scenario file for the explorer: follows its imports, makes every module of kernel code resumable, and imports the result. */

import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, extname, join, resolve, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { UsageError } from '../../errors.js';
import type { EncodedSourceMap } from '@jridgewell/remapping';
import { mayVary, refuseForeignMemory } from './foreign-state.js';
import type { GraphModule } from './graph.js';
import { lineOf, placeOf } from '../engine/place.js';
import { plainNames } from './plain.js';
import { readForProgram } from './program.js';
import { readReplacement, type Replacement } from './replacement.js';
import { OWN, resolveSpecifier } from './sources.js';
import { exportsOf, importsOf, kernelDeclarations, type ImportedName } from './symbols.js';
import { parseModule, transform } from './transform.js';

/** Where the modules of this build are. */
const HERE = dirname(fileURLToPath(import.meta.url));

/** Rooms of our own that hold kernel code or values made of it; all others are shared with the engine. */
const RESUMABLE_ROOMS = ['kernel', 'livepatch', 'check', 'scenario', 'catalog', 'shell'];

/** A loaded scenario file. */
export interface LoadedModule {
  readonly exports: Readonly<Record<string, unknown>>;
  /** Eight hexadecimal digits: equal for equal code, wherever it is installed. */
  readonly fingerprint: string;
  /** Kernel functions of the program that were replaced. */
  readonly replaced: readonly string[];
  /** Whether loading it may give something else each time. */
  readonly varies: boolean;
}

/** Directories of the shipped catalogue: scenarios that can be explored. */
export const CATALOG_DIRECTORIES: readonly string[] = ['races', 'systems'].map((room) =>
  join(OWN, 'catalog', room),
);

/** Path of a file of scenarios in the shipped catalogue, by its name without extension. */
export function catalogModule(name: string): string {
  const files = CATALOG_DIRECTORIES.map((directory) => join(directory, `${name}.js`));
  return files.find((file) => existsSync(file)) ?? (files[0] as string);
}

/**
 * Load a scenario file and everything it imports, made resumable.
 *
 * @param file path of a JavaScript or TypeScript file
 * @param replace path of a file that replaces kernel functions
 * @param frames with what tells local states apart: see `ModuleNames.frames`
 * @throws UsageError for a file that cannot be read, that the build rejects, or that throws while it is loaded
 */
export async function loadResumable(
  file: string,
  replace?: string,
  frames = false,
): Promise<LoadedModule> {
  process.setSourceMapsEnabled(true);
  const entry = resolve(file);
  const replacement = replace === undefined ? undefined : await readReplacement(replace);
  const graph = await readGraph(entry, replacement);
  const fingerprint = fingerprintOf([...graph.values()].map(({ source }) => source.code));
  const directory = await emit(graph, frames, frames ? `${fingerprint}-frames` : fingerprint);
  const name = namesIn(graph).get(entry) ?? '';
  const url = pathToFileURL(join(directory, name)).href;
  try {
    const exports = (await import(url)) as Record<string, unknown>;
    return {
      ...{ exports, fingerprint, varies: mayVary(graph) },
      replaced: replacedIn(graph, replacement),
    };
  } catch (error) {
    const place = placeOf(error);
    const what = error instanceof UsageError ? error.message : lineOf(error);
    throw new UsageError(
      `${file} throws while it is loaded: ${what}${place === undefined ? '' : ` (${place})`}`,
    );
  }
}

function replacedIn(graph: ReadonlyMap<string, GraphModule>, replacement?: Replacement): string[] {
  const functions = [...(replacement?.functions ?? [])];
  return functions.flatMap(([name, module]) => (graph.has(module) ? [name] : []));
}

/** Fingerprint of a scenario file and everything resumable that it imports, without loading it. */
export async function fingerprintOfFile(file: string): Promise<string> {
  const graph = await readGraph(resolve(file));
  return fingerprintOf([...graph.values()].map(({ source }) => source.code));
}

/** Independent of where the files are and in which order they were found. */
function fingerprintOf(codes: readonly string[]): string {
  const digests = codes.map((code) => createHash('sha256').update(code).digest('hex')).sort();
  return createHash('sha256').update(digests.join()).digest('hex').slice(0, 8);
}

/** Read a module and, recursively, the modules it imports that are to be resumable too. */
export async function readGraph(
  entry: string,
  replacement?: Replacement,
): Promise<Map<string, GraphModule>> {
  const graph = new Map<string, GraphModule>();
  const queue = [entry];
  for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
    if (graph.has(path)) continue;
    const module = await readModule(path, replacement);
    graph.set(path, module);
    queue.push(...module.inside.values());
  }
  return graph;
}

async function readModule(path: string, replacement?: Replacement): Promise<GraphModule> {
  const source = await readForProgram(path, replacement);
  const program = parseModule(source);
  const inside = new Map<string, string>();
  const outside = new Map<string, string>();
  for (const specifier of importsOf(program).specifiers) {
    const target = resolveSpecifier(specifier, path, replacement?.file);
    if (target !== undefined && isResumable(target)) inside.set(specifier, target);
    else outside.set(specifier, target === undefined ? specifier : pathToFileURL(target).href);
  }
  return { source, program, inside, outside };
}

function isResumable(path: string): boolean {
  if (!path.startsWith(OWN + sep)) return true;
  const [room = ''] = path.slice(OWN.length + 1).split(sep);
  return room === 'index.js' || RESUMABLE_ROOMS.includes(room);
}

interface Output {
  readonly name: string;
  readonly code: string;
  readonly map: EncodedSourceMap;
}

/** Make every module of a graph resumable. */
export function transformGraph(
  graph: ReadonlyMap<string, GraphModule>,
  frames = false,
): Map<string, Output> {
  const names = namesIn(graph);
  const kernel = kernelNames(graph);
  const { plain, last } = plainNames(graph, kernel);
  refuseForeignMemory(graph);
  const outputs = new Map<string, Output>();
  for (const [path, module] of graph) {
    const specifiers = new Map(module.outside);
    for (const [specifier, target] of module.inside) {
      specifiers.set(specifier, `./${names.get(target) ?? ''}`);
    }
    const { code, map } = transform(module.source, module.program, {
      kernel: kernel.get(path) ?? new Set(),
      // What tells local states apart must be told of every function: the variables of its caller are not its own.
      plain: (frames ? undefined : plain.get(path)) ?? new Set(),
      ...(!frames && { last: last.get(path) ?? new Set() }),
      specifiers,
      frames,
    });
    outputs.set(path, { name: names.get(path) ?? '', code, map });
  }
  return outputs;
}

function emittedName(path: string, index: number): string {
  // The name is part of a URL in the comment that names the source map.
  return `${index}-${basename(path, extname(path)).replace(/[^\w.-]/g, '_')}.mjs`;
}

/** Names of the emitted modules, by path. */
function namesIn(graph: ReadonlyMap<string, GraphModule>): Map<string, string> {
  return new Map([...graph.keys()].sort().map((path, i) => [path, emittedName(path, i)]));
}

/** Local names of kernel code in each module: its own, and those it imports from others of the graph. */
function kernelNames(graph: ReadonlyMap<string, GraphModule>): Map<string, Set<string>> {
  const declared = new Map(
    [...graph].map(([path, { program }]) => [path, kernelDeclarations(program)]),
  );
  const isKernel = (path: string, name: string, depth = 0): boolean => {
    const module = graph.get(path);
    if (!module || depth > 16) return false;
    const exported = exportsOf(module.program).get(name);
    if (!exported) return false;
    if (exported.from === undefined) return declared.get(path)?.has(exported.name) ?? false;
    const target = module.inside.get(exported.from);
    return target !== undefined && isKernel(target, exported.name, depth + 1);
  };
  const imported = (module: GraphModule, { specifier, name }: ImportedName): boolean => {
    const target = module.inside.get(specifier);
    return target !== undefined && isKernel(target, name);
  };
  const all = new Map<string, Set<string>>();
  for (const [path, module] of graph) {
    const names = new Set(declared.get(path));
    for (const [local, binding] of importsOf(module.program).names) {
      if (imported(module, binding)) names.add(local);
    }
    all.set(path, names);
  }
  return all;
}

/**
 * Write the modules where equal code is found again, or, when the installation is read-only, into a new directory. What is there
 * already, made by the same build, is not made again: that takes most of the time of loading.
 */
async function emit(
  graph: ReadonlyMap<string, GraphModule>,
  frames: boolean,
  fingerprint: string,
): Promise<string> {
  const directory = await outputDirectory(`${fingerprint}-${await builder()}`, graph);
  const isThere = (name: string): boolean => existsSync(join(directory, name));
  if ([...namesIn(graph).values()].every(isThere)) return directory;
  for (const { name, code, map } of transformGraph(graph, frames).values()) {
    if (isThere(name)) continue;
    const file = join(directory, name);
    await writeWhole(`${file}.map`, JSON.stringify(map));
    await writeWhole(file, `${code}\n//# sourceMappingURL=${name}.map\n`);
  }
  return directory;
}

/** Modules that decide what is emitted. */
const BUILDER = [
  'transform',
  'catches',
  'frames',
  'plain',
  'last-point',
  'symbols',
  'modules',
  '../../memory/vocabulary',
];

/** Fingerprint of the build itself: output of another build is not used. */
async function builder(): Promise<string> {
  const sources = BUILDER.map((name) => readFile(join(HERE, `${name}.js`), 'utf8'));
  return fingerprintOf(await Promise.all(sources));
}

async function outputDirectory(
  fingerprint: string,
  outputs: ReadonlyMap<string, unknown>,
): Promise<string> {
  // Specifiers of shared modules hold paths of this installation, so they are part of the name.
  const key = createHash('sha256').update(OWN);
  for (const path of outputs.keys()) key.update(path);
  const name = `${fingerprint}-${key.digest('hex').slice(0, 8)}`;
  const directory = join(OWN, '..', 'resumable', name);
  try {
    await mkdir(directory, { recursive: true });
    return directory;
  } catch {
    return mkdtemp(join(tmpdir(), 'klp-smp-'));
  }
}

/** Several processes may write the same file at once, and readers must never see half of it. */
async function writeWhole(file: string, text: string): Promise<void> {
  const partial = `${file}.${process.pid}.${process.hrtime.bigint()}`;
  await writeFile(partial, text);
  await rename(partial, file);
}
