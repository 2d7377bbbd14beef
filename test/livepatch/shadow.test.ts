import test from 'ava';
import { CACHE } from '../../src/kernel/alloc.js';
import { ENOMEM } from '../../src/kernel/errno.js';
import { KLP_SHADOW_DATA_WORDS } from '../../src/livepatch/layout.js';
import {
  klpShadowAlloc,
  klpShadowFree,
  klpShadowFreeAll,
  klpShadowGet,
  klpShadowGetOrAlloc,
  type KlpShadowCtor,
  type KlpShadowDtor,
} from '../../src/livepatch/shadow.js';
import { WARN_SHADOW_DUPLICATE } from '../../src/livepatch/warn-sites.js';
import { O_30 } from '../../src/memory/sites.js';
import { bootSmall } from './fixtures.js';

const OBJECTS = [1000, 1016, 1032];
const ID = 0x1234;

const store: KlpShadowCtor = (cpu, _obj, data, value) => {
  cpu.write(data, value);
  return 0;
};

test('klp_shadow_get: NULL until there is a variable, then its data, for its object and id only (klp_shadow_match)', (t) => {
  const m = bootSmall();
  m.run((cpu) => {
    t.is(klpShadowGet(cpu, 1000, ID), 0);
    const data = klpShadowAlloc(cpu, 1000, ID, 2, store, 77);
    t.not(data, 0);
    t.is(klpShadowGet(cpu, 1000, ID), data);
    t.is(cpu.read(data), 77);
    t.is(klpShadowGet(cpu, 1000, ID + 1), 0);
    t.is(klpShadowGet(cpu, 1016, ID), 0);
  });
});

test('klp_shadow_alloc: a second variable is refused with a WARN; klp_shadow_get_or_alloc returns the first (__klp_shadow_get_or_alloc)', (t) => {
  const m = bootSmall();
  m.run((cpu) => {
    const data = klpShadowGetOrAlloc(cpu, 1000, ID, 1, store, 1);
    t.is(klpShadowAlloc(cpu, 1000, ID, 1, store, 2), 0);
    t.is(klpShadowGetOrAlloc(cpu, 1000, ID, 1, store, 3), data);
    t.is(cpu.read(data), 1);
  });
  t.deepEqual(m.warnings(), { [WARN_SHADOW_DUPLICATE.id]: 1 });
});

test('klp_shadow_alloc: data is zeroed, and more of it than there is room for is refused', (t) => {
  const m = bootSmall({ klp: { shadows: 1 } });
  m.run((cpu) => {
    t.is(klpShadowAlloc(cpu, 1000, ID, KLP_SHADOW_DATA_WORDS + 1), 0);
    const data = klpShadowAlloc(cpu, 1000, ID, KLP_SHADOW_DATA_WORDS);
    for (let i = 0; i < KLP_SHADOW_DATA_WORDS; i++) t.is(cpu.read(data + i), 0);
    t.is(klpShadowAlloc(cpu, 1016, ID, 1), 0);
  });
});

test('klp_shadow_alloc: a failing constructor leaves nothing but its message', (t) => {
  const m = bootSmall();
  const data = m.run((cpu) => klpShadowAlloc(cpu, 1000, ID, 1, () => -ENOMEM));
  t.is(data, 0);
  t.is(
    m.run((cpu) => klpShadowGet(cpu, 1000, ID)),
    0,
  );
  t.deepEqual(m.log(), ['Failed to construct shadow variable <00000000000003e8, 1234> (-12)']);
  t.is(m.words[m.ctx.klp.shadowCache.control + CACHE.inUse], 0);
});

test('the whole API as the kernel selftest walks through it', (t) => {
  const m = bootSmall();
  const destroyed: number[] = [];
  const dtor: KlpShadowDtor = (_cpu, obj) => void destroyed.push(obj);
  const { data, found } = m.run((cpu) => {
    const first = OBJECTS.map((obj, i) => klpShadowGetOrAlloc(cpu, obj, ID, 1, store, i));
    const second = OBJECTS.map((obj) => klpShadowAlloc(cpu, obj, ID + 1, 1, store, 9));
    const found = OBJECTS.map((obj) => klpShadowGet(cpu, obj, ID));
    for (const obj of OBJECTS) klpShadowFree(cpu, obj, ID, dtor);
    klpShadowFree(cpu, OBJECTS[0]!, ID, dtor);
    return { data: { first, second }, found };
  });
  t.deepEqual(found, data.first);
  t.deepEqual(destroyed, OBJECTS);
  const left = (id: number): number[] =>
    m.run((cpu) => OBJECTS.map((obj) => klpShadowGet(cpu, obj, id)));
  t.deepEqual(left(ID), [0, 0, 0]);
  t.deepEqual(left(ID + 1), data.second);
  m.run((cpu) => klpShadowFreeAll(cpu, ID + 1));
  t.deepEqual(left(ID + 1), [0, 0, 0]);
  m.sleep(20);
  t.is(m.words[m.ctx.klp.shadowCache.control + CACHE.inUse], 0);
});

test('klp_shadow_free and klp_shadow_free_struct: the memory is given back only after a grace period, unless that is ablated (O-30)', (t) => {
  for (const ablate of [[], [O_30]]) {
    const m = bootSmall({ ablate });
    const { inUse, kept } = m.run((cpu) => {
      const data = klpShadowAlloc(cpu, 1000, ID, 1, store, 5);
      klpShadowFree(cpu, 1000, ID);
      return { inUse: m.words[m.ctx.klp.shadowCache.control + CACHE.inUse], kept: cpu.read(data) };
    });
    t.is(inUse, ablate.length === 0 ? 1 : 0);
    t.is(kept === 5, ablate.length === 0);
  }
});

test('klp_shadow_alloc: the constructor runs before anybody can find the variable, unless that is ablated (O-30)', (t) => {
  for (const ablate of [[], [O_30]]) {
    const m = bootSmall({ ablate });
    const visible: boolean[] = [];
    m.run((cpu) =>
      klpShadowAlloc(cpu, 1000, ID, 1, () => {
        visible.push(klpShadowGet(cpu, 1000, ID) !== 0);
        return 0;
      }),
    );
    t.deepEqual(visible, [ablate.length > 0]);
  }
});

test('klp_shadow_free: a variable in the middle of a bucket leaves its neighbours', (t) => {
  const m = bootSmall({ klp: { shadowBits: 0 } });
  m.run((cpu) => {
    for (const obj of OBJECTS) klpShadowAlloc(cpu, obj, ID, 1);
    klpShadowFree(cpu, OBJECTS[1]!, ID);
    t.deepEqual(
      OBJECTS.map((obj) => klpShadowGet(cpu, obj, ID) !== 0),
      [true, false, true],
    );
  });
});

test.failing('a shadow variable can hold as much data as there is memory', (t) => {
  const m = bootSmall();
  t.not(
    m.run((cpu) => klpShadowAlloc(cpu, 1000, ID, 2 * KLP_SHADOW_DATA_WORDS)),
    0,
  );
});
