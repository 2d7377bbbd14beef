/** Options as a declared table: the values, the default and the dependencies of each. Checked only here. */

import { resolve } from 'node:path';
import leven from 'leven';
import { UsageError } from '../../errors.js';
import { isOwnWorker } from '../../threads/own-worker.js';
import { lookAt } from './files.js';
import type { Rule } from './rules.js';

/** One option. */
export interface OptionSpec<T> {
  readonly rule: Rule<T>;
  /** One phrase for the help. */
  readonly about: string;
  /** Value when it is left out. */
  readonly fallback?: T;
  /** How the help shows the default where the value itself reads badly, or where there is none. */
  readonly shown?: string;
  /** What a command line calls it, for instance `--budget <time>`. Left out: its name with hyphens. */
  readonly flags?: string;
  /** Value of the option when a command line gives none; `flags` then shows the value as `[value]`. */
  readonly preset?: string;
  /** It has no effect unless each of these other options has one of the values, or is `given`. */
  readonly needs?: Readonly<Record<string, readonly unknown[] | 'given'>>;
  /** It has no effect beside these others. */
  readonly not?: readonly string[];
  /** Of all other options, only these have an effect beside it. */
  readonly only?: readonly string[];
  /** The help does not show it. */
  readonly hidden?: true;
  /** Only a program can give it, not a command line. */
  readonly inProgram?: true;
  /** It must be given. */
  readonly required?: boolean;
}

/** The options of a use case: one entry for each member of `O`. */
export type OptionTable<O> = {
  readonly [K in keyof O]-?: OptionSpec<NonNullable<O[K]>>;
};

/** Any table. */
export type AnyTable = Readonly<Record<string, OptionSpec<unknown>>>;

/** Members of `O` for which the table has a default. */
type Defaulted<O, T> = {
  [K in keyof O & keyof T]: T[K] extends { readonly fallback: unknown } ? K : never;
}[keyof O & keyof T];

/** Options with every default filled in. */
export type Filled<O, T> = Omit<O, Defaulted<O, T>> & {
  readonly [K in Defaulted<O, T>]-?: NonNullable<O[K]>;
};

/** A complaint about one option, which a command line calls differently. */
export class OptionError extends UsageError {
  readonly key: string;
  readonly complaint: string;

  /**
   * @param of the function that was called
   * @param key the option
   * @param complaint what is wrong with it, as it reads after its name
   */
  constructor(of: string, key: string, complaint: string) {
    super(`${of}: ${key} ${complaint}`);
    this.key = key;
    this.complaint = complaint;
  }
}

/** How an error message names an option and shows its value. */
export interface Naming {
  /** Name of the option, for instance `--depth`. */
  name(key: string): string;
  /** What every complaint begins with. */
  readonly prefix?: string;
  /** Whether values are those of a program. */
  readonly isProgram: boolean;
}

const show = (value: unknown): string => {
  if (typeof value === 'string') return `'${value}'`;
  if (typeof value === 'function') return 'a function';
  if (Array.isArray(value)) return `[${value.map(show).join(', ')}]`;
  return typeof value === 'object' && value !== null ? 'an object' : String(value);
};

/** The most similar of some words, if it is similar enough to be a likely typing error. */
function nearest(word: string, known: readonly string[]): string | undefined {
  const [best] = known
    .map((name) => ({ name, distance: leven(word.toLowerCase(), name.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance);
  return best !== undefined && best.distance <= Math.max(2, word.length / 2)
    ? best.name
    : undefined;
}

/**
 * Check the options that a program gives, and fill in the defaults.
 *
 * @param of the function's name, for complaints
 * @throws UsageError naming the option, what it was and what is accepted; also for options that have no effect beside the others
 */
export function checkOptions<O extends object, const T extends OptionTable<O>>(
  of: string,
  given: O,
  table: T,
): Filled<O, T> {
  const all: AnyTable = table;
  if (isOwnWorker()) {
    throw new UsageError(
      `${of}() is called by the file of a scenario itself, which worker threads load: put the call into a file of its own`,
    );
  }
  if (typeof given !== 'object' || (given as unknown) === null || Array.isArray(given)) {
    throw new UsageError(`${of}: options are an object, not ${show(given)}`);
  }
  const values: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(given)) {
    const spec = Object.hasOwn(all, key) ? all[key] : undefined;
    if (spec === undefined) throw unknownKey(of, key, Object.keys(all));
    if (value === undefined) continue;
    values[key] = checked(of, key, spec, value);
  }
  checkEffects(values, all, { name: (key) => key, prefix: `${of}: `, isProgram: true });
  return withDefaults(values, all) as Filled<O, T>;
}

function unknownKey(of: string, key: string, known: readonly string[]): UsageError {
  const near = nearest(key, known);
  const hint = near === undefined ? '' : ` Did you mean '${near}'?`;
  return new UsageError(
    `${of}: there is no option '${key}'.${hint} Accepted are ${known.join(', ')}`,
  );
}

function checked(of: string, key: string, { rule }: OptionSpec<unknown>, value: unknown): unknown {
  const found = rule.check(value);
  if (found === undefined) {
    const complaint = rule.complaint?.(value);
    if (complaint !== undefined) throw new UsageError(`${of}: ${key}: ${complaint}`);
    const accepted = rule.acceptsValue ?? rule.accepts;
    const what = rule.isSecret === true ? 'the value' : show(value);
    throw new UsageError(`${of}: ${key}: ${what} is not accepted; give ${accepted}`);
  }
  return found;
}

function withDefaults(values: Readonly<Record<string, unknown>>, table: AnyTable): object {
  const filled: Record<string, unknown> = { ...values };
  for (const [key, { fallback }] of Object.entries(table)) {
    if (fallback !== undefined) filled[key] ??= fallback;
  }
  return filled;
}

/**
 * Refuse options that have no effect beside the others, and report required options that are missing.
 *
 * @param values what was given; defaults are not in it
 * @throws UsageError
 */
export function checkEffects(
  values: Readonly<Record<string, unknown>>,
  table: AnyTable,
  naming: Naming,
): void {
  const filled = withDefaults(values, table) as Readonly<Record<string, unknown>>;
  const isOn = (key: string): boolean => values[key] !== undefined && values[key] !== false;
  const isWhole = !Object.entries(table).some(([key, { only }]) => only !== undefined && isOn(key));
  for (const [key, spec] of Object.entries(table)) {
    if (isOn(key)) checkEffect(key, spec, { values, filled, naming, table });
    else if (isWhole && spec.required && values[key] === undefined) {
      throw new UsageError(
        `${naming.prefix ?? ''}${naming.name(key)} is missing: give ${spec.rule.acceptsValue ?? spec.rule.accepts}`,
      );
    }
  }
  checkWritten(values, table, naming);
}

/** Refuse two results in one file, of which only the last would be left; a device takes both. */
function checkWritten(
  values: Readonly<Record<string, unknown>>,
  table: AnyTable,
  naming: Naming,
): void {
  const written = new Map<string, string>();
  for (const [key, { rule }] of Object.entries(table)) {
    const path = values[key];
    if (rule.isWritten !== true || typeof path !== 'string') continue;
    const found = lookAt(path);
    if (found !== undefined && !found.isFile() && !found.isDirectory()) continue;
    const other = written.get(resolve(path));
    if (other !== undefined) {
      const names = `${naming.name(other)} and ${naming.name(key)}`;
      throw new UsageError(`${naming.prefix ?? ''}${names} both write to '${path}'`);
    }
    written.set(resolve(path), key);
  }
}

interface Beside {
  readonly values: Readonly<Record<string, unknown>>;
  readonly filled: Readonly<Record<string, unknown>>;
  readonly naming: Naming;
  readonly table: AnyTable;
}

function checkEffect(key: string, spec: OptionSpec<unknown>, given: Beside): void {
  const { values, filled, naming, table } = given;
  const isOn = (other: string): boolean => values[other] !== undefined && values[other] !== false;
  const refuse = (why: string): never => {
    throw new UsageError(`${naming.prefix ?? ''}${naming.name(key)} has no effect ${why}`);
  };
  for (const [other, accepted] of Object.entries(spec.needs ?? {})) {
    if (accepted === 'given') {
      if (!isOn(other)) refuse(`without ${naming.name(other)}`);
    } else if (accepted[0] === true && !isOn(other)) {
      refuse(`without ${naming.name(other)}`);
    } else if (!accepted.includes(filled[other])) {
      const is = naming.isProgram ? show(filled[other]) : String(filled[other]);
      refuse(`with ${naming.name(other)} ${is}; it needs ${accepted.map(String).join(' or ')}`);
    }
  }
  for (const other of spec.not ?? []) if (isOn(other)) refuse(`beside ${naming.name(other)}`);
  if (spec.only === undefined) return;
  for (const other of Object.keys(table)) {
    if (other === key || spec.only.includes(other) || !isOn(other)) continue;
    const [idle, beside] = [naming.name(other), naming.name(key)];
    throw new UsageError(`${naming.prefix ?? ''}${idle} has no effect beside ${beside}`);
  }
}
