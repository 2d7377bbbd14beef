/** First contents of the words of livepatch, before any CPU runs. */

import { initCache } from '../kernel/alloc.js';
import { KOBJECT } from '../kernel/kobject.js';
import { LIST } from '../kernel/list.js';
import { DELAYED_WORK, WORK } from '../kernel/workqueue.js';
import type { Addr } from '../memory/struct.js';
import { TRANSITION_DEBUG, TRY_SWITCH_DEBUG } from './debug.js';
import { KLP_KTYPE_ROOT, KLP_UNDEFINED, KLP_WORK_TRANSITION, type KlpContext } from './layout.js';

function initHead(words: Int32Array, head: Addr): void {
  words[head + LIST.next] = head;
  words[head + LIST.prev] = head;
}

/**
 * Write the initial values of the globals, fill the caches, and create `/sys/kernel/livepatch`.
 *
 * @kernel klp_init, kernel/livepatch/core.c:1282 (v6.1)
 * @differs the static initialisers of core.c, patch.c and transition.c are here too; there is no `/sys/kernel` above it
 * @param words the machine's memory, zeroed but for what other rooms wrote
 */
export function initKlp(words: Int32Array, klp: KlpContext): void {
  const caches = [
    klp.patchCache,
    klp.objectCache,
    klp.funcCache,
    klp.opsCache,
    klp.stateCache,
    klp.shadowCache,
  ];
  for (const cache of caches) initCache(words, cache);
  initHead(words, klp.patches);
  initHead(words, klp.ops);
  words[klp.targetState] = KLP_UNDEFINED;
  words[klp.debug] =
    (klp.dynamicDebug ? TRANSITION_DEBUG : 0) | (klp.debugTrySwitchTask ? TRY_SWITCH_DEBUG : 0);
  words[klp.transitionWork + DELAYED_WORK.work + WORK.fn] = KLP_WORK_TRANSITION;
  words[klp.root + KOBJECT.refcount] = 1;
  words[klp.root + KOBJECT.ktype] = KLP_KTYPE_ROOT;
  words[klp.rootKobj] = klp.root;
}
