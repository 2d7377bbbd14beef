/** Names, rights and reasons as GNU's tools show them. */

import type { FsStat } from 'just-bash';

/** A name as GNU's tools show it: in quotes where a shell would take it for something else. */
export function quoted(name: string, isAlways = false): string {
  const needs = isAlways || name === '' || /[*?[\]$`"\\ ;&|<>()]/.test(name);
  return needs ? `'${name}'` : name;
}

const RIGHTS = ['---', '--x', '-w-', '-wx', 'r--', 'r-x', 'rw-', 'rwx'];

/** Bits of a mode that say what a file is. */
const KINDS: Readonly<Record<number, readonly [letter: string, words: string]>> = {
  0o020000: ['c', 'character special file'],
  0o120000: ['l', 'symbolic link'],
};

const kindOf = ({ mode }: FsStat): readonly [string, string] | undefined => KINDS[mode & 0o170000];

/** What `ls -l` and `stat -c %A` show. */
export function rightsOf(stat: FsStat): string {
  const letter = kindOf(stat)?.[0] ?? (stat.isDirectory ? 'd' : stat.isSymbolicLink ? 'l' : '-');
  return letter + [6, 3, 0].map((shift) => RIGHTS[(stat.mode >> shift) & 7]).join('');
}

/** What `stat -c %F` shows. */
export function fileKind(stat: FsStat): string {
  const special = kindOf(stat)?.[1];
  if (special !== undefined) return special;
  if (stat.isDirectory) return 'directory';
  return stat.size === 0 ? 'regular empty file' : 'regular file';
}

/** Why a file could not be read. */
export function reasonOf(error: unknown): string {
  const { code } = error as { code?: string };
  if (code === 'EACCES') return 'Permission denied';
  if (code === 'EISDIR') return 'Is a directory';
  return code === undefined || /^E[A-Z]+$/.test(code) ? 'No such file or directory' : code;
}

/** Words as text that a shell reads as the same words. */
export const quotedWords = (words: readonly string[]): string =>
  words.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ');

/** Longer than any script may take. */
const FOR_EVER_MS = 1e9;

/** Milliseconds that a text of sleep and timeout means; undefined: it is none. */
export function durationOf(text: string): number | undefined {
  const [, amount, unit = 's'] = /^(\d*\.?\d+)([smhd]?)$/.exec(text) ?? [];
  if (text === 'infinity' || text === 'inf') return FOR_EVER_MS;
  if (amount === undefined) return undefined;
  return Number(amount) * ({ s: 1, m: 60, h: 3600, d: 86_400 }[unit || 's'] ?? 1) * 1000;
}
