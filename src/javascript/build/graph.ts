/** Reads a program: its file and everything that it imports, from packages too, as ES modules, CommonJS or TypeScript. */

import { parse, type AnyNode, type Program } from 'acorn';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire, isBuiltin } from 'node:module';
import { dirname, extname, join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { resolve as resolveImport } from 'import-meta-resolve';
import { UsageError } from '../../errors.js';
import { stripTypes } from '../../explorer/build/typescript.js';
import { OWN_SPECIFIERS } from '../program.js';
import { freeNamesOf, type FreeNames } from './free-names.js';
import { childrenOf, scopeOf, type ModuleScope } from './scope.js';
import { SourceLines } from './source-map.js';

/** A module as it was read. */
export interface ReadModule {
  readonly path: string;
  /** As it is shown: relative to the working directory where that is shorter. */
  readonly shown: string;
  readonly kind: 'esm' | 'cjs' | 'json';
  readonly code: string;
  readonly program: Program | undefined;
  readonly scope: ModuleScope | undefined;
  readonly free: FreeNames | undefined;
  /** Where a place of the file stands in the user's source. */
  readonly original: SourceLines['original'];
  /**
   * Maps each specifier to the path of another module of the program, to a name that begins with `node:`, or to this
   * package.
   */
  readonly targets: ReadonlyMap<string, string>;
}

/** Path as people see it. */
function shownPath(path: string): string {
  const short = relative(process.cwd(), path);
  return short.length < path.length && !short.startsWith('..') ? short : path;
}

/** Read a program's modules, the file itself first. @throws UsageError with file and line */
export function readProgram(
  entry: string,
  known: ReadonlyMap<string, ReadModule>,
): Map<string, ReadModule> {
  const modules = new Map<string, ReadModule>();
  const queue = [entry];
  for (let path = queue.shift(); path !== undefined; path = queue.shift()) {
    if (modules.has(path) || known.has(path)) continue;
    const module = readModule(path);
    modules.set(path, module);
    queue.push(...[...module.targets.values()].filter((t) => !isOutside(t)));
  }
  return modules;
}

/** Folder of the modules that stand for some of Node's: they are instrumented like a program's own. */
export const LIBRARY = fileURLToPath(new URL('../library/', import.meta.url));
/** How they import what the engine gives them. */
export const HOST = join(LIBRARY, 'host.js');

/** Whether a target is not instrumented, as it is a built-in module or part of this package. */
export function isOutside(target: string): boolean {
  return target.startsWith('node:') || target === HOST || OWN_SPECIFIERS.has(target);
}

/** Built-in modules that have no state and do not depend on the agent. */
const STATELESS: ReadonlySet<string> = new Set(
  ['path', 'path/posix', 'url', 'util', 'assert', 'assert/strict', 'buffer', 'os'].map(
    (name) => `node:${name}`,
  ),
);

/** Whether a module that imports this cannot be shared between agents. */
export function hasStateOfAgent(target: string): boolean {
  return target.startsWith('node:') && !STATELESS.has(target);
}

function readModule(path: string): ReadModule {
  const shown = shownPath(path);
  let code: string;
  try {
    code = readFileSync(path, 'utf8');
  } catch {
    throw new UsageError(`cannot read ${shown}`);
  }
  const extension = extname(path);
  if (extension === '.json') {
    return {
      path,
      shown,
      kind: 'json',
      code,
      program: undefined,
      scope: undefined,
      free: undefined,
      original: (line, column) => ({ file: shown, line, column }),
      targets: new Map(),
    };
  }
  const lines = new SourceLines(path, code, shownPath);
  if (/^\.[cm]?ts$/.test(extension)) ({ code } = stripTypes(shown, code));
  const { kind, program } = parseFile(path, shown, code);
  const targets =
    kind === 'esm' ? importTargets(path, shown, program) : requireTargets(path, shown, program);
  return {
    ...{ path, shown, kind, code, program, targets },
    ...{ scope: scopeOf(program), free: freeNamesOf(program, kind) },
    original: (line, column) => lines.original(line, column),
  };
}

/** The contents of a JSON file. @throws UsageError when it is not JSON */
export function parseJson(shown: string, code: string): unknown {
  try {
    return JSON.parse(code) as unknown;
  } catch (error) {
    throw new UsageError(`${shown}: is not JSON: ${(error as Error).message}`);
  }
}

/** A module whose text a program has made itself. Text that can only be an ES module is treated as one. */
export function readText(path: string, code: string, asked: Kind): ReadModule {
  const { kind, program } = parseText(code, asked);
  const targets = kind === 'esm' ? importTargets(path, path, program) : new Map<string, string>();
  return {
    ...{ path, shown: path, kind, code, program, targets },
    ...{ scope: scopeOf(program), free: freeNamesOf(program, kind) },
    original: (line, column) => ({ file: path, line, column }),
  };
}

function parseText(code: string, kind: Kind): { kind: Kind; program: Program } {
  try {
    return { kind, program: parseAs(code, kind) };
  } catch (error) {
    if (kind === 'esm' || !MODULE_SYNTAX.test((error as Error).message)) throw error;
    return { kind: 'esm', program: parseAs(code, 'esm') };
  }
}

/** What a specifier means when the program asks for it. @throws Error with a code, as the loader of Node does */
export function resolveAtRunTime(
  path: string,
  specifier: string,
  how: 'import' | 'require',
): string {
  try {
    if (how === 'import') return importTarget(path, specifier, shownPath(path));
    const target = requireTarget(createRequire(path), specifier, shownPath(path), false);
    if (target !== undefined) return target;
  } catch (error) {
    throw Object.assign(new Error((error as Error).message), {
      code: how === 'import' ? 'ERR_MODULE_NOT_FOUND' : 'MODULE_NOT_FOUND',
    });
  }
  throw new UsageError(`${shownPath(path)}: cannot require '${specifier}'`);
}

type Kind = 'esm' | 'cjs';

/** What declares the kind of a file: its own name, or the nearest package.json. Undefined: its syntax decides. */
interface Declared {
  readonly kind: Kind;
  readonly by: string;
}

function declaredKind(path: string): Declared | undefined {
  const extension = extname(path);
  if (extension === '.mjs' || extension === '.mts') return { kind: 'esm', by: extension };
  if (extension === '.cjs' || extension === '.cts') return { kind: 'cjs', by: extension };
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    const manifest = join(folder, 'package.json');
    if (existsSync(manifest)) {
      const found = parseJson(manifest, readFileSync(manifest, 'utf8')) as {
        type?: unknown;
      } | null;
      const by = `"type" in ${shownPath(manifest)}`;
      if (found?.type === 'module') return { kind: 'esm', by };
      return found?.type === 'commonjs' ? { kind: 'cjs', by } : undefined;
    }
    if (folder === dirname(folder)) return undefined;
  }
}

/** Matches messages of acorn about syntax that only a module may contain. */
const MODULE_SYNTAX = /import|export|await/;

function parseAs(code: string, kind: Kind): Program {
  return parse(code, {
    ecmaVersion: 'latest',
    sourceType: kind === 'esm' ? 'module' : 'script',
    allowReturnOutsideFunction: kind === 'cjs',
    allowHashBang: true,
    preserveParens: true,
    locations: true,
  });
}

/**
 * Parse a file as the declared kind. Without a declaration, parse it as an ES module only if it can be nothing else.
 */
function parseFile(path: string, shown: string, code: string): { kind: Kind; program: Program } {
  const declared = declaredKind(path);
  const kind = declared?.kind ?? 'cjs';
  try {
    return { kind, program: parseAs(code, kind) };
  } catch (error) {
    const { loc, message } = error as { loc?: { line: number }; message: string };
    const mayBeModule = kind === 'cjs' && MODULE_SYNTAX.test(message);
    if (mayBeModule && declared === undefined) {
      return { kind: 'esm', program: parseModule(shown, code) };
    }
    const why = mayBeModule ? `; ${declared?.by ?? ''} makes it CommonJS` : '';
    throw new UsageError(
      `${shown}:${loc?.line ?? 1}: ${message.replace(/ \(\d+:\d+\)$/, '')}${why}`,
    );
  }
}

function parseModule(shown: string, code: string): Program {
  try {
    return parseAs(code, 'esm');
  } catch (error) {
    const { loc, message } = error as { loc?: { line: number }; message: string };
    throw new UsageError(`${shown}:${loc?.line ?? 1}: ${message.replace(/ \(\d+:\d+\)$/, '')}`);
  }
}

function importTargets(path: string, shown: string, program: Program): Map<string, string> {
  const targets = new Map<string, string>();
  for (const node of program.body) {
    if (node.type !== 'ImportDeclaration' && node.type !== 'ExportAllDeclaration') {
      if (node.type !== 'ExportNamedDeclaration' || !node.source) continue;
    }
    const specifier = String((node.source as { value?: unknown }).value);
    const line = node.loc?.start.line ?? 1;
    targets.set(specifier, importTarget(path, specifier, `${shown}:${line}`));
  }
  return targets;
}

function importTarget(path: string, specifier: string, place: string): string {
  if (OWN_SPECIFIERS.has(specifier)) return specifier;
  if (/^klp-smp(\/|$)/.test(specifier)) {
    throw new UsageError(
      `${place}: imports '${specifier}': of klp-smp, a program imports klp-smp/javascript only; put a race of \`cpu\` operations into another file`,
    );
  }
  if (isBuiltin(specifier)) return specifier.startsWith('node:') ? specifier : `node:${specifier}`;
  let target: string;
  try {
    target = fileURLToPath(resolveImport(specifier, pathToFileURL(path).href));
  } catch (error) {
    const why = (error as Error).message.split(' imported from ')[0] ?? '';
    throw new UsageError(`${place}: cannot import '${specifier}': ${why}`);
  }
  return checked(target, specifier, place);
}

/** A target must exist and be JavaScript; `x.js` may stand for `x.ts`. */
function checked(target: string, specifier: string, place: string): string {
  const typescript = target.replace(/\.([cm]?)js$/, '.$1ts');
  const path = !existsSync(target) && existsSync(typescript) ? typescript : target;
  if (!existsSync(path))
    throw new UsageError(`${place}: cannot import '${specifier}': there is no ${path}`);
  if (extname(path) === '.node') {
    throw new UsageError(
      `${place}: '${specifier}' is a native addon, which cannot be instrumented`,
    );
  }
  if (extname(path) === '.wasm') {
    throw new UsageError(`${place}: '${specifier}' is WebAssembly, which cannot be instrumented`);
  }
  return path;
}

function requireTargets(path: string, shown: string, program: Program): Map<string, string> {
  const targets = new Map<string, string>();
  const require = createRequire(path);
  const visit = (node: AnyNode, isGuarded: boolean): void => {
    const specifier = requiredBy(node);
    if (specifier !== undefined) {
      const place = `${shown}:${node.loc?.start.line ?? 1}`;
      const target = requireTarget(require, specifier, place, isGuarded);
      if (target !== undefined) targets.set(specifier, target);
    }
    const within = isGuarded || node.type === 'TryStatement';
    for (const child of childrenOf(node)) visit(child, within);
  };
  visit(program, false);
  return targets;
}

function requiredBy(node: AnyNode): string | undefined {
  if (node.type !== 'CallExpression' || node.callee.type !== 'Identifier') return undefined;
  const [first] = node.arguments;
  if (node.callee.name !== 'require' || first?.type !== 'Literal') return undefined;
  return typeof first.value === 'string' ? first.value : undefined;
}

/** Undefined for a module that is missing but imported within `try`: it fails when it is imported. */
function requireTarget(
  require: NodeJS.Require,
  specifier: string,
  place: string,
  isGuarded: boolean,
): string | undefined {
  if (OWN_SPECIFIERS.has(specifier)) return specifier;
  if (isBuiltin(specifier)) return specifier.startsWith('node:') ? specifier : `node:${specifier}`;
  try {
    return checked(require.resolve(specifier), specifier, place);
  } catch (error) {
    if (isGuarded) return undefined;
    if (error instanceof UsageError) throw error;
    throw new UsageError(`${place}: cannot require '${specifier}': it is not installed`);
  }
}
