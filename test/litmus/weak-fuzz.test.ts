import test from 'ava';
import { checkLitmus } from '../../src/litmus/axioms/checker.js';
import { parseLitmus } from '../../src/litmus/syntax/parse.js';
import { testValue, threadTest } from '../../src/litmus/on-threads/thread-program.js';
import type { WeakCpu } from '../../src/memory/weak.js';
import { randomSource } from './random-source.js';
import { SoloWeak } from './solo-weak.js';

const PROGRAMS = 80;
const EXECUTIONS = 400;

interface Outcome {
  readonly source: string;
  readonly seen: readonly string[];
  readonly allowed: ReadonlySet<string>;
}

/** What weak CPUs show of the random program of a seed, and what the axioms allow. */
function outcome(seed: number, sabotage?: (cpu: WeakCpu) => void): Outcome {
  const source = randomSource(seed);
  const parsed = parseLitmus(source);
  const translated = threadTest(parsed);
  const { program } = translated;
  const weak = { seed, reorder: 0.7, stall: 0 };
  const states = new SoloWeak(program, weak, sabotage).run(EXECUTIONS);
  const verdict = checkLitmus(parsed);
  return {
    source,
    seen: states.map(({ values }) => values.map((v) => testValue(parsed, translated, v)).join()),
    allowed: new Set(verdict.states.map(({ state }) => state.join())),
  };
}

/** Seeds whose programs the checker takes seconds for. */
const SLOW = new Set([20, 28, 50, 70]);
const seeds = Array.from({ length: PROGRAMS }, (_, i) => i + 1).filter((seed) => !SLOW.has(seed));

test('weak CPUs show no state of a random program that the axioms forbid', (t) => {
  t.log(`seeds 1 to ${PROGRAMS}`);
  let [seen, allowed] = [0, 0];
  for (const seed of seeds) {
    const found = outcome(seed);
    t.deepEqual(
      found.seen.filter((state) => !found.allowed.has(state)),
      [],
      found.source,
    );
    seen += found.seen.length;
    allowed += found.allowed.size;
  }
  t.log(`${seen} states seen of ${allowed} allowed`);
});

const CONTROLS: Record<string, (cpu: WeakCpu) => void> = {
  'smp_mb()': (cpu) => (cpu.smpMb = () => undefined),
  'smp_load_acquire()': (cpu) => (cpu.loadAcquire = (addr) => cpu.readIndependent(addr)),
};

for (const [what, sabotage] of Object.entries(CONTROLS)) {
  test(`random programs find a CPU whose ${what} orders nothing`, (t) => {
    const caught = seeds.some((seed) => {
      const { seen, allowed } = outcome(seed, sabotage);
      return seen.some((state) => !allowed.has(state));
    });
    t.true(caught);
  });
}
