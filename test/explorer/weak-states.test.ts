/** The search of states under the memory of the kernel reaches the ends that plain enumeration reaches. */

import test from 'ava';
import { Ablation } from '../../src/memory/sites.js';
import { catalogModule } from '../../src/explorer/build/modules.js';
import { prepare } from '../../src/explorer/engine/prepare.js';
import { RandomSource } from '../../src/explorer/engine/random-source.js';
import { loadScenario } from '../../src/explorer/engine/session.js';
import { WEAK_BOUNDS } from '../../src/explorer/states/bounded-search.js';
import { type SearchRule, WEAK_RULES } from '../../src/explorer/states/rules.js';
import { StateSearch } from '../../src/explorer/states/search.js';
import type { SearchResult } from '../../src/explorer/states/search-result.js';
import { LOCK, SEEN } from './small-programs.js';
import { preparedProgram, weakEndsOf, weakProgram } from './weak-programs.js';

/** `KLP_PROGRAMS=10000` is the long form. */
const PROGRAMS = Number(process.env.KLP_PROGRAMS ?? 100);
/** Operations of each of two CPUs, and of three; executions beyond which a program is left out. */
const [TWO, THREE] = [5, 3];
const MOST_EXECUTIONS = 5000;
const MOST_MUTATED = 2000;
const SEED = 11;

const sorted = (keys: Iterable<string>): string[] => [...keys].sort();

/** @param learntFrom random executions before the search: without any, it learns all that the code does while it searches */
function searchOf(program: readonly string[], broken?: SearchRule, learntFrom = 300): SearchResult {
  const options = { ablation: new Ablation(), bound: 1000, isWeak: true, broken, learntFrom };
  return new StateSearch(preparedProgram(program), options).run({ steps: 1e5 });
}

test(`${PROGRAMS} generated programs end as plain enumeration says (seed ${SEED})`, (t) => {
  const random = new RandomSource();
  let [ends, restarts] = [0, 0];
  for (let i = 0, done = 0; done < PROGRAMS; i++) {
    random.seed(SEED, i);
    const program = weakProgram(random, TWO, THREE);
    const expected = weakEndsOf(preparedProgram(program), MOST_EXECUTIONS);
    if (expected === undefined) continue;
    done++;
    ends += expected.size;
    for (const found of [searchOf(program), searchOf(program, undefined, 0)]) {
      if (!found.exhausted) t.fail(`not exhausted: ${program.join('\n')}`);
      restarts += found.restarts;
      if (sorted(found.ends.keys()).join(';') === sorted(expected).join(';')) continue;
      t.deepEqual(sorted(found.ends.keys()), sorted(expected), program.join('\n'));
      return;
    }
  }
  t.true(restarts > PROGRAMS);
  t.true(ends > 2 * PROGRAMS);
});

/** Programs that end differently without the condition of a rule; generated programs cover the other rules. */
const SHOWN_BY: Partial<Record<SearchRule, readonly string[]>> = {
  'R-18': ['cpu.writeOnce(128, 1);', 'cpu.relax(128, 1);'],
  'R-19': [
    'acc = cpu.readOnce(128); cpu.writeOnce(129, 1); acc = acc * 2 + cpu.readOnce(130); cpu.writeOnce(129, 2);',
    'cpu.writeOnce(130, cpu.readOnce(129)); cpu.writeOnce(128, 1);',
  ],
  'R-24': ['acc = cpu.readOnce(128);', 'cpu.writeOnce(129, 1); cpu.writeOnce(128, 1);'],
  'R-25': [
    'acc = cpu.readOnce(128);',
    'cpu.writeOnce(129, 1); if (cpu.readOnce(129) === 1) cpu.writeOnce(128, 1);',
  ],
  'R-22': [
    'cpu.writeOnce(128, 1); cpu.smpWmb(); cpu.writeOnce(129, 1); cpu.writeOnce(130, 2);',
    'acc = cpu.readOnce(129); cpu.writeOnce(130, 1); cpu.smpRmb(); acc = acc * 2 + cpu.readOnce(128);',
  ],
};

function bodies(texts: readonly string[]): string[] {
  return texts.map(
    (text, cpu) =>
      `export function body${cpu}(cpu) { let acc = 0; ${text} cpu.set(${SEEN + cpu}, acc); }`,
  );
}

/** Programs to break a rule with. */
function* programsFor(rule: SearchRule): Generator<readonly string[]> {
  const shown = SHOWN_BY[rule];
  if (shown !== undefined) {
    yield bodies(shown);
    return;
  }
  const random = new RandomSource();
  for (let i = 0; i < 300; i++) {
    random.seed(SEED, i);
    yield weakProgram(random, TWO, THREE);
  }
}

function endsWithout(rule: SearchRule, program: readonly string[]): string {
  try {
    // What a search knows at first is mostly all that there is to know.
    return sorted(searchOf(program, rule, rule === 'R-2' ? 0 : undefined).ends.keys()).join(';');
  } catch {
    return 'the memory was brought into a state that there is not';
  }
}

/** The search looks ahead at what others do: it has to find every way in which they may continue. */
const LOOKED_AHEAD: Readonly<Record<string, readonly string[]>> = {
  'a substrate store, of which nobody sees what was before': [
    'cpu.writeOnce(129, 1); cpu.set(128, 1);',
    'acc = cpu.readOnce(128);',
  ],
  'a value that was replaced': [
    'cpu.writeOnce(129, 1); acc = cpu.readOnce(130);',
    'cpu.writeOnce(128, 1); if (cpu.readOnce(129) === 0) cpu.writeOnce(130, 1);',
  ],
  'a wait that a third CPU ends': [
    'acc = cpu.readOnce(128);',
    'while (cpu.readOnce(129) === 0) cpu.relax(129, 0); cpu.writeOnce(128, 1);',
    'cpu.writeOnce(130, 1); cpu.writeOnce(129, 1);',
  ],
  'a lock that a third CPU releases': [
    'acc = cpu.readOnce(128);',
    `cpu.spinLock(${LOCK}); cpu.writeOnce(128, 1); cpu.spinUnlock(${LOCK});`,
    `cpu.spinLock(${LOCK}); cpu.writeOnce(130, 1); cpu.spinUnlock(${LOCK});`,
  ],
  'a lock that looks taken': [
    'acc = cpu.readOnce(128);',
    `if (cpu.spinTrylock(${LOCK})) cpu.spinUnlock(${LOCK}); else cpu.writeOnce(128, 1);`,
    `cpu.spinLock(${LOCK}); cpu.spinUnlock(${LOCK});`,
  ],
  'a bit of a word that holds others': [
    'acc = cpu.readOnce(128); acc = acc * 4 + cpu.xchg(129, 1);',
    'cpu.writeOnce(129, 2); cpu.setBit(129, 0); cpu.writeOnce(128, 1);',
  ],
  'a sum, a bit, an exchange': [
    'acc = cpu.readOnce(128); acc = acc * 2 + cpu.readOnce(131);',
    'cpu.atomicAdd(129, 1); if (cpu.fetchAddRelaxed(129, 1) === 1) cpu.writeOnce(128, 1);' +
      'cpu.setBit(130, 1); if (cpu.testBit(130, 1)) cpu.writeOnce(131, cpu.xchg(130, 5));',
  ],
};

/** Operations that return nothing: what they have read binds their CPU, and those that it tells. */
for (const modify of ['cpu.atomicAdd(129, 2);', 'cpu.setBit(129, 1);', 'cpu.clearBit(129, 1);']) {
  for (const tell of ['cpu.smpMb(); cpu.writeOnce(130, 1);', 'cpu.storeRelease(130, 1);']) {
    test(`what was read without a result is handed on: ${modify} ${tell}`, (t) => {
      const program = bodies([
        'cpu.writeOnce(128, 1); cpu.storeRelease(129, 1);',
        `${modify} ${tell}`,
        'acc = cpu.loadAcquire(130) * 2 + cpu.readOnce(128);',
      ]);
      const expected = weakEndsOf(preparedProgram(program), 50_000);
      t.deepEqual(sorted(searchOf(program).ends.keys()), sorted(expected as Set<string>));
    });
  }
}

for (const [what, texts] of Object.entries(LOOKED_AHEAD)) {
  test(`no end is lost to what others do meanwhile: ${what}`, (t) => {
    const program = bodies(texts);
    const expected = weakEndsOf(preparedProgram(program), 50_000);
    t.true((expected?.size ?? 0) > 1);
    const { exhausted, ends } = searchOf(program);
    t.true(exhausted);
    t.deepEqual(sorted(ends.keys()), sorted(expected ?? []));
  });
}

test('each bound admits what the one before admits, and the last ones admit all of a small program', (t) => {
  const program = bodies([
    'cpu.writeOnce(128, 1); acc = cpu.readOnce(129);',
    'cpu.writeOnce(129, 1); acc = cpu.readOnce(128);',
  ]);
  const options = { ablation: new Ablation(), bound: 1000, isWeak: true };
  const search = new StateSearch(preparedProgram(program), options);
  const sizes: number[] = [];
  let before: readonly string[] = [];
  for (const { preemptions, weak } of WEAK_BOUNDS) {
    search.bound(preemptions, weak);
    const { exhausted, ends, bounded } = search.run({ steps: search.steps + 1e5 });
    t.true(exhausted);
    t.true(before.every((key) => ends.has(key)));
    before = [...ends.keys()];
    sizes.push(before.length);
    if (bounded) continue;
    t.deepEqual(sorted(before), sorted(weakEndsOf(preparedProgram(program), 5000) ?? []));
    t.deepEqual(sizes, [2, 3, 4, 4]);
    return;
  }
  t.fail('bounds left something out to the end');
});

/** What a loop has counted is dead once it is over, what it has seen is not. */
const LOOPS = bodies([
  'let seen = 0; for (let n = 0; n < 3 && seen === 0; n++) { seen = cpu.readOnce(128); }' +
    'cpu.writeOnce(129, 1); acc = seen;',
  'cpu.writeOnce(128, 1); acc = cpu.readOnce(129); cpu.writeOnce(128, 2);',
]);

test('after a loop only the variables that are left matter, and without them ends are missing', (t) => {
  const expected = sorted(weakEndsOf(preparedProgram(LOOPS), 50_000) ?? []);
  t.true(expected.length > 4);
  t.deepEqual(sorted(searchOf(LOOPS).ends.keys()), expected);
  t.notDeepEqual(sorted(searchOf(LOOPS, 'R-8').ends.keys()), expected);
});

for (const rule of [...WEAK_RULES, 'R-2'] as const) {
  test(`without the condition of ${rule}, ends are other ones (seed ${SEED})`, (t) => {
    for (const program of programsFor(rule)) {
      const expected = weakEndsOf(preparedProgram(program), MOST_MUTATED);
      if (expected === undefined) continue;
      const ends = sorted(expected).join(';');
      if (SHOWN_BY[rule] !== undefined) t.is(sorted(searchOf(program).ends.keys()).join(';'), ends);
      if (endsWithout(rule, program) === ends) continue;
      t.pass();
      return;
    }
    t.fail('the mutant survived');
  });
}

test('races of the catalogue are exhausted under the memory of the kernel', async (t) => {
  for (const name of ['disable-protocol', 'disable-call']) {
    const id = name === 'disable-call' ? name : 'disable-protocol-2';
    const file = catalogModule(name);
    const { scenario } = await loadScenario({ file, name: id }, { frames: true });
    const options = { ablation: new Ablation(), bound: 20_000, isWeak: true };
    const { exhausted, ends } = new StateSearch(prepare(scenario), options).run({ steps: 1e7 });
    t.true(exhausted, id);
    const expected = name === 'disable-call' ? ['f_a, pending'] : ['pending-new', 'switched-old'];
    t.deepEqual(sorted(ends.keys()), expected);
  }
});
