/** The syntax trees of just-bash, as far as scripts are rewritten here. */

import { parse } from 'just-bash';

/** A node of the syntax tree, as far as it is looked at here. */
export interface TreeNode {
  type?: string;
  [member: string]: unknown;
}

/** Names of the functions and commands that rewritten scripts call; no script uses such names. */
export const PREFIX = '__klp_';

/** A redirection of a command. */
export interface Redirection {
  readonly fd: number | null;
  readonly operator: string;
  readonly target: unknown;
}

/** The first command of a small script, as a tree. */
export function commandOf(source: string): TreeNode {
  const script = parse(source) as unknown as {
    statements: { pipelines: { commands: TreeNode[] }[] }[];
  };
  const command = script.statements[0]?.pipelines[0]?.commands[0];
  if (command === undefined) throw new Error(`no command in ${source}`);
  return command;
}

/** A word that is plain text; undefined: its value is known only when the script runs. */
export const literalOf = (word: unknown): string | undefined => {
  const parts = (word as { parts?: { type: string; value?: string }[] } | null)?.parts;
  return parts?.length === 1 && parts[0]?.type === 'Literal' ? parts[0].value : undefined;
};

/** Look at every node below one, the innermost first. */
export function visit(node: unknown, seen: (node: TreeNode) => void): void {
  if (Array.isArray(node)) {
    for (const item of node) visit(item, seen);
  } else if (typeof node === 'object' && node !== null) {
    const found = node as TreeNode;
    for (const member of Object.values(found)) visit(member, seen);
    seen(found);
  }
}

/** The functions that a script defines at its top, by name, as they were written. */
export function functionsIn(script: string): Map<string, string> {
  const found = new Map<string, string>();
  let statements: TreeNode[];
  try {
    statements = (parse(script) as unknown as { statements: TreeNode[] }).statements;
  } catch {
    return found;
  }
  for (const statement of statements) {
    const { pipelines, sourceText } = statement as {
      pipelines?: { commands: TreeNode[] }[];
      sourceText?: string;
    };
    const command = pipelines?.[0]?.commands[0];
    if (command?.type !== 'FunctionDef' || sourceText === undefined) continue;
    found.set(String(command['name']), sourceText);
  }
  return found;
}

/** Put words in place of the argument `X` of the command inside a substitution. */
export function replaceArgument(node: unknown, words: readonly unknown[], mark = 'X'): void {
  visit(node, (found) => {
    const args = found['args'];
    if (!Array.isArray(args)) return;
    const at = args.findIndex((arg) => literalOf(arg) === mark);
    if (at >= 0) args.splice(at, 1, ...words);
  });
}
