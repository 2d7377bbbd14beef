/** The derived relations of linux-kernel.cat that the RCU axiom and the part on plain accesses build on. */
import type { Rules } from '../model.js';
import type { Relation } from './relation.js';

/** Relations of one candidate; names are those of linux-kernel.cat. */
export interface DerivedRelations {
  /** What the model's version says. */
  readonly rules: Rules;
  readonly po: Relation;
  readonly co: Relation;
  readonly fr: Relation;
  readonly rfe: Relation;
  readonly rfi: Relation;
  readonly strongFence: Relation;
  /** cumul-fence*. */
  readonly cumulFenceStar: Relation;
  readonly prop: Relation;
  readonly hb: Relation;
  /** hb*. */
  readonly hbStar: Relation;
  readonly pb: Relation;
  /** pb*. */
  readonly pbStar: Relation;
  readonly rcu: { readonly link: Relation; readonly order: Relation };
  /** All events of the thread of the row. */
  readonly internal: Relation;
  /** carry-dep, and whether there is any. */
  readonly carry: Relation;
  readonly hasCarry: boolean;
  /** rmw-sequence, and whether there is any. */
  readonly rmwSequence: Relation;
  readonly hasRmwSequence: boolean;
}
