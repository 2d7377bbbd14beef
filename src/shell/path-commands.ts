/** The usual file commands for the kernel's files, which answer in their own way; and ls with GNU's words. */

import { decodeBytesToUtf8, type CustomCommand } from 'just-bash';
import { EACCES, ENOENT, EPERM } from '../kernel/errno.js';
import {
  absolute,
  define,
  fails,
  ok,
  original,
  type Definition,
  type ShellContext,
} from './command.js';
import { strerror } from './errors.js';
import type { Refusal, ShellFs } from './files.js';
import { ls } from './ls.js';
import type { Node } from './nodes.js';

/** Whether a path belongs to the kernel: no command creates or removes files there. */
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

/** Paths where a new name is reported as unknown instead of forbidden. */
const isProc = (path: string): boolean => /^\/proc(\/|$)/.test(path);

/** A command that creates or removes files: it is refused for paths of the kernel. */
function refusing(
  words: string,
  isRefused: (fs: ShellFs, path: string) => Promise<boolean>,
  { error = EPERM, makes = false } = {},
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
      const why = (p: string): string =>
        strerror(-(makes && isProc(absolute(ctx, p)) ? ENOENT : error));
      return fails(refused.map((p) => `${words} '${p}': ${why(p)}`).join('\n'));
    };
}

/** Paths below a directory of the kernel that `rm -r` tries to remove: files and empty directories. */
function leavesOf(node: Node | undefined, path: string): string[] {
  if (node?.kind !== 'directory') return [path];
  const entries = node.entries();
  if (entries.length === 0) return [path];
  return entries.flatMap((entry) => leavesOf(node.child(entry), `${path}/${entry}`));
}

/** `rm`: the kernel refuses to remove an existing path; with -r, also each path below it. */
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
    const isMissing =
      isProc(target) || (isKernels(target) && fs.node(folder)?.kind !== 'directory');
    if (!isLink && isKernels(source) && !isKernels(target) && (await fs.exists(source))) {
      // To another file system: copied, and then the first cannot be removed.
      return fails(`mv: cannot remove '${from}': ${strerror(-EPERM)}`);
    }
    const why = strerror(isMissing ? -ENOENT : -EPERM);
    if (isLink) return fails(`ln: failed to create symbolic link '${at}': ${why}`);
    if (!(await fs.exists(source))) return fails(`mv: cannot stat '${from}': ${strerror(-ENOENT)}`);
    return fails(`mv: cannot move '${from}' to '${at}': ${why}`);
  };
}

/** `chmod`: refused in /proc. */
function changingMode({ fs }: ShellContext): Definition {
  return async (args, ctx) => {
    const paths = args.slice(1).filter((a) => !a.startsWith('-'));
    const refused: string[] = [];
    for (const path of paths) {
      const target = absolute(ctx, path);
      if (isProc(target) && (await fs.exists(target))) refused.push(path);
    }
    if (refused.length === 0) return original(ctx, args);
    const why = strerror(-EPERM);
    return fails(refused.map((p) => `chmod: changing permissions of '${p}': ${why}`).join('\n'));
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
    mkdir: refusing('mkdir: cannot create directory', always, { makes: true })(context),
    rm: rm(context),
    mv: moving(context, false),
    ln: moving(context, true),
    rmdir: refusing('rmdir: failed to remove', isThere)(context),
    touch: refusing('touch: cannot touch', isMissing, { error: EACCES, makes: true })(context),
    chmod: changingMode(context),
  };
  return Object.entries(definitions).map(([name, run]) => define(name, run));
}
