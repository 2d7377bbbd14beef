/** A livepatch race with callbacks: two writers of `enabled` at once, and every callback that ran has its counterpart. */

import {
  attempt,
  kernelRace,
  loadLivepatches,
  PATCHED_FUNCTION,
  restFor,
  writeEnabled,
} from 'klp-smp';

/** Events of the callbacks. */
const PRE_PATCH = 1;
const POST_PATCH = 2;
const PRE_UNPATCH = 3;
const POST_UNPATCH = 4;

function prePatch(cpu) {
  cpu.trace(PRE_PATCH);
  return 0;
}
function postPatch(cpu) {
  cpu.trace(POST_PATCH);
  return 0;
}
function preUnpatch(cpu) {
  cpu.trace(PRE_UNPATCH);
  return 0;
}
function postUnpatch(cpu) {
  cpu.trace(POST_UNPATCH);
  return 0;
}

function enable(cpu) {
  loadLivepatches(cpu, 1);
}

/** Disable the patch and drive the transition to its end. */
function disable(cpu) {
  writeEnabled(cpu, 0, '0');
  restFor(cpu, 300);
  attempt(cpu);
}

export const callbacks = kernelRace({
  name: 'callbacks',
  description: 'Two writers of enabled; the callbacks of the patch balance.',
  declaration: {
    ...PATCHED_FUNCTION,
    callbacks: [undefined, prePatch, postPatch, preUnpatch, postUnpatch],
    modules: PATCHED_FUNCTION.modules.map((module) => ({
      ...module,
      patch: {
        objects: module.patch.objects.map((object) => ({
          ...object,
          callbacks: { prePatch: 1, postPatch: 2, preUnpatch: 3, postUnpatch: 4 },
        })),
      },
    })),
  },
  roles: [
    { comm: 'one', sleepingIn: [], body: disable },
    { comm: 'two', sleepingIn: [], body: disable },
  ],
  prepare: enable,
  jiffies: 1000,
  observe(end) {
    const count = (event) => end.events.filter((it) => it.event === event).length;
    const removed = count(PRE_UNPATCH) - count(POST_UNPATCH);
    return `${count(PRE_UNPATCH)} begun, ${removed} unfinished`;
  },
  outcomes: {
    '1 begun, 0 unfinished': { grade: 'acceptable', reason: 'one writer won, its callbacks ran' },
    '1 begun, 1 unfinished': { grade: 'interesting', reason: 'the transition still waits' },
  },
  bounds: { steps: 40_000 },
});
