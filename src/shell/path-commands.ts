/** The usual commands for files where they meet those of the kernel, which answer in their own way; and ls with GNU's words. */

import { decodeBytesToUtf8, type CustomCommand } from 'just-bash';
import { EACCES, ENOENT, EPERM } from '../kernel/errno.js';
import {
  absolute,
  define,
  fails,
  ok,
  original,
  type CommandContext,
  type Definition,
  type ShellContext,
} from './command.js';
import { strerror } from './errors.js';
import type { Refusal, ShellFs } from './files.js';
import type { Node } from './nodes.js';

/** Whether a path is one of the kernel's: nobody makes or removes files there. */
const isKernels = (path: string): boolean => /^\/(sys|proc)(\/|$)/.test(path);

/** Write a file, and tell why not. */
async function written(
  fs: ShellFs,
  path: string,
  content: string,
  isAppended: boolean,
): Promise<Refusal | undefined> {
  fs.takeRefusal();
  await (isAppended ? fs.appendFile(path, content) : fs.writeFile(path, content));
  return fs.takeRefusal();
}

/** What just-bash lists of files and folders, without the empty lines that it puts between files. */
async function listed(
  ctx: CommandContext,
  options: readonly string[],
  files: readonly string[],
  folders: readonly string[],
  named: number,
): ReturnType<Definition> {
  if (files.length === 0) return original(ctx, [...options, ...folders]);
  const results = [];
  for (const file of files) results.push(await original(ctx, [...options, file]));
  let stdout = results.map((result) => result.stdout).join('');
  if (folders.length > 0) {
    const inside = await original(ctx, [...options, ...folders]);
    const title = folders.length === 1 && named > 1 ? `${folders[0] ?? ''}:\n` : '';
    stdout += `${stdout === '' ? '' : '\n'}${title}${inside.stdout}`;
    results.push(inside);
  }
  const stderr = results.map((result) => result.stderr).join('');
  return { stdout, stderr, exitCode: Math.max(...results.map((result) => result.exitCode)) };
}

/** `ls`: what GNU's says of a path that is not there, and its status. */
const ls: Definition = async (args, ctx) => {
  const options = args.filter((a) => a.startsWith('-'));
  const paths = args.filter((a) => !a.startsWith('-'));
  // Files first, then what is in each folder.
  const folders = await Promise.all(
    paths.map(async (path) => {
      const at = absolute(ctx, path);
      return (await ctx.fs.exists(at)) && (await ctx.fs.stat(at)).isDirectory;
    }),
  );
  const files = paths.filter((_, i) => folders[i] === false);
  const others = paths.filter((_, i) => folders[i] === true);
  const result = await listed(ctx, options, files, others, paths.length);
  const missing = /^ls: (.*): No such file or directory$/gm;
  if (!missing.test(result.stderr)) return result;
  const stderr = result.stderr.replace(
    missing,
    (_all, path: string) => `ls: cannot access '${path}': No such file or directory`,
  );
  return { ...result, stderr, exitCode: 2 };
};

/** `tee`: each file with the kernel's answer. */
function tee({ fs }: ShellContext): Definition {
  return async (args, ctx) => {
    const isAppended = args.includes('-a') || args.includes('--append');
    const content = decodeBytesToUtf8(ctx.stdin);
    let stderr = '';
    for (const path of args.filter((a) => !a.startsWith('-'))) {
      const refusal = await written(fs, absolute(ctx, path), content, isAppended);
      if (refusal !== undefined) stderr += `tee: ${path}: ${strerror(refusal.error)}\n`;
    }
    return { stdout: content, stderr, exitCode: stderr === '' ? 0 : 1 };
  };
}

/** `cp` from or to a file of the kernel. */
function cp({ fs }: ShellContext): Definition {
  return async (args, ctx) => {
    const paths = args.filter((a) => !a.startsWith('-'));
    const [from = '', to = ''] = paths;
    const [source, target] = [absolute(ctx, from), absolute(ctx, to)];
    if (paths.length !== 2 || (!isKernels(source) && !isKernels(target))) {
      return original(ctx, args);
    }
    if (!(await fs.exists(source))) {
      return fails(`cp: cannot stat '${from}': No such file or directory`);
    }
    const into =
      (await fs.exists(target)) && (await fs.stat(target)).isDirectory
        ? `${target}/${source.split('/').pop() ?? ''}`
        : target;
    const refusal = await written(fs, into, await fs.readFile(source), false);
    if (refusal === undefined) return ok();
    const what = refusal.isOpen ? 'cannot create regular file' : 'error writing';
    return fails(`cp: ${what} '${to}': ${strerror(refusal.error)}`);
  };
}

/** A command that makes or removes: refused for paths of the kernel. */
function refusing(
  words: string,
  isRefused: (fs: ShellFs, path: string) => Promise<boolean>,
  error = EPERM,
): (context: ShellContext) => Definition {
  return ({ fs }) =>
    async (args, ctx) => {
      const paths = args.filter((a) => !a.startsWith('-'));
      const refused: string[] = [];
      for (const path of paths) {
        const target = absolute(ctx, path);
        if (isKernels(target) && (await isRefused(fs, target))) refused.push(path);
      }
      if (refused.length === 0) {
        const others = paths.every((path) => isKernels(absolute(ctx, path)));
        return others && paths.length > 0 ? ok() : original(ctx, args);
      }
      return fails(refused.map((p) => `${words} '${p}': ${strerror(-error)}`).join('\n'));
    };
}

/** Paths below a directory of the kernel that `rm -r` tries to remove: what is empty or a file. */
function leavesOf(node: Node | undefined, path: string): string[] {
  if (node?.kind !== 'directory') return [path];
  const entries = node.entries();
  if (entries.length === 0) return [path];
  return entries.flatMap((entry) => leavesOf(node.child(entry), `${path}/${entry}`));
}

/** `rm`: the kernel refuses what is there; with -r each thing below. */
function rm(context: ShellContext): Definition {
  const { fs } = context;
  const plain = refusing('rm: cannot remove', isThere)(context);
  return async (args, ctx) => {
    const isRecursive = args.some((a) => /^-[a-z]*[rR]/.test(a) || a === '--recursive');
    const paths = args.filter((a) => !a.startsWith('-'));
    if (!isRecursive || !paths.some((path) => isKernels(absolute(ctx, path))))
      return plain(args, ctx);
    const refused = paths.flatMap((path) => {
      const node = fs.node(absolute(ctx, path));
      return node === undefined ? [] : leavesOf(node, path.replace(/\/+$/, ''));
    });
    return fails(refused.map((p) => `rm: cannot remove '${p}': ${strerror(-EPERM)}`).join('\n'));
  };
}

/** `mv` and `ln -s`, from or to the kernel's folders. */
function moving({ fs }: ShellContext, isLink: boolean): Definition {
  return async (args, ctx) => {
    const paths = args.filter((a) => !a.startsWith('-'));
    const [from = '', to = ''] = paths;
    const [source, target] = [absolute(ctx, from), absolute(ctx, to)];
    const isOurs = !isKernels(target) && (isLink || !isKernels(source));
    if (paths.length !== 2 || isOurs) return original(ctx, args);
    const at = fs.node(target)?.kind === 'directory' ? `${to}/${from.split('/').pop() ?? ''}` : to;
    const folder = absolute(ctx, at).replace(/\/[^/]*$/, '');
    const isMissing = isKernels(target) && fs.node(folder)?.kind !== 'directory';
    const why = strerror(isMissing ? -ENOENT : -EPERM);
    if (isLink) return fails(`ln: failed to create symbolic link '${at}': ${why}`);
    if (!(await fs.exists(source))) return fails(`mv: cannot stat '${from}': ${strerror(-ENOENT)}`);
    return fails(`mv: cannot move '${from}' to '${at}': ${why}`);
  };
}

const always = (): Promise<boolean> => Promise.resolve(true);
const isThere = (fs: ShellFs, path: string): Promise<boolean> => fs.exists(path);
const isMissing = async (fs: ShellFs, path: string): Promise<boolean> => !(await fs.exists(path));

/** All of them. */
export function pathCommands(context: ShellContext): CustomCommand[] {
  const definitions: Readonly<Record<string, Definition>> = {
    ls,
    tee: tee(context),
    cp: cp(context),
    mkdir: refusing('mkdir: cannot create directory', always)(context),
    rm: rm(context),
    mv: moving(context, false),
    ln: moving(context, true),
    rmdir: refusing('rmdir: failed to remove', isThere)(context),
    touch: refusing('touch: cannot touch', isMissing, EACCES)(context),
  };
  return Object.entries(definitions).map(([name, run]) => define(name, run));
}
