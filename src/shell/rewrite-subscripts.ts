/** Rewrites subscripts that contain expansions: just-bash expands `$x` and `${x}` in them, and nothing else. */

import { commandOf, PREFIX, visit, type TreeNode } from './syntax.js';

/** Variables that hold subscripts. */
const KEY = `${PREFIX}key`;

/** Whether a subscript has an expansion that just-bash does not make. */
const isNested = (subscript: string): boolean => /\$\{(?!\w+\})|\$\(|`/.test(subscript);

/** A name with a subscript. */
const ELEMENT = /^(!?\w+)\[([^]*)\]$/;

/** An assignment of a subscript to a variable; undefined: it is no word. */
function keeping(variable: string, subscript: string): TreeNode | undefined {
  for (const text of [subscript, `"${subscript.replaceAll('"', '')}"`]) {
    try {
      const command = commandOf(`${variable}=${text}`);
      if ((command['name'] ?? null) === null) return command;
    } catch {
      // It is a word in quotes only.
    }
  }
  return undefined;
}

/** Members of a command that are its own words, and not commands inside of it. */
const OWN_WORDS = ['name', 'args', 'assignments', 'redirections', 'words', 'word', 'expression'];

/** Commands to be run before one with such subscripts: each puts one into a variable, which stands in its place then. */
export function takeSubscripts(command: TreeNode): TreeNode[] {
  const firsts: TreeNode[] = [];
  const replaced = (name: string): string => {
    const [, array, subscript = ''] = ELEMENT.exec(name) ?? [];
    if (array === undefined || !isNested(subscript)) return name;
    const variable = `${KEY}${firsts.length}`;
    const first = keeping(variable, subscript);
    if (first === undefined) return name;
    firsts.push(first);
    return `${array}[$${variable}]`;
  };
  const look = (node: unknown): void => {
    if (Array.isArray(node)) node.forEach(look);
    if (typeof node !== 'object' || node === null || Array.isArray(node)) return;
    const found = node as TreeNode;
    if (/^(?:Command|Process)Substitution$/.test(found.type ?? '')) return;
    for (const member of ['parameter', 'name', 'array']) {
      const name = found[member];
      const isName = found.type === 'ParameterExpansion' || found.type === 'Assignment';
      if (isName && typeof name === 'string') found[member] = replaced(name);
    }
    Object.values(found).forEach(look);
  };
  for (const member of OWN_WORDS) look(command[member]);
  return firsts;
}

/** The commands of substitutions have the lines of the script, not of their own text. */
export function withLines(command: TreeNode): void {
  const { line } = command;
  if (typeof line !== 'number' || line === 1) return;
  const shift = (node: unknown): void => {
    visit(node, (inside) => {
      if (typeof inside['line'] === 'number') inside['line'] += line - 1;
    });
  };
  const look = (node: unknown): void => {
    if (Array.isArray(node)) node.forEach(look);
    if (typeof node !== 'object' || node === null || Array.isArray(node)) return;
    const { type = '', body } = node as TreeNode;
    if (/^(?:Command|Process)Substitution$/.test(type)) shift(body);
    else Object.values(node).forEach(look);
  };
  for (const member of OWN_WORDS) look(command[member]);
}
