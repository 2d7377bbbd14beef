import test from 'ava';
import { KLP_FACTS } from '../../src/livepatch/versions.js';
import { CACHE } from '../../src/kernel/alloc.js';
import { ENOMEM } from '../../src/kernel/errno.js';
import { klpBuildImage, klpFreeImage, type PatchSpec } from '../../src/livepatch/image.js';
import {
  claimKlp,
  EMPTY_ARRAY,
  KLP_FUNC,
  KLP_NAMES,
  KLP_OBJECT,
  KLP_PATCH,
  KLP_STATE,
  type KlpSize,
} from '../../src/livepatch/layout.js';
import { MemoryMap } from '../../src/memory/map.js';
import { POISON } from '../../src/memory/struct.js';
import { bootSmall, livepatch, settle } from './fixtures.js';

const SPEC: PatchSpec = {
  replace: true,
  objects: [
    {
      funcs: [
        { oldName: 3, newName: 0 },
        { oldName: 4, newName: 0, oldSympos: 2 },
      ],
    },
    { name: 5, funcs: [], callbacks: { postPatch: 9 } },
    { name: 6 },
  ],
  states: [
    { id: 1, version: 4 },
    { id: 2, version: 5 },
  ],
};

test('an image holds objects, functions and states in the order of its description', (t) => {
  const m = bootSmall({ modules: [livepatch('p', ['f'])] });
  m.load('p');
  settle(m);
  const patch = m.run((cpu) => klpBuildImage(cpu, m.module('p'), SPEC));
  const at = (addr: number): number => m.words[addr]!;
  t.is(at(patch + KLP_PATCH.replace), 1);
  const objects: number[] = [];
  for (let o = at(patch + KLP_PATCH.objs); o !== 0; o = at(o + KLP_OBJECT.next)) objects.push(o);
  t.deepEqual(
    objects.map((o) => at(o + KLP_OBJECT.name)),
    [0, 5, 6],
  );
  const arrays = objects.map((o) => at(o + KLP_OBJECT.funcs));
  t.deepEqual(arrays.slice(1), [EMPTY_ARRAY, 0]);
  const second = at(arrays[0]! + KLP_FUNC.next);
  t.deepEqual([at(arrays[0]! + KLP_FUNC.oldName), at(second + KLP_FUNC.oldName)], [3, 4]);
  t.deepEqual([at(second + KLP_FUNC.oldSympos), at(second + KLP_FUNC.next)], [2, 0]);
  t.is(at(objects[1]! + KLP_OBJECT.callbacks + 1), 9);
  const first = at(patch + KLP_PATCH.states);
  t.deepEqual(
    [first, at(first + KLP_STATE.next)].map((s) => at(s + KLP_STATE.version)),
    [4, 5],
  );
});

test('a freed image gives everything back, and its memory is poisoned', (t) => {
  const m = bootSmall({ modules: [livepatch('p', ['f'])] });
  m.load('p');
  settle(m);
  const { patchCache, objectCache, funcCache, stateCache } = m.ctx.klp;
  const caches = [patchCache, objectCache, funcCache, stateCache];
  const inUse = (): number[] => caches.map((c) => m.words[c.control + CACHE.inUse]!);
  const before = inUse();
  const patch = m.run((cpu) => {
    const built = klpBuildImage(cpu, m.module('p'), SPEC);
    klpFreeImage(cpu, built);
    return built;
  });
  t.deepEqual(inUse(), before);
  t.is(m.words[patch + KLP_PATCH.mod], POISON);
});

test('an image that does not fit leaks nothing, and its module is refused with -ENOMEM', (t) => {
  for (const klp of [{ funcs: 1 }, { objects: 0 }, { states: 1 }, { patches: 0 }]) {
    const states = [
      { id: 1, version: 1 },
      { id: 2, version: 1 },
    ];
    const m = bootSmall({ modules: [livepatch('p', ['f', 'g'], { states })], klp });
    t.is(m.load('p'), -ENOMEM);
    for (const cache of [m.ctx.klp.patchCache, m.ctx.klp.objectCache, m.ctx.klp.funcCache]) {
      t.is(m.words[cache.control + CACHE.inUse], 0);
    }
    t.is(m.module('p'), 0);
  }
});

test('a name table without the texts of livepatch is a bug of the machine', (t) => {
  const size: KlpSize = {
    cpus: 1,
    patches: 1,
    objects: 1,
    funcs: 1,
    ops: 1,
    states: 1,
    shadows: 1,
    shadowBits: 0,
  };
  const names = ['', ...KLP_NAMES.filter((name) => name !== 'patching')];
  t.throws(() => claimKlp(new MemoryMap(), size, { names, facts: KLP_FACTS['6.5'] }), {
    code: 'ERR_SIMULATOR_BUG',
    message: "[simulator bug] the name table lacks 'patching'",
  });
});
