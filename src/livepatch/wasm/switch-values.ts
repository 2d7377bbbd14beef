/** What the names in `klp-try-switch-task.wat` stand for. */

import { PERCPU } from '../../kernel/layout.js';
import { LIST } from '../../kernel/list.js';
import { TASK, TASK_WAKING, TIF_PATCH_PENDING } from '../../kernel/task.js';
import { FIRST_VALID_ADDR } from '../../memory/struct.js';
import { KLP_FUNC, KLP_OBJECT, KLP_OPS, KLP_PATCH, MAX_STACK_ENTRIES } from '../layout.js';

type Fields = Readonly<Record<string, number>>;

/** `NAME.field` in bytes, `words.NAME.field` in words. */
function offsetsOf(name: string, fields: Fields): Fields {
  const entries = Object.entries(fields);
  return Object.fromEntries([
    ...entries.map(([field, words]) => [`${name}.${field}`, words * 4]),
    ...entries.map(([field, words]) => [`words.${name}.${field}`, words]),
  ]) as Fields;
}

/** Values of the `@names`. */
export const SWITCH_VALUES: Fields = {
  ...offsetsOf('TASK', TASK),
  ...offsetsOf('PERCPU', PERCPU),
  ...offsetsOf('LIST', LIST),
  ...offsetsOf('KLP_PATCH', KLP_PATCH),
  ...offsetsOf('KLP_OBJECT', KLP_OBJECT),
  ...offsetsOf('KLP_FUNC', {
    ...KLP_FUNC,
    stackNodeNext: KLP_FUNC.stackNode + LIST.next,
  }),
  ...offsetsOf('KLP_OPS', {
    funcStackNext: KLP_OPS.funcStack + LIST.next,
    funcStackPrev: KLP_OPS.funcStack + LIST.prev,
  }),
  FIRST_VALID_ADDR,
  TASK_WAKING,
  NOT_PATCH_PENDING: ~(1 << TIF_PATCH_PENDING),
  /** Return addresses of a stack that fills the buffer, with the newest one. */
  DEEPEST: MAX_STACK_ENTRIES - 1,
};
