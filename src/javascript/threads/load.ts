/** Loads a program as Node itself does: nothing of it is instrumented. */

import * as nodeModule from 'node:module';
import { pathToFileURL } from 'node:url';
import { UsageError } from '../../errors.js';
import { isProgram, type Program } from '../program.js';
import { loadSync, resolveSync } from './hooks.js';
import type { NamedProgram } from './messages.js';

/** Node 22.15 and later run hooks on the same thread. */
interface WithSyncHooks {
  registerHooks?: (hooks: { load: typeof loadSync; resolve: typeof resolveSync }) => void;
}

/** Let this thread find the package and TypeScript modules as the explorer does. */
function installHooks(): void {
  const { registerHooks } = nodeModule as WithSyncHooks;
  if (registerHooks === undefined) nodeModule.register(new URL('./hooks.js', import.meta.url));
  else registerHooks({ load: loadSync, resolve: resolveSync });
}

/** The program that a file exports under a name. @throws what its modules throw; UsageError when it is not there */
export async function loadNativeProgram({ file, name }: NamedProgram): Promise<Program> {
  installHooks();
  const module = (await import(pathToFileURL(file).href)) as Record<string, unknown>;
  for (const [exported, value] of Object.entries(module)) {
    if (isProgram(value) && (value.name ?? exported) === name) return value;
  }
  throw new UsageError(`${file} has no program ${name} when Node itself loads it`);
}
