/** Rewrites patterns that end with a slash: they fit folders only, and keep the slash, which just-bash drops. */

import { commandOf, literalOf, PREFIX, type TreeNode } from './syntax.js';

/** Variables that hold what such patterns fit. */
const FOLDERS = `${PREFIX}folders`;

/** Parts of a word whose pattern ends with a slash, without it. */
function withoutSlash(word: unknown): TreeNode[] | undefined {
  const parts = (word as { type?: string; parts?: TreeNode[] } | null)?.parts ?? [];
  const last = parts.at(-1);
  if (!parts.some(({ type }) => type === 'Glob') || last?.type !== 'Literal') return undefined;
  const text = String(last['value']);
  if (!text.endsWith('/')) return undefined;
  return text === '/'
    ? parts.slice(0, -1)
    : [...parts.slice(0, -1), { ...last, value: text.slice(0, -1) }];
}

/** The pattern itself, as a word that is not expanded. */
const asText = (parts: readonly TreeNode[]): unknown[] =>
  parts.map((part) =>
    part.type === 'Glob'
      ? { type: 'SingleQuoted', value: part['pattern'] }
      : part.type === 'DoubleQuoted' || part.type === 'SingleQuoted'
        ? part
        : { type: 'DoubleQuoted', parts: [part] },
  );

/** Commands to be run before one with such patterns among its words: each makes the list of folders that stands in place of one. */
export function takeFolders(command: TreeNode): TreeNode[] {
  const firsts: TreeNode[] = [];
  const replaced = (words: unknown[]): unknown[] =>
    words.map((word) => {
      const parts = withoutSlash(word);
      if (parts === undefined) return word;
      const list = `${FOLDERS}${firsts.length}`;
      const first = commandOf(`{ ${list}=(); for ${PREFIX}e in X; do
if [ -d "$${PREFIX}e" ]; then ${list}+=("$${PREFIX}e/"); fi; done
if [ "\${#${list}[@]}" -eq 0 ] && ! shopt -q nullglob; then ${list}=(Y); fi; }`);
      put(first, {
        X: { type: 'Word', parts },
        Y: { type: 'Word', parts: [...asText(parts), { type: 'Literal', value: '/' }] },
      });
      firsts.push(first);
      return (commandOf(`x "\${${list}[@]}"`)['args'] as unknown[])[0];
    });
  if (command.type === 'SimpleCommand') command['args'] = replaced(command['args'] as unknown[]);
  if (command.type === 'For' && Array.isArray(command['words']))
    command['words'] = replaced(command['words']);
  return firsts;
}

/** Put words in place of others. */
function put(node: unknown, words: Readonly<Record<string, unknown>>): void {
  if (typeof node !== 'object' || node === null) return;
  for (const [member, value] of Object.entries(node)) {
    if (Array.isArray(value)) {
      (node as TreeNode)[member] = value.map((one: unknown) => words[literalOf(one) ?? ''] ?? one);
    }
    put((node as TreeNode)[member], words);
  }
}
