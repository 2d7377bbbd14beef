/**
 * What the instrumentation knows while it walks through a module: the text, and the functions around the current place.
 */

import type { AnyNode, Class, Identifier } from 'acorn';
import type MagicString from 'magic-string';
import { UsageError } from '../../errors.js';
import type { Names, Needs } from './needs.js';
import type { SiteTable } from './sites.js';

/** Prefix of every name that the instrumentation adds; rejected in sources. */
export const OWN = '$$';
/** The runtime, as instrumented code sees it. */
export const RUNTIME = `${OWN}k`;
/** Keys: of the resumable form of a function, of a constructor's, and of what is known of a view of shared memory. */
export const KEY_CALL = `${OWN}G`;
export const KEY_NEW = `${OWN}N`;
export const KEY_VIEW = `${OWN}V`;

/** How `this` is to be understood. */
export type FunctionKind = 'module' | 'function' | 'method' | 'arrow' | 'constructor';

/** The state of the walk through one function. */
export interface FunctionState {
  readonly kind: FunctionKind;
  /** Whether `yield` can be written here. */
  readonly resumable: boolean;
  readonly isAsync: boolean;
  readonly isGenerator: boolean;
  /** For stories. */
  readonly name: string;
  readonly outer: FunctionState | undefined;
  /** Temporaries in use, and the most at any time. */
  live: number;
  most: number;
  /** Constants that arrows within need. */
  sharesThis: boolean;
  sharesArguments: boolean;
  /** Position from which a constructor has what `this` stands for. Before it, `super()` may not have been called. */
  readonly boundFrom: number;
  /** The walk is in parameters that stay where they are. */
  isInParameters: boolean;
  /** Declarations of a body without braces. */
  hoisted: string;
}

/** The current file. */
export interface ModuleText {
  /** The path as people see it. */
  readonly file: string;
  readonly code: string;
  /** Positions of loops that only read shared memory. */
  readonly spinLoops: readonly (readonly [from: number, to: number])[];
  /** Line that a position of the code has in the user's own source, and column from 0. */
  readonly original: (
    line: number,
    column: number,
  ) => { file: string; line: number; column: number };
}

/** Uses of what belongs to an agent's global object. */
export interface GlobalUses {
  /** Names of globals that the program makes or changes, each with whether strict code mentions it. */
  readonly globals: ReadonlyMap<AnyNode, boolean>;
  /** Each `this` that is the global object where a function is called without one. */
  readonly sloppyThis: ReadonlySet<AnyNode>;
}

/** What is known of a module before the walk. */
type ContextFacts = Pick<Context, 'module' | 'names' | 'needs' | 'sites' | 'uses' | 'inferred'>;

/** Shared by all parts of the instrumentation of one module. */
export class Context {
  readonly text: MagicString;
  readonly module: ModuleText;
  readonly names: Names;
  readonly needs: Needs;
  readonly sites: SiteTable;
  readonly uses: GlobalUses;
  /** Names that functions and classes get from their place. */
  readonly inferred: ReadonlyMap<AnyNode, string>;
  fn: FunctionState;
  /** Calls to be made at the beginning of the innermost block. */
  hoisted: string[] = [];
  /** Site of the first `await` at the top of the module; 0 for none. */
  firstWait = 0;
  #counter = 0;

  constructor(text: MagicString, facts: ContextFacts, fn: FunctionState) {
    this.text = text;
    this.module = facts.module;
    this.names = facts.names;
    this.needs = facts.needs;
    this.sites = facts.sites;
    this.uses = facts.uses;
    this.inferred = facts.inferred;
    this.fn = fn;
  }

  before(node: AnyNode, text: string): void {
    this.text.prependRight(node.start, text);
  }

  after(node: AnyNode, text: string): void {
    this.text.appendLeft(node.end, text);
  }

  /** Replace the text between two nodes with `text`. */
  replace(from: number, to: number, text: string): void {
    if (from === to) this.text.prependRight(from, text);
    else this.text.update(from, to, text);
  }

  /** Replace the text between the ends of two nodes with `text`. */
  replaceEnd(inner: AnyNode, outer: AnyNode, text: string): void {
    if (inner.end === outer.end) this.text.appendLeft(inner.end, text);
    else this.text.update(inner.end, outer.end, text);
  }

  /** A name that is looked up in the agent's global object, as a target; undefined for any other name. */
  globalTarget(node: Identifier): string | undefined {
    const isStrict = this.uses.globals.get(node);
    if (isStrict === undefined) return undefined;
    return `${RUNTIME}.${isStrict ? 'strictGlobals' : 'globals'}.${node.name}`;
  }

  slice(node: AnyNode): string {
    return this.module.code.slice(node.start, node.end);
  }

  /** A name that occurs nowhere else in the module. */
  unique(what: string): string {
    return `${OWN}${what}${++this.#counter}`;
  }

  /** Use `count` temporaries while `use` runs. */
  temporaries(count: number, use: (...names: string[]) => void): void {
    const { fn } = this;
    const names = Array.from({ length: count }, (_, i) => `${OWN}${fn.live + i}`);
    fn.live += count;
    fn.most = Math.max(fn.most, fn.live);
    use(...names);
    fn.live -= count;
  }

  /** Whether `this` is what a constructor makes. */
  isInConstructor(): boolean {
    let { fn } = this;
    while (fn.kind === 'arrow' && fn.outer) fn = fn.outer;
    return fn.kind === 'constructor';
  }

  /** By constructors of classes that extend another, {@link FunctionState.boundFrom}. */
  readonly bound = new Map<AnyNode, number>();

  /** Where the text of a method begins, by its function. */
  readonly methods = new Map<AnyNode, number>();

  /** A mark for the text of a function or class. Those around it are marked before it. */
  mark(node: AnyNode | Class): string {
    const from = this.methods.get(node as AnyNode) ?? node.start;
    return this.sites.markText(this.module.code, from, node.end);
  }

  /** Number of a new site at a node. */
  site(node: AnyNode, operation: string, shown: AnyNode = node): number {
    const start = node.loc?.start ?? { line: 1, column: 0 };
    const number = this.sites.add({
      ...this.module.original(start.line, start.column),
      inside: namedFunction(this.fn),
      text: this.slice(shown),
      operation,
      ...(this.module.spinLoops.some(([from, to]) => from <= node.start && node.end <= to)
        ? { spins: true }
        : {}),
    });
    if (operation === 'await' && this.fn.kind === 'module') this.firstWait ||= number;
    return number;
  }

  /** An error about a node. It names the user's file and line. */
  rejection(node: AnyNode, what: string): UsageError {
    const start = node.loc?.start ?? { line: 1, column: 0 };
    const { file, line } = this.module.original(start.line, start.column);
    return new UsageError(`${file}:${line}: ${what}`);
  }
}

function namedFunction(fn: FunctionState): string {
  for (let state: FunctionState | undefined = fn; state; state = state.outer) {
    if (state.name !== '') return state.name;
  }
  return '';
}

/** A new function state. */
export function functionState(
  given: Pick<FunctionState, 'kind' | 'resumable' | 'name' | 'outer'> &
    Partial<Pick<FunctionState, 'isAsync' | 'isGenerator' | 'boundFrom'>>,
): FunctionState {
  return {
    isAsync: false,
    isGenerator: false,
    boundFrom: 0,
    ...given,
    live: 0,
    most: 0,
    sharesThis: false,
    sharesArguments: false,
    isInParameters: false,
    hoisted: '',
  };
}
