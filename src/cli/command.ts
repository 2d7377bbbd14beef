/** Makes commands from tables of options, and reads and checks the options that a command line gives. */

import { Argument, Option, type Command } from 'commander';
import {
  checkEffects,
  OptionError,
  type AnyTable,
  type OptionSpec,
} from '../campaign/options/option-table.js';
import { flag, type Rule } from '../campaign/options/rules.js';
import { UsageError } from '../errors.js';

/** What a command line gave: values of the options that were on it, and no defaults. */
export type Given<T> = {
  -readonly [K in keyof T]?: T[K] extends { readonly rule: Rule<infer V> } ? V : never;
};

/** A command. */
export interface CommandSpec<T extends AnyTable> {
  readonly name: string;
  readonly description: string;
  /** Arguments are the options whose `flags` are `<name>` or `[name]`, in their order. */
  readonly table: T;
  /** Text below the help. */
  readonly after?: string;
  readonly run: (given: Given<T>) => Promise<void> | void;
}

/** The `--json` that every command has. */
export const JSON_OPTION = {
  json: { rule: flag, about: 'print one JSON document instead of text' },
} as const;

type ShownRule<T> = Pick<Rule<T>, 'accepts' | 'complaint' | 'isSecret' | 'parse'>;

/** Apply a rule to what was given for `what` (an option's long flag or an argument's name). Throws UsageError. */
export function parseAs<T>(what: string, rule: ShownRule<T>, text: string) {
  const value = rule.parse(text);
  if (value === undefined) {
    const complaint = rule.complaint?.(text);
    if (complaint !== undefined) throw new UsageError(`${what}: ${complaint}`);
    const given = rule.isSecret === true ? 'the value' : `'${text}'`;
    throw new UsageError(`${what}: ${given} is not accepted; give ${rule.accepts}`);
  }
  return value;
}

/** `budgetMs` → `budget-ms`, for options that declare no other name. */
const hyphened = (key: string): string => key.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`);

const isArgument = ({ flags }: OptionSpec<unknown>): boolean => /^[<[]/.test(flags ?? '');

/** What a command line calls an option or argument. */
function nameOf(key: string, spec: OptionSpec<unknown> | undefined): string {
  const flags = spec?.flags ?? `--${hyphened(key)}`;
  const [name = flags] = /--[\w-]+|(?<=[<[])[\w-]+/.exec(flags) ?? [];
  return name;
}

function optionOf(key: string, spec: OptionSpec<unknown>): Option {
  const { rule, about, fallback, shown } = spec;
  const flags = spec.flags ?? `--${hyphened(key)}`;
  if (rule === (flag as Rule<unknown>)) return new Option(flags, about);
  const made = new Option(flags, `${about}: ${rule.accepts}`);
  const name = nameOf(key, spec);
  let isGiven = false;
  made.argParser((text: string) => {
    if (isGiven && rule.isList === true) {
      throw new UsageError(`${name} is given twice; give all its items at once, with commas`);
    }
    isGiven = true;
    return parseAs(name, rule, text);
  });
  if (spec.preset !== undefined) made.preset(spec.preset);
  if (fallback !== undefined) return made.default(fallback, shown);
  if (shown !== undefined) made.description += ` (default: ${shown})`;
  return made;
}

function argumentOf(key: string, spec: OptionSpec<unknown>): Argument {
  const { rule, about, flags = '' } = spec;
  const made = new Argument(flags, about);
  if (made.variadic) return made;
  return made.argParser((text: string) => parseAs(nameOf(key, spec), rule, text));
}

/** Add a command to a program. */
export function addCommand<const T extends AnyTable>(program: Command, spec: CommandSpec<T>): void {
  fillCommand(program.command(spec.name).description(spec.description), spec);
}

/** Give a command its options, its arguments and what it does. */
export function fillCommand<const T extends AnyTable>(
  command: Command,
  spec: Pick<CommandSpec<T>, 'table' | 'after' | 'run'>,
): void {
  const { table, after } = spec;
  const entries = Object.entries(table).filter(([, { inProgram }]) => inProgram !== true);
  const args = entries.filter(([, it]) => isArgument(it));
  for (const [key, it] of args) command.addArgument(argumentOf(key, it));
  const options = entries
    .filter(([, it]) => !isArgument(it))
    .map(([key, it]) => ({ key, made: optionOf(key, it) }));
  for (const { made } of options) command.addOption(made);
  if (after !== undefined) command.addHelpText('after', `\n${after}`);
  command.action(async () => {
    const given: Record<string, unknown> = {};
    args.forEach(([key], i) => {
      const value: unknown = command.processedArgs[i];
      if (value !== undefined && !(Array.isArray(value) && value.length === 0)) given[key] = value;
    });
    for (const { key, made } of options) {
      const attribute = made.attributeName();
      if (command.getOptionValueSource(attribute) === 'cli') {
        given[key] = command.getOptionValue(attribute);
      }
    }
    checkEffects(given, table, { name: (key) => nameOf(key, table[key]), isProgram: false });
    try {
      await spec.run(given as Given<T>);
    } catch (error) {
      if (!(error instanceof OptionError)) throw error;
      throw new UsageError(`${nameOf(error.key, table[error.key])} ${error.complaint}`);
    }
  });
}
