/** `uniq`, with GNU's options. */

import { contentOf, absolute, fails, ok, type Definition } from './command.js';

const LONG: Readonly<Record<string, string>> = {
  '--count': 'c',
  '--repeated': 'd',
  '--all-repeated': 'D',
  '--unique': 'u',
  '--ignore-case': 'i',
  '--zero-terminated': 'z',
  '--skip-fields': 'f',
  '--skip-chars': 's',
  '--check-chars': 'w',
};

/** The command. */
export const uniq: Definition = async (args, ctx) => {
  const letters = new Set<string>();
  const values = new Map<string, number>();
  const files: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] ?? '';
    const [name = '', value] = arg.split('=');
    if (arg.startsWith('--') && LONG[name] === undefined) {
      return fails(`uniq: unrecognized option '${arg}'`);
    }
    const word = LONG[name] === undefined ? arg : `-${LONG[name] ?? ''}${value ?? ''}`;
    if (!word.startsWith('-') || word === '-') {
      files.push(word);
      continue;
    }
    for (let at = 1; at < word.length; at++) {
      const letter = word[at] ?? '';
      if ('fsw'.includes(letter)) {
        values.set(letter, Number(word.slice(at + 1) || args[++i]));
        break;
      }
      if (!'cdDuiz'.includes(letter)) return fails(`uniq: invalid option -- '${letter}'`);
      letters.add(letter);
    }
  }
  const end = letters.has('z') ? '\0' : '\n';
  const text = await contentOf(ctx, files[0] ?? '-');
  const lines = text === '' ? [] : (text.endsWith(end) ? text.slice(0, -1) : text).split(end);
  const key = (line: string): string => {
    const fields =
      new RegExp(`^(?:[ \\t]*[^ \\t]+){0,${values.get('f') ?? 0}}`).exec(line)?.[0] ?? '';
    const rest = line
      .slice(fields.length + (values.get('s') ?? 0))
      .slice(0, values.get('w') ?? Infinity);
    return letters.has('i') ? rest.toLowerCase() : rest;
  };
  const groups: string[][] = [];
  for (const line of lines) {
    const last = groups[groups.length - 1];
    if (last?.[0] !== undefined && key(last[0]) === key(line)) last.push(line);
    else groups.push([line]);
  }
  const shown = groups.flatMap((group) => {
    if (letters.has('u') && group.length > 1) return [];
    if ((letters.has('d') || letters.has('D')) && group.length === 1) return [];
    if (letters.has('D')) return group;
    const count = letters.has('c') ? `${String(group.length).padStart(7)} ` : '';
    return [`${count}${group[0] ?? ''}`];
  });
  const out = shown.map((line) => `${line}${end}`).join('');
  if (files[1] === undefined) return ok(out);
  await ctx.fs.writeFile(absolute(ctx, files[1]), out);
  return ok();
};
