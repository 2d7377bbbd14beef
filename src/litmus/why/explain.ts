/** Says why a final state is forbidden: the cycle that every execution with this outcome would contain. */
import type { LitmusTest } from '../syntax/ast.js';
import type { Axioms } from '../axioms/axioms.js';
import { type Axiom } from '../axioms/axioms.js';
import type { Candidate } from '../axioms/candidate.js';
import { deadline } from '../axioms/checker.js';
import { EdgeReasons, type Edge } from './edge-reason.js';
import { EV } from '../axioms/event.js';
import { findCycle } from './path.js';
import { findPlainIncoherence } from '../axioms/plain.js';
import { holds } from '../syntax/proposition.js';
import { explainRcu } from './rcu-reason.js';
import { Relation } from '../axioms/relation.js';
import { Search } from '../axioms/search.js';
import type { MemoryModel } from '../model.js';
import { finalValue } from '../axioms/states.js';

/** A forbidden execution with the outcome asked for, and what forbids it. */
export interface Explanation {
  readonly axiom: Axiom | 'coherence' | 'atomicity';
  /** The cycle: each edge starts where the one before ends, the last ends where the first starts. */
  readonly cycle: readonly Edge[];
  readonly candidate: Candidate;
}

/** Candidates looked at before the shortest cycle so far is taken. */
const ENOUGH = 300;

/** The cycle of a complete candidate that breaks `axiom`. `axioms` holds its relations. */
function cycleOf(candidate: Candidate, axioms: Axioms, axiom: Axiom): Edge[] {
  const reasons = new EdgeReasons(candidate, axioms);
  if (axiom === 'happens-before') {
    return (findCycle('hb', axioms.hb) ?? []).flatMap(({ from, to }) => reasons.hb(from, to));
  }
  if (axiom === 'propagation') {
    return (findCycle('pb', axioms.pb) ?? []).flatMap(({ from, to }) => reasons.pb(from, to));
  }
  if (axiom === 'rcu') return explainRcu(candidate, axioms, reasons);
  const pair = findPlainIncoherence(candidate, axioms);
  if (pair === null) return [];
  const [from, to] = pair;
  return [reasons.communication(from, to), ...reasons.visibility(to, from)];
}

/** A cycle of po-loc and communication, or the break between the halves of a read-modify-write. */
function incoherence(candidate: Candidate, axioms: Axioms): Omit<Explanation, 'candidate'> | null {
  const reasons = new EdgeReasons(candidate, axioms);
  const { co, fr, rfe, rfi, po, size } = axioms;
  const poLoc = new Relation(size);
  for (const a of candidate.placed()) {
    if (!candidate.is(a, EV.read | EV.write)) continue;
    for (const b of po.successors(a)) {
      const access = candidate.is(b, EV.read | EV.write);
      if (access && candidate.location[a] === candidate.location[b]) poLoc.add(a, b);
    }
  }
  const com = new Relation(size).union(co).union(fr).union(rfe).union(rfi);
  const cycle = findCycle('coherence', new Relation(size).copy(poLoc).union(com));
  const edge = (from: number, to: number): Edge =>
    com.has(from, to) && !poLoc.has(from, to)
      ? reasons.communication(from, to)
      : { from, to, name: 'po-loc', reason: 'program order, same location' };
  if (cycle !== null)
    return { axiom: 'coherence', cycle: cycle.map(({ from, to }) => edge(from, to)) };
  for (const write of candidate.placed()) {
    const { closesRmw, classes } = candidate.event(write);
    if (!closesRmw || (classes & EV.lockWrite) !== 0) continue;
    const between = fr.successors(write - 1).find((w) => w !== write && co.has(w, write));
    if (between === undefined) continue;
    const back: Edge = { from: write, to: write - 1, name: 'rmw', reason: 'one atomic step with' };
    return { axiom: 'atomicity', cycle: [edge(write - 1, between), edge(between, write), back] };
  }
  return null;
}

/** Find out why no allowed execution satisfies the condition of `test`.
 * @param timeLimitMs wall time to spend at most
 * @returns the shortest cycle found; null if no candidate has these values at all, or time ran out */
export function explainForbidden(
  test: LitmusTest,
  timeLimitMs: number,
  model: MemoryModel,
): Explanation | null {
  return search(test, timeLimitMs, false, model) ?? search(test, timeLimitMs, true, model);
}

function search(
  test: LitmusTest,
  timeLimitMs: number,
  incoherent: boolean,
  model: MemoryModel,
): Explanation | null {
  let best: Explanation | null = null;
  let seen = 0;
  const open = deadline(timeLimitMs);
  const wanted = (candidate: Candidate): boolean => {
    const valueOf = (place: Parameters<typeof finalValue>[2]): number =>
      finalValue(test, candidate, place);
    if (test.filter !== null && !holds(test.filter, valueOf)) return false;
    return holds(test.condition.proposition, valueOf);
  };
  const keep = (candidate: Candidate, found: Omit<Explanation, 'candidate'> | null): void => {
    if (found === null) return;
    if (best === null || found.cycle.length < best.cycle.length) {
      best = { ...found, candidate: candidate.snapshot() };
    }
  };
  const whole = new Search(
    test,
    {
      allowed(candidate, axioms) {
        if (!incoherent || !wanted(candidate)) return;
        seen++;
        axioms.check(candidate);
        keep(candidate, incoherence(candidate, axioms));
      },
      forbidden(candidate, axioms) {
        if (!wanted(candidate)) return;
        seen++;
        const axiom = axioms.check(candidate);
        if (incoherent) keep(candidate, incoherence(candidate, axioms));
        else if (axiom !== null)
          keep(candidate, { axiom, cycle: cycleOf(candidate, axioms, axiom) });
      },
      proceed: () => seen < ENOUGH && open(),
    },
    { incoherent, model },
  );
  whole.run();
  return best;
}
