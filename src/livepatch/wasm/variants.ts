/**
 * What the names in the WebAssembly handler's source stand for, once for each way to order a load before the next.
 *
 * C has smp_rmb() in two places (O-09, O-10). WebAssembly has no read fence: `atomic.fence` orders everything, which costs
 * an x86 processor several times as much as the rest of the call. Its weakest operation that orders a load before
 * later loads is an atomic load: an acquire, and on x86 the plain instruction that smp_rmb() leaves there too. Both are built;
 * `acquire` is what machines use.
 */

import { KLP_FUNC, KLP_OPS } from '../layout.js';
import { LIST } from '../../kernel/list.js';
import { TASK } from '../../kernel/task.js';
import { FIRST_VALID_ADDR } from '../../memory/struct.js';
import { placeholder } from '../../memory/wasm/constants.js';

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
  PREEMPT_AT: placeholder(0),
  LIMIT: placeholder(1),
} as const;

/** Takes the word at {@link placeholder} 2 of the code in place of its address, and checks that it is one. */
const WORD_OF_CODE = `
  (if (i32.ge_u (i32.sub (local.get $result) (i32.const ${FIRST_VALID_ADDR})) (i32.const ${placeholder(1)}))
    (then (local.set $result (i32.const -4)) (br $unlock)))
  (local.set $result
    (i32.add
      (i32.load offset=${placeholder(2)} (i32.shl (local.get $result) (i32.const 2)))
      (i32.const 5)))
  (if (i32.lt_s (local.get $result) (i32.const 5))
    (then (local.set $result (i32.const -4)) (br $unlock)))`;

const ACQUIRE = { ...OFFSETS, ACQUIRE_LOAD: 'i32.atomic.load', RMB: '' } as const;
const FENCE = { ...OFFSETS, ACQUIRE_LOAD: 'i32.load', RMB: '(atomic.fence)' } as const;

/** Takes the code of the version at `$at`. A nop means "run the original": redirecting to it would come here again. */
const choose = (ofCode: string): string => `
  (if (i32.eqz (i32.load offset=${OFFSETS['KLP_FUNC.nop']} (local.get $at)))
    (then
      (local.set $result (i32.load offset=${OFFSETS['KLP_FUNC.newFunc']} (local.get $at)))
      ${ofCode}))`;

/** Values of the `@names` in `klp-ftrace-handler.wat`, by variant. */
export const HANDLER_VARIANTS = {
  acquire: { ...ACQUIRE, CHOOSE: choose('') },
  fence: { ...FENCE, CHOOSE: choose('') },
  'acquire-word': { ...ACQUIRE, CHOOSE: choose(WORD_OF_CODE) },
  'fence-word': { ...FENCE, CHOOSE: choose(WORD_OF_CODE) },
} as const;
