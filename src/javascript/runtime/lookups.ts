/** Looks at functions and objects of programs without calling anything of them. */

import { FORM, proxies, type Marked } from './keys.js';

/** Order the exports of a module by name, as they are in the language. */
export function inOrder(namespace: object): void {
  for (const name of Object.keys(namespace).sort()) {
    const facts = Object.getOwnPropertyDescriptor(namespace, name) ?? {};
    Reflect.deleteProperty(namespace, name);
    Object.defineProperty(namespace, name, facts);
  }
}

/** Whether `new` takes a function. */
export function isConstructor(f: Marked): boolean {
  if (f[FORM] !== undefined) return false;
  if (f.prototype !== undefined) return true;
  try {
    Reflect.construct(Object, [], f as unknown as new () => object);
    return true;
  } catch {
    return false;
  }
}

/** Text of what a call calls. */
export function calleeOf(text: string): string {
  const end = text.lastIndexOf('(');
  return end > 0 ? text.slice(0, end) : text;
}

/** Where a property is found, its own or inherited; undefined too where a proxy would have to be asked. */
export function descriptorOf(object: unknown, name: string): PropertyDescriptor | undefined {
  if (object === null || object === undefined) return undefined;
  if (proxies.all.has(object)) return undefined;
  for (
    let at: object | null = Object(object) as object;
    at !== null;
    at = Object.getPrototypeOf(at) as object | null
  ) {
    const found = Object.getOwnPropertyDescriptor(at, name);
    if (found !== undefined) return found;
  }
  return undefined;
}

const constructorOf = (made: object): Marked =>
  (made as { readonly constructor: unknown }).constructor as Marked;

/** The language's constructors of functions, with what begins the text of what they make. */
export const FUNCTION_KINDS: readonly (readonly [kind: string, constructor: Marked])[] = [
  ['function', Function as unknown as Marked],
  ['async function', constructorOf(async () => Promise.resolve())],
  [
    'function*',
    constructorOf(function* () {
      yield;
    }),
  ],
  [
    'async function*',
    constructorOf(async function* () {
      yield Promise.resolve();
    }),
  ],
];

/** Whether something makes functions of text. */
export function makesFunctions(target: unknown): boolean {
  return FUNCTION_KINDS.some(([, constructor]) => constructor === target);
}
