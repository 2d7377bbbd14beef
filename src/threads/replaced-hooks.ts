/** Hooks of Node's module loader: hand out changed sources, and find the package under its own name. */

/** Sources of modules by URL, and the URL of the file that replaces kernel functions. */
export interface ReplacedModules {
  readonly with: string;
  readonly sources: Readonly<Record<string, string>>;
}

const OWN = new URL('../', import.meta.url).href;
const PACKAGE = 'klp-smp';
const VIRTUAL = `${PACKAGE}:`;

/** What the thread was given: hooks have no object of their own. */
const given = { modules: { with: '', sources: {} } as ReplacedModules };

interface Loaded {
  readonly format: string;
  readonly source?: unknown;
  readonly shortCircuit?: boolean;
}
interface Resolved {
  readonly url: string;
  readonly shortCircuit?: boolean;
}

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

/** The `load` hook on the thread itself. */
export function loadSync(
  url: string,
  context: object,
  next: (url: string, context: object) => Loaded,
): Loaded {
  return replaced(url) ?? next(url, context);
}

/** The `resolve` hook on the thread itself. */
export function resolveSync(
  specifier: string,
  context: object,
  next: (specifier: string, context: object) => Resolved,
): Resolved {
  return target(specifier) ?? next(specifier, context);
}

/** The `load` hook on a thread of hooks. */
export async function load(
  url: string,
  context: object,
  next: (url: string, context: object) => Promise<Loaded>,
): Promise<Loaded> {
  return replaced(url) ?? next(url, context);
}

/** The `resolve` hook on a thread of hooks. */
export async function resolve(
  specifier: string,
  context: object,
  next: (specifier: string, context: object) => Promise<Resolved>,
): Promise<Resolved> {
  return target(specifier) ?? next(specifier, context);
}
