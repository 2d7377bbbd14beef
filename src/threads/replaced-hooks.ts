/** Hooks of Node's module loader: hand out changed sources, and find the package under its own name. */

import { hooksFor, type Loaded, type Resolved } from '../loader-hooks.js';

/** Sources of modules by URL, and the URL of the file that replaces kernel functions. */
export interface ReplacedModules {
  readonly with: string;
  readonly sources: Readonly<Record<string, string>>;
}

const OWN = new URL('../', import.meta.url).href;
const PACKAGE = 'klp-smp';
const VIRTUAL = `${PACKAGE}:`;

/** What the thread was given; a module variable, since hooks have no object. */
const given = { modules: { with: '', sources: {} } as ReplacedModules };

/** Take over what the thread was given. */
export function initialize(data: ReplacedModules): void {
  given.modules = data;
}

function replaced(url: string): Loaded | undefined {
  const source = given.modules.sources[url];
  return source === undefined ? undefined : { format: 'module', source, shortCircuit: true };
}

function target(specifier: string): Resolved | undefined {
  if (specifier === PACKAGE) return { url: `${OWN}index.js`, shortCircuit: true };
  if (specifier === `${VIRTUAL}with`) return { url: given.modules.with, shortCircuit: true };
  if (!specifier.startsWith(VIRTUAL)) return undefined;
  return { url: OWN + specifier.slice(VIRTUAL.length), shortCircuit: true };
}

const hooks = hooksFor({ target, loaded: replaced });

/** The hooks on the thread itself. */
export const SYNC_HOOKS = hooks.sync;
/** The hooks on a thread of hooks. */
export const { resolve, load } = hooks.async;
