/** Propositions about final states: which places they name, how they print, and whether a state satisfies them. */
import type { LitmusLocation, LitmusThread, Place, Proposition } from './ast.js';
import { FREE_VALUE, isPointer, locationOf, objectOf, offsetOf } from './values.js';

/** The parts of a test that names are looked up in. */
export interface NamedParts {
  readonly locations: readonly LitmusLocation[];
  readonly threads: readonly LitmusThread[];
}

/** Text of a value: a number, the place that it points to, such as `x` or `x+1`, or `S1` for a value out of thin air. */
export function formatValue(test: Pick<NamedParts, 'locations'>, value: number): string {
  if (value === FREE_VALUE) return 'S1';
  if (!isPointer(value)) return String(value);
  const inside = test.locations[locationOf(test, value)];
  if (inside !== undefined) return inside.name;
  const object = (test.locations[objectOf(value)]?.name ?? '?').replace(/\[0\]$/, '');
  const offset = offsetOf(value);
  return `${object}${offset < 0 ? '' : '+'}${offset}`;
}

/** `0:r1` or `[x]`, as herd prints places. */
export function formatPlace(test: NamedParts, place: Place): string {
  if (place.kind === 'location') return `[${test.locations[place.location]?.name ?? '?'}]`;
  return `${place.thread}:${test.threads[place.thread]?.registers[place.register]?.name ?? '?'}`;
}

/** The places that `proposition` names. */
export function placesOf(proposition: Proposition): Place[] {
  switch (proposition.kind) {
    case 'true':
    case 'false':
      return [];
    case 'equal': {
      const { left, right } = proposition;
      return typeof right === 'number' ? [left] : [left, right];
    }
    case 'not':
      return placesOf(proposition.operand);
    default:
      return [...placesOf(proposition.left), ...placesOf(proposition.right)];
  }
}

/** What a final state shows: the places of `locations` and of the condition, registers by thread and name first. */
export function observedPlaces(
  test: NamedParts,
  locations: readonly Place[],
  condition: Proposition,
): Place[] {
  const places = new Map<string, Place>();
  for (const place of [...locations, ...placesOf(condition)]) {
    places.set(formatPlace(test, place), place);
  }
  const rank = (place: Place): number => (place.kind === 'register' ? place.thread : Infinity);
  return [...places]
    .sort(([a, p], [b, q]) => rank(p) - rank(q) || Number(a > b) - Number(a < b))
    .map(([, place]) => place);
}

const STRENGTH = { implies: 1, or: 2, and: 3, not: 4, equal: 5, true: 5, false: 5 } as const;
const SYMBOL = { implies: '=>', or: '\\/', and: '/\\' } as const;

/** The proposition as herd prints it, without the outer parentheses. */
export function formatProposition(test: NamedParts, proposition: Proposition): string {
  const inner = (p: Proposition): string => {
    const text = formatProposition(test, p);
    return STRENGTH[p.kind] < STRENGTH[proposition.kind] ? `(${text})` : text;
  };
  switch (proposition.kind) {
    case 'true':
    case 'false':
      return proposition.kind;
    case 'equal': {
      const { left, right } = proposition;
      const value = typeof right === 'number' ? formatValue(test, right) : formatPlace(test, right);
      return `${formatPlace(test, left)}=${value}`;
    }
    case 'not':
      return `not (${formatProposition(test, proposition.operand)})`;
    default:
      return `${inner(proposition.left)} ${SYMBOL[proposition.kind]} ${inner(proposition.right)}`;
  }
}

/** Does the final state that `valueOf` reads satisfy `proposition`? */
export function holds(proposition: Proposition, valueOf: (place: Place) => number): boolean {
  switch (proposition.kind) {
    case 'true':
      return true;
    case 'false':
      return false;
    case 'equal': {
      const { left, right } = proposition;
      return valueOf(left) === (typeof right === 'number' ? right : valueOf(right));
    }
    case 'not':
      return !holds(proposition.operand, valueOf);
    case 'and':
      return holds(proposition.left, valueOf) && holds(proposition.right, valueOf);
    case 'or':
      return holds(proposition.left, valueOf) || holds(proposition.right, valueOf);
    case 'implies':
      return !holds(proposition.left, valueOf) || holds(proposition.right, valueOf);
  }
}
