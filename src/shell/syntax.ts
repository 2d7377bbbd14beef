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

/** A message of the parser as bash says it. */
export function syntaxMessage(message: string): string {
  if (/^line \d+: /.test(message)) return message;
  const [, line = '1', found = message] =
    /^(?:Parse error at (\d+):\d+: )?([^]*)$/.exec(message) ?? [];
  const what = / got EOF$/.test(found) ? 'unexpected end of file' : found;
  const unknown = /unexpected token `(select|coproc)'/.exec(what)?.[1];
  const said = unknown === undefined ? what : `${unknown} is not known here`;
  return `line ${line}: ${said.startsWith('syntax error') || unknown !== undefined ? '' : 'syntax error: '}${said}`;
}

/** Where a script is no shell syntax. */
export interface SyntaxFault {
  /** What bash prints behind the name of the script, in one line or two. */
  readonly lines: readonly string[];
  /** The part of the script that bash has executed by then. */
  readonly before: string;
}

/** What keeps a script from being executed as a whole; undefined: nothing. Bash reads a command, executes it, and reads on. */
export function syntaxFault(script: string): SyntaxFault | undefined {
  const fault = parseFault(script.endsWith('\n') ? script : `${script}\n`);
  if (fault === undefined) return undefined;
  const said = syntaxMessage(fault);
  const lines = script.split('\n');
  const number = Number(/^line (\d+)/.exec(said)?.[1] ?? 1);
  let before = Math.min(number - 1, lines.length);
  const textOf = (count: number): string => `${lines.slice(0, count).join('\n')}\n`;
  while (before > 0 && parseFault(textOf(before)) !== undefined) before--;
  const shown = / near unexpected token /.test(said)
    ? [said, `line ${number}: \`${lines[number - 1] ?? ''}'`]
    : [said];
  return { lines: shown, before: textOf(before) };
}

function parseFault(script: string): string | undefined {
  try {
    parse(script);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

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
