/** Rewrites what a script asks of its callers: `FUNCNAME`, `BASH_LINENO`, `BASH_SOURCE` and `caller`. */

import { parse, type CustomCommand } from 'just-bash';
import { define, fails, ok, type Definition } from './command.js';
import { SOURCED } from './rewrite-source.js';
import { quotedWords } from './quoting.js';
import { commandOf, literalOf, PREFIX, visit, type TreeNode } from './syntax.js';

const ARRAYS = ['FUNCNAME', 'BASH_LINENO', 'BASH_SOURCE'];
const MENTIONED = /\b(?:FUNCNAME|BASH_LINENO|BASH_SOURCE)\b/;
/** The file of the script: its name is enough. */
const PLAIN_SOURCE = /^BASH_SOURCE(?:\[0\])?$/;

/** What is inside of functions of ours. */
function ownNodes(tree: unknown): WeakSet<TreeNode> {
  const own = new WeakSet<TreeNode>();
  visit(tree, (node) => {
    if (node.type !== 'FunctionDef' || !String(node['name']).startsWith(PREFIX)) return;
    visit(node['body'], (inside) => own.add(inside));
  });
  return own;
}

/** Whether a script asks who calls whom. */
export function asksForFrames(tree: unknown): boolean {
  const own = ownNodes(tree);
  let isAsking = false;
  visit(tree, (node) => {
    if (own.has(node)) return;
    const { type, name, value, parameter, originalText } = node;
    if (type === 'SimpleCommand') isAsking ||= literalOf(name) === 'caller';
    for (const text of [value, parameter, originalText]) {
      if (typeof text !== 'string' || PLAIN_SOURCE.test(text)) continue;
      isAsking ||= MENTIONED.test(text.replace(/\$\{?BASH_SOURCE(?:\[0\])?\}?/g, ''));
    }
  });
  return isAsking;
}

/** Arrays of ours, with the shell itself as the outermost caller, in place of those of just-bash. */
export function framed(tree: unknown): void {
  const own = ownNodes(tree);
  visit(tree, (node) => {
    if (!own.has(node)) withOwnArrays(node);
  });
}

function withOwnArrays(node: TreeNode): void {
  const ours = (text: string): string =>
    text.replace(/\b(?=(?:FUNCNAME|BASH_LINENO|BASH_SOURCE)\b)/g, PREFIX);
  for (const member of ['parameter', 'array', 'name', 'content', 'originalText']) {
    const text = node[member];
    const isName = /^(?:Param|Arith|ArrayKeys)/.test(node.type ?? '');
    if (isName && typeof text === 'string' && !PLAIN_SOURCE.test(text)) node[member] = ours(text);
  }
  if (node.type === 'SimpleCommand' && literalOf(node['name']) === 'caller') {
    const asked = commandOf(
      `${PREFIX}caller X ${ARRAYS.map((name) => `- "\${${PREFIX}${name}[@]}"`).join(' ')}`,
    );
    const [, ...frames] = asked['args'] as unknown[];
    node['name'] = asked['name'];
    node['args'] = [...(node['args'] as unknown[]), ...frames];
  }
}

const statementsOf = (source: string): TreeNode[] =>
  (parse(source) as unknown as { statements: TreeNode[] }).statements;

/** A function looks at its callers when it is called. */
export function withFrames(node: TreeNode): void {
  if (node.type !== 'FunctionDef' || String(node['name']).startsWith(PREFIX)) return;
  const body = node['body'] as TreeNode;
  if (body.type !== 'Group') return;
  (body['body'] as TreeNode[]).unshift(
    ...statementsOf(
      `${PREFIX}frames "$?" "$0" ${ARRAYS.map((name) => `- "\${${name}[@]}"`).join(' ')}; eval "$${PREFIX}frame"`,
    ),
  );
}

/** Put in front of a script: what there is outside of functions. */
export const outermost = (): TreeNode[] =>
  statementsOf(`${PREFIX}BASH_SOURCE=("$0") ${PREFIX}BASH_LINENO=(0) ${PREFIX}FUNCNAME=()`);

/** Words between the dashes. */
function lists(words: readonly string[]): string[][] {
  const found: string[][] = [];
  for (const word of words) {
    if (word === '-') found.push([]);
    else found.at(-1)?.push(word);
  }
  return found;
}

/** At the start of a function: puts into a variable what makes the arrays of its callers, and leaves the status as it was. */
const frames: Definition = async ([status = '0', script = '', ...words], ctx) => {
  const [names = [], lines = [], sources = []] = lists(words);
  // Functions of ours that call those of the script are none of its callers.
  for (let at = names.length - 1; at >= 0; at--) {
    if (names[at]?.startsWith(PREFIX) !== true) continue;
    names.splice(at, 1);
    sources.splice(at, 1);
    lines.splice(Math.max(at - 1, 0), 1);
  }
  const isFile = script !== 'bash';
  const own = { FUNCNAME: names, BASH_LINENO: lines, BASH_SOURCE: sources };
  own.BASH_SOURCE = sources.map((one) => {
    if (one.startsWith(SOURCED)) return decodeURIComponent(one.slice(SOURCED.length));
    return one !== 'main' ? one : isFile ? script : 'environment';
  });
  if (isFile) {
    own.FUNCNAME.push('main');
    own.BASH_LINENO.push('0');
    own.BASH_SOURCE.push(script);
  }
  const made = Object.entries(own).map(([name, all]) => `${PREFIX}${name}=(${quotedWords(all)})`);
  const text = `local -a ${made.join(' ')}; ${PREFIX}give ${status} && :`;
  await ctx.assignShellVariable?.(`${PREFIX}frame`, text);
  return ok();
};

/** `caller`: where the function was called, or the function so many calls further out. */
const caller: Definition = (words) => {
  const at = words.indexOf('-');
  const given = words.slice(0, at);
  const [names = [], lines = [], sources = []] = lists(words.slice(at));
  const [level] = given;
  if (level === undefined) {
    return Promise.resolve(ok(`${lines[0] ?? '0'} ${sources[1] ?? 'NULL'}\n`));
  }
  if (!/^\d+$/.test(level)) {
    return Promise.resolve(
      fails(`bash: caller: ${level}: invalid number\ncaller: usage: caller [expr]`, 2),
    );
  }
  const n = Number(level);
  const [line, name, source] = [lines[n], names[n + 1], sources[n + 1]];
  if (line === undefined || name === undefined) {
    return Promise.resolve(fails('', 1));
  }
  return Promise.resolve(ok(`${line} ${name} ${source ?? ''}\n`));
};

/** All of them. */
export function frameCommands(): CustomCommand[] {
  return [define(`${PREFIX}frames`, frames), define(`${PREFIX}caller`, caller)];
}
