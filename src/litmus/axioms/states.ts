/** Collects the final states of allowed executions. */
import type { LitmusTest, Place } from '../syntax/ast.js';
import type { Axioms } from './axioms.js';
import type { Candidate } from './candidate.js';
import type { FinalState, ReachClass } from '../engine.js';
import { isPointer } from '../syntax/values.js';
import { formatPlace, formatValue, holds } from '../syntax/proposition.js';
import { Relation } from './relation.js';

/** Value of a place at the end of a complete candidate. */
export function finalValue(test: LitmusTest, candidate: Candidate, place: Place): number {
  if (place.kind === 'location') {
    const initial = test.locations[place.location]?.init ?? 0;
    return candidate.finalValue(place.location, initial);
  }
  return candidate.threads[place.thread]?.trace.registers[place.register] ?? 0;
}

/** Order in which states print: by the values of their places, numbers first, then addresses by name. */
export function compareStates(test: LitmusTest, a: FinalState, b: FinalState): number {
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [a[i] ?? 0, b[i] ?? 0];
    if (x === y) continue;
    if (!isPointer(x) || !isPointer(y)) return x - y;
    return formatValue(test, x) < formatValue(test, y) ? -1 : 1;
  }
  return 0;
}

/** Does the proposition of the test's condition hold in a final state? */
export function satisfies(test: LitmusTest, state: FinalState): boolean {
  const values = new Map(
    test.observed.map((place, i) => [formatPlace(test, place), state[i] ?? 0]),
  );
  const valueOf = (place: Place): number => values.get(formatPlace(test, place)) ?? 0;
  return holds(test.condition.proposition, valueOf);
}

/** How hard the candidate is to reach for a machine that executes in some order: see {@link ReachClass}. */
export function reachClass(axioms: Axioms): ReachClass {
  const { po, rfe, rfi, size, pb, prop, rcu, hbStar, pbStar } = axioms;
  const order = new Relation(size).copy(po).union(rfe).union(rfi);
  if (new Relation(size).copy(order).close().hasLoop()) return 'po-rf-cycle';
  order.union(pb);
  if (!rcu.order.isEmpty()) {
    const fence = new Relation(size).unionCompose(po, rcu.order);
    fence.unionCompose(new Relation(size).copy(fence), po);
    const steps = [fence, hbStar, pbStar];
    order.union(steps.reduce((r, step) => new Relation(size).unionCompose(r, step), prop));
  }
  return order.close().hasLoop() ? 'po-rf-pb-rb-cycle' : 'none';
}
