/** Turns the modules of a program into functions. Each execution can use them to make the modules anew. */

import type { Identifier } from 'acorn';
import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import { compileFunction } from 'node:vm';
import { originalPositionFor, TraceMap } from '@jridgewell/trace-mapping';
import { UsageError } from '../../errors.js';
import { KEY_CALL, KEY_NEW, KEY_VIEW, RUNTIME } from './context.js';
import {
  hasStateOfAgent,
  isOutside,
  LIBRARY,
  parseJson,
  readProgram,
  readText,
  resolveAtRunTime,
  type ReadModule,
} from './graph.js';
import type { GlobalUses } from './context.js';
import type { FreeNames } from './free-names.js';
import { instrument } from './instrument.js';
import { COMMONJS_PARAMETERS, MODULE_PARAMETERS } from './links.js';
import { SiteTable } from './sites.js';
import { spinLoopsOf } from './spin-loops.js';
import type { ModuleScope } from './scope.js';
import { isStateless } from './state.js';
import { isLiveExport, reaches } from './exports.js';
import { SHADOWED } from './shadows.js';

/** A module ready to be made: its function takes what {@link SHADOWED} names, the keys and the runtime. */
export interface CompiledModule {
  readonly source: ReadModule;
  /** Specifiers of static imports, in order. */
  readonly specifiers: readonly string[];
  readonly make: (...args: unknown[]) => unknown;
  /** Site of the first `await` at its top; 0 for none. */
  readonly firstWait: number;
}

/** A program ready to be made. */
export interface CompiledProgram {
  readonly entry: string;
  readonly modules: ReadonlyMap<string, CompiledModule>;
  /** A module that may not have been read yet. @throws UsageError */
  readonly load: (path: string) => CompiledModule;
  /** A module whose text the program has made itself. */
  readonly loadText: (path: string, code: string, kind: 'esm' | 'cjs') => CompiledModule;
  /** What a specifier means in a module. @throws Error with a code, as the loader of Node does */
  readonly resolve: (path: string, specifier: string, how: 'import' | 'require') => string;
  /** Modules beyond those that the file imports, in the order in which they were asked for. */
  readonly extra: readonly string[];
  /** Further modules that it was compiled with. */
  readonly given: readonly string[];
  readonly sites: SiteTable;
  /** Eight hexadecimal digits: equal for equal code, wherever it is installed. */
  readonly fingerprint: string;
  /** Whether bare names find a global of the language that the program changes. */
  readonly findsGlobal: (name: string) => boolean;
  /** No module has state: one instance serves all agents and executions. */
  readonly isStateless: boolean;
  /** `file:line` for a position in instrumented code, as stack traces give it. */
  readonly original: (script: string, line: number, column: number) => string | undefined;
}

/** Prefix of the names of scripts in stack traces. */
export const SCRIPT = 'klp-javascript:';

/** Names that a module's function gets besides the runtime. */
export const PARAMETERS = [RUNTIME, KEY_CALL, KEY_NEW, KEY_VIEW, ...SHADOWED] as const;

/**
 * Read, instrument and compile a program.
 *
 * @throws UsageError with file and line for what is missing, is not JavaScript or cannot be instrumented
 */
export function compileProgram(file: string, extra: readonly string[] = []): CompiledProgram {
  const entry = resolve(file);
  return new ProgramCompiler(entry, extra);
}

class ProgramCompiler implements CompiledProgram {
  readonly entry: string;
  readonly sites = new SiteTable();
  readonly modules = new Map<string, CompiledModule>();
  readonly fingerprint: string;
  readonly isStateless: boolean;
  readonly extra: string[] = [];
  readonly given: readonly string[];
  readonly #sources = new Map<string, ReadModule>();
  /** Globals of the language or of Node that the program changes. */
  readonly #changed = new Set<string>();
  readonly #getters = new Set<string>();
  readonly #setters = new Set<string>();
  readonly #maps = new Map<string, () => TraceMap>();

  constructor(entry: string, extra: readonly string[]) {
    this.entry = entry;
    this.given = extra;
    for (const path of [entry, ...extra]) this.#read(path);
    this.#compile();
    this.fingerprint = fingerprintOf(this.#sources);
    this.isStateless = [...this.#sources.values()].every(
      ({ kind, program, scope, free, targets }) =>
        kind === 'esm' &&
        free?.written.size === 0 &&
        program &&
        scope &&
        isStateless(program, scope) &&
        ![...targets.values()].some(hasStateOfAgent),
    );
  }

  #read(path: string): void {
    for (const [name, module] of readProgram(path, this.#sources)) {
      this.#sources.set(name, module);
      for (const getter of publicOf(module.scope?.getters)) this.#getters.add(getter);
      for (const setter of publicOf(module.scope?.setters)) this.#setters.add(setter);
      for (const global of module.free?.written ?? []) this.#changed.add(global);
    }
  }

  #compile(): void {
    const shared: Shared = {
      getters: this.#getters,
      setters: this.#setters,
      changed: this.#changed,
      sites: this.sites,
      maps: this.#maps,
    };
    for (const [path, source] of this.#sources) {
      if (this.modules.has(path)) continue;
      this.modules.set(path, compileModule(source, this.#sources, shared));
    }
  }

  load(path: string): CompiledModule {
    const known = this.modules.get(path);
    if (known !== undefined) return known;
    this.#read(path);
    this.#compile();
    if (!path.startsWith(LIBRARY)) this.extra.push(path);
    return this.modules.get(path) as CompiledModule;
  }

  loadText(path: string, code: string, kind: 'esm' | 'cjs'): CompiledModule {
    if (!this.modules.has(path)) {
      this.#sources.set(path, readText(path, code, kind));
      for (const target of this.#sources.get(path)?.targets.values() ?? []) {
        if (!isOutside(target)) this.#read(target);
      }
      this.#compile();
    }
    return this.modules.get(path) as CompiledModule;
  }

  resolve(path: string, specifier: string, how: 'import' | 'require'): string {
    const known = this.#sources.get(path)?.targets.get(specifier);
    return known ?? resolveAtRunTime(path, specifier, how);
  }

  findsGlobal(name: string): boolean {
    return !isFixedGlobal(name, this.#changed);
  }

  original(script: string, line: number, column: number): string | undefined {
    return originalPlace(this.#sources, this.#maps, { script, line, column });
  }
}

/** Private names are those of their module. */
function publicOf(names: ReadonlySet<string> = new Set()): string[] {
  return [...names].filter((name) => !name.startsWith('#'));
}

function fingerprintOf(sources: ReadonlyMap<string, ReadModule>): string {
  const digests = [...sources.values()].map(({ code }) =>
    createHash('sha256').update(code).digest('hex'),
  );
  return createHash('sha256').update(digests.sort().join()).digest('hex').slice(0, 8);
}

interface Shared {
  readonly getters: ReadonlySet<string>;
  readonly setters: ReadonlySet<string>;
  readonly changed: ReadonlySet<string>;
  readonly sites: SiteTable;
  readonly maps: Map<string, () => TraceMap>;
}

function compileModule(
  source: ReadModule,
  sources: ReadonlyMap<string, ReadModule>,
  { getters, setters, changed, sites, maps }: Shared,
): CompiledModule {
  const specifiers = [...source.targets.keys()];
  const { program, scope, free } = source;
  if (!program || !scope || !free) {
    const value = parseJson(source.shown, source.code);
    return { source, specifiers, make: () => value, firstWait: 0 };
  }
  const isModule = source.kind === 'esm';
  const { text, firstWait } = instrument({
    program,
    sites,
    names: {
      scope: withoutGlobals(scope, changed),
      getters: new Set([...getters, ...scope.getters]),
      setters: new Set([...setters, ...scope.setters]),
    },
    module: {
      file: source.shown,
      code: source.code,
      spinLoops: spinLoopsOf(program),
      original: source.original,
    },
    uses: lookedUp(free, changed),
    links: {
      isModule,
      parameters: isModule ? MODULE_PARAMETERS : COMMONJS_PARAMETERS,
      specifiers,
      isLive: (specifier, name) => isLive(source, specifier, name, sources),
    },
  });
  maps.set(
    source.path,
    () => new TraceMap(text.generateMap({ hires: 'boundary', source: source.shown }).toString()),
  );
  return { source, specifiers, make: compileText(source, text.toString()), firstWait };
}

/** Whether the language finds a global by itself, since it is the same for all agents and executions. */
function isFixedGlobal(name: string, changed: ReadonlySet<string>): boolean {
  return name in globalThis && !changed.has(name);
}

/** The uses of globals that belong to an agent: those that the program makes or changes. */
function lookedUp({ globals, sloppyThis }: FreeNames, changed: ReadonlySet<string>): GlobalUses {
  const nodes = [...globals].filter(([node]) => !isFixedGlobal((node as Identifier).name, changed));
  return { globals: new Map(nodes), sloppyThis };
}

/** A global that the program changes is taken for a variable, and not for what its name says. */
function withoutGlobals(scope: ModuleScope, changed: ReadonlySet<string>): ModuleScope {
  const names = [...changed].filter((name) => name in globalThis && !scope.declared.has(name));
  if (names.length === 0) return scope;
  const declared = new Map([...scope.declared, ...names.map((name) => [name, 2] as const)]);
  return { ...scope, declared };
}

function compileText(source: ReadModule, code: string): (...args: unknown[]) => unknown {
  try {
    return compileFunction(code, [...PARAMETERS], {
      filename: SCRIPT + source.path,
    }) as (...args: unknown[]) => unknown;
  } catch (error) {
    const { message, stack = '' } = error as Error;
    const line = Number(new RegExp(`${SCRIPT}[^\\n]*:(\\d+)`).exec(stack)?.[1] ?? 1);
    throw new UsageError(`${source.shown}:${line}: cannot be instrumented: ${message}`);
  }
}

/** Whether an imported name is looked up at each use. */
function isLive(
  source: ReadModule,
  specifier: string,
  name: string,
  sources: ReadonlyMap<string, ReadModule>,
): boolean {
  const target = source.targets.get(specifier) ?? '';
  if (isOutside(target)) return false;
  return reaches(sources, target, source.path) || isLiveExport(sources, target, name);
}

function originalPlace(
  sources: ReadonlyMap<string, ReadModule>,
  maps: ReadonlyMap<string, () => TraceMap>,
  at: { script: string; line: number; column: number },
): string | undefined {
  const path = at.script.slice(SCRIPT.length);
  const source = sources.get(path);
  const map = maps.get(path)?.();
  if (!source || !map) return undefined;
  const found = originalPositionFor(map, { line: at.line, column: Math.max(at.column - 1, 0) });
  if (found.line === null) return undefined;
  const { file, line } = source.original(found.line, found.column);
  return `${file}:${line}`;
}
