import test from 'ava';
import { KLP_STATE } from '../../src/livepatch/layout.js';
import { klpGetPrevState, klpGetState, klpIsPatchCompatible } from '../../src/livepatch/state.js';
import { WARN_PREV_STATE_NO_TRANSITION } from '../../src/livepatch/warn-sites.js';
import { O_31 } from '../../src/memory/sites.js';
import { bootSmall, livepatch, settle } from './fixtures.js';
import type { Machine } from './machine.js';

const STATES = [
  { id: 1, version: 2 },
  { id: 7, version: 1 },
];

function loaded(): Machine {
  const m = bootSmall({
    modules: [
      livepatch('p', ['f'], { states: STATES }),
      livepatch('q', ['g'], { states: [{ id: 1, version: 3 }] }),
    ],
  });
  m.load('p');
  settle(m);
  return m;
}

test('klp_get_state: finds the entry of an id, and NULL for one that the patch does not know', (t) => {
  const m = loaded();
  const version = (id: number): number => {
    const state = m.run((cpu) => klpGetState(cpu, m.patch('p'), id));
    return state === 0 ? -1 : m.words[state + KLP_STATE.version]!;
  };
  t.deepEqual([1, 7, 2].map(version), [2, 1, -1]);
});

test('klp_get_prev_state: WARNs outside a transition', (t) => {
  const m = loaded();
  t.is(
    m.run((cpu) => klpGetPrevState(cpu, 1)),
    0,
  );
  t.deepEqual(m.warnings(), { [WARN_PREV_STATE_NO_TRANSITION.id]: 1 });
});

/** What klpGetPrevState() says for id 1 in callback `n` of patch `next` (1 pre_patch, 2 post_patch, …). */
function prevStateIn(m: Machine, next: string, n: number): number {
  const seen: number[] = [];
  const { klp } = m.ctx;
  const callbacks = klp.callbacks as ((typeof klp.callbacks)[number] | undefined)[];
  callbacks[n] = (cpu) => {
    seen.push(klpGetPrevState(cpu, 1));
    return 0;
  };
  m.load(next);
  settle(m);
  return seen[0]!;
}

test('klp_get_prev_state: the last of the older patches that knows the id wins, the new one does not count', (t) => {
  const m = bootSmall({
    modules: [
      livepatch('p', ['f'], { states: [{ id: 1, version: 1 }] }),
      livepatch('q', ['g'], { states: [{ id: 1, version: 2 }] }),
      livepatch('r', ['h'], { states: [{ id: 1, version: 3 }] }),
    ],
  });
  for (const name of ['p', 'q']) {
    m.load(name);
    settle(m);
  }
  const expected = m.run((cpu) => klpGetState(cpu, m.patch('q'), 1));
  t.is(prevStateIn(m, 'r', 9), expected);
});

test('klp_get_prev_state: post_patch of a replacement still finds the states of the replaced patch (O-31)', (t) => {
  for (const ablate of [[], [O_31]]) {
    const m = bootSmall({
      modules: [
        livepatch('p', ['f'], { states: [{ id: 1, version: 1 }] }),
        livepatch('q', ['f'], { replace: true, states: [{ id: 1, version: 1 }] }),
      ],
      ablate,
    });
    m.load('p');
    settle(m);
    t.is(prevStateIn(m, 'q', 6) !== 0, ablate.length === 0);
  }
});

test('klp_is_patch_compatible and klp_is_state_compatible: a version may only grow, and only a cumulative patch has to know every state', (t) => {
  const m = loaded();
  m.load('q');
  settle(m);
  const compatible = (name: string): boolean =>
    m.run((cpu) => klpIsPatchCompatible(cpu, m.patch(name)));
  // q knows state 1 in a newer version and not state 7; p knows state 1 in an older version than q.
  t.true(compatible('q'));
  t.false(compatible('p'));
});
