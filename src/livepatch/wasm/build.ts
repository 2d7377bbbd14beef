/** Build step: compile the variants of the WebAssembly handler and the switch, and put them beside the files that load them. */

import { compileWat } from '../../memory/wasm/compile.js';
import { SWITCH_VALUES } from './switch-values.js';
import { HANDLER_VARIANTS } from './variants.js';

const source = new URL('../../../../src/livepatch/wasm/klp-ftrace-handler.wat', import.meta.url);
for (const [name, values] of Object.entries(HANDLER_VARIANTS)) {
  const target = new URL(`./klp-ftrace-handler.${name}.wasm`, import.meta.url);
  await compileWat(source, target, values);
}
await compileWat(
  new URL('../../../../src/livepatch/wasm/klp-try-switch-task.wat', import.meta.url),
  new URL('./klp-try-switch-task.wasm', import.meta.url),
  SWITCH_VALUES,
);
