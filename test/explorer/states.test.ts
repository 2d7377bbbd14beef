/** The search of states reaches the ends that plain enumeration reaches, and each of its rules is necessary for that. */

import test from 'ava';
import type { CpuContext } from '../../src/memory/cpu.js';
import { claimLocal } from '../../src/memory/local.js';
import { MemoryMap } from '../../src/memory/map.js';
import { Ablation } from '../../src/memory/sites.js';
import type { KernelBody, Scenario } from '../../src/scenario/declare.js';
import { catalogModule } from '../../src/explorer/build/modules.js';
import { prepare } from '../../src/explorer/engine/prepare.js';
import { RandomSource } from '../../src/explorer/engine/random-source.js';
import { loadScenario } from '../../src/explorer/engine/session.js';
import type { SearchRule } from '../../src/explorer/states/rules.js';
import { RULES, WEAK_RULES } from '../../src/explorer/states/rules.js';
import { StateSearch } from '../../src/explorer/states/search.js';
import type { SearchResult } from '../../src/explorer/states/search-result.js';
import { functionsOf } from './resumable-text.js';
import {
  endsOf,
  sectionProgram,
  SEEN,
  SIZE,
  smallProgram,
  textOf,
  WORDS,
  type SmallBody,
} from './small-programs.js';

/** `KLP_PROGRAMS=10000` is the long form. */
const PROGRAMS = Number(process.env.KLP_PROGRAMS ?? 400);
const SEED = 11;

function bodiesOf(program: readonly SmallBody[]): KernelBody[] {
  return functionsOf(
    textOf(program),
    program.map((_, cpu) => `body${cpu}`),
  );
}

function searchOf(program: readonly SmallBody[], broken?: SearchRule): SearchResult {
  const map = new MemoryMap();
  const localBase = claimLocal(map, program.length);
  const machine = { map, localBase, ctx: {} as CpuContext, bodies: bodiesOf(program) };
  const scenario = {
    name: 'small',
    outcomes: {},
    observe: (end: { read: (addr: number) => number }) =>
      [...program.map((_, cpu) => end.read(SEEN + cpu)), ...WORDS.map((x) => end.read(x))].join(),
  } as unknown as Scenario;
  const prepared = { scenario, machine, image: new Int32Array(SIZE) };
  const search = new StateSearch(prepared, { ablation: new Ablation(), bound: 1000, broken });
  return search.run({ steps: 1e7 });
}

const sorted = (keys: Iterable<string>): string[] => [...keys].sort();

for (const [what, make, count] of [
  ['generated programs', smallProgram, PROGRAMS],
  ['generated programs with long sections', sectionProgram, PROGRAMS / 2],
] as const) {
  test(`${count} ${what} end as plain enumeration says (seed ${SEED})`, (t) => {
    const random = new RandomSource();
    let ends = 0;
    for (let i = 0; i < count; i++) {
      random.seed(SEED, i);
      const program = make(random);
      const { exhausted, ends: found } = searchOf(program);
      const expected = sorted(endsOf(program));
      ends += expected.length;
      if (!exhausted) t.fail(`not exhausted: ${textOf(program)}`);
      if (sorted(found.keys()).join(';') !== expected.join(';')) {
        t.deepEqual(sorted(found.keys()), expected, textOf(program));
        return;
      }
    }
    t.true(ends > 2 * count);
  });
}

/** Both see the other's store only if one of them is preempted between its two operations. */
const STORE_BUFFERING = `
export function left(cpu) { cpu.writeOnce(128, 1); cpu.set(144, 1 + cpu.readOnce(129)); }
export function right(cpu) { cpu.writeOnce(129, 1); cpu.set(145, 1 + cpu.readOnce(128)); }`;

function boundedEnds(preemptions: number): { ends: string[]; bounded: boolean } {
  const map = new MemoryMap();
  const localBase = claimLocal(map, 2);
  const bodies = functionsOf(STORE_BUFFERING, ['left', 'right']);
  const scenario = {
    name: 'store buffering',
    outcomes: {},
    observe: (end: { read: (addr: number) => number }) => `${end.read(144)}${end.read(145)}`,
  } as unknown as Scenario;
  const machine = { map, localBase, ctx: {} as CpuContext, bodies };
  const prepared = { scenario, machine, image: new Int32Array(SIZE) };
  const search = new StateSearch(prepared, { ablation: new Ablation(), bound: 1000 });
  search.run({ steps: 1e6 });
  search.bound(preemptions);
  const { ends, bounded } = search.run({ steps: 2e6 });
  return { ends: sorted(ends.keys()), bounded };
}

test('a bound on preemptions leaves out the ends that need more, and says so', (t) => {
  t.deepEqual(boundedEnds(0), { ends: ['12', '21'], bounded: true });
  t.deepEqual(boundedEnds(1), { ends: ['12', '21', '22'], bounded: false });
});

/** CPU 1 interrupts CPU 0, whose interrupt copies what the body has written by then. */
const INTERRUPTED = `
export function body(cpu) {
  cpu.preemptDisable();
  cpu.writeOnce(129, 1);
  cpu.preemptEnable();
}
export function sender(cpu) { cpu.writeOnce(128, 1); }
export function interrupt(cpu) {
  cpu.xchg(128, 0);
  cpu.writeOnce(130, 1 + cpu.readOnce(129));
}`;

/** CPU 1 interrupts CPU 0, whose body does not keep interrupts off. */
const OPEN = `
export function body(cpu) { cpu.writeOnce(129, 1); cpu.writeOnce(129, 2); }
export function sender(cpu) { cpu.writeOnce(128, 1); }
export function interrupt(cpu) {
  cpu.xchg(128, 0);
  cpu.writeOnce(130, 1 + cpu.readOnce(129));
}`;

function interruptedEnds(text: string, broken?: SearchRule): string[] {
  const map = new MemoryMap();
  const localBase = claimLocal(map, 2);
  const [body, sender, interrupt] = functionsOf(text, ['body', 'sender', 'interrupt']);
  const machine = {
    map,
    localBase,
    ctx: {} as CpuContext,
    bodies: [body!, sender!],
    interrupt: {
      pending: (id: number, state: { read: (addr: number) => number }) =>
        id === 0 && state.read(128) !== 0,
      body: interrupt!,
    },
  };
  const scenario = {
    name: 'interrupted',
    outcomes: {},
    observe: (end: { read: (addr: number) => number }) => String(end.read(130)),
  } as unknown as Scenario;
  const prepared = { scenario, machine, image: new Int32Array(SIZE) };
  const search = new StateSearch(prepared, { ablation: new Ablation(), bound: 1000, broken });
  return sorted(search.run({ steps: 1e6 }).ends.keys());
}

test('an interrupt comes before a section that keeps it off, or after; without R-11 only after', (t) => {
  t.deepEqual(interruptedEnds(INTERRUPTED), ['1', '2']);
  t.deepEqual(interruptedEnds(INTERRUPTED, 'R-11'), ['2']);
});

test('code that may be interrupted is, between any two of its steps; without R-14 only at one end', (t) => {
  t.deepEqual(interruptedEnds(OPEN), ['1', '2', '3']);
  t.true(interruptedEnds(OPEN, 'R-14').length < 3);
});

/** Both bodies, and an interrupt on each CPU that word 128 or 129 makes pending and that clears it. */
function withInterrupts(program: readonly SmallBody[], isPlain: boolean): SearchResult {
  const map = new MemoryMap();
  const localBase = claimLocal(map, 2);
  const text = `${textOf(program)}
export function interrupt(cpu) {
  const seen = cpu.xchg(128 + cpu.id, 0);
  const other = cpu.readOnce(130);
  cpu.writeOnce(150 + cpu.id, (cpu.readOnce(150 + cpu.id) * 5 + 2 * other + seen) | 0);
  cpu.writeOnce(130, 3 + cpu.id);
}`;
  const [left, right, interrupt] = functionsOf(text, ['body0', 'body1', 'interrupt']);
  const pending = (id: number, state: { read: (addr: number) => number }): boolean =>
    state.read(128 + id) !== 0;
  const machine = {
    map,
    localBase,
    ctx: {} as CpuContext,
    bodies: [left!, right!],
    interrupt: { pending, body: interrupt! },
  };
  const scenario = {
    name: 'interrupted',
    outcomes: {},
    observe: (end: { read: (addr: number) => number }) =>
      [...WORDS, SEEN, SEEN + 1, 150, 151].map((x) => end.read(x)).join(),
  } as unknown as Scenario;
  const prepared = { scenario, machine, image: new Int32Array(SIZE) };
  const search = new StateSearch(prepared, { ablation: new Ablation(), bound: 400, isPlain });
  return search.run({ steps: 3e5 });
}

test(`generated programs with interrupts end as a search that takes every step for a choice (seed ${SEED})`, (t) => {
  const random = new RandomSource();
  let ends = 0;
  for (let i = 0, done = 0; done < PROGRAMS / 4; i++) {
    random.seed(SEED, i);
    const program = smallProgram(random);
    if (program.length !== 2 || program.flatMap(({ steps }) => steps).length > 7) continue;
    const plain = withInterrupts(program, true);
    if (!plain.exhausted) continue;
    done++;
    const expected = sorted(plain.ends.keys());
    ends += expected.length;
    const found = sorted(withInterrupts(program, false).ends.keys());
    if (found.join(';') === expected.join(';')) continue;
    t.deepEqual(found, expected, textOf(program));
    return;
  }
  t.true(ends > PROGRAMS);
});

/** Rules that only interrupts can show. */
const OF_INTERRUPTS: ReadonlySet<SearchRule> = new Set(['R-11', 'R-14']);

for (const rule of RULES.filter((one) => !OF_INTERRUPTS.has(one) && !WEAK_RULES.has(one))) {
  test(`without the condition of ${rule}, ends are missing (seed ${SEED})`, (t) => {
    const random = new RandomSource();
    for (let i = 0; i < 4000; i++) {
      random.seed(SEED, i);
      const program = smallProgram(random);
      let found: string[];
      try {
        found = sorted(searchOf(program, rule).ends.keys());
      } catch {
        // Two local states that are not one were taken for one.
        t.pass();
        return;
      }
      if (found.join(';') === sorted(endsOf(program)).join(';')) continue;
      t.pass();
      return;
    }
    t.fail('the mutant survived');
  });
}

async function exhaust(file: string, name: string): Promise<SearchResult> {
  const { scenario } = await loadScenario({ file: catalogModule(file), name }, { frames: true });
  const search = new StateSearch(prepare(scenario), { ablation: new Ablation(), bound: 20_000 });
  return search.run({ steps: 2e7 });
}

test('races of the catalogue end as random executions do, that of an older kernel in its oops', async (t) => {
  const keys = async (file: string, name: string): Promise<string[]> => {
    const { exhausted, ends } = await exhaust(file, name);
    t.true(exhausted, name);
    return sorted(ends.keys());
  };
  t.deepEqual(await keys('disable-protocol', 'disable-protocol-2'), [
    'pending-new',
    'switched-old',
  ]);
  t.deepEqual(await keys('disable-call', 'disable-call'), ['f_a, pending']);
  t.deepEqual(await keys('complete-patched', 'complete-patched'), ['f_a, complete']);
  t.deepEqual(await keys('hook-module', 'hook-module-coming'), ['oops', 'waiting']);
});
