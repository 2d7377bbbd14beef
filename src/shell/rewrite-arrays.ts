/** Rewrites arrays that are written with their elements: just-bash loses blanks and expansions in `declare -A m=([k]="a b")`. */

import { commandOf, literalOf, PREFIX, visit, type TreeNode } from './syntax.js';

/** Commands that declare variables. */
const DECLARING = new Set(['declare', 'typeset', 'local', 'readonly', 'export']);

/** Where a quoted piece or an expansion that begins at a place ends. */
function pieceEnd(text: string, at: number): number {
  const two = text.slice(at, at + 2);
  if (text[at] === '\\') return at + 2;
  if (text[at] === "'") return text.indexOf("'", at + 1) + 1 || text.length;
  if (two === "$'" || text[at] === '"' || text[at] === '`') {
    const quote = two === "$'" ? "'" : (text[at] ?? '');
    let end = two === "$'" ? at + 2 : at + 1;
    while (end < text.length && text[end] !== quote) {
      const isNested =
        quote === '"' && (text[end] === '`' || /^\$[({]/.test(text.slice(end, end + 2)));
      end = text[end] === '\\' || isNested ? pieceEnd(text, end) : end + 1;
    }
    return end + 1;
  }
  if (two === '$(' || two === '${') {
    const close = two === '$(' ? ')' : '}';
    let end = at + 2;
    for (let depth = 0; end < text.length;) {
      if (text[end] === close && depth-- === 0) return end + 1;
      if (text[end] === '(' && close === ')') depth++;
      end = pieceEnd(text, end);
    }
    return end;
  }
  return at + 1;
}

/** The words up to the parenthesis that closes a list. */
function elementsOf(
  text: string,
  from: number,
): { readonly words: string[]; readonly end: number } {
  const words: string[] = [];
  let start = -1;
  let at = from;
  let isInKey = false;
  while (at < text.length) {
    const letter = text[at] ?? '';
    const isBlank = /\s/.test(letter) && !isInKey;
    if ((isBlank || letter === ')') && start >= 0) {
      words.push(text.slice(start, at));
      start = -1;
    }
    if (letter === ')' && !isInKey) break;
    if (!isBlank && start < 0) {
      if (letter === '#') {
        at = (text.indexOf('\n', at) + 1 || text.length + 1) - 1;
        continue;
      }
      start = at;
      isInKey = letter === '[' && /^\[[^\n)]*\]\+?=/.test(text.slice(at));
    }
    if (isInKey && letter === ']') isInKey = false;
    at = isBlank ? at + 1 : pieceEnd(text, at);
  }
  return { words, end: at + 1 };
}

/** The key, and the assignment behind it, of an element that has one. */
function keyOf(word: string): readonly [key: string, rest: string] | undefined {
  if (!word.startsWith('[')) return undefined;
  for (let at = 1; at < word.length; at = pieceEnd(word, at)) {
    if (word[at] !== ']') continue;
    const rest = word.slice(at + 1);
    return /^\+?=/.test(rest) ? [word.slice(1, at), rest] : undefined;
  }
  return undefined;
}

/** The text of a key as a word. */
const asWord = (key: string): string =>
  /\s/.test(key) && !/["'\\$`]/.test(key) ? `'${key}'` : key;

/** Commands that give an array its elements. */
function assigning(
  name: string,
  isMore: boolean,
  words: readonly string[],
  isMap: boolean,
): string[] {
  const keys = words.map(keyOf);
  if (words.length > 0 && isMap && keys.every((key) => key === undefined)) {
    const pairs = words.flatMap((word, i) =>
      i % 2 === 0 ? [`[${word}]=${words[i + 1] ?? ''}`] : [],
    );
    return assigning(name, isMore, pairs, false);
  }
  if (keys.every((key) => key === undefined)) {
    return [`${name}${isMore ? '+' : ''}=(${words.join(' ')})`];
  }
  const elements = words.flatMap((word, i) => {
    const [key, rest] = keys[i] ?? [];
    if (key === undefined || rest === undefined) return [`${name}+=(${word})`];
    if (/^\w+$/.test(key)) return [`${name}[${key}]${rest}`];
    return [`${PREFIX}key0=${asWord(key)}`, `${name}[$${PREFIX}key0]${rest}`];
  });
  return isMore ? elements : [`${name}=()`, ...elements];
}

/** Words of a declaration without the elements of its arrays, and what gives them those. */
interface Declared {
  readonly name: string;
  readonly isMore: boolean;
}

/** An array among the words of a declaration. */
function arrayIn(word: unknown): Declared | undefined {
  const [first] = (word as { parts: TreeNode[] }).parts;
  const text = first?.type === 'Literal' ? String(first['value']) : '';
  const [, name, more] = /^([A-Za-z_]\w*)(\+?)=\(/.exec(text) ?? [];
  return name === undefined ? undefined : { name, isMore: more === '+' };
}

/** Whether an assignment has elements with keys. */
function hasKeys({ array }: TreeNode): boolean {
  return ((array ?? []) as { parts: TreeNode[] }[]).some(({ parts }) => {
    const [first] = parts;
    return first?.type === 'Glob' && String(first['pattern']).startsWith('[');
  });
}

/** A text of a statement, of which arrays are taken from the left to the right. */
class Source {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** Words of the next array of that name; undefined: it is not there. */
  next(name: string): string[] | undefined {
    const found = new RegExp(`(?<![\\w$])${name}\\+?=\\(`, 'g');
    found.lastIndex = this.#at;
    if (found.exec(this.#text) === null) return undefined;
    const { words, end } = elementsOf(this.#text, found.lastIndex);
    this.#at = end;
    return words;
  }
}

/** A group of commands in place of one. */
function grouped(
  sources: readonly string[],
  command: TreeNode,
  first?: TreeNode,
): TreeNode | undefined {
  let group: TreeNode;
  try {
    group = commandOf(`{ ${first === undefined ? '' : 'X\n'}${sources.join('\n')}\n}`);
  } catch {
    return undefined;
  }
  const statements = group['body'] as {
    pipelines: { commands: TreeNode[] }[];
    sourceText?: string;
  }[];
  for (const statement of statements) {
    delete statement.sourceText;
    for (const inside of statement.pipelines[0]?.commands ?? []) inside['line'] = command['line'];
  }
  const [start] = statements;
  if (first !== undefined && start?.pipelines[0] !== undefined)
    start.pipelines[0].commands = [first];
  return { ...group, redirections: command['redirections'] };
}

/** `declare -rA m=(…)` as the declaration, the assignments, and `readonly`. */
function declaration(command: TreeNode, source: Source): TreeNode {
  const name = literalOf(command['name']) ?? '';
  const args = command['args'] as unknown[];
  const options = args
    .map((arg) => literalOf(arg) ?? '')
    .filter((text) => /^-[a-zA-Z]+$/.test(text));
  const isMap = options.some((text) => text.includes('A'));
  const assigned: string[] = [];
  const names: string[] = [];
  const plain = args.map((arg) => {
    const array = arrayIn(arg);
    const words = array === undefined ? undefined : source.next(array.name);
    if (array === undefined || words === undefined) return arg;
    assigned.push(...assigning(array.name, array.isMore, words, isMap));
    names.push(array.name);
    return { type: 'Word', parts: [{ type: 'Literal', value: array.name }] };
  });
  const isReadonly = name === 'readonly' || options.some((text) => text.includes('r'));
  const withoutReadonly = plain.flatMap((arg) => {
    const text = literalOf(arg);
    if (text === undefined || !isReadonly || !options.includes(text)) return [arg];
    const rest = text.replaceAll('r', '');
    return rest === '-' ? [] : [{ type: 'Word', parts: [{ type: 'Literal', value: rest }] }];
  });
  const declares = name === 'readonly' ? 'declare' : name;
  const first = {
    ...command,
    args: withoutReadonly,
    name: commandOf(declares)['name'],
    redirections: [],
  };
  const last = isReadonly ? [`readonly ${names.join(' ')}`] : [];
  return assigned.length === 0
    ? command
    : (grouped([...assigned, ...last], command, first) ?? command);
}

/** `local -A m` declares no such array in just-bash; `declare` in a function does, and it is local there. */
function localAs(command: TreeNode): void {
  const options = (command['args'] as unknown[]).map((arg) => literalOf(arg) ?? '');
  const isMore = options.some((text) => /^-[aAiltux]*[Ailtux][aAiltux]*$/.test(text));
  if (isMore) command['name'] = commandOf('declare')['name'];
}

/** A variable of a function that may not be changed: in just-bash it stays so after the function, so it is not protected. */
export function withoutReadonly(definition: TreeNode): void {
  if (definition.type !== 'FunctionDef') return;
  visit(definition['body'], (command) => {
    const { type, name } = command;
    if (type !== 'SimpleCommand' || !/^(?:declare|typeset|local)$/.test(literalOf(name) ?? ''))
      return;
    const args = command['args'] as unknown[];
    const options = args.map((arg) => /^-([a-zA-Z]+)$/.exec(literalOf(arg) ?? '')?.[1] ?? '');
    if (options.some((letters) => /[gpfF]/.test(letters))) return;
    command['args'] = args.flatMap((arg, i) => {
      if (options[i]?.includes('r') !== true) return [arg];
      const rest = options[i].replaceAll('r', '');
      return rest === '' ? [] : [{ type: 'Word', parts: [{ type: 'Literal', value: `-${rest}` }] }];
    });
  });
}

/** `${x?message}` names the variable. */
function withMessage(expansion: TreeNode): void {
  const operation = expansion['operation'] as { word: TreeNode | null; checkEmpty?: boolean };
  const { parts = [] } = (operation.word ?? {}) as { parts?: unknown[] };
  const plain = operation.checkEmpty === true ? 'parameter null or not set' : 'parameter not set';
  const name = { type: 'SingleQuoted', value: `${String(expansion['parameter'])}: ` };
  const rest =
    parts.length === 0 || literalOf(operation.word) === ''
      ? [{ type: 'SingleQuoted', value: plain }]
      : parts;
  operation.word = { type: 'Word', parts: [name, ...rest] };
}

/** What stands for the arguments: `for a; do` goes through them one by one, `${!#}` is the last one. */
export function withArguments(node: TreeNode): void {
  if (node.type === 'For' && node['words'] === null) {
    node['words'] = commandOf('x "$@"')['args'];
  }
  const { type } = (node['operation'] ?? {}) as { type?: string };
  if (type === 'ErrorIfUnset') withMessage(node);
  if (node.type === 'ParameterExpansion' && node['parameter'] === '#' && type === 'Indirection') {
    const word = (commandOf('x ${@: -1}')['args'] as { parts: TreeNode[] }[])[0];
    Object.assign(node, word?.parts[0]);
  }
}

/** Rewrite the arrays of the commands of a statement. */
export function withArrays(statement: TreeNode): void {
  if (statement.type !== 'Statement') return;
  const { pipelines, sourceText } = statement as {
    pipelines?: { commands: TreeNode[] }[];
    sourceText?: string;
  };
  const source = new Source(sourceText ?? '');
  for (const pipeline of pipelines ?? []) {
    pipeline.commands = pipeline.commands.map((command) => {
      if (command.type !== 'SimpleCommand') return command;
      const name = literalOf(command['name']) ?? '';
      if (name === 'local') localAs(command);
      if (DECLARING.has(name)) return declaration(command, source);
      const assignments = command['assignments'] as TreeNode[];
      if ((command['name'] ?? null) !== null || !assignments.some(hasKeys)) return command;
      if (assignments.length > 1) return command;
      const [only] = assignments;
      const words = source.next(String(only?.['name']));
      if (only === undefined || words === undefined) return command;
      const made = assigning(String(only['name']), only['append'] === true, words, false);
      return grouped(made, command) ?? command;
    });
  }
}
