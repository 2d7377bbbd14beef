/** Names the reason for each edge of a cycle: the fence, dependency or communication, with its source line. */
import type { SourceSpan } from '../syntax/ast.js';
import type { Axioms } from '../axioms/axioms.js';
import type { Candidate } from '../axioms/candidate.js';
import { EV } from '../axioms/event.js';
import { findPath } from './path.js';
import { Relation } from '../axioms/relation.js';
import type { ThreadRelations } from '../axioms/thread-relations.js';

/** One elementary edge of an explanation: from an event to an event, and why. */
export interface Edge {
  readonly from: number;
  readonly to: number;
  /** Short name for drawings, such as `rf`, `fr`, `mb`. */
  readonly name: string;
  /** The reason in words. */
  readonly reason: string;
}

const FENCE_NAMES = {
  mb: 'smp_mb()',
  rmb: 'smp_rmb()',
  wmb: 'smp_wmb()',
  barrier: 'barrier()',
  'before-atomic': 'smp_mb__before_atomic()',
  'after-atomic': 'smp_mb__after_atomic()',
  'after-spinlock': 'smp_mb__after_spinlock()',
  'after-unlock-lock': 'smp_mb__after_unlock_lock()',
  'after-srcu-read-unlock': 'smp_mb__after_srcu_read_unlock()',
} as const;

const STRONG_FENCES = new Set<keyof typeof FENCE_NAMES>([
  'mb',
  'before-atomic',
  'after-atomic',
  'after-spinlock',
  'after-unlock-lock',
  'after-srcu-read-unlock',
]);

function line({ line: number }: SourceSpan): string {
  return `line ${number}`;
}

/** Explains edges of the relations of one candidate. */
export class EdgeReasons {
  readonly #candidate: Candidate;
  readonly #axioms: Axioms;

  constructor(candidate: Candidate, axioms: Axioms) {
    this.#candidate = candidate;
    this.#axioms = axioms;
  }

  #thread(event: number): ThreadRelations | undefined {
    return this.#candidate.threads[this.#candidate.threadOf[event] ?? 0]?.relations;
  }

  /** A fence of the kinds `kinds` between two events of a thread, in words. */
  #fenceBetween(
    from: number,
    to: number,
    kinds: ReadonlySet<keyof typeof FENCE_NAMES>,
  ): string | null {
    const thread = this.#thread(to);
    if (thread === undefined) return null;
    const fence = thread.trace.fences.findLast(
      ({ kind, before }) =>
        kinds.has(kind) && from < thread.offset + before && thread.offset + before <= to,
    );
    if (fence === undefined) return null;
    const call = FENCE_NAMES[fence.kind];
    // The two smp_mb() of a fully ordered read-modify-write stand nowhere in the source by themselves.
    const implied = fence.kind === 'mb' && !fence.at.text.includes('mb');
    return implied
      ? `full ordering of ${fence.at.text}, ${line(fence.at)}`
      : `${call}, ${line(fence.at)}`;
  }

  /** (a, b) in strong-fence. */
  strong(from: number, to: number): Edge {
    const fence = this.#fenceBetween(from, to, STRONG_FENCES) ?? this.#gracePeriod(from, to);
    return { from, to, name: 'mb', reason: fence ?? 'strong fence' };
  }

  #gracePeriod(from: number, to: number): string | null {
    for (let e = from + 1; e <= to; e++) {
      if (!this.#candidate.is(e, EV.rcuSync | EV.srcuSync)) continue;
      const { at } = this.#candidate.event(e);
      return `${at.text}, ${line(at)}`;
    }
    return null;
  }

  /** Communication: rf, co or fr. */
  communication(from: number, to: number): Edge {
    const { co, fr } = this.#axioms;
    if (fr.has(from, to))
      return { from, to, name: 'fr', reason: 'reads an older value than this writes' };
    if (co.has(from, to)) return { from, to, name: 'co', reason: 'is overwritten by' };
    return { from, to, name: 'rf', reason: 'is read by' };
  }

  /** (a, b) in ppo. */
  ppo(from: number, to: number): Edge[] {
    const thread = this.#thread(from);
    const a = from - (thread?.offset ?? 0);
    if (thread === undefined) return [{ from, to, name: 'ppo', reason: 'program order' }];
    const one = (name: string, reason: string): Edge[] => [{ from, to, name, reason }];
    if (thread.addr.has(a, to)) return one('addr', 'address dependency');
    const event = this.#candidate.event(to);
    const isWrite = (event.classes & EV.write) !== 0;
    if (isWrite && event.data.includes(a)) return one('data', 'data dependency');
    if (isWrite && event.ctrl.includes(a)) return one('ctrl', 'control dependency');
    const { fr, co } = this.#axioms;
    if (fr.has(from, to) || co.has(from, to))
      return one('coherence', 'same location, program order');
    const fence = this.#ordering(from, to);
    if (fence !== null) return [fence];
    for (let w = from + 1; w < to; w++) {
      if (thread.depMarked.has(a, w) && this.#axioms.rfi.has(w, to)) {
        return [
          { from, to: w, name: 'dep', reason: 'dependency' },
          { from: w, to, name: 'rfi', reason: 'is read by' },
        ];
      }
    }
    const carried = this.#carried(from, to, thread);
    return carried ?? one('unlock-lock', 'spin_unlock() before spin_lock() on the same CPU');
  }

  /** A dependency that goes on through a store of the thread and a read of it: carry-dep. */
  #carried(from: number, to: number, thread: ThreadRelations): Edge[] | null {
    const { carry, hasCarry, rfi } = this.#axioms;
    if (!hasCarry) return null;
    const reason = 'dependency, through a store that the thread reads back';
    for (const read of carry.successors(from)) {
      const back = read - thread.offset;
      if (thread.depPpo.has(back, to)) return [{ from, to, name: 'dep', reason }];
      const store = thread.depAny.successors(back).find((w) => rfi.has(w, to));
      if (store === undefined) continue;
      return [
        { from, to: store, name: 'dep', reason },
        { from: store, to, name: 'rfi', reason: 'is read by' },
      ];
    }
    return null;
  }

  /** Fences, acquire and release. */
  #ordering(from: number, to: number): Edge | null {
    const thread = this.#thread(from);
    if (thread === undefined) return null;
    const a = from - thread.offset;
    if (thread.acqPo.has(a, to)) {
      const { at } = this.#candidate.event(from);
      return { from, to, name: 'acquire', reason: `${at.text}, ${line(at)}` };
    }
    if (thread.poRel.has(a, to)) {
      const { at } = this.#candidate.event(to);
      return { from, to, name: 'release', reason: `${at.text}, ${line(at)}` };
    }
    if (thread.wmb.has(a, to)) return this.#named(from, to, 'wmb');
    if (thread.rmb.has(a, to)) return this.#named(from, to, 'rmb');
    return this.#axioms.strongFence.has(from, to) ? this.strong(from, to) : null;
  }

  #named(from: number, to: number, kind: 'wmb' | 'rmb'): Edge {
    const reason = this.#fenceBetween(from, to, new Set([kind])) ?? FENCE_NAMES[kind];
    return { from, to, name: kind, reason };
  }

  /** (a, b) in cumul-fence. */
  cumul(from: number, to: number): Edge[] {
    const inside = this.#candidate.threadOf[from] === this.#candidate.threadOf[to];
    if (inside) {
      const fence = this.#ordering(from, to);
      if (fence !== null && fence.name !== 'acquire') return [fence];
    }
    for (const read of this.#axioms.rfe.successors(from)) {
      const thread = this.#thread(read);
      if (thread?.cumulative.has(read - thread.offset, to) !== true) continue;
      const fence = this.#ordering(read, to);
      const last = fence ?? { from: read, to, name: 'fence', reason: 'fence' };
      return [this.communication(from, read), last];
    }
    if (this.#axioms.strongFence.has(from, to)) return [this.strong(from, to)];
    const sequence = this.#throughRmws(from, to);
    if (sequence !== null) return sequence;
    const reason = inside
      ? 'spin_unlock() before spin_lock() on the same CPU'
      : 'spin_unlock(), then spin_lock() of the same lock by the other CPU';
    return [{ from, to, name: 'unlock-lock', reason }];
  }

  /** cumul-fence ; rmw-sequence: the order goes on along read-modify-writes that read from each other. */
  #throughRmws(from: number, to: number): Edge[] | null {
    const { cumulFence, rmwSequence, hasRmwSequence } = this.#axioms;
    if (!hasRmwSequence) return null;
    for (let store = 0; store < rmwSequence.size; store++) {
      if (store === to || !rmwSequence.has(store, to) || !cumulFence.has(from, store)) continue;
      const reason = 'is read, and overwritten, by read-modify-writes up to';
      return [...this.cumul(from, store), { from: store, to, name: 'rmws', reason }];
    }
    return null;
  }

  /** (a, b) in prop. */
  prop(from: number, to: number): Edge[] {
    const { overwriteExt, cumulFence, rfe } = this.#axioms;
    const path = findPath(from, to, [
      { name: 'com', relation: overwriteExt, repeat: 'optional' },
      { name: 'cumul', relation: cumulFence, repeat: 'star' },
      { name: 'com', relation: rfe, repeat: 'optional' },
    ]);
    return (path ?? []).flatMap((edge) =>
      edge.name === 'cumul'
        ? this.cumul(edge.from, edge.to)
        : [this.communication(edge.from, edge.to)],
    );
  }

  /** (a, b) in hb. */
  hb(from: number, to: number): Edge[] {
    const { rfe, ppo } = this.#axioms;
    if (rfe.has(from, to)) return [this.communication(from, to)];
    return ppo.has(from, to) ? this.ppo(from, to) : this.prop(from, to);
  }

  /** (a, b) in pb. */
  pb(from: number, to: number): Edge[] {
    const { prop, strongFence, hb } = this.#axioms;
    const path = findPath(from, to, [
      { name: 'prop', relation: prop, repeat: 'once' },
      { name: 'strong', relation: strongFence, repeat: 'once' },
      { name: 'hb', relation: hb, repeat: 'star' },
    ]);
    return (path ?? []).flatMap((edge) => {
      if (edge.name === 'prop') return this.prop(edge.from, edge.to);
      return edge.name === 'hb' ? this.hb(edge.from, edge.to) : [this.strong(edge.from, edge.to)];
    });
  }

  /** (a, b) in rcu-link: po? ; hb* ; pb* ; prop ; po. */
  rcuLink(from: number, to: number): Edge[] {
    const { po, hb, pb, prop } = this.#axioms;
    const path = findPath(from, to, [
      { name: 'po', relation: po, repeat: 'optional' },
      { name: 'hb', relation: hb, repeat: 'star' },
      { name: 'pb', relation: pb, repeat: 'star' },
      { name: 'prop', relation: prop, repeat: 'once' },
      { name: 'po', relation: po, repeat: 'once' },
    ]);
    return (path ?? []).flatMap(({ name, from: a, to: b }): Edge[] => {
      if (name === 'po') return [{ from: a, to: b, name: 'po', reason: 'program order' }];
      if (name === 'prop') return this.prop(a, b);
      return name === 'hb' ? this.hb(a, b) : this.pb(a, b);
    });
  }

  /** How a plain access becomes visible to another: fences, dependencies and reads between them. */
  visibility(from: number, to: number): Edge[] {
    const { rfe, hb, strongFence, size } = this.#axioms;
    const steps = new Relation(size).copy(rfe).union(hb).union(strongFence);
    for (const { offset, relations } of this.#candidate.threads) {
      for (const part of [relations.poRel, relations.acqPo, relations.wmb, relations.rmb]) {
        for (let i = 0; i < part.size; i++) steps.unionRow(offset + i, part, i);
      }
    }
    const path = findPath(from, to, [{ name: 'step', relation: steps, repeat: 'star' }]);
    if (path === null) return [{ from, to, name: 'vis', reason: 'is visible to' }];
    return path.flatMap(({ from: a, to: b }) => {
      if (rfe.has(a, b)) return [this.communication(a, b)];
      const fence = this.#ordering(a, b);
      return fence === null ? this.hb(a, b) : [fence];
    });
  }
}
