/** Finds the litmus files that a path stands for. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { UsageError } from '../../errors.js';
import { lookAt } from '../options/files.js';

/** A folder with its litmus files, or one file. */
export interface LitmusFiles {
  readonly isFolder: boolean;
  /** Paths, in order of their names. */
  readonly files: readonly string[];
}

function namesUnder(path: string): string[] {
  try {
    return readdirSync(path, { recursive: true, encoding: 'utf8' });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new UsageError(`'${path}' cannot be read: ${why}`, { cause: error });
  }
}

/** The litmus files at `path`: itself, or all `*.litmus` under it.
 * @throws UsageError if there is no such path, or no litmus file under it */
export function findLitmusFiles(path: string): LitmusFiles {
  const found = lookAt(path);
  if (found === undefined) {
    throw new UsageError(`'${path}' does not exist: give a litmus file or a folder of them`);
  }
  if (!found.isDirectory()) return { isFolder: false, files: [path] };
  const files = namesUnder(path)
    .filter((name) => name.endsWith('.litmus'))
    .sort()
    .map((name) => join(path, name));
  if (files.length === 0) {
    throw new UsageError(
      `no file under '${path}' is named *.litmus: give a folder of litmus tests`,
    );
  }
  return { isFolder: true, files };
}
