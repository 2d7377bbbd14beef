/** Reads and writes files for the user. A file that cannot be read or written is a usage error. */

import {
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
  type Stats,
} from 'node:fs';
import { dirname, resolve } from 'node:path';
import { UsageError } from '../../errors.js';

const reasonOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);

/**
 * Read a text file.
 * @param what what the file is for, for the complaint: `scenario file`
 * @param path the path as the user gave it
 * @throws UsageError if it cannot be read
 */
export function readTextFile(what: string, path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new UsageError(`${what} '${path}' cannot be read: ${reasonOf(error)}`, { cause: error });
  }
}

/**
 * Read a JSON file. The caller checks its shape.
 * @param what what the file is for
 * @param path the path as the user gave it
 * @returns the parsed value; throws UsageError if it cannot be read or is not JSON
 */
export function readJsonFile(what: string, path: string): unknown {
  const text = readTextFile(what, path);
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new UsageError(`${what} '${path}' is not JSON: ${reasonOf(error)}`, { cause: error });
  }
}

/**
 * Write a file that the user asked for.
 * @param what what the file is for: `report`
 * @throws UsageError if it cannot be written
 */
export function writeTextFile(what: string, path: string, text: string): void {
  try {
    writeFileSync(path, text);
  } catch (error) {
    throw unwritable(what, path, error);
  }
}

/**
 * Write a file so that a reader, also after a crash, finds either the whole old file or the whole new one.
 * @throws UsageError if it cannot be written
 */
export function replaceFile(what: string, path: string, text: string | Uint8Array): void {
  const partial = `${path}.partial`;
  try {
    if (statSync(path, { throwIfNoEntry: false })?.isFile() === false) {
      writeFileSync(path, text); // A device or a pipe is written to, not replaced.
      return;
    }
    writeFileSync(partial, text);
    renameSync(partial, path);
  } catch (error) {
    rmSync(partial, { force: true });
    throw unwritable(what, path, error);
  }
}

/**
 * What is at a path; undefined if there is nothing, or if one of its parent folders is a file.
 * @throws UsageError if it cannot be looked at: a folder on the way is locked, links go round, the name is too long
 */
export function lookAt(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch (error) {
    // `throwIfNoEntry` does not cover this error.
    if ((error as NodeJS.ErrnoException).code === 'ENOTDIR') return undefined;
    throw new UsageError(`'${path}' cannot be read: ${reasonOf(error)}`, { cause: error });
  }
}

/** The folders on the way to a path that are not there yet, the outermost first. */
function missingFolders(path: string): string[] {
  const missing: string[] = [];
  for (let folder = resolve(path); lookAt(folder) === undefined; folder = dirname(folder)) {
    missing.unshift(folder);
  }
  return missing;
}

/**
 * Whether a file that is not there could be written, tried out: permissions do not tell, for a file system may take no files, and
 * an administrator may write everywhere else. Nothing is left behind.
 * @throws what the file system says, when it could not be
 */
export function tryFile(path: string, makesFolders = false): void {
  const made: string[] = [];
  try {
    for (const folder of makesFolders ? missingFolders(dirname(path)) : []) {
      mkdirSync(folder);
      made.unshift(folder);
    }
    closeSync(openSync(path, 'a'));
    // A link that leads nowhere yet stays: only what it leads to was made.
    rmSync(realpathSync(path));
  } finally {
    for (const folder of made) rmdirSync(folder);
  }
}

/**
 * Write several files. One that cannot be written keeps none of the others from being written.
 * @throws UsageError that names all that could not be
 */
export async function writeAll(writes: readonly (() => unknown)[]): Promise<void> {
  const failures: UsageError[] = [];
  for (const write of writes) {
    try {
      await write();
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      failures.push(error);
    }
  }
  const [first, ...more] = failures;
  if (first === undefined) return;
  if (more.length === 0) throw first;
  throw new UsageError(failures.map(({ message }) => message).join('; '), { cause: first });
}

/**
 * Create a folder and its parent folders.
 * @throws UsageError if that cannot be, for instance because a file has this path
 */
export function makeFolder(what: string, path: string): void {
  try {
    // One by one: with `recursive`, Node tries for ever on a file system that takes no folders.
    for (const folder of missingFolders(path)) mkdirSync(folder);
    if (!statSync(path).isDirectory()) throw new Error('it is no folder');
  } catch (error) {
    throw unwritable(what, path, error);
  }
}

const unwritable = (what: string, path: string, error: unknown): UsageError =>
  new UsageError(`${what} '${path}' cannot be written: ${reasonOf(error)}`, { cause: error });
