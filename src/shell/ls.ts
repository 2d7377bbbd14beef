/** `ls` as GNU's prints where output is no terminal: rights of the kernel's files, and its words for what is not there. */

import type { FsStat } from 'just-bash';
import { absolute, original, Output, type CommandContext, type Definition } from './command.js';
import { quoted, rightsOf } from './quoting.js';

/** Letters that are understood here; just-bash's own answers the others. */
const LETTERS = 'laAd1RFprniog';
const LONG: Readonly<Record<string, string>> = {
  '--all': 'a',
  '--almost-all': 'A',
  '--directory': 'd',
  '--recursive': 'R',
  '--reverse': 'r',
  '--classify': 'F',
  '--numeric-uid-gid': 'n',
  '--color=auto': '',
  '--color=never': '',
};

type Has = (letter: string) => boolean;

/** One line: a name, and with -l what is known of it. */
interface Entry {
  readonly name: string;
  readonly stat: FsStat;
  /** Folders in a folder, by which its links are counted. */
  readonly folders: number;
}

const MONTHS = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');

function dateOf(time: Date): string {
  const two = (n: number): string => String(n).padStart(2, '0');
  const day = String(time.getUTCDate()).padStart(2);
  const clock = `${two(time.getUTCHours())}:${two(time.getUTCMinutes())}`;
  return `${MONTHS[time.getUTCMonth()] ?? ''} ${day} ${clock}`;
}

function shown({ name, stat }: Entry, has: Has): string {
  const mark = stat.isDirectory && (has('F') || has('p')) ? '/' : '';
  const isRunnable = has('F') && stat.isFile && (stat.mode & 0o111) !== 0;
  return `${name}${mark}${isRunnable ? '*' : ''}`;
}

function table(entries: readonly Entry[], has: Has): string {
  if (!has('l') && !has('n') && !has('o') && !has('g')) {
    return entries.map((entry) => `${shown(entry, has)}\n`).join('');
  }
  const rows = entries.map(({ stat, folders }) => ({
    links: String(stat.isDirectory ? 2 + folders : 1),
    size: String(stat.size),
  }));
  const width = (of: 'links' | 'size'): number =>
    rows.reduce((most, row) => Math.max(most, row[of].length), 0);
  const [links, size] = [width('links'), width('size')];
  const owner = has('n') ? '0' : 'root';
  const owners = `${has('g') ? '' : `${owner} `}${has('o') ? '' : `${owner} `}`;
  return entries
    .map((entry, i) => {
      const { stat } = entry;
      const counted = (rows[i]?.links ?? '').padStart(links);
      const large = (rows[i]?.size ?? '').padStart(size);
      return `${rightsOf(stat)} ${counted} ${owners}${large} ${dateOf(stat.mtime)} ${shown(entry, has)}\n`;
    })
    .join('');
}

async function entryOf(ctx: CommandContext, path: string, name: string): Promise<Entry> {
  const stat = await ctx.fs.lstat(path);
  let folders = 0;
  if (stat.isDirectory) {
    for (const child of await ctx.fs.readdir(path)) {
      if ((await ctx.fs.stat(`${path}/${child}`)).isDirectory) folders++;
    }
  }
  return { name, stat, folders };
}

/** What is in a folder, and with -R in those below it. */
async function folder(
  ctx: CommandContext,
  path: string,
  title: string | undefined,
  has: Has,
  out: Output,
): Promise<void> {
  const at = absolute(ctx, path);
  const names = (await ctx.fs.readdir(at)).filter(
    (n) => has('a') || has('A') || !n.startsWith('.'),
  );
  const entries = await Promise.all(names.sort().map((n) => entryOf(ctx, `${at}/${n}`, n)));
  if (has('r')) entries.reverse();
  const dots = has('a')
    ? [await entryOf(ctx, at, '.'), await entryOf(ctx, absolute(ctx, `${path}/..`), '..')]
    : [];
  if (title !== undefined) out.print(`${title}:\n`);
  if (has('l') || has('n') || has('o') || has('g')) {
    const blocks = [...dots, ...entries].filter(({ stat }) => stat.isFile && !isKernels(at));
    out.print(
      `total ${blocks.reduce((sum, { stat }) => sum + 4 * Math.ceil(stat.size / 4096), 0)}\n`,
    );
  }
  out.print(table([...dots, ...entries], has));
  if (!has('R')) return;
  for (const { name, stat } of entries) {
    if (!stat.isDirectory) continue;
    out.print('\n');
    const below = `${path.replace(/\/$/, '')}/${name}`;
    await folder(ctx, below, below, has, out);
  }
}

/** Files of the kernel take no room on a disk. */
const isKernels = (path: string): boolean => /^\/(sys|proc|dev)(\/|$)/.test(path);

/** The command. */
export const ls: Definition = async (args, ctx) => {
  const given = new Set<string>();
  const paths: string[] = [];
  for (const arg of args) {
    const letters = LONG[arg] ?? (/^-\w+$/.test(arg) ? arg.slice(1) : undefined);
    if (letters === undefined && arg.startsWith('-') && arg !== '-') return original(ctx, args);
    if (letters === undefined) paths.push(arg);
    else for (const letter of letters) given.add(letter);
  }
  if ([...given].some((letter) => !LETTERS.includes(letter))) return original(ctx, args);
  const has: Has = (letter) => given.has(letter);
  const out = new Output();
  const files: Entry[] = [];
  const folders: string[] = [];
  for (const path of paths.length === 0 ? ['.'] : [...paths].sort()) {
    const at = absolute(ctx, path);
    if (path === '' || !(await ctx.fs.exists(at))) {
      out.complain(`ls: cannot access ${quoted(path, true)}: No such file or directory`, 2);
    } else if ((await ctx.fs.stat(at)).isDirectory && !has('d')) folders.push(path);
    else files.push(await entryOf(ctx, at, path));
  }
  out.print(table(files, has));
  for (const [i, path] of folders.entries()) {
    if (files.length > 0 || i > 0) out.print('\n');
    const isTitled = paths.length > 1 || has('R');
    await folder(ctx, path, isTitled ? path : undefined, has, out);
  }
  return out.result(ctx);
};
