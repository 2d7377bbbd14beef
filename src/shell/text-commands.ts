/** Commands for text in which just-bash lacks an option or prints something else; each closes one gap. */

import type { CustomCommand } from 'just-bash';
import { cut } from './cut.js';
import { awk } from './awk.js';
import { printf } from './printf.js';
import { sed } from './sed.js';
import { sort } from './sort.js';
import { tr } from './tr.js';
import { uniq } from './uniq.js';
import { absolute, define, fails, inputOf, ok, original, type Definition } from './command.js';

/** `head -n -N`: all lines but the last N. */
const head: Definition = async (args, ctx) => {
  const joined = args.find((a) => /^-n-\d+$/.test(a));
  const at = args.indexOf('-n');
  const count = joined?.slice(3) ?? /^-(\d+)$/.exec(at < 0 ? '' : (args[at + 1] ?? ''))?.[1];
  if (count === undefined) return original(ctx, args);
  const files = args.filter((a, i) => a !== joined && (at < 0 || (i !== at && i !== at + 1)));
  const lines = (await inputOf(ctx, files)).split(/(?<=\n)/);
  return ok(lines.slice(0, Math.max(0, lines.length - Number(count))).join(''));
};

/** `wc`: columns as wide as the largest possible number, which GNU's wc derives from the sizes of the files. */
const wc: Definition = async (args, ctx) => {
  const result = await original(ctx, args);
  const files = args.filter((a) => !a.startsWith('-'));
  const rows = result.stdout.split('\n').map((line) => /^\s*((?:\d+\s+)*\d+)( \S.*)?$/.exec(line));
  const isSingle = files.length === 1 && /^\s*\d+( \D.*)?$/.test(result.stdout.trimEnd());
  if (result.exitCode !== 0 || files.length === 0 || isSingle) return result;
  const sizes = await Promise.all(
    files.map(async (f) => (await ctx.fs.stat(absolute(ctx, f))).size),
  );
  const width = String(sizes.reduce((sum, size) => sum + size, 0)).length;
  const lines = rows.flatMap((row) =>
    row === null
      ? []
      : [
          `${(row[1] ?? '')
            .split(/\s+/)
            .map((n) => n.padStart(width))
            .join(' ')}${row[2] ?? ''}\n`,
        ],
  );
  return { ...result, stdout: lines.join('') };
};

const ESCAPES: Readonly<Record<number, string>> = {
  ...{ 0: '\\0', 7: '\\a', 8: '\\b', 9: '\\t', 10: '\\n', 11: '\\v', 12: '\\f', 13: '\\r' },
};

function odCharacter(byte: number): string {
  const isPrintable = byte >= 0x20 && byte < 0x7f;
  const octal = byte.toString(8).padStart(3, '0');
  return (ESCAPES[byte] ?? (isPrintable ? String.fromCharCode(byte) : octal)).padStart(4);
}

const odHexadecimal = (byte: number): string => ` ${byte.toString(16).padStart(2, '0')}`;

/** `find -perm -u=w`: the same bits as a number. */
const find: Definition = (args, ctx) => {
  const numbered = args.map((arg, i) => {
    const [, mark, who, what] = /^([-/]?)([ugoa]*)[=+]([rwx]+)$/.exec(arg) ?? [];
    if (args[i - 1] !== '-perm' || who === undefined || what === undefined) return arg;
    const bits = Array.from(what).reduce((sum, c) => sum | (c === 'r' ? 4 : c === 'w' ? 2 : 1), 0);
    const has = (letter: string): boolean => /a|^$/.test(who) || who.includes(letter);
    const digits = ['u', 'g', 'o'].map((letter) => (has(letter) ? bits : 0));
    return `${mark ?? ''}${digits.join('')}`;
  });
  return original(ctx, numbered);
};

/** `od -t x1`, which just-bash takes for octal, and `od -c`, whose columns are four wide: sixteen bytes a line. */
const od: Definition = async (args, ctx) => {
  const isCharacters = args.some((a) => a === '-c' || a === '-Anc' || a === '-tc');
  const isBytes = args.some((a, i) => a === '-tx1' || (a === 'x1' && args[i - 1] === '-t'));
  if (!isCharacters && !isBytes) return original(ctx, args);
  const shown = isCharacters ? odCharacter : odHexadecimal;
  const files = args.filter((a) => !a.startsWith('-') && a !== 'x1' && a !== 'n');
  const bytes = Buffer.from(await inputOf(ctx, files), 'utf8');
  const isBare = args.includes('-An') || args.includes('-Anc') || args.includes('n');
  const address = (n: number): string => (isBare ? '' : n.toString(8).padStart(7, '0'));
  let out = '';
  for (let i = 0; i < bytes.length; i += 16) {
    out += `${address(i)}${Array.from(bytes.subarray(i, i + 16), shown).join('')}\n`;
  }
  return ok(isBare ? out : `${out}${address(bytes.length)}\n`);
};

/** `paste` of standard input without a name for it. */
const paste: Definition = (args, ctx) => {
  const words = args.flatMap((arg) => {
    const delimiter = /^-sd(.+)$/s.exec(arg)?.[1];
    return delimiter === undefined ? [arg] : ['-s', '-d', delimiter];
  });
  const files = words.filter(
    (word, i) => word === '-' || (!word.startsWith('-') && words[i - 1] !== '-d'),
  );
  return original(ctx, files.length === 0 ? [...words, '-'] : words);
};

/** `expr TEXT : EXPRESSION`, a basic regular expression from the start: its first group, or how many characters it takes. */
const expr: Definition = async (args, ctx) => {
  const [text = '', colon, pattern = ''] = args;
  if (args.length !== 3 || colon !== ':') return original(ctx, args);
  const swapped = pattern.replace(/\\?[(){}+?|]/g, (c) => (c.length === 2 ? c.slice(1) : `\\${c}`));
  const match = new RegExp(`^(?:${swapped})`, 'u').exec(text);
  const hasGroup = /\\\(/.test(pattern);
  const found = hasGroup ? (match?.[1] ?? '') : String(Array.from(match?.[0] ?? '').length);
  const isNothing = hasGroup ? found === '' : found === '0';
  return { stdout: `${found}\n`, stderr: '', exitCode: isNothing ? 1 : 0 };
};

/** Lines that `yes` prints: whoever reads them has had enough by then. */
const YES_LINES = 10_000;

const yes: Definition = (words) =>
  Promise.resolve(ok(`${words.length === 0 ? 'y' : words.join(' ')}\n`.repeat(YES_LINES)));

/** What limits are there, by their letters; setting one changes nothing. */
const ULIMITS: Readonly<Record<string, string>> = { n: '1024', c: '0', s: '8192' };

const ulimit: Definition = (words) => {
  const letter = words.find((word) => /^-[a-zA-Z]+$/.test(word))?.replace(/[-SH]/g, '') ?? '';
  const isSet = words.some((word) => !word.startsWith('-'));
  return Promise.resolve(ok(isSet ? '' : `${ULIMITS[letter] ?? 'unlimited'}\n`));
};

/** All of them. */
export function textCommands(): CustomCommand[] {
  const definitions: Readonly<Record<string, Definition>> = {
    tr,
    cut,
    uniq,
    head,
    printf,
    wc,
    od,
    awk,
    paste,
    sed,
    sort,
    expr,
    find,
    yes,
    mkfifo: () => Promise.resolve(fails('mkfifo: pipes with a name are not known here')),
    ulimit,
    umask: () => Promise.resolve(ok('0022\n')),
  };
  return Object.entries(definitions).map(([name, run]) => define(name, run));
}
