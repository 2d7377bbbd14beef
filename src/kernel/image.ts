/** What is in a module file: functions, and for a livepatch module the patch it brings. */

import type { FunctionSource } from './text.js';

/** A module that can be loaded; immutable, equal on every CPU. */
export interface ModuleImage {
  /** Name id. */
  readonly name: number;
  readonly functions: readonly FunctionSource[];
  /** For a livepatch module, what its init function enables; its form is livepatch's business. */
  readonly patch?: unknown;
  /** Numbers of `KernelContext.moduleFns`; left out: none. A livepatch's own init comes before klp_enable_patch(). */
  readonly init?: number;
  readonly exit?: number;
}
