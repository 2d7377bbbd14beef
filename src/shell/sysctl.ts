/** sysctl, with the words of procps: keys are files below /proc/sys. */

import type { CustomCommand, ExecResult } from 'just-bash';
import { EINVAL } from '../kernel/errno.js';
import { command, fails, ok, Output, type Run, type ShellContext } from './command.js';
import { strerror } from './errors.js';
import type { ShellFs } from './files.js';
import { openFor, type FileNode, type Node } from './nodes.js';

const ROOT = '/proc/sys';

const LETTERS: Readonly<Record<string, string>> = {
  '--all': 'a',
  '--values': 'n',
  '--names': 'N',
  '--quiet': 'q',
  '--ignore': 'e',
  '--write': 'w',
  '--binary': 'b',
  '--pattern': 'r',
  '--version': 'V',
};

/** The other separator where the first is a slash. */
const pathOf = (key: string): string =>
  `${ROOT}/${/^[^./]*\//.test(key) ? key : key.replace(/\./g, '/')}`;
const keyOf = (path: string): string => path.slice(ROOT.length + 1).replace(/\//g, '.');

/** Paths of the files at or below a path. */
function filesAt(node: Node | undefined, path: string): string[] {
  if (node === undefined) return [];
  if (node.kind === 'file') return [path];
  const entries = [...node.entries()].sort();
  return entries.flatMap((entry) => filesAt(node.child(entry), `${path}/${entry}`));
}

/** Set a key: refused by its file or by the kernel. */
async function set(
  file: FileNode,
  key: string,
  value: string,
  has: (letter: string) => boolean,
): Promise<ExecResult> {
  const opened = openFor(file, true);
  // procps warns of a file that nobody may write, with whatever error came last, and ends well.
  if ((file.mode & 0o200) === 0) {
    const why = strerror(-EINVAL);
    return { ...fails(`sysctl: setting key "${key}": ${why}`), exitCode: 0 };
  }
  if (opened < 0) {
    return fails(`sysctl: permission denied on key "${key}"${has('e') ? ', ignoring' : ''}`);
  }
  const ret = (await file.write?.(`${value}\n`)) ?? 0;
  if (ret < 0) return fails(`sysctl: setting key "${key}": ${strerror(ret)}`);
  if (has('q')) return ok();
  return ok(`${has('n') || has('N') ? value : `${key} = ${value}`}\n`);
}

async function show(fs: ShellFs, path: string, has: (letter: string) => boolean): Promise<string> {
  if (has('N')) return `${keyOf(path)}\n`;
  if (has('b')) return (await fs.readFile(path)).trimEnd();
  const value = (await fs.readFile(path)).trimEnd();
  return has('n') ? `${value}\n` : `${keyOf(path)} = ${value}\n`;
}

const NOTHING = "sysctl: no variables specified\nTry `sysctl --help' for more information.";

/** The command. */
export function sysctlCommand({ fs }: ShellContext): CustomCommand {
  const one = async (word: string, has: (letter: string) => boolean): Promise<ExecResult> => {
    if (word === '=') return ok();
    const [name = '', value] = word.split(/=(.*)/s, 2);
    const path = pathOf(name);
    const key = keyOf(path);
    const node = fs.node(path);
    if (node === undefined) {
      if (has('e')) return ok();
      return fails(`sysctl: cannot stat ${path}: No such file or directory`);
    }
    if (value !== undefined) {
      if (node.kind === 'directory') return fails(`sysctl: cannot stat ${path}: Is a directory`);
      return set(node, key, value.trim(), has);
    }
    if (has('w')) return fails('sysctl: command line(0): invalid syntax, continuing...');
    const shown = await Promise.all(filesAt(node, path).map((file) => show(fs, file, has)));
    return ok(shown.join(''));
  };
  const run: Run = async (args, ctx) => {
    const given = new Set<string>();
    const words: string[] = [];
    let pattern = '';
    for (let i = 0; i < args.length; i++) {
      const arg = args[i] ?? '';
      const letters = LETTERS[arg] ?? (/^-\w+$/.test(arg) ? arg.slice(1) : undefined);
      if (letters === undefined) words.push(arg);
      else for (const letter of letters) given.add(letter);
      if (letters?.endsWith('r') === true) pattern = args[++i] ?? '';
    }
    const has = (letter: string): boolean => given.has(letter);
    if (has('V')) return ok('sysctl from procps-ng 4.0.2\n');
    if (words.length === 0 && !has('a')) return fails(NOTHING);
    const all = filesAt(fs.node(ROOT), ROOT).map(keyOf);
    const wanted = has('a') ? all.filter((key) => new RegExp(pattern).test(key)) : words;
    const out = new Output();
    for (const word of wanted) out.add(await one(word, has));
    return out.result(ctx);
  };
  return command('sysctl', run);
}
