/** The classic litmus shapes, bare and fenced, with what the Linux kernel memory model says about each. */

import {
  forbidden,
  interesting,
  loadAcquire,
  rcuDereference,
  read,
  readOnce,
  readThrough,
  setBit,
  shape,
  smpMb,
  smpRmb,
  smpWmb,
  spinLock,
  spinUnlock,
  storeRelease,
  testAndClearBit,
  write,
  writeOnce,
  writeRegister,
  xchg,
  type LitmusShape,
} from './shape.js';

const ORDER = 'store-store or load-load';

/** Store buffering: two threads each store to one location and load the other. */
const SB: readonly LitmusShape[] = [
  shape('SB+plain', {
    threads: [
      [write('x', 1), read('y', 'r0')],
      [write('y', 1), read('x', 'r0')],
    ],
    relaxation: 'store-load',
    weak: { '0, 0': interesting('both stores waited in a store buffer') },
  }),
  shape('SB+poonceonces', {
    threads: [
      [writeOnce('x', 1), readOnce('y', 'r0')],
      [writeOnce('y', 1), readOnce('x', 'r0')],
    ],
    relaxation: 'store-load',
    weak: { '0, 0': interesting('both stores waited in a store buffer') },
  }),
  shape('SB+fencembonceonces', {
    threads: [
      [writeOnce('x', 1), smpMb(), readOnce('y', 'r0')],
      [writeOnce('y', 1), smpMb(), readOnce('x', 'r0')],
    ],
    relaxation: 'none',
    weak: { '0, 0': forbidden('a load would have to pass its own smp_mb()') },
  }),
  shape('SB+plain+fencembs', {
    threads: [
      [write('x', 1), smpMb(), read('y', 'r0')],
      [write('y', 1), smpMb(), read('x', 'r0')],
    ],
    relaxation: 'none',
    weak: { '0, 0': forbidden('a load would have to pass its own smp_mb()') },
  }),
  shape('SB+poreleaseacquires', {
    threads: [
      [storeRelease('x', 1), loadAcquire('y', 'r0')],
      [storeRelease('y', 1), loadAcquire('x', 'r0')],
    ],
    relaxation: 'store-load',
    weak: { '0, 0': interesting('a release does not wait before a later acquire') },
  }),
  shape('SB+xchgs', {
    threads: [
      [xchg('x', 1, 'r0'), readOnce('y', 'r1')],
      [xchg('y', 1, 'r0'), readOnce('x', 'r1')],
    ],
    relaxation: 'none',
    weak: { '0, 0, 0, 0': forbidden('xchg() is a full barrier') },
  }),
];

const STALE_DATA = interesting('the flag was seen before the data');

/** Message passing: data, then a flag; a reader that sees the flag wants the data. */
const MP: readonly LitmusShape[] = [
  shape('MP+poonceonces', {
    threads: [
      [writeOnce('x', 1), writeOnce('y', 1)],
      [readOnce('y', 'r0'), readOnce('x', 'r1')],
    ],
    relaxation: ORDER,
    weak: { '1, 0': STALE_DATA },
  }),
  shape('MP+poonceonce+fencermbonceonce', {
    threads: [
      [writeOnce('x', 1), writeOnce('y', 1)],
      [readOnce('y', 'r0'), smpRmb(), readOnce('x', 'r1')],
    ],
    relaxation: ORDER,
    weak: { '1, 0': interesting('without smp_wmb() the stores may swap') },
  }),
  shape('MP+fencewmbonceonce+poonceonce', {
    threads: [
      [writeOnce('x', 1), smpWmb(), writeOnce('y', 1)],
      [readOnce('y', 'r0'), readOnce('x', 'r1')],
    ],
    relaxation: ORDER,
    weak: { '1, 0': interesting('without smp_rmb() the loads may swap') },
  }),
  shape('MP+fencewmbonceonce+fencermbonceonce', {
    threads: [
      [writeOnce('x', 1), smpWmb(), writeOnce('y', 1)],
      [readOnce('y', 'r0'), smpRmb(), readOnce('x', 'r1')],
    ],
    relaxation: 'none',
    weak: { '1, 0': forbidden('smp_wmb() and smp_rmb() pair') },
  }),
  shape('MP+pooncerelease+poacquireonce', {
    threads: [
      [writeOnce('x', 1), storeRelease('y', 1)],
      [loadAcquire('y', 'r0'), readOnce('x', 'r1')],
    ],
    relaxation: 'none',
    weak: { '1, 0': forbidden('the release and the acquire pair') },
  }),
  shape('MP+onceassign+derefonce', {
    init: { p: 'z' },
    threads: [
      [writeOnce('x', 1), storeRelease('p', 'x')],
      [rcuDereference('p', 'r0'), readThrough('r0', 'r1')],
    ],
    relaxation: 'none',
    weak: { 'x, 0': forbidden('the load goes through the address that was published') },
  }),
  shape('MP+setbit+testandclear', {
    threads: [
      [writeOnce('x', 1), setBit('y')],
      [testAndClearBit('y', 'r0'), readOnce('x', 'r1')],
    ],
    relaxation: ORDER,
    weak: { '1, 0': interesting('set_bit() orders nothing') },
  }),
  shape('MP+wmbsetbit+testandclear', {
    threads: [
      [writeOnce('x', 1), smpWmb(), setBit('y')],
      [testAndClearBit('y', 'r0'), readOnce('x', 'r1')],
    ],
    relaxation: 'none',
    weak: { '1, 0': forbidden('smp_wmb() pairs with the full barrier of test_and_clear_bit()') },
  }),
  shape('MP+polocks', {
    threads: [
      [writeOnce('x', 1), spinLock('l'), writeOnce('y', 1), spinUnlock('l')],
      [spinLock('l'), readOnce('y', 'r0'), spinUnlock('l'), readOnce('x', 'r1')],
    ],
    relaxation: 'none',
    weak: {
      '1, 0': forbidden('the unlock orders what its CPU did before it, even before the lock'),
    },
  }),
  shape('MP+porevlocks', {
    threads: [
      [spinLock('l'), writeOnce('x', 1), spinUnlock('l'), writeOnce('y', 1)],
      [readOnce('y', 'r0'), spinLock('l'), readOnce('x', 'r1'), spinUnlock('l')],
    ],
    relaxation: 'none',
    weak: { '1, 0': forbidden('the lock orders the two sections, the data is inside') },
  }),
];

/** Load buffering: two threads each load one location and then store to the other. */
const LB: readonly LitmusShape[] = [
  shape('LB+poonceonces', {
    threads: [
      [readOnce('x', 'r0'), writeOnce('y', 1)],
      [readOnce('y', 'r0'), writeOnce('x', 1)],
    ],
    relaxation: 'load-store',
    weak: { '1, 1': interesting('both stores passed an older load') },
  }),
  shape('LB+fencembonceonces', {
    threads: [
      [readOnce('x', 'r0'), smpMb(), writeOnce('y', 1)],
      [readOnce('y', 'r0'), smpMb(), writeOnce('x', 1)],
    ],
    relaxation: 'none',
    weak: { '1, 1': forbidden('a store would have to pass its own smp_mb()') },
  }),
  shape('LB+datas', {
    threads: [
      [readOnce('x', 'r0'), writeRegister('y', 'r0')],
      [readOnce('y', 'r0'), writeRegister('x', 'r0')],
    ],
    relaxation: 'none',
    weak: { '1, 1': forbidden('the value would come out of thin air') },
  }),
];

/** S: a store against a store that a reader has been told of. */
const S: readonly LitmusShape[] = [
  shape('S+poonceonces', {
    threads: [
      [writeOnce('x', 2), writeOnce('y', 1)],
      [readOnce('y', 'r0'), writeOnce('x', 1)],
    ],
    finals: ['x'],
    relaxation: ORDER,
    weak: { '1, 2': interesting('the first stores swapped') },
  }),
  shape('S+fencewmbonceonce+poacquireonce', {
    threads: [
      [writeOnce('x', 2), smpWmb(), writeOnce('y', 1)],
      [loadAcquire('y', 'r0'), writeOnce('x', 1)],
    ],
    finals: ['x'],
    relaxation: 'none',
    weak: { '1, 2': forbidden('smp_wmb() pairs with the acquire') },
  }),
];

/** R: one thread's stores against the other's store and load. */
const R: readonly LitmusShape[] = [
  shape('R+poonceonces', {
    threads: [
      [writeOnce('x', 1), writeOnce('y', 1)],
      [writeOnce('y', 2), readOnce('x', 'r0')],
    ],
    finals: ['y'],
    relaxation: 'store-load',
    weak: { '0, 2': interesting('the load passed the store, or the stores swapped') },
  }),
  shape('R+fencewmbonceonce+fencembonceonce', {
    threads: [
      [writeOnce('x', 1), smpWmb(), writeOnce('y', 1)],
      [writeOnce('y', 2), smpMb(), readOnce('x', 'r0')],
    ],
    finals: ['y'],
    relaxation: 'non-multi-copy-atomic',
    weak: { '0, 2': interesting('smp_wmb() alone need not reach every CPU at once') },
  }),
  shape('R+fencembonceonces', {
    threads: [
      [writeOnce('x', 1), smpMb(), writeOnce('y', 1)],
      [writeOnce('y', 2), smpMb(), readOnce('x', 'r0')],
    ],
    finals: ['y'],
    relaxation: 'none',
    weak: { '0, 2': forbidden('smp_mb() on both sides') },
  }),
];

/** 2+2W: two threads store to the same two locations in opposite order. */
const TWO_PLUS_TWO_W: readonly LitmusShape[] = [
  shape('2+2W+poonceonces', {
    threads: [
      [writeOnce('x', 1), writeOnce('y', 2)],
      [writeOnce('y', 1), writeOnce('x', 2)],
    ],
    finals: ['x', 'y'],
    relaxation: ORDER,
    weak: { '1, 1': interesting('each first store landed last') },
  }),
  shape('2+2W+fencewmbonceonces', {
    threads: [
      [writeOnce('x', 1), smpWmb(), writeOnce('y', 2)],
      [writeOnce('y', 1), smpWmb(), writeOnce('x', 2)],
    ],
    finals: ['x', 'y'],
    relaxation: 'non-multi-copy-atomic',
    weak: { '1, 1': interesting('smp_wmb() alone does not order the two threads') },
  }),
  shape('2+2W+fencembonceonces', {
    threads: [
      [writeOnce('x', 1), smpMb(), writeOnce('y', 2)],
      [writeOnce('y', 1), smpMb(), writeOnce('x', 2)],
    ],
    finals: ['x', 'y'],
    relaxation: 'none',
    weak: { '1, 1': forbidden('smp_mb() on both sides') },
  }),
];

/** IRIW: two readers see two independent stores in different orders. */
const IRIW: readonly LitmusShape[] = [
  shape('IRIW+poonceonces', {
    threads: [
      [writeOnce('x', 1)],
      [readOnce('x', 'r0'), readOnce('y', 'r1')],
      [writeOnce('y', 1)],
      [readOnce('y', 'r0'), readOnce('x', 'r1')],
    ],
    relaxation: ORDER,
    weak: { '1, 0, 1, 0': interesting('a reader loaded in the other order') },
  }),
  shape('IRIW+fencermbonceonces', {
    threads: [
      [writeOnce('x', 1)],
      [readOnce('x', 'r0'), smpRmb(), readOnce('y', 'r1')],
      [writeOnce('y', 1)],
      [readOnce('y', 'r0'), smpRmb(), readOnce('x', 'r1')],
    ],
    relaxation: 'non-multi-copy-atomic',
    weak: { '1, 0, 1, 0': interesting('a store reached one reader before the other') },
  }),
  shape('IRIW+fencembonceonces', {
    threads: [
      [writeOnce('x', 1)],
      [readOnce('x', 'r0'), smpMb(), readOnce('y', 'r1')],
      [writeOnce('y', 1)],
      [readOnce('y', 'r0'), smpMb(), readOnce('x', 'r1')],
    ],
    relaxation: 'none',
    weak: { '1, 0, 1, 0': forbidden('smp_mb() makes the readers agree') },
  }),
];

/** WRC: a store is seen and passed on; the third thread wants the first store. */
const WRC: readonly LitmusShape[] = [
  shape('WRC+poonceonces', {
    threads: [
      [writeOnce('x', 1)],
      [readOnce('x', 'r0'), writeOnce('y', 1)],
      [readOnce('y', 'r0'), readOnce('x', 'r1')],
    ],
    relaxation: ORDER,
    weak: { '1, 1, 0': interesting('the last thread loaded in the other order') },
  }),
  shape('WRC+pooncerelease+fencermbonceonce', {
    threads: [
      [writeOnce('x', 1)],
      [readOnce('x', 'r0'), storeRelease('y', 1)],
      [readOnce('y', 'r0'), smpRmb(), readOnce('x', 'r1')],
    ],
    relaxation: 'none',
    weak: { '1, 1, 0': forbidden('a release passes on what its CPU has seen') },
  }),
];

/** ISA2: a message passed through two threads. */
const ISA2: readonly LitmusShape[] = [
  shape('ISA2+poonceonces', {
    threads: [
      [writeOnce('x', 1), writeOnce('y', 1)],
      [readOnce('y', 'r0'), writeOnce('z', 1)],
      [readOnce('z', 'r0'), readOnce('x', 'r1')],
    ],
    relaxation: ORDER,
    weak: { '1, 1, 0': interesting('the stores or the last loads swapped') },
  }),
  shape('ISA2+pooncerelease+poacquirerelease+poacquireonce', {
    threads: [
      [writeOnce('x', 1), storeRelease('y', 1)],
      [loadAcquire('y', 'r0'), storeRelease('z', 1)],
      [loadAcquire('z', 'r0'), readOnce('x', 'r1')],
    ],
    relaxation: 'none',
    weak: { '1, 1, 0': forbidden('release and acquire at every step') },
  }),
];

/** Coherence: accesses to one location are never reordered. */
const COHERENCE: readonly LitmusShape[] = [
  shape('CoRR+poonceonce+Once', {
    threads: [[writeOnce('x', 1)], [readOnce('x', 'r0'), readOnce('x', 'r1')]],
    relaxation: 'none',
    weak: { '1, 0': forbidden('a later load of one location would see an older value') },
  }),
  shape('CoWW+poonceonce', {
    threads: [[writeOnce('x', 1), writeOnce('x', 2)]],
    finals: ['x'],
    relaxation: 'none',
    weak: { '1': forbidden('the first store would land last') },
  }),
  shape('CoRW+poonceonce+Once', {
    threads: [[readOnce('x', 'r0'), writeOnce('x', 1)], [writeOnce('x', 2)]],
    finals: ['x'],
    relaxation: 'none',
    weak: { '2, 2': forbidden('the load would see a store that comes after its own') },
  }),
  shape('CoWR+poonceonce+Once', {
    threads: [[writeOnce('x', 1), readOnce('x', 'r0')], [writeOnce('x', 2)]],
    finals: ['x'],
    relaxation: 'none',
    weak: { '2, 1': forbidden('the load would see a store that its own replaced') },
  }),
];

/** All shapes, by family. */
export const LITMUS_SHAPES: readonly LitmusShape[] = [
  ...SB,
  ...MP,
  ...LB,
  ...S,
  ...R,
  ...TWO_PLUS_TWO_W,
  ...IRIW,
  ...WRC,
  ...ISA2,
  ...COHERENCE,
];
