/** What an option may be: the one description of each kind of value, for command lines and for programs. */

import { accessSync, constants, statSync } from 'node:fs';
import { join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SITE_COUNT, type SiteId } from '../../memory/sites.js';
import { lookAt, tryFile } from './files.js';

/** What is accepted for an option. */
export interface Rule<T> {
  /** What a command line may give, as it reads after "give" and in the help: "an integer from 1 to 64". */
  readonly accepts: string;
  /** The same for a program, where it differs. */
  readonly acceptsValue?: string;
  /** What is wrong with a value that is not accepted, where `accepts` does not tell; undefined: it does. */
  complaint?(value: unknown): string | undefined;
  /** It takes several items, so that a command line gives it once, with commas. */
  readonly isList?: true;
  /** It is a path that something is written to. */
  readonly isWritten?: true;
  /** The value may contain a password, so no error message shows it. */
  readonly isSecret?: true;
  /**
   * @param text what the user typed
   * @returns the value, or undefined when the text is not accepted
   */
  parse(text: string): T | undefined;
  /**
   * @param value what a program gave
   * @returns the value as it is used, or undefined when it is not accepted
   */
  check(value: unknown): T | undefined;
}

/** Smallest and largest value accepted, both included. */
export interface Range {
  readonly min: number;
  readonly max: number;
}

/** A decimal integer in a range. */
export function integerIn({ min, max }: Range): Rule<number> {
  const check = (value: unknown): number | undefined =>
    Number.isInteger(value) && (value as number) >= min && (value as number) <= max
      ? (value as number)
      : undefined;
  return {
    accepts: `an integer from ${min} to ${max}`,
    parse: (text) => check(/^[+-]?\d+$/.test(text) ? Number(text) : NaN),
    check,
  };
}

/** A decimal number in a range, for instance a probability. */
export function numberIn({ min, max }: Range): Rule<number> {
  const check = (value: unknown): number | undefined =>
    typeof value === 'number' && value >= min && value <= max ? value : undefined;
  return {
    accepts: `a number from ${min} to ${max}`,
    parse: (text) => check(/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : NaN),
    check,
  };
}

const bits32 = integerIn({ min: 0, max: 0xffffffff });

/** A seed: 32 bits, decimal or 0x-hexadecimal. */
export const seed: Rule<number> = {
  accepts: `${bits32.accepts} (or 0x0 to 0xffffffff)`,
  acceptsValue: bits32.accepts,
  parse: (text) => bits32.check(/^(\d+|0x[\da-f]+)$/i.test(text) ? Number(text) : NaN),
  check: (value) => bits32.check(value),
};

const UNIT_MS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 } as const;
/** Longest duration accepted, in ms: a week, well under what a timer can hold. */
const LONGEST_MS = 7 * 24 * UNIT_MS.h;

const milliseconds = integerIn({ min: 1, max: LONGEST_MS });

/** A length of time above zero with its unit, `1500ms`, `60s`, `10m` or `2h`; the value is in milliseconds. */
export const duration: Rule<number> = {
  accepts: 'a time with its unit, up to a week, such as 1500ms, 60s, 10m or 2h',
  acceptsValue: `milliseconds, ${milliseconds.accepts}`,
  parse: (text) => {
    const [, amount, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text) ?? [];
    return milliseconds.check(
      Math.round(Number(amount) * UNIT_MS[(unit ?? 'ms') as keyof typeof UNIT_MS]),
    );
  },
  check: (value) => milliseconds.check(value),
};

/** One of a few words. */
export function choiceOf<T extends string>(choices: readonly T[]): Rule<T> {
  const check = (value: unknown): T | undefined => choices.find((choice) => choice === value);
  return { accepts: `one of ${choices.join(', ')}`, parse: check, check };
}

/** A word that the user chooses, such as a name; not empty. */
export function textOf(accepts: string): Rule<string> {
  const check = (value: unknown): string | undefined =>
    typeof value === 'string' && value !== '' ? value : undefined;
  return { accepts, parse: check, check };
}

function isServerAddress(value: unknown): value is string {
  if (typeof value !== 'string' || !URL.canParse(value)) return false;
  const { protocol, hostname } = new URL(value);
  return (protocol === 'redis:' || protocol === 'rediss:') && hostname !== '';
}

/** Address of a Redis server. */
export const serverAddress: Rule<string> = {
  accepts: 'the address of a Redis server, such as redis://127.0.0.1:6379',
  isSecret: true,
  parse: (text) => (isServerAddress(text) ? text : undefined),
  check: (value) => (isServerAddress(value) ? value : undefined),
};

/** Something that is on when it is given. */
export const flag: Rule<boolean> = {
  accepts: 'nothing more',
  acceptsValue: 'true or false',
  parse: () => undefined,
  check: (value) => (typeof value === 'boolean' ? value : undefined),
};

/** A callback function; only a program can give it. */
export function callback<T extends (...args: never[]) => void>(): Rule<T> {
  const check = (value: unknown): T | undefined =>
    typeof value === 'function' ? (value as T) : undefined;
  return { accepts: 'a function', parse: () => undefined, check };
}

/** An `AbortSignal`; only a program can give it. */
export const abortSignal: Rule<AbortSignal> = {
  accepts: 'an AbortSignal',
  parse: () => undefined,
  check: (value) => (value instanceof AbortSignal ? value : undefined),
};

/** The items of a list as a command line gives them. */
const itemsOf = (text: string): string[] => text.split(',').map((part) => part.trim());

/** Several items: with commas on a command line, an array in a program. At least one unless told otherwise, and none of them twice. */
export function listOf<T>(
  item: Rule<T>,
  accepts = `${item.accepts}, or several with commas`,
  least: 0 | 1 = 1,
) {
  const distinct = (values: readonly (T | undefined)[]): T[] | undefined => {
    const known = values.filter((value) => value !== undefined);
    const isGood = known.length === values.length && new Set(known).size === known.length;
    return isGood && known.length >= least ? known : undefined;
  };
  const parsed = (text: string) => itemsOf(text).map((part) => item.parse(part));
  return {
    accepts,
    isList: true,
    acceptsValue: `an array; each item is ${item.acceptsValue ?? item.accepts}`,
    parse: (text: string): T[] | undefined => distinct(parsed(text)),
    check: (value: unknown): T[] | undefined =>
      Array.isArray(value) ? distinct(value.map((part) => item.check(part))) : undefined,
    complaint: (value: unknown): string | undefined => {
      if (Array.isArray(value))
        return repeatedOf(
          value,
          value.map((part) => item.check(part)),
        );
      return typeof value === 'string' ? repeatedOf(itemsOf(value), parsed(value)) : undefined;
    },
  } satisfies Rule<T[]>;
}

/** Says which of some items, all accepted by themselves, stands there for the second time. */
function repeatedOf(given: readonly unknown[], values: readonly unknown[]): string | undefined {
  if (values.includes(undefined)) return undefined;
  const at = values.findIndex((value, i) => values.indexOf(value) < i);
  return at < 0 ? undefined : `'${String(given[at])}' is given twice`;
}

const siteNumber = integerIn({ min: 1, max: SITE_COUNT });
const parseSite = (text: string): SiteId | undefined =>
  siteNumber.check(Number(/^O-?(\d{1,2})$/i.exec(text)?.[1] ?? 0)) as SiteId | undefined;

const orderingSite: Rule<SiteId> = {
  accepts: `an ordering site from O-01 to O-${SITE_COUNT}`,
  acceptsValue: `an ordering site, 'O-01' to 'O-${SITE_COUNT}' or its number`,
  parse: parseSite,
  check: (value) =>
    typeof value === 'string' ? parseSite(value) : (siteNumber.check(value) as SiteId | undefined),
};

/** Ordering sites with commas, such as `O-04,O-05`. */
export const orderingSites: Rule<SiteId[]> = listOf(
  orderingSite,
  `ordering sites from O-01 to O-${SITE_COUNT} with commas, such as O-04,O-05`,
  0,
);

/** A path that passes a test, also one that says why not by throwing; a program may give a `file:` URL too. */
function pathRule(accepts: string, isGood: (path: string) => boolean): Rule<string> {
  const parse = (text: string): string | undefined => {
    try {
      return text !== '' && isGood(text) ? text : undefined;
    } catch {
      return undefined; // The user gets the same message for every problem with the path.
    }
  };
  const check = (value: unknown): string | undefined => {
    if (value instanceof URL && value.protocol === 'file:') return parse(fileURLToPath(value));
    return typeof value === 'string' ? parse(value) : undefined;
  };
  return { accepts, parse, check };
}

const writtenPath = (accepts: string, isGood: (path: string) => boolean): Rule<string> => ({
  ...pathRule(accepts, isGood),
  isWritten: true,
});

function isReadableFile(path: string): boolean {
  accessSync(path, constants.R_OK);
  return statSync(path).isFile();
}

/** Path of a file that exists and can be read. */
export const existingFile = pathRule(
  'the path of a file that exists and can be read',
  isReadableFile,
);

function isWritableFile(path: string): boolean {
  const found = lookAt(path);
  if (found === undefined) tryFile(path);
  else accessSync(path, constants.W_OK);
  return found?.isDirectory() !== true;
}

/** Path of a file to write: it or its folder exists and can be written. */
export const writableFile = writtenPath('a path that can be written', isWritableFile);

/** Path of a folder that exists. */
export const existingFolder = pathRule(
  'the path of a folder that exists',
  (path) => lookAt(path)?.isDirectory() === true,
);

/** Name of a file that nobody has, to try out whether a folder takes files. */
const TRIAL = `.klp-smp-${process.pid}`;

function isWritableFolder(path: string): boolean {
  if (lookAt(path)?.isDirectory() === false) return false;
  tryFile(join(path, TRIAL), true);
  return true;
}

function isWritablePage(path: string): boolean {
  const found = lookAt(path);
  if (found?.isDirectory() === true || path.endsWith('/') || path.endsWith(sep)) {
    return isWritableFolder(path);
  }
  if (found === undefined) tryFile(path, true);
  else accessSync(path, constants.W_OK);
  return true;
}

/** Path of a page, or of a folder of pages; neither it nor its folder need exist yet. */
export const writablePage = writtenPath(
  'the path of a file or folder that can be written',
  isWritablePage,
);

/** Path of a folder to write into, which need not exist yet. */
export const writableFolder = writtenPath(
  'the path of a folder, which need not exist',
  isWritableFolder,
);
