/** The option that changes kernel code, for every use case that takes it. */

import { UsageError } from '../../errors.js';
import { proposalPath } from '../../catalog/proposals.js';
import { existingFile, type Rule } from '../options/rules.js';

/** Option of every use case that can run with changed kernel code. */
export interface Replacing {
  /** File whose exported functions take the place of ported kernel functions of the same names, or `proposal:NAME`. Default none. */
  readonly replace?: string;
}

const fileOrProposal: Rule<string> = {
  accepts: `${existingFile.accepts}, or proposal:NAME`,
  parse: (text) => existingFile.parse(proposalPath(text)),
  check: (value) => existingFile.check(typeof value === 'string' ? proposalPath(value) : value),
};

/** The option of {@link Replacing}. */
export const REPLACE = {
  rule: fileOrProposal,
  about:
    'file whose exported functions replace kernel functions of the same names, or proposal:NAME for one that `proposals` runs',
  flags: '--with <file>',
} as const;

/** `{ replace }`, or nothing when there is no such file. */
export function replacing(replace: string | undefined): Replacing {
  return replace === undefined ? {} : { replace };
}

/** Refuse a file that changes none of the code that is run. */
export function checkEffect(
  what: string,
  replace: string | undefined,
  replaced: readonly string[],
): void {
  if (replace === undefined || replaced.length > 0) return;
  throw new UsageError(`${replace} has no effect: ${what} contains no function that it replaces`);
}
