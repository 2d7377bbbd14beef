/** `new Function(…)` and its kind, which programs reach as `constructor` of any function: the text becomes instrumented code. */

import { form, type Current } from './builtins.js';
import { FUNCTION_KINDS } from './lookups.js';
import { NEW, type Coroutine } from './keys.js';

/** The text of a function that is made of its parameters and its body, the last argument. */
export function functionText(kind: string, args: readonly unknown[]): string {
  const parameters = args.slice(0, -1).map(String).join(',');
  return `${kind} anonymous(${parameters}\n) {\n${args.slice(-1).map(String).join('')}\n}`;
}

/** Install the resumable forms of the constructors of functions. */
export function installFunctionTexts(current: Current): void {
  for (const [kind, constructor] of FUNCTION_KINDS) {
    const make = (args: readonly unknown[]): Coroutine => {
      const { runtime } = current;
      return runtime.started(runtime.makeFunction)(kind, args);
    };
    const holder = { constructor };
    form(holder, 'constructor', function* (...args) {
      return yield* make(args);
    });
    Object.defineProperty(constructor, NEW, {
      configurable: true,
      value: function* (_newTarget: unknown, ...args: unknown[]): Coroutine {
        return yield* make(args);
      },
    });
  }
}
