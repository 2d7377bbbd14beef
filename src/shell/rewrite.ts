/** Rewrites a script when it is parsed, where just-bash differs from bash, so that just-bash acts like bash. */

import { BashTransformPipeline, parse, type TransformPlugin } from 'just-bash';
import {
  behind,
  computing,
  expansion,
  takeEffects,
  withoutShiftsInParentheses,
} from './rewrite-arithmetic.js';
import {
  Seen,
  withFailingCalls,
  withoutAsking,
  withoutErrexit,
  withOwnStatus,
  withSafeFailures,
} from './rewrite-options.js';
import {
  commandOf,
  literalOf,
  PREFIX,
  replaceArgument,
  visit,
  type Redirection,
  type TreeNode,
} from './syntax.js';
import { testedIn, thenSignals, withErrTrap, withoutTraps, withTrap } from './rewrite-traps.js';
import {
  KNOWN,
  KNOWN_PATH,
  markKnown,
  sourceParameter,
  withPath,
  type Sources,
} from './rewrite-source.js';
import { lacksCommand } from './faults.js';
import { documentWarnings, withEnd, withHereStrings } from './rewrite-end.js';
import { framed, outermost, withFrames } from './rewrite-frames.js';
import { takeFolders } from './rewrite-globs.js';
import { takeMaps, withShownMaps, withTargets } from './rewrite-maps.js';
import { withArguments, withArrays, withoutReadonly } from './rewrite-arrays.js';
import { takeSubscripts, withLines } from './rewrite-subscripts.js';
import type { Together } from './together.js';
import { APART, inOrder, mode } from './together.js';
import { printable } from './printable.js';
import { isPlain, withStatus, writesSomewhere } from './rewrite-writes.js';

type Ast = ReturnType<typeof parse>;

/** `"$@" x` becomes `__klp_call "$@" x`: the words that a command's name expands to are its name and its arguments. */
function withExpandedName(command: TreeNode): void {
  const name = command['name'];
  let computed = 0;
  visit(name, ({ type = '' }) => {
    if (/Expansion|Substitution/.test(type)) computed++;
  });
  if (computed === 0) return;
  command['name'] = commandOf(`${PREFIX}call`)['name'];
  command['args'] = [name, ...(command['args'] as unknown[])];
}

/** Whether a redirection reads a file whose name can be looked at twice. */
function readsPlainly({ fd, operator, target }: Redirection): boolean {
  if (operator !== '<' || (fd !== null && fd !== 0) || literalOf(target) === '/dev/null')
    return false;
  return isPlain(target);
}

/** `command < file` runs only if the file may be read; just-bash reports only one reason for every failure. */
function ifReadable(command: TreeNode, target: unknown): TreeNode {
  const group = commandOf(`{ ${PREFIX}readable X && Y; }`);
  replaceArgument(group, [target]);
  const pipelines = (group['body'] as { pipelines: { commands: TreeNode[] }[] }[])[0]?.pipelines;
  if (pipelines?.[1] !== undefined) pipelines[1].commands = [command];
  delete (group['body'] as TreeNode[])[0]?.['sourceText'];
  return group;
}

/** `declare -f NAME` and `type NAME` show functions as they were written. */
function asksForFunctions(command: TreeNode, name: string): void {
  const [first] = command['args'] as unknown[];
  const option = literalOf(first) ?? '';
  if (name === 'type' ? option.startsWith('-') : option !== '-f') return;
  const asks = name === 'type' ? `${PREFIX}type` : `${PREFIX}functions`;
  command['name'] = commandOf(asks)['name'];
}

/** `export -f NAME` and `unset -f NAME` are told to who keeps the texts of functions. */
function ofFunctions(command: TreeNode, name: string): TreeNode {
  const [option, ...names] = command['args'] as unknown[];
  if (literalOf(option) !== '-f') return command;
  const told = commandOf(`${PREFIX}${name}_functions`);
  const tells = { ...told, args: names, line: command['line'] };
  return name === 'export'
    ? { ...tells, redirections: command['redirections'] }
    : behind([tells], command);
}

/** How scripts are rewritten. */
export interface Rewriting extends Sources {
  /** What earlier scripts of the shell define. */
  readonly seen?: Seen;
  /** Lets errors stand among the output; undefined: the two are kept apart. */
  readonly together?: Together | undefined;
}

/** `. file` becomes the file's own statements where it is known, else `eval` of the file, rewritten. */
function sourced(command: TreeNode, how: Rewriting): TreeNode {
  const text = command[KNOWN];
  if (typeof text !== 'string') {
    const [file, ...args] = command['args'] as unknown[];
    const replacement = commandOf(`{ ${PREFIX}script X && . "$${PREFIX}file" Y; }`);
    replaceArgument(replacement, file === undefined ? [] : [file]);
    replaceArgument(replacement, args, 'Y');
    replacement['redirections'] = command['redirections'];
    return replacement;
  }
  const group = commandOf('{ :; }');
  group['body'] = (
    rewriteTree(parse(withoutShiftsInParentheses(text)), {
      ...how,
      source: String(command[KNOWN_PATH]),
    }) as unknown as { statements: unknown }
  ).statements;
  return group;
}

/** `eval words` becomes `eval` of the text that they make, rewritten. */
function evaluated(command: TreeNode): TreeNode {
  const args = command['args'] as unknown[];
  const { line = 1 } = command as { line?: number };
  // The line that bash is at when it executes a command is the command's last one.
  let last = line;
  visit(args, ({ value }) => {
    if (typeof value === 'string') last += value.split('\n').length - 1;
  });
  const group = commandOf(`{ ${PREFIX}eval "$?" ${last} X; eval "$${PREFIX}text"; }`);
  replaceArgument(group, args);
  group['redirections'] = command['redirections'];
  return group;
}

function rewriteCommand(command: TreeNode, how: Rewriting): TreeNode {
  const redirections = (command['redirections'] ?? []) as Redirection[];
  if (command.type !== 'SimpleCommand') {
    return redirections.some(writesSomewhere) && command.type !== 'FunctionDef'
      ? withStatus(command)
      : command;
  }
  withExpandedName(command);
  const path = literalOf(command['name']);
  // Every command is in each of the usual folders.
  const name = path?.replace(/^\/(usr\/)?s?bin\//, '');
  if (name !== undefined && name !== path) command['name'] = commandOf(name)['name'];
  if (name?.includes('/') === true) {
    command['args'] = [command['name'], ...(command['args'] as unknown[])];
    command['name'] = commandOf(`${PREFIX}called`)['name'];
  }
  if (name === 'exec') return command;
  if (name === 'wait') command['name'] = commandOf(`${PREFIX}wait`)['name'];
  if (name === 'kill' || name === 'wait' || (name === 'sleep' && how.seen?.hasJobs === true)) {
    return thenSignals(command);
  }
  if (name === 'trap') command['name'] = commandOf(`${PREFIX}trap`)['name'];
  if (name === 'exit') return withTrap(command);
  if (name === 'export' || name === 'unset') command = ofFunctions(command, name);
  if (name === 'type' || name === 'declare' || name === 'typeset') asksForFunctions(command, name);
  if (name === '.' || name === 'source') return sourced(command, how);
  if (name === 'eval') command = evaluated(command);
  if (name === 'declare' || name === 'typeset') command = withShownMaps(command);
  const whole = redirections.some(writesSomewhere) ? withStatus(command) : command;
  const source = redirections.find(readsPlainly);
  return source === undefined || name === undefined ? whole : ifReadable(whole, source.target);
}

interface Statement extends TreeNode {
  background: boolean;
  pipelines: { commands: TreeNode[] }[];
}

/** `command &` becomes an assignment of the pid that starting it gives: of a program of the machine, or of a job. */
function inBackground(statement: Statement & { sourceText?: string }): void {
  const command = statement.pipelines[0]?.commands[0];
  const text = statement.sourceText?.replace(/&\s*$/, '') ?? '';
  statement.background = false;
  delete statement.sourceText;
  const redirections = (command?.['redirections'] ?? []) as unknown[];
  const isAlone = statement.pipelines.length === 1 && statement.pipelines[0]?.commands.length === 1;
  const isPlain = command?.type === 'SimpleCommand' && isAlone && redirections.length === 0;
  const started = commandOf(`${PREFIX}bg="$(${PREFIX}spawn X)"`);
  const words = [command?.['name'], ...((command?.['args'] ?? []) as unknown[])];
  const asText = { type: 'Word', parts: [{ type: 'SingleQuoted', value: text }] };
  replaceArgument(started, isPlain ? [asText, ...words] : [asText]);
  statement.pipelines = [{ ...statement.pipelines[0], commands: [started] }];
  (statement as TreeNode)['operators'] = [];
}

/** Parameters that just-bash does not know: the last pid in the background, and the file of the script. */
function withKnownName(expansion: TreeNode, how: Sources): void {
  const name = String(expansion['parameter']);
  if (name === '!') expansion['parameter'] = `${PREFIX}bg`;
  // A subshell that is killed ends at once: it may as well be called by the name of its shell.
  if (name === 'BASHPID') expansion['parameter'] = '$';
  if (/^BASH_SOURCE(?:\[0\])?$/.test(name)) expansion['parameter'] = sourceParameter(how);
}

/** What just-bash takes for a message of its parser. */
const misread = (): Error =>
  Object.assign(new Error('Parse error at 1:1: syntax error'), { name: 'ParseException' });

/** The tree of a script as just-bash executes it; the tree is changed. */
export function rewriteTree(ast: Ast, how: Rewriting): Ast {
  const { seen = new Seen() } = how;
  markKnown(ast, how);
  const { source } = how;
  if (source !== undefined) withPath(ast.statements as unknown as TreeNode[], source);
  seen.begin(ast);
  withEnd(ast.statements as unknown as TreeNode[], seen.hasFrames ? outermost() : []);
  how.together?.begin(ast);
  const tested = seen.hasErrTrap ? testedIn(ast) : undefined;
  if (seen.hasFrames) framed(ast);
  visit(ast, withoutReadonly);
  // What runs in the background is given away as it was written.
  visit(ast, (node) => {
    if (lacksCommand(node)) throw misread();
    withArrays(node);
    if (node.type === 'Statement' && seen.hasErrexit) withFailingCalls(node, seen.functions);
    if (node.type === 'Statement' && node['background'] === true) inBackground(node as Statement);
  });
  visit(ast, (node) => {
    if (tested !== undefined && !tested.has(node)) withErrTrap(node, seen.hasErrtrace);
    if (node.type === 'Statement' && seen.hasErrexit) {
      withSafeFailures(node, seen.functions);
    }
    withoutAsking(node);
    withLines(node);
    withArguments(node);
    if (seen.hasFrames) withFrames(node);
    if (source !== undefined && node.type === 'FunctionDef') node['sourceFile'] = source;
    expansion(node);
    withoutTraps(node, seen, how.together === undefined ? '' : APART);
    if (seen.hasErrexit) withoutErrexit(node);
    if (node.type === 'ParameterExpansion') withKnownName(node, how);
    const commands = node['commands'];
    if (node.type !== 'Pipeline' || !Array.isArray(commands)) return;
    const before = (commands as TreeNode[]).map((command) => ({ ...command }));
    node['commands'] = (commands as TreeNode[]).map((command, i) => {
      const isPiped = i < commands.length - 1;
      const redirections = (command['redirections'] ?? []) as Redirection[];
      const isMet = mode(redirections, isPiped) === '1';
      const computed = computing(command);
      const firsts = [
        ...documentWarnings(command),
        ...takeFolders(computed),
        ...takeSubscripts(computed),
        ...takeMaps(computed, seen.maps, seen.refs),
        ...takeEffects(computed),
      ];
      const rewritten = rewriteCommand(isMet ? inOrder(computed, '1') : computed, how);
      return behind(firsts, withTargets(rewritten, seen.refs));
    });
    how.together?.pipeline(node, before);
  });
  visit(ast, (node) => {
    if (node.type === 'Statement') delete node['sourceText'];
    withOwnStatus(node);
    printable(node);
  });
  return ast;
}

/** Whether a command is the first one of {@link FUNCTIONS}. */
const beginsScript = (command: TreeNode): boolean =>
  (command['assignments'] as TreeNode[])[0]?.['name'] === `${PREFIX}trap_EXIT`;

/** Stands for a script whose tree is known. */
export const KNOWN_TREE = `${PREFIX}tree`;

/** Rewrites every script that a shell executes. @param known the tree that {@link KNOWN_TREE} stands for */
export function rewriting(how: Rewriting, known?: () => Ast | undefined): TransformPlugin {
  const transform: TransformPlugin['transform'] = ({ ast }) => {
    const first = ast.statements[0]?.pipelines[0]?.commands[0] as TreeNode | undefined;
    const tree = literalOf(first?.['name']) === KNOWN_TREE ? known?.() : undefined;
    // What a command of ours executes has nothing of its script around it.
    const isWhole = first?.type === 'SimpleCommand' && beginsScript(first);
    return { ast: tree ?? rewriteTree(ast, isWhole ? how : { ...how, seen: new Seen() }) };
  };
  return { name: 'klp-smp', transform };
}

/** A script as text, in the form that just-bash executes as bash would execute the original. */
export function rewrite(script: string, how: Rewriting = { known: () => undefined }): string {
  return new BashTransformPipeline()
    .use(rewriting(how))
    .use({
      name: 'here-strings',
      transform: ({ ast }) => {
        visit(ast, withHereStrings);
        return { ast };
      },
    })
    .transform(withoutShiftsInParentheses(script)).script;
}

/** Commands that are not executed as they are written. */
const REWRITTEN = new Set(
  'trap exit . source eval caller declare typeset local readonly export'.split(' '),
);

/** Whether executing a text as it is differs from what bash would do. */
function needsRewriting(text: string): boolean {
  let isNeeded = false;
  visit(parse(text), (node) => {
    const redirections = node['redirections'] as Redirection[] | undefined;
    const name = literalOf(node['name']);
    isNeeded ||=
      node['background'] === true ||
      (node.type === 'SimpleCommand' && name === undefined && (node['name'] ?? null) !== null) ||
      redirections?.some(writesSomewhere) === true ||
      (name !== undefined && (REWRITTEN.has(name) || name.includes('/'))) ||
      (node.type === 'ParameterExpansion' &&
        /^!$|\[.*\$\{|FUNCNAME|BASH_/.test(String(node['parameter']))) ||
      (node.type === 'Assignment' &&
        (/\[.*\$\{/.test(String(node['name'])) || (node['array'] ?? null) !== null));
  });
  return isNeeded;
}

/** What `eval` is to execute instead of a text; `together`: as for its script. */
export function evalText(text: string, together?: Together): string {
  try {
    if (together === undefined && !needsRewriting(text)) return text;
    return rewrite(text, { known: () => undefined, together });
  } catch {
    return text; // It is not shell syntax: eval says so.
  }
}

/** A text that begins with the status of the command before it. */
export const withStatusBefore = (text: string, status: number): string =>
  status !== 0 ? `${PREFIX}give ${status} && :; ${text}` : text;
