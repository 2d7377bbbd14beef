/** Rewrites what has to do with traps: the end of a script or subshell, commands that fail, and signals. */

import { parse } from 'just-bash';
import type { Seen } from './rewrite-options.js';
import { commandOf, literalOf, PREFIX, visit, type TreeNode } from './syntax.js';

interface Statement extends TreeNode {
  pipelines: { commands: TreeNode[]; negated?: boolean }[];
}

/** `exit n` runs the EXIT trap first, except in a subshell whose parent has set it. */
export function withTrap(command: TreeNode): TreeNode {
  const group = commandOf(
    `{ ${PREFIX}code=$?; if ${PREFIX}same \${BASH_SUBSHELL:-0} "$${PREFIX}trap_at"; then ${PREFIX}leave; fi; exit "$${PREFIX}code"; }`,
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

const statementsOf = (source: string): TreeNode[] =>
  (parse(source) as unknown as { statements: TreeNode[] }).statements;

/** Subshells begin without traps; captured output does not contain their errors. */
export function withoutTraps(node: TreeNode, seen: Seen, more: string): void {
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
  const errors = seen.hasErrTrap && !seen.hasErrtrace ? ` ${PREFIX}trap_ERR=` : '';
  const first = node.type === 'Subshell' ? '' : more;
  statements.unshift(...statementsOf(`${PREFIX}trap_EXIT=${errors}${first}`));
  if ((statements as Statement[]).some((statement) => setsTrap(statement, seen.trapping)))
    statements.push(...statementsOf(END));
}

/** Ends a subshell that has a trap of its own. */
const END = `${PREFIX}code=$?; ${PREFIX}leave; ${PREFIX}give "$${PREFIX}code"`;

function setsTrap({ pipelines }: Statement, trapping: ReadonlySet<string>): boolean {
  return pipelines.some(({ commands }) => {
    const name = literalOf(commands[0]?.['name']) ?? '';
    return name === `${PREFIX}trap` || trapping.has(name);
  });
}

/** Statements whose failure is an answer: conditions, with everything in them, and what is of the shell itself. */
export function testedIn(tree: unknown): WeakSet<TreeNode> {
  const tested = new WeakSet<TreeNode>();
  const all = (part: unknown): void => {
    visit(part, (node) => tested.add(node));
  };
  visit(tree, (node) => {
    if (node.type === 'While' || node.type === 'Until') all(node['condition']);
    if (node.type === 'If') {
      for (const { condition } of node['clauses'] as { condition: unknown }[]) all(condition);
    }
    if (node.type === 'FunctionDef' && String(node['name']).startsWith(PREFIX)) all(node['body']);
    if (node.type !== 'Statement') return;
    const { pipelines } = node as Statement;
    // All but the last of `a && b || c` are tested.
    for (const pipeline of pipelines.slice(0, -1)) all(pipeline);
    if (pipelines[pipelines.length - 1]?.negated === true) tested.add(node);
  });
  return tested;
}

/** Commands whose failure is that of another command inside of them, which has been noticed. */
const CONTAINERS = new Set([
  'If',
  'For',
  'CStyleFor',
  'While',
  'Until',
  'Case',
  'Group',
  'FunctionDef',
]);

/** `command` becomes `{ command || __klp_failed "$?" LINE; }`, which runs the ERR trap. */
export function withErrTrap(node: TreeNode, isTraced: boolean): void {
  if (node.type !== 'Statement') return;
  const { pipelines } = node as Statement;
  const last = pipelines[pipelines.length - 1];
  const [first] = last?.commands ?? [];
  if (last === undefined || first === undefined) return;
  if (last.commands.length === 1 && CONTAINERS.has(first.type ?? '')) return;
  if (literalOf(first['name'])?.startsWith(PREFIX) === true) return;
  let line = 0;
  visit(first, (inside) => {
    // What was put into its place has a line of its own: the first.
    if (typeof inside['line'] === 'number') line = Math.max(line, inside['line']);
  });
  const group = commandOf(`{ X || ${PREFIX}failed "$?" ${line} ${isTraced ? 1 : 0}; }`);
  const [inner] = group['body'] as (Statement & { sourceText?: string })[];
  if (inner === undefined) return;
  delete inner.sourceText;
  inner.pipelines[0] = { ...last };
  last.commands = [group];
  Object.assign(last, { pipeStderr: [] });
}

/** After a command during which the shell may get a signal, its handler runs. */
export function thenSignals(command: TreeNode): TreeNode {
  const group = commandOf(`{ X; ${PREFIX}signalled "$?"; eval "$${PREFIX}text"; }`);
  const [first] = group['body'] as (Statement & { sourceText?: string })[];
  if (first?.pipelines[0] === undefined) return command;
  delete first.sourceText;
  first.pipelines[0].commands = [command];
  return group;
}
