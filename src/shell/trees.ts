/** Trees of scripts, for shells that execute the same script one after the other: it is read and rewritten once. */

import type { parse } from 'just-bash';
import { Seen } from './rewrite-options.js';

type Ast = ReturnType<typeof parse>;

/** A script as it is executed, and what it defines. */
export interface KnownScript {
  readonly tree: Ast;
  readonly seen: Seen;
}

/** By their texts. */
export class Trees {
  readonly #known = new Map<string, KnownScript>();

  /** The tree of a text. @param read makes it, and tells what the script defines */
  of(text: string, read: (seen: Seen) => Ast): KnownScript {
    const known = this.#known.get(text);
    if (known !== undefined) return known;
    const seen = new Seen();
    const made = { tree: read(seen), seen };
    this.#known.set(text, made);
    return made;
  }
}
