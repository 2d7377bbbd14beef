/** Writes to shared memory that a destructuring assignment puts off: the language assigns where nothing can be interrupted. */

import { factsOf, type Coroutine } from './keys.js';
import type { TypedArray } from './views.js';

interface Setter {
  set(site: number, view: TypedArray, key: unknown, value: unknown): boolean;
}

/** What one destructuring assignment has yet to write: at most one element, as {@link flush} comes before each target. */
export class Writes {
  readonly #runtime: Setter;
  readonly #due: (readonly [site: number, view: TypedArray, key: unknown, value: unknown])[] = [];

  constructor(runtime: Setter) {
    this.#runtime = runtime;
  }

  /** The target `object[key]`: assigning its value writes the element, now or with the next {@link flush}. */
  to(site: number, object: unknown, key: unknown): { value: unknown } {
    const due = this.#due;
    const isShared = factsOf(object) !== undefined;
    return {
      set value(value: unknown) {
        if (isShared) due.push([site, object as TypedArray, key, value]);
        else (object as Record<PropertyKey, unknown>)[key as PropertyKey] = value;
      },
    };
  }

  *flush(): Coroutine<void> {
    for (let next = this.#due.shift(); next !== undefined; next = this.#due.shift()) {
      if (this.#runtime.set(...next)) yield;
    }
  }
}
