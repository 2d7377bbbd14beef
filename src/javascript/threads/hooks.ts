/** Hooks of Node's module loader, so that it finds what the explorer finds: this package, and TypeScript. */

import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { stripTypes } from '../../explorer/build/typescript.js';
import { OWN_SPECIFIERS } from '../program.js';

interface Loaded {
  readonly format: string;
  readonly source?: unknown;
  readonly shortCircuit?: boolean;
}
interface Resolved {
  readonly url: string;
  readonly shortCircuit?: boolean;
}
/** What is asked of a `resolve` hook besides the specifier. */
export interface ResolveContext {
  readonly parentURL?: string;
}

const OWN = new URL('../index.js', import.meta.url).href;

/** Where the explorer finds a module that Node does not: `x.js` may stand for `x.ts`. */
function typescriptFor(specifier: string, { parentURL }: ResolveContext): Resolved | undefined {
  if (!/^(?:\.{0,2}\/|file:).*\.[cm]?js$/.test(specifier) || parentURL === undefined)
    return undefined;
  const url = new URL(specifier.replace(/js$/, 'ts'), parentURL);
  return existsSync(url) ? { url: url.href, shortCircuit: true } : undefined;
}

/** TypeScript for a Node that strips types only when it is asked to. */
function stripped(url: string): Loaded | undefined {
  const isTypescript = url.startsWith('file:') && /\.[cm]?ts$/.test(url);
  const { typescript } = process.features as { typescript?: unknown };
  if (!isTypescript || (typescript ?? false) !== false) return undefined;
  const path = fileURLToPath(url);
  const { code } = stripTypes(path, readFileSync(path, 'utf8'));
  const isModule = !path.endsWith('.cts') && /^\s*(?:import|export)\b/m.test(code);
  return { format: isModule ? 'module' : 'commonjs', source: code, shortCircuit: true };
}

/** The `resolve` hook on the thread itself. */
export function resolveSync(
  specifier: string,
  context: ResolveContext,
  next: (specifier: string, context: object) => Resolved,
): Resolved {
  if (OWN_SPECIFIERS.has(specifier)) return { url: OWN, shortCircuit: true };
  try {
    return next(specifier, context);
  } catch (error) {
    const found = typescriptFor(specifier, context);
    if (found === undefined) throw error;
    return found;
  }
}

/** The `load` hook on the thread itself. */
export function loadSync(
  url: string,
  context: object,
  next: (url: string, context: object) => Loaded,
): Loaded {
  return stripped(url) ?? next(url, context);
}

/** The `resolve` hook on a thread of hooks. */
export async function resolve(
  specifier: string,
  context: ResolveContext,
  next: (specifier: string, context: object) => Promise<Resolved>,
): Promise<Resolved> {
  if (OWN_SPECIFIERS.has(specifier)) return { url: OWN, shortCircuit: true };
  try {
    return await next(specifier, context);
  } catch (error) {
    const found = typescriptFor(specifier, context);
    if (found === undefined) throw error;
    return found;
  }
}

/** The `load` hook on a thread of hooks. */
export async function load(
  url: string,
  context: object,
  next: (url: string, context: object) => Promise<Loaded>,
): Promise<Loaded> {
  return stripped(url) ?? next(url, context);
}
