/** Frontiers: for each place, the latest write of a set, and the latest one by another CPU than that. */

/**
 * A set of writes, as far as overtaking matters: whether it holds a write by another CPU than `s` behind some position.
 * Immutable; three numbers a place: position, its CPU, highest position of the other CPUs. 0 is no write.
 */
export type Frontier = Float64Array;

/** The frontier of the empty set. */
export function emptyFrontier(places: number): Frontier {
  return new Float64Array(places * 3);
}

/** Highest position at a place that a CPU other than `cpu` has written, -Infinity if none. */
export function byOthers(f: Frontier, place: number, cpu: number): number {
  const i = place * 3;
  const position = (f[i + 1] as number) - 1 === cpu ? (f[i + 2] as number) : (f[i] as number);
  return position === 0 ? -Infinity : position;
}

/** The set with one more write. Positions must be above 0. */
export function withWrite(f: Frontier, place: number, position: number, cpu: number): Frontier {
  const r = f.slice();
  raise(r, place * 3, position, cpu + 1);
  return r;
}

/** Union of two sets; returns an argument when it is the union. */
export function unite(a: Frontier, b: Frontier): Frontier {
  if (a === b) return a;
  let r: Frontier | null = null;
  for (let i = 0; i < a.length; i += 3) {
    if (b[i] === 0 || (a[i] === b[i] && a[i + 2] === b[i + 2])) continue;
    r ??= a.slice();
    raise(r, i, b[i] as number, b[i + 1] as number);
    // If b's latest does not win, it is above b's other ones and has been counted among the losers.
    if (b[i + 2] !== 0) raiseOther(r, i, b[i + 2] as number, b[i + 1] as number);
  }
  return r ?? a;
}

function raise(r: Frontier, i: number, position: number, owner: number): void {
  if (owner === r[i + 1]) {
    if (position > (r[i] as number)) r[i] = position;
  } else if (position > (r[i] as number)) {
    r[i + 2] = Math.max(r[i + 2] as number, r[i] as number);
    r[i] = position;
    r[i + 1] = owner;
  } else if (position > (r[i + 2] as number)) r[i + 2] = position;
}

/** Add a write by an unknown CPU other than `not`. */
function raiseOther(r: Frontier, i: number, position: number, not: number): void {
  if (r[i + 1] === not) r[i + 2] = Math.max(r[i + 2] as number, position);
}
