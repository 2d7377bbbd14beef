/** Rewrites a script so that errors stand among the output where they happen, as on a terminal: just-bash keeps the two apart. */

import { commandOf, literalOf, PREFIX, visit, type Redirection, type TreeNode } from './syntax.js';

/** Where errors go without a redirection: 1 if standard output and errors end up in one place, else 2. */
const TOP = `${PREFIX}err`;
const REST = `${PREFIX}errs`;

/** What is executed first where output is captured. */
export const APART = ` ${TOP}=2`;

/** Functions that change {@link TOP} and bring back what it was, in front of every script. */
export const TOGETHER_PRELUDE = `
${TOP}=1
${REST}=
${PREFIX}push() {
  ${REST}="$${TOP}$${REST}"
  ${TOP}="$1"
  return 0
}
${PREFIX}pop() {
  local status=$?
  ${TOP}="\${${REST}:0:1}"
  ${REST}="\${${REST}:1}"
  return $status
}
`;

/** Commands that leave the construct that contains them. */
const LEAVING = new Set(['exit', 'return', 'break', 'continue', 'exec', `${PREFIX}trap`]);

/** Whether output and errors of a command go to one place ('1'), to two ('2'), or wherever they went before. */
export function mode(
  redirections: readonly Redirection[],
  isPiped: boolean,
): '1' | '2' | undefined {
  const fds: Record<number, string> = { 1: isPiped ? 'pipe' : 'outer', 2: 'outer' };
  let isTouched = isPiped;
  redirections.forEach(({ fd, operator, target }, i) => {
    const word = literalOf(target);
    if (operator === '&>' || operator === '&>>') {
      fds[1] = fds[2] = `file${i}`;
    } else if (operator === '>&') {
      const from = Number(word);
      fds[fd ?? 1] = fds[from] ?? `fd${word ?? i}`;
    } else if (['>', '>>', '>|', '<>'].includes(operator)) {
      fds[fd ?? 1] = `file${i}`;
    } else return;
    if ((fd ?? 1) <= 2) isTouched = true;
  });
  if (!isTouched) return undefined;
  return fds[1] === fds[2] ? '1' : '2';
}

/** A group around commands of which `X` stands for the node. */
function around(source: string, node: TreeNode): TreeNode {
  const group = commandOf(source);
  for (const statement of group['body'] as {
    pipelines: { commands: TreeNode[] }[];
    sourceText?: string;
  }[]) {
    delete statement.sourceText;
    const pipeline = statement.pipelines[0];
    if (pipeline && literalOf(pipeline.commands[0]?.['name']) === 'X') pipeline.commands = [node];
  }
  return group;
}

/** A group whose errors go where its output goes, if they would be seen there. */
const grouped = (node: TreeNode): TreeNode => around(`{ X; } 2>&\${${TOP}:-2}`, node);

/** Commands that print output and errors in their natural order if they know that both go to the same place. */
const ORDERED = new Set(
  'cat grep ls find stat head tail wc cp rm sysctl insmod rmmod modprobe modinfo kill dmesg ps pgrep pkill bash sh'.split(
    ' ',
  ),
);

/** Name of a command, without the folder of commands that it may be in. */
const plainName = (node: TreeNode): string =>
  (literalOf(node['name']) ?? '').replace(/^\/(usr\/)?s?bin\//, '');

/** Tell the command where its errors go: '1' with its output, else elsewhere. */
export function inOrder(node: TreeNode, where: string): TreeNode {
  if (node.type !== 'SimpleCommand' || !ORDERED.has(plainName(node))) return node;
  const told = commandOf(`${PREFIX}mixed=${where} x`)['assignments'] as unknown[];
  return { ...node, assignments: [...((node['assignments'] ?? []) as unknown[]), ...told] };
}

/** Rewrites one shell's scripts; remembers which functions they define. */
export class Together {
  readonly #functions = new Set<string>();
  readonly #own = new WeakSet();
  #keepsStatuses = false;

  /** Before a script is rewritten. */
  begin(ast: unknown): void {
    visit(ast, (node) => {
      const isOwn = String(node['name']).startsWith(PREFIX);
      if (node.type === 'FunctionDef' && !isOwn) this.#functions.add(String(node['name']));
      if (node.type === 'FunctionDef' && isOwn) {
        visit(node['body'], (inside) => this.#own.add(inside));
      }
      if (String(node['parameter']).startsWith('PIPESTATUS')) this.#keepsStatuses = true;
    });
  }

  /** Rewrite a pipeline whose commands have been rewritten. @param before the commands as they were */
  pipeline(node: TreeNode, before: readonly TreeNode[]): void {
    if (this.#own.has(node)) return;
    const pipesErrors = (node['pipeStderr'] ?? []) as boolean[];
    const last = before.length - 1;
    const commands = (node['commands'] as TreeNode[]).map((command, i) => {
      const original = before[i] ?? command;
      if (isLeaving(original)) return command;
      const redirections = (original['redirections'] ?? []) as Redirection[];
      const all = pipesErrors[i] === true ? [...redirections, PIPED_ERRORS] : redirections;
      const inside = mode(all, i < last);
      if (inside === undefined || !this.#mayCallFunctions(original)) return command;
      return around(`{ ${PREFIX}push ${inside}; X; ${PREFIX}pop; }`, command);
    });
    node['commands'] = commands;
    const [only] = commands;
    if (only === undefined) return;
    if (commands.length === 1) {
      if (!isLeaving(before[0] ?? only) && !isPlainAssignment(only)) {
        node['commands'] = [this.#merged(only)];
      }
    } else if (!this.#keepsStatuses) {
      node['commands'] = [grouped(piped(commands, pipesErrors))];
      node['pipeStderr'] = [];
    }
  }

  /** Send its errors where output goes, if they would be seen there. */
  #merged(node: TreeNode): TreeNode {
    const redirections = node['redirections'] as unknown[] | undefined;
    const isPlain = node.type !== 'SimpleCommand' || !this.#mayCallFunctions(node);
    if (redirections?.length !== 0 || !isPlain || (node.type === 'SimpleCommand' && !hasName(node)))
      return grouped(node);
    const merged = { ...node, redirections: grouped(node)['redirections'] };
    return inOrder(merged, `\${${TOP}:-2}`);
  }

  /** Whether a command may run commands that the script defines: these separate their errors themselves. */
  #mayCallFunctions(command: TreeNode): boolean {
    if (command.type !== 'SimpleCommand') return true;
    if (!hasName(command)) return false;
    const name = literalOf(command['name']);
    return (
      name === undefined || this.#functions.has(name) || ['eval', '.', 'source'].includes(name)
    );
  }
}

function isLeaving(command: TreeNode): boolean {
  const name = literalOf(command['name']) ?? '';
  const redirections = (command['redirections'] ?? []) as Redirection[];
  if (name === ':' && redirections.length === 0) return true;
  return command.type === 'FunctionDef' || LEAVING.has(name) || isReading(command, redirections);
}

/** `< file` alone, which stands for the file's contents in `$(< file)`. */
const isReading = (command: TreeNode, redirections: readonly Redirection[]): boolean =>
  command.type === 'SimpleCommand' &&
  !hasName(command) &&
  redirections.length === 1 &&
  redirections[0]?.operator === '<';

const hasName = (command: TreeNode): boolean => (command['name'] ?? null) !== null;

/** `name=text`: nothing runs. */
function isPlainAssignment(command: TreeNode): boolean {
  if (command.type !== 'SimpleCommand' || hasName(command)) return false;
  if ((command['redirections'] as unknown[]).length > 0) return false;
  let isPlain = true;
  visit(command['assignments'], (node) => {
    isPlain &&= !/Substitution|ArithCommandSubst/.test(node.type ?? '');
  });
  return isPlain;
}

const PIPED_ERRORS: Redirection = {
  fd: 2,
  operator: '>&',
  target: { parts: [{ type: 'Literal', value: '1' }] },
};

function piped(commands: TreeNode[], pipesErrors: readonly boolean[]): TreeNode {
  const group = commandOf('{ :; }');
  const [statement] = group['body'] as { pipelines: TreeNode[]; sourceText?: string }[];
  if (statement?.pipelines[0] === undefined) throw new Error('no pipeline');
  delete statement.sourceText;
  statement.pipelines[0]['commands'] = commands;
  statement.pipelines[0]['pipeStderr'] = [...pipesErrors];
  return group;
}
