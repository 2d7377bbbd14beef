/** Makes the plain functions that stand for resumable ones, with the name and length that the program gave them. */

import { compileFunction } from 'node:vm';
import { GeneratorObject } from './generators.js';
import { FORM, type Flavour, type Marked, type Resumable } from './keys.js';

/** What a plain function does when it is called. */
export interface Entered {
  enter(form: Resumable, self: unknown, args: ArrayLike<unknown>, flavour: Flavour): unknown;
}

type Maker = (runtime: Entered, form: Resumable, flavour: Flavour) => Marked;

const makers = new Map<string, Maker>();

/**
 * A maker of functions of one name and length, which `new` takes or not. It is compiled, as a function that gets its name after it was made is slow: some 400 ns
 * instead of 20, and programs make all their functions anew in each execution.
 */
export function plainForm(name: string, length: number, isMade: boolean): Maker {
  const key = `${isMade ? 'new ' : ''}${length} ${name}`;
  let maker = makers.get(key);
  if (maker === undefined) {
    maker = compiled(name, length, isMade);
    makers.set(key, maker);
  }
  return maker;
}

function compiled(name: string, length: number, isMade: boolean): Maker {
  const parameters = Array.from({ length }, (_, i) => `p${i}`).join(', ');
  const property = name === '__proto__' ? '["__proto__"]' : JSON.stringify(name);
  const head = isMade ? `${property}: function ` : property;
  const code = `'use strict'; return { ${head}(${parameters}) { return runtime.enter(form, this, arguments, flavour); } }[${JSON.stringify(name)}];`;
  return compileFunction(code, ['runtime', 'form', 'flavour']) as Maker;
}

const prototypeOf = (made: unknown): object => Object.getPrototypeOf(made) as object;

/** What functions of each kind inherit from. */
const KINDS: Readonly<Record<Exclude<Flavour, 'call'>, object>> = {
  async: prototypeOf(async () => Promise.resolve()),
  generator: prototypeOf(function* () {
    yield;
  }),
  asyncGenerator: prototypeOf(async function* () {
    yield Promise.resolve();
  }),
};

/** Let a function be seen as one of its kind. */
export function markKind(
  made: Marked,
  form: Resumable,
  flavour: Flavour,
  asyncGenerators: object | undefined,
): void {
  if (flavour === 'call') return;
  made[FORM] = form;
  const base = flavour === 'generator' ? GeneratorObject.prototype : asyncGenerators;
  if (flavour !== 'async') made.prototype = Object.create(base ?? null) as object;
  else if (made.prototype !== undefined) Object.assign(made, { prototype: undefined });
  Object.setPrototypeOf(made, KINDS[flavour]);
}

/** A generator inherits from what its function has as `prototype`. */
export function inheriting<T>(made: T, owner: Marked | undefined): T {
  const prototype = owner?.prototype;
  if (typeof prototype === 'object' && (prototype as object | null) !== null)
    Object.setPrototypeOf(made, prototype);
  return made;
}

/** Whether a function is of a kind, as `node:util` tells. */
export function isOfKind(value: unknown, flavours: readonly (keyof typeof KINDS)[]): boolean {
  return typeof value === 'function' && flavours.some((one) => prototypeOf(value) === KINDS[one]);
}
