/** Loads modules of kernel code on a thread as they are with a replacement in force. */

import * as nodeModule from 'node:module';
import { initialize, loadSync, resolveSync, type ReplacedModules } from './replaced-hooks.js';

export type { ReplacedModules } from './replaced-hooks.js';

/** Node 22.15 and later run hooks on the same thread. */
interface WithSyncHooks {
  registerHooks?: (hooks: { load: typeof loadSync; resolve: typeof resolveSync }) => void;
}

/** From here on, this thread imports those modules as they are given. Call it before any of them is imported. */
export function loadReplaced(modules: ReplacedModules): void {
  const { registerHooks } = nodeModule as WithSyncHooks;
  if (registerHooks !== undefined) {
    initialize(modules);
    registerHooks({ load: loadSync, resolve: resolveSync });
    return;
  }
  nodeModule.register(new URL('./replaced-hooks.js', import.meta.url), { data: modules });
}
