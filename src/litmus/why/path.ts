/** Finds shortest paths through compositions of relations, to say why two events are ordered. */
import type { Relation } from '../axioms/relation.js';

/** A factor of a composition: `r`, `r?` or `r*`. */
export interface Factor<Name extends string = string> {
  readonly name: Name;
  readonly relation: Relation;
  readonly repeat: 'once' | 'optional' | 'star';
}

/** One edge of a path, and the factor it belongs to. */
export interface PathEdge<Name extends string = string> {
  readonly name: Name;
  readonly from: number;
  readonly to: number;
}

interface Reached<Name extends string> {
  readonly event: number;
  /** Factors before this index are done with. */
  readonly stage: number;
  readonly by: PathEdge<Name> | null;
  readonly previous: Reached<Name> | null;
}

function* successors<Name extends string>(
  at: Reached<Name>,
  factors: readonly Factor<Name>[],
): Generator<Reached<Name>> {
  const factor = factors[at.stage];
  if (factor === undefined) return;
  const { name, relation, repeat } = factor;
  if (repeat !== 'once') yield { event: at.event, stage: at.stage + 1, by: null, previous: at };
  const stage = repeat === 'star' ? at.stage : at.stage + 1;
  for (const to of relation.successors(at.event)) {
    yield { event: to, stage, by: { name, from: at.event, to }, previous: at };
  }
}

/** Shortest path from `from` to `to` through the composition of `factors`, in edges; null if there is none. */
export function findPath<Name extends string>(
  from: number,
  to: number,
  factors: readonly Factor<Name>[],
): PathEdge<Name>[] | null {
  const start: Reached<Name> = { event: from, stage: 0, by: null, previous: null };
  let level: Reached<Name>[] = [start];
  const seen = new Set<string>();
  while (level.length > 0) {
    const next: Reached<Name>[] = [];
    // Stages without an edge cost nothing, so they belong to the level in which they are met.
    for (const at of level) {
      const key = `${at.stage}:${at.event}`;
      if (seen.has(key)) continue;
      seen.add(key);
      if (at.stage === factors.length && at.event === to) return edgesOf(at);
      for (const reached of successors(at, factors)) {
        if (reached.by === null) level.push(reached);
        else next.push(reached);
      }
    }
    level = next;
  }
  return null;
}

function edgesOf<Name extends string>(end: Reached<Name>): PathEdge<Name>[] {
  const edges: PathEdge<Name>[] = [];
  for (let at: Reached<Name> | null = end; at !== null; at = at.previous) {
    if (at.by !== null) edges.unshift(at.by);
  }
  return edges;
}

/** A shortest cycle of `relation`, or null. */
export function findCycle<Name extends string>(
  name: Name,
  relation: Relation,
): PathEdge<Name>[] | null {
  let best: PathEdge<Name>[] | null = null;
  const factors: Factor<Name>[] = [
    { name, relation, repeat: 'once' },
    { name, relation, repeat: 'star' },
  ];
  for (let e = 0; e < relation.size; e++) {
    const cycle = findPath(e, e, factors);
    if (cycle !== null && (best === null || cycle.length < best.length)) best = cycle;
  }
  return best;
}
