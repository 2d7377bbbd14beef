/** Critical sections of RCU and SRCU, and the flags that misusing them raises. */
import type { Rules } from '../../../src/litmus/model.js';
import type { Algebra } from './algebra.js';
import { EventSet, Pairs } from './values.js';

/** Pairs of brackets that match by nesting. */
function matching(a: Algebra, open: string, close: string, within: Pairs): Pairs {
  const po = a.and(a.relation('po'), within);
  const [opens, closes] = [a.set(open), a.set(close)];
  let matched = new Pairs(a.size);
  for (;;) {
    const left = EventSet.of(
      a.size,
      (e) =>
        (opens.has(e) && matched.isAlone(e)) || (closes.has(e) && matched.inverse().isAlone(e)),
    );
    const path = a.seq(a.on(left), po, a.on(left));
    const next = a.and(a.minus(path, path.then(path)), a.cross(opens, closes));
    if (a.isEmpty(next)) return matched;
    matched = a.or(matched, next);
  }
}

/** Locks with the unlocks that end their sections. */
export interface Sections {
  readonly rcu: Pairs;
  readonly srcu: Pairs;
}

/** The sections of an event structure: by nesting, or for SRCU by the index that goes from lock to unlock. */
export function sectionsOf(a: Algebra, rules: Rules): Sections {
  const rcu = matching(
    a,
    'Rcu-lock',
    'Rcu-unlock',
    Pairs.of(a.size, () => true),
  );
  const loc = a.relation('loc');
  if (!rules.srcuByValue) return { rcu, srcu: matching(a, 'Srcu-lock', 'Srcu-unlock', loc) };
  const unlock = a.set('Srcu-unlock');
  const others = EventSet.of(a.size, (e) => !unlock.has(e));
  const step = a.seq(a.relation('data'), a.on(others), a.relation('rf'));
  const path = a.seq(a.on(a.set('Srcu-lock')), a.star(step), a.relation('data'), a.on(unlock));
  return { rcu, srcu: a.and(path, loc) };
}

/** Flags on the sections. */
export function* sectionFlags(a: Algebra, sections: Sections, rules: Rules): Generator<string> {
  const { flagNames } = rules;
  for (const kind of ['rcu', 'srcu'] as const) {
    const mark = kind === 'rcu' ? 'Rcu' : 'Srcu';
    const pairs = sections[kind];
    const locks = a.hasAny(a.without(a.set(`${mark}-lock`), a.domain(pairs)));
    const unlocks = a.hasAny(a.without(a.set(`${mark}-unlock`), a.domain(pairs.inverse())));
    if (locks) yield flagNames ? `unmatched-${kind}-lock` : `unbalanced-${kind}-locking`;
    if (unlocks) yield flagNames ? `unmatched-${kind}-unlock` : `unbalanced-${kind}-locking`;
  }
  const { srcu } = sections;
  const { world, size } = a;
  const different = Pairs.of(size, (x, y) => srcu.has(x, y) && !world.sameValue(x, y));
  if (!a.isEmpty(different)) yield flagNames ? 'srcu-bad-value-match' : 'srcu-bad-nesting';
  const twice = a.minus(srcu.inverse().then(srcu), a.id);
  if (flagNames && !a.isEmpty(twice)) yield 'multiple-srcu-matches';
  const po = a.relation('po');
  const sleeps = a.and(sections.rcu, a.seq(po, a.on(a.set('Sync-srcu')), po));
  if (!a.isEmpty(sleeps)) yield 'invalid-sleep';
}
