import test from 'ava';
import { KERNEL } from '../../src/kernel/layout.js';
import { RWLOCK } from '../../src/kernel/rwlock.js';
import { StallDetector } from '../../src/threads/stall.js';
import { checkedMachine } from '../check/machine.js';

const WRITER = 0x10000;

test('a transition behind a task list that stays locked is a stall all the same', (t) => {
  const { booted, words, check } = checkedMachine();
  const { kernel, klp } = booted;
  words[klp.transitionPatch] = klp.patchCache.base;
  words[klp.targetState] = 1;
  words[kernel.globals + KERNEL.tasklistLock + RWLOCK.count] = WRITER;
  const stalls = new StallDetector(words, check, 1000);
  t.is(stalls.look(1), undefined);
  t.is(stalls.look(900), undefined);
  t.deepEqual(stalls.look(1001), { forMs: 1000, target: 1, tasks: [] });
  words[kernel.globals + KERNEL.tasklistLock + RWLOCK.count] = 0;
  t.is(stalls.look(1900), undefined, 'the list can be read again: that is progress');
  t.true((stalls.look(2900)?.tasks.length ?? 0) > 0);
});
