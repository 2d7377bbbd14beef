/** The checker against a second, literal formulation of the model, on random programs; and its own rules' need. */
import test from 'ava';
import fc from 'fast-check';
import { checkLitmus } from '../../src/litmus/axioms/checker.js';
import { type MemoryModel, modelOf } from '../../src/litmus/model.js';
import { parseLitmus } from '../../src/litmus/syntax/parse.js';
import { referenceStates, type Op, type Program } from './reference-model.js';

const LOCATIONS = 5;
const NAMES = ['x', 'y', 'z', 'u', 'w'];
/** Location that threads use by themselves, to read back what they wrote. */
const PRIVATE = 4;

type Draft = Omit<Op, 'value' | 'dependsOn'> & { readonly from: number };

const draft: fc.Arbitrary<Draft> = fc.record({
  kind: fc.oneof(
    { weight: 5, arbitrary: fc.constant('read' as const) },
    { weight: 5, arbitrary: fc.constant('write' as const) },
    { weight: 1, arbitrary: fc.constant('xchg' as const) },
    { weight: 3, arbitrary: fc.constantFrom('mb' as const, 'rmb' as const, 'wmb' as const) },
    { weight: 2, arbitrary: fc.constantFrom('rcu-lock' as const, 'rcu-unlock' as const) },
    { weight: 1, arbitrary: fc.constant('sync' as const) },
  ),
  location: fc.nat(1),
  order: fc.constantFrom('once', 'once', 'acquire', 'release', 'full'),
  dependency: fc.constantFrom('addr', 'data', 'ctrl'),
  from: fc.integer({ min: -4, max: 3 }),
});

/** A program from drafts: values made distinct, dependencies on earlier reads only, RCU marks balanced. */
function programOf(drafts: readonly (readonly Draft[])[]): Program {
  let value = 0;
  return drafts.map((ops) => {
    let depth = 0;
    const kept: Op[] = [];
    for (const { kind, location, order, dependency, from } of ops) {
      if (kind === 'rcu-unlock' && depth === 0) continue;
      depth += kind === 'rcu-lock' ? 1 : kind === 'rcu-unlock' ? -1 : 0;
      const source = kept[from];
      const isAccess = kind === 'read' || kind === 'write' || kind === 'xchg';
      // A condition would hide a read from the final state, and only orders writes.
      const usable =
        kind === 'write' || dependency === 'addr' || (kind === 'xchg' && dependency === 'data');
      const linked = isAccess && usable && (source?.kind === 'read' || source?.kind === 'xchg');
      kept.push({
        kind,
        location,
        order,
        value: ++value,
        dependency,
        dependsOn: linked ? from : null,
      });
    }
    const unlock = { ...kept[0]!, kind: 'rcu-unlock', dependsOn: null } as const;
    return [...kept, ...Array.from({ length: depth }, (): Op => unlock)];
  });
}

function lineOf(op: Op, i: number): string {
  const tie = op.dependsOn === null ? '' : `r${op.dependsOn} - r${op.dependsOn} + `;
  const name = NAMES[op.location] ?? 'x';
  const pointer = op.dependency === 'addr' ? `(${tie}${name})` : name;
  const value = op.dependency === 'data' ? `${tie}${op.value}` : String(op.value);
  switch (op.kind) {
    case 'read':
      return op.order === 'acquire'
        ? `int r${i} = smp_load_acquire(${pointer});`
        : `int r${i} = READ_ONCE(*${pointer});`;
    case 'write': {
      const store =
        op.order === 'release'
          ? `smp_store_release(${pointer}, ${value});`
          : `WRITE_ONCE(*${pointer}, ${value});`;
      const guarded = op.dependsOn !== null && op.dependency === 'ctrl';
      return guarded ? `if (r${op.dependsOn} >= 0) { ${store} }` : store;
    }
    case 'xchg': {
      const suffix = op.order === 'full' ? '' : op.order === 'once' ? '_relaxed' : `_${op.order}`;
      return `int r${i} = xchg${suffix}(${pointer}, ${value});`;
    }
    case 'rcu-lock':
      return 'rcu_read_lock();';
    case 'rcu-unlock':
      return 'rcu_read_unlock();';
    case 'sync':
      return 'synchronize_rcu();';
    default:
      return `smp_${op.kind}();`;
  }
}

function sourceOf(program: Program): string {
  const threads = program.map(
    (ops, t) =>
      `P${t}(int *x, int *y, int *z, int *u, int *w) {\n${ops.map(lineOf).join('\n')}\n}\n`,
  );
  const reads = readsOf(program).map(([t, i]) => `${t}:r${i}`);
  return `C random\n{}\n${threads.join('')}locations [${[...reads, ...NAMES].join('; ')}]\nexists (true)`;
}

function readsOf(program: Program): [thread: number, op: number][] {
  return program.flatMap((ops, t) =>
    ops.flatMap(({ kind }, i): [number, number][] =>
      kind === 'read' || kind === 'xchg' ? [[t, i]] : [],
    ),
  );
}

function checkerStates(program: Program, model: MemoryModel): Set<string> {
  const parsed = parseLitmus(sourceOf(program));
  const names = parsed.observed.map((place) =>
    place.kind === 'register'
      ? `${place.thread}:${parsed.threads[place.thread]!.registers[place.register]!.name}`
      : parsed.locations[place.location]!.name,
  );
  const wanted = [...readsOf(program).map(([t, i]) => `${t}:r${i}`), ...NAMES];
  const positions = wanted.map((name) => names.indexOf(name));
  return new Set(
    checkLitmus(parsed, { model }).states.map(({ state }) => positions.map((p) => state[p]).join()),
  );
}

/** Orders that an operation does not have fall back to once. */
function tidy(program: Program): Program {
  const fits = ({ kind, order }: Op): boolean =>
    (kind === 'read' && order === 'acquire') ||
    (kind === 'write' && order === 'release') ||
    kind === 'xchg';
  return program.map((ops) => ops.map((op) => (fits(op) ? op : { ...op, order: 'once' })));
}

const random: fc.Arbitrary<Program> = fc
  .array(fc.array(draft, { minLength: 1, maxLength: 4 }), { minLength: 2, maxLength: 3 })
  .map((drafts) => tidy(programOf(drafts)));

/** What may stand between the two accesses of a thread of a cycle. */
const CONNECTORS = [
  'none',
  'mb',
  'rmb',
  'wmb',
  'acquire',
  'release',
  'data',
  'addr',
  'ctrl',
  'rfi',
  'wsi',
  'carried',
] as const;
const RCU_CONNECTORS = ['sync', 'rcu', 'sync', 'rcu', 'mb'] as const;

interface Corner {
  readonly kinds: readonly ['read' | 'write' | 'xchg', 'read' | 'write' | 'xchg'];
  readonly connector: (typeof CONNECTORS | typeof RCU_CONNECTORS)[number];
  /** The thread has only its first access. */
  readonly single: boolean;
}

function corner(connectors: readonly Corner['connector'][], singles: number): fc.Arbitrary<Corner> {
  const kind = fc.constantFrom('read', 'read', 'write', 'write', 'xchg' as const);
  return fc.record({
    kinds: fc.tuple(kind, kind),
    connector: fc.constantFrom(...connectors),
    single: fc.integer({ min: 1, max: 10 }).map((n) => n <= singles),
  });
}

/** Threads that meet pairwise at one location each, in a circle: the form of all classic shapes. */
function cycleOf(corners: readonly Corner[]): Program {
  const doubles = Math.max(1, corners.filter(({ single }) => !single).length);
  let [at, value] = [0, 0];
  const make = (kind: Op['kind'], location: number, more: Partial<Op> = {}): Op => ({
    kind,
    location,
    order: 'once',
    value: ++value,
    dependsOn: null,
    dependency: 'data',
    ...more,
  });
  return corners.map(({ kinds: [a, b], connector, single }) => {
    const start = at % doubles;
    if (single) return [make(a, start, { order: 'full' })];
    const end = ++at % doubles;
    const depends = ['data', 'addr', 'ctrl'].includes(connector) && a !== 'write';
    if (connector === 'carried' && a !== 'write') {
      const store = make('write', PRIVATE, { dependsOn: 0, dependency: 'data' });
      const dependency = b === 'read' ? 'addr' : 'data';
      const last = make(b, end, { dependsOn: 2, dependency });
      return [make(a, start), store, make('read', PRIVATE), last];
    }
    const fenced = ['mb', 'rmb', 'wmb', 'sync'].includes(connector);
    const first = make(a, start, { order: connector === 'acquire' ? 'acquire' : 'once' });
    const more: Partial<Op> = {
      order: connector === 'release' ? 'release' : 'once',
      ...(depends && { dependsOn: 0, dependency: connector as Op['dependency'] }),
    };
    const middle = fenced ? [make(connector as Op['kind'], 0)] : [];
    if (connector === 'rfi' && a !== 'write') {
      const back = make('read', PRIVATE, { order: 'acquire' });
      middle.push(make('write', PRIVATE, { dependsOn: 0, dependency: 'data' }), back);
    }
    if (connector === 'wsi' && a !== 'write') {
      middle.push(make('write', end, { dependsOn: 0, dependency: 'data' }));
    }
    const body = [first, ...middle, make(b, end, more)];
    if (connector !== 'rcu') return body;
    return [make('rcu-lock', 0), ...body, make('rcu-unlock', 0)];
  });
}

/** @param singles tenths of the threads that have one access only */
const cycles = (
  connectors: readonly Corner['connector'][],
  singles: number,
): fc.Arbitrary<Program> =>
  fc
    .array(corner(connectors, singles), { minLength: 2, maxLength: 4 })
    .filter((corners) => corners.filter(({ single }) => !single).length <= PRIVATE)
    .map((corners) => tidy(withoutUselessDependencies(cycleOf(corners))));

/** Only writes depend on data and conditions. */
function withoutUselessDependencies(program: Program): Program {
  const useful = ({ kind, dependency }: Op): boolean =>
    dependency === 'addr' || kind === 'write' || (kind === 'xchg' && dependency === 'data');
  return program.map((ops) => ops.map((op) => (useful(op) ? op : { ...op, dependsOn: null })));
}

/** The reference tries every combination; programs it would take too long for are left out. */
function isSmall(program: Program): boolean {
  const writes = NAMES.map((_, l) =>
    program.flat().filter((op) => op.location === l && (op.kind === 'write' || op.kind === 'xchg')),
  ).map(({ length }) => length);
  const reads = program.flat().filter(({ kind }) => kind === 'read' || kind === 'xchg');
  const orders = writes.map((n) => [1, 1, 2, 6, 24][n] ?? 1000).reduce((a, b) => a * b);
  return orders * reads.reduce((n, { location }) => n * (1 + (writes[location] ?? 0)), 1) <= 150;
}

const families: readonly (readonly [
  what: string,
  programs: fc.Arbitrary<Program>,
  runs: number,
])[] = [
  ['random programs', random, 150],
  ['cycles of fences and dependencies', cycles(CONNECTORS, 4), 400],
  ['cycles of critical sections and grace periods', cycles(RCU_CONNECTORS, 1), 250],
];

for (const [[what, programs, numRuns], version] of families.flatMap((family) => [
  [family, '6.1'] as const,
  [family, '7.3'] as const,
])) {
  test(`on ${numRuns} ${what} the checker finds exactly the states of the literal model of ${version}`, (t) => {
    const model = modelOf(version);
    const seed = 61;
    t.log(`seed ${seed}`);
    let states = 0;
    const property = fc.property(programs.filter(isSmall), (program) => {
      const expected = [...referenceStates(program, LOCATIONS, model.rules)].sort();
      const found = [...checkerStates(program, model)].sort();
      states += expected.length;
      return expected.join('|') === found.join('|');
    });
    fc.assert(property, { seed, numRuns });
    t.true(states > 2 * numRuns, `only ${states} states`);
  });
}

test('the literal model itself knows the classic shapes', (t) => {
  const op = (kind: Op['kind'], location: number, value = 0): Op => ({
    kind,
    location,
    order: 'once',
    value,
    dependsOn: null,
    dependency: 'data',
  });
  const sb = (fence: readonly Op[]): Program =>
    [0, 1].map((l) => [op('write', l, 1), ...fence, op('read', 1 - l)]);
  t.true(referenceStates(sb([]), LOCATIONS).has('0,0,1,1,0,0,0'));
  t.false(referenceStates(sb([op('mb', 0)]), LOCATIONS).has('0,0,1,1,0,0,0'));
  t.is(referenceStates(sb([]), LOCATIONS).size, 4);
});
