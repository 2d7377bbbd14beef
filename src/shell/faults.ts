/** Says where a script is no shell syntax, as bash says it. */

import { parse } from 'just-bash';
import { quotedWords } from './quoting.js';
import { PREFIX, visit, type TreeNode } from './syntax.js';

/** Where a script is no shell syntax. */
export interface SyntaxFault {
  /** What bash prints behind the name of the script, in one line or two. */
  readonly lines: readonly string[];
  /** The part of the script that bash has executed by then. */
  readonly before: string;
  /** Status of a script that ends so. */
  readonly status: number;
}

interface Place {
  readonly line: number;
  readonly what: string;
}

/** A word of the shell's grammar at the start of a text. */
const TOKEN = /^(?:;;&|;;|;&|&&|&>>?|\|\||\|&|<<[<-]?|>>|[<>][&|]|<>|[;&|()<>]|[^\s;&|()<>]+)/;

const EOF_MATCHING = 'unexpected EOF while looking for matching';
/** The elements of an array, at the end of a script. */
const OPEN_ARRAY = /\w\+?=\([^()]*$/;
const endOfFile = 'syntax error: unexpected end of file';

/** What bash calls the thing that stands at a place; undefined: the script ends there. */
function tokenAt(script: string, line: number, column: number): string | undefined {
  const rest = script
    .split('\n')
    .slice(line - 1)
    .join('\n')
    .slice(column - 1)
    .replace(/^[ \t]+/, '');
  if (rest === '') return undefined;
  return rest.startsWith('\n') ? 'newline' : (TOKEN.exec(rest)?.[0] ?? undefined);
}

/** A message about what stands inside of `[[ … ]]`. */
function inCondition(found: string, token: string | undefined): string {
  const shown = token === undefined || token === 'newline' ? 'newline' : token;
  const operator = /^Expected operand after (-\w)$/.exec(found)?.[1];
  if (operator !== undefined)
    return `unexpected argument \`${shown}' to conditional unary operator`;
  return shown === 'newline'
    ? `unexpected token \`newline', conditional binary operator expected`
    : 'conditional binary operator expected';
}

/** What bash says of a fault that just-bash's parser reports at a place. */
function saidOf(found: string, token: string | undefined, script: string): string {
  const unknown = /unexpected token `(select|coproc)'/.exec(found)?.[1];
  if (unknown !== undefined) return `${unknown} is not known here`;
  if (found.startsWith(EOF_MATCHING)) return found.replace(/'\}'$/, "`}'");
  if (/DBRACK_END|conditional expression|^Expected operand/.test(found)) {
    return inCondition(found, token);
  }
  if (token === undefined) {
    if (found.endsWith('bad substitution')) return `${EOF_MATCHING} \`}'`;
    const isArray = /^Expected RPAREN/.test(found) && OPEN_ARRAY.test(script);
    return isArray || /^Expected DPAREN_END/.test(found) ? `${EOF_MATCHING} \`)'` : endOfFile;
  }
  return found.startsWith('syntax error')
    ? found
    : `syntax error near unexpected token \`${token}'`;
}

/** Where, and what; undefined: the text is shell syntax. */
function placeOf(script: string): Place | undefined {
  let message: string;
  try {
    const tree = parse(script);
    const deferred = deferredIn(tree);
    if (deferred === undefined) return missingIn(tree, script);
    message = deferred;
  } catch (error) {
    message = error instanceof Error ? error.message : String(error);
  }
  const [, known, said] = /^line (\d+): ([^]*)$/.exec(message) ?? [];
  if (known !== undefined && said !== undefined) return { line: Number(known), what: said };
  const [, line = '0', column = '0', found = message] =
    /^(?:Parse error at (\d+):(\d+): )?([^]*)$/.exec(message) ?? [];
  if (Number(line) === 0)
    return { line: firstWith(script, message), what: saidOf(found, '', script) };
  const token = tokenAt(script, Number(line), Number(column));
  const what = saidOf(found, token, script);
  // Bash names the line where it began to look.
  const opening =
    what === `${EOF_MATCHING} \`}'` ? '${' : /^Expected D?R?PAREN/.test(found) ? '(' : '';
  const isOpen = token === undefined && opening !== '' && what.startsWith(EOF_MATCHING);
  const at = isOpen
    ? script.slice(0, script.lastIndexOf(opening)).split('\n').length
    : Number(line);
  return { line: at, what };
}

/** Whether a part of a script lacks a command beside `|`, `&&` or `||`, which just-bash lets pass. */
export function lacksCommand(node: TreeNode): boolean {
  if (node.type !== 'Statement') return false;
  const pipelines = (node['pipelines'] ?? []) as { commands: TreeNode[] }[];
  const commands = pipelines.flatMap((pipeline) => pipeline.commands);
  return commands.length > 1 && commands.some(isEmpty);
}

const isEmpty = ({ type, name, assignments, redirections }: TreeNode): boolean =>
  type === 'SimpleCommand' &&
  (name ?? null) === null &&
  (assignments as unknown[]).length === 0 &&
  (redirections as unknown[]).length === 0;

/** Where the first command is missing. */
function missingIn(tree: unknown, script: string): Place | undefined {
  let found: TreeNode | undefined;
  visit(tree, (node) => {
    if (lacksCommand(node)) found ??= node;
  });
  if (found === undefined) return undefined;
  const text = (found as { sourceText?: string }).sourceText ?? '';
  const at = Math.max(script.indexOf(text), 0);
  const [all = '', token] =
    /(?:\|\||\|&|&&|\|(?![|&]))\s*(\|\||&&|\||;;?|&|\))/.exec(script.slice(at)) ?? [];
  if (token === undefined) return { line: script.split('\n').length, what: endOfFile };
  const before = script.slice(0, script.indexOf(all, at) + all.length);
  return {
    line: before.split('\n').length,
    what: `syntax error near unexpected token \`${token}'`,
  };
}

/** What the parser has left for the time when the script runs. */
function deferredIn(tree: unknown): string | undefined {
  let found: string | undefined;
  visit(tree, (node) => {
    const { deferredError } = node as { deferredError?: { message: string } };
    found ??= deferredError?.message;
  });
  return found;
}

/** The first line that a message without a place is true of. */
function firstWith(script: string, message: string): number {
  const lines = script.split('\n');
  for (let n = 1; n < lines.length; n++) {
    try {
      if (deferredIn(parse(`${lines.slice(0, n).join('\n')}\n`)) === message) return n;
    } catch (error) {
      if ((error as Error).message === message) return n;
    }
  }
  return lines.length;
}

/** What keeps a script from being executed as a whole; undefined: nothing. Bash reads a command, executes it, and reads on. */
export function syntaxFault(script: string): SyntaxFault | undefined {
  const whole = script.endsWith('\n') ? script : `${script}\n`;
  const place = placeOf(whole);
  if (place === undefined) return undefined;
  const { line, what } = place;
  const lines = script.split('\n');
  let before = Math.min(line - 1, lines.length);
  const textOf = (count: number): string => `${lines.slice(0, count).join('\n')}\n`;
  while (before > 0 && placeOf(textOf(before)) !== undefined) before--;
  const shown = / near unexpected token /.test(what)
    ? [what, `\`${lines[line - 1] ?? ''}'`]
    : [what];
  const isArray = what === `${EOF_MATCHING} \`)'` && OPEN_ARRAY.test(script);
  return {
    lines: shown.map((text) => `line ${line}: ${text}`),
    before: textOf(before),
    status: isArray ? 1 : 2,
  };
}

/** The lines of a fault behind names of scripts, as bash prints them. @param where what stands in front @param from number of the first line */
export const faultLines = ({ lines }: SyntaxFault, where: string, from = 1): string[] =>
  lines.map(
    (line) =>
      `${where}: ${line.replace(/^line (\d+)/, (_all, n: string) => `line ${Number(n) + from - 1}`)}`,
  );

/** A script that does what the one with a fault does: executes what comes before it, and says what it is. */
export const untilFault = (fault: SyntaxFault, where: string, from = 1): string =>
  `${fault.before}\n${PREFIX}misread ${fault.status} ${quotedWords(faultLines(fault, where, from))}\n`;

/** A fault as a prompt tells it: its lines have no numbers. */
export const withoutLines = (fault: SyntaxFault): SyntaxFault => ({
  ...fault,
  lines: fault.lines.map((line) => line.replace(/^line \d+: /, '')),
});

/** Whether a text goes on in the next line: something in it is open. */
export function isOpen(text: string): boolean {
  if (/(?:^|[^\\])(?:\\\\)*\\$/.test(text)) return true;
  const place = placeOf(`${text}\n`);
  if (place !== undefined) return place.what === endOfFile || place.what.startsWith(EOF_MATCHING);
  let hasDocument = false;
  if (text.includes('<<')) {
    visit(parse(text), (node) => {
      hasDocument ||= node.type === 'HereDoc' && node['terminated'] === false;
    });
  }
  return hasDocument;
}

/** A message of just-bash's parser about a text that is not known, as bash says it. */
export function syntaxMessage(message: string): string {
  const [, line = '1', found = message] =
    /^(?:Parse error at (\d+):\d+: )?([^]*)$/.exec(message) ?? [];
  if (/^line \d+: /.test(message)) return message;
  const what = / got EOF$/.test(found) ? endOfFile : saidOf(found, '', '');
  return `line ${line}: ${what}`;
}
