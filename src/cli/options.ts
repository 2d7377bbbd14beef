/** Validated command-line options: each parser takes the text, and throws a UsageError naming it and what is accepted. */

import { accessSync, constants, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { Option } from 'commander';
import { UsageError } from '../errors.js';
import { SITE_COUNT, type SiteId } from '../memory/sites.js';

/** Turns the text of an option or argument into its value. */
export interface Parser<T> {
  /** What is accepted, as it reads after "give" and in the help: "an integer from 1 to 64". */
  readonly accepts: string;
  /**
   * @param text what the user typed
   * @returns the value, or undefined when the text is not accepted
   */
  parse(text: string): T | undefined;
}

/** Apply a parser to what was given for `what` (an option's long flag or an argument's name). Throws UsageError. */
export function parseAs<T>(what: string, parser: Parser<T>, text: string): T {
  const value = parser.parse(text);
  if (value === undefined) {
    throw new UsageError(`${what}: '${text}' is not accepted; give ${parser.accepts}`);
  }
  return value;
}

/** Smallest and largest value accepted, both included. */
export interface Range {
  readonly min: number;
  readonly max: number;
}

/** A decimal integer in a range. */
export function integerIn({ min, max }: Range): Parser<number> {
  return {
    accepts: `an integer from ${min} to ${max}`,
    parse: (text) => {
      const value = /^[+-]?\d+$/.test(text) ? Number(text) : NaN;
      return value >= min && value <= max ? value : undefined;
    },
  };
}

/** A decimal number in a range, for instance a probability. */
export function numberIn({ min, max }: Range): Parser<number> {
  return {
    accepts: `a number from ${min} to ${max}`,
    parse: (text) => {
      const value = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : NaN;
      return value >= min && value <= max ? value : undefined;
    },
  };
}

/** A seed: 32 bits, decimal or 0x-hexadecimal. */
export const seed: Parser<number> = {
  accepts: 'an integer from 0 to 4294967295 (or 0x0 to 0xffffffff)',
  parse: (text) => {
    const value = /^(\d+|0x[\da-f]+)$/i.test(text) ? Number(text) : NaN;
    return value <= 0xffffffff ? value : undefined;
  },
};

const UNIT_MS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 } as const;
/** Longest duration accepted, in ms: a week, well under what a timer can hold. */
export const LONGEST_MS = 7 * 24 * UNIT_MS.h;

/** A length of time above zero with its unit, `1500ms`, `60s`, `10m` or `2h`; the value is in milliseconds. */
export const duration: Parser<number> = {
  accepts: 'a time with its unit, up to a week, such as 1500ms, 60s, 10m or 2h',
  parse: (text) => {
    const [, amount, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text) ?? [];
    const ms = Math.round(Number(amount) * UNIT_MS[(unit ?? 'ms') as keyof typeof UNIT_MS]);
    return ms >= 1 && ms <= LONGEST_MS ? ms : undefined;
  },
};

/** One of a few words. */
export function choiceOf<T extends string>(choices: readonly T[]): Parser<T> {
  return {
    accepts: `one of ${choices.join(', ')}`,
    parse: (text) => choices.find((choice) => choice === text),
  };
}

/** Comma-separated items, at least one; a repeated item counts once. */
export function listOf<T>(item: Parser<T>, accepts = `${item.accepts}, or several with commas`) {
  return {
    accepts,
    parse: (text: string): T[] | undefined => {
      const values = text.split(',').map((part) => item.parse(part.trim()));
      return values.every((value) => value !== undefined) ? [...new Set(values)] : undefined;
    },
  } satisfies Parser<T[]>;
}

const orderingSite: Parser<SiteId> = {
  accepts: `an ordering site from O-01 to O-${SITE_COUNT}`,
  parse: (text) => {
    const n = Number(/^O-?(\d{1,2})$/i.exec(text)?.[1] ?? 0);
    return n >= 1 && n <= SITE_COUNT ? (n as SiteId) : undefined;
  },
};

/** Ordering sites with commas, such as `O-04,O-05`. */
export const orderingSites: Parser<SiteId[]> = listOf(
  orderingSite,
  `ordering sites from O-01 to O-${SITE_COUNT} with commas, such as O-04,O-05`,
);

function isReadableFile(path: string): boolean {
  try {
    accessSync(path, constants.R_OK);
    return statSync(path).isFile();
  } catch {
    return false; // Whatever is wrong with the path, the user hears the same: it names no readable file.
  }
}

/** Path of a file that exists and can be read. */
export const existingFile: Parser<string> = {
  accepts: 'the path of a file that exists and can be read',
  parse: (text) => (isReadableFile(text) ? text : undefined),
};

/** Path of a folder that exists. */
export const existingFolder: Parser<string> = {
  accepts: 'the path of a folder that exists',
  parse: (text) =>
    statSync(text, { throwIfNoEntry: false })?.isDirectory() === true ? text : undefined,
};

function isWritableFile(path: string): boolean {
  try {
    const found = statSync(path, { throwIfNoEntry: false });
    accessSync(found === undefined ? dirname(path) : path, constants.W_OK);
    return found?.isDirectory() !== true;
  } catch {
    return false;
  }
}

/** Path of a file to write: it or its folder exists and can be written. */
export const writableFile: Parser<string> = {
  accepts: 'a path that can be written',
  parse: (text) => (text !== '' && isWritableFile(text) ? text : undefined),
};

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

/** The `--seed` that every command with randomness has; 1 by default. */
export const seedOption = (): Option =>
  option('--seed <n>', 'seed of every random choice', seed, { value: 1 });

/** The `--json` that every command has. */
export const jsonOption = (): Option =>
  new Option('--json', 'print one JSON document instead of text').default(false);
