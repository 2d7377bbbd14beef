/** What cat expressions stand for, and what the language does with it. */
import type { CatExpression } from './parse-cat.js';
import { EventSet, Pairs } from './values.js';

interface Empty {
  readonly kind: 'empty';
}

export interface Choices {
  readonly kind: 'choices';
  /** Each is a set or a relation, or again such a list. */
  readonly all: readonly CatValue[];
}

export interface Element {
  readonly kind: 'element';
  readonly value: number | readonly [number, number];
}

export type Native = (args: readonly CatValue[]) => CatValue;

export interface Closure {
  readonly kind: 'closure';
  readonly call: Native;
}

/** What an expression stands for. */
export type CatValue = EventSet | Pairs | Empty | Choices | Element | Closure;

/** No event, or no pair. */
export const EMPTY: Empty = { kind: 'empty' };

/** A chain of names; a later one hides an earlier one. */
export class Scope {
  readonly #names = new Map<string, CatValue>();
  /** Names of what differs from candidate to candidate. */
  readonly #changing = new Set<string>();
  readonly #outer: Scope | null;

  constructor(outer: Scope | null) {
    this.#outer = outer;
  }

  get(name: string): CatValue | undefined {
    return this.#names.get(name) ?? this.#outer?.get(name);
  }

  set(name: string, value: CatValue, isFixed = false): void {
    this.#names.set(name, value);
    if (isFixed) this.#changing.delete(name);
    else this.#changing.add(name);
  }

  isFixed(name: string): boolean {
    if (this.#names.has(name)) return !this.#changing.has(name);
    return this.#outer === null || this.#outer.isFixed(name);
  }
}

/** An element is the set of itself. */
export function alone(value: CatValue, size: number): CatValue {
  if (!('kind' in value) || value.kind !== 'element') return value;
  const { value: element } = value;
  if (typeof element === 'number') return EventSet.of(size, (e) => e === element);
  return Pairs.of(size, (a, b) => a === element[0] && b === element[1]);
}

/** Does an expression rest on nothing that differs between candidates? Calls of a model's functions count as if it did. */
export function isFixed(e: CatExpression, scope: Scope): boolean {
  switch (e.kind) {
    case 'name':
      return scope.isFixed(e.name);
    case 'tag':
    case 'empty':
      return true;
    case 'set':
      return e.items.every((item) => isFixed(item, scope));
    case 'unary':
      return isFixed(e.operand, scope);
    case 'binary':
      return isFixed(e.left, scope) && isFixed(e.right, scope);
    case 'apply':
      return [e.callee, ...e.args].every((part) => isFixed(part, scope));
    case 'try':
      return true;
    case 'let': {
      const inner = new Scope(scope);
      for (const { name } of e.bindings) inner.set(name, EMPTY, true);
      const parts = [...e.bindings.map(({ value }) => value), e.body];
      return (
        e.bindings.every((b) => b.parameters.length === 0) && parts.every((p) => isFixed(p, inner))
      );
    }
  }
}

export function elementsOf(value: CatValue): Element[] {
  if (value instanceof Pairs) return [...value].map((pair) => ({ kind: 'element', value: pair }));
  if (!(value instanceof EventSet)) return [];
  return Array.from({ length: value.size }, (_, e) => e)
    .filter((e) => value.has(e))
    .map((e) => ({ kind: 'element', value: e }));
}

export function combine(
  left: CatValue,
  right: CatValue,
  word: (a: number, b: number) => number,
): EventSet | Pairs {
  const isRelation = left instanceof Pairs && right instanceof Pairs;
  if (!isRelation && !(left instanceof EventSet && right instanceof EventSet)) {
    throw new Error('cat: a set of events beside a relation');
  }
  const result = isRelation ? new Pairs(left.size) : new EventSet(left.size);
  for (let k = 0; k < result.bits.length; k++) result.bits[k] = word(left.bits[k]!, right.bits[k]!);
  return result;
}

export function isEmpty(value: CatValue): boolean {
  if (value instanceof EventSet || value instanceof Pairs) return value.bits.every((w) => w === 0);
  return value.kind === 'empty';
}

export function sameValue(a: CatValue, b: CatValue): boolean {
  if (isEmpty(a) && isEmpty(b)) return true;
  if (!(a instanceof EventSet || a instanceof Pairs)) return false;
  if (!(b instanceof EventSet || b instanceof Pairs)) return false;
  return a.bits.every((word, k) => word === b.bits[k]);
}
