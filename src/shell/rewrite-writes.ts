/** Writes that a file of the kernel refuses: the command has status 1, and its error goes where bash's would. */

import {
  commandOf,
  literalOf,
  PREFIX,
  replaceArgument,
  visit,
  type Redirection,
  type TreeNode,
} from './syntax.js';

/** Whether a redirection may be refused by a file of the kernel. */
export function writesSomewhere({ fd, operator, target }: Redirection): boolean {
  if (!['>', '>>', '>|', '&>', '&>>'].includes(operator)) return false;
  if (fd !== null && fd > 2) return false;
  return literalOf(target) !== '/dev/null';
}

/** Whether a word can be expanded twice. */
export function isPlain(word: unknown): boolean {
  let plain = true;
  visit(word, ({ type = '' }) => {
    plain &&= !/Substitution|Arith/.test(type);
  });
  return plain;
}

/** Names under which files are written, as the script has them: a message says them so. */
const writtenNames = (redirections: readonly Redirection[]): unknown[] =>
  redirections
    .filter((redirection) => writesSomewhere(redirection) && isPlain(redirection.target))
    .filter(({ target }) => literalOf(target)?.startsWith('/') !== true)
    .map(({ target }) => target);

const isAppending = (operator: string): boolean => ['>', '>>', '>|'].includes(operator);

/** `2>/dev/null`. */
const nowhere = (): Redirection[] => commandOf(': 2>/dev/null')['redirections'] as Redirection[];

/**
 * Where errors go after some redirections, as one redirection more; none: where they went before.
 * What would be written to the refused file itself is lost.
 */
function errorsAfter(redirections: readonly Redirection[]): readonly Redirection[] {
  let last: readonly Redirection[] = [];
  let isOutputElsewhere = false;
  for (const redirection of redirections) {
    const { fd, operator, target } = redirection;
    const isOutput = fd === null || fd === 1;
    if (operator.startsWith('&>')) last = nowhere();
    else if (fd === 2 && isAppending(operator)) {
      last = isPlain(target) ? [{ ...redirection, operator: '>>' }] : nowhere();
    } else if (fd === 2 && operator === '>&') {
      last = literalOf(target) === '1' && isOutputElsewhere ? nowhere() : [redirection];
    } else if (isOutput && isAppending(operator)) isOutputElsewhere = true;
  }
  return last;
}

/** The command in the group that has that name. */
function commandIn(group: TreeNode, name: string): TreeNode | undefined {
  let found: TreeNode | undefined;
  visit(group, (node) => {
    if (literalOf(node['name']) === name) found = node;
  });
  return found;
}

/** Who writes last in a group or a loop. */
function lastNameIn(command: TreeNode): string {
  let last = 'bash';
  visit(command, (node) => {
    const name = node.type === 'SimpleCommand' ? literalOf(node['name']) : undefined;
    if (name !== undefined && !name.startsWith(PREFIX)) last = name;
  });
  return last;
}

/**
 * `command > file` becomes `{ command > file; __klp_status "$?" name file; }`: the status is that of the write. If the command's
 * errors go elsewhere, so does that of the write, and before it stands `__klp_opened "$?" file`: a file that cannot be opened
 * is told of where errors go at that moment.
 */
export function withStatus(command: TreeNode): TreeNode {
  const name = literalOf(command['name']) ?? lastNameIn(command);
  const redirections = (command['redirections'] ?? []) as Redirection[];
  const first = redirections.findIndex(writesSomewhere);
  const errors = errorsAfter(redirections);
  const opened = errors.length > 0 ? `${PREFIX}opened "$?" X; ` : '';
  const said = /^[\w./-]+$/.test(name) ? name : 'bash';
  const group = commandOf(`{ :; ${opened}${PREFIX}status "$?" ${said} Y; }`);
  const written = writtenNames(redirections);
  if (opened !== '') replaceArgument(group, written);
  replaceArgument(group, written, 'Y');
  const status = commandIn(group, `${PREFIX}status`);
  if (status !== undefined) status['redirections'] = errors;
  const opening = commandIn(group, `${PREFIX}opened`);
  if (opening !== undefined) opening['redirections'] = errorsAfter(redirections.slice(0, first));
  const body = group['body'] as TreeNode[];
  const statement = body[0] as unknown as {
    pipelines: { commands: TreeNode[] }[];
    sourceText?: string;
  };
  const pipeline = statement.pipelines[0];
  if (pipeline !== undefined) pipeline.commands = [command];
  delete statement.sourceText;
  return group;
}
