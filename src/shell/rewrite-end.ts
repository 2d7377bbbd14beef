/** Rewrites the end of a script: it leaves as `exit` does, and ends the here-documents that are open there. */

import { parse } from 'just-bash';
import { commandOf, literalOf, PREFIX, visit, type Redirection, type TreeNode } from './syntax.js';

/** Begins a script at whose end the shell ends; stands behind what is put in front of it. */
export const WHOLE = `${PREFIX}whole=; `;

/** Let a shell that executes a whole script begin with more statements, and leave at its end: run its EXIT trap, and give the last status. */
export function withEnd(statements: TreeNode[], first: readonly TreeNode[]): void {
  const start = statements.slice(0, 40).findIndex((statement) => {
    const { pipelines } = statement as { pipelines?: { commands: TreeNode[] }[] };
    const assigned = pipelines?.[0]?.commands[0]?.['assignments'] as TreeNode[] | undefined;
    return assigned?.[0]?.['name'] === `${PREFIX}whole`;
  });
  if (start < 0) return;
  statements.splice(start, 1, ...first);
  const end = parse('exit $?') as unknown as { statements: TreeNode[] };
  statements.push(...end.statements);
}

/** Commands that tell of the here-documents of a command that the end of the script ends. */
export function documentWarnings(command: TreeNode): TreeNode[] {
  const redirections = (command['redirections'] ?? []) as Redirection[];
  return redirections.flatMap(({ target }) => {
    const document = target as TreeNode;
    if (document.type !== 'HereDoc' || document['terminated'] !== false) return [];
    // It has an end now, should its tree be printed.
    document['terminated'] = true;
    let line = 1;
    visit(command, (node) => {
      if (typeof node['line'] === 'number') line = Math.max(line, node['line']);
    });
    let text = '';
    visit(document['content'], ({ value }) => (text += typeof value === 'string' ? value : ''));
    const last = line + text.split('\n').length - 1;
    const warning = commandOf(`${PREFIX}open_document "$0" ${last} ${line} X`);
    const args = warning['args'] as unknown[];
    const word = { type: 'Word', parts: [{ type: 'SingleQuoted', value: document['delimiter'] }] };
    return [
      {
        ...warning,
        args: args.map((arg) => (literalOf(arg) === 'X' ? word : arg)),
      },
    ];
  });
}

/** A text as quoted parts of a word. */
const quotedParts = (text: string): TreeNode[] =>
  text
    .split(/('+)/)
    .filter((piece) => piece !== '')
    .map((piece) =>
      piece.startsWith("'")
        ? { type: 'DoubleQuoted', parts: [{ type: 'Literal', value: piece }] }
        : { type: 'SingleQuoted', value: piece },
    );

/** Here-documents as here-strings, for a tree that is printed: just-bash prints what follows a document behind its last line. */
export function withHereStrings(node: TreeNode): void {
  const { redirections } = node;
  if (!Array.isArray(redirections)) return;
  node['redirections'] = (redirections as Redirection[]).map((redirection) => {
    const document = redirection.target as TreeNode;
    if (document.type !== 'HereDoc') return redirection;
    const parts = [...(document['content'] as { parts: TreeNode[] }).parts];
    const last = parts.at(-1);
    const text = typeof last?.['value'] === 'string' ? last['value'] : '';
    if (parts.length === 0 || (parts.length === 1 && text === '')) {
      return {
        ...redirection,
        operator: '<',
        target: wordOf([{ type: 'Literal', value: '/dev/null' }]),
      };
    }
    if (last !== undefined && text.endsWith('\n')) {
      parts[parts.length - 1] = { ...last, value: text.slice(0, -1) };
    }
    const quoted = parts.flatMap((part, i) => {
      if (typeof part['value'] !== 'string') return [{ type: 'DoubleQuoted', parts: [part] }];
      const lines = i === 0 ? `\n${part['value']}` : part['value'];
      const stripped = document['stripTabs'] === true ? lines.replace(/\n\t+/g, '\n') : lines;
      return quotedParts(i === 0 ? stripped.slice(1) : stripped);
    });
    const target = wordOf(quoted.length === 0 ? [{ type: 'SingleQuoted', value: '' }] : quoted);
    return { ...redirection, operator: '<<<', target };
  });
}

const wordOf = (parts: readonly unknown[]): TreeNode => ({ type: 'Word', parts });
