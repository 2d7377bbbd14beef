/** Finds the scripts that a script reads by `. file`, where that can be told before it runs. */

import { parse } from 'just-bash';
import { literalOf, PREFIX, visit, type TreeNode } from './syntax.js';

/** Member of a `. file` command that holds the file's text, if it is known. */
export const KNOWN = 'knownText';
/** And the one that holds its path, as it was given. */
export const KNOWN_PATH = 'knownPath';

/** Files that hold the texts of sourced scripts begin so. */
export const SOURCED = '/tmp/.klp-sourced-';

/** What is known before a script runs. */
export interface Sources {
  /** Text of a script file; undefined: unknown. */
  readonly known: (path: string) => string | undefined;
  /** What `$0` is. */
  readonly name?: () => string;
  /** Path of the file whose text is rewritten, if another one reads it by `. file`. */
  readonly source?: string;
}

/** Find the texts of the files that a script reads; its tree is as it was parsed. */
export function markKnown(tree: unknown, how: Sources): void {
  visit(tree, (command) => {
    const name = literalOf(command['name']);
    if (command.type !== 'SimpleCommand' || (name !== '.' && name !== 'source')) return;
    const [file, ...others] = command['args'] as unknown[];
    // Arguments, and redirections, are for the command that sources a file.
    if (others.length > 0 || (command['redirections'] as unknown[]).length > 0) return;
    const path = plainValue(file, how);
    const text = path === undefined ? undefined : how.known(path);
    if (text === undefined || returns(text)) return;
    command[KNOWN] = text;
    command[KNOWN_PATH] = path;
  });
}

/** Variable that holds the path of a sourced file. */
const pathVariable = (path: string): string => `${PREFIX}source_${path.replace(/\W/g, '_')}`;

/** Put in front of a file that another one reads: its path, for its functions too. */
export function withPath(statements: TreeNode[], path: string): void {
  const first = parse(`${pathVariable(path)}=X`) as unknown as { statements: TreeNode[] };
  visit(first, (node) => {
    if (literalOf(node) !== 'X') return;
    node['parts'] = [{ type: 'SingleQuoted', value: path }];
  });
  statements.unshift(...first.statements);
}

/** What `${BASH_SOURCE[0]}` is called. */
export const sourceParameter = ({ source }: Sources): string =>
  source === undefined ? '0' : pathVariable(source);

/** Whether a script may end itself by `return`, outside of its functions. */
function returns(text: string): boolean {
  let isFound = false;
  const look = (node: unknown): void => {
    if (Array.isArray(node)) node.forEach(look);
    else if (typeof node === 'object' && node !== null) {
      const { type, name } = node as TreeNode;
      if (type === 'FunctionDef') return;
      isFound ||= type === 'SimpleCommand' && literalOf(name) === 'return';
      Object.values(node).forEach(look);
    }
  };
  try {
    look(parse(text));
  } catch {
    return false;
  }
  return isFound;
}

/** A word whose value is plain before anything runs; `$(dirname $0)` is `.`. */
function plainValue(word: unknown, how: Sources): string | undefined {
  let value = '';
  for (const part of (word as { parts?: TreeNode[] } | null)?.parts ?? []) {
    if (part.type === 'Literal' || part.type === 'SingleQuoted') value += String(part['value']);
    else if (part.type === 'DoubleQuoted') value += plainValue(part, how) ?? '\0';
    else if (part.type === 'ParameterExpansion' && part['parameter'] === '0')
      value += (part['operation'] === null ? how.name?.() : undefined) ?? '\0';
    else if (part.type === 'CommandSubstitution') value += dirnameOf(part, how) ?? '\0';
    else return undefined;
  }
  return value.includes('\0') ? undefined : value;
}

function dirnameOf(substitution: TreeNode, how: Sources): string | undefined {
  const body = substitution['body'] as { statements?: { pipelines: { commands: TreeNode[] }[] }[] };
  const command = body.statements?.[0]?.pipelines[0]?.commands[0];
  if (literalOf(command?.['name']) !== 'dirname') return undefined;
  const path = plainValue((command?.['args'] as unknown[])[0], how);
  return path === undefined ? undefined : path.includes('/') ? path.replace(/\/[^/]*$/, '') : '.';
}
