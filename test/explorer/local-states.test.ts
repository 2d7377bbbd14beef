/** What is known of code: a graph built with the answers of one state can be followed from another state. */

import test from 'ava';
import type { CpuContext } from '../../src/memory/cpu.js';
import { claimLocal } from '../../src/memory/local.js';
import { MemoryMap } from '../../src/memory/map.js';
import { SITE_COUNT } from '../../src/memory/sites.js';
import type { CpuId } from '../../src/memory/struct.js';
import { Constants } from '../../src/explorer/states/constants.js';
import { type Code, LocalStates } from '../../src/explorer/states/local-states.js';
import { ASK_GET, ASK_READ, ASK_WRITE } from '../../src/explorer/states/requests.js';
import { functionsOf } from './resumable-text.js';

/** Walks a list whose order others change, with no scheduling point on the way. */
const WALK = `export function body0(cpu) {
  const q = cpu.readOnce(127);
  let p = cpu.readOnce(128);
  while (p !== 0) p = cpu.get(p);
  cpu.writeOnce(129, q);
}`;

test('code that is guided by states which lead round to themselves is given up, not followed for ever', (t) => {
  const given: number[] = [];
  const ctx = {} as CpuContext;
  const memory = { immediate: () => given.shift() ?? 0, event: () => undefined };
  const local = new LocalStates(memory, ctx, {
    words: 256,
    localBase: claimLocal(new MemoryMap(), 1),
    removed: new Uint8Array(SITE_COUNT + 1),
    hasInterrupts: false,
    isWeak: false,
    constants: new Constants(ctx),
    keepsEvents: false,
  });
  const [code] = functionsOf(WALK, ['body0']) as unknown as [Code];
  const { state: root } = local.start(0 as CpuId, code, 'body', 0);
  const first = local.explore(root, 0);
  t.is(local.kind(first), ASK_READ);
  const [one, other] = [local.explore(first, 1), local.explore(first, 2)];
  // The list as three executions see it: 131; 130; from 130 to 131 and, as it was changed meanwhile, back to 130.
  local.explore(one, 131);
  local.explore(one, 130);
  const at130 = local.next(one, 130);
  const at131 = local.next(one, 131);
  const third = local.explore(first, 1);
  t.is(third, one);
  given.push(131, 130, 0);
  local.explore(at130, 131);
  t.is(local.next(at130, 131), at131, 'where a loop begins again only its variables matter');
  t.is(local.next(at131, 130), at130, 'and it goes round');

  const reached = local.complete(other, 130, at130);
  t.is(local.kind(reached), ASK_GET);
  t.is(local.addr(reached), 130);
  // The code is correct: with a memory it ends.
  given.length = 0;
  t.is(local.kind(local.explore(reached, 0)), ASK_WRITE);
});
