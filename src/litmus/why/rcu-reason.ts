/** Derives rcu-order again, keeping how each pair came about, to explain a violation of the RCU axiom. */
import type { Axioms } from '../axioms/axioms.js';
import type { Candidate } from '../axioms/candidate.js';
import type { Edge, EdgeReasons } from './edge-reason.js';
import { EV } from '../axioms/event.js';
import type { CriticalSection } from '../axioms/critical-section.js';

type Derivation =
  | { readonly kind: 'grace-period' }
  | {
      readonly kind: 'overtake';
      readonly gp: number;
      readonly section: CriticalSection;
      /** True: the grace period comes first in the order, the section's lock last. */
      readonly gpFirst: boolean;
      /** An ordered pair between them, or null if a link joins them. */
      readonly inner: readonly [number, number] | null;
    }
  | { readonly kind: 'join'; readonly left: Pair; readonly right: Pair };

type Pair = readonly [from: number, to: number];

/** The cycle of a candidate that breaks the RCU axiom, edge by edge. `axioms` holds its relations. */
export function explainRcu(candidate: Candidate, axioms: Axioms, reasons: EdgeReasons): Edge[] {
  const derivation = new RcuDerivation(candidate, axioms);
  const pair = derivation.violation();
  if (pair === null) return [];
  const [from, to] = pair;
  return [...derivation.edges(pair, reasons), ...reasons.rcuLink(to, from)];
}

class RcuDerivation {
  readonly #candidate: Candidate;
  readonly #axioms: Axioms;
  readonly #known = new Map<string, { pair: Pair; derivation: Derivation }>();

  constructor(candidate: Candidate, axioms: Axioms) {
    this.#candidate = candidate;
    this.#axioms = axioms;
    for (const [gp] of this.#gpSections()) this.#add([gp, gp], { kind: 'grace-period' });
    while (this.#extend());
  }

  /** A pair of rcu-order that a link closes to a cycle; the first found has the shortest derivation. */
  violation(): Pair | null {
    for (const { pair } of this.#known.values()) {
      if (this.#axioms.rcu.link.has(pair[1], pair[0])) return pair;
    }
    return null;
  }

  #gpSections(): [number, CriticalSection[]][] {
    const { threads, location } = this.#candidate;
    const { rcu, srcu } = this.#axioms.rcu.sections;
    return threads.flatMap(({ gracePeriods }) =>
      gracePeriods.map((gp): [number, CriticalSection[]] => {
        const sections = this.#candidate.is(gp, EV.rcuSync)
          ? rcu
          : srcu.filter(({ lock }) => location[lock] === location[gp]);
        return [gp, [...sections]];
      }),
    );
  }

  #add(pair: Pair, derivation: Derivation): boolean {
    const key = pair.join();
    if (this.#known.has(key)) return false;
    this.#known.set(key, { pair, derivation });
    return true;
  }

  /** One round of the fixpoint; true if it found something new. */
  #extend(): boolean {
    let grown = false;
    const { link } = this.#axioms.rcu;
    const pairs = [...this.#known.values()].map(({ pair }) => pair);
    for (const [gp, sections] of this.#gpSections()) {
      for (const section of sections) {
        const { lock, unlock } = section;
        for (const inner of [null, ...pairs]) {
          const [start, end] = inner ?? [-1, -1];
          const joins = (a: number, b: number): boolean =>
            inner === null ? link.has(a, b) : link.has(a, start) && link.has(end, b);
          const common = { kind: 'overtake', gp, section, inner } as const;
          if (joins(gp, unlock))
            grown = this.#add([gp, lock], { ...common, gpFirst: true }) || grown;
          if (joins(lock, gp))
            grown = this.#add([unlock, gp], { ...common, gpFirst: false }) || grown;
        }
      }
    }
    for (const left of pairs) {
      for (const right of pairs) {
        if (!link.has(left[1], right[0])) continue;
        grown = this.#add([left[0], right[1]], { kind: 'join', left, right }) || grown;
      }
    }
    return grown;
  }

  /** The edges that carry `pair` of rcu-order. */
  edges(pair: Pair, reasons: EdgeReasons): Edge[] {
    const derivation = this.#known.get(pair.join())?.derivation;
    if (derivation === undefined || derivation.kind === 'grace-period') return [];
    if (derivation.kind === 'join') {
      const { left, right } = derivation;
      const link = reasons.rcuLink(left[1], right[0]);
      return [...this.edges(left, reasons), ...link, ...this.edges(right, reasons)];
    }
    const { gp, section, gpFirst, inner } = derivation;
    const { lock, unlock } = section;
    const between = (a: number, b: number): Edge[] =>
      inner === null
        ? reasons.rcuLink(a, b)
        : [
            ...reasons.rcuLink(a, inner[0]),
            ...this.edges(inner, reasons),
            ...reasons.rcuLink(inner[1], b),
          ];
    const back: Edge = {
      from: unlock,
      to: lock,
      name: 'rscs',
      reason: 'the critical section ends after the grace period began, so it must all come after',
    };
    const whole =
      'the critical section began before the grace period ended, so it must all come before';
    return gpFirst
      ? [...between(gp, unlock), { ...back, reason: whole }]
      : [back, ...between(lock, gp)];
  }
}
