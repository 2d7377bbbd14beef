/** The files of `/sys/kernel/livepatch`: what reading and writing them does, from kernel/livepatch/core.c. */

import { EACCES, EINVAL, ENODEV } from '../kernel/errno.js';
import { kobjectGetActive, kobjectPutActive } from '../kernel/kobject.js';
import type { Cpu } from '../memory/cpu.js';
import { NULL, type Addr } from '../memory/struct.js';
import type { PatchFile } from './versions.js';
import { __klpDisablePatch } from './core.js';
import { klpForEachPatch } from './for-each.js';
import { KLP_OBJECT, KLP_PATCH } from './layout.js';
import { klpMutexLock, klpMutexUnlock } from './object.js';
import { klpForceTransition, klpReverseTransition } from './transition.js';

const FIRST_LETTER: Readonly<Record<string, boolean>> = {
  y: true,
  Y: true,
  t: true,
  T: true,
  '1': true,
  n: false,
  N: false,
  f: false,
  F: false,
  '0': false,
};
const AFTER_O: Readonly<Record<string, boolean>> = { n: true, N: true, f: false, F: false };

/** `enable` and `disable`, which 7.3 knows too. */
const BOOL_WORDS: Readonly<Record<string, boolean>> = { e: true, E: true, d: false, D: false };

/** What a text means as a switch, by its first letter (two for `on` and `off`); undefined: -EINVAL.
 * @kernel kstrtobool, lib/kstrtox.c (v6.1)
 * @param knowsWords whether `e` and `d` mean something, as in 7.3 */
export function kstrtobool(text: string, knowsWords = false): boolean | undefined {
  if (text[0] === 'o' || text[0] === 'O') return AFTER_O[text[1] ?? ''];
  const word = knowsWords ? BOOL_WORDS[text[0] ?? ''] : undefined;
  if (word !== undefined) return word;
  return FIRST_LETTER[text[0] ?? ''];
}

/** Write `enabled`: disable the patch, or reverse its transition. The length of `text`, or a negative errno.
 * @kernel enabled_store, kernel/livepatch/core.c:333 (v6.1) */
export function enabledStore(cpu: Cpu, kobj: Addr, text: string): number {
  const enabled = kstrtobool(text, cpu.ctx.kernel.facts.boolWords);
  if (enabled === undefined) return -EINVAL;
  const patch = kobj - KLP_PATCH.kobj;

  klpMutexLock(cpu);
  let ret = 0;
  if ((cpu.read(patch + KLP_PATCH.enabled) !== 0) === enabled) {
    ret = -EINVAL;
  } else if (patch === cpu.read(cpu.ctx.klp.transitionPatch)) {
    klpReverseTransition(cpu);
  } else if (!enabled) {
    ret = __klpDisablePatch(cpu, patch);
  } else {
    ret = -EINVAL; // A disabled patch cannot be enabled again.
  }
  klpMutexUnlock(cpu);
  return ret === 0 ? text.length : ret;
}

/** Read `enabled`: 0 or 1, without a lock.
 * @kernel enabled_show, kernel/livepatch/core.c:376 (v6.1) */
export function enabledShow(cpu: Cpu, kobj: Addr): number {
  return cpu.read(kobj - KLP_PATCH.kobj + KLP_PATCH.enabled);
}

/** Read `transition`: 0 or 1, without a lock.
 * @kernel transition_show, kernel/livepatch/core.c:385 (v6.1) */
export function transitionShow(cpu: Cpu, kobj: Addr): number {
  return kobj - KLP_PATCH.kobj === cpu.read(cpu.ctx.klp.transitionPatch) ? 1 : 0;
}

/** Write `force`: force the transition of this patch. The length of `text`, or a negative errno.
 * @kernel force_store, kernel/livepatch/core.c:395 (v6.1) */
export function forceStore(cpu: Cpu, kobj: Addr, text: string): number {
  const force = kstrtobool(text, cpu.ctx.kernel.facts.boolWords);
  if (force === undefined) return -EINVAL;
  if (!force) return text.length;

  klpMutexLock(cpu);
  if (kobj - KLP_PATCH.kobj !== cpu.read(cpu.ctx.klp.transitionPatch)) {
    klpMutexUnlock(cpu);
    return -EINVAL;
  }
  klpForceTransition(cpu);
  klpMutexUnlock(cpu);
  return text.length;
}

/** Read `replace`: 0 or 1.
 * @kernel replace_show, kernel/livepatch/core.c (v6.11)
 * @versions 6.12, 7.3 */
export function replaceShow(cpu: Cpu, kobj: Addr): number {
  return cpu.get(kobj - KLP_PATCH.kobj + KLP_PATCH.replace);
}

/** Read `stack_order`: position of the patch in the order of enabling, from 1; of a dying one, the number of others.
 * @kernel stack_order_show, kernel/livepatch/core.c (v6.14)
 * @versions 7.3 */
export function stackOrderShow(cpu: Cpu, kobj: Addr): number {
  let count = 0;
  klpMutexLock(cpu);
  let patch = NULL;
  while ((patch = klpForEachPatch(cpu, patch)) !== NULL) {
    count++;
    if (patch === kobj - KLP_PATCH.kobj) break;
  }
  klpMutexUnlock(cpu);
  return count;
}

/** Read `patched` of an object: 0 or 1, without a lock.
 * @kernel patched_show, kernel/livepatch/core.c:435 (v6.1) */
export function patchedShow(cpu: Cpu, kobj: Addr): number {
  return cpu.read(kobj - KLP_OBJECT.kobj + KLP_OBJECT.patched);
}

/** One file of a directory: what reading and writing it calls; a direction left out is not permitted. */
export interface KlpAttribute {
  readonly name: string;
  /** The value that reading gives. */
  readonly show?: (cpu: Cpu, kobj: Addr) => number;
  /** What writing `text` does: 0 or a negative errno. */
  readonly store?: (cpu: Cpu, kobj: Addr, text: string) => number;
}

/** `/sys/kernel/livepatch/<patch>/enabled`. */
export const ENABLED: KlpAttribute = { name: 'enabled', show: enabledShow, store: enabledStore };
/** `/sys/kernel/livepatch/<patch>/transition`. */
export const TRANSITION: KlpAttribute = { name: 'transition', show: transitionShow };
/** `/sys/kernel/livepatch/<patch>/force`. */
export const FORCE: KlpAttribute = { name: 'force', store: forceStore };
/** `/sys/kernel/livepatch/<patch>/replace`. */
export const REPLACE: KlpAttribute = { name: 'replace', show: replaceShow };
/** `/sys/kernel/livepatch/<patch>/stack_order`. */
export const STACK_ORDER: KlpAttribute = { name: 'stack_order', show: stackOrderShow };
/** Files of a patch by name; which of them a release has is in its facts. */
export const PATCH_FILES: Readonly<Record<PatchFile, KlpAttribute>> = {
  enabled: ENABLED,
  transition: TRANSITION,
  force: FORCE,
  replace: REPLACE,
  stack_order: STACK_ORDER,
};
/** `/sys/kernel/livepatch/<patch>/<object>/patched`. */
export const PATCHED: KlpAttribute = { name: 'patched', show: patchedShow };

/**
 * `cat` of a file of a directory that was opened before: its number, or -EACCES (not readable), or -ENODEV (the
 * directory is being removed).
 *
 * @param kobj the directory, whose memory must still be there
 */
export function klpSysfsRead(cpu: Cpu, kobj: Addr, attr: KlpAttribute): number {
  if (attr.show === undefined) return -EACCES;
  if (!kobjectGetActive(cpu, kobj)) return -ENODEV;
  const value = attr.show(cpu, kobj);
  kobjectPutActive(cpu, kobj);
  return value;
}

/**
 * `echo text >` into a file of a directory that was opened before: the length of `text`, or -EACCES (not writable),
 * -ENODEV (the directory is being removed), or what the file answers. An empty text is not handed to the file.
 *
 * @param kobj the directory, whose memory must still be there
 */
export function klpSysfsWrite(cpu: Cpu, kobj: Addr, attr: KlpAttribute, text: string): number {
  if (attr.store === undefined) return -EACCES;
  if (text.length === 0) return 0;
  if (!kobjectGetActive(cpu, kobj)) return -ENODEV;
  const ret = attr.store(cpu, kobj, text);
  kobjectPutActive(cpu, kobj);
  return ret;
}
