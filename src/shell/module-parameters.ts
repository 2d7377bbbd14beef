/** The words behind a module's name: parameters, as the kernel's parse_args() takes them. */

import { EINVAL } from '../kernel/errno.js';
import { MOST_PARAMETERS } from './kernel/layout.js';
import type { GivenParameters, ShellMachine } from './machine.js';
import { PARAMETERS, type Parameter } from './parameters.js';

/** What became of one word: values of a parameter, or why it is refused. */
function valuesOf(parameter: Parameter, word: string): readonly number[] | number {
  const at = word.indexOf('=');
  if (at < 0 && parameter.alone !== undefined) return [parameter.alone];
  const given = word.slice(at < 0 ? word.length : at + 1).replace(/^"(.*)"$/, '$1');
  const values: number[] = [];
  for (const text of given.split(',')) {
    const value = parameter.parse(text);
    if (value === undefined) return parameter.refusal(text);
    values.push(value);
  }
  return values;
}

/** `name=value` words as parameters of a module, with the kernel's lines about words that it does not know or refuses. */
export function parametersOf(
  machine: ShellMachine,
  module: string,
  words: readonly string[],
): GivenParameters {
  const known = PARAMETERS[module] ?? {};
  const values: [number, number][] = Object.values(known).flatMap((p) =>
    p.count === 1 ? [[machine.shellAddr(p.field), p.initial] as [number, number]] : [],
  );
  const lines: GivenParameters['lines'][number][] = [];
  // The words reach the kernel as one text, in which quotes keep blanks.
  for (const word of words.join(' ').match(/(?:"[^"]*"|[^\s"])+/g) ?? []) {
    const name = word.replace(/=.*$/s, '').replace(/-/g, '_');
    const parameter = known[name];
    if (parameter === undefined) {
      // The part before a dot is checked separately, since it may be for dynamic debug.
      const [shown] = name.split('.');
      const text = `${module}: unknown parameter '${shown}' ignored`;
      if (shown !== 'dyndbg') lines.push({ text, level: 'warn' });
      continue;
    }
    const given = valuesOf(parameter, word);
    const most = Math.min(parameter.count, MOST_PARAMETERS - values.length);
    if (typeof given === 'number' || given.length > most) {
      const error = typeof given === 'number' ? given : -EINVAL;
      lines.push({ text: `${module}: ${refused(name, word)}`, level: 'err' });
      return { values, error, lines };
    }
    given.forEach((value, i) => values.push([machine.shellAddr(parameter.field + i), value]));
  }
  return { values, error: 0, lines };
}

/** What the kernel says of a parameter that it refuses. */
function refused(name: string, word: string): string {
  const at = word.indexOf('=');
  const text = at < 0 ? '' : word.slice(at + 1).replace(/^"(.*)"$/, '$1');
  return `\`${text}' invalid for parameter \`${name}'`;
}
