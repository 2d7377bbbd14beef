/** Bugs of the past that need two CPUs: which races show them. */

import { O_17, O_26 } from '../../memory/sites.js';
import { WARN_HANDLER_UNDEFINED } from '../../livepatch/warn-sites.js';
import { historyRace, type HistoryScenario } from '../../scenario/history.js';

export const HISTORY_RACES: readonly HistoryScenario[] = [
  historyRace({
    id: 'R-07',
    commit: '842c08846420',
    title: 'livepatch: Fix stacking of patches with respect to RCU',
    release: '4.13, 2017',
    mechanism:
      'The handler was only protected by rcu_read_lock(), which means nothing where RCU does not watch the CPU: ' +
      'synchronize_rcu() returned while a handler still held a removed function.',
    replayed: 'O-17 is removed: completing does not wait for a handler that is under way.',
    shows: `WARN ${WARN_HANDLER_UNDEFINED.id}`,
    before: { scenario: 'complete-unpatched', removed: [O_17] },
    after: { scenario: 'complete-unpatched' },
  }),
  historyRace({
    id: 'R-10',
    commit: '8869016d3a58',
    title: 'livepatch: add locking to force and signal functions',
    release: '4.16, 2018',
    mechanism:
      'The sysfs store that forces a transition ran without klp_mutex: the transition could complete in the middle of it.',
    replayed: 'The store of that time against the last attempt of an enabling.',
    shows: 'oops',
    before: { scenario: 'force-unlocked' },
    after: { scenario: 'force-unlocked-today' },
  }),
  historyRace({
    id: 'R-12',
    commit: '958ef1e39d24',
    title: 'livepatch: Simplify API by removing registration step',
    release: '5.1, 2019',
    mechanism:
      'The kobject of a patch was released under klp_mutex. Its files only go when nobody is in one of them, and whoever writes ' +
      'into one waits for klp_mutex: both waited for ever.',
    replayed: 'The last part of freeing runs under the mutex, against a write into enabled.',
    shows: 'stuck',
    before: { scenario: 'free-locked' },
    after: { scenario: 'free-locked-today' },
  }),
  historyRace({
    id: 'R-22',
    commit: '5de62ea84abd',
    title: 'sched,livepatch: Use wake_up_if_idle()',
    release: '5.16, 2021',
    mechanism:
      'The idle task of a CPU without work can neither be switched from outside nor reach its own switch point: nobody ' +
      'prodded it.',
    replayed: 'O-26 is removed: idle CPUs are not prodded.',
    shows: 'stalled',
    before: { scenario: 'idle-cpu', removed: [O_26] },
    after: { scenario: 'idle-cpu' },
  }),
  historyRace({
    id: 'R-23',
    commit: '50a0f3f55e38',
    title: 'livepatch: Fix missing unlock on error in klp_enable_patch()',
    release: '5.17, 2022',
    mechanism:
      'The repair of a reference leak forgot to give klp_mutex back where try_module_get() fails: the next operation on any ' +
      'livepatch waits for ever.',
    replayed:
      'The module of a second patch looks as if it were going, so that no reference can be taken; another CPU disables the ' +
      'first patch.',
    shows: 'stuck',
    before: { scenario: 'enable-going' },
    after: { scenario: 'enable-going-today' },
  }),
  historyRace({
    id: 'R-28b',
    commit: 'e3ff7c609f39',
    title: 'livepatch,sched: Add livepatch task switching to cond_resched() (v2, reverse)',
    release: '6.4, 2023',
    mechanism:
      'The second version flipped klp_target_state before it waited for whoever was switching. The hook reads it once for ' +
      'every function: one call could look for some functions of the one and some of the other direction.',
    replayed:
      'The reverse of 6.1, which has that order and no hook, against a hook call that looks whether the direction changed ' +
      'under it. No wrong switch comes of it: the store of patch_state reads the direction again.',
    shows: 'flipped',
    before: { scenario: 'hook-switch-flip-early' },
    after: { scenario: 'hook-switch-flip' },
  }),
  historyRace({
    id: 'R-36',
    commit: 'e91c2518a5d2',
    title: 'livepatch: Initialize shadow variables safely by a custom callback',
    release: '4.18, 2018',
    mechanism:
      'Two CPUs could allocate the same shadow variable, and a reader could find it before it was initialised.',
    replayed: 'The allocation of that time, with one lookup outside of the lock, on two CPUs.',
    shows: 'two variables',
    before: { scenario: 'shadow-old' },
    after: { scenario: 'shadow-alloc' },
  }),
];
