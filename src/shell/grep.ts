/** `grep` over several files: each in turn, with the kernel's reason where one cannot be read. */

import { absolute, original, Output, type CommandContext, type Definition } from './command.js';
import { reasonOf } from './quoting.js';

/** Letters of options that take the word behind them. */
const WITH_VALUE = 'mABC';

/** What grep was asked. */
interface Asked {
  readonly options: string[];
  /** Options that are understood here. */
  readonly letters: Set<string>;
  readonly patterns: string[];
  readonly files: string[];
}

const SHORT: Readonly<Record<string, string>> = {
  '--no-messages': 's',
  '--recursive': 'r',
  '--dereference-recursive': 'r',
  '--quiet': 'q',
  '--silent': 'q',
  '--with-filename': 'H',
  '--no-filename': 'h',
};

/** The letters of one word, and the value of its last one; answers how many words behind it belong to it. */
function letters(word: string, next: string | undefined, asked: Asked): number {
  let kept = '';
  for (let i = 1; i < word.length; i++) {
    const letter = word[i] ?? '';
    const rest = word.slice(i + 1);
    if (letter === 'e') {
      asked.patterns.push(rest === '' ? (next ?? '') : rest);
      if (kept !== '') asked.options.push(`-${kept}`);
      return rest === '' ? 1 : 0;
    }
    if (WITH_VALUE.includes(letter) || letter === 'f') {
      if (letter === 'f') asked.letters.add('f');
      asked.options.push(`-${kept}${letter}`, rest === '' ? (next ?? '') : rest);
      return rest === '' ? 1 : 0;
    }
    if ('srRqHh'.includes(letter)) asked.letters.add(letter === 'R' ? 'r' : letter);
    if (!'srRHh'.includes(letter)) kept += letter;
  }
  if (kept !== '') asked.options.push(`-${kept}`);
  return 0;
}

function parse(args: readonly string[]): Asked {
  const asked: Asked = { options: [], letters: new Set(), patterns: [], files: [] };
  const words: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] ?? '';
    if (arg === '--') {
      words.push(...args.slice(i + 1));
      break;
    }
    const letter = SHORT[arg];
    if (letter !== undefined) {
      asked.letters.add(letter);
      if (letter === 'q') asked.options.push('-q');
    } else if (arg.startsWith('--regexp=')) asked.patterns.push(arg.slice('--regexp='.length));
    else if (arg === '--regexp') asked.patterns.push(args[++i] ?? '');
    else if (arg.startsWith('--')) asked.options.push(arg);
    else if (arg.startsWith('-') && arg !== '-') i += letters(arg, args[i + 1], asked);
    else words.push(arg);
  }
  const isGiven = asked.patterns.length > 0 || asked.letters.has('f');
  if (!isGiven) asked.patterns.push(words.shift() ?? '');
  asked.files.push(...words);
  return asked;
}

/** The files at or below a path. */
async function filesBelow(ctx: CommandContext, path: string): Promise<string[]> {
  const at = absolute(ctx, path);
  if (!(await ctx.fs.exists(at)) || !(await ctx.fs.stat(at)).isDirectory) return [path];
  const names = (await ctx.fs.readdir(at)).sort();
  const below = names.map((name) => filesBelow(ctx, `${path.replace(/\/$/, '')}/${name}`));
  return (await Promise.all(below)).flat();
}

/** Several patterns are handed over as lines of a file, as just-bash keeps the last of several -e only. */
async function patternsOf(ctx: CommandContext, patterns: readonly string[]): Promise<string[]> {
  if (patterns.length === 0) return [];
  if (patterns.length === 1) return ['-e', patterns[0] ?? ''];
  const file = '/tmp/.grep-patterns';
  await ctx.fs.writeFile(file, `${patterns.join('\n')}\n`);
  return ['-f', file];
}

/** Why a file cannot be searched; undefined: it can. */
async function refusal(ctx: CommandContext, path: string): Promise<string | undefined> {
  const at = absolute(ctx, path);
  if (!(await ctx.fs.exists(at))) return 'No such file or directory';
  if ((await ctx.fs.stat(at)).isDirectory) return 'Is a directory';
  try {
    await ctx.fs.readFile(at);
    return undefined;
  } catch (error) {
    return reasonOf(error);
  }
}

/** The command. */
export const grep: Definition = async (args, ctx) => {
  if (args.length === 0) return original(ctx, args);
  const { options, letters: given, patterns, files } = parse(args);
  const wanted = [...options, ...(await patternsOf(ctx, patterns))];
  const isRecursive = given.has('r');
  if (files.length === 0 && !isRecursive) return original(ctx, wanted);
  const named = isRecursive
    ? (
        await Promise.all((files.length === 0 ? ['.'] : files).map((f) => filesBelow(ctx, f)))
      ).flat()
    : files;
  const isListing = options.some((o) => /^-\w*[lL]|^--files-with/.test(o));
  const isNamed =
    !isListing && !given.has('h') && (given.has('H') || isRecursive || files.length > 1);
  const out = new Output();
  let isFound = false;
  let isRefused = false;
  for (const file of named) {
    const result = await original(ctx, [...wanted, '--', file]);
    const why = result.exitCode < 2 && result.stderr === '' ? undefined : await refusal(ctx, file);
    if (why !== undefined) {
      isRefused = true;
      if (!given.has('s')) out.complain(`grep: ${file}: ${why}`);
      continue;
    }
    const lines = isNamed ? result.stdout.replace(/^(?=[^\n]|\n)/gm, `${file}:`) : result.stdout;
    out.add({ ...result, stdout: lines });
    isFound ||= result.exitCode === 0;
    if (isFound && given.has('q')) return { stdout: '', stderr: '', exitCode: 0 };
  }
  out.exitCode = isRefused ? 2 : isFound ? 0 : 1;
  return out.result(ctx);
};
