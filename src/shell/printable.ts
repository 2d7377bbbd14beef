/** What the tree printer of just-bash would print differently. */

import type { Redirection, TreeNode } from './syntax.js';

/** `${a}` in front of letters would be printed without its braces; `${a#}` is the same and keeps them. */
function withBraces(parts: readonly TreeNode[]): void {
  parts.forEach((part, i) => {
    const next = parts[i + 1];
    const isLonger = next?.type === 'Literal' && /^[\w[]/.test(String(next['value']));
    if (part.type !== 'ParameterExpansion' || part['operation'] !== null || !isLonger) return;
    if (!/^\w+$/.test(String(part['parameter']))) return;
    const pattern = { type: 'Word', parts: [{ type: 'Literal', value: '' }] };
    part['operation'] = { type: 'PatternRemoval', pattern, side: 'prefix', greedy: false };
  });
}

/** What the tree printer would print differently: `${a}b`, a `$` in plain text, and a file after a here-document. */
export function printable(node: TreeNode): void {
  const { parts, redirections } = node;
  if (Array.isArray(parts)) withBraces(parts as TreeNode[]);
  if (Array.isArray(parts) && node.type === 'Word') {
    node['parts'] = (parts as { type: string; value?: string }[]).map((part) =>
      part.type === 'Literal' && part.value?.includes('$') === true && !part.value.includes("'")
        ? { type: 'SingleQuoted', value: part.value }
        : part,
    );
  }
  if (!Array.isArray(redirections)) return;
  const isHere = ({ operator }: Redirection): boolean =>
    operator.startsWith('<<') && operator !== '<<<';
  const all = redirections as Redirection[];
  node['redirections'] = [...all.filter((r) => !isHere(r)), ...all.filter(isHere)];
}
