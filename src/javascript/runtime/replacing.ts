/** `String.prototype.replace` with functions of the program: all matches are found first, as the standard has it. */

import { types } from 'node:util';
import { form, type Current } from './builtins.js';
import { CALL, type Coroutine, type Marked } from './keys.js';

interface Match {
  readonly text: string;
  readonly at: number;
  readonly args: readonly unknown[];
}

/** What the language would hand to a function, match by match. */
function matchesOf(native: Marked, self: string, pattern: unknown): Match[] {
  const found: Match[] = [];
  native.call(self, pattern, (...args: unknown[]) => {
    const at = args.find((arg, i) => i > 0 && typeof arg === 'number') as number;
    found.push({ text: String(args[0]), at, args });
    return '';
  });
  return found;
}

/** Install the forms. */
export function installReplacing(current: Current): void {
  for (const name of ['replace', 'replaceAll'] as const) {
    const native = String.prototype[name] as unknown as Marked;
    form(String.prototype, name, function* (this: unknown, pattern, replacement): Coroutine {
      const isOurs =
        typeof replacement === 'function' && (replacement as Marked)[CALL] !== undefined;
      const isKnown = typeof pattern === 'string' || types.isRegExp(pattern);
      if (!isOurs || !isKnown || this == null) return native.call(this, pattern, replacement);
      const self = this as string;
      let result = '';
      let end = 0;
      for (const { text, at, args } of matchesOf(native, self, pattern)) {
        const made = yield* current.runtime.invoke(replacement, undefined, args);
        result += self.slice(end, at) + String(made);
        end = at + text.length;
      }
      return result + self.slice(end);
    });
  }
}
