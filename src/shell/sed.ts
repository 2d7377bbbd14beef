/** `sed`, with GNU's options. */

import {
  absolute,
  contentOf,
  fails,
  Output,
  type CommandContext,
  type Definition,
} from './command.js';
import { PatternError } from './posix.js';
import { reasonOf } from './quoting.js';
import { SedRun } from './sed-run.js';
import { readSed, SedError, type SedCommand } from './sed-script.js';

interface Asked {
  isQuiet: boolean;
  isExtended: boolean;
  isSeparate: boolean;
  /** Ending of the copies that editing in place leaves; undefined: files are not edited. */
  inPlace: string | undefined;
  readonly scripts: string[];
  readonly files: string[];
}

const LONG: Readonly<Record<string, string>> = {
  '--quiet': 'n',
  '--silent': 'n',
  '--regexp-extended': 'E',
  '--separate': 's',
  '--in-place': 'i',
};

/** The words of the command; a text: what is wrong. */
async function parse(args: readonly string[], ctx: CommandContext): Promise<Asked | string> {
  const asked: Asked = {
    isQuiet: false,
    isExtended: false,
    isSeparate: false,
    inPlace: undefined,
    scripts: [],
    files: [],
  };
  const words: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] ?? '';
    const [name = '', value] = arg.split(/=(.*)/s);
    if (arg === '--') {
      words.push(...args.slice(i + 1));
      break;
    }
    if (name === '--expression' || name === '--file') {
      const text = value ?? args[++i] ?? '';
      asked.scripts.push(name === '--file' ? await contentOf(ctx, text) : text);
    } else if (arg.startsWith('--')) {
      const letter = LONG[name];
      if (letter === undefined) return `sed: unrecognized option '${arg}'`;
      set(asked, letter);
      if (letter === 'i') asked.inPlace = value ?? '';
    } else if (arg.startsWith('-') && arg !== '-') {
      for (let at = 1; at < arg.length; at++) {
        const letter = arg[at] ?? '';
        const rest = arg.slice(at + 1);
        if (letter === 'i') asked.inPlace = rest;
        else if (letter === 'e' || letter === 'f') {
          const text = rest === '' ? (args[++i] ?? '') : rest;
          asked.scripts.push(letter === 'f' ? await contentOf(ctx, text) : text);
        } else if (!set(asked, letter)) return `sed: invalid option -- '${letter}'`;
        if ('ief'.includes(letter)) break;
      }
    } else words.push(arg);
  }
  if (asked.scripts.length === 0) {
    const script = words.shift();
    if (script === undefined)
      return 'Usage: sed [OPTION]... {script-only-if-no-other-script} [input-file]...';
    asked.scripts.push(script);
  }
  asked.files.push(...words);
  return asked;
}

function set(asked: Asked, letter: string): boolean {
  if (letter === 'n') asked.isQuiet = true;
  else if (letter === 'E' || letter === 'r') asked.isExtended = true;
  else if (letter === 's') asked.isSeparate = true;
  else return 'ul'.includes(letter);
  return true;
}

/** The files that a script reads or writes. */
async function sourcesOf(
  commands: readonly SedCommand[],
  ctx: CommandContext,
): Promise<Map<string, string>> {
  const sources = new Map<string, string>();
  for (const { name, text } of commands) {
    if (name !== 'r') continue;
    const content = await contentOf(ctx, text).catch(() => '');
    sources.set(text, content === '' || content.endsWith('\n') ? content : `${content}\n`);
  }
  return sources;
}

/** The command. */
export const sed: Definition = async (args, ctx) => {
  if (args.includes('--version')) return { stdout: 'sed (GNU sed) 4.9\n', stderr: '', exitCode: 0 };
  const asked = await parse(args, ctx);
  if (typeof asked === 'string') return fails(asked);
  const out = new Output();
  try {
    const commands = readSed(asked.scripts.join('\n'), asked.isExtended ? 'extended' : 'basic');
    const sources = await sourcesOf(commands, ctx);
    const newRun = (): SedRun => new SedRun(commands, asked.isQuiet, sources);
    const isApart = asked.isSeparate || asked.inPlace !== undefined;
    const whole: string[] = [];
    for (const file of asked.files.length === 0 ? ['-'] : asked.files) {
      const text = await readable(file, ctx, out);
      if (text === undefined) continue;
      if (!isApart) {
        whole.push(text);
        continue;
      }
      const run = newRun();
      const edited = run.edit(text);
      if (asked.inPlace === undefined) out.print(edited);
      else await replace(file, { text, edited, suffix: asked.inPlace }, ctx);
      await written(run, ctx);
      out.exitCode ||= run.status;
    }
    if (!isApart) {
      const run = newRun();
      out.print(run.edit(whole.join('')));
      await written(run, ctx);
      out.exitCode ||= run.status;
    }
  } catch (error) {
    if (!(error instanceof SedError || error instanceof PatternError)) throw error;
    return fails(
      `sed: -e expression #1, char ${asked.scripts.join('\n').length}: ${error.message}`,
    );
  }
  return out.result(ctx);
};

async function written(run: SedRun, ctx: CommandContext): Promise<void> {
  for (const [file, text] of run.files) await ctx.fs.writeFile(absolute(ctx, file), text);
}

async function replace(
  file: string,
  { text, edited, suffix }: { text: string; edited: string; suffix: string },
  ctx: CommandContext,
): Promise<void> {
  const copy = suffix.includes('*') ? suffix.replaceAll('*', file) : `${file}${suffix}`;
  if (suffix !== '') await ctx.fs.writeFile(absolute(ctx, copy), text);
  await ctx.fs.writeFile(absolute(ctx, file), edited);
}

async function readable(
  file: string,
  ctx: CommandContext,
  out: Output,
): Promise<string | undefined> {
  try {
    if (file !== '-' && (await ctx.fs.exists(absolute(ctx, file)))) {
      if ((await ctx.fs.stat(absolute(ctx, file))).isDirectory) {
        out.complain(`sed: couldn't edit ${file}: not a regular file`, 4);
        return undefined;
      }
    }
    return await contentOf(ctx, file);
  } catch (error) {
    out.complain(`sed: can't read ${file}: ${reasonOf(error)}`, 2);
    return undefined;
  }
}
