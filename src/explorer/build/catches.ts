/** What `catch` becomes in resumable code: an oops ends its CPU, and no kernel code can go on after it. */

import type { CatchClause, Pattern } from 'acorn';
import type MagicString from 'magic-string';

/** Name of what was thrown, where the clause itself has none. */
const THROWN = '$thrown';

/** Let a clause rethrow what no kernel code can catch, before it does anything else. */
export function rethrowFaults(text: MagicString, node: CatchClause): void {
  const { param, body } = node;
  const begin = (code: string): void => void text.appendLeft(body.start + 1, ` ${code}`);
  if (param?.type === 'Identifier') {
    begin(`cpu.uncaught(${param.name});`);
  } else if (param) {
    begin(`cpu.uncaught(${THROWN}); let ${unpacked(text, param)} = ${THROWN};`);
  } else {
    text.appendLeft(node.start + 'catch'.length, ` (${THROWN})`);
    begin(`cpu.uncaught(${THROWN});`);
  }
}

/** The clause's pattern, which gives way to one name. */
function unpacked(text: MagicString, param: Pattern): string {
  const pattern = text.slice(param.start, param.end);
  text.overwrite(param.start, param.end, THROWN);
  return pattern;
}
