/** Hooks of Node's module loader, for the thread that imports and for a thread of hooks. */

import * as nodeModule from 'node:module';

/** A module that was loaded: its format, and its text. */
export interface Loaded {
  readonly format: string;
  readonly source?: unknown;
  readonly shortCircuit?: boolean;
}
/** Where a module is. */
export interface Resolved {
  readonly url: string;
  readonly shortCircuit?: boolean;
}
/** What is asked of a `resolve` hook besides the specifier. */
export interface ResolveContext {
  readonly parentURL?: string;
}

/** What is different from what Node does by itself; undefined: nothing. */
export interface LoaderChanges {
  /** Where a module is, whatever Node knows of it. */
  readonly target: (specifier: string) => Resolved | undefined;
  /** Where a module is that Node does not find. */
  readonly instead?: (specifier: string, context: ResolveContext) => Resolved | undefined;
  /** The module at a URL. */
  readonly loaded: (url: string) => Loaded | undefined;
}

type NextResolve<R> = (specifier: string, context: object) => R;
type NextLoad<R> = (url: string, context: object) => R;

/** Hooks that run on the thread that imports. */
export interface SyncHooks {
  readonly resolve: (s: string, context: ResolveContext, next: NextResolve<Resolved>) => Resolved;
  readonly load: (url: string, context: object, next: NextLoad<Loaded>) => Loaded;
}
/** Hooks that run on a thread of their own. */
export interface AsyncHooks {
  readonly resolve: (
    specifier: string,
    context: ResolveContext,
    next: NextResolve<Promise<Resolved>>,
  ) => Promise<Resolved>;
  readonly load: (url: string, context: object, next: NextLoad<Promise<Loaded>>) => Promise<Loaded>;
}

/** Make both kinds of hooks. */
export function hooksFor(changes: LoaderChanges): { sync: SyncHooks; async: AsyncHooks } {
  const { target, loaded } = changes;
  const instead = (error: unknown, specifier: string, context: ResolveContext): Resolved => {
    const found = changes.instead?.(specifier, context);
    if (found === undefined) throw error;
    return found;
  };
  return {
    sync: {
      resolve(specifier, context, next) {
        try {
          return target(specifier) ?? next(specifier, context);
        } catch (error) {
          return instead(error, specifier, context);
        }
      },
      load: (url, context, next) => loaded(url) ?? next(url, context),
    },
    async: {
      async resolve(specifier, context, next) {
        try {
          return target(specifier) ?? (await next(specifier, context));
        } catch (error) {
          return instead(error, specifier, context);
        }
      },
      load: async (url, context, next) => loaded(url) ?? next(url, context),
    },
  };
}

/** Node 22.15 and later run hooks on the same thread. */
interface WithSyncHooks {
  registerHooks?: (hooks: SyncHooks) => void;
}

/**
 * From here on, this thread imports through hooks.
 *
 * @param file module that exports the hooks of a thread of hooks, and `initialize` where it wants to be given something
 * @param data what it is given
 */
export function installHooks(sync: SyncHooks, file: URL, data?: unknown): void {
  const { registerHooks } = nodeModule as WithSyncHooks;
  if (registerHooks === undefined) nodeModule.register(file, { data });
  else registerHooks(sync);
}
