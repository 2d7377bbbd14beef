/** Build step: compile the WebAssembly handler's variants to beside the file that loads them. */

import { compileWat } from '../../memory/wasm/compile.js';
import { HANDLER_VARIANTS } from './variants.js';

const source = new URL('../../../../src/livepatch/wasm/klp-ftrace-handler.wat', import.meta.url);
for (const [name, values] of Object.entries(HANDLER_VARIANTS)) {
  const target = new URL(`./klp-ftrace-handler.${name}.wasm`, import.meta.url);
  await compileWat(source, target, values);
}
