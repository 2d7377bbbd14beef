/** Judges litmus tests with a whole model, such as the kernel's own cat and bell files: all states, numbers of executions and
 * flags, of every combination of reads-from and coherence. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { allTraces } from '../../../src/litmus/axioms/domain.js';
import {
  EV,
  isOrdinaryWrite,
  type Trace,
  type TraceEvent,
} from '../../../src/litmus/axioms/event.js';
import { mayGoRound } from '../../../src/litmus/axioms/solvable.js';
import { Places } from '../../../src/litmus/axioms/places.js';
import type { MemoryModel, Rules } from '../../../src/litmus/model.js';
import type { LitmusTest, Place } from '../../../src/litmus/syntax/ast.js';
import { holds } from '../../../src/litmus/syntax/proposition.js';
import { CatRun, type CatExecution, type CatFiles, type CatWorld } from './evaluate-cat.js';
import { ordersOf, product, sizeOf } from './orders.js';
import { parseCat } from './parse-cat.js';
import { EventSet, Pairs } from './values.js';

/** Choices of reads-from and coherence that a test is tried with at most; larger tests are left out. */
const MOST_CHOICES = 20_000;
const MOST_EVENTS = 64;

const LOCK_READS = EV.lockRead | EV.lockFail | EV.isLocked | EV.isUnlocked;

/** The files of a model in a folder such as `tools/memory-model`. */
export function readCatFiles(folder: string): CatFiles {
  const names = ['linux-kernel.bell', 'linux-kernel.cat', 'lock.cat'];
  return new Map(names.map((name) => [name, parseCat(readFileSync(join(folder, name), 'utf8'))]));
}

/** Executions of a candidate that a model allows. */
export type Model = (world: CatWorld) => readonly CatExecution[];

/** The model that files in the cat language hold. */
export function catModel(files: CatFiles): Model {
  return (world) => new CatRun(world, files).run(['linux-kernel.bell', 'linux-kernel.cat']);
}

/** What a model says of a test: executions by final state, and flags. */
export interface WholeVerdict {
  readonly states: ReadonlyMap<string, number>;
  readonly flags: readonly string[];
}

interface Node {
  /** -1 for initial writes. */
  readonly thread: number;
  /** Place in the thread, or nothing for initial writes. */
  readonly index: number;
  /** The event in its trace; none for fences and initial writes. */
  readonly event: TraceEvent | null;
  readonly fence: string;
  readonly location: number;
  readonly value: number;
  readonly classes: number;
}

const FENCE_SETS: Readonly<Record<string, string>> = {
  mb: 'Mb',
  rmb: 'Rmb',
  wmb: 'Wmb',
  barrier: 'Barrier',
  'before-atomic': 'Before-atomic',
  'after-atomic': 'After-atomic',
  'after-spinlock': 'After-spinlock',
  'after-unlock-lock': 'After-unlock-lock',
  'after-srcu-read-unlock': 'After-srcu-read-unlock',
};

const CLASS_SETS: readonly (readonly [string, number])[] = [
  ['Noreturn', EV.noReturn],
  ['RMW', EV.rmw],
  ['LKR', EV.lockRead],
  ['LKW', EV.lockWrite],
  ['UL', EV.unlock],
  ['LF', EV.lockFail],
  ['RL', EV.isLocked],
  ['RU', EV.isUnlocked],
  ['Rcu-lock', EV.rcuLock],
  ['Rcu-unlock', EV.rcuUnlock],
  ['Sync-rcu', EV.rcuSync],
  ['Srcu-lock', EV.srcuLock],
  ['Srcu-unlock', EV.srcuUnlock],
  ['Sync-srcu', EV.srcuSync],
];

/** Events of one combination of traces. */
class Structure {
  readonly nodes: Node[] = [];
  /** By thread and event of its trace. */
  readonly at: number[][] = [];

  readonly #hasTags: boolean;

  /** @param hasTags whether read-modify-writes of full order have tags in place of fences */
  constructor(traces: readonly Trace[], locations: readonly number[], hasTags: boolean) {
    this.#hasTags = hasTags;
    locations.forEach((value, location) => {
      const classes = EV.write;
      this.nodes.push({
        thread: -1,
        index: 0,
        event: null,
        fence: '',
        location,
        value,
        classes,
      });
    });
    traces.forEach((trace, thread) => {
      this.#thread(trace, thread);
    });
  }

  get size(): number {
    return this.nodes.length;
  }

  #thread({ events, fences }: Trace, thread: number): void {
    const places: number[] = [];
    this.at.push(places);
    let index = 0;
    for (let i = 0; i <= events.length; i++) {
      for (const { kind, before, ofRmw } of fences) {
        if (before !== i || (ofRmw === true && this.#hasTags)) continue;
        const none = { event: null, location: -1, value: 0, classes: 0 };
        this.nodes.push({ thread, index: index++, fence: FENCE_SETS[kind] ?? kind, ...none });
      }
      const event = events[i];
      if (event === undefined) continue;
      const { location, value, classes } = event;
      places.push(this.nodes.length);
      this.nodes.push({ thread, index: index++, fence: '', event, location, value, classes });
    }
  }

  /** Writes that each ordinary read may read from. */
  sources(): [read: number, from: number[]][] {
    return this.nodes.flatMap((read, r): [number, number[]][] => {
      if ((read.classes & EV.read) === 0 || (read.classes & LOCK_READS) !== 0) return [];
      const from = this.nodes.flatMap((write, w) => {
        const fits = write.location === read.location && write.value === read.value;
        return fits && isOrdinaryWrite(write.classes) && !this.#isHidden(write, read) ? [w] : [];
      });
      return [[r, from]];
    });
  }

  /** Orders of the writes of each location, locks included. */
  orders(): number {
    const writes = new Map<number, number>();
    for (const { classes, location, thread } of this.nodes) {
      if ((classes & EV.write) === 0 || thread < 0 || (classes & EV.unlock) !== 0) continue;
      writes.set(location, (writes.get(location) ?? 0) + 1);
    }
    const factorial = (n: number): number => (n < 2 ? 1 : n * factorial(n - 1));
    return [...writes.values()].reduce((product, n) => product * factorial(n), 1);
  }

  /** Would a read from `write` go against the order of its own thread? Nothing coherent is lost. */
  #isHidden(write: Node, read: Node): boolean {
    if (write.thread === read.thread && write.index > read.index) return true;
    return this.nodes.some(
      (other) =>
        other.thread === read.thread &&
        other.location === read.location &&
        other.index < read.index &&
        isOrdinaryWrite(other.classes) &&
        (write.thread < 0 || (write.thread === read.thread && write.index < other.index)),
    );
  }

  dependency(kind: 'addr' | 'data' | 'ctrl'): Pairs {
    const pairs = new Pairs(this.size);
    this.nodes.forEach(({ thread, event }, to) => {
      for (const from of event?.[kind] ?? []) pairs.add(this.at[thread]![from]!, to);
    });
    return pairs;
  }
}

function setsOf(
  { nodes, size }: Structure,
  finals: ReadonlySet<number>,
  hasTags: boolean,
): [string, EventSet][] {
  const set = (holds: (node: Node) => boolean): EventSet =>
    EventSet.of(size, (e) => holds(nodes[e]!));
  const has = (classes: number): EventSet => set((n) => (n.classes & classes) !== 0);
  const isRead = (n: Node): boolean =>
    (n.classes & EV.read) !== 0 && (n.classes & LOCK_READS) === 0;
  const isWrite = (n: Node): boolean => isOrdinaryWrite(n.classes);
  const tags = EV.plain | EV.acquire | EV.release | EV.noReturn | EV.srcuLock | EV.srcuUnlock;
  return [
    ['R', set(isRead)],
    ['W', set(isWrite)],
    ['M', set((n) => isRead(n) || isWrite(n))],
    ['F', set((n) => n.fence !== '')],
    ['IW', set((n) => n.thread < 0)],
    ['FW', set((n) => n.thread < 0 && finals.has(n.location))],
    ['Acquire', set((n) => (n.classes & EV.acquire) !== 0 && isRead(n))],
    ['Release', set((n) => (n.classes & EV.release) !== 0 && isWrite(n))],
    ['Once', set((n) => n.thread >= 0 && (isRead(n) || isWrite(n)) && (n.classes & tags) === 0)],
    ...CLASS_SETS.map(([name, classes]): [string, EventSet] => [name, has(classes)]),
    ...Object.values(FENCE_SETS).map((name): [string, EventSet] => [
      name,
      set((n) => n.fence === name || (hasTags && name === 'Mb' && (n.classes & EV.mb) !== 0)),
    ]),
  ];
}

function relationsOf(structure: Structure): [string, Pairs][] {
  const { nodes, size } = structure;
  const pairs = (holds: (a: Node, b: Node) => boolean): Pairs =>
    Pairs.of(size, (a, b) => holds(nodes[a]!, nodes[b]!));
  const po = (a: Node, b: Node): boolean =>
    a.thread >= 0 && a.thread === b.thread && a.index < b.index;
  const loc = (a: Node, b: Node): boolean => a.location >= 0 && a.location === b.location;
  return [
    ['po', pairs(po)],
    ['loc', pairs(loc)],
    ['po-loc', pairs((a, b) => po(a, b) && loc(a, b))],
    ['id', pairs((a, b) => a === b)],
    ['ext', pairs((a, b) => a.thread !== b.thread || (a.thread < 0 && a !== b))],
    ['int', pairs((a, b) => a === b || (a.thread >= 0 && a.thread === b.thread))],
    ['addr', structure.dependency('addr')],
    ['data', structure.dependency('data')],
    ['ctrl', structure.dependency('ctrl')],
    [
      'rmw',
      pairs((a, b) => {
        const both = (a.classes & b.classes & EV.rmw) !== 0;
        return both && po(a, b) && a.index + 1 === b.index && b.event?.closesRmw === true;
      }),
    ],
    [
      'co0',
      pairs((a, b) => a.thread < 0 && b.thread >= 0 && loc(a, b) && isOrdinaryWrite(b.classes)),
    ],
  ];
}

function* coherences({ nodes, size }: Structure, writes: EventSet, co0: Pairs): Generator<Pairs> {
  const locations = [...new Set(nodes.map(({ location }) => location))].filter((l) => l >= 0);
  function* from(i: number, chosen: readonly number[][]): Generator<Pairs> {
    const location = locations[i];
    if (location === undefined) {
      const co = new Pairs(size);
      for (const order of chosen) {
        order.forEach((a, k) => {
          for (const b of order.slice(k + 1)) co.add(a, b);
        });
      }
      yield co;
      return;
    }
    const items = nodes.flatMap((n, e) => (n.location === location && writes.has(e) ? [e] : []));
    for (const order of ordersOf(items, co0)) yield* from(i + 1, [...chosen, order]);
  }
  yield* from(0, []);
}

/** What all candidates of an event structure have in common. */
interface Fixed {
  readonly fixed: readonly (readonly [string, EventSet | Pairs])[];
  readonly known: CatWorld['known'];
}

const CHANGING: ReadonlySet<string> = new Set(['rf', 'rfe', 'rfi']);

class Judge {
  readonly states = new Map<string, number>();
  readonly flags = new Set<string>();
  readonly #test: LitmusTest;
  readonly #model: Model;
  readonly #initials: readonly number[];
  readonly #finals: ReadonlySet<number>;
  readonly #isFixed: CatWorld['isFixed'] = new Map();
  readonly #proceed: () => boolean;
  readonly #hasTags: boolean;
  readonly #most: number;
  choices = 0;

  constructor(
    test: LitmusTest,
    model: Model,
    places: Places,
    { rmwTags }: Rules,
    { proceed = () => true, mostChoices = MOST_CHOICES }: JudgeLimits,
  ) {
    this.#proceed = proceed;
    this.#most = mostChoices;
    this.#hasTags = rmwTags;
    this.#test = test;
    this.#model = model;
    this.#initials = Array.from({ length: places.size }, (_, l) => places.initOf(l));
    this.#finals = new Set(
      test.observed.flatMap((p) => (p.kind === 'location' ? [p.location] : [])),
    );
  }

  /** False if the test is too large. */
  combination(traces: readonly Trace[]): boolean {
    const structure = new Structure(traces, this.#initials, this.#hasTags);
    if (structure.size > MOST_EVENTS) return false;
    const sources = structure.sources();
    this.choices += sizeOf(sources.map(([, from]) => from)) * structure.orders();
    if (this.choices > this.#most) return false;
    const fixed = [...setsOf(structure, this.#finals, this.#hasTags), ...relationsOf(structure)];
    const known: CatWorld['known'] = new Map();
    for (const from of product(sources.map(([, writes]) => writes))) {
      const rf = new Pairs(structure.size);
      sources.forEach(([read], i) => {
        rf.add(from[i]!, read);
      });
      if (!this.#proceed()) return false;
      this.#execution(structure, traces, { fixed, known }, rf);
    }
    return true;
  }

  #execution(
    structure: Structure,
    traces: readonly Trace[],
    { fixed, known }: Fixed,
    rf: Pairs,
  ): void {
    const { nodes, size } = structure;
    const int = new Map(fixed).get('int') as Pairs;
    const part = (inside: boolean): Pairs =>
      Pairs.of(size, (a, b) => rf.has(a, b) && int.has(a, b) === inside);
    const world: CatWorld = {
      size,
      changing: CHANGING,
      isFixed: this.#isFixed,
      known,
      names: new Map([...fixed, ['rf', rf], ['rfe', part(false)], ['rfi', part(true)]]),
      sameValue: (a, b) => nodes[a]!.value === nodes[b]!.value,
      orders: (writes, co0) => coherences(structure, writes, co0),
    };
    const { filter, observed } = this.#test;
    for (const { flags, co } of this.#model(world)) {
      const valueOf = (place: Place): number => finalValue(structure, traces, co, place);
      if (filter !== null && !holds(filter, valueOf)) continue;
      for (const flag of flags) this.flags.add(flag);
      const state = observed.map(valueOf).join();
      this.states.set(state, (this.states.get(state) ?? 0) + 1);
    }
  }
}

function finalValue(
  { nodes }: Structure,
  traces: readonly Trace[],
  co: Pairs,
  place: Place,
): number {
  if (place.kind === 'register') return traces[place.thread]!.registers[place.register]!;
  const writes = nodes.flatMap((n, e) =>
    n.location === place.location && isOrdinaryWrite(n.classes) ? [e] : [],
  );
  const last = writes.find((w) => writes.every((other) => other === w || co.has(other, w)));
  return nodes[last ?? -1]?.value ?? NaN;
}

/** When a test is too large. */
export interface JudgeLimits {
  /** False when no time is left. */
  readonly proceed?: () => boolean;
  /** Choices of reads-from and coherence at most. */
  readonly mostChoices?: number;
}

/** All that a model says of a test; null if the test is too large, or has values out of thin air. `model` says
 * how the traces look: what SRCU is made of. */
export function judgeWhole(
  test: LitmusTest,
  model: MemoryModel,
  judge: Model,
  limits: JudgeLimits = {},
): WholeVerdict | null {
  const places = new Places(test);
  const { traces } = allTraces(test, places, () => true, model.rules);
  if (mayGoRound(traces) || sizeOf(traces) > MOST_CHOICES) return null;
  const all = new Judge(test, judge, places, model.rules, limits);
  for (const combination of product(traces)) if (!all.combination(combination)) return null;
  return { states: all.states, flags: [...all.flags].sort() };
}
