import test from 'ava';
import { CACHE } from '../../src/kernel/alloc.js';
import { KOBJECT, kobjectGetActive, kobjectPutActive } from '../../src/kernel/kobject.js';
import { deleteModule, moduleRefcount } from '../../src/kernel/module.js';
import {
  klpFreeObjectLoaded,
  klpFreePatchFinish,
  klpFreePatchStart,
  klpFreeReplacedPatchesAsync,
} from '../../src/livepatch/core-free.js';
import { ENABLED } from '../../src/livepatch/core-sysfs.js';
import { KLP_OBJECT, KLP_PATCH } from '../../src/livepatch/layout.js';
import { TRACE_KLP_MODULE_PUT } from '../../src/livepatch/trace.js';
import { KernelOops } from '../../src/memory/fault.js';
import { O_29, type SiteId } from '../../src/memory/sites.js';
import { bootSmall, funcOf, funcWord, livepatch, plain, settle } from './fixtures.js';
import type { Machine } from './machine.js';

/** A machine on which `p` is enabled. */
const done = (...ablate: SiteId[]): Machine => {
  const m = bootSmall({ modules: [livepatch('p', ['f']), livepatch('q', ['g'])], ablate });
  m.load('p');
  settle(m);
  return m;
};

test('klp_free_patch_start: unlists the patch and removes the directories below its own, once (klp_free_objects, __klp_free_objects, __klp_free_funcs)', (t) => {
  const m = done();
  const patch = m.patch('p');
  m.run((cpu) => klpFreePatchStart(cpu, patch));
  t.is(m.listLength(m.ctx.klp.patches), 0);
  t.is(m.listLength(patch + KLP_PATCH.objList), 0);
  t.is(m.words[m.directory('p') + KOBJECT.child], 0);
  t.not(m.directory('p'), 0);
});

test('klp_free_patch_finish: drops the module reference after the directory is gone, unless the patch was forced', (t) => {
  for (const forced of [0, 1]) {
    const m = done();
    const patch = m.patch('p');
    m.words[patch + KLP_PATCH.forced] = forced;
    m.run((cpu) => {
      klpFreePatchStart(cpu, patch);
      klpFreePatchFinish(cpu, patch);
    });
    t.is(m.directory('p'), 0);
    t.is(m.refcount('p'), forced);
    const puts = m.cpu.events.filter((e) => e.event === TRACE_KLP_MODULE_PUT);
    t.is(puts.length, 1 - forced);
  }
});

test('klp_kobj_release_patch: the directory goes only when the last operation on a file of it has ended', (t) => {
  const m = done();
  const kobj = m.directory('p');
  const mod = m.module('p');
  const seen: unknown[] = [];
  // Somebody is in a file of the patch while the worker removes it, and leaves when the worker has waited for a while.
  t.true(m.run((cpu) => kobjectGetActive(cpu, kobj)));
  let waits = 0;
  m.interrupt = (cpu) => {
    if (m.words[kobj + KOBJECT.active]! >= 0 || ++waits !== 5) return;
    seen.push(m.directory('p') === kobj, moduleRefcount(cpu, mod), kobjectGetActive(cpu, kobj));
    kobjectPutActive(cpu, kobj);
  };
  m.run((cpu) => ENABLED.store!(cpu, kobj, '0'));
  settle(m);
  t.deepEqual(seen, [true, 1, false]);
  t.is(m.directory('p'), 0);
  t.is(m.refcount('p'), 0);
});

test('klp_free_patch_async and klp_free_patch_work_fn: the writer of "enabled" does not wait for its own directory', (t) => {
  const m = done();
  // A synchronous removal would wait for this very write.
  t.is(m.write('p', ENABLED, '0'), 1);
  m.until(() => m.directory('p') === 0);
  t.is(m.refcount('p'), 0);
});

test('klp_free_patch_finish: putting the module before the kobject is released is a use after free (O-29)', (t) => {
  const race = (m: Machine): void => {
    const patch = m.patch('p');
    m.run((cpu) => klpFreePatchStart(cpu, patch));
    m.run((cpu) => {
      // Somebody is in a file of the patch while it is freed, and rmmod runs as soon as the reference is gone.
      const release = cpu.fetchAdd.bind(cpu);
      const mod = m.module('p');
      cpu.fetchAdd = (addr, delta) => {
        const old = release(addr, delta);
        if (old === 2 && delta === -1 && moduleRefcount(cpu, mod) === 0) {
          cpu.fetchAdd = release;
          deleteModule(cpu, m.name('p'));
        }
        return old;
      };
      klpFreePatchFinish(cpu, patch);
      cpu.fetchAdd = release;
    });
  };
  t.notThrows(() => race(done()));
  t.throws(() => race(done(O_29)), {
    instanceOf: KernelOops,
    code: 'ERR_INVARIANT_VIOLATED',
    message: /use after free/,
  });
});

test('klp_free_replaced_patches_async: frees every patch before the new one, and the new one not', (t) => {
  const m = done();
  m.load('q');
  settle(m);
  m.run((cpu) => klpFreeReplacedPatchesAsync(cpu, m.patch('q')));
  m.sleep(5);
  t.is(m.directory('p'), 0);
  t.not(m.directory('q'), 0);
  t.is(m.listLength(m.ctx.klp.patches), 1);
});

test('klp_free_object_loaded: forgets the module and the addresses of its functions', (t) => {
  const m = bootSmall({
    modules: [
      { name: 'target', functions: [plain('tf')] },
      {
        name: 'p',
        functions: [plain('new', 1)],
        patch: { objects: [{ name: 'target', funcs: [{ old: 'tf', new: 'new' }] }] },
      },
    ],
  });
  m.load('target');
  m.load('p');
  settle(m);
  const obj = m.object('p', 'target');
  const newFunc = funcWord(m, funcOf(m, 'p', 'target'), 'newFunc');
  m.run((cpu) => klpFreeObjectLoaded(cpu, obj));
  t.is(m.words[obj + KLP_OBJECT.mod], 0);
  t.is(funcWord(m, funcOf(m, 'p', 'target'), 'oldFunc'), 0);
  t.is(funcWord(m, funcOf(m, 'p', 'target'), 'newFunc'), newFunc);
});

test('klp_free_objects_dynamic, klp_kobj_release_object and klp_kobj_release_func: nops and their objects are freed, static ones stay with the module', (t) => {
  const m = bootSmall({
    modules: [livepatch('p', ['f', 'g']), livepatch('q', ['h'], { replace: true })],
  });
  m.load('p');
  settle(m);
  m.load('q');
  settle(m);
  m.unload('p');
  const { funcCache, objectCache } = m.ctx.klp;
  const inUse = (): number[] =>
    [funcCache, objectCache].map((c) => m.words[c.control + CACHE.inUse]!);
  t.deepEqual(inUse(), [1, 1]);
  m.write('q', ENABLED, '0');
  settle(m);
  t.deepEqual(inUse(), [1, 1]);
  m.unload('q');
  t.deepEqual(inUse(), [0, 0]);
});

test('a module can be unloaded exactly when its directory is gone', (t) => {
  const m = done();
  t.is(m.unload('p'), -11);
  m.write('p', ENABLED, '0');
  m.until(() => m.refcount('p') === 0);
  t.is(m.directory('p'), 0);
  t.is(m.unload('p'), 0);
});
