/** Reading what the user hands over in files; what cannot be read is the user's to correct. */

import { readFileSync } from 'node:fs';
import { UsageError } from '../errors.js';

const reasonOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);

/**
 * Read a text file.
 * @param what what the file is for, for the complaint: `scenario file`
 * @param path the path as the user gave it
 * @returns its text; throws UsageError if it cannot be read
 */
export function readTextFile(what: string, path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new UsageError(`${what} '${path}' cannot be read: ${reasonOf(error)}`, { cause: error });
  }
}

/**
 * Read a JSON file; its shape is the caller's to check.
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
