/** Small commands that just-bash lacks, or that differ in the machine's time. */

import { decodeBytesToUtf8, type CustomCommand, type ExecResult } from 'just-bash';
import {
  absolute,
  contentOf,
  define,
  fails,
  ok,
  original,
  Output,
  type CommandContext,
  type Definition,
  type ShellContext,
} from './command.js';
import { durationOf, quotedWords } from './quoting.js';

const MISSING = 'No such file or directory';

/** `realpath`: each path from the root. */
const realpath: Definition = async (args, ctx) => {
  const out = new Output();
  const isLoose = args.includes('-m') || args.includes('-s');
  for (const path of args.filter((arg) => !arg.startsWith('-'))) {
    const whole = absolute(ctx, path);
    const folder = whole.replace(/\/[^/]*$/, '') || '/';
    if (await ctx.fs.exists(whole)) out.print(`${await ctx.fs.realpath(whole)}\n`);
    else if (isLoose || (!args.includes('-e') && (await ctx.fs.exists(folder))))
      out.print(`${whole}\n`);
    else out.complain(`realpath: ${path}: ${MISSING}`);
  }
  return out.result(ctx);
};

/** `which`: commands are in /usr/bin. */
const which: Definition = (args, ctx) => {
  const known = new Set(ctx.getRegisteredCommands?.() ?? []);
  const names = args.filter((arg) => !arg.startsWith('-'));
  const found = names.filter((name) => known.has(name) && !name.startsWith('__'));
  const lines = args.includes('-s') ? '' : found.map((name) => `/usr/bin/${name}\n`).join('');
  return Promise.resolve({
    ...ok(lines),
    exitCode: found.length === names.length && names.length > 0 ? 0 : 1,
  });
};

/** `truncate -s SIZE FILE`. */
const truncate: Definition = async (args, ctx) => {
  const joined = args.join(' ');
  const size = Number(/(?:-s|--size=?) ?(\d+)/.exec(joined)?.[1]);
  if (!Number.isInteger(size))
    return fails('truncate: you must specify either ‘--size’ or ‘--reference’');
  const files = args.filter((arg, i) => !arg.startsWith('-') && args[i - 1] !== '-s');
  for (const file of files) {
    const path = absolute(ctx, file);
    const content = (await ctx.fs.exists(path)) ? await ctx.fs.readFile(path) : '';
    await ctx.fs.writeFile(path, content.slice(0, size).padEnd(size, '\0'));
  }
  return ok();
};

/** A command in front of another one that makes no difference here: how many words belong to it besides its options. */
const before =
  (own: number, withValue = ''): Definition =>
  async (args, ctx) => {
    let at = 0;
    while (args[at]?.startsWith('-') === true) {
      const letter = args[at]?.slice(1) ?? '';
      at += letter.length === 1 && withValue.includes(letter) ? 2 : 1;
    }
    const words = args.slice(at + own);
    if (words.length === 0) return ok();
    return (await ctx.exec?.(quotedWords(words), { cwd: ctx.cwd })) ?? ok();
  };

/** Exit statuses of timeout. */
const TIMED_OUT = 124;
const WRONG = 125;

/** `timeout DURATION COMMAND`, in the machine's time. */
function timeout({ machine }: ShellContext): Definition {
  return async (args, ctx) => {
    let at = 0;
    while (args[at]?.startsWith('-') === true) at += /^-[sk]$/.test(args[at] ?? '') ? 2 : 1;
    const ms = durationOf(args[at] ?? '');
    if (ms === undefined) return fails(`timeout: invalid time interval '${args[at] ?? ''}'`, WRONG);
    const words = args.slice(at + 1);
    if (words[0] === 'sleep') {
      const wanted = durationOf(words[1] ?? '') ?? 0;
      await machine.sleep(Math.min(ms, wanted));
      return { ...ok(), exitCode: wanted > ms ? TIMED_OUT : 0 };
    }
    if (words[0] === 'dmesg' && words.some((word) => /^(-[a-zA-Z]*w|--follow)/.test(word))) {
      // What has been printed by then is what it would have shown.
      await machine.sleep(ms);
      const shown = words.filter((word) => word !== '-w' && word !== '--follow');
      const printed = await ctx.exec?.(quotedWords(shown), { cwd: ctx.cwd });
      return { ...(printed ?? ok()), exitCode: TIMED_OUT };
    }
    return original(ctx, args);
  };
}

/** `xargs -d SEPARATOR`: a command for all words, or with -n for so many at a time. */
async function separated(
  ctx: CommandContext,
  args: readonly string[],
  at: number,
): Promise<ExecResult> {
  const separator = (args[at + 1] ?? '')
    .replace('\\n', '\n')
    .replace('\\t', '\t')
    .replace('\\0', '\0');
  const rest = args.filter((_, i) => i !== at && i !== at + 1);
  const n = rest.indexOf('-n');
  const most = n < 0 ? Infinity : Number(rest[n + 1]);
  const command = rest.filter((_, i) => n < 0 || (i !== n && i !== n + 1));
  const words = decodeBytesToUtf8(ctx.stdin).split(separator);
  if (words[words.length - 1] === '') words.pop();
  const out = new Output();
  for (let i = 0; i < words.length; i += most) {
    const called = [...(command.length === 0 ? ['echo'] : command), ...words.slice(i, i + most)];
    const result = await ctx.exec?.(quotedWords(called), { cwd: ctx.cwd });
    if (result !== undefined) out.add({ ...result, exitCode: result.exitCode === 0 ? 0 : 123 });
  }
  return out.result(ctx);
}

/** `xargs -I TEXT COMMAND`: a command for each line. */
const xargs: Definition = async (args, ctx) => {
  const at = args.findIndex((arg) => /^-I/.test(arg));
  if (at < 0) {
    // The number in the same word.
    const apart = args.flatMap((arg) => {
      const [, letter, value] = /^-([nPLd])(.+)$/.exec(arg) ?? [];
      return letter === undefined || value === undefined ? [arg] : [`-${letter}`, value];
    });
    const given = apart.indexOf('-d');
    if (given < 0) {
      const isEmpty = decodeBytesToUtf8(ctx.stdin).trim() === '';
      const command = apart.findIndex(
        (arg, i) => !arg.startsWith('-') && !/^-[nPLEs]$/.test(apart[i - 1] ?? ''),
      );
      const isAlways =
        isEmpty &&
        command >= 0 &&
        !apart.slice(0, command).some((arg) => /^-\w*r|^--no-run/.test(arg));
      if (isAlways)
        return (await ctx.exec?.(quotedWords(apart.slice(command)), { cwd: ctx.cwd })) ?? ok();
      return original(ctx, apart);
    }
    return separated(ctx, apart, given);
  }
  const isJoined = args[at] !== '-I';
  const mark = isJoined ? (args[at]?.slice(2) ?? '') : (args[at + 1] ?? '{}');
  const words = args.slice(at + (isJoined ? 1 : 2));
  const out = new Output();
  for (const line of decodeBytesToUtf8(ctx.stdin).split('\n')) {
    if (line.trim() === '') continue;
    const filled = words.map((word) => word.replaceAll(mark, line.trimStart()));
    const result = await ctx.exec?.(quotedWords(filled), { cwd: ctx.cwd });
    if (result !== undefined) out.add({ ...result, exitCode: result.exitCode === 0 ? 0 : 123 });
  }
  return out.result(ctx);
};

/** What kmod's depmod lists is always up to date here: every module can be found. Only a release that is none is refused. */
const depmod: Definition = (args) => {
  const [release] = args.filter((arg) => !arg.startsWith('-'));
  const isWrong = release !== undefined && !/^\d+\.\d+/.test(release);
  return Promise.resolve(isWrong ? fails(`depmod: ERROR: Bad version passed ${release}`) : ok());
};

/** `cmp`: the first byte in which two files differ. */
const cmp: Definition = async (args, ctx) => {
  const [a, b] = args.filter((arg) => !arg.startsWith('-'));
  if (a === undefined || b === undefined) return fails('cmp: missing operand', 2);
  const texts: string[] = [];
  for (const file of [a, b]) {
    if (!(await ctx.fs.exists(absolute(ctx, file)))) return fails(`cmp: ${file}: ${MISSING}`, 2);
    texts.push(await contentOf(ctx, file));
  }
  const [before = '', after = ''] = texts;
  if (before === after) return ok();
  if (args.includes('-s')) return fails('');
  const most = Math.min(before.length, after.length);
  let at = 0;
  while (at < most && before[at] === after[at]) at++;
  const lines = before.slice(0, at).split('\n').length;
  if (at < most) return { ...ok(`${a} ${b} differ: char ${at + 1}, line ${lines}\n`), exitCode: 1 };
  const isWhole = before[at - 1] === '\n';
  const end = isWhole ? `line ${lines - 1}` : `in line ${lines}`;
  const which = before.length < after.length ? a : b;
  return fails(`cmp: EOF on ${which} ${at === 0 ? 'which is empty' : `after byte ${at}, ${end}`}`);
};

/** All of them. */
export function smallCommands(context: ShellContext): CustomCommand[] {
  const definitions: Readonly<Record<string, Definition>> = {
    cmp,
    depmod,
    realpath,
    which,
    truncate,
    xargs,
    timeout: timeout(context),
    sync: () => Promise.resolve(ok()),
    disown: () => Promise.resolve(ok()),
    nice: before(0, 'n'),
    ionice: before(0, 'cn'),
    nohup: before(0),
    setsid: before(0),
    stdbuf: before(0, 'ioe'),
    taskset: before(1),
    chrt: before(1),
    flock: before(1, 'wE'),
  };
  return Object.entries(definitions).map(([name, run]) => define(name, run));
}
