/** The kernel memory model a second time, as literally as possible: relations are sets of pairs, candidates are all
 * combinations of reads-from and coherence. Slow, and independent of the checker except for the reading of the model. */

import { modelOf, type Rules } from '../../src/litmus/model.js';

/** An operation of a straight-line program. Registers are numbered by the operations that set them. */
export interface Op {
  readonly kind:
    'read' | 'write' | 'xchg' | 'mb' | 'rmb' | 'wmb' | 'rcu-lock' | 'rcu-unlock' | 'sync';
  readonly location: number;
  /** `once`, `acquire` or `release`; xchg also `full`. */
  readonly order: 'once' | 'acquire' | 'release' | 'full';
  /** Value stored; all differ. */
  readonly value: number;
  /** Index of an earlier read of the thread that the address, data or condition of this one depends on. */
  readonly dependsOn: number | null;
  readonly dependency: 'addr' | 'data' | 'ctrl';
}

export type Program = readonly (readonly Op[])[];

interface Ev {
  readonly id: number;
  readonly thread: number;
  readonly index: number;
  readonly type: 'R' | 'W' | 'F';
  readonly fence: string;
  readonly location: number;
  readonly value: number;
  readonly acquire: boolean;
  readonly release: boolean;
  readonly rmw: boolean;
  readonly op: Op;
}

type Pairs = Set<number>;

const WIDTH = 1024;
const pair = (a: number, b: number): number => a * WIDTH + b;
const first = (p: number): number => Math.floor(p / WIDTH);
const second = (p: number): number => p % WIDTH;

function of(events: readonly Ev[], holds: (a: Ev, b: Ev) => boolean): Pairs {
  const pairs: Pairs = new Set<number>();
  for (const a of events) for (const b of events) if (holds(a, b)) pairs.add(pair(a.id, b.id));
  return pairs;
}

const union = (...sets: readonly Pairs[]): Pairs => new Set(sets.flatMap((s) => [...s]));
const inter = (a: Pairs, b: Pairs): Pairs => new Set([...a].filter((p) => b.has(p)));
const inverse = (a: Pairs): Pairs => new Set([...a].map((p) => pair(second(p), first(p))));

function seq(...factors: readonly Pairs[]): Pairs {
  return factors.reduce((left, right) => {
    const bySource = new Map<number, number[]>();
    for (const p of right) {
      bySource.set(first(p), [...(bySource.get(first(p)) ?? []), second(p)]);
    }
    const result: Pairs = new Set<number>();
    for (const p of left)
      for (const to of bySource.get(second(p)) ?? []) result.add(pair(first(p), to));
    return result;
  });
}

function plus(a: Pairs): Pairs {
  let closed = a;
  for (;;) {
    const next = union(closed, seq(closed, a));
    if (next.size === closed.size) return closed;
    closed = next;
  }
}

const loops = (a: Pairs): boolean => [...a].some((p) => first(p) === second(p));
const acyclic = (a: Pairs): boolean => !loops(plus(a));

/** All events of a program, initial writes first. */
function eventsOf(program: Program, locations: number): Ev[] {
  const events: Ev[] = [];
  const add = (event: Omit<Ev, 'id'>): void => void events.push({ id: events.length, ...event });
  const blank = { fence: '', acquire: false, release: false, rmw: false, value: 0 };
  for (let location = 0; location < locations; location++) {
    const op = { kind: 'write', location, order: 'once', value: 0, dependsOn: null } as const;
    add({ ...blank, thread: -1, index: 0, type: 'W', location, op: { ...op, dependency: 'data' } });
  }
  program.forEach((ops, thread) => {
    ops.forEach((op, i) => {
      const common = { ...blank, thread, location: op.location, op };
      const at = (step: number): number => i * 8 + step;
      const [acquire, release] = [op.order === 'acquire', op.order === 'release'];
      const fence = (name: string, step: number): void =>
        add({ ...common, type: 'F', fence: name, location: -1, index: at(step) });
      if (op.kind === 'read') add({ ...common, type: 'R', acquire, index: at(0) });
      else if (op.kind === 'write') {
        add({ ...common, type: 'W', release, value: op.value, index: at(0) });
      } else if (op.kind === 'xchg') {
        if (op.order === 'full') fence('mb', 0);
        add({ ...common, type: 'R', acquire, rmw: true, index: at(1) });
        add({ ...common, type: 'W', release, rmw: true, value: op.value, index: at(2) });
        if (op.order === 'full') fence('mb', 3);
      } else fence(op.kind, 0);
    });
  });
  return events;
}

function* permutations<T>(items: readonly T[]): Generator<T[]> {
  if (items.length === 0) yield [];
  for (const [i, item] of items.entries()) {
    for (const rest of permutations(items.filter((_, j) => j !== i))) yield [item, ...rest];
  }
}

function* choices<T>(lists: readonly (readonly T[])[]): Generator<T[]> {
  const [head, ...tail] = lists;
  if (head === undefined) yield [];
  else for (const item of head) for (const rest of choices(tail)) yield [item, ...rest];
}

/** What does not depend on the execution: program order, fences, dependencies. */
function fixedRelations(events: readonly Ev[]) {
  const po = of(events, (a, b) => a.thread >= 0 && a.thread === b.thread && a.index < b.index);
  const id = of(events, (a, b) => a === b);
  const only = (holds: (e: Ev) => boolean): Pairs => of(events, (a, b) => a === b && holds(a));
  const M = only((e) => e.type !== 'F');
  const R = only((e) => e.type === 'R');
  const W = only((e) => e.type === 'W');
  const F = (name: string): Pairs => only((e) => e.fence === name);
  const fencerel = (name: string): Pairs => seq(po, F(name), po);
  const ext = of(events, (a, b) => a.thread !== b.thread);
  const int = of(events, (a, b) => a.thread === b.thread);
  const mb = seq(M, fencerel('mb'), M);
  const gp = seq(po, F('sync'), union(po, id));
  const strong = union(mb, gp);
  const poRel = seq(
    M,
    po,
    only((e) => e.release),
  );
  const acqPo = seq(
    only((e) => e.acquire),
    po,
    M,
  );
  const rmb = seq(R, fencerel('rmb'), R);
  const wmb = seq(W, fencerel('wmb'), W);
  const fence = union(strong, poRel, acqPo, rmb, wmb);
  const depends = (kind: Op['dependency'], targets: (e: Ev) => boolean): Pairs =>
    of(events, (a, b) => {
      const sameThread = a.thread >= 0 && a.thread === b.thread;
      const source = Math.floor(a.index / 8) === b.op.dependsOn && a.type === 'R';
      return sameThread && source && b.op.dependency === kind && targets(b);
    });
  const addr = depends('addr', (e) => e.type !== 'F');
  const data = depends('data', (e) => e.type === 'W');
  const ctrl = depends('ctrl', (e) => e.type === 'W');
  const rmw = of(
    events,
    (a, b) => a.rmw && b.rmw && a.op === b.op && a.type === 'R' && b.type === 'W',
  );
  const rscs = matchSections(events);
  return { po, id, R, W, ext, int, strong, poRel, wmb, fence, addr, data, ctrl, rmw, rscs, F };
}

/** Lock and unlock pairs, as brackets match. */
function matchSections(events: readonly Ev[]): Pairs {
  const pairs: Pairs = new Set<number>();
  const threads = new Set(events.map(({ thread }) => thread));
  for (const thread of threads) {
    const open: Ev[] = [];
    for (const e of events.filter((x) => x.thread === thread)) {
      if (e.fence === 'rcu-lock') open.push(e);
      const lock = e.fence === 'rcu-unlock' ? open.pop() : undefined;
      if (lock !== undefined) pairs.add(pair(lock.id, e.id));
    }
  }
  return pairs;
}

type Fixed = ReturnType<typeof fixedRelations>;

function rcuHolds({ po, id, F, rscs }: Fixed, prop: Pairs, hbStar: Pairs, pbStar: Pairs): boolean {
  const poOpt = union(po, id);
  const gp = F('sync');
  const rscsi = inverse(rscs);
  const link = seq(poOpt, hbStar, pbStar, prop, po);
  let order: Pairs = gp;
  for (let before = -1; before !== order.size;) {
    before = order.size;
    order = union(
      order,
      seq(gp, link, rscsi),
      seq(rscsi, link, gp),
      seq(gp, link, order, link, rscsi),
      seq(rscsi, link, order, link, gp),
      seq(order, link, order),
    );
  }
  return !loops(seq(prop, po, order, poOpt, hbStar, pbStar));
}

/** Does the model allow this execution of marked accesses? */
function allowed(fixed: Fixed, rf: Pairs, co: Pairs, poLoc: Pairs, rules: Rules): boolean {
  const { id, R, W, ext, int, strong, poRel, wmb, fence, rmw } = fixed;
  const star = (r: Pairs): Pairs => union(plus(r), id);
  const fr = new Set([...seq(inverse(rf), co)].filter((p) => first(p) !== second(p)));
  if (!acyclic(union(poLoc, rf, co, fr))) return false;
  if (inter(rmw, seq(inter(fr, ext), inter(co, ext))).size > 0) return false;
  const [rfe, rfi] = [inter(rf, ext), inter(rf, int)];
  const carryDep = rules.carriedDependencies ? star(seq(fixed.data, rfi)) : id;
  const addr = seq(carryDep, fixed.addr);
  const data = seq(carryDep, fixed.data);
  const ctrl = seq(carryDep, fixed.ctrl);
  const dep = union(addr, data);
  const overwrite = union(co, fr);
  const toW = union(seq(union(dep, ctrl), W), inter(overwrite, int));
  const toR = union(rules.internalOrder ? seq(addr, R) : addr, seq(dep, rfi));
  const ppo = union(toR, toW, fence);
  const rmwSequence = rules.rmwSequences ? star(seq(rf, rmw)) : id;
  const cumulFence = seq(union(seq(union(rfe, id), union(strong, poRel)), wmb), rmwSequence);
  const opt = (r: Pairs): Pairs => union(r, id);
  const prop = seq(opt(inter(overwrite, ext)), star(cumulFence), opt(rfe));
  const back = new Set([...inter(prop, int)].filter((p) => !id.has(p)));
  const hb = union(ppo, rfe, back);
  if (!acyclic(hb)) return false;
  const pb = seq(prop, strong, star(hb));
  if (!acyclic(pb)) return false;
  return rcuHolds(fixed, prop, star(hb), star(pb));
}

/** Final states that the model allows: the values of all reads, thread by thread, then of all locations. */
export function referenceStates(
  program: Program,
  locations: number,
  rules: Rules = modelOf().rules,
): Set<string> {
  const events = eventsOf(program, locations);
  const fixed = fixedRelations(events);
  const sameLocation = (a: Ev, b: Ev): boolean => a.location === b.location && a.location >= 0;
  const poLoc = of(events, (a, b) => fixed.po.has(pair(a.id, b.id)) && sameLocation(a, b));
  const reads = events.filter((e) => e.type === 'R');
  const writesTo = (location: number): Ev[] =>
    events.filter((e) => e.type === 'W' && e.location === location);
  const sources = reads.map((r) => writesTo(r.location));
  const orders = Array.from({ length: locations }, (_, location) => [
    ...permutations(writesTo(location).filter((w) => w.thread >= 0)),
  ]);
  const states = new Set<string>();
  for (const order of choices(orders)) {
    const rank = new Map<Ev, number>();
    for (const writes of order) writes.forEach((w, i) => rank.set(w, i + 1));
    const place = (e: Ev): number => rank.get(e) ?? 0;
    const co = of(events, (a, b) => {
      const writes = a.type === 'W' && b.type === 'W';
      return writes && sameLocation(a, b) && place(a) < place(b);
    });
    for (const source of choices(sources)) {
      const rf: Pairs = new Set(reads.map((r, i) => pair(source[i]!.id, r.id)));
      if (!allowed(fixed, rf, co, poLoc, rules)) continue;
      const values = source.map(({ value }) => value);
      states.add([...values, ...order.map((writes) => writes.at(-1)?.value ?? 0)].join());
    }
  }
  return states;
}
