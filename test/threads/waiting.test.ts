import test from 'ava';
import { compare } from '../../src/campaign/compare/compare.js';
import { MEMORY_KINDS } from '../../src/memory/backend.js';
import { fixture } from '../explorer/sessions.js';

/** Sleeps and wake-ups that end, that may deadlock, that time out and that end for no reason. */
const NAMES = ['looped', 'both-of-two', 'one-of-two', 'wakes-first', 'halts', 'timed-or-woken'];

for (const backend of MEMORY_KINDS) {
  test(`${backend}: threads show no ending of a sleep that the explorer does not know, and end in a deadlock too`, async (t) => {
    for (const name of NAMES) {
      const { rows, exhausted, threadRuns, unreachable } = await compare({
        scenario: `${fixture('waiting')}#${name}`,
        backend,
        executions: 100,
        budgetMs: 200_000,
      });
      t.true(exhausted, name);
      t.is(threadRuns, 100, name);
      t.deepEqual(unreachable, [], `${name}: ${JSON.stringify(rows)}`);
    }
  });
}
