import test from 'ava';
import { gradeOf, race, type Scenario } from '../../src/scenario/declare.js';
import { claimLocal } from '../../src/memory/local.js';
import { MemoryMap } from '../../src/memory/map.js';

const scenario: Scenario = race({
  name: 'nothing-listed',
  description: 'a race whose outcomes have names that every object inherits',
  build() {
    const map = new MemoryMap();
    return { ctx: {}, map, localBase: claimLocal(map, 1), bodies: [] };
  },
  observe: () => 'valueOf',
  outcomes: { listed: { grade: 'acceptable', reason: 'the only one' } },
});

for (const name of ['valueOf', 'constructor', 'toString', '__proto__', 'hasOwnProperty']) {
  test(`an outcome called ${name} that nobody listed is forbidden`, (t) => {
    t.is(gradeOf(scenario, name).grade, 'forbidden');
  });
}
