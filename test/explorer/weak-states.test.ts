/** The search of states under the memory of the kernel reaches the ends that plain enumeration reaches. */

import test from 'ava';
import { Ablation } from '../../src/memory/sites.js';
import { catalogModule } from '../../src/explorer/build/modules.js';
import { prepare } from '../../src/explorer/engine/prepare.js';
import { RandomSource } from '../../src/explorer/engine/random-source.js';
import { loadScenario } from '../../src/explorer/engine/session.js';
import { StateSearch } from '../../src/explorer/states/search.js';
import type { SearchResult } from '../../src/explorer/states/search-result.js';
import { preparedProgram, weakEndsOf, weakProgram } from './weak-programs.js';

/** `KLP_PROGRAMS=10000` is the long form. */
const PROGRAMS = Number(process.env.KLP_PROGRAMS ?? 150);
/** Operations of each of two CPUs, and of three; executions beyond which a program is left out. */
const [TWO, THREE] = [5, 3];
const MOST_EXECUTIONS = 5000;
const SEED = 11;

const sorted = (keys: Iterable<string>): string[] => [...keys].sort();

function searchOf(program: readonly string[]): SearchResult {
  const options = { ablation: new Ablation(), bound: 1000, isWeak: true };
  return new StateSearch(preparedProgram(program), options).run({ steps: 1e6 });
}

test(`${PROGRAMS} generated programs end as plain enumeration says (seed ${SEED})`, (t) => {
  const random = new RandomSource();
  let ends = 0;
  for (let i = 0, done = 0; done < PROGRAMS; i++) {
    random.seed(SEED, i);
    const program = weakProgram(random, TWO, THREE);
    const expected = weakEndsOf(preparedProgram(program), MOST_EXECUTIONS);
    if (expected === undefined) continue;
    done++;
    ends += expected.size;
    const found = searchOf(program);
    if (!found.exhausted) t.fail(`not exhausted: ${program.join('\n')}`);
    if (sorted(found.ends.keys()).join(';') === sorted(expected).join(';')) continue;
    t.deepEqual(sorted(found.ends.keys()), sorted(expected), program.join('\n'));
    return;
  }
  t.true(ends > 2 * PROGRAMS);
});

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
