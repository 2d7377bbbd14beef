/** Rewrites blocks, in which declared functions are known from the beginning, and loops, which are watched. */

import type { AnyNode } from 'acorn';
import { RUNTIME, type Context } from './context.js';
import { childrenOf } from './scope.js';

/** Rewrites blocks and loops. */
export class BlockRewriter {
  readonly #cx: Context;
  readonly #visit: (node: AnyNode) => void;

  constructor(cx: Context, visit: (node: AnyNode) => void) {
    this.#cx = cx;
    this.#visit = visit;
  }

  block(node: AnyNode & { type: 'BlockStatement' }): boolean {
    const cx = this.#cx;
    const before = cx.hoisted;
    cx.hoisted = [];
    for (const statement of node.body) this.#visit(statement);
    if (cx.hoisted.length > 0) cx.text.appendLeft(node.start + 1, ` ${cx.hoisted.join(' ')}`);
    cx.hoisted = before;
    return true;
  }

  /** Functions that are declared in a switch are there in each of its cases. */
  switch(node: AnyNode & { type: 'SwitchStatement' }): boolean {
    const cx = this.#cx;
    this.#visit(node.discriminant);
    const before = cx.hoisted;
    cx.hoisted = [];
    for (const { test, consequent } of node.cases) {
      if (test) this.#visit(test);
      for (const statement of consequent) this.#visit(statement);
    }
    const text = cx.hoisted.join(' ');
    for (const { consequent } of node.cases) {
      const [first] = consequent;
      if (first !== undefined && text !== '') cx.text.appendLeft(first.start, ` ${text}`);
    }
    cx.hoisted = before;
    return true;
  }

  loop(node: AnyNode & { body: AnyNode }): boolean {
    const cx = this.#cx;
    const check = `if (--${RUNTIME}.budget < 0) ${RUNTIME}.endless(${cx.site(node, 'loop')});`;
    for (const child of childrenOf(node)) this.#visit(child);
    cx.text.appendLeft(node.body.start, ` { ${check} `);
    cx.text.appendLeft(node.body.end, ' }');
    return true;
  }
}
