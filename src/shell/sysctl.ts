/** sysctl, with the words of procps: keys are files below /proc/sys. */

import type { CustomCommand, ExecResult } from 'just-bash';
import { command, fails, ok, type Run, type ShellContext } from './command.js';
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
  // procps warns of a file that cannot be written, and ends well.
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
  const value = (await fs.readFile(path)).trimEnd();
  return has('n') ? `${value}\n` : `${keyOf(path)} = ${value}\n`;
}

const HELP =
  '\nUsage:\n sysctl [options] [variable[=value] ...]\n\n' +
  'Options: -a all, -n values, -N names, -q quiet, -e ignore, -w write\n';

/** The command. */
export function sysctlCommand({ fs }: ShellContext): CustomCommand {
  const one = async (word: string, has: (letter: string) => boolean): Promise<ExecResult> => {
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
  const run: Run = async (args) => {
    const given = new Set<string>();
    for (const arg of args.filter((a) => a.startsWith('-'))) {
      for (const letter of LETTERS[arg] ?? arg.replace(/^-+/, '')) given.add(letter);
    }
    const has = (letter: string): boolean => given.has(letter);
    const words = args.filter((a) => !a.startsWith('-'));
    const all = { stdout: '', stderr: '', exitCode: 0 };
    for (const word of has('a') ? filesAt(fs.node(ROOT), ROOT).map(keyOf) : words) {
      const { stdout, stderr, exitCode } = await one(word, has);
      all.stdout += stdout;
      all.stderr += stderr;
      all.exitCode ||= exitCode;
    }
    return words.length === 0 && !has('a') ? { ...fails('', 1), stdout: HELP } : all;
  };
  return command('sysctl', run);
}
