/** Loads a program as Node itself does: nothing of it is instrumented. */

import { pathToFileURL } from 'node:url';
import { UsageError } from '../../errors.js';
import { installHooks } from '../../loader-hooks.js';
import { isProgram, type Program } from '../program.js';
import { SYNC_HOOKS } from './hooks.js';
import type { NamedProgram } from './messages.js';

/** The program that a file exports under a name. @throws what its modules throw; UsageError when it is not there */
export async function loadNativeProgram({ file, name }: NamedProgram): Promise<Program> {
  // So that this thread finds the package and TypeScript modules as the explorer does.
  installHooks(SYNC_HOOKS, new URL('./hooks.js', import.meta.url));
  const module = (await import(pathToFileURL(file).href)) as Record<string, unknown>;
  for (const [exported, value] of Object.entries(module)) {
    if (isProgram(value) && (value.name ?? exported) === name) return value;
  }
  throw new UsageError(`${file} has no program ${name} when Node itself loads it`);
}
