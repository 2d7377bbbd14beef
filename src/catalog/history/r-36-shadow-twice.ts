/** a shadow variable could be allocated twice, and found before it was initialised. */

import { kzalloc } from '../../kernel/alloc.js';
import { klpShadowGet } from '../../livepatch/shadow.js';
import { KLP_SHADOW } from '../../livepatch/layout.js';
import type { Cpu } from '../../memory/cpu.js';
import { NULL, type Addr } from '../../memory/struct.js';

const GOLDEN_RATIO_32 = 0x61c88647;

/** klp_shadow_get_or_alloc() before 4.18: one lookup, outside the lock, and no constructor: the caller initialises. */
export function allocOnce(cpu: Cpu, obj: Addr, id: number, value: number): Addr {
  const found = klpShadowGet(cpu, obj, id);
  if (found !== NULL) return found;
  const { shadowCache, shadowLock, shadowHash, shadowBits } = cpu.ctx.klp;
  const shadow = kzalloc(cpu, shadowCache);
  cpu.write(shadow + KLP_SHADOW.obj, obj);
  cpu.write(shadow + KLP_SHADOW.id, id);
  const bucket = shadowHash + (Math.imul(obj, GOLDEN_RATIO_32) >>> (32 - shadowBits));
  cpu.spinLock(shadowLock);
  cpu.write(shadow + KLP_SHADOW.next, cpu.read(bucket));
  cpu.rcuAssignPointer(bucket, shadow);
  cpu.spinUnlock(shadowLock);
  cpu.write(shadow + KLP_SHADOW.data, value);
  return shadow + KLP_SHADOW.data;
}
