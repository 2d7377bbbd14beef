/**
 * What the names in the WebAssembly handler's source stand for, once for each way to order a load before the next.
 *
 * C has smp_rmb() in two places (O-09, O-10). WebAssembly has no read fence: `atomic.fence` orders everything, which costs
 * an x86 processor as much as the rest of the call several times over. The weakest thing it has that orders a load before
 * later loads is an atomic load: an acquire, and on x86 the plain instruction that smp_rmb() leaves there too. Both are built;
 * `acquire` is what machines use.
 */

import { KLP_FUNC, KLP_OPS } from '../layout.js';
import { LIST } from '../../kernel/list.js';
import { TASK } from '../../kernel/task.js';
import { FIRST_VALID_ADDR } from '../../memory/fault.js';
import { CPU_LOCAL } from '../../memory/local.js';

const bytes = (words: number): number => words * 4;

/** Fields of `struct klp_func` are reached from its `stackNode`, which is what the stack links. */
const fromNode = (field: number): number => bytes(field - KLP_FUNC.stackNode);

const OFFSETS = {
  'KLP_OPS.fopsToStack': KLP_OPS.funcStack - KLP_OPS.fops,
  'KLP_FUNC.firstValidNode': FIRST_VALID_ADDR + KLP_FUNC.stackNode,
  'KLP_FUNC.transition': fromNode(KLP_FUNC.transition),
  'KLP_FUNC.nop': fromNode(KLP_FUNC.nop),
  'KLP_FUNC.newFunc': fromNode(KLP_FUNC.newFunc),
  'LIST.next': bytes(LIST.next),
  'TASK.traceRecursion': bytes(TASK.traceRecursion),
  'TASK.patchState': bytes(TASK.patchState),
  'CPU_LOCAL.preemptCount': bytes(CPU_LOCAL.preemptCount),
} as const;

/** Values of the `@names` in `klp-ftrace-handler.wat`, by variant. */
export const HANDLER_VARIANTS = {
  acquire: { ...OFFSETS, ACQUIRE_LOAD: 'i32.atomic.load', RMB: '' },
  fence: { ...OFFSETS, ACQUIRE_LOAD: 'i32.load', RMB: '(atomic.fence)' },
} as const;
