/** The relations of the kernel model that one trace fixes by itself: program order, dependencies, fences. */
import type { FenceKind } from '../syntax/ast.js';
import type { Rules } from '../model.js';
import { EV, type Trace, type TraceEvent } from './event.js';
import { Relation } from './relation.js';

const LOCK_RELATED = EV.lockRead | EV.lockWrite | EV.unlock;

function isAccess({ classes }: TraceEvent): boolean {
  return (classes & (EV.read | EV.write)) !== 0;
}

function isMarked({ classes }: TraceEvent): boolean {
  return (classes & EV.plain) === 0;
}

/** Relations of one trace placed at `offset` among `size` events: rows are the trace's own events, columns all events.
 * Field names are those of linux-kernel.cat, `&` spelled out. */
export class ThreadRelations {
  readonly trace: Trace;
  readonly offset: number;
  readonly po: Relation;
  /** mb | gp, without what depends on the order in which other threads took a lock. */
  readonly strongFence: Relation;
  readonly poRel: Relation;
  readonly acqPo: Relation;
  readonly wmb: Relation;
  readonly rmb: Relation;
  /** [R4rmb] ; fencerel(Rmb) ; [~Noreturn] and [~Noreturn] ; fencerel(Rmb) ; [R4rmb]: bounds of plain accesses. */
  readonly rmbBounds: readonly [before: Relation, after: Relation];
  readonly addr: Relation;
  /** dep ; [Marked], from a marked read: what an internal read of that write inherits. */
  readonly depMarked: Relation;
  /** dep ; [Marked] and the dependencies of ppo, from any read: what a dependency that is carried on to the read gives. */
  readonly depAny: Relation;
  readonly depPpo: Relation;
  /** data ; [~ Srcu-unlock], by store: the first halves of carry-dep. Empty where dependencies are not carried. */
  readonly carriers: readonly { readonly write: number; readonly reads: readonly number[] }[];
  /** [Marked] ; ppo ; [Marked], without com edges. */
  readonly ppo: Relation;
  /** [Marked] ; (strong-fence | po-rel | wmb | po-unlock-lock-po) ; [Marked], without rfe and cross-thread lock edges. */
  readonly cumulFence: Relation;
  /** [Marked] ; (strong-fence | po-rel) ; [Marked]: what A-cumul extends. */
  readonly cumulative: Relation;
  readonly hasStrongFence: boolean;
  /** For smp_mb__after_unlock_lock(): pairs of a lock write before it and the first event after it, global indices. */
  readonly afterUnlockLock: readonly (readonly [lockWrite: number, first: number])[];

  readonly #rules: Rules;

  constructor(trace: Trace, offset: number, size: number, rules: Rules) {
    this.#rules = rules;
    this.trace = trace;
    this.offset = offset;
    const n = trace.events.length;
    const make = (): Relation => new Relation(n, size);
    this.po = make();
    this.strongFence = make();
    this.poRel = make();
    this.acqPo = make();
    this.wmb = make();
    this.rmb = make();
    this.rmbBounds = [make(), make()];
    this.addr = make();
    this.depMarked = make();
    this.depAny = make();
    this.depPpo = make();
    this.carriers = rules.carriedDependencies ? this.#carriers() : [];
    this.ppo = make();
    this.cumulFence = make();
    this.cumulative = make();
    for (let a = 0; a < n; a++) for (let b = a + 1; b < n; b++) this.po.add(a, offset + b);
    this.#fences();
    this.#order();
    this.#dependencies();
    this.#combine();
    this.hasStrongFence = !this.strongFence.isEmpty();
    this.afterUnlockLock = this.#afterUnlockLock();
  }

  /** Events of `classes` in this trace, as local indices. */
  #of(classes: number): number[] {
    return this.trace.events.flatMap((e, i) => ((e.classes & classes) !== 0 ? [i] : []));
  }

  #fenceAt(kind: FenceKind): number[] {
    return this.trace.fences.filter((f) => f.kind === kind).map((f) => f.before);
  }

  /** Add (a, b) for all `a` in `before` and `b` in `after` with a < limit <= b. */
  #span(into: Relation, first: (e: TraceEvent) => boolean, lastBefore: number, from: number): void {
    this.#spanTo(into, first, first, lastBefore, from);
  }

  #spanTo(
    into: Relation,
    first: (e: TraceEvent) => boolean,
    second: (e: TraceEvent) => boolean,
    lastBefore: number,
    from: number,
  ): void {
    const { events } = this.trace;
    events.forEach((a, i) => {
      if (i > lastBefore || !first(a)) return;
      for (let j = Math.max(from, i + 1); j < events.length; j++) {
        const b = events[j];
        if (b !== undefined && second(b)) into.add(i, this.offset + j);
      }
    });
  }

  #fences(): void {
    for (const p of this.#fenceAt('mb')) this.#span(this.strongFence, isAccess, p - 1, p);
    const ordered = (e: TraceEvent): boolean =>
      (e.classes & EV.read) !== 0 && (e.classes & EV.noReturn) === 0;
    const returns = (e: TraceEvent): boolean => (e.classes & EV.noReturn) === 0;
    for (const p of this.#fenceAt('rmb')) {
      this.#span(this.rmb, ordered, p - 1, p);
      this.#spanTo(this.rmbBounds[0], ordered, returns, p - 1, p);
      this.#spanTo(this.rmbBounds[1], returns, ordered, p - 1, p);
    }
    const writes = (e: TraceEvent): boolean => (e.classes & EV.write) !== 0;
    for (const p of this.#fenceAt('wmb')) this.#span(this.wmb, writes, p - 1, p);
    const anchored = [
      ['after-atomic', EV.rmw],
      ['after-spinlock', EV.lockWrite],
      ['after-srcu-read-unlock', EV.srcuUnlock],
    ] as const;
    for (const [kind, classes] of anchored) {
      for (const p of this.#fenceAt(kind)) {
        const anchor = this.#of(classes).findLast((c) => c < p) ?? -1;
        this.#span(this.strongFence, isAccess, anchor, p);
      }
    }
    for (const p of this.#fenceAt('before-atomic')) {
      const anchor = this.#of(EV.rmw).find((c) => c >= p);
      if (anchor !== undefined) this.#span(this.strongFence, isAccess, p - 1, anchor);
    }
    for (const p of this.#fenceAt('after-unlock-lock')) {
      const lock = this.#of(EV.lockWrite).findLast((c) => c < p) ?? -1;
      const unlock = this.#of(EV.unlock).findLast((c) => c < lock) ?? -1;
      this.#span(this.strongFence, isAccess, unlock - 1, p);
    }
    const any = (): boolean => true;
    for (const s of this.#of(EV.rcuSync | EV.srcuSync)) this.#span(this.strongFence, any, s - 1, s);
  }

  #order(): void {
    const only = (i: number) => (e: TraceEvent) => e === this.trace.events[i];
    for (const r of this.#of(EV.release)) this.#spanTo(this.poRel, isAccess, only(r), r - 1, r);
    for (const a of this.#of(EV.acquire)) this.#spanTo(this.acqPo, only(a), isAccess, a, a + 1);
  }

  /** po ; [UL] ; po ; [LKR] ; po within this thread. */
  #poUnlockLockPo(into: Relation): void {
    const any = (): boolean => true;
    if (this.#of(LOCK_RELATED).length === 0) return;
    for (const lock of this.#of(EV.lockRead)) {
      const unlock = this.#of(EV.unlock).findLast((u) => u < lock) ?? -1;
      this.#span(into, any, unlock - 1, lock + 1);
    }
  }

  #dependencies(): void {
    const { events } = this.trace;
    events.forEach((e, i) => {
      const target = this.offset + i;
      for (const r of e.addr) this.addr.add(r, target);
      if ((e.classes & EV.write) === 0 || !isMarked(e)) return;
      for (const r of [...e.addr, ...e.data]) {
        this.depAny.add(r, target);
        const source = events[r];
        if (source !== undefined && isMarked(source)) this.depMarked.add(r, target);
      }
    });
    this.#toWrites();
    events.forEach((e, i) => {
      const inPpo = !this.#rules.internalOrder || isAccess(e);
      if (inPpo) for (const r of e.addr) this.depPpo.add(r, this.offset + i);
    });
  }

  #carriers(): { write: number; reads: readonly number[] }[] {
    return this.trace.events.flatMap(({ classes, data }, i) => {
      const carries = (classes & EV.write) !== 0 && (classes & EV.srcuUnlock) === 0;
      return carries && data.length > 0 ? [{ write: i, reads: data }] : [];
    });
  }

  #combine(): void {
    const { events } = this.trace;
    this.ppo.union(this.depPpo).union(this.strongFence).union(this.poRel);
    this.ppo.union(this.acqPo).union(this.wmb).union(this.rmb);
    this.#poUnlockLockPo(this.ppo);
    this.cumulative.union(this.strongFence).union(this.poRel);
    this.cumulFence.union(this.cumulative).union(this.wmb);
    this.#poUnlockLockPo(this.cumulFence);
    events.forEach((e, i) => {
      if (!isMarked(e)) this.#removePlain(i);
    });
  }

  /** rwdep, and addr ; [Plain] ; wmb, into depPpo. */
  #toWrites(): void {
    this.trace.events.forEach((e, i) => {
      if (!isMarked(e)) for (const r of e.addr) this.depPpo.unionRow(r, this.wmb, i);
      if ((e.classes & EV.write) === 0) return;
      for (const r of [...e.addr, ...e.data, ...e.ctrl]) this.depPpo.add(r, this.offset + i);
    });
  }

  /** Take a plain event out of the relations between marked ones. */
  #removePlain(i: number): void {
    for (const relation of [this.ppo, this.cumulFence, this.cumulative]) {
      relation.clearRow(i);
      relation.clearColumn(this.offset + i);
    }
  }

  #afterUnlockLock(): (readonly [number, number])[] {
    return this.#fenceAt('after-unlock-lock').flatMap((p) =>
      this.#of(EV.lockWrite)
        .filter((l) => l < p)
        .map((l) => [this.offset + l, this.offset + p] as const),
    );
  }
}
