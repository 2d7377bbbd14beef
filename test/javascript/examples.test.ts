import test from 'ava';
import { explored, fileOf, sessionOf } from './programs.js';

/** Programs of each file: the broken one with its finding, and the repaired one. */
const EXAMPLES = {
  'lost-wake-up.js': ['lostWakeUpBroken', 'deadlock', 'lostWakeUp'],
  'treiber-aba.js': ['treiberBroken', 'a node twice, or lost', 'treiber'],
  'seqlock.js': ['seqlockBroken', '0,7', 'seqlock'],
  'plain-index.js': ['plainIndexBroken', '0', 'plainIndex'],
  'wrong-waiter.js': ['wrongWaiterBroken', 'lost wake-up', 'wrongWaiter'],
  'terminated-holder.js': ['terminatedHolderBroken', 'deadlock', 'terminatedHolder'],
} as const;

for (const [file, [broken, finding, repaired]] of Object.entries(EXAMPLES)) {
  const path = fileOf(`examples/javascript/${file}`);
  test(`${file}: the broken program has its finding, the repaired one has none`, (t) => {
    const random = { kind: 'random', seed: 1 } as const;
    const found = explored(sessionOf(path, 'js', { name: broken }), random, 800).tally.outcomes;
    t.true(found.some(({ key, grade }) => key === finding && grade === 'forbidden'));
    const clean = explored(sessionOf(path, 'js', { name: repaired }), random, 800).tally.outcomes;
    t.deepEqual(
      clean.filter(({ grade }) => grade === 'forbidden'),
      [],
    );
  });
}
