/** Colours by grade, where standard output is a terminal that has them. */

import { stripVTControlCharacters } from 'node:util';
import type { Grade } from '../scenario/declare.js';

const CODES: Readonly<Record<Grade, string>> = {
  forbidden: '1;31',
  interesting: '33',
  acceptable: '32',
};

/** What decides: the environment, and whether the output is a terminal. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly isTTY: boolean;
}

/**
 * Whether there are to be colours: FORCE_COLOR decides where it is set (0 and false: none), then NO_COLOR where it is not empty, then
 * whether the output is a terminal that can.
 */
export function hasColours({ env, isTTY }: Surroundings): boolean {
  const forced = env['FORCE_COLOR'];
  if (forced !== undefined) return forced !== '0' && forced !== 'false';
  if ((env['NO_COLOR'] ?? '') !== '') return false;
  return isTTY && env['TERM'] !== 'dumb';
}

/** Colour a text by a grade. */
export function paint(
  grade: Grade,
  text: string,
  around: Surroundings = { env: process.env, isTTY: process.stdout.isTTY },
): string {
  return hasColours(around) ? `\u001b[${CODES[grade]}m${text}\u001b[0m` : text;
}

/** A text padded to a width, whatever colours are in it. */
export function padded(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - stripVTControlCharacters(text).length));
}
