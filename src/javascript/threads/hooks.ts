/** Hooks for Node's module loader, so that it finds the same modules as the explorer: this package, and TypeScript. */

import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { stripTypes } from '../../explorer/build/typescript.js';
import { hooksFor, type Loaded, type ResolveContext, type Resolved } from '../../loader-hooks.js';
import { OWN_SPECIFIERS } from '../program.js';

const OWN = new URL('../index.js', import.meta.url).href;

/** The place of a module that the explorer finds and Node does not: `x.js` may stand for `x.ts`. */
function typescriptFor(specifier: string, { parentURL }: ResolveContext): Resolved | undefined {
  if (!/^(?:\.{0,2}\/|file:).*\.[cm]?js$/.test(specifier) || parentURL === undefined)
    return undefined;
  const url = new URL(specifier.replace(/js$/, 'ts'), parentURL);
  return existsSync(url) ? { url: url.href, shortCircuit: true } : undefined;
}

/** Loads TypeScript in versions of Node that strip types only on request. */
function stripped(url: string): Loaded | undefined {
  const isTypescript = url.startsWith('file:') && /\.[cm]?ts$/.test(url);
  const { typescript } = process.features as { typescript?: unknown };
  if (!isTypescript || (typescript ?? false) !== false) return undefined;
  const path = fileURLToPath(url);
  const { code } = stripTypes(path, readFileSync(path, 'utf8'));
  const isModule = !path.endsWith('.cts') && /^\s*(?:import|export)\b/m.test(code);
  return { format: isModule ? 'module' : 'commonjs', source: code, shortCircuit: true };
}

const hooks = hooksFor({
  target: (specifier) =>
    OWN_SPECIFIERS.has(specifier) ? { url: OWN, shortCircuit: true } : undefined,
  instead: typescriptFor,
  loaded: stripped,
});

/** The hooks on the thread itself. */
export const SYNC_HOOKS = hooks.sync;
/** The hooks on a thread of hooks. */
export const { resolve, load } = hooks.async;
