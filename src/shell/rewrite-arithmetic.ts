/** Rewrites `$((…))`, `((…))` and `let` so that our own commands compute them. */

import { parse } from 'just-bash';
import { hasEffects } from './arithmetic.js';
import { commandOf, literalOf, PREFIX, visit, type TreeNode } from './syntax.js';

/** Words that stand for the values of the expressions with effects in one command. */
const VALUE = `${PREFIX}value`;

const textOf = (node: TreeNode): string | undefined =>
  (node['expression'] as { originalText?: string } | undefined)?.originalText;

/** Text with each element of an array that is only read replaced by its value; undefined: it has others. */
function withElements(text: string): string | undefined {
  // These are not among the variables that a command sees.
  const known = text.replace(
    /(?<![$\w{.])(SECONDS|RANDOM|LINENO|EPOCHSECONDS|UID|EUID|PPID)(?!\w|\s*(?:=[^=]|[-+*/]=))/g,
    '${$1}',
  );
  const replaced = known.replace(
    /(^|[^$\w{#])([A-Za-z_]\w*\[(?:[\w\s+*-]|\$\w+|\$\{\w+\})*\])(?!\s*(?:=[^=]|[-+*/%&|^]=|<<=|>>=|\+\+|--))/g,
    '$1(${$2:-0})',
  );
  return /(^|[^$\w{#])[A-Za-z_]\w*\[/.test(replaced) || /(\+\+|--)\s*\(\$\{/.test(replaced)
    ? undefined
    : replaced;
}

/** An expression's text as a word in double quotes, which its variables and substitutions are put into; undefined: it has a form that just-bash is left to compute. */
function wordOf(text: string): unknown {
  const plain = withElements(text);
  // Quotes mean nothing in an expression, except within substitutions.
  if (plain === undefined || plain.includes("'")) return undefined;
  if (plain.includes('"') && /\$\(|`/.test(plain)) return undefined;
  try {
    return (commandOf(`x "${plain.replaceAll('"', '')}"`)['args'] as unknown[])[0];
  } catch {
    return undefined;
  }
}

/** A small command with a word in place of its argument `X`. */
function withWord(source: string, word: unknown): TreeNode {
  const command = commandOf(source);
  const args = command['args'] as unknown[];
  args.splice(
    args.findIndex((arg) => literalOf(arg) === 'X'),
    1,
    word,
  );
  return command;
}

/** `$((…))` without effects becomes `$(__klp_arithmetic "…")`; a subscript is an expression anyway. */
export function expansion(node: TreeNode): void {
  const { parameter } = node;
  if (node.type === 'ParameterExpansion' && typeof parameter === 'string') {
    node['parameter'] = parameter.replace(/(?<=\[.*)\$(\(\(.*?\)\))/g, '$1');
  }
  if (node.type !== 'ArithmeticExpansion') return;
  const text = textOf(node);
  if (text === undefined || hasEffects(text)) return;
  const word = wordOf(text);
  if (word === undefined) return;
  visit(word, expansion);
  const body = parse(`${PREFIX}arithmetic X`);
  const statement = body.statements[0] as unknown as { pipelines: { commands: TreeNode[] }[] };
  if (statement.pipelines[0] === undefined) return;
  statement.pipelines[0].commands = [withWord(`${PREFIX}arithmetic X`, word)];
  delete node['expression'];
  Object.assign(node, { type: 'CommandSubstitution', legacy: false, body });
}

/** The expressions with effects among a command's own words. */
function effectsIn(words: unknown): TreeNode[] {
  const found: TreeNode[] = [];
  const look = (node: unknown): void => {
    if (Array.isArray(node)) node.forEach(look);
    if (typeof node !== 'object' || node === null || Array.isArray(node)) return;
    const { type = '' } = node as TreeNode;
    if (/^(?:Command|Process)Substitution$/.test(type)) return;
    if (type === 'ArithmeticExpansion') found.push(node as TreeNode);
    else Object.values(node).forEach(look);
  };
  look(words);
  return found;
}

/**
 * Commands that are to run before one with `$((i++))` among its words, each of which puts such a value into a variable that stands
 * in its place then: a substitution could not change `i`.
 */
export function takeEffects(command: TreeNode): TreeNode[] {
  if (command.type !== 'SimpleCommand') return [];
  const { name, args, assignments, redirections } = command;
  return effectsIn([assignments, name, args, redirections]).flatMap((node, n) => {
    const word = wordOf(textOf(node) ?? '');
    if (word === undefined) return [];
    visit(word, expansion);
    const value = `${VALUE}${n}`;
    delete node['expression'];
    Object.assign(node, { type: 'ParameterExpansion', parameter: value, operation: null });
    return [withWord(`${PREFIX}compute ${value} X`, word)];
  });
}

/** A group that runs a command if the commands before it succeed. */
export const behind = (firsts: readonly TreeNode[], command: TreeNode): TreeNode =>
  firsts.reduceRight((then, first) => before(first, then), command);

function before(first: TreeNode, then: TreeNode): TreeNode {
  const group = commandOf('{ X && Y; }');
  const [statement] = group['body'] as {
    pipelines: { commands: TreeNode[] }[];
    sourceText?: string;
  }[];
  if (statement?.pipelines[0] === undefined || statement.pipelines[1] === undefined) return then;
  delete statement.sourceText;
  statement.pipelines[0].commands = [first];
  statement.pipelines[1].commands = [then];
  return group;
}

/** `((…))` becomes a command that computes it, and `let` that command. */
export function computing(command: TreeNode): TreeNode {
  if (command.type === 'SimpleCommand' && literalOf(command['name']) === 'let') {
    return { ...command, name: commandOf(`${PREFIX}let`)['name'] };
  }
  if (command.type !== 'ArithmeticCommand') return command;
  // just-bash puts a blank into `|=`.
  const text = (textOf(command) ?? '').replace(/([-+*/%&|^]|<<|>>)\s+=(?!=)/g, '$1=');
  const word = wordOf(text);
  if (word === undefined) return command;
  visit(word, expansion);
  return {
    ...withWord(`${PREFIX}let X`, word),
    redirections: command['redirections'],
    line: command['line'],
  };
}

/** An expression that just-bash takes for commands in two subshells: `((a - b > 5))`, `((!x))`. */
const LIKE_COMMANDS = /^[ \t(]*(?:!|[A-Za-z_][\w.-]*[ \t]+[-"'$A-Za-z_/.])/;

/**
 * `((a << b))` as `let "a << b"`: just-bash takes what follows `<<` for a here-document when it reads `((…))`, and some
 * expressions for commands.
 *
 * @param script the text of a script
 */
export function withoutShiftsInParentheses(script: string): string {
  return script.replace(
    /(^|[;&|{(]|\b(?:then|do|else|if|while|until|elif)|!)([ \t]*)\(\(((?:[^()\n'"]|\([^()\n'"]*\))*)\)\)/gm,
    (all, start: string, blanks: string, text: string) =>
      text.includes('<<') || LIKE_COMMANDS.test(text)
        ? `${start}${blanks || ' '}let "${text}"`
        : all,
  );
}
