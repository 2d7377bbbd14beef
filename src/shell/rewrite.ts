/** What just-bash does not do like bash is rewritten when a script is parsed, into what it does. */

import { BashTransformPipeline, parse, type TransformPlugin } from 'just-bash';

type Ast = ReturnType<typeof parse>;
/** A node of the syntax tree, as far as it is looked at here. */
interface TreeNode {
  type?: string;
  [member: string]: unknown;
}

/** Names of the functions and commands that rewritten scripts call; no script uses such names. */
const PREFIX = '__klp_';

const FUNCTIONS = `
${PREFIX}trap_EXIT=
${PREFIX}bg=0
${PREFIX}trap() {
  local handler="$1"
  shift
  local signal
  for signal in "$@"; do
    if [ "$signal" = EXIT ] || [ "$signal" = 0 ]; then
      if [ "$handler" = - ]; then ${PREFIX}trap_EXIT=; else ${PREFIX}trap_EXIT="$handler"; fi
    fi
  done
  return 0
}
${PREFIX}leave() {
  local handler="$${PREFIX}trap_EXIT"
  ${PREFIX}trap_EXIT=
  if [ -n "$handler" ]; then eval "$handler"; fi
  return 0
}
`;

/** Functions that go before every script: traps, which just-bash has not. On the script's first line, so that lines keep their numbers. */
export const PRELUDE = FUNCTIONS.trim()
  .split('\n')
  .map((line) => line.trim() + (/(?:\bdo|\bthen|\{)$/.test(line) ? ' ' : '; '))
  .join('');

/** The first command of a small script, as a tree. */
function commandOf(source: string): TreeNode {
  const script = parse(source) as unknown as {
    statements: { pipelines: { commands: TreeNode[] }[] }[];
  };
  const command = script.statements[0]?.pipelines[0]?.commands[0];
  if (command === undefined) throw new Error(`no command in ${source}`);
  return command;
}

const literalOf = (word: unknown): string | undefined => {
  const parts = (word as { parts?: { type: string; value?: string }[] } | null)?.parts;
  return parts?.length === 1 && parts[0]?.type === 'Literal' ? parts[0].value : undefined;
};

interface Redirection {
  readonly fd: number | null;
  readonly operator: string;
  readonly target: unknown;
}

/** Whether a redirection may be refused by a file of the kernel. */
function writesSomewhere({ fd, operator, target }: Redirection): boolean {
  if (!['>', '>>', '>|', '&>', '&>>'].includes(operator)) return false;
  if (fd !== null && fd > 2) return false;
  return literalOf(target) !== '/dev/null';
}

/** `command > file` becomes `{ command > file; __klp_status "$?" name; }`: the status is that of the write. */
function withStatus(command: TreeNode): TreeNode {
  const name = literalOf(command['name']) ?? 'bash';
  const group = commandOf(
    `{ :; ${PREFIX}status "$?" ${/^[\w./-]+$/.test(name) ? name : 'bash'}; }`,
  );
  const body = group['body'] as TreeNode[];
  const first = body[0] as unknown as {
    pipelines: { commands: TreeNode[] }[];
    sourceText?: string;
  };
  const pipeline = first.pipelines[0];
  if (pipeline !== undefined) pipeline.commands = [command];
  delete first.sourceText;
  return group;
}

/** `exit n` runs the EXIT trap first, unless in a subshell, which has none. */
function withTrap(command: TreeNode): TreeNode {
  const group = commandOf(
    `{ ${PREFIX}code=$?; if [ "\${BASH_SUBSHELL:-0}" = 0 ]; then ${PREFIX}leave; fi; exit "$${PREFIX}code"; }`,
  );
  const argument = (command['args'] as unknown[])[0];
  if (argument !== undefined) {
    const body = group['body'] as { pipelines: { commands: TreeNode[] }[] }[];
    const assignment = body[0]?.pipelines[0]?.commands[0];
    const assignments = assignment?.['assignments'] as { value: unknown }[] | undefined;
    if (assignments?.[0] !== undefined) assignments[0].value = argument;
  }
  return group;
}

/** Text of a script file that is known before the script runs; undefined: unknown. */
export type KnownFiles = (path: string) => string | undefined;

/** A word whose value is plain before anything runs; `$(dirname $0)` is `.`. */
function plainValue(word: unknown): string | undefined {
  let value = '';
  for (const part of (word as { parts?: TreeNode[] } | null)?.parts ?? []) {
    if (part.type === 'Literal' || part.type === 'SingleQuoted') value += String(part['value']);
    else if (part.type === 'DoubleQuoted') value += plainValue(part) ?? '\0';
    else if (part.type === 'CommandSubstitution') value += dirnameOf(part) ?? '\0';
    else return undefined;
  }
  return value.includes('\0') ? undefined : value;
}

function dirnameOf(substitution: TreeNode): string | undefined {
  const body = substitution['body'] as { statements?: { pipelines: { commands: TreeNode[] }[] }[] };
  const command = body.statements?.[0]?.pipelines[0]?.commands[0];
  if (literalOf(command?.['name']) !== 'dirname') return undefined;
  const path = plainValue((command?.['args'] as unknown[])[0]);
  return path === undefined ? undefined : path.includes('/') ? path.replace(/\/[^/]*$/, '') : '.';
}

/** `. file` becomes the file's own statements where it is known, else `eval` of the file, rewritten. */
function sourced(command: TreeNode, known: KnownFiles): TreeNode {
  const path = plainValue((command['args'] as unknown[])[0]);
  const text = path === undefined ? undefined : known(path);
  if (text === undefined) {
    const replacement = commandOf(`eval "$(${PREFIX}script X)"`);
    replaceArgument(replacement, command['args'] as unknown[]);
    return replacement;
  }
  const group = commandOf('{ :; }');
  group['body'] = (
    rewriteTree(parse(text), known) as unknown as { statements: unknown }
  ).statements;
  return group;
}

/** Put words in place of the argument `X` of the command inside a substitution. */
function replaceArgument(node: unknown, words: readonly unknown[]): void {
  visit(node, (found) => {
    const args = found['args'];
    if (!Array.isArray(args)) return;
    const at = args.findIndex((arg) => literalOf(arg) === 'X');
    if (at >= 0) args.splice(at, 1, ...words);
  });
}

function visit(node: unknown, seen: (node: TreeNode) => void): void {
  if (Array.isArray(node)) {
    for (const item of node) visit(item, seen);
  } else if (typeof node === 'object' && node !== null) {
    const found = node as TreeNode;
    for (const member of Object.values(found)) visit(member, seen);
    seen(found);
  }
}

function rewriteCommand(command: TreeNode, known: KnownFiles): TreeNode {
  const redirections = (command['redirections'] ?? []) as Redirection[];
  if (command.type !== 'SimpleCommand') {
    return redirections.some(writesSomewhere) && command.type !== 'FunctionDef'
      ? withStatus(command)
      : command;
  }
  const path = literalOf(command['name']);
  // All commands are in all of the usual folders.
  const name = path?.replace(/^\/(usr\/)?s?bin\//, '');
  if (name !== undefined && name !== path) command['name'] = commandOf(name)['name'];
  if (name === 'exec') return command;
  if (name === 'trap') command['name'] = commandOf(`${PREFIX}trap`)['name'];
  if (name === 'exit') return withTrap(command);
  if ((name === '.' || name === 'source') && redirections.length === 0)
    return sourced(command, known);
  return redirections.some(writesSomewhere) ? withStatus(command) : command;
}

interface Statement extends TreeNode {
  background: boolean;
  pipelines: { commands: TreeNode[] }[];
}

/** `program args &` becomes an assignment of the pid that starting it gives. */
function inBackground(statement: Statement): void {
  const command = statement.pipelines[0]?.commands[0];
  statement.background = false;
  if (command?.type !== 'SimpleCommand') return;
  const started = commandOf(`${PREFIX}bg="$(${PREFIX}spawn X)"`);
  const words = [command['name'], ...(command['args'] as unknown[])];
  replaceArgument(started, words);
  statement.pipelines = [{ ...statement.pipelines[0], commands: [started] }];
  delete statement['sourceText'];
}

/** Subshells begin without traps. */
function withoutTraps(node: TreeNode): void {
  const { body } = node;
  const statements =
    node.type === 'Subshell'
      ? body
      : node.type === 'CommandSubstitution' || node.type === 'ProcessSubstitution'
        ? (body as TreeNode | undefined)?.['statements']
        : undefined;
  if (!Array.isArray(statements)) return;
  // `$(< file)` stands for the file's contents only when it stands alone.
  const only = (statements as Statement[])[0]?.pipelines[0]?.commands[0];
  if (only?.type === 'SimpleCommand' && (only['name'] ?? null) === null) return;
  const reset = (parse(`${PREFIX}trap_EXIT=`) as unknown as { statements: TreeNode[] }).statements;
  statements.unshift(...reset);
}

/** What the printer of trees would print as something else: a `$` in plain text, and a file behind a here-document. */
function printable(node: TreeNode): void {
  const { parts, redirections } = node;
  if (Array.isArray(parts) && node.type === 'Word') {
    node['parts'] = (parts as { type: string; value?: string }[]).map((part) =>
      part.type === 'Literal' && part.value?.includes('$') === true && !part.value.includes("'")
        ? { type: 'SingleQuoted', value: part.value }
        : part,
    );
  }
  if (!Array.isArray(redirections)) return;
  const isHere = ({ operator }: Redirection): boolean =>
    operator.startsWith('<<') && operator !== '<<<';
  const all = redirections as Redirection[];
  node['redirections'] = [...all.filter((r) => !isHere(r)), ...all.filter(isHere)];
}

function rewriteTree(ast: Ast, known: KnownFiles): Ast {
  visit(ast, (node) => {
    if (node.type === 'Statement' && node['background'] === true) inBackground(node as Statement);
    withoutTraps(node);
    if (node.type === 'ParameterExpansion' && node['parameter'] === '!') {
      node['parameter'] = `${PREFIX}bg`;
    }
    const commands = node['commands'];
    if (node.type !== 'Pipeline' || !Array.isArray(commands)) return;
    node['commands'] = (commands as TreeNode[]).map((command) => rewriteCommand(command, known));
  });
  visit(ast, (node) => {
    if (node.type === 'Statement') delete node['sourceText'];
    printable(node);
  });
  return ast;
}

/** Rewrites every script that a shell executes. */
export function rewriting(known: KnownFiles): TransformPlugin {
  return { name: 'klp-smp', transform: ({ ast }) => ({ ast: rewriteTree(ast, known) }) };
}

/** A script as text, in the form that just-bash executes as bash would execute the original. */
export function rewrite(script: string): string {
  return new BashTransformPipeline().use(rewriting(() => undefined)).transform(script).script;
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
    const { pipelines, sourceText } = statement as unknown as Statement & { sourceText?: string };
    const command = pipelines[0]?.commands[0];
    if (command?.type !== 'FunctionDef' || sourceText === undefined) continue;
    found.set(String(command['name']), sourceText);
  }
  return found;
}
