/** Loads modules of kernel code on a thread with a replacement applied to them. */

import { installHooks } from '../loader-hooks.js';
import { initialize, SYNC_HOOKS, type ReplacedModules } from './replaced-hooks.js';

export type { ReplacedModules } from './replaced-hooks.js';

/** From here on, this thread imports those modules as they are given. Call it before any of them is imported. */
export function loadReplaced(modules: ReplacedModules): void {
  initialize(modules);
  installHooks(SYNC_HOOKS, new URL('./replaced-hooks.js', import.meta.url), modules);
}
