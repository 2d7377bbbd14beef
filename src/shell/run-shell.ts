/** Starts a machine with a shell on it, and switches it off again. */

import { readFileSync } from 'node:fs';
import { UsageError } from '../errors.js';
import { asm } from '../kernel/text.js';
import type { ModuleDeclaration, PatchDeclaration } from '../scenario/boot.js';
import { nearestTo } from '../explorer/build/nearest.js';
import { SHELL_FUNCTIONS, TEST_MODULES } from './kernel/modules.js';
import { SYSTEM_FUNCTIONS } from './kernel/system.js';
import { ShellMachine } from './machine.js';
import { ShellSession } from './session.js';
import { ThreadMachine, type ThreadMachineOptions } from './threads.js';

/** How a shell is started. */
export interface ShellOptions extends Omit<ThreadMachineOptions, 'modules'> {
  /** JSON files with livepatches that can be loaded. */
  readonly patches: readonly string[];
  /** Whether errors stand among the output where they happen; default apart. */
  readonly isTogether?: boolean;
  /** Seconds of the machine's time after which a script is given up. */
  readonly giveUp?: number | undefined;
}

/** A livepatch as its file declares it: names of functions of vmlinux, each of which gets a version that returns at once. */
interface PatchFileContents {
  readonly name: string;
  readonly replace?: boolean;
  readonly functions: readonly string[];
}

/**
 * Read a declared livepatch: `{ "name": "fix", "replace": false, "functions": ["vfs_read"] }`.
 *
 * @throws {UsageError} naming the file and what it lacks
 */
function readPatchFile(file: string): ModuleDeclaration {
  let contents: { readonly [K in keyof PatchFileContents]?: unknown };
  try {
    contents = (JSON.parse(readFileSync(file, 'utf8')) ?? {}) as typeof contents;
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    const why = error instanceof Error ? error.message : String(error);
    throw new UsageError(
      isMissing
        ? `--patch: there is no file ${file}`
        : `--patch: ${file} cannot be read as JSON: ${why}`,
    );
  }
  const { name, replace, functions } = contents;
  const isNames = (value: unknown): value is string[] =>
    Array.isArray(value) && value.every((f) => typeof f === 'string');
  if (typeof name !== 'string' || !/^\w+$/.test(name) || !isNames(functions)) {
    throw new UsageError(`--patch: ${file} needs "name" (a word) and "functions" (names)`);
  }
  for (const old of functions) checkFunction(file, old);
  const patch: PatchDeclaration = {
    replace: replace === true,
    objects: [{ funcs: functions.map((old) => ({ oldName: old, newName: `${name}_${old}` })) }],
  };
  return {
    name,
    functions: functions.map((old) => ({ name: `${name}_${old}`, code: [asm.spin(1), asm.ret] })),
    patch,
  };
}

const PATCHABLE: readonly string[] = [...SHELL_FUNCTIONS, ...SYSTEM_FUNCTIONS]
  .filter(({ traceable }) => traceable !== false)
  .map(({ name }) => name)
  .sort();

/** @throws {UsageError} for a function that the machine's kernel does not have, or that cannot be patched */
function checkFunction(file: string, name: string): void {
  if (PATCHABLE.includes(name)) return;
  const nearest = nearestTo(name, PATCHABLE).join(', ');
  throw new UsageError(
    `--patch: ${file}: the kernel has no function '${name}' that can be patched; the nearest are ${nearest}`,
  );
}

/** @throws {UsageError} for a name that another module has: only one of them could be loaded */
function checkNames(names: readonly string[]): void {
  const shipped = TEST_MODULES.map(({ name }) => name);
  for (const [i, name] of names.entries()) {
    if (names.indexOf(name) < i) throw new UsageError(`--patch: two of the files name '${name}'`);
    if (!shipped.includes(name)) continue;
    throw new UsageError(`--patch: the machine has a module '${name}' already; give another name`);
  }
}

/** Start a machine, run a shell on it, and switch it off. */
export async function withShell<R>(
  options: ShellOptions,
  use: (session: ShellSession) => Promise<R>,
): Promise<R> {
  const { patches, isTogether = false, giveUp, ...machine } = options;
  const modules = patches.map(readPatchFile);
  checkNames(modules.map(({ name }) => name));
  const engine = await ThreadMachine.start({ ...machine, modules });
  try {
    return await use(new ShellSession(new ShellMachine(engine), { isTogether, giveUp }));
  } finally {
    await engine.close().catch(() => undefined);
  }
}
