import test from 'ava';
import { CACHE } from '../../src/kernel/alloc.js';
import { KOBJECT } from '../../src/kernel/kobject.js';
import { LIST } from '../../src/kernel/list.js';
import { DELAYED_WORK, WORK } from '../../src/kernel/workqueue.js';
import { initKlp } from '../../src/livepatch/boot.js';
import { klpInitPatchEarly } from '../../src/livepatch/core-init.js';
import { KLP_OBJECT, KLP_PATCH, KLP_WORK_TRANSITION } from '../../src/livepatch/layout.js';
import { bootSmall, funcOf, funcWord, livepatch, settle } from './fixtures.js';

test('klp_init: no transition, empty lists, full caches, and a directory that stays', (t) => {
  const { klp } = bootSmall().ctx;
  const words = new Int32Array(
    klp.shadowCache.base + klp.shadowCache.count * klp.shadowCache.stride,
  );
  initKlp(words, klp);
  t.is(words[klp.targetState], -1);
  t.is(words[klp.transitionPatch], 0);
  for (const head of [klp.patches, klp.ops]) {
    t.deepEqual([words[head + LIST.next], words[head + LIST.prev]], [head, head]);
  }
  t.is(words[klp.transitionWork + DELAYED_WORK.work + WORK.fn], KLP_WORK_TRANSITION);
  t.is(words[klp.rootKobj], klp.root);
  t.is(words[klp.root + KOBJECT.refcount], 1);
  t.is(words[klp.patchCache.control + CACHE.inUse], 0);
});

test('klp_init_patch_early, klp_init_object_early and klp_init_func_early: a patch can be freed before it is known', (t) => {
  const m = bootSmall({ modules: [livepatch('p', ['f', 'g'])] });
  m.load('p');
  settle(m);
  const patch = m.patch('p');
  const func = funcOf(m, 'p');
  m.words[patch + KLP_PATCH.forced] = 1;
  m.run((cpu) => {
    klpInitPatchEarly(cpu, patch);
  });
  t.deepEqual([m.words[patch + KLP_PATCH.enabled], m.words[patch + KLP_PATCH.forced]], [0, 0]);
  t.is(m.listLength(patch + KLP_PATCH.list), 0, 'not listed');
  t.is(m.listLength(patch + KLP_PATCH.objList), 1);
  const object = m.words[patch + KLP_PATCH.objList + LIST.next]!;
  t.is(m.listLength(object + KLP_OBJECT.funcList), 2);
  t.is(funcWord(m, func, 'oldName'), m.name('f'), 'the order is that of the array');
  for (const kobj of [patch + KLP_PATCH.kobj, object + KLP_OBJECT.kobj]) {
    t.deepEqual([m.words[kobj + KOBJECT.refcount], m.words[kobj + KOBJECT.inSysfs]], [1, 0]);
  }
});
