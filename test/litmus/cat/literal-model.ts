/** The kernel's memory models as relations, written down as literally as possible: locks, plain accesses, RCU and SRCU, all flags. */
import type { Rules } from '../../../src/litmus/model.js';
import type { CatExecution, CatWorld } from './evaluate-cat.js';
import { Algebra } from './algebra.js';
import { sectionFlags, sectionsOf, type Sections } from './literal-sections.js';
import { EventSet, Pairs } from './values.js';

/** Is there a cycle? */
const isCyclic = (relation: Pairs): boolean => relation.closed().hasLoop();

/** One candidate: what does not depend on the order of writes is computed once. */
class Literal {
  readonly #a: Algebra;
  readonly #rules: Rules;
  readonly #flags = new Set<string>();
  readonly #plain: EventSet;
  readonly #marked: EventSet;
  readonly #accesses: EventSet;
  readonly #writes: EventSet;
  readonly #reads: EventSet;
  readonly #addr: Pairs;
  readonly #data: Pairs;
  readonly #ctrl: Pairs;
  readonly #sections: Sections;

  constructor(world: CatWorld, rules: Rules) {
    const a = (this.#a = new Algebra(world));
    this.#rules = rules;
    this.#sections = sectionsOf(a, rules);
    this.#reads = a.set('R', 'LKR', 'LF', 'RL', 'RU');
    this.#writes = a.set('W', 'LKW', 'UL');
    this.#accesses = EventSet.of(a.size, (e) => this.#reads.has(e) || this.#writes.has(e));
    const [addr, data, ctrl] = ['addr', 'data', 'ctrl'].map((name) => a.relation(name));
    const kept = a.without(a.set('M'), a.set('Srcu-unlock'));
    const carry = rules.carriedDependencies
      ? a.star(a.seq(data!, a.on(kept), a.relation('rfi')))
      : a.id;
    [this.#addr, this.#data, this.#ctrl] = [
      carry.then(addr!),
      carry.then(data!),
      carry.then(ctrl!),
    ];
    const marks = ['IW', 'Once', 'Release', 'Acquire', 'RMW', 'LKR', 'LKW', 'UL', 'LF', 'RL', 'RU'];
    if (rules.srcuByValue) marks.push('Srcu-lock', 'Srcu-unlock');
    this.#plain = a.without(a.set('M'), a.set(...marks));
    this.#marked = EventSet.of(a.size, (e) => !this.#plain.has(e));
    for (const flag of sectionFlags(a, this.#sections, rules)) this.#flags.add(flag);
  }

  #flag(name: string, isRaised: boolean): void {
    if (isRaised) this.#flags.add(name);
  }

  /** Everything that depends on choices of its own: reads of locks, and coherence. */
  executions(): CatExecution[] {
    const a = this.#a;
    const { lockedStructs, lockedInside } = this.#rules;
    const loc = a.relation('loc');
    const poLoc = a.relation('po-loc');
    const srcu = lockedStructs ? ['Srcu-lock', 'Srcu-unlock', 'Sync-srcu'] : [];
    const lockEvents = a.set('LKR', 'LKW', 'UL', 'LF', 'RL', 'RU', ...srcu);
    const ordinary = a.without(a.set('M'), a.set('IW'));
    const strangers = lockedStructs ? a.without(ordinary, lockEvents) : ordinary;
    const mixed = a.seq(a.on(strangers), loc, a.on(lockEvents));
    this.#flag('mixed-lock-accesses', !a.isEmpty(mixed));
    this.#flag('lock-final', !a.isEmpty(a.seq(a.on(a.set('FW')), loc, a.on(lockEvents))));
    const [lkw, lkr, ul] = [a.on(a.set('LKW')), a.on(a.set('LKR')), a.on(a.set('UL'))];
    const released = a.seq(poLoc, ul, poLoc);
    if (!a.isEmpty(a.minus(a.seq(lkw, poLoc, lkr), released))) return [];
    const ru = a.on(a.set('RU'));
    if (lockedInside && !a.isEmpty(a.minus(a.seq(lkw, poLoc, ru), released))) return [];
    const between = a.seq(poLoc, a.on(a.set('LKW', 'UL')), poLoc);
    const critical = a.minus(a.seq(lkw, poLoc, ul), between);
    this.#flag('unmatched-unlock', a.hasAny(a.without(a.set('UL'), a.domain(critical.inverse()))));
    const open = a.without(a.set('LKW'), a.domain(critical));
    if (!a.isEmpty(a.minus(a.seq(a.on(open), loc, a.on(open)), a.id))) return [];
    return [...this.#lockReads()].flatMap((lockRf) => this.#coherent(lockRf, critical, open));
  }

  /** Sources of failed tries, and of what spin_is_locked() saw. */
  *#lockReads(): Generator<Pairs> {
    const a = this.#a;
    const [loc, ext, poLoc] = [a.relation('loc'), a.relation('ext'), a.relation('po-loc')];
    const [taken, given] = [a.set('LKW'), a.set('UL')];
    const held = a.set('LF', 'RL');
    const own = a.minus(
      a.seq(a.on(taken), poLoc, a.on(held)),
      a.seq(a.on(taken), poLoc, a.on(given), poLoc),
    );
    const unsettled = a.without(held, a.domain(own.inverse()));
    const stop = this.#rules.lockedInside ? given : taken;
    const ownUnlock = a.minus(
      a.and(a.cross(given, a.set('RU')), poLoc),
      a.seq(a.on(given), poLoc, a.on(stop), poLoc),
    );
    const possible = a.or(
      a.and(a.cross(taken, unsettled), loc, ext),
      a.and(a.cross(a.set('UL', 'IW'), a.set('RU')), loc, ext),
      ownUnlock,
    );
    const readers = EventSet.of(a.size, (e) => unsettled.has(e) || a.set('RU').has(e));
    let choices: Pairs[] = [own];
    for (let read = 0; read < a.size; read++) {
      if (!readers.has(read)) continue;
      const sources = [...possible].filter(([, to]) => to === read);
      choices = choices.flatMap((chosen) =>
        sources.map(([from]) =>
          a.or(
            chosen,
            Pairs.of(a.size, (x, y) => x === from && y === read),
          ),
        ),
      );
    }
    yield* choices;
  }

  #coherent(lockRf: Pairs, critical: Pairs, open: EventSet): CatExecution[] {
    const a = this.#a;
    const loc = a.relation('loc');
    const [iw, lkw] = [a.on(a.set('IW')), a.on(a.set('LKW'))];
    const last = a.seq(lkw, loc, a.on(open));
    const isOpen = Pairs.of(a.size, (x) => open.has(x));
    const co0 = a.or(a.relation('co0'), a.seq(iw, loc, lkw), a.minus(last, isOpen));
    const lkRmw = a.minus(
      a.seq(a.on(a.set('LKR')), a.relation('po-loc'), lkw),
      a.relation('po').then(a.relation('po')),
    );
    const executions: CatExecution[] = [];
    for (const order of a.world.orders(a.set('W', 'LKW'), co0)) {
      const co = a.or(order, critical, critical.inverse().then(order)).closed();
      const next = a.minus(co, co.then(co));
      const locks = a.seq(a.on(a.set('IW', 'UL')), next, lkRmw.inverse());
      const rf = a.or(a.relation('rf'), lockRf, locks);
      const flags = this.#judge(rf, co, a.or(a.relation('rmw'), lkRmw));
      if (flags !== null) executions.push({ flags, co });
    }
    return executions;
  }

  /** Flags of an execution; null if the model forbids it. */
  #judge(rf: Pairs, co: Pairs, rmw: Pairs): Set<string> | null {
    const a = this.#a;
    const [po, ext, int] = [a.relation('po'), a.relation('ext'), a.relation('int')];
    const fr = rf.inverse().then(co);
    if (isCyclic(a.or(a.relation('po-loc'), rf, co, fr))) return null;
    const rfe = a.and(rf, ext);
    const rfi = a.and(rf, int);
    if (!a.isEmpty(a.and(rmw, a.and(fr, ext).then(a.and(co, ext))))) return null;
    const M = a.on(this.#accesses);
    const W = a.on(this.#writes);
    const marked = a.on(this.#marked);
    const fenced = (...names: string[]): Pairs => a.seq(po, a.on(a.set(...names)), po);
    const acquire = a.on(a.set('Acquire', 'LKR'));
    const release = a.on(a.set('Release', 'UL'));
    const acqPo = a.seq(acquire, po, M);
    const poRel = a.seq(M, po, release);
    const unlockLock = a.seq(po, a.on(a.set('UL')), a.or(po, rf), a.on(a.set('LKR')), po);
    const returning = a.on(a.without(this.#reads, a.set('Noreturn')));
    const rmb = a.seq(returning, fenced('Rmb'), returning);
    const wmb = a.seq(W, fenced('Wmb'), W);
    const mb = this.#strong(po, co, M, unlockLock, fenced);
    const gp = a.seq(po, a.on(a.set('Sync-rcu', 'Sync-srcu')), a.maybe(po));
    const strong = a.or(mb, gp);
    const nonrw = a.or(strong, poRel, acqPo);
    const fence = a.or(nonrw, wmb, rmb);
    const overwrite = a.or(co, fr);
    const dep = a.or(this.#addr, this.#data);
    const toW = a.or(
      a.or(dep, this.#ctrl).then(W),
      a.and(overwrite, int),
      a.seq(this.#addr, a.on(this.#plain), wmb),
    );
    const { internalOrder, rmwSequences } = this.#rules;
    const addr = internalOrder ? this.#addr.then(a.on(this.#reads)) : this.#addr;
    const toR = a.or(addr, a.seq(dep, marked, rfi));
    const inside = internalOrder ? a.and(fence, int) : fence;
    const ppo = a.or(toR, toW, inside, a.and(unlockLock, int));
    const cumulative = (r: Pairs): Pairs => a.maybe(rfe.then(marked)).then(r);
    const sequence = rmwSequences ? a.star(rf.then(rmw)) : a.id;
    const cumulFence = a.seq(
      marked,
      a.or(cumulative(a.or(strong, poRel)), wmb, unlockLock),
      marked,
      sequence,
    );
    const prop = a.seq(
      marked,
      a.maybe(a.and(overwrite, ext)),
      a.star(cumulFence),
      marked,
      a.maybe(rfe),
      marked,
    );
    const hb = a.seq(marked, a.or(ppo, rfe, a.and(a.minus(prop, a.id), int)), marked);
    if (isCyclic(hb)) return null;
    const pb = a.seq(prop, strong, a.star(hb), marked);
    if (isCyclic(pb)) return null;
    const link = a.seq(a.maybe(po), a.star(hb), a.star(pb), prop, po);
    const rcuFence = a.seq(po, this.#rcuOrder(link), a.maybe(po));
    const rb = a.seq(prop, rcuFence, a.star(hb), a.star(pb), marked);
    if (rb.hasLoop()) return null;
    const xbstar = a.star(a.or(hb, pb, rb));
    const noReturn = a.on(EventSet.of(a.size, (e) => !a.set('Noreturn').has(e)));
    const parts: PlainParts = {
      rf,
      co,
      fr,
      rfe,
      fence: a.or(fence, rcuFence),
      strong: a.or(strong, rcuFence),
      rmbAfter: a.or(nonrw, a.seq(returning, fenced('Rmb'), noReturn)),
      rmbBefore: a.or(nonrw, a.seq(noReturn, fenced('Rmb'), returning)),
      cumulFence,
      xbstar,
      sequence,
    };
    return this.#plainAccesses(parts);
  }

  #strong(
    po: Pairs,
    co: Pairs,
    M: Pairs,
    unlockLock: Pairs,
    fenced: (...names: string[]) => Pairs,
  ): Pairs {
    const a = this.#a;
    const { nextLockOnly, rmwTags, srcuUnlockFence } = this.#rules;
    const [rmws, lkw, ul] = [a.on(a.set('RMW')), a.on(a.set('LKW')), a.on(a.set('UL'))];
    const handed = nextLockOnly
      ? a.seq(M, unlockLock, a.on(a.set('After-unlock-lock')), po, M)
      : a.seq(M, po, ul, a.or(co, po), lkw, fenced('After-unlock-lock'), M);
    const parts = [
      a.seq(M, fenced('Before-atomic'), rmws, a.maybe(po), M),
      a.seq(M, a.maybe(po), rmws, fenced('After-atomic'), M),
      a.seq(M, a.maybe(po), lkw, fenced('After-spinlock'), M),
      handed,
    ];
    const tagged = a.set('Mb');
    const on = (of: EventSet): Pairs =>
      a.on(EventSet.of(a.size, (e) => tagged.has(e) && of.has(e)));
    if (rmwTags) parts.push(a.seq(M, po, on(this.#reads)), a.seq(on(this.#writes), po, M));
    if (srcuUnlockFence) {
      const unlock = a.on(a.set('Srcu-unlock'));
      parts.push(a.seq(M, a.maybe(po), unlock, fenced('After-srcu-read-unlock'), M));
    }
    return a.or(a.seq(M, fenced('Mb'), M), ...parts);
  }

  /** At least as many grace periods as sections, domain by domain. */
  #rcuOrder(link: Pairs): Pairs {
    const a = this.#a;
    const loc = a.relation('loc');
    const kinds = [
      [a.on(a.set('Sync-rcu')), this.#sections.rcu.inverse(), null],
      [a.on(a.set('Sync-srcu')), this.#sections.srcu.inverse(), loc],
    ] as const;
    let order = a.on(a.set('Sync-rcu', 'Sync-srcu'));
    for (;;) {
      const inner = a.or(link, a.seq(link, order, link));
      let next = a.or(order, a.seq(order, link, order));
      for (const [gp, sections, within] of kinds) {
        const pairs = a.or(a.seq(gp, inner, sections), a.seq(sections, inner, gp));
        next = a.or(next, within === null ? pairs : a.and(pairs, within));
      }
      if (a.isEmpty(a.minus(next, order))) return order;
      order = next;
    }
  }

  #plainAccesses(parts: PlainParts): Set<string> | null {
    const a = this.#a;
    const { rf, co, fr, rfe, fence, strong, xbstar, sequence, cumulFence } = parts;
    const [ext, int] = [a.relation('ext'), a.relation('int')];
    const marked = a.on(this.#marked);
    const vis = a.seq(
      a.star(cumulFence),
      a.maybe(rfe),
      marked,
      a.or(a.seq(strong, marked, xbstar), a.and(xbstar, int)),
    );
    const wPre = marked.then(a.maybe(a.or(this.#addr, fence)));
    const rPre = marked.then(a.maybe(a.or(this.#addr, parts.rmbAfter)));
    const wPost = a.seq(a.maybe(fence), marked, sequence);
    const rPost = a.maybe(parts.rmbBefore).then(marked);
    const wwVis = a.or(fence, a.seq(strong, xbstar, wPre), a.seq(wPost, vis, wPre));
    const wrVis = a.or(fence, a.seq(strong, xbstar, rPre), a.seq(wPost, vis, rPre));
    const rwXb = a.or(fence, a.seq(rPost, xbstar, wPre));
    const plain = this.#plain;
    const started = a.without(this.#accesses, a.set('IW'));
    const either = a.or(a.cross(plain, this.#accesses), a.cross(started, plain));
    const preRace = a.and(ext, either);
    const incoherent = [
      a.and(preRace, rf, rwXb.inverse()),
      a.and(preRace, fr, wrVis.inverse()),
      a.and(preRace, co, wwVis.inverse()),
    ];
    if (incoherent.some((relation) => !a.isEmpty(relation))) return null;
    const fine = a.and(
      wwVis,
      a.or(a.cross(this.#marked, this.#writes), rwXb),
      a.or(a.cross(this.#writes, this.#marked), wrVis),
    );
    const races = [
      a.minus(a.and(preRace, co), fine),
      a.minus(a.and(preRace, a.maybe(co).then(rf)), wrVis, rwXb.inverse()),
      a.minus(a.and(preRace, fr), rwXb),
    ];
    const flags = new Set(this.#flags);
    if (races.some((relation) => !a.isEmpty(relation))) flags.add('data-race');
    if (this.#hasMixedAccesses()) flags.add('mixed-accesses');
    return flags;
  }

  /** A plain write beside a marked access of the same place in one region of the compiler. */
  #hasMixedAccesses(): boolean {
    const a = this.#a;
    const po = a.relation('po');
    const ends = ['Barrier', 'Rmb', 'Wmb', 'Mb', 'Sync-rcu', 'Sync-srcu', 'Before-atomic'];
    ends.push('After-atomic', 'Acquire', 'LKR', 'Release', 'UL', 'Rcu-lock', 'Rcu-unlock');
    ends.push('Srcu-lock', 'Srcu-unlock');
    const barrier = a.or(
      a.seq(po, a.on(a.set(...ends)), po),
      a.seq(po, a.on(a.set('Release', 'UL'))),
      a.seq(a.on(a.set('Acquire', 'LKR')), po),
    );
    const near = a.minus(a.relation('po-loc'), barrier);
    const writes = EventSet.of(a.size, (e) => this.#plain.has(e) && this.#writes.has(e));
    const pairs = a.or(a.cross(writes, this.#marked), a.cross(this.#marked, writes));
    return !a.isEmpty(a.and(near, pairs));
  }
}

/** Relations that the part on plain accesses needs. */
interface PlainParts {
  readonly rf: Pairs;
  readonly co: Pairs;
  readonly fr: Pairs;
  readonly rfe: Pairs;
  readonly fence: Pairs;
  readonly strong: Pairs;
  readonly rmbAfter: Pairs;
  readonly rmbBefore: Pairs;
  readonly cumulFence: Pairs;
  readonly xbstar: Pairs;
  readonly sequence: Pairs;
}

/** The executions of a candidate that the model with `rules` allows, with their flags. */
export function literalExecutions(world: CatWorld, rules: Rules): CatExecution[] {
  return new Literal(world, rules).executions();
}
