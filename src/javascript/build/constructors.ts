/** The text of constructors, of which instrumented classes have two: one that the language sees, and one that can be interrupted. */

import type { BlockStatement, CallExpression, Class, Expression } from 'acorn';
import { OWN, RUNTIME } from './context.js';

/** Key of the constructor that can be interrupted; the runtime removes it from the class again. */
export const KEY_INIT = `${OWN}I`;

/** The constructor that the language sees: it makes objects, or runs the resumable form to its end. */
export function shell(name: string, owner: Class): string {
  const run = `return ${RUNTIME}.enterNew(${name}, new.target, args);`;
  if (!owner.superClass) {
    return `constructor(...args) { const mode = ${RUNTIME}.making(); if (mode === 1) return ${RUNTIME}.take(); if (mode === 4) return; ${run} }`;
  }
  return (
    `constructor(...args) { const mode = ${RUNTIME}.making(); if (mode === 1) return ${RUNTIME}.take(); ` +
    `if (mode === 2) { ${RUNTIME}.pass(); super(); return; } if (mode === 3) { super(...args); return; } ${run} }`
  );
}

/** What a constructor makes. In a class that extends another it may not be there yet. */
export function selfText(mayBeMissing: boolean): string {
  return mayBeMissing ? `${RUNTIME}.bound(${OWN}self)` : `${OWN}self`;
}

/** Position from which the constructor of a class that extends another knows that `super()` has been called. */
export function boundFrom(body: BlockStatement): number {
  const first = body.body.find(
    ({ type, ...rest }) =>
      type === 'ExpressionStatement' &&
      'expression' in rest &&
      (rest.expression as Expression).type === 'CallExpression' &&
      (rest.expression as CallExpression).callee.type === 'Super',
  );
  return first?.end ?? Infinity;
}

/** Both constructors of a class that declares none. */
export function defaultConstructor(
  { name, hasFields }: { readonly name: string; readonly hasFields: boolean },
  owner: Class,
): string {
  const self = `${OWN}self`;
  const made = owner.superClass
    ? `const ${self} = yield* ${RUNTIME}.parent(${name}, ${OWN}nt, args);`
    : `const ${self} = ${RUNTIME}.make(${name}, ${OWN}nt);`;
  const fields = hasFields ? ` yield* ${RUNTIME}.fields(${name}, ${self});` : '';
  return `${shell(name, owner)} *${KEY_INIT}(${OWN}nt, ...args) { ${made}${fields} return ${self}; }`;
}
