/** Where in a user's own code something went wrong. */

import { dirname, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inspect } from 'node:util';

/** Root of the package. Its own sources are never reported as the place of a user's mistake. */
const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '../../../..');
const OURS = [`${ROOT}${sep}src${sep}`, `${ROOT}${sep}dist${sep}src${sep}`];

const FRAME = /^\s*at (?:.*? \()?(?:file:\/\/)?(\/.*|[A-Za-z]:.*?):(\d+):\d+\)?$/;

const isUsers = (file: string): boolean =>
  !OURS.some((room) => file.startsWith(room)) && !file.includes(`${sep}node_modules${sep}`);

/** File and line of the innermost frame that is the user's, `file:12`; undefined when there is none. */
export function placeOf(error: unknown): string | undefined {
  const { stack = '' } = (error ?? {}) as { stack?: string };
  for (const line of stack.split('\n')) {
    const [, file = '', at = ''] = FRAME.exec(line) ?? [];
    if (file !== '' && isUsers(file)) return `${file}:${at}`;
  }
  return undefined;
}

/** The innermost frame of all, for errors in code of our own. */
export function innermost(error: unknown): string | undefined {
  const { stack = '' } = (error ?? {}) as { stack?: string };
  for (const line of stack.split('\n')) {
    const [, file = '', at = ''] = FRAME.exec(line) ?? [];
    if (file !== '') return `${file}:${at}`;
  }
  return undefined;
}

/** An error in one line: what it says, without its stack. */
export function lineOf(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : inspect(error);
}

/**
 * What the user's code did wrong on another thread, with its place; undefined when none of it was executing. An error
 * that comes from there has lost its class.
 */
export function mistakeIn(error: unknown): string | undefined {
  const place = placeOf(error);
  if (place === undefined || !(error instanceof Error)) return undefined;
  const what = error.name === 'Error' ? error.message : `its code throws: ${lineOf(error)}`;
  return `${what} (${place})`;
}
