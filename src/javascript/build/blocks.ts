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
    const hoisted = this.#hoistedIn(() => {
      for (const statement of node.body) this.#visit(statement);
    });
    if (hoisted !== '') this.#cx.text.appendLeft(node.start + 1, hoisted);
    return true;
  }

  /** Functions that are declared in a switch are there in each of its cases. */
  switch(node: AnyNode & { type: 'SwitchStatement' }): boolean {
    this.#visit(node.discriminant);
    const hoisted = this.#hoistedIn(() => {
      for (const { test, consequent } of node.cases) {
        if (test) this.#visit(test);
        for (const statement of consequent) this.#visit(statement);
      }
    });
    if (hoisted === '') return true;
    for (const { consequent } of node.cases) {
      const [first] = consequent;
      if (first !== undefined) this.#cx.text.appendLeft(first.start, hoisted);
    }
    return true;
  }

  /** Visit the inside of a block. Returns the text that declares its functions at its beginning. */
  #hoistedIn(visit: () => void): string {
    const cx = this.#cx;
    const before = cx.hoisted;
    cx.hoisted = [];
    visit();
    const text = cx.hoisted.map((one) => ` ${one}`).join('');
    cx.hoisted = before;
    return text;
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
