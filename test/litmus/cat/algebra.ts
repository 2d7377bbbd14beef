/** Sets and relations of one event structure, and what can be done with them. */
import type { CatWorld } from './evaluate-cat.js';
import { EventSet, Pairs } from './values.js';

/** Sets and relations of one event structure, and what can be done with them. */
export class Algebra {
  readonly size: number;
  readonly world: CatWorld;
  readonly id: Pairs;

  constructor(world: CatWorld) {
    this.world = world;
    this.size = world.size;
    this.id = Pairs.of(world.size, (a, b) => a === b);
  }

  set(...names: readonly string[]): EventSet {
    const sets = names.map((name) => this.world.names.get(name) as EventSet);
    return EventSet.of(this.size, (e) => sets.some((set) => set.has(e)));
  }

  relation(name: string): Pairs {
    return this.world.names.get(name) as Pairs;
  }

  without(set: EventSet, other: EventSet): EventSet {
    return EventSet.of(this.size, (e) => set.has(e) && !other.has(e));
  }

  on(set: EventSet): Pairs {
    return Pairs.of(this.size, (a, b) => a === b && set.has(a));
  }

  cross(from: EventSet, to: EventSet): Pairs {
    return Pairs.of(this.size, (a, b) => from.has(a) && to.has(b));
  }

  #words(first: Pairs, others: readonly Pairs[], word: (a: number, b: number) => number): Pairs {
    const result = new Pairs(this.size);
    first.bits.forEach((bits, k) => {
      result.bits[k] = others.reduce((sum, { bits: more }) => word(sum, more[k]!), bits);
    });
    return result;
  }

  or(first: Pairs, ...others: readonly Pairs[]): Pairs {
    return this.#words(first, others, (a, b) => a | b);
  }

  and(first: Pairs, ...others: readonly Pairs[]): Pairs {
    return this.#words(first, others, (a, b) => a & b);
  }

  minus(first: Pairs, ...others: readonly Pairs[]): Pairs {
    return this.#words(first, others, (a, b) => a & ~b);
  }

  seq(first: Pairs, ...others: readonly Pairs[]): Pairs {
    return others.reduce((path, next) => path.then(next), first);
  }

  maybe(relation: Pairs): Pairs {
    return this.or(relation, this.id);
  }

  star(relation: Pairs): Pairs {
    return this.maybe(relation.closed());
  }

  domain(relation: Pairs): EventSet {
    return EventSet.of(this.size, (e) => !relation.isAlone(e));
  }

  isEmpty(relation: Pairs): boolean {
    return relation.bits.every((word) => word === 0);
  }

  hasAny(set: EventSet): boolean {
    return set.bits.some((word) => word !== 0);
  }
}
