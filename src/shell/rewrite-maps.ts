/** Rewrites `${!m[@]}` and `${m[@]}`: bash goes through an associative array in the order of its buckets, and through references. */

import type { CustomCommand } from 'just-bash';
import { define, ok, Output, type Definition } from './command.js';
import { quotedWords } from './quoting.js';
import { commandOf, literalOf, PREFIX, visit, type TreeNode } from './syntax.js';

/** Names that a script declares with `-A`, or with `-n` as references. */
export function declaredIn(tree: unknown, letter: 'A' | 'n'): string[] {
  const isMeant = new RegExp(`^-[a-zA-Z]*${letter}`);
  const found: string[] = [];
  visit(tree, ({ type, name, args }) => {
    if (type !== 'SimpleCommand') return;
    if (!/^(?:declare|typeset|local|readonly)$/.test(literalOf(name) ?? '')) return;
    const words = (args as { parts: TreeNode[] }[]).map(({ parts }) =>
      parts[0]?.type === 'Literal' ? String(parts[0]['value']) : '',
    );
    if (!words.some((word) => isMeant.test(word))) return;
    found.push(...words.flatMap((word) => /^([A-Za-z_]\w*)(?:=|$)/.exec(word)?.[1] ?? []));
  });
  return found;
}

/** Expansions of the words of a command, without those of substitutions. */
function expansionsIn(words: unknown, found: TreeNode[] = []): TreeNode[] {
  if (Array.isArray(words)) for (const word of words) expansionsIn(word, found);
  if (typeof words !== 'object' || words === null || Array.isArray(words)) return found;
  const node = words as TreeNode;
  if (/^(?:Command|Process)Substitution$/.test(node.type ?? '') && !computes(node)) return found;
  if (node.type === 'ParameterExpansion') found.push(node);
  for (const member of Object.values(node)) expansionsIn(member, found);
  return found;
}

/** Whether a substitution is the value of an expression. */
function computes({ body }: TreeNode): boolean {
  let is = false;
  visit(body, (node) => {
    is ||= literalOf(node['name']) === `${PREFIX}arithmetic`;
  });
  return is;
}

/** Lengths of references in the head of a loop, as expansions. */
function lengthsIn(command: TreeNode, refs: ReadonlySet<string>): (readonly [TreeNode, string])[] {
  const found: (readonly [TreeNode, string])[] = [];
  if (command.type !== 'CStyleFor') return found;
  visit([command['init'], command['condition'], command['update']], (node) => {
    const [, name] = /^#(\w+)\[[@*]\]$/.exec(String(node['content'])) ?? [];
    if (name !== undefined && refs.has(name)) found.push([node, name]);
  });
  return found;
}

/** Which list of an array an expansion is about. */
function listOf(
  node: TreeNode,
  refs: ReadonlySet<string>,
): { readonly name: string; readonly isKeys: boolean; readonly all: string } | undefined {
  const operation = node['operation'] as {
    type?: string;
    array?: string;
    star?: boolean;
    operator?: string;
  } | null;
  if (operation?.type === 'ArrayKeys') {
    return { name: operation.array ?? '', isKeys: true, all: operation.star === true ? '*' : '@' };
  }
  const [, name, all] = /^(\w+)\[([@*])\]$/.exec(String(node['parameter'])) ?? [];
  if (name === undefined || all === undefined) return undefined;
  if (operation?.type === 'Length')
    return refs.has(name) ? { name, isKeys: false, all } : undefined;
  if (/^[KkAa]$/.test(operation?.operator ?? '')) return undefined;
  return { name, isKeys: false, all };
}

/** Commands to be run before one that goes through such arrays: they make lists in bash's order, which stand in their place then. */
export function takeMaps(
  command: TreeNode,
  maps: ReadonlySet<string>,
  refs: ReadonlySet<string>,
): TreeNode[] {
  const members = ['name', 'args', 'assignments', 'redirections', 'words', 'word', 'expression'];
  const numbers = new Map<string, number>();
  const changed: TreeNode[] = [];
  for (const node of expansionsIn(members.map((member) => command[member]))) {
    const list = listOf(node, refs);
    if (list === undefined && isOfElements(node)) changed.push(node);
    if (list !== undefined && !list.isKeys && isOfElements(node)) changed.push(node);
    if (list === undefined || !(maps.has(list.name) || refs.has(list.name))) continue;
    const n = numbers.get(list.name) ?? numbers.size;
    numbers.set(list.name, n);
    node['parameter'] = `${PREFIX}${list.isKeys ? 'keys' : 'values'}${n}[${list.all}]`;
    if (list.isKeys) node['operation'] = null;
  }
  for (const [node, name] of lengthsIn(command, refs)) {
    const n = numbers.get(name) ?? numbers.size;
    numbers.set(name, n);
    node['content'] = `#${PREFIX}keys${n}[@]`;
  }
  const lists = [...numbers].map(([name, n]) =>
    commandOf(
      (refs.has(name) ? listingOfTarget : listing)(
        name,
        `${PREFIX}keys${n}`,
        `${PREFIX}values${n}`,
      ),
    ),
  );
  return [...lists, ...changed.map(changing)];
}

const listing = (name: string, keys: string, values: string): string => `{
${keys}=() ${values}=()
if [ "\${#${name}[@]}" -gt 0 ]; then
  ${PREFIX}order "\${${name}[*]@a}" "\${!${name}[@]}"
  eval "${keys}=($${PREFIX}text)"
  for ${PREFIX}k in "\${${keys}[@]}"; do ${values}+=("\${${name}[$${PREFIX}k]}"); done
fi; }`;

/** Whether an expansion changes each of several words, which just-bash does only where it stands alone, or to the first. */
function isOfElements(node: TreeNode): boolean {
  const { type = '', operator = '' } = (node['operation'] ?? {}) as {
    type?: string;
    operator?: string;
  };
  const isChange = /^(?:PatternRemoval|PatternReplacement|CaseModification)$/.test(type);
  return (
    (isChange || /^[UuL]$/.test(operator)) &&
    /^(?:\w+\[[@*]\]|[@*])$/.test(String(node['parameter']))
  );
}

/** A command that makes the list of changed words, which stands in place of the expansion then. */
function changing(node: TreeNode, n: number): TreeNode {
  const list = `${PREFIX}changed${n}`;
  const parameter = String(node['parameter']);
  const all = parameter.includes('*') ? '*' : '@';
  const command = commandOf(
    `{ ${list}=(); for ${PREFIX}e in "\${${parameter.replace('*', '@')}}"; do ${list}+=("\${${PREFIX}e#}"); done; }`,
  );
  const { operation } = node;
  visit(command, (inside) => {
    if (inside.type === 'ParameterExpansion' && inside['parameter'] === `${PREFIX}e`)
      inside['operation'] = operation;
  });
  node['parameter'] = `${list}[${all}]`;
  node['operation'] = null;
  return command;
}

/** A text with the name that a reference stands for in place of `__T__`, for `eval`. */
const forTarget = (text: string): string =>
  quotedWords([text]).replaceAll('__T__', `'"$${PREFIX}target"'`);

const resolving = (name: string): string => `${PREFIX}target=$(${PREFIX}resolve ${name})`;

/** The same for what a reference stands for. */
const listingOfTarget = (name: string, keys: string, values: string): string =>
  `{\n${resolving(name)}\neval ${forTarget(listing('__T__', keys, values))}\n}`;

/** Commands that take names of variables, which just-bash does not look up. */
const TAKES_NAMES = new Set(['unset', 'mapfile', 'readarray', 'read', 'printf']);

/** References in what just-bash knows of arrays only by their own name: whole arrays, appended texts, names as words. */
export function withTargets(command: TreeNode, refs: ReadonlySet<string>): TreeNode {
  if (command.type !== 'SimpleCommand' || refs.size === 0) return command;
  const assignments = command['assignments'] as TreeNode[];
  const [only] = assignments;
  if ((command['name'] ?? null) === null && assignments.length === 1 && only !== undefined) {
    return assigned(command, only, refs);
  }
  if (!TAKES_NAMES.has(literalOf(command['name']) ?? '')) return command;
  const args = command['args'] as { parts: TreeNode[] }[];
  const names = new Set<string>();
  command['args'] = args.map((arg, i) => {
    const [first] = arg.parts;
    const text =
      first?.type === 'Literal' || first?.type === 'SingleQuoted' ? String(first['value']) : '';
    const [, name, rest = ''] = /^([A-Za-z_]\w*)(\[[^]*)?$/.exec(text) ?? [];
    const isFormat = literalOf(command['name']) === 'printf' && literalOf(args[i - 1]) !== '-v';
    if (
      name === undefined ||
      !refs.has(name) ||
      isFormat ||
      args.some((one) => literalOf(one) === '-n' && i > 0 && literalOf(command['name']) === 'unset')
    )
      return arg;
    names.add(name);
    const target = { type: 'ParameterExpansion', parameter: `${PREFIX}target`, operation: null };
    const others = rest === '' ? [] : [{ type: 'SingleQuoted', value: rest }];
    return { ...arg, parts: [target, ...others, ...arg.parts.slice(1)] };
  });
  const [name] = names;
  if (name === undefined || names.size > 1) return { ...command, args };
  return grouped([resolving(name)], command);
}

/** `r=(…)`, `r+=(…)` and `r+=…` for a reference `r`. */
function assigned(command: TreeNode, only: TreeNode, refs: ReadonlySet<string>): TreeNode {
  const name = String(only['name']);
  const isMore = only['append'] === true;
  const isArray = (only['array'] ?? null) !== null;
  if (!refs.has(name) || (!isArray && !isMore)) return command;
  const list = `${PREFIX}list`;
  const value = isArray ? `("\${${list}[@]}")` : `"$${list}"`;
  const first = { ...command, assignments: [{ ...only, name: list, append: false }] };
  const text = `eval ${forTarget(`__T__${isMore ? '+' : ''}=${value}`)}`;
  return grouped([`unset ${list}`, 'X', resolving(name), text], first);
}

/** A group of commands, of which `X`, or a last one, is the one given. */
function grouped(sources: readonly string[], command: TreeNode): TreeNode {
  const all = sources.includes('X') ? sources : [...sources, 'X'];
  const group = commandOf(`{ ${all.join('\n')}\n}`);
  for (const statement of group['body'] as {
    pipelines: { commands: TreeNode[] }[];
    sourceText?: string;
  }[]) {
    delete statement.sourceText;
    const pipeline = statement.pipelines[0];
    if (pipeline && literalOf(pipeline.commands[0]?.['name']) === 'X')
      pipeline.commands = [command];
  }
  return group;
}

/** Buckets of an associative array of bash, and the hash that chooses one. */
const BUCKETS = 1024;
const bucketOf = (key: string): number => {
  let hash = 2166136261;
  for (const byte of new TextEncoder().encode(key)) hash = Math.imul(hash, 16777619) ^ byte;
  return hash & (BUCKETS - 1);
};

/** Keys in the order of their buckets. */
const inOrder = (keys: readonly string[]): string[] =>
  [...keys].sort((a, b) => bucketOf(a) - bucketOf(b));

/** Puts keys, in the order in which bash goes through them, into a variable. */
const order: Definition = async ([kind = '', ...keys], ctx) => {
  const sorted = kind.includes('A') ? inOrder(keys) : keys;
  await ctx.assignShellVariable?.(`${PREFIX}text`, quotedWords(sorted));
  return ok();
};

/** A word that is quoted as just-bash shows it. */
function unquoted(text: string): string {
  if (text.startsWith("$'")) {
    const letters: Readonly<Record<string, string>> = {
      n: '\n',
      t: '\t',
      r: '\r',
      a: '\x07',
      e: '\x1b',
      E: '\x1b',
    };
    return text
      .slice(2, -1)
      .replace(/\\(.)/gs, (_all, letter: string) => letters[letter] ?? letter);
  }
  return text.replace(
    /'([^']*)'|\\(.)/gs,
    (_all, plain?: string, escaped?: string) => plain ?? escaped ?? '',
  );
}

const CONTROL = /\p{Cc}/u;

/** A value as `declare -p` shows it. */
function shownValue(text: string): string {
  if (CONTROL.test(text)) {
    const letters: Readonly<Record<string, string>> = {
      '\n': '\\n',
      '\t': '\\t',
      '\r': '\\r',
      '\x07': '\\a',
      '\x1b': '\\E',
    };
    const body = text.replace(
      /[\\']|\p{Cc}/gu,
      (found) =>
        letters[found] ??
        (found < ' ' || found === '\x7f'
          ? `\\${found.charCodeAt(0).toString(8).padStart(3, '0')}`
          : `\\${found}`),
    );
    return `$'${body}'`;
  }
  return `"${text.replace(/["\\$`]/g, '\\$&')}"`;
}

const shownKey = (key: string): string =>
  key === '' || /[\s'"\\|&;()<>!{}*[\]?^$`]|^[#~]/.test(key) ? shownValue(key) : key;

const ELEMENT =
  /\[('(?:[^']|'\\'')*'|[^\]']*)\]=(\$'(?:[^'\\]|\\.)*'|(?:'[^']*'|\\.|[^\s()'\\])*)/gs;

/** Prints what `declare -p` printed, as bash does. */
const declared: Definition = ([status = '0', text = ''], ctx) => {
  const out = new Output();
  const shown = text.replace(
    /^(declare -A\w* \w+=)\(([^]*?)\)$(?=\n(?:declare )|(?![^]))/gm,
    (all, head: string, body: string) => {
      const values = new Map<string, string>();
      for (const [, key = '', value = ''] of body.matchAll(ELEMENT))
        values.set(unquoted(key), unquoted(value));
      if (values.size === 0) return all;
      const elements = inOrder([...values.keys()]).map(
        (key) => `[${shownKey(key)}]=${shownValue(values.get(key) ?? '')} `,
      );
      return `${head}(${elements.join('')})`;
    },
  );
  if (shown !== '') out.print(`${shown}\n`);
  out.exitCode = Number(status);
  return Promise.resolve(out.result(ctx));
};

/** `declare -p m` shows an associative array as bash does. */
export function withShownMaps(command: TreeNode): TreeNode {
  const args = command['args'] as unknown[];
  if (command.type !== 'SimpleCommand' || args.length < 2) return command;
  if (!/^(?:declare|typeset)$/.test(literalOf(command['name']) ?? '')) return command;
  if (!/^-[a-zA-Z]*p$/.test(literalOf(args[0]) ?? '')) return command;
  const group = commandOf(`{ ${PREFIX}text="$(X)"; ${PREFIX}declared "$?" "$${PREFIX}text"; }`);
  visit(group, (node) => {
    if (node.type === 'Pipeline') {
      node['commands'] = (node['commands'] as TreeNode[]).map((inside) =>
        literalOf(inside['name']) === 'X' ? { ...command, redirections: [] } : inside,
      );
    }
    if (node.type === 'Statement') delete node['sourceText'];
  });
  return { ...group, redirections: command['redirections'] };
}

/** All of them. */
export function mapCommands(): CustomCommand[] {
  return [define(`${PREFIX}order`, order), define(`${PREFIX}declared`, declared)];
}
