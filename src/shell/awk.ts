/** `awk`: programs of awk in the form in which just-bash's awk does what others do. */

import { contentOf, original, type Definition } from './command.js';

/** A field separator of one character, which stands for itself, as an expression that means it. */
const literally = (separator: string): string =>
  /^[.|$?]$/.test(separator) ? `[${separator}]` : separator === '^' ? String.raw`\^` : separator;

/** Variables whose first value awk itself reads. */
const SPECIAL = /^(?:OFS|ORS|OFMT|SUBSEP|NR|FNR)$/;

/** Ours in place of functions that differ. */
const INT = '__klp_int';
const LENGTH = '__klp_length_';
const INT_DEFINITION = `function ${INT}(__x) { return __x < 0 ? -int(-__x) : int(__x) }`;

/** A function that counts an array; just-bash does not hand arrays to functions. */
const lengthOf = (array: string): string =>
  `function ${LENGTH}${array}(__k, __n) { for (__k in ${array}) __n++; return __n + 0 }`;

/** A piece of a program: code, or a text, an expression or a comment, in which nothing is replaced. */
interface Piece {
  readonly isCode: boolean;
  readonly text: string;
}

/** A slash begins an expression where no value stands before it. */
const beginsExpression = (before: string): boolean => !/[\w)\]$]\s*$/.test(before);

function piecesOf(program: string): Piece[] {
  const pieces: Piece[] = [];
  let code = '';
  for (let i = 0; i < program.length;) {
    const rest = program.slice(i);
    const taken =
      /^"(?:[^"\\]|\\[^])*"/.exec(rest)?.[0] ??
      /^#[^\n]*/.exec(rest)?.[0] ??
      (beginsExpression(code)
        ? /^\/(?:[^/\\[\n]|\\.|\[\^?\]?[^\]\n]*\])*\//.exec(rest)?.[0]
        : undefined);
    if (taken === undefined) {
      code += rest[0] ?? '';
      i++;
      continue;
    }
    pieces.push({ isCode: true, text: code }, { isCode: false, text: taken });
    code = '';
    i += taken.length;
  }
  return [...pieces, { isCode: true, text: code }];
}

/** Names that a program uses as arrays. */
function arraysIn(code: string): Set<string> {
  const indexed = [...code.matchAll(/\b([A-Za-z_]\w*)\s*\[/g)].map((found) => found[1] ?? '');
  const split = [...code.matchAll(/\bsplit\s*\([^,]*,\s*(\w+)/g)].map((found) => found[1] ?? '');
  const looped = [...code.matchAll(/\bin\s+([A-Za-z_]\w*)/g)].map((found) => found[1] ?? '');
  return new Set([...indexed, ...split, ...looped]);
}

/** Stands for a piece that is no code, by its number: a letter that no program contains. */
const HIDDEN = '\u{e000}';

/** `print a, b > file` as `print (a), (b) > file`: without them what is compared would be `b > file`. */
function withGroups(code: string): string {
  return code.replace(/\bprintf?\b([^;\n{}]*)/g, (all, args: string) => {
    const depths = depthsOf(args);
    const at = Array.from(args).findIndex((c, i) => c === '>' && depths[i] === 0);
    if (at < 0 || args.slice(0, at).trim() === '') return all;
    const commas = Array.from(args).flatMap((c, i) =>
      c === ',' && depths[i] === 0 && i < at ? [i] : [],
    );
    const bounds = [-1, ...commas, at];
    const words = bounds.slice(1).map((end, i) => args.slice((bounds[i] ?? -1) + 1, end).trim());
    if (words.length === 1 && /^\(.*,.*\)$/.test(words[0] ?? '')) return all;
    const name = all.slice(0, all.length - args.length);
    if (name === 'printf') return `printf(${args.slice(0, at)}) ${args.slice(at)}`;
    return `${name} ${words.map((word) => `(${word})`).join(', ')} ${args.slice(at)}`;
  });
}

/** How many parentheses and brackets are open at each character. */
function depthsOf(text: string): number[] {
  let depth = 0;
  return Array.from(text).map((c) => {
    if ('(['.includes(c)) return depth++;
    if (')]'.includes(c)) depth--;
    return depth;
  });
}

/** Words that a parenthesis may follow without being joined to it: of the language, and its functions. */
const BEFORE_PARENTHESIS = new Set(
  (
    'if while for return print printf else do exit delete function func getline next in BEGIN END length substr index ' +
    'split sub gsub match sprintf sin cos atan2 exp log sqrt int rand srand tolower toupper system close fflush gensub ' +
    'strftime systime mktime and or xor compl lshift rshift'
  ).split(' '),
);

/** `name (value)` joins two texts; just-bash takes it for a call. */
function withJoins(code: string): string {
  const functions = new Set(
    [...code.matchAll(/\bfunc(?:tion)?\s+(\w+)/g)].map((found) => found[1] ?? ''),
  );
  return code.replace(/\b([A-Za-z_]\w*)[ \t]+(?=\()/g, (all, name: string) =>
    BEFORE_PARENTHESIS.has(name) || functions.has(name) ? all : `${name} "" `,
  );
}

/** A program that does in just-bash's awk what it does in others. */
function portable(program: string): string {
  const pieces = piecesOf(program);
  const kept: string[] = [];
  const code = pieces
    .map(({ isCode, text }) => (isCode ? text : `${HIDDEN}${kept.push(text) - 1}${HIDDEN}`))
    .join('');
  const arrays = arraysIn(code);
  const renamed = withGroups(withJoins(code))
    .replace(/\blength\b(?!\s*\()/g, 'length($0)')
    // An element that stands alone is made.
    .replace(/([{;]\s*)([A-Za-z_]\w*\[[^\][;{}=]*\])(?=\s*[;}])/g, '$1$2 = $2')
    .replace(/\bint\s*\(/g, `${INT}(`)
    .replace(/\blength\s*\(\s*([A-Za-z_]\w*)\s*\)/g, (all, name: string) =>
      arrays.has(name) ? `${LENGTH}${name}()` : all,
    );
  const definitions = [
    ...(renamed.includes(INT) ? [INT_DEFINITION] : []),
    ...[...arrays].filter((array) => renamed.includes(`${LENGTH}${array}()`)).map(lengthOf),
  ];
  const needs = definitions.map((definition) => `\n${definition}`).join('');
  const hidden = new RegExp(`${HIDDEN}(\\d+)${HIDDEN}`, 'gu');
  return renamed.replace(hidden, (_all, n: string) => kept[Number(n)] ?? '') + needs;
}

/** `FS = "."` in a program: a separator of one character stands for itself. */
const withSeparators = (program: string): string =>
  program.replace(
    /\bFS(\s*=\s*)"(.)"/g,
    (_all, is: string, one: string) => `FS${is}"${one === '^' ? String.raw`\\^` : literally(one)}"`,
  );

/** A value of `-v` as a text in a program. */
const asText = (value: string): string => `"${value.replaceAll('"', String.raw`\"`)}"`;

/** `awk`: any one character but a blank separates as it is, `-v` sets awk's own variables too. */
export const awk: Definition = async (args, ctx) => {
  const options: string[] = [];
  const begin: string[] = [];
  const programs: string[] = [];
  let i = 0;
  for (; i < args.length; i++) {
    const arg = args[i] ?? '';
    if (!/^-./.test(arg) || arg === '--') break;
    const [, letter = '', joined = ''] = /^-([Fvf])(.*)$/s.exec(arg) ?? [];
    const value = joined === '' && letter !== '' ? (args[++i] ?? '') : joined;
    const [, name = '', given = ''] = /^(\w+)=(.*)$/s.exec(value) ?? [];
    if (letter === 'F') options.push('-F', literally(value));
    else if (letter === 'v' && name === 'FS') options.push('-F', literally(given));
    else if (letter === 'v' && SPECIAL.test(name)) begin.push(`${name} = ${asText(given)}`);
    else if (letter === 'v') options.push('-v', value);
    else if (letter === 'f') programs.push((await contentOf(ctx, value)).replace(/^#!.*/, ''));
    else return original(ctx, args);
  }
  if (args[i] === '--') i++;
  const words = args.slice(i);
  const program = programs.length > 0 ? programs.join('\n') : (words.shift() ?? '');
  const first = begin.length === 0 ? '' : `BEGIN { ${begin.join('; ')} } `;
  return original(ctx, [...options, first + withSeparators(portable(program)), ...words]);
};
