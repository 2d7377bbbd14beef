/** Options of commands that are not made from a table. */

import { Option } from 'commander';
import type { Rule } from '../campaign/options/rules.js';
import { parseAs } from './command.js';

export * from '../campaign/options/rules.js';
export { parseAs } from './command.js';

/** What a command line needs of a rule. */
export type Parser<T> = Pick<Rule<T>, 'accepts' | 'parse'>;

/** Default of an option, and how the help shows it when the value itself reads badly. */
export interface Default<T> {
  readonly value: T;
  readonly shown?: string;
}

/**
 * A commander option checked by a parser; its help line ends with what is accepted.
 * @param flags as commander takes them, for instance `--cpus <n>`
 * @param description one phrase
 * @param parser what is accepted
 * @param fallback the default, if there is one
 */
export function option<T>(
  flags: string,
  description: string,
  parser: Parser<T>,
  fallback?: Default<T>,
): Option {
  const made = new Option(flags, `${description}: ${parser.accepts}`);
  const name = made.long ?? flags;
  made.argParser((text: string) => parseAs(name, parser, text));
  return fallback === undefined ? made : made.default(fallback.value, fallback.shown);
}
