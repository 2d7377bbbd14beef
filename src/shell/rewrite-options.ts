/** Rewrites what just-bash does otherwise under `set -e` and `set -u`. */

import { parse } from 'just-bash';
import { declaredIn } from './rewrite-maps.js';
import { asksForFrames } from './rewrite-frames.js';
import { commandOf, literalOf, PREFIX, visit, type TreeNode } from './syntax.js';

interface Statement extends TreeNode {
  pipelines: TreeNode[];
  sourceText?: string;
}

/** Whether a command is called with a word. */
function isCalled(tree: unknown, command: string, isMeant: (word: string) => boolean): boolean {
  let isUsed = false;
  visit(tree, ({ type, name, args }) => {
    if (type !== 'SimpleCommand' || literalOf(name) !== command) return;
    isUsed ||= (args as unknown[]).some((word) => isMeant(literalOf(word) ?? ''));
  });
  return isUsed;
}

const sets = (tree: unknown, letter: string, option: string): boolean =>
  isCalled(tree, 'set', (word) => word === option || new RegExp(`^-[a-zA-Z]*${letter}`).test(word));

/** What is known of the scripts that one shell has rewritten. */
export class Seen {
  readonly functions = new Set<string>();
  /** Those that set traps. */
  readonly trapping = new Set<string>();
  /** Functions as they were written, by name. */
  readonly texts = new Map<string, string>();
  /** Whether commands may run with `set -e`, with an ERR trap, or with one that functions have too. */
  hasErrexit = false;
  hasErrTrap = false;
  hasErrtrace = false;
  /** Names of associative arrays, and of references. */
  readonly maps = new Set<string>();
  readonly refs = new Set<string>();
  /** Whether they ask who calls whom. */
  hasFrames = false;
  /** Whether something runs in the background. */
  hasJobs = false;

  /** Before a script is rewritten. */
  begin(tree: unknown): void {
    visit(tree, (node) => {
      if (node.type === 'Statement') this.hasJobs ||= node['background'] === true;
      if (node.type === 'FunctionDef') {
        this.functions.add(String(node['name']));
        if (isCalled(node['body'], 'trap', () => true)) this.trapping.add(String(node['name']));
      }
      const commands =
        node.type === 'Statement' ? (node as Statement).pipelines[0]?.['commands'] : [];
      const [only] = (commands ?? []) as TreeNode[];
      const { sourceText } = node as Statement;
      const name = String(only?.['name']);
      if (only?.type === 'FunctionDef' && sourceText !== undefined && !name.startsWith(PREFIX)) {
        this.texts.set(name, sourceText);
      }
    });
    this.hasFrames ||= asksForFrames(tree);
    for (const name of declaredIn(tree, 'A')) this.maps.add(name);
    for (const name of declaredIn(tree, 'n')) this.refs.add(name);
    this.hasErrexit ||= sets(tree, 'e', 'errexit');
    this.hasErrtrace ||= sets(tree, 'E', 'errtrace');
    this.hasErrTrap ||= isCalled(tree, 'trap', (word) => word === 'ERR');
  }

  /** Forget all: another script begins. */
  clear(): void {
    for (const names of [this.functions, this.trapping, this.texts, this.maps, this.refs])
      names.clear();
    this.hasErrexit = this.hasErrTrap = this.hasErrtrace = false;
    this.hasFrames = this.hasJobs = false;
  }

  /** Know what another shell knows. */
  adopt({
    functions,
    texts,
    hasErrexit,
    hasErrTrap,
    hasErrtrace,
    hasJobs,
    hasFrames,
    maps,
    refs,
  }: Seen): void {
    for (const name of functions) this.functions.add(name);
    for (const [name, text] of texts) this.texts.set(name, text);
    for (const name of maps) this.maps.add(name);
    for (const name of refs) this.refs.add(name);
    this.hasErrexit ||= hasErrexit;
    this.hasErrTrap ||= hasErrTrap;
    this.hasErrtrace ||= hasErrtrace;
    this.hasJobs ||= hasJobs;
    this.hasFrames ||= hasFrames;
  }
}

/** Whether a failure inside a pipeline's commands is not the failure of the pipeline. */
function hasCommandsInside(pipeline: TreeNode, functions: ReadonlySet<string>): boolean {
  return (pipeline['commands'] as TreeNode[]).some(({ type, name }) => {
    if (type !== 'SimpleCommand') return type !== 'ConditionalCommand';
    const word = literalOf(name);
    return word === undefined ? (name ?? null) !== null : functions.has(word) || word === 'eval';
  });
}

/** `f` becomes `{ if f; then code=0; else code=$?; fi; give $code && :; }`: conditions are where just-bash lets failures pass. */
function asCondition(pipeline: TreeNode): TreeNode {
  const code = `${PREFIX}code`;
  const group = commandOf(
    `{ if X; then ${code}=0; else ${code}=$?; fi; ${PREFIX}give "$${code}" && :; }`,
  );
  const [first] = group['body'] as Statement[];
  const choice = (first?.pipelines[0]?.['commands'] as TreeNode[])[0];
  const condition = (choice?.['clauses'] as { condition: Statement[] }[])[0]?.condition[0];
  if (condition !== undefined) condition.pipelines = [{ ...pipeline, negated: false }];
  return { ...pipeline, commands: [group], pipeStderr: [] };
}

/**
 * `f` becomes `{ f; give $?; }`: in just-bash a function whose last command is tested (`[ … ] && …`) does not end the script when
 * it fails, though its call is a command that fails.
 */
export function withFailingCalls(statement: TreeNode, functions: ReadonlySet<string>): void {
  const pipelines = statement['pipelines'] as TreeNode[];
  const last = pipelines.at(-1);
  const commands = (last?.['commands'] ?? []) as TreeNode[];
  const [only] = commands;
  if (last === undefined || commands.length !== 1 || last['negated'] === true) return;
  const name = literalOf(only?.['name']) ?? '';
  const isCall = only?.type === 'SimpleCommand' && (functions.has(name) || name === 'eval');
  if (!(isCall || only?.type === 'Subshell') || name.startsWith(PREFIX)) return;
  const group = commandOf(`{ X; ${PREFIX}give "$?"; }`);
  const [first] = group['body'] as (Statement & { pipelines: { commands: TreeNode[] }[] })[];
  if (first?.pipelines[0] === undefined) return;
  delete first.sourceText;
  first.pipelines[0].commands = [only];
  last['commands'] = [group];
}

/** In `f || g`, `f && g` and `! f`, failures inside `f` do not end the script. */
export function withSafeFailures(statement: TreeNode, functions: ReadonlySet<string>): void {
  const pipelines = statement['pipelines'] as TreeNode[];
  statement['pipelines'] = pipelines.map((pipeline, i) => {
    const isTested = i < pipelines.length - 1 || pipeline['negated'] === true;
    return isTested && hasCommandsInside(pipeline, functions) ? asCondition(pipeline) : pipeline;
  });
}

/** Substitutions begin without `set -e`; in a subshell, as just-bash would let that out of the substitution. */
export function withoutErrexit(node: TreeNode): void {
  if (node.type !== 'CommandSubstitution') return;
  const body = node['body'] as { statements: Statement[] };
  const only = body.statements[0]?.pipelines[0]?.['commands'] as TreeNode[] | undefined;
  // `$(< file)` stands for the file's contents only when it stands alone.
  const isPlain = only?.[0]?.type === 'SimpleCommand' && (only[0]['name'] ?? null) === null;
  if (isPlain && (only[0]?.['redirections'] as unknown[]).length > 0) return;
  const { statements } = parse('(set +e)') as unknown as { statements: Statement[] };
  const subshell = (statements[0]?.pipelines[0]?.['commands'] as TreeNode[])[0];
  (subshell?.['body'] as Statement[]).push(...body.statements);
  body.statements = statements;
}

/** Variables of ours whose assignment need not have a status. */
const OWN = new RegExp(`^${PREFIX}(?:errs?|bg|whole|trap_EXIT|key\\d+|BASH_\\w+|FUNCNAME)$`);

/** `x=1` becomes `if x=1; then :; fi`, whose status is 0: just-bash leaves the status of the command before. */
export function withOwnStatus(pipeline: TreeNode): void {
  const commands = pipeline['commands'] as TreeNode[] | undefined;
  const [only] = commands ?? [];
  if (pipeline.type !== 'Pipeline' || commands?.length !== 1 || only?.type !== 'SimpleCommand')
    return;
  const { name, assignments, redirections } = only;
  const names = ((assignments ?? []) as TreeNode[]).map((one) => String(one['name']));
  if ((name ?? null) !== null || names.length === 0 || (redirections as unknown[]).length > 0)
    return;
  let runs = names.every((one) => OWN.test(one));
  visit(assignments, ({ type = '' }) => {
    runs ||= type === 'CommandSubstitution';
  });
  if (runs) return;
  const choice = commandOf(`if X; then ${PREFIX}noop=; fi`);
  const condition = (choice['clauses'] as { condition: Statement[] }[])[0]?.condition[0];
  if (condition?.pipelines[0] === undefined) return;
  condition.pipelines[0]['commands'] = [only];
  delete condition.sourceText;
  pipeline['commands'] = [choice];
}

/** `"${x:-d}"` alone in a word: under `set -u` just-bash asks for `x` first, except where something stands beside it. */
export function withoutAsking(node: TreeNode): void {
  if (node.type !== 'DoubleQuoted') return;
  const parts = node['parts'] as TreeNode[];
  const [only] = parts;
  const operation = (only?.['operation'] as { type?: string } | null | undefined)?.type ?? '';
  const isOptional = /^(?:DefaultValue|AssignDefault|UseAlternative)$/.test(operation);
  if (
    parts.length !== 1 ||
    !isOptional ||
    !/^\w+(?:\[[^@*]*\])?$/.test(String(only?.['parameter']))
  )
    return;
  parts.unshift({ type: 'Literal', value: '' });
}
