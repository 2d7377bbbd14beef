import test from 'ava';
import { MEMORY_KINDS } from '../../src/memory/backend.js';
import { LitmusThreads } from '../../src/litmus/on-threads/litmus-threads.js';
import { ROUND } from '../../src/litmus/on-threads/memory.js';
import type { LitmusProgram } from '../../src/litmus/on-threads/program.js';
import { LITMUS_SHAPES } from '../../src/litmus/on-threads/shapes.js';
import type { LitmusShape } from '../../src/litmus/on-threads/shape.js';

const threads = new LitmusThreads(4, 2);
test.after.always(() => threads.close());

const SEED = 3;
const shapeOf = (name: string): LitmusShape => LITMUS_SHAPES.find((s) => s.name === name)!;

for (const memory of MEMORY_KINDS) {
  test.serial(`${memory}: no shape shows an outcome that the model forbids`, async (t) => {
    t.log(`seed ${SEED}`);
    for (const shape of LITMUS_SHAPES) {
      const run = await threads.run(shape.program, { memory, trials: 8 * ROUND, seed: SEED });
      t.is(run.failure, undefined);
      t.is(run.trials, 8 * ROUND);
      t.is(
        run.states.reduce((sum, { count }) => sum + count, 0),
        8 * ROUND,
        shape.name,
      );
      const graded = run.states.map(({ values, count }) => ({ ...shape.grade(values), count }));
      t.deepEqual(
        graded.filter(({ grade }) => grade === 'forbidden'),
        [],
        shape.name,
      );
      const weak = graded.filter(({ grade }) => grade === 'interesting');
      if (weak.length > 0) t.log(`${shape.name}: ${weak[0]!.count} weak of ${run.trials}`);
    }
  });
}

test.serial(
  'the weak backend reports what it reordered, the others have nothing to report',
  async (t) => {
    const { program } = shapeOf('MP+poonceonces');
    for (const memory of MEMORY_KINDS) {
      const { statistics } = await threads.run(program, { memory, trials: ROUND });
      if (memory === 'weak') t.is(statistics['storesBuffered'], 2 * ROUND);
      else t.deepEqual(statistics, {});
    }
  },
);

test.serial('threads that never meet before a trial still meet before each round', async (t) => {
  const { program } = shapeOf('IRIW+poonceonces');
  const run = await threads.run(program, { memory: 'wasm', trials: 4 * ROUND, inStep: false });
  t.is(run.trials, 4 * ROUND);
});

test.serial('an interrupted run returns what it has', async (t) => {
  const controller = new AbortController();
  const { program } = shapeOf('SB+poonceonces');
  const run = await threads.run(program, {
    memory: 'atomics',
    trials: 50_000_000,
    signal: controller.signal,
    onProgress: () => controller.abort(),
  });
  t.is(run.failure, 'interrupted');
  t.true(run.trials > 0);
  t.true(run.trials < 50_000_000);
});

test.serial('a thread that faults ends the run, and the result says why', async (t) => {
  const wild: LitmusProgram = {
    locations: [0],
    threads: [
      { registers: [0], body: [{ kind: 'load', order: 'once', at: { reg: 0 }, into: 0 }] },
      { registers: [], body: [{ kind: 'store', order: 'once', at: { loc: 0 }, value: 1 }] },
    ],
    observed: [{ location: 0 }],
  };
  const run = await threads.run(wild, { memory: 'weak', trials: ROUND });
  t.regex(run.failure ?? '', /CPU 0: null pointer access/);
  t.is(run.trials, 0);
});

test.serial(
  'a thread that waits for a lock nobody releases is ended by an interrupt',
  async (t) => {
    const stuck: LitmusProgram = {
      locations: [1],
      threads: [{ registers: [], body: [{ kind: 'lock', at: { loc: 0 } }] }],
      observed: [{ location: 0 }],
    };
    const signal = AbortSignal.timeout(200);
    const run = await threads.run(stuck, { memory: 'weak', trials: ROUND, signal });
    t.is(run.failure, 'interrupted');
    t.is(run.trials, 0);
  },
);
